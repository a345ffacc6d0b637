"""Our client against huggingface_hub and curl."""

import os
import shutil
import subprocess

import measure
from peers import HF, SPOKE, Bench, random_file

MIB = 1 << 20


def cost(c):
    return f"{c.wall:.3f} s, CPU {c.cpu:.3f} s, {c.rss / 1024:.1f} MB"


def fresh(b, home):
    """An empty home; written data is on disk, so that no round pays for the one before."""
    shutil.rmtree(b.path(home), ignore_errors=True)
    os.sync()


def start(n, folder):
    """Start-up: spoke version; spoke download fully cached, offline"""
    b = Bench(folder).serve()
    try:
        random_file(b.path("m", "config.json"), 700)
        random_file(b.path("m", "vocab.txt"), 2000)
        b.spoke("up", "upload", "alice/m", b.path("m"), ".")
        b.spoke("home", "download", "-q", "alice/m")
        off = {"HF_HUB_OFFLINE": "1"}
        many = max(n, 3) * 10
        true, version, cached = measure.rounds(
            many, lambda: measure.run(["/bin/true"]), lambda: b.spoke("home", "version"),
            lambda: b.spoke("home", "download", "-q", "alice/m", **off))
        hf_version, hf_cached = measure.rounds(
            n, lambda: b.hf("home", "version"),
            lambda: b.hf("home", "download", "-q", "alice/m", **off))

        def ms(c):
            return f"{c.wall * 1000:.1f} ms, CPU {cpu(c) * 1000:.1f} ms, {c.rss / 1024:.1f} MB"

        def cpu(c):
            return max(c.cpu, 0.0005)
        for what, ours, hf, limit in (("`spoke version` / `hf version`", version, hf_version, 3),
                                      ("cached, offline: `spoke download` / `hf download`", cached,
                                       hf_cached, 5)):
            over = (ours.wall - true.wall) * 1000
            ratio = cpu(hf) / cpu(ours)
            yield (what, ms(ours), ms(hf), f"CPU 1/{ratio:.0f}; {over:.1f} ms over /bin/true",
                   f"≤ {limit} ms, ≤ 3 ms over true, CPU ≤ 1/100, ≤ 8 MB",
                   ours.wall * 1000 <= limit and over <= 3 and ratio >= 100 and ours.rss <= 8192)
    finally:
        b.close()


def big(n, folder):
    """1 GiB file cold from spoke serve, against curl from nginx and against huggingface_hub"""
    b = Bench(folder).serve()
    try:
        random_file(b.path("m", "big.bin"), 1024 * MIB)
        b.spoke("up", "upload", "alice/m", b.path("m"), ".")
        # The store's file for nginx too: half the disk, and both have the same pages in memory.
        os.replace(b.object(), b.path("m", "big.bin"))
        os.link(b.path("m", "big.bin"), b.object_path)
        port = b.nginx(b.path("m"))

        def ours():
            fresh(b, "home")
            return b.spoke("home", "download", "-q", "alice/m", "big.bin")

        def curl():
            fresh(b, "home")
            os.makedirs(b.path("home"))
            f = b.path("home", "big")
            return measure.run(["/bin/sh", "-c", f"curl -s -o {f} http://127.0.0.1:{port}/big.bin"
                                f" && sync {f}"])

        def hub():
            fresh(b, "home")
            return b.python("home", "from huggingface_hub import hf_hub_download as d; "
                            "d('alice/m', 'big.bin')")
        a, c, h = measure.rounds(n, ours, curl, hub)
        yield ("1 GiB cold, wall: spoke / curl from nginx + sync", cost(a), cost(c),
               f"{c.wall / a.wall:.2f} ×", "≥ 0.9 ×", c.wall / a.wall >= 0.9)
        yield ("1 GiB cold, client: spoke / huggingface_hub", cost(a), cost(h),
               f"CPU {a.cpu / h.cpu:.2f}, RSS {a.rss / h.rss:.2f}", "CPU ≤ 0.9, RSS ≤ 0.2",
               a.cpu <= 0.9 * h.cpu and a.rss <= 0.2 * h.rss)
    finally:
        b.close()


def small(n, folder):
    """Snapshot of 1,000 small files, against huggingface_hub"""
    b = Bench(folder).serve()
    serial = [0]
    try:
        for i in range(1000):
            random_file(b.path("m", f"d{i % 10}", f"f{i}.txt"), 1000)
        b.spoke("up", "upload", "alice/m", b.path("m"), ".")

        # Not removed between rounds: for half a minute after files went, ext4 searches past their
        # inodes at each new file, which costs 2 ms and would be all that is measured.
        def home():
            serial[0] += 1
            os.sync()
            return f"home{serial[0]}"

        def ours():
            return b.spoke(home(), "download", "-q", "alice/m")

        def hub():
            return b.python(home(), "from huggingface_hub import snapshot_download as d; "
                            "d('alice/m')")
        a, h = measure.rounds(n, ours, hub)
        yield ("snapshot of 1,000 small files: spoke / huggingface_hub", cost(a), cost(h),
               f"{h.wall / a.wall:.1f} ×", "≥ 8 ×", h.wall / a.wall >= 8)
    finally:
        b.close()


def upload(n, folder):
    """Upload by LFS: 1 GiB, and 8 × 128 MiB, against huggingface_hub"""
    b = Bench(folder).serve()
    serial = [0]
    try:
        def clean():
            # Content that the server has is not sent again: a new data folder each time.
            b.stop()
            shutil.rmtree(b.path("hub"))
            os.sync()
            b.serve()
            serial[0] += 1
            return f"alice/u{serial[0]}"

        def ours(what):
            repo = clean()
            return b.spoke("home", "upload", "-q", repo, b.path(what), ".")

        def hub(what):
            repo = clean()
            return b.python("home", "from huggingface_hub import HfApi; a = HfApi(); "
                            f"a.create_repo('{repo}'); "
                            f"a.upload_folder(repo_id='{repo}', folder_path='{b.path(what)}')")
        for what, text, files, wall, cpu in (("one", "1 GiB", 1, 1.2, 0.7),
                                             ("eight", "8 × 128 MiB", 8, 2, None)):
            for i in range(files):
                random_file(b.path(what, f"p{i}.bin"), 1024 * MIB // files)
            a, h = measure.rounds(n, lambda w=what: ours(w), lambda w=what: hub(w))
            good = h.wall / a.wall >= wall and (cpu is None or a.cpu <= cpu * h.cpu)
            yield (f"LFS upload of {text}: spoke / huggingface_hub", cost(a), cost(h),
                   f"{h.wall / a.wall:.2f} × wall, CPU {a.cpu / h.cpu:.2f}",
                   f"≥ {wall} ×" + (f", CPU ≤ {cpu}" if cpu else ""), good)
            shutil.rmtree(b.path(what))
    finally:
        b.close()


def local(n, folder):
    """cache ls on a cache with 1,000 files, against hf"""
    b = Bench(folder).serve()
    try:
        for i in range(1000):
            random_file(b.path("m", f"f{i}.txt"), 100)
        b.spoke("up", "upload", "alice/m", b.path("m"), ".")
        b.spoke("home", "download", "-q", "alice/m")
        a, h = measure.rounds(n, lambda: b.spoke("home", "cache", "ls", "-q"),
                              lambda: b.hf("home", "cache", "ls", "-q"))
        yield ("`cache ls`, 1,000 files: spoke / hf", cost(a), cost(h), f"{h.wall / a.wall:.0f} ×",
               "none", None)
    finally:
        b.close()


assert os.access(SPOKE, os.X_OK), "build/spoke is not there: run make"
assert subprocess.run([HF, "version"], capture_output=True, check=False).returncode == 0
BENCHES = {"start": start, "big": big, "small": small, "upload": upload, "local": local}
