"""kill -9 of the server, at each named point and at random passes and moments, while clients write."""

import json
import os
import threading

from hub import Gone, Server, blob_id, points, sha256


def content(rng, n):
    return rng.randbytes(n)


FIRST_START = ("meta.migrate.step", "server.data_dir.version")  # points that a new folder passes
REPACK = ("repack.pack", "repack.remove")  # points that come with many commits


class Rounds:
    def __init__(self, folder, rng):
        self.folder, self.rng = folder, rng
        self.passed = set()  # points at which the server died
        self.server = Server(os.path.join(folder, "data")).setup()
        assert self.server.start()
        self.server.kill()
        self.serial = 0

    def work(self, model, repo):
        """One client's day. Everything acknowledged goes into the model; ends with Gone at a crash."""
        s, rng = self.server, self.rng
        full = f"alice/{repo}"
        model["creating"] = True
        s.create(repo)
        model["exists"] = True
        files = {}
        for turn in range(3):
            big = content(rng, 300_000)
            model["step"] = f"lfs {turn}"
            oid = s.put_lfs(full, big)
            change = {f"dir{rng.randrange(3)}/f{rng.randrange(5)}.txt": content(rng, 100)
                      for _ in range(6)}
            change[f"w{turn}.bin"] = ("lfs", oid, len(big))
            gone = sorted(p for p in files if rng.random() < 0.2 and p not in change)
            after = {k: v for k, v in files.items() if k not in gone}
            after.update({k: (v[1] if isinstance(v, tuple) else blob_id(v))
                          for k, v in change.items()})
            model["step"] = f"commit {turn}"
            model["flight"] = (dict(after), dict(change), gone, model.get("head"))
            head = s.commit(full, change, gone, title=f"turn {turn}")
            files = after
            model.update(files=dict(files), head=head, flight=None)
            model["step"] = f"tag {turn}"
            s.call("POST", f"/api/models/{full}/tag/main", {"tag": f"t{turn}"})
            model.setdefault("tags", {})[f"t{turn}"] = head
            s.call("POST", f"/api/models/{full}/branch/b{turn}", {"startingPoint": "main"})
            model.setdefault("branches", {})[f"b{turn}"] = head
        model["step"] = "delete"
        s.create(repo + "x")
        s.call("DELETE", "/api/repos/delete", {"name": repo + "x", "organization": "alice"})
        model["deleted"] = True
        model["step"] = "done"

    def verify(self, model, repo):
        s = self.server
        full = f"alice/{repo}"
        status, _ = s.call("GET", f"/api/models/{full}x", ok=None)
        assert status != 200 or not model.get("deleted"), f"{full}x was deleted and is there"
        if status == 200:
            s.call("DELETE", "/api/repos/delete", {"name": repo + "x", "organization": "alice"})
        status, _ = s.call("GET", f"/api/models/{full}", ok=None)
        if not model.get("exists"):
            assert status in (200, 401, 404), status
            if status != 200:
                s.create(repo)  # what was interrupted can be done again
            return
        assert status == 200, f"{full} was acknowledged and is gone ({status})"
        have = {p: (e["lfs"]["oid"] if "lfs" in e else e["oid"])
                for p, e in s.tree(full).items() if p != ".gitattributes"}
        flight = model.get("flight")
        acked = model.get("files", {})
        wanted = [acked] + ([flight[0]] if flight else [])
        assert have in wanted, f"{full} at {model['step']}: tree is neither before nor after: {have}"

        refs = json.loads(s.call("GET", f"/api/models/{full}/refs")[1])
        for kind in ("tags", "branches"):
            real = {r["name"]: r["targetCommit"] for r in refs[kind]}
            for name, commit in model.get(kind, {}).items():
                assert real.get(name) == commit, f"{kind} {name}: {real.get(name)} != {commit}"
        for path, oid in have.items():
            data = s.get(full, path)
            assert (sha256(data) if len(oid) == 64 else blob_id(data)) == oid, path
        if flight:  # the same request again: one commit in the end, the answer that was lost
            head = s.commit(full, flight[1], [p for p in flight[2] if p in have],
                            title=model["step"].replace("commit", "turn"))
            real = {r["name"]: r["targetCommit"] for r in
                    json.loads(s.call("GET", f"/api/models/{full}/refs")[1])["branches"]}
            assert real["main"] == head
            if have == flight[0]:
                before = next(r["targetCommit"] for r in refs["branches"] if r["name"] == "main")
                assert head == before, "a repeated commit made a second one"

    def first_start(self, point):
        """A start on a new folder that is killed there; the next one makes the folder usable."""
        def run():
            self.serial += 1
            s = Server(os.path.join(self.folder, f"new{self.serial}"))
            p = s.admin("user", "add", "alice", check=False, SPOKE_FAULT=f"{point}:kill")
            assert p.returncode == -9, f"{point} was not passed: {p.returncode} {p.stderr}"
            self.passed.add(point)
            s.setup()
            assert s.start(), f"the server does not start after {point}: {s.tail()}"
            try:
                s.create("a")
                s.fsck()
            finally:
                s.kill()
        return run

    def many_commits(self, point):
        """Packs are merged in the background: killed there, no commit is lost."""
        def run():
            self.serial += 1
            repo, s, acked = f"alice/r{self.serial}", self.server, {}
            assert s.start(SPOKE_FAULT=f"{point}:kill")
            try:
                s.create(repo.split("/")[1])
                for i in range(200):
                    data = content(self.rng, 50)
                    s.commit(repo, {f"f{i}.txt": data})
                    acked[f"f{i}.txt"] = blob_id(data)
            except Gone:
                self.passed.add(point)
            finally:
                s.kill()
            assert s.start(), f"the server does not start after {point}: {s.tail()}"
            try:
                s.fsck()
                have = {p: e["oid"] for p, e in s.tree(repo).items()}
                assert acked.items() <= have.items(), f"commits were lost: {acked.keys() - have.keys()}"
            finally:
                s.kill()
        return run

    def all_passed(self, named):
        def run():
            missed = sorted(set(named) - self.passed)
            assert not missed, f"the server was not killed at {missed}: no round passes them"
        return run

    def round(self, fault, delay):
        def run():
            self.serial += 1
            repo, model = f"r{self.serial}", {}
            s = self.server
            point = fault.removesuffix(":kill") if fault else ""
            if not s.start(**({"SPOKE_FAULT": fault} if fault else {})):
                self.passed.add(point)
            else:
                self.day(model, repo, point, delay)
            s.kill()
            self.after(model, repo, fault)
        return run

    def day(self, model, repo, point, delay):
        timer = threading.Timer(delay, self.server.proc.kill) if delay is not None else None
        if timer:
            timer.start()
        try:
            self.work(model, repo)
        except Gone:
            self.passed.add(point)
        finally:
            if timer:
                timer.cancel()

    def after(self, model, repo, fault):
        s = self.server
        assert s.start(), f"the server does not start after {fault}: {s.tail()}"
        try:
            s.fsck()
            self.verify(model, repo)
            s.fsck()
            s.call("DELETE", "/api/repos/delete", {"name": repo, "organization": "alice"},
                   ok=(200,))
        finally:
            s.kill()

    def fail(self, point):
        """The step fails instead of dying: the server answers, keeps running, and stays sound."""
        def run():
            self.serial += 1
            repo, model = f"r{self.serial}", {}
            s = self.server
            try:
                if s.start(SPOKE_FAULT=f"{point}:fail"):
                    try:
                        self.work(model, repo)
                    except AssertionError:
                        pass  # an error answer is what is wanted here; a crash is not:
                    except Gone as e:
                        assert s.proc.poll() is None, f"{point}: the server died: {s.tail()} {e}"
                    self.verify(model, repo)
                    s.fsck()
                    s.call("GET", "/healthz")
            finally:
                s.kill()
        return run


def cases(folder, rng, rounds):
    r = Rounds(folder, rng)
    named = points("server", "meta")
    n = rounds * 6 // 10
    for point in named:
        yield f"fail {point}", r.fail(point)
    for point in FIRST_START:
        yield f"kill first start {point}", r.first_start(point)
    for point in REPACK:
        yield f"kill {point}", r.many_commits(point)
    usual = [p for p in named if p not in FIRST_START + REPACK]
    for i in range(n):
        if i < len(usual):
            fault, delay = f"{usual[i]}:kill", None
        elif i % 3 == 0:
            fault, delay = f"{rng.choice(named)}:kill@{rng.randrange(1, 6)}", None
        elif i % 3 == 1:
            fault, delay = f"*:kill@{rng.randrange(1, 60)}", None
        else:
            fault, delay = None, rng.random() * 0.4
        yield f"kill {i} {fault or f'after {delay:.3f} s'}", r.round(fault, delay)
    if n >= len(usual):
        yield "every named point was passed", r.all_passed(named)
