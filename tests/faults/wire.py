"""Cut, slow, stalling and lying servers: a proxy in front of a real server that spoils answers."""

import contextlib
import glob
import http.client
import os
import shutil
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hub import Server, check_cache, client, must, sha256


class Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def relay(self):
        rule = self.server.rule
        up = urllib.parse.urlsplit(self.server.upstream)
        conn = http.client.HTTPConnection(up.hostname, up.port, timeout=30)
        n = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(n) if n else None
        conn.request(self.command, self.path, body, dict(self.headers))
        r = conn.getresponse()
        data = b"" if self.command == "HEAD" else r.read()
        headers = [(k, v) for k, v in r.getheaders() if k.lower() not in ("connection", "date")]
        conn.close()
        self.server.seen.append((self.command, self.path, self.headers.get("Range")))
        self.close_connection = True
        rule(self, r.status, headers, data)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = relay

    def answer(self, status, headers, data, declared=None):
        self.send_response_only(status)
        for k, v in headers:
            if k.lower() == "content-length" and declared is not None:
                v = str(declared)
            self.send_header(k, v)
        self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(data)

    def is_body(self, name="big.bin"):
        return self.command == "GET" and "/resolve/" in self.path and self.path.endswith(name)


class ProxyServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that hangs up on a bad answer is what these cases want: no traceback for it."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def proxy(server, rule):
    p = ProxyServer(("127.0.0.1", 0), Proxy)
    p.upstream, p.rule, p.seen, p.count = server.url, rule, [], 0
    threading.Thread(target=p.serve_forever, daemon=True).start()
    try:
        yield p, f"http://127.0.0.1:{p.server_address[1]}"
    finally:
        p.shutdown()
        p.server_close()


def set_header(headers, name, value):
    return [(k, value if k.lower() == name else v) for k, v in headers]


def cases(folder, rng, rounds):
    server = Server(os.path.join(folder, "data")).setup()
    assert server.start()
    source = os.path.join(folder, "m")
    os.mkdir(source)
    big = rng.randbytes(3_000_000)
    with open(os.path.join(source, "big.bin"), "wb") as f:
        f.write(big)
    with open(os.path.join(source, "small.txt"), "wb") as f:
        f.write(b"small\n" * 50)
    home = os.path.join(folder, "home")

    def fetch(rule, *args, keep=False, **env):
        if not keep:
            shutil.rmtree(home, ignore_errors=True)
        with proxy(server, rule) as (p, url):
            began = time.monotonic()
            r = client(server, home, "download", "-q", "alice/m", *args, url=url, **env)
            r.seconds = time.monotonic() - began
            r.seen = list(p.seen)
        check_cache(os.path.join(home, "hub"))
        return r

    def good(r):
        path = must(r).strip()
        path = os.path.join(path, "big.bin") if os.path.isdir(path) else path
        with open(path, "rb") as f:
            assert sha256(f.read()) == sha256(big)

    def refused(r, code, *words):
        assert r.returncode == code, (r.returncode, r.stderr)
        for word in words:
            assert word in r.stderr, (word, r.stderr)
        blobs = glob.glob(os.path.join(home, "hub", "*--*", "blobs", "*"))
        assert all(".incomplete" in b or os.path.getsize(b) < 100_000 for b in blobs), blobs

    def cut():
        """Each answer breaks off after 700,000 bytes: it goes on from there, over and over."""
        def rule(h, status, headers, data):
            h.answer(status, headers, data[:700_000] if h.is_body() else data)
        r = fetch(rule, "big.bin")
        good(r)
        ranges = [x[2] for x in r.seen if x[0] == "GET" and x[1].endswith("big.bin")]
        assert len(ranges) >= 4 and all(x for x in ranges[1:]), ranges

    def always_cut():
        def rule(h, status, headers, data):
            h.answer(status, headers, b"" if h.is_body() else data)
        refused(fetch(rule, "big.bin"), 13, "big.bin")

    def resume():
        """A second process goes on where the first gave up."""
        state = {"left": 1_000_000}

        def rule(h, status, headers, data):
            if h.is_body():
                data, state["left"] = data[:state["left"]], max(0, state["left"] - len(data))
            h.answer(status, headers, data)
        r = fetch(rule, "big.bin")
        assert r.returncode != 0
        r = fetch(lambda h, s, hs, d: h.answer(s, hs, d), "big.bin", keep=True)
        good(r)
        ranges = [x[2] for x in r.seen if x[0] == "GET" and x[1].endswith("big.bin")]
        assert ranges == ["bytes=1000000-2999999"] or ranges == ["bytes=1000000-"], ranges

    def stall():
        """No byte for a second: a new connection takes over."""
        state = {"n": 0}

        def rule(h, status, headers, data):
            if h.is_body():
                state["n"] += 1
                if state["n"] == 1:
                    h.answer(status, headers, data[:500_000])
                    h.wfile.flush()
                    time.sleep(8)
                    return
            h.answer(status, headers, data)
        r = fetch(rule, "big.bin", SPOKE_STALL_TIMEOUT="1")
        good(r)
        assert r.seconds < 7, f"waited {r.seconds:.1f} s for a dead connection"

    def slow():
        def rule(h, status, headers, data):
            if not h.is_body("small.txt"):
                return h.answer(status, headers, data)
            h.answer(status, headers, b"")
            for i in range(len(data)):
                h.wfile.write(data[i:i + 1])
                time.sleep(0.005)
        path = must(fetch(rule, "small.txt")).strip()
        with open(path, "rb") as f:
            assert f.read() == b"small\n" * 50

    def wrong_bytes():
        def rule(h, status, headers, data):
            if h.is_body():
                data = data[:-1] + bytes([data[-1] ^ 1])
            h.answer(status, headers, data)
        refused(fetch(rule, "big.bin"), 17, "big.bin")
        refused(fetch(rule), 17, "big.bin")

    def wrong_small_bytes():
        def rule(h, status, headers, data):
            if h.is_body("small.txt"):
                data = b"S" + data[1:]
            h.answer(status, headers, data)
        refused(fetch(rule, "small.txt"), 17, "small.txt")

    def length(delta):
        def run():
            def rule(h, status, headers, data):
                if h.is_body():
                    n = len(data)
                    return h.answer(status, headers, data + b"x" * max(0, delta), n + delta)
                h.answer(status, headers, data)
            r = fetch(rule, "big.bin")
            assert r.returncode in (13, 17, 34), (r.returncode, r.stderr)
            assert "big.bin" in r.stderr
        return run

    def content_range():
        """Bytes of another place than asked for."""
        def rule(h, status, headers, data):
            if h.is_body() and h.headers.get("Range"):
                headers = set_header(headers, "content-range", "bytes 5-2999999/3000000")
                return h.answer(status, headers, data)
            h.answer(status, headers, data[:400_000] if h.is_body() else data)
        r = fetch(rule, "big.bin")
        assert r.returncode != 0 and "big.bin" in r.stderr, r.stderr

    def etag(value):
        def run():
            def rule(h, status, headers, data):
                headers = [(k, v) for k, v in headers if k.lower() != "x-linked-etag"]
                h.answer(status, set_header(headers, "etag", value), data)
            r = fetch(rule, "big.bin")
            assert r.returncode == 34, (r.returncode, r.stderr)
            outside = [n for n in os.listdir(os.path.dirname(home)) if n not in before]
            assert not outside, outside
        before = set(os.listdir(os.path.dirname(home))) | {"home"}
        return run

    def tree_path(path):
        def run():
            def rule(h, status, headers, data):
                if "/tree/" in h.path:
                    data = data.replace(b'"big.bin"', b'"' + path + b'"')
                h.answer(status, headers, data, len(data))
            r = fetch(rule)
            assert r.returncode == 34, (r.returncode, r.stderr)
        return run

    def not_json():
        def rule(h, status, headers, data):
            if "/tree/" in h.path:
                data = b"<html>sorry</html>"
            h.answer(status, headers, data, len(data))
        r = fetch(rule)
        assert r.returncode == 34 and "/tree/" in r.stderr, (r.returncode, r.stderr)

    def broken_500():
        """A server that fails twice is asked again; one that always fails is reported."""
        state = {"n": 0}

        def rule(h, status, headers, data):
            if h.is_body():
                state["n"] += 1
                if state["n"] <= 2:
                    return h.answer(503, [("Retry-After", "0"), ("Content-Length", "0")], b"")
            h.answer(status, headers, data)
        good(fetch(rule, "big.bin"))

    def endless_headers():
        def rule(h, status, headers, data):
            junk = [("X-Junk", "j" * 60_000)] * 40 if h.is_body() else []
            h.answer(status, headers + junk, data)
        r = fetch(rule, "big.bin")
        assert r.returncode != 0 and "Error:" in r.stderr, r.stderr

    def redirect_elsewhere():
        """The token stays with its origin."""
        got = []

        class Other(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                got.append(self.headers.get("Authorization"))
                self.send_response(200)
                self.send_header("Content-Length", str(len(big)))
                self.end_headers()
                self.wfile.write(big)

        other = ThreadingHTTPServer(("127.0.0.1", 0), Other)
        threading.Thread(target=other.serve_forever, daemon=True).start()
        there = f"http://127.0.0.1:{other.server_address[1]}/blob"

        def rule(h, status, headers, data):
            if "/resolve/" in h.path and h.path.endswith("big.bin"):
                headers = [(k, v) for k, v in headers if k.lower() != "content-length"]
                return h.answer(302, headers + [("Location", there), ("Content-Length", "0")], b"")
            h.answer(status, headers, data)
        try:
            good(fetch(rule, "big.bin"))
            assert got and all(a is None for a in got), got
        finally:
            other.shutdown()
            other.server_close()

    def storage(expires):
        """Large files behind a redirect: other ETags, answers cut short, links that expire."""
        def run():
            seen, links = [], []

            class Storage(BaseHTTPRequestHandler):
                def log_message(self, *args):
                    pass

                def do_GET(self):
                    asked, if_range = self.headers.get("Range"), self.headers.get("If-Range")
                    seen.append((self.path, asked))
                    if expires and len(seen) > 1 and self.path == "/1":
                        self.send_error(403, "expired")
                        return
                    part = asked and if_range in (None, '"of-storage"')
                    first = int(asked.split("=")[1].split("-")[0]) if part else 0
                    self.send_response(206 if part else 200)
                    self.send_header("ETag", '"of-storage"')
                    if part:
                        self.send_header("Content-Range",
                                         f"bytes {first}-{len(big) - 1}/{len(big)}")
                    self.send_header("Content-Length", str(len(big) - first))
                    self.end_headers()
                    self.wfile.write(big[first:first + 1_000_000])

            def rule(h, status, headers, data):
                if "/resolve/" in h.path and h.path.endswith("big.bin"):
                    links.append(h.command)
                    headers = [(k, v) for k, v in headers if k.lower() != "content-length"] + [
                        ("X-Linked-Size", str(len(big))), ("Content-Length", "0"),
                        ("Location", f"http://127.0.0.1:{other.server_address[1]}/{len(links)}")]
                    return h.answer(302, headers, b"")
                h.answer(status, headers, data)

            other = ThreadingHTTPServer(("127.0.0.1", 0), Storage)
            threading.Thread(target=other.serve_forever, daemon=True).start()
            try:
                good(fetch(rule, *(["big.bin"] if expires else [])))
                asked = [x[1] for x in seen if not (expires and x[0] == "/1")][0 if expires else 1:]
                assert asked and all(asked), seen  # after the first one never the whole file
            finally:
                other.shutdown()
                other.server_close()
        return run

    def versions(second):
        """An ETag that is no hash, no size, and another version after a cut: never a mixture."""
        def run():
            state = {"n": 0}

            def rule(h, status, headers, data):
                if "/resolve/" not in h.path:
                    return h.answer(status, headers, data)
                headers = [(k, v) for k, v in headers
                           if k.lower() not in ("x-linked-etag", "x-linked-size", "content-length",
                                                "content-range", "etag")]
                state["n"] += h.command == "GET"
                first = state["n"] < 2
                headers.append(("ETag", '"one"' if first else second))
                if h.command == "HEAD":
                    return h.answer(200, headers, b"")
                data = b"A" * 150_000 if first else b"B" * 100_000
                headers.append(("Content-Length", "200000" if first else "100000"))
                h.answer(200, headers, data)
            r = fetch(rule, "big.bin")
            if second != '"one"':
                assert r.returncode == 34 and "ETag" in r.stderr, (r.returncode, r.stderr)
                return
            with open(must(r).strip(), "rb") as f:
                assert f.read() == b"B" * 100_000
        return run

    try:
        must(client(server, os.path.join(folder, "up"), "upload", "alice/m", source, "."))
        yield "cut again and again", cut
        yield "always cut", always_cut
        yield "resume in another process", resume
        yield "stalled connection", stall
        yield "slow", slow
        yield "wrong bytes of the right length", wrong_bytes
        yield "wrong bytes in a regular file", wrong_small_bytes
        yield "longer than announced", length(+10)
        yield "Content-Length too large", length(+1_000)
        yield "Content-Length too small", length(-10)
        yield "lying Content-Range", content_range
        for value in ('"../../x"', '"/abs/x"', '".."', '""', '"a/b"', '"%s"' % ("a" * 300)):
            yield f"ETag {value[:20]}", etag(value)
        for path in (b"../evil", b"/abs", b"a/../../b", b"a//b", b"C:\\\\x", b"a\\u0000b"):
            yield f"tree path {path.decode()}", tree_path(path)
        yield "listing is not JSON", not_json
        yield "503 twice", broken_500
        yield "endless headers", endless_headers
        yield "redirect to another origin", redirect_elsewhere
        yield "storage behind a redirect", storage(False)
        yield "link expires", storage(True)
        yield "shorter version after a cut", versions('"one"')
        yield "other version after a cut", versions('"two"')
        yield "server stops cleanly", server.stop
    finally:
        server.kill()
