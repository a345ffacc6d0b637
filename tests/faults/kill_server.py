"""kill -9 of the server, at each named point and at random passes and moments, while clients write."""

import json
import os
import threading

from hub import Gone, Server, blob_id, points, sha256


def content(rng, n):
    return rng.randbytes(n)


class Rounds:
    def __init__(self, folder, rng):
        self.rng = rng
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
        model["step"] = "done"

    def verify(self, model, repo):
        s = self.server
        full = f"alice/{repo}"
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

    def round(self, fault, delay):
        def run():
            self.serial += 1
            repo, model = f"r{self.serial}", {}
            s = self.server
            if s.start(**({"SPOKE_FAULT": fault} if fault else {})):
                timer = threading.Timer(delay, s.proc.kill) if delay is not None else None
                if timer:
                    timer.start()
                try:
                    self.work(model, repo)
                except Gone:
                    pass
                finally:
                    if timer:
                        timer.cancel()
            s.kill()
            assert s.start(), f"the server does not start after {fault}: {s.tail()}"
            try:
                s.fsck()
                self.verify(model, repo)
                s.fsck()
                s.call("DELETE", "/api/repos/delete", {"name": repo, "organization": "alice"},
                       ok=(200,))
            finally:
                s.kill()
        return run

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
    for i in range(n):
        if i < len(named):
            fault, delay = f"{named[i]}:kill", None
        elif i % 3 == 0:
            fault, delay = f"{rng.choice(named)}:kill@{rng.randrange(1, 6)}", None
        elif i % 3 == 1:
            fault, delay = f"*:kill@{rng.randrange(1, 60)}", None
        else:
            fault, delay = None, rng.random() * 0.4
        yield f"kill {i} {fault or f'after {delay:.3f} s'}", r.round(fault, delay)
