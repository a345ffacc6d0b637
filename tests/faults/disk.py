"""A full disk under the client and under the server: a clear message, no half state, then it works."""

import contextlib
import json
import os
import subprocess

from hub import Server, check_cache, client, must


def as_root(*command):
    """Who is not root here has no user namespace either (tests/faults/run): sudo is what is left."""
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    p = subprocess.run([*sudo, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert p.returncode == 0, (
        f"{' '.join(command)}: {p.stderr.strip()}\nthis family mounts small file systems: run it as root, "
        "or where user namespaces are allowed, or with a sudo that asks for no password")


@contextlib.contextmanager
def small_disk(path, size):
    os.makedirs(path, exist_ok=True)
    as_root("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path)
    try:
        yield path
    finally:
        as_root("umount", path)


def cases(folder, rng, rounds):
    server = Server(os.path.join(folder, "data")).setup()
    assert server.start()
    source = os.path.join(folder, "m")
    os.mkdir(source)
    big = rng.randbytes(8_000_000)
    with open(os.path.join(source, "big.bin"), "wb") as f:
        f.write(big)
    with open(os.path.join(source, "config.json"), "wb") as f:
        f.write(b"{}")

    def client_full(extra):
        def run():
            with small_disk(os.path.join(folder, "small"), "4m") as home:
                args = ("download", "alice/m", *[a.replace("@", home) for a in extra])
                p = client(server, home, *args)
                assert p.returncode == 20, (p.returncode, p.stderr)
                assert "big.bin" in p.stderr and "space" in p.stderr.lower(), p.stderr
                assert "Traceback" not in p.stderr
                check_cache(os.path.join(home, "hub"))
                must(client(server, home, "download", "alice/m", "config.json",
                            *[a.replace("@", home) for a in extra]))
        return run

    def server_full():
        with small_disk(os.path.join(folder, "smallhub"), "24m") as disk:
            s = Server(os.path.join(disk, "data"))
            s.log = os.path.join(folder, "smallhub.log")
            s.setup()
            assert s.start()
            try:
                os.makedirs(os.path.join(folder, "huge"), exist_ok=True)
                with open(os.path.join(folder, "huge", "huge.bin"), "wb") as f:
                    f.write(rng.randbytes(40_000_000))
                home = os.path.join(folder, "home")
                p = client(s, home, "upload", "alice/h", os.path.join(folder, "huge"), ".")
                assert p.returncode == 20, (p.returncode, p.stderr)
                assert "space" in p.stderr.lower(), p.stderr
                s.call("GET", "/healthz")
                left = [n for n in os.listdir(os.path.join(s.data, "tmp"))]
                assert left == [], f"left behind: {left}"
                must(client(s, home, "upload", "alice/h", os.path.join(source, "config.json")))
                assert s.get("alice/h", "config.json") == b"{}"
                # Not a byte more fits: a commit of a small file says so, too.
                small = os.path.join(folder, "small.txt")
                with open(small, "wb") as f:
                    f.write(b"small")
                filler = os.path.join(disk, "filler")
                fd = os.open(filler, os.O_WRONLY | os.O_CREAT)
                try:
                    while os.write(fd, b"x" * 4096) > 0:
                        pass
                except OSError:
                    pass
                os.close(fd)
                p = client(s, home, "upload", "alice/h", small)
                assert p.returncode == 20, (p.returncode, p.stderr)
                assert "space" in p.stderr.lower(), p.stderr
                lines = [{"key": "header", "value": {"summary": "s"}},
                         {"key": "file", "value": {"path": "a", "content": "a"}}]
                body = "\n".join(json.dumps(line) for line in lines).encode()
                s.call("POST", "/api/models/alice/h/commit/main", body, ok=(507,))
                s.call("POST", "/api/models/alice/h/tag/main", {"tag": "v1"}, ok=(507,))
                os.unlink(filler)
                must(client(s, home, "upload", "alice/h", small))
                assert s.get("alice/h", "small.txt") == b"small"
                s.fsck()
                s.stop()
            finally:
                s.kill()

    def read_only_cache():
        home = os.path.join(folder, "ro")
        out = must(client(server, home, "download", "-q", "alice/m")).strip()
        with small_disk(os.path.join(folder, "rodisk"), "32m") as disk:
            subprocess.run(["cp", "-a", os.path.join(home, "hub"), disk], check=True)
            # "bind": of the mount, not of the file system; that is what a user namespace may change.
            as_root("mount", "-o", "remount,bind,ro", disk)
            for more in ({}, {"HF_HUB_OFFLINE": "1"}):
                p = client(server, os.path.join(folder, "ro2"), "download", "-q", "alice/m",
                           HF_HUB_CACHE=os.path.join(disk, "hub"), **more)
                assert os.path.basename(must(p).strip()) == os.path.basename(out)

    try:
        must(client(server, os.path.join(folder, "home"), "upload", "alice/m", source, "."))
        yield "full disk: cache", client_full(())
        yield "full disk: local folder", client_full(("--local-dir", "@/here"))
        yield "full disk: server", server_full
        yield "read-only cache", read_only_cache
        yield "server stops cleanly", server.stop
    finally:
        server.kill()
