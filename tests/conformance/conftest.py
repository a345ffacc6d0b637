"""Fixtures of the conformance suites. One pytest run = one server process in a fresh folder."""

import itertools
import os
import pathlib
import shutil
import signal
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from support import accesslog  # noqa: E402
from support.plain import Plain  # noqa: E402
from support.server import ROOT, Server  # noqa: E402

SUITE = os.environ.get("CONFORMANCE_SUITE", "adhoc")
WORK = ROOT / "build" / "conformance" / SUITE
HUB = None


class Hub:
    """The server with alice (owner), bob (read and write tokens), mallory and an old token."""

    def __init__(self, folder):
        self.server = Server(folder)
        self.url = self.server.url
        for name in ("alice", "bob", "mallory"):
            self.server.user(name)
        self.alice = self.server.token("alice", "write", "laptop")
        self.alice_read = self.server.token("alice", "read", "reader")
        self.bob = self.server.token("bob", "write", "bob-write")
        self.bob_read = self.server.token("bob", "read", "bob-read")
        self.mallory = self.server.token("mallory", "write", "mallory-write")
        self.expired = self.server.expired_token("alice")
        self.data = self.server.data
        self._count = itertools.count(1)

    def plain(self, token=None):
        return Plain(self.url, token)

    @property
    def owner(self):
        return Plain(self.url, self.alice)

    def name(self, stem="r", user="alice"):
        return f"{user}/{stem}-{next(self._count)}"

    def make(self, kind="model", private=False, files=None, lfs=None, stem="r"):
        """A repo of alice's with this content; made without the client under test."""
        repo = self.name(stem)
        self.owner.create(repo, kind, private)
        if files or lfs:
            self.owner.commit(repo, files or {}, kind, lfs=lfs or {})
        return repo

    def capture(self):
        return accesslog.Capture(self.server)


def clean_environment(home):
    """Nothing of the caller's Hub settings may reach the clients."""
    for key in list(os.environ):
        if key.startswith(("HF_", "HUGGING", "TRANSFORMERS_")) or key.lower().endswith("_proxy"):
            del os.environ[key]
    os.environ.update(
        HF_HOME=str(home),
        HF_HUB_DISABLE_XET="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        HF_HUB_DISABLE_PROGRESS_BARS="1",
        HF_HUB_DISABLE_UPDATE_CHECK="1",
        HF_UPDATE_DOWNLOAD_COUNTS="0",
        NO_COLOR="1",
        COLUMNS="200",
        GIT_CONFIG_NOSYSTEM="1",
    )
    for key in ("AI_AGENT", "AGENT", "XDG_CACHE_HOME"):
        os.environ.pop(key, None)


def pytest_configure(config):
    """The client libraries read HF_ENDPOINT when imported, so the server must be up before."""
    global HUB
    if config.option.collectonly or config.option.help or config.option.version:
        return
    # A shell starts background jobs with SIGINT ignored, and so would be every client that is interrupted here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    clean_environment(WORK / "hf-home")
    HUB = Hub(WORK / "server")
    os.environ["HF_ENDPOINT"] = HUB.url


def pytest_unconfigure(config):
    """Whatever happened, no server outlives its session."""
    if HUB and HUB.server.proc.poll() is None:
        HUB.server.stop()


@pytest.fixture(scope="session", autouse=True)
def hub():
    yield HUB
    HUB.server.judge()


@pytest.fixture
def capture(hub):
    return hub.capture


@pytest.fixture
def work(tmp_path):
    return tmp_path
