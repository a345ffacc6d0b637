"""kill -9 of the client during download and upload, at each named point and at random; then again."""

import os
import shutil

from hub import Server, check_cache, client, must, points, sha256

REPO = "alice/m"
REMOVE = ("cache.delete",)  # points that only a removal passes
LOCAL = ("cache.local.note",)  # points that only --local-dir passes


class Rounds:
    def __init__(self, folder, rng):
        self.folder, self.rng = folder, rng
        self.named, self.passed = set(), set()  # faults to be met, and those the client died of
        self.server = Server(os.path.join(folder, "data")).setup()
        assert self.server.start()
        self.model = os.path.join(folder, "model")
        self.files = {f"part/{i}.txt": rng.randbytes(rng.randrange(0, 3000)) for i in range(12)}
        self.files["config.json"] = b'{"a": 1}'
        self.files["big.bin"] = rng.randbytes(6_000_000)
        self.files["other.safetensors"] = rng.randbytes(1_500_000)
        self.write(self.model, self.files)
        must(client(self.server, os.path.join(folder, "home0"), "upload", REPO, self.model, "."))
        self.home = os.path.join(folder, "home")
        self.serial = 0

    @staticmethod
    def write(folder, files):
        for path, data in files.items():
            full = os.path.join(folder, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as f:
                f.write(data)

    def same(self, folder, files):
        for path, data in files.items():
            with open(os.path.join(folder, path), "rb") as f:
                assert f.read() == data, f"{path} differs"

    def download(self, fault, delay, local):
        def run():
            home = self.home
            if self.rng.random() < 0.5:  # else the next round goes on from what this one left
                shutil.rmtree(home, ignore_errors=True)
            env = {"SPOKE_RANGE_SIZE": self.rng.choice(["1MiB", "32MiB"])}
            where = os.path.join(home, "here")
            more = ("--local-dir", where) if local else ()
            args = ("download", "-q", REPO, *more)
            if fault in self.named:  # from the beginning, so that the point is passed
                shutil.rmtree(home, ignore_errors=True)
            self.note(client(self.server, home, *args, fault=fault, kill_after=delay, **env), fault)
            check_cache(os.path.join(home, "hub"))
            out = must(client(self.server, home, *args, **env)).strip()
            self.same(out, self.files)
            check_cache(os.path.join(home, "hub"))
            if not local:
                again = must(client(self.server, home, *args, HF_HUB_OFFLINE="1", **env)).strip()
                assert again == out
                left = [n for base, _, names in os.walk(os.path.join(home, "hub")) for n in names
                        if n.endswith(".incomplete")]
                assert len(left) <= 2, f"partial files pile up: {left}"
        return run

    def note(self, p, fault):
        if p.returncode == -9 and fault in self.named:
            self.passed.add(fault)

    def remove(self, point):
        """A removal that is killed: what is left is a cache, and the next one ends it."""
        def run():
            shutil.rmtree(self.home, ignore_errors=True)
            hub = os.path.join(self.home, "hub")
            must(client(self.server, self.home, "download", "-q", REPO))
            args = ("cache", "rm", f"model/{REPO}", "--yes")
            self.note(client(self.server, self.home, *args, fault=f"{point}:kill"), f"{point}:kill")
            check_cache(hub)
            must(client(self.server, self.home, "download", "-q", REPO))
            must(client(self.server, self.home, *args))
            assert not os.path.exists(os.path.join(hub, "models--alice--m"))
        return run

    def all_passed(self):
        missed = sorted(self.named - self.passed)
        assert not missed, f"the client was not killed at {missed}: no round passes them"

    def upload(self, fault, delay):
        def run():
            self.serial += 1
            repo = f"alice/u{self.serial}"
            files = {f"f{i}.txt": self.rng.randbytes(200) for i in range(5)}
            files["w.bin"] = self.rng.randbytes(1_000_000)
            source = os.path.join(self.folder, f"u{self.serial}")
            self.write(source, files)
            home = os.path.join(self.folder, "uphome")
            args = ("upload", repo, source, ".")
            client(self.server, home, *args, fault=fault, kill_after=delay)
            must(client(self.server, home, *args))
            tree = self.server.tree(repo)
            assert set(tree) - {".gitattributes"} == set(files)
            assert tree["w.bin"]["lfs"]["oid"] == sha256(files["w.bin"])
            assert self.server.get(repo, "f0.txt") == files["f0.txt"]
            self.server.fsck()
            self.server.call("DELETE", "/api/repos/delete", {"name": repo.split("/")[1]})
            shutil.rmtree(source)
        return run

    def fail(self, point, args):
        """The step fails: a message and a status, or success where the step may fail."""
        def run():
            shutil.rmtree(self.home, ignore_errors=True)
            p = client(self.server, self.home, *args, fault=f"{point}:fail")
            if p.returncode != 0:
                assert p.returncode > 0, f"died of signal {-p.returncode}"
                assert "Error:" in p.stderr and "fault injected" in p.stderr, p.stderr
            check_cache(os.path.join(self.home, "hub"))
            must(client(self.server, self.home, *args))
        return run


def cases(folder, rng, rounds):
    r = Rounds(folder, rng)
    named = points("cache", "xfer", "hub", "net")
    r.named = {f"{point}:kill" for point in named}
    usual = [p for p in named if p not in REMOVE + LOCAL]
    n = rounds - rounds * 6 // 10
    try:
        for point in named:
            yield f"fail {point}", r.fail(point, ("download", "-q", REPO))
        for point in REMOVE:
            yield f"remove {point}", r.remove(point)
        for point in LOCAL:
            yield f"local {point}", r.download(f"{point}:kill", None, True)
        for point in usual:
            yield f"download {point}", r.download(f"{point}:kill", None, False)
        yield "every named point was passed", r.all_passed
        for i in range(len(usual), n):
            if i % 2:
                fault, delay = f"*:kill@{rng.randrange(1, 80)}", None
            else:
                fault, delay = None, rng.random() * 0.12
            name = fault or f"after {delay:.3f} s"
            if i % 4 == 3:
                yield f"upload {i} {name}", r.upload(fault, delay)
            else:
                yield f"download {i} {name}", r.download(fault, delay, i % 5 == 4)
        yield "server stops cleanly", r.server.stop
    finally:
        r.server.kill()
