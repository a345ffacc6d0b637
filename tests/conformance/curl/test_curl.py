"""curl: byte-exact HTTP as browsers, scripts and monitors see it."""

import json
import os
import re
import subprocess

import pytest
from support import gitid

TEXT = b"0123456789abcdefghij"
BIG = os.urandom(3_000_000)


class Got:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


@pytest.fixture
def curl(hub, work):
    """curl with the given options; returns status, headers in lower case, and body."""

    def run(path, *options, token=None):
        url = path if path.startswith("http") else hub.url + path
        words = ["curl", "-sS", "--path-as-is", "-D", str(work / "head"), "-o", str(work / "body")]
        words += ["-H", f"Authorization: Bearer {token}"] if token else []
        (work / "body").write_bytes(b"")
        subprocess.run([*words, *options, url], check=True, capture_output=True, timeout=60)
        blocks = (work / "head").read_bytes().decode("latin-1").strip().split("\r\n\r\n")
        lines = blocks[-1].split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return Got(int(lines[0].split()[1]), headers, (work / "body").read_bytes())

    return run


@pytest.fixture(scope="module")
def repo(hub):
    files = {"t.txt": TEXT, "empty.txt": b"", "page.html": b"<script>alert(1)</script>"}
    return hub.make(files=files, lfs={"big.bin": BIG}, stem="curl")


@pytest.fixture(scope="module")
def url(repo):
    return f"/{repo}/resolve/main/t.txt"


@pytest.fixture(scope="module")
def sha(hub, repo):
    return hub.owner.get(f"/api/models/{repo}").json()["sha"]


def test_head(curl, repo, url, sha):
    got = curl(url, "-I")
    assert got.status == 200 and got.body.startswith(b"HTTP/1.1 200")
    assert got.headers["content-length"] == str(len(TEXT))
    assert got.headers["etag"] == f'"{gitid.blob(TEXT)}"'
    assert got.headers["x-repo-commit"] == sha
    assert got.headers["accept-ranges"] == "bytes"
    assert got.headers["x-request-id"]
    big = curl(f"/{repo}/resolve/main/big.bin", "-I")
    assert big.headers["x-linked-etag"].strip('"') == gitid.sha256(BIG)
    assert big.headers["x-linked-size"] == str(len(BIG))


def test_get(curl, repo, url):
    assert curl(url).body == TEXT
    assert curl(f"/{repo}/resolve/main/big.bin").body == BIG
    got = curl(f"/{repo}/resolve/main/empty.txt")
    assert (got.status, got.body, got.headers["content-length"]) == (200, b"", "0")
    assert got.headers["etag"] == '"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"'


@pytest.mark.parametrize(
    "spec,first,last",
    [("0-0", 0, 0), ("5-9", 5, 9), ("15-", 15, 19), ("-3", 17, 19), ("10-999", 10, 19)],
)
def test_single_range(curl, url, spec, first, last):
    got = curl(url, "-H", f"Range: bytes={spec}")
    assert got.status == 206
    assert got.headers["content-range"] == f"bytes {first}-{last}/20"
    assert got.body == TEXT[first : last + 1]
    assert got.headers["content-length"] == str(last + 1 - first)


def test_suffix_longer_than_the_file(curl, url):
    got = curl(url, "-H", "Range: bytes=-500")
    assert (got.status, got.body) == (206, TEXT)


@pytest.mark.parametrize("spec", ["20-", "99-100", "-0"])
def test_unsatisfiable(curl, url, spec):
    got = curl(url, "-H", f"Range: bytes={spec}")
    assert (got.status, got.headers["content-range"]) == (416, "bytes */20")


@pytest.mark.parametrize("spec", ["bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=", "bytes=1"])
def test_bad_ranges_are_ignored(curl, url, spec):
    got = curl(url, "-H", f"Range: {spec}")
    assert (got.status, got.body) == (200, TEXT)


def parts(got):
    kind = re.fullmatch(r"multipart/byteranges; boundary=\"?([^\"]+)\"?", got.headers["content-type"])
    assert kind, got.headers
    found = []
    for part in got.body.split(b"--" + kind.group(1).encode())[1:-1]:
        head, _, body = part.partition(b"\r\n\r\n")
        spec = re.search(rb"Content-Range: bytes (\d+)-(\d+)/(\d+)", head, re.I).groups()
        found.append((tuple(int(x) for x in spec), body[: -len(b"\r\n")]))
    return found


def test_several_ranges(curl, repo, url):
    got = curl(url, "-H", "Range: bytes=0-1,5-7,-2")
    assert got.status == 206
    assert parts(got) == [((0, 1, 20), b"01"), ((5, 7, 20), b"567"), ((18, 19, 20), b"ij")]
    assert got.headers["content-length"] == str(len(got.body))
    got = curl(f"/{repo}/resolve/main/big.bin", "-H", "Range: bytes=100-199,2000000-2000999")
    assert parts(got) == [
        ((100, 199, len(BIG)), BIG[100:200]),
        ((2000000, 2000999, len(BIG)), BIG[2000000:2001000]),
    ]


def test_a_thousand_ranges_do_no_harm(curl, url):
    spec = ",".join(f"{n % 20}-{n % 20}" for n in range(1000))
    got = curl(url, "-H", f"Range: bytes={spec}")
    assert got.status in (200, 206, 416) and len(got.body) < 200_000


def test_if_range(curl, url):
    tag = f'"{gitid.blob(TEXT)}"'
    got = curl(url, "-H", "Range: bytes=2-3", "-H", f"If-Range: {tag}")
    assert (got.status, got.body) == (206, b"23")
    for other in ('"0000"', f"W/{tag}"):
        got = curl(url, "-H", "Range: bytes=2-3", "-H", f"If-Range: {other}")
        assert (got.status, got.body) == (200, TEXT)


def test_if_none_match(curl, url):
    tag = f'"{gitid.blob(TEXT)}"'
    for value in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        got = curl(url, "-H", f"If-None-Match: {value}")
        assert (got.status, got.body) == (304, b"")
        assert got.headers["etag"] == tag
    assert curl(url, "-H", 'If-None-Match: "other"').status == 200


def test_if_match(curl, url):
    """A reader of pieces that names the file it began with gets no piece of another one."""
    tag = f'"{gitid.blob(TEXT)}"'
    got = curl(url, "-H", "Range: bytes=2-3", "-H", f"If-Match: {tag}")
    assert (got.status, got.body) == (206, b"23")
    for other in ('"0000"', f"W/{tag}"):
        got = curl(url, "-H", "Range: bytes=2-3", "-H", f"If-Match: {other}")
        assert (got.status, got.headers["x-error-code"]) == (412, "PreconditionFailed")
        assert "If-Match" in json.loads(got.body)["error"]


def test_resume(curl, hub, repo, work):
    """curl -C -: half a file becomes the whole file."""
    path = work / "partial"
    path.write_bytes(BIG[:1_000_000])
    subprocess.run(
        ["curl", "-sSf", "-C", "-", "-o", path, f"{hub.url}/{repo}/resolve/main/big.bin"],
        check=True,
    )
    assert path.read_bytes() == BIG


def test_errors_of_files(curl, hub, repo, sha):
    got = curl(f"/{repo}/resolve/main/absent")
    assert (got.status, got.headers["x-error-code"]) == (404, "EntryNotFound")
    assert got.headers["x-repo-commit"] == sha
    assert json.loads(got.body)["error"] == got.headers["x-error-message"]
    got = curl(f"/{repo}/resolve/absent/t.txt")
    assert (got.status, got.headers["x-error-code"]) == (404, "RevisionNotFound")
    got = curl("/alice/absent/resolve/main/t.txt", token=hub.bob)
    assert (got.status, got.headers["x-error-code"]) == (404, "RepoNotFound")
    got = curl("/alice/absent/resolve/main/t.txt")
    assert (got.status, got.headers["x-error-code"]) == (401, "RepoNotFound")


def test_safe_content(curl, repo):
    """A stored page never runs in the Hub's origin."""
    got = curl(f"/{repo}/resolve/main/page.html")
    assert not got.headers["content-type"].startswith(("text/html", "application/xhtml"))
    assert got.headers["x-content-type-options"] == "nosniff"
    assert 'filename="page.html"' in got.headers["content-disposition"]


def test_raw(curl, repo):
    assert curl(f"/{repo}/raw/main/t.txt").body == TEXT
    assert curl(f"/{repo}/raw/main/big.bin").body == gitid.pointer(BIG)
    got = curl(f"/{repo}/raw/main/t.txt", "-I")
    assert (got.status, got.headers["content-length"]) == (200, str(len(TEXT)))


def test_traversal(curl, hub, repo):
    for path in (
        f"/{repo}/resolve/main/../../../../etc/passwd",
        f"/{repo}/resolve/main/%2e%2e/%2e%2e/secret",
        f"/{repo}/resolve/main/a%00b",
        f"/{repo}/resolve/..%2f..%2fx/t.txt",
        "/..%2f/secret",
    ):
        got = curl(path)
        assert got.status in (400, 401, 404), (path, got.status)


def test_monitors(curl):
    assert curl("/healthz").status == 200
    got = curl("/metrics")
    assert got.status == 200 and got.headers["content-type"].startswith("text/plain")
    for line in got.body.decode().splitlines():
        assert re.fullmatch(
            r"# (HELP|TYPE) \w+ .*|\w+(\{[^}]*\})? [-+0-9.eEInfNa]+( \d+)?", line
        ), line
    assert b'_seconds_count{handler="' in got.body


def test_unknown_paths(curl):
    got = curl("/api/nonsense")
    assert got.status == 404 and json.loads(got.body)["error"]
    got = curl("/api/repos/create")
    assert got.status == 405 and "POST" in got.headers["allow"]


def test_request_id_comes_back(curl, url):
    got = curl(url, "-H", "X-Amzn-Trace-Id: 5f0b1c2d-1111-2222-3333-444455556666")
    assert "5f0b1c2d-1111-2222-3333-444455556666" in got.headers["x-request-id"]


def test_no_secret_in_the_log(curl, hub, url):
    assert curl(url, token=hub.alice).status == 200
    assert curl(f"{url}?token={hub.alice}").status == 200
    assert curl(f"/api/models/alice/{hub.alice}").status in (401, 404)  # pasted where it does not belong
    assert curl(url, "-A", f"tool {hub.bob}").status == 200
    assert curl(url, "-H", f"X-Request-Id: {hub.expired}").status == 200
    text = hub.server.log_text()
    for secret in (hub.alice, hub.bob, hub.expired):
        assert secret not in text


def test_forwarded_headers_of_strangers_are_ignored(curl, hub):
    """Without a trusted proxy, nobody else decides which host our links name."""
    hub.make()
    hub.make()
    got = curl(
        "/api/models?author=alice&limit=1",
        *("-H", "X-Forwarded-Host: evil.example", "-H", "X-Forwarded-Proto: https"),
        token=hub.alice,
    )
    assert got.status == 200 and "evil.example" not in got.headers.get("link", "")
    assert hub.url in got.headers["link"]


def test_oversized_headers(curl, url):
    assert curl(url, "-H", "X-Big: " + "a" * 100_000).status in (400, 431)
    assert curl("/" + "a" * 100_000).status in (400, 414, 431)


@pytest.fixture
def git_lfs(hub, work):
    """git-lfs in an empty repository whose LFS address is a repository of ours."""

    def run(repo, *words, token=None):
        folder = work / "lfs"
        if not folder.exists():
            subprocess.run(["git", "init", "-q", str(folder)], check=True)
        url = f"{hub.url}/{repo}"
        env = {**os.environ, "HOME": str(work), "GIT_TERMINAL_PROMPT": "0"}
        config = ["-c", f"lfs.url={url}.git/info/lfs", "-c", "credential.helper="]
        config += ["-c", "lfs.locksverify=false", "-c", f"remote.origin.url={url}"]
        config += ["-c", f"http.extraheader=Authorization: Bearer {token}"] if token else []
        return subprocess.run(
            ["git", *config, "lfs", *words], cwd=folder, env=env, capture_output=True, input=b""
        )

    return run


def stored(work, data):
    oid = gitid.sha256(data)
    return work / "lfs/.git/lfs/objects" / oid[:2] / oid[2:4] / oid


def test_git_lfs_downloads(hub, git_lfs, work):
    data = os.urandom(50_000)
    repo = hub.make("dataset", True, lfs={"w.bin": data})
    folder = work / "lfs"
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / "w.bin").write_bytes(gitid.pointer(data))
    (folder / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    for words in (["add", "."], ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x"]):
        subprocess.run(["git", "-c", "filter.lfs.clean=cat", *words], cwd=folder, check=True)
    res = git_lfs("datasets/" + repo, "fetch", "origin", "HEAD", token=hub.mallory)
    assert res.returncode != 0 and not stored(work, data).exists(), res
    res = git_lfs("datasets/" + repo, "fetch", "origin", "HEAD", token=hub.alice_read)
    assert res.returncode == 0, res.stderr
    assert stored(work, data).read_bytes() == data


def test_git_lfs_uploads(hub, git_lfs, work):
    data = os.urandom(50_000)
    repo = hub.make()
    subprocess.run(["git", "init", "-q", str(work / "lfs")], check=True)
    path = stored(work, data)
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    words = ("push", "--object-id", "origin", gitid.sha256(data))
    assert git_lfs(repo, *words, token=hub.alice_read).returncode != 0
    res = git_lfs(repo, *words, token=hub.alice)
    assert res.returncode == 0, res.stderr
    thing = {"oid": gitid.sha256(data), "size": len(data)}
    found = hub.owner.lfs_batch(repo, "download", [thing]).json()["objects"][0]
    assert "actions" in found, found
