"""Requests without any client library: fixtures, the authorisation matrix, byte-exact checks."""

import base64
import http.client
import json
import urllib.parse


class Answer:
    """Status, headers (names in lower case) and body of one response."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {}
        for name, value in headers:
            key = name.lower()
            self.headers[key] = self.headers[key] + ", " + value if key in self.headers else value
        self.body = body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:300]!r}>"


class Plain:
    """One user's view of the server; every request uses a connection of its own."""

    def __init__(self, url, token=None, agent="conformance/1"):
        self.url = url
        self.token = token
        self.agent = agent

    def request(self, method, path, body=None, headers=None, timeout=60):
        parts = urllib.parse.urlsplit(self.url)
        conn = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
        send = {"User-Agent": self.agent}
        if self.token:
            send["Authorization"] = f"Bearer {self.token}"
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            send["Content-Type"] = "application/json"
        send.update(headers or {})
        try:
            conn.request(method, path, body=body, headers=send)
            res = conn.getresponse()
            return Answer(res.status, res.getheaders(), res.read())
        finally:
            conn.close()

    def get(self, path, **kw):
        return self.request("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.request("POST", path, body=body, **kw)

    def create(self, repo, kind="model", private=False, **extra):
        ns, name = repo.split("/")
        body = {"name": name, "organization": ns, "private": private, **extra}
        if kind != "model":
            body["type"] = kind
        if kind == "space":
            body.setdefault("sdk", "static")
        res = self.post("/api/repos/create", body)
        assert res.status == 200, res
        return res.json()

    def commit(self, repo, files=(), kind="model", rev="main", message="files", delete=(), lfs=()):
        """files: {path: bytes} as regular content; lfs: {path: bytes} sent by LFS batch first."""
        lines = [{"key": "header", "value": {"summary": message, "description": ""}}]
        for path, data in dict(files).items():
            content = base64.b64encode(data).decode()
            value = {"path": path, "content": content, "encoding": "base64"}
            lines.append({"key": "file", "value": value})
        for path, data in dict(lfs).items():
            lines.append({"key": "lfsFile", "value": self.lfs_put(repo, path, data, kind)})
        for path in delete:
            lines.append({"key": "deletedFile", "value": {"path": path}})
        body = "\n".join(json.dumps(line) for line in lines).encode()
        quoted = urllib.parse.quote(rev, safe="")
        res = self.post(
            f"/api/{kind}s/{repo}/commit/{quoted}",
            body,
            headers={"Content-Type": "application/x-ndjson"},
        )
        assert res.status == 200, res
        return res.json()["commitOid"]

    def lfs_batch(self, repo, operation, objects, kind="model", **extra):
        prefix = "" if kind == "model" else kind + "s/"
        body = {
            "operation": operation,
            "transfers": ["basic"],
            "objects": objects,
            "hash_algo": "sha256",
            **extra,
        }
        lfs = "application/vnd.git-lfs+json"
        return self.post(
            f"/{prefix}{repo}.git/info/lfs/objects/batch",
            body,
            headers={"Accept": lfs, "Content-Type": lfs},
        )

    def lfs_put(self, repo, path, data, kind="model"):
        from . import gitid

        oid = gitid.sha256(data)
        res = self.lfs_batch(repo, "upload", [{"oid": oid, "size": len(data)}], kind)
        assert res.status == 200, res
        actions = res.json()["objects"][0].get("actions")
        if actions:
            href = urllib.parse.urlsplit(actions["upload"]["href"])
            target = href.path + ("?" + href.query if href.query else "")
            res = Plain(self.url).request("PUT", target, body=data)
            assert res.status in (200, 201), res
            href = urllib.parse.urlsplit(actions["verify"]["href"])
            target = href.path + ("?" + href.query if href.query else "")
            res = self.post(target, {"oid": oid, "size": len(data)})
            assert res.status == 200, res
        return {"path": path, "algo": "sha256", "oid": oid, "size": len(data)}
