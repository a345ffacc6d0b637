"""spoke's own client against the server, and Python on the same cache."""

import json
import os
import pathlib
import subprocess
import sys
import textwrap

import pytest
from support.server import program


RUNNING = []  # what Client.start began


class Client:
    """spoke (or Python) with a home of its own; both read the same environment variables."""

    def __init__(self, hub, home):
        self.hub = hub
        self.home = pathlib.Path(home)
        self.cache = self.home / "hub"

    def env(self, token=None, **more):
        env = {**os.environ, "HF_HOME": str(self.home), "HF_ENDPOINT": self.hub.url}
        env.pop("HF_TOKEN", None)
        if token:
            env["HF_TOKEN"] = token
        env.update(more)
        return env

    def spoke(self, *words, token=None, code=0, stdin=None, **env):
        """stdout of the command, which must leave with this status; stderr when it must fail."""
        res = subprocess.run(
            [program(), *words],
            capture_output=True,
            text=True,
            env=self.env(token, **env),
            cwd=self.home,
            input=stdin,
            timeout=120,
        )
        ran = f"{words} left with {res.returncode}: {res.stdout}\n{res.stderr}"
        if code == "fails":
            assert res.returncode not in (0, 1, 2) and res.returncode < 100, ran
            return res.stderr
        assert res.returncode == code, ran
        return res.stdout if code == 0 else res.stderr

    def json(self, *words, **kw):
        return json.loads(self.spoke(*words, "--json", **kw))

    def start(self, *words, token=None, **env):
        return self.background([program(), *words], self.env(token, **env))

    def background(self, words, env):
        """Runs on until the test ends at the latest, however it ends."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        RUNNING.append(subprocess.Popen(words, env=env, text=True, **pipes))
        return RUNNING[-1]

    def python(self, code, token=None, **env):
        res = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            capture_output=True,
            text=True,
            env=self.env(token, **env),
            timeout=120,
        )
        assert res.returncode == 0, res.stderr
        return res.stdout

    def start_python(self, code, token=None):
        return self.background([sys.executable, "-c", textwrap.dedent(code)], self.env(token))

    def folder(self, repo, kind="model"):
        return self.cache / f"{kind}s--{repo.replace('/', '--')}"


@pytest.fixture(autouse=True)
def nothing_stays():
    yield
    while RUNNING:
        with RUNNING.pop() as proc:
            proc.kill()


@pytest.fixture
def client(hub, work):
    home = work / "home"
    home.mkdir()
    return Client(hub, home)


@pytest.fixture
def client_of():
    """For hubs other than the session's: client_of(hub, home)."""
    return Client
