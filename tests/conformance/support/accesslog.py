"""Reads the server's access lines, to assert which requests a client makes."""

import json
import time
import urllib.parse
import uuid

from .plain import Plain

MARK = "mark-"


class Request:
    """One access line."""

    def __init__(self, row):
        self.row = row
        self.method = row["method"]
        self.path = urllib.parse.urlsplit(row["path"]).path
        self.status = int(row["status"])
        self.route = row.get("route", "")
        self.agent = row.get("user_agent") or row.get("agent") or ""
        self.id = row.get("request_id") or row.get("id") or ""

    def __repr__(self):
        return f"{self.method} {self.path} {self.status}"


def parse(text):
    """All access lines of a log; other lines are passed over."""
    out = []
    for line in text.splitlines():
        if not line.startswith("{"):
            continue
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if "method" in row and "path" in row and "status" in row:
            out.append(Request(row))
    return out


class Capture:
    """`with Capture(server) as seen: …` then seen() or seen.until(n)."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        self._mark()
        self.start = self.server.log_path.stat().st_size
        return self

    def __exit__(self, *_):
        self._mark()

    def _mark(self):
        """What was answered before is in the log when this returns.

        A line is written after its answer was sent, by the thread that sent it. So a marked request
        alone proves nothing of the ones before it: no connection but the asking one may be busy.
        """
        name = MARK + uuid.uuid4().hex
        plain = Plain(self.server.url)
        limit = time.time() + 10
        while time.time() < limit:
            metrics = plain.get("/metrics", headers={"X-Amzn-Trace-Id": name}).body
            if b"\nspoke_connections_busy 1\n" in metrics and name in self.server.log_text():
                return
            time.sleep(0.01)
        raise AssertionError("the server is never at rest")

    def all(self):
        with open(self.server.log_path, "rb") as log:
            log.seek(self.start)
            return parse(log.read().decode(errors="replace"))

    def __call__(self):
        """Without the marks, and without the question every fresh client asks first."""
        return [
            r
            for r in self.all()
            if not r.id.startswith(MARK) and r.path not in ("/healthz", "/api/agent-harnesses")
        ]

    def calls(self):
        return [f"{r.method} {r.path}" for r in self()]

    def expect(self, wanted):
        """The requests as "METHOD path", in any order, are exactly these."""
        limit = time.time() + 3
        while sorted(self.calls()) != sorted(wanted) and time.time() < limit:
            time.sleep(0.02)
        seen = self.calls()
        assert sorted(seen) == sorted(wanted), f"seen {seen}, wanted {wanted}"
