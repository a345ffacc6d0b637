"""A forward proxy on loopback: plain HTTP by absolute URLs, CONNECT tunnels, and a brake."""

import select
import socket
import threading
import time
import urllib.parse


class Proxy:
    """Notes what it was asked for; `rate` bytes per second of answers, None = as they come."""

    def __init__(self, rate=None):
        self.rate = rate
        self.seen = []  # first lines of requests, and connects
        self.passed = 0  # bytes of answers
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.changed = threading.Condition()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def stop(self):
        self.listener.close()

    def wait_for(self, n, seconds=30):
        """Returns once n bytes of answers have gone through."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.passed >= n, seconds), self.passed

    def serve(self, conn):
        try:
            with conn:
                self.one(conn)
        except OSError:
            pass  # the client went away

    def one(self, conn):
        head = b""
        while b"\r\n\r\n" not in head:
            more = conn.recv(65536)
            if not more:
                return
            head += more
        head, _, rest = head.partition(b"\r\n\r\n")
        first, _, headers = head.partition(b"\r\n")
        self.seen.append(first.decode())
        method, target, _ = first.decode().split(" ")
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            peer = socket.create_connection((host, int(port)))
            conn.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            url = urllib.parse.urlsplit(target)
            path = url.path + ("?" + url.query if url.query else "")
            peer = socket.create_connection((url.hostname, url.port or 80))
            keep = [h for h in headers.split(b"\r\n") if not h.lower().startswith((b"proxy-", b"connection:"))]
            # One request per connection: the next one may be for another host.
            lines = [f"{method} {path} HTTP/1.1".encode(), *keep, b"Connection: close", b"", b""]
            peer.sendall(b"\r\n".join(lines) + rest)
        with peer:
            self.pump(conn, peer)

    def pump(self, conn, peer):
        while True:
            ready, _, _ = select.select([conn, peer], [], [])
            for source in ready:
                data = source.recv(65536)
                if not data:
                    return
                if source is conn:
                    peer.sendall(data)
                    continue
                conn.sendall(data)
                with self.changed:
                    self.passed += len(data)
                    self.changed.notify_all()
                if self.rate:
                    time.sleep(len(data) / self.rate)
