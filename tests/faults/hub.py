"""A real server process, raw HTTP calls to it, and the client program: what every family needs."""

import base64
import glob
import hashlib
import json
import os
import re
import signal
import subprocess
import urllib.error
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPOKE = os.path.abspath(os.environ.get("SPOKE") or os.path.join(TOP, "build", "spoke"))
WAIT = 60 * (10 if "san" in SPOKE else 1)  # seconds; a hang, not a measure


def points(*folders):
    """The fault points named in the sources of these modules."""
    found = set()
    for folder in folders:
        for path in glob.glob(os.path.join(TOP, "src", folder, "*.c")):
            if not path.endswith("_test.c"):
                with open(path, encoding="utf-8") as f:
                    found |= set(re.findall(r'sp_fault\("([a-z0-9_.]+)"', f.read()))
    assert found, f"no fault point in {folders}"
    return sorted(found)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def blob_id(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def clean_env(**more):
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("HF_", "SPOKE_", "HUGGING", "TRANSFORMERS_"))
           and not k.lower().endswith("_proxy")}
    env.update({k: str(v) for k, v in more.items()})
    return env


class Gone(Exception):
    """The server died or closed the connection in the middle of a call."""


class Server:
    def __init__(self, data, user="alice"):
        self.data = data
        self.user = user
        self.token = None
        self.proc = None
        self.url = None
        self.log = data + ".log"

    def admin(self, *args, check=True, **env):
        p = subprocess.run([SPOKE, "admin", "--data", self.data, *args], env=clean_env(**env),
                           capture_output=True, text=True, timeout=WAIT)
        if check and p.returncode != 0:
            raise AssertionError(f"spoke admin {args}: status {p.returncode}: {p.stderr}{p.stdout}")
        return p

    def setup(self):
        self.admin("user", "add", self.user)
        self.token = self.admin("token", "add", "--user", self.user, "--role",
                                "write").stdout.strip()
        return self

    def start(self, **env):
        """True when it is ready; False when it ended before (an armed fault point)."""
        with open(self.log, "ab") as log:
            self.proc = subprocess.Popen(
                [SPOKE, "serve", "--data", self.data, "--listen", "127.0.0.1:0"],
                stdout=subprocess.PIPE, stderr=log, env=clean_env(**env))
        line = self.proc.stdout.readline()
        if not line:
            self.proc.wait(WAIT)
            return False
        self.url = json.loads(line)["url"]
        return True

    def stop(self):
        self.proc.send_signal(signal.SIGTERM)
        code = self.proc.wait(WAIT)
        self.proc.stdout.close()
        assert code == 0, f"the server ended with {code}: {self.tail()}"

    def kill(self):
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait(WAIT)
        self.proc.stdout.close()

    def tail(self):
        with open(self.log, "rb") as f:
            return f.read()[-2000:].decode(errors="replace")

    def fsck(self):
        p = self.admin("fsck", check=False)
        assert p.returncode == 0, f"fsck: status {p.returncode}\n{p.stdout}{p.stderr}"

    def call(self, method, path, body=None, kind="application/json", ok=(200, 201), token=True):
        """Status and body; raises Gone when no answer came."""
        url = path if path.startswith("http") else self.url + path
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        q = urllib.request.Request(url, data=body, method=method)
        if body is not None:
            q.add_header("Content-Type", kind)
        if token:
            q.add_header("Authorization", "Bearer " + self.token)
        try:
            with urllib.request.urlopen(q, timeout=WAIT) as r:
                status, data = r.status, r.read()
        except urllib.error.HTTPError as e:
            status, data = e.code, e.read()
        except Exception as e:
            raise Gone(f"{method} {path}: {e!r}") from e
        if ok and status not in ok:
            if self.proc.poll() is not None:
                raise Gone(f"{method} {path}: {status} from a dying server")
            raise AssertionError(f"{method} {path}: {status} {data[:400]!r}")
        return status, data

    def create(self, name, ok=(200,)):
        return self.call("POST", "/api/repos/create", {"name": name, "private": True}, ok=ok)

    def put_lfs(self, repo, data):
        oid = sha256(data)
        _, answer = self.call("POST", f"/{repo}.git/info/lfs/objects/batch",
                              {"operation": "upload", "transfers": ["basic"],
                               "objects": [{"oid": oid, "size": len(data)}],
                               "hash_algo": "sha256"}, kind="application/vnd.git-lfs+json")
        actions = json.loads(answer)["objects"][0].get("actions")
        if actions:
            self.call("PUT", actions["upload"]["href"], data, kind="application/octet-stream",
                      token=False)
            if "verify" in actions:
                self.call("POST", actions["verify"]["href"], {"oid": oid, "size": len(data)},
                          kind="application/vnd.git-lfs+json")
        return oid

    def commit(self, repo, files, deletes=(), parent=None, title="c", ok=(200,), kind="models"):
        """files: path → bytes (regular) or ("lfs", oid, size). Answers the commit id."""
        header = {"summary": title, "description": ""}
        if parent:
            header["parentCommit"] = parent
        lines = [{"key": "header", "value": header}]
        for path in deletes:
            lines.append({"key": "deletedFile", "value": {"path": path}})
        for path, content in files.items():
            if isinstance(content, tuple):
                lines.append({"key": "lfsFile", "value": {"path": path, "algo": "sha256",
                                                          "oid": content[1], "size": content[2]}})
            else:
                lines.append({"key": "file", "value": {
                    "content": base64.b64encode(content).decode(), "path": path,
                    "encoding": "base64"}})
        body = "\n".join(json.dumps(line) for line in lines).encode()
        status, data = self.call("POST", f"/api/{kind}/{repo}/commit/main", body,
                                 kind="application/x-ndjson", ok=ok)
        return json.loads(data)["commitOid"] if status == 200 else None

    def tree(self, repo, rev="main"):
        _, data = self.call("GET", f"/api/models/{repo}/tree/{rev}?recursive=true")
        return {e["path"]: e for e in json.loads(data) if e["type"] == "file"}

    def get(self, repo, path, rev="main"):
        return self.call("GET", f"/{repo}/resolve/{rev}/{path}")[1]


def client(server, home, *args, url=None, fault=None, kill_after=None, **env):
    """Runs the client program; the answer has returncode, stdout, stderr."""
    more = dict(HF_ENDPOINT=url or server.url, HF_TOKEN=server.token, HF_HOME=home, **env)
    if fault:
        more["SPOKE_FAULT"] = fault
    p = subprocess.Popen([SPOKE, *args], env=clean_env(**more), stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    try:
        out, err = p.communicate(timeout=kill_after if kill_after is not None else WAIT)
    except subprocess.TimeoutExpired:
        p.kill()
        out, err = p.communicate()
        if kill_after is None:
            raise AssertionError(f"{args}: no end after {WAIT} s\n{out}{err}") from None
    return subprocess.CompletedProcess(args, p.returncode, out, err)


def must(p):
    assert p.returncode == 0, f"{p.args}: status {p.returncode}\n{p.stdout}{p.stderr}"
    return p.stdout


def check_cache(hub_cache):
    """Every finished blob has the hash that its name says; links and refs lead somewhere."""
    for folder in glob.glob(os.path.join(hub_cache, "*--*")):
        for name in os.listdir(os.path.join(folder, "blobs")) if os.path.isdir(
                os.path.join(folder, "blobs")) else []:
            if ".incomplete" in name or not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", name):
                continue
            with open(os.path.join(folder, "blobs", name), "rb") as f:
                data = f.read()
            have = blob_id(data) if len(name) == 40 else sha256(data)
            assert have == name, f"blob {name} holds {have} ({len(data)} bytes)"
        for base, _, names in os.walk(os.path.join(folder, "snapshots")):
            for name in names:
                path = os.path.join(base, name)
                assert os.path.exists(path), f"dangling link {path}"
        for base, _, names in os.walk(os.path.join(folder, "refs")):
            for name in names:
                if name.endswith(".tmp"):
                    continue
                with open(os.path.join(base, name), encoding="ascii") as f:
                    commit = f.read()
                assert re.fullmatch(r"[0-9a-f]{40}", commit), f"ref {name}: {commit!r}"
