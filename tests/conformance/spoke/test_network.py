"""How spoke's client reaches a Hub: prefix, proxies, TLS, interrupts, nobody there."""

import contextlib
import os
import pathlib
import pty
import re
import signal
import subprocess
import time

import pytest
from support.proxy import Proxy
from support.server import Server, program

DATA = os.urandom(6_000_000)


class Place:
    """A server with a user, as much of a hub as Client needs."""

    def __init__(self, server, url=None):
        self.server = server
        server.user("alice")
        self.alice = server.token("alice")
        self.url = url or server.url


@pytest.fixture(scope="module")
def repo(hub):
    return hub.make(files={"config.json": b"{}"}, lfs={"w.bin": DATA}, stem="minenet")


@pytest.fixture
def proxy():
    proxy = Proxy()
    yield proxy
    proxy.stop()


# ---- a Hub below a path

@pytest.fixture(scope="module")
def below(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("below"), ["--base-path", "/team/hub"])
    base = re.match(r"https?://[^/]+", server.url).group()
    yield Place(server, base + "/team/hub")
    server.judge()


def test_hub_below_a_path(below, work, client_of):
    """Create, upload, list, download, tag and delete under a prefix, with both clients."""
    client = client_of(below, work)
    (work / "m/sub").mkdir(parents=True)
    (work / "m/w.bin").write_bytes(DATA)
    (work / "m/sub/a.txt").write_text("a")
    made = client.json("repos", "create", "below", token=below.alice)
    assert made == {"repo_id": "alice/below", "url": f"{below.url}/alice/below", "repo_type": "model"}
    done = client.json("upload", "alice/below", "m", token=below.alice)
    assert done["url"] == f"{below.url}/alice/below/commit/{done['commit']}"
    assert done["lfs_sent"] == 1
    client.spoke("repos", "tag", "create", "alice/below", "v1", token=below.alice)
    assert client.spoke("models", "ls", "--author", "alice", "-q").split() == ["alice/below"]
    listed = client.spoke("models", "ls", "alice/below", "-R", "-q").split()
    assert listed == [".gitattributes", "sub/", "sub/a.txt", "w.bin"]
    path = pathlib.Path(client.spoke("download", "alice/below", "--revision", "v1", "-q").strip())
    assert (path / "w.bin").read_bytes() == DATA
    # The web address of the page names the repository too.
    again = client.spoke("download", f"{below.url}/alice/below/blob/v1/sub/a.txt", "-q").strip()
    assert again == str(path / "sub/a.txt")
    seen = client.python(
        f"""
        from huggingface_hub import HfApi, snapshot_download
        api = HfApi(token={below.alice!r})
        url = api.create_repo("alice/py", repo_type="dataset")
        done = api.upload_folder(repo_id="alice/py", repo_type="dataset", folder_path={str(work / "m")!r})
        path = snapshot_download("alice/py", repo_type="dataset", token={below.alice!r})
        print(url, done.commit_url, len(open(path + "/w.bin", "rb").read()))
        print(snapshot_download("alice/below", revision="v1"))
        """,
        HF_HUB_DISABLE_XET="1",
    ).split()
    assert seen[0] == f"{below.url}/datasets/alice/py"
    assert seen[1].startswith(f"{below.url}/datasets/alice/py/commit/")
    assert seen[2:] == [str(len(DATA)), str(path)]
    client.spoke("repos", "delete", "alice/below", "--yes", token=below.alice)
    assert client.spoke("models", "ls", "--author", "alice", "-q") == ""


# ---- proxies

@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_http_proxy(hub, client, repo, proxy, name):
    path = client.spoke("download", repo, "w.bin", "-q", **{name: proxy.url}).strip()
    assert pathlib.Path(path).read_bytes() == DATA
    assert any(line.startswith(f"HEAD {hub.url}/{repo}/resolve/main/w.bin ") for line in proxy.seen)
    assert any(line.startswith("GET ") for line in proxy.seen)


@pytest.mark.parametrize("hosts", ["127.0.0.1", "example.org,127.0.0.1", "*"])
def test_no_proxy(client, repo, proxy, hosts):
    path = client.spoke("download", repo, "w.bin", "-q", HTTP_PROXY=proxy.url, NO_PROXY=hosts).strip()
    assert pathlib.Path(path).read_bytes() == DATA
    assert proxy.seen == []


def test_upload_through_a_proxy(hub, client, proxy, work):
    repo = hub.name("minevia")
    (work / "w.bin").write_bytes(DATA)
    client.spoke("upload", repo, str(work / "w.bin"), token=hub.alice, HTTP_PROXY=proxy.url)
    assert hub.owner.get(f"/{repo}/resolve/main/w.bin").body == DATA
    assert any(line.startswith("PUT ") for line in proxy.seen)


def test_proxy_that_is_not_there(client, repo):
    text = client.spoke("download", repo, "w.bin", code=13, HTTP_PROXY="http://127.0.0.1:9")
    assert "127.0.0.1" in text


# ---- TLS

@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mytls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        + ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        + ["-keyout", str(key), "-out", str(cert)],
        check=True,
        capture_output=True,
    )
    server = Server(folder, ["--tls-cert", str(cert), "--tls-key", str(key)])
    place = Place(server)
    place.cert = str(cert)
    yield place
    server.judge()


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_tls_with_the_own_certificate(secure, work, client_of, name):
    client = client_of(secure, work)
    (work / "w.bin").write_bytes(DATA)
    empty = {"SSL_CERT_FILE": "", "REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": ""}
    trust = {**empty, name: secure.cert, "token": secure.alice}
    client.spoke("upload", f"alice/{name.lower()}", "w.bin", **trust)
    path = client.spoke("download", f"alice/{name.lower()}", "w.bin", "-q", **trust).strip()
    assert pathlib.Path(path).read_bytes() == DATA


def test_tls_through_a_proxy(secure, work, client_of, proxy):
    client = client_of(secure, work)
    (work / "w.txt").write_text("w")
    client.spoke("upload", "alice/tunnel", "w.txt", token=secure.alice, SSL_CERT_FILE=secure.cert,
                 HTTPS_PROXY=proxy.url)
    assert proxy.seen and all(line.startswith("CONNECT 127.0.0.1:") for line in proxy.seen)


def test_tls_certificate_that_nobody_vouches_for(secure, work, client_of):
    client = client_of(secure, work)
    text = client.spoke("models", "ls", code=13)
    assert "certificate" in text.lower(), text
    text = client.spoke("models", "ls", code="fails", SSL_CERT_FILE=str(work / "none.pem"))
    assert "none.pem" in text, text


# ---- nobody there, refused, interrupted

def test_hint_when_the_hub_is_not_there(client, repo):
    for words in (("download", repo), ("download", repo, "x.bin"), ("models", "ls")):
        text = client.spoke(*words, code=13, HF_ENDPOINT="http://127.0.0.1:9")
        hint = re.search(r"^Hint: (.*)$", text, re.M).group(1)
        assert "HF_ENDPOINT=http://127.0.0.1:9" in hint
        assert "spoke download" not in hint, "what just failed is no advice"


def test_hint_when_the_token_is_refused(hub, client, repo):
    text = client.spoke("download", repo, token="hf_" + "0" * 34, code=6)
    assert "spoke auth login" in text
    secret = hub.make(private=True, files={"s.txt": b"s"}, stem="minehint")
    for words in (("download", secret), ("download", secret, "s.txt")):
        assert "spoke auth login" in client.spoke(*words, code="fails")


def test_debug_and_verbosity(client, repo):
    quiet = client.start("download", repo, "config.json")
    assert (quiet.wait(60), quiet.stderr.read()) == (0, "")
    for more in ({"HF_DEBUG": "1"}, {"HF_HUB_VERBOSITY": "debug"}, {"SPOKE_LOG": "hub:debug"}):
        proc = client.start("download", repo, "config.json", "--force-download", **more)
        _, text = proc.communicate(timeout=60)
        assert proc.returncode == 0 and f"{repo}/resolve/main/config.json: status 200" in text, more
    text = client.spoke("cache", "rm", "model/none/there", HF_HUB_VERBOSITY="error")
    assert text == "Nothing to delete.\n"


@pytest.mark.parametrize("words", [["w.bin"], [], ["--local-dir", "out"]])
def test_interrupt_keeps_the_partial(hub, client, repo, capture, words):
    """Ctrl-C ends quickly with the status of ECANCELLED; the next run goes on where it stopped."""
    slow = Proxy(rate=1_000_000)
    where = [str(client.home / w) if w == "out" else w for w in words]
    proc = client.start("download", repo, *where, HTTP_PROXY=slow.url)
    slow.wait_for(1_000_000)
    begun = time.monotonic()
    proc.send_signal(signal.SIGINT)
    out, err = proc.communicate(timeout=20)
    assert time.monotonic() - begun < 2.5
    slow.stop()
    assert (proc.returncode, out) == (24, ""), err
    assert "cancelled" in err and "is kept; the same command goes on" in err
    partial = [p for p in client.home.rglob("*.incomplete")]
    assert len(partial) == 1 and 100_000 < partial[0].stat().st_size < len(DATA)
    with capture() as seen:
        path = client.spoke("download", repo, *where, "-q").strip()
    got = pathlib.Path(path) if words == ["w.bin"] else pathlib.Path(path) / "w.bin"
    assert got.read_bytes() == DATA
    assert 206 in [r.status for r in seen() if r.method == "GET" and "w.bin" in r.path]
    assert not list(client.home.rglob("*.incomplete"))


def test_interrupt_of_an_upload(hub, client, work):
    repo = hub.make(stem="minestop")
    (work / "w.bin").write_bytes(DATA)
    stalled = Proxy(rate=200)  # every answer is followed by a pause
    proc = client.start("upload", repo, str(work / "w.bin"), token=hub.alice, HTTP_PROXY=stalled.url)
    stalled.wait_for(1)
    proc.send_signal(signal.SIGINT)
    out, err = proc.communicate(timeout=20)
    stalled.stop()
    assert (proc.returncode, out) == (24, ""), err
    assert "the same command goes on" in err
    client.spoke("upload", repo, str(work / "w.bin"), token=hub.alice)
    assert hub.owner.get(f"/{repo}/resolve/main/w.bin").body == DATA


def test_progress_off_a_terminal(client, repo):
    """Without a terminal nothing is drawn: short work leaves standard error empty."""
    for off in ("", "1"):
        proc = client.start("download", repo, "--force-download", HF_HUB_DISABLE_PROGRESS_BARS=off)
        out, err = proc.communicate(timeout=60)
        assert proc.returncode == 0 and err == "" and "\r" not in out and "\x1b" not in out


def test_progress_on_a_terminal(client, repo):
    """One line, drawn over and over, gone at the end; none in quiet mode or when switched off."""
    def run(*words, off=""):
        slow = Proxy(rate=4_000_000)
        reader, writer = pty.openpty()
        proc = subprocess.Popen(
            [program(), "download", repo, "--force-download", *words],
            env=client.env(HTTP_PROXY=slow.url, HF_HUB_DISABLE_PROGRESS_BARS=off),
            stdout=subprocess.PIPE,
            stderr=writer,
        )
        os.close(writer)
        text = b""
        with contextlib.suppress(OSError):  # EIO: the other end is closed
            while more := os.read(reader, 65536):
                text += more
        assert proc.wait(60) == 0, text
        proc.stdout.close()
        os.close(reader)
        slow.stop()
        return text.decode()

    drawn = run().split("\r")
    assert len(drawn) > 3 and any(re.search(r"/3 files .*MB / 6\.0MB \(\d+%\)", d) for d in drawn)
    assert drawn[-1] == "\x1b[K"
    assert run("-q") == ""
    assert run(off="1") == ""


def test_verify_a_local_dir(client, repo, work):
    local = work / "local"
    client.spoke("download", repo, "--local-dir", str(local))
    done = client.json("cache", "verify", repo, "--local-dir", str(local))
    assert done["repo_id"] == repo and done["path"] == str(local) and done["checked"] == 3
    assert (done["mismatches"], done["missing"], done["extra"]) == ([], [], [])
    (local / "more.txt").write_text("more")
    (local / "config.json").unlink()
    assert client.json("cache", "verify", repo, "--local-dir", str(local))["missing"] == ["config.json"]
    for flag, name in (("--fail-on-missing-files", "config.json"), ("--fail-on-extra-files", "more.txt")):
        assert name in client.spoke("cache", "verify", repo, "--local-dir", str(local), flag, code=27)
    (local / "w.bin").write_bytes(DATA[:-1] + bytes([DATA[-1] ^ 1]))
    assert "w.bin" in client.spoke("cache", "verify", repo, "--local-dir", str(local), code=17)
