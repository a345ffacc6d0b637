"""The commands of spoke's client against `spoke serve`."""

import contextlib
import os
import pathlib
import pty
import signal
import threading
import time

import pytest
from support import gitid
from support.server import program

FILES = {"config.json": b'{"x": 1}', "sub/deep/a.txt": b"a", "empty.txt": b""}
DATA = os.urandom(2_500_000)


@pytest.fixture(scope="module")
def repo(hub):
    repo = hub.make(files=FILES, lfs={"w.safetensors": DATA}, stem="mine")
    hub.owner.post(f"/api/models/{repo}/tag/main", {"tag": "v1"})
    hub.owner.post(f"/api/models/{repo}/branch/feat%2Fone", {})
    return repo


def head(hub, repo, kind="model"):
    return hub.owner.get(f"/api/{kind}s/{repo}").json()["sha"]


def test_download_one_file(hub, client, repo, capture):
    with capture() as seen:
        path = client.spoke("download", repo, "w.safetensors", "--quiet").strip()
    assert pathlib.Path(path).read_bytes() == DATA
    sha = head(hub, repo)
    assert path == str(client.folder(repo) / "snapshots" / sha / "w.safetensors")
    assert (client.folder(repo) / "refs/main").read_text() == sha
    assert os.readlink(path) == "../../blobs/" + gitid.sha256(DATA)
    assert {r.method for r in seen()} <= {"HEAD", "GET"} and len(seen()) >= 2
    with capture() as seen:
        assert client.json("download", repo, "w.safetensors")["path"] == path
    assert len(seen()) <= 1, "warm: at most one question"
    with capture() as seen:
        assert client.spoke("download", repo, "w.safetensors", "-q", "--revision", sha).strip() == path
    seen.expect([])


def test_download_a_snapshot(hub, client, repo):
    path = client.spoke("download", repo, "--quiet").strip()
    assert path == str(client.folder(repo) / "snapshots" / head(hub, repo))
    for name, data in {**FILES, "w.safetensors": DATA}.items():
        assert pathlib.Path(path, name).read_bytes() == data


@pytest.mark.parametrize("rev", ["main", "v1", "feat/one", "short", "full"])
def test_revisions(hub, client, repo, rev):
    sha = head(hub, repo)
    rev = {"short": sha[:8], "full": sha}.get(rev, rev)
    path = client.spoke("download", repo, "config.json", "--revision", rev, "-q").strip()
    assert f"/snapshots/{sha}/" in path


def test_patterns_and_local_dir(hub, client, repo, work):
    local = work / "local"
    client.spoke("download", repo, "--local-dir", str(local), "--include", "*.json")
    found = [p for p in local.rglob("*") if p.is_file() and ".cache" not in p.parts]
    assert [str(p.relative_to(local)) for p in found] == ["config.json"]
    client.spoke("download", repo, "--local-dir", str(local), "--exclude", "*.safetensors")
    names = sorted(
        str(p.relative_to(local)) for p in local.rglob("*") if p.is_file() and ".cache" not in p.parts
    )
    assert names == sorted([".gitattributes", *FILES])


def test_private(hub, client):
    repo = hub.make(private=True, files={"s.txt": b"secret"}, stem="minesecret")
    path = client.spoke("download", repo, "s.txt", "-q", token=hub.alice_read).strip()
    assert pathlib.Path(path).read_bytes() == b"secret"
    for token in (hub.mallory, hub.expired, None):
        text = client.spoke("download", repo, "s.txt", "--revision", "v9", token=token, code="fails")
        assert repo in text


def test_errors_name_the_thing(hub, client, repo):
    text = client.spoke("download", "alice/absent-one", code="fails", token=hub.bob)
    assert "alice/absent-one" in text
    text = client.spoke("download", repo, "not-there.bin", code="fails")
    assert "not-there.bin" in text and repo in text
    text = client.spoke("download", repo, "--revision", "no-such-branch", code="fails")
    assert "no-such-branch" in text
    client.spoke("download", code=2)
    client.spoke("no-such-command", code=2)


def test_offline(hub, client, repo, capture):
    path = client.spoke("download", repo, "-q").strip()
    with capture() as seen:
        again = client.spoke("download", repo, "-q", HF_HUB_OFFLINE="1").strip()
        one = client.spoke("download", repo, "config.json", "-q", HF_HUB_OFFLINE="1").strip()
        text = client.spoke("download", repo, "absent.bin", code="fails", HF_HUB_OFFLINE="1")
    seen.expect([])
    assert (again, one) == (path, path + "/config.json")
    assert "absent.bin" in text and repo in text and "spoke download" in text


def test_offline_knows_a_partial_snapshot(hub, client, repo):
    client.spoke("download", repo, "--include", "*.json")
    text = client.spoke("download", repo, code="fails", HF_HUB_OFFLINE="1")
    assert repo in text and "4 file(s) are missing" in text and "spoke download" in text


def test_upload_a_folder(hub, client, work):
    repo = hub.name("mineup")
    source = work / "source"
    files = {"config.json": b"{}", "sub/a.txt": b"a", "w.bin": os.urandom(11 << 20), ".dot": b"."}
    for name, data in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(data)
    (source / "skip.tmp").write_text("no")
    client.spoke(
        "upload", repo, str(source), "--private", "--exclude", "*.tmp", "--commit-message", "mine",
        token=hub.alice,
    )
    info = hub.owner.get(f"/api/models/{repo}").json()
    assert info["private"] is True
    assert [s["rfilename"] for s in info["siblings"]] == sorted([*files, ".gitattributes"])
    for name, data in files.items():
        assert hub.owner.get(f"/{repo}/resolve/main/{name}").body == data
    assert hub.owner.get(f"/api/models/{repo}/commits/main").json()[0]["title"] == "mine"
    with hub.capture() as seen:
        client.spoke("upload", repo, str(source), "--exclude", "*.tmp", token=hub.alice)
    assert not [r for r in seen() if r.method == "PUT" or "/commit/" in r.path], seen()
    assert head(hub, repo) == info["sha"]


def test_upload_same_ids_as_python(hub, client, work):
    """Both clients make the same tree from the same folder."""
    source = work / "source"
    for name, data in {"a.txt": b"a", "d/b.json": b"{}", "w.safetensors": bytes(999)}.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(data)
    ours, theirs = hub.make(), hub.make()
    client.spoke("upload", ours, str(source), token=hub.alice)
    client.python(
        f"""
        from huggingface_hub import HfApi
        HfApi(token={hub.alice!r}).upload_folder(repo_id={theirs!r}, folder_path={str(source)!r})
        """
    )
    trees = [hub.owner.get(f"/api/models/{r}/tree/main?recursive=true").json() for r in (ours, theirs)]
    assert trees[0] == trees[1]


def test_upload_one_file(hub, client, work):
    repo = hub.make("dataset")
    (work / "t.csv").write_text("a\n1\n")
    client.spoke(
        "upload", repo, str(work / "t.csv"), "data/t.csv", "--type", "dataset", token=hub.alice
    )
    assert hub.owner.get(f"/datasets/{repo}/resolve/main/data/t.csv").body == b"a\n1\n"
    client.spoke("upload", repo, str(work / "t.csv"), "--type", "dataset", token=hub.mallory,
                 code="fails")


def test_upload_delete_patterns(hub, client, work):
    repo = hub.make(files={"old/1.txt": b"1", "old/2.txt": b"2", "keep.txt": b"k"})
    (work / "new").mkdir()
    (work / "new/3.txt").write_text("3")
    client.spoke("upload", repo, str(work / "new"), "old", "--delete", "*.txt", token=hub.alice)
    files = [s["rfilename"] for s in hub.owner.get(f"/api/models/{repo}").json()["siblings"]]
    assert files == [".gitattributes", "keep.txt", "old/3.txt"]


def test_more_than_one_commit_holds(hub, client, work):
    """Above 5,000 operations there are several commits, of files as of deletions."""
    repo = hub.make(stem="mineparts")
    for n in range(5_100):
        (work / f"parts/d{n % 9}").mkdir(parents=True, exist_ok=True)
        (work / f"parts/d{n % 9}/{n}.txt").write_text(str(n))
    def titles():
        return [c["title"] for c in hub.owner.get(f"/api/models/{repo}/commits/main").json()[:2]]

    client.spoke("upload", repo, str(work / "parts"), "--commit-message", "up", token=hub.alice)
    assert titles() == ["up (part 2)", "up"]
    again = client.json("upload", repo, str(work / "parts"), token=hub.alice)
    assert again["changed"] is False and again["unchanged"] == 5_100
    gone = client.json("repos", "delete-files", repo, "d*/", "--commit-message", "gone",
                       token=hub.alice)
    assert gone["deleted"] == 5_100 and titles() == ["gone (part 2)", "gone"]
    assert len(hub.owner.get(f"/api/models/{repo}").json()["siblings"]) == 1


def test_upload_every(hub, client, work):
    """It goes on over failures, and a log that grows meanwhile goes up as far as it was."""
    repo = hub.make(stem="mineevery")
    source = work / "logs"
    source.mkdir()
    (source / "events.bin").write_bytes(b"0" * 20_000_000)
    stop = threading.Event()

    def append():
        with open(source / "events.bin", "ab", buffering=0) as f:
            while not stop.is_set():
                f.write(b"1" * 64)
                time.sleep(0.0005)

    writer = threading.Thread(target=append)
    writer.start()
    proc = client.start("upload", repo, str(source), "--every", "0.003", "--no-create", "-q",
                        token=hub.alice)
    try:
        first, second = proc.stdout.readline(), proc.stdout.readline()
        assert "/commit/" in first and "/commit/" in second and first != second, proc.stderr.read()
        stop.set()
        writer.join()
        name = {"type": "model", "name": repo.split("/")[1]}
        assert hub.owner.request("DELETE", "/api/repos/delete", body=name).status == 200
        assert "Repository not found" in proc.stderr.readline()
        hub.owner.post("/api/repos/create", name)
        assert "/commit/" in proc.stdout.readline()
    finally:
        stop.set()
        proc.send_signal(signal.SIGINT)
    proc.communicate(timeout=60)
    assert proc.returncode == 0
    body = hub.owner.get(f"/{repo}/resolve/main/events.bin").body
    assert body == (source / "events.bin").read_bytes()


def test_upload_bad_card(hub, client, work):
    repo = hub.make()
    (work / "README.md").write_text("---\nlicense: mit\ntags: [a\n---\n# x\n")
    text = client.spoke("upload", repo, str(work / "README.md"), token=hub.alice, code="fails")
    assert "README.md" in text and any(c.isdigit() for c in text)
    assert head(hub, repo) and len(hub.owner.get(f"/api/models/{repo}/commits/main").json()) == 1


def test_repos(hub, client):
    repo = hub.name("minerepo")
    made = client.json("repos", "create", repo, "--private", token=hub.alice)
    assert made["url"] == f"{hub.url}/{repo}"
    assert hub.owner.get(f"/api/models/{repo}").json()["private"] is True
    client.spoke("repos", "create", repo, token=hub.alice, code="fails")
    client.spoke("repos", "create", repo, "--exist-ok", token=hub.alice)
    client.spoke("repos", "branch", "create", repo, "dev", token=hub.alice)
    client.spoke("repos", "tag", "create", repo, "v1", "-m", "one", token=hub.alice)
    refs = hub.owner.get(f"/api/models/{repo}/refs").json()
    assert sorted(b["name"] for b in refs["branches"]) == ["dev", "main"]
    assert [t["name"] for t in refs["tags"]] == ["v1"]
    assert "v1" in client.spoke("repos", "tag", "list", repo, token=hub.alice)
    client.spoke("repos", "tag", "delete", repo, "v1", "--yes", token=hub.alice)
    client.spoke("repos", "branch", "delete", repo, "dev", token=hub.alice)
    assert hub.owner.get(f"/api/models/{repo}/refs").json()["tags"] == []
    hub.owner.commit(repo, {"a.log": b"1", "b.txt": b"2"})
    client.spoke("repos", "delete-files", repo, "*.log", token=hub.alice)
    files = [s["rfilename"] for s in hub.owner.get(f"/api/models/{repo}").json()["siblings"]]
    assert files == [".gitattributes", "b.txt"]
    client.spoke("repos", "delete", repo, "--yes", token=hub.alice)
    assert hub.owner.get(f"/api/models/{repo}").status == 404


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_lists_and_info(hub, client, kind):
    repo = hub.make(kind, files={"README.md": b"---\nlicense: mit\n---\n"}, stem=f"minelist{kind}")
    words = (f"{kind}s", "ls", "--author", "alice", "--search", f"minelist{kind}")
    found = client.json(*words)
    assert [r["id"] for r in found] == [repo]
    assert client.spoke(*words, "-q").split() == [repo]
    info = client.json(f"{kind}s", "info", repo)
    assert info["id"] == repo and info["sha"] == head(hub, repo, kind)
    assert repo in client.spoke(f"{kind}s", "ls", "--author", "alice")
    secret = hub.make(kind, True, stem=f"minehidden{kind}")
    assert secret not in client.spoke(f"{kind}s", "ls", "--author", "alice", token=hub.mallory)


def test_repos_ls(hub, client):
    hub.server.user("lister")
    token = hub.server.token("lister")
    owner = hub.plain(token)
    owner.create("lister/one")
    owner.create("lister/two", "dataset", True)
    found = client.json("repos", "ls", token=token)
    assert sorted(r["id"] for r in found) == ["lister/one", "lister/two"]


def test_login(hub, client):
    client.spoke("auth", "login", "--token", hub.alice)
    path = client.home / "token"
    assert path.read_text() == hub.alice and path.stat().st_mode & 0o777 == 0o600
    assert "alice" in client.spoke("auth", "whoami")
    who = client.python("from huggingface_hub import whoami; print(whoami()['name'])")
    assert who.strip() == "alice"
    client.spoke("auth", "login", stdin=hub.bob + "\n")
    assert "bob" in client.spoke("auth", "whoami")
    names = client.spoke("auth", "list")
    assert "laptop" in names and "bob-write" in names and hub.bob not in names
    client.spoke("auth", "switch", "--token-name", "laptop")
    assert "alice" in client.spoke("auth", "whoami")
    assert client.spoke("auth", "token", "-q").strip() == hub.alice
    client.spoke("auth", "logout", "--token-name", "laptop")
    client.spoke("auth", "login", "--token", "hf_" + "0" * 34, code="fails")
    assert hub.bob not in client.spoke("env")


def test_login_at_a_terminal(hub, client):
    """What is pasted the moment the question stands there counts, and is not shown."""
    for _ in range(5):
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(program(), ["spoke", "auth", "login"], client.env())
        shown, sent = b"", False
        with contextlib.suppress(OSError):  # EIO: the other end is closed
            while more := os.read(terminal, 4096):
                shown += more
                if b"shown): " in shown and not sent:
                    sent = os.write(terminal, hub.alice.encode() + b"\n")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, shown
        os.close(terminal)
        assert b"user: alice" in shown and hub.alice.encode() not in shown


def test_token_of_python_is_used(hub, client):
    client.python(f"from huggingface_hub import login; login({hub.alice!r})")
    assert "alice" in client.spoke("auth", "whoami")
    assert "laptop" in client.spoke("auth", "list")


def test_cache_commands(hub, client, repo):
    client.spoke("download", repo)
    listed = client.json("cache", "ls")
    assert isinstance(listed, list) and len(listed) == 1
    size = listed[0].get("size") or listed[0].get("size_on_disk")
    total = len(DATA) + sum(map(len, FILES.values()))
    assert isinstance(size, int) and size >= total
    checked = client.json("cache", "verify", repo)
    assert checked["checked"] == len(FILES) + 2
    assert client.spoke("cache", "path").strip() == str(client.cache)
    blob = (client.folder(repo) / "blobs" / gitid.sha256(DATA))
    blob.chmod(0o644)
    blob.write_bytes(DATA[:-1] + bytes([DATA[-1] ^ 1]))
    text = client.spoke("cache", "verify", repo, code="fails")
    assert "w.safetensors" in text
    client.spoke("cache", "rm", f"model/{repo}", "--yes")
    assert not client.folder(repo).exists()


def test_damaged_blob_is_not_returned(hub, client, repo):
    """A blob of the wrong size is never handed out; asking again repairs it."""
    path = pathlib.Path(client.spoke("download", repo, "w.safetensors", "-q").strip())
    blob = path.resolve()
    blob.chmod(0o644)
    blob.write_bytes(DATA[: len(DATA) // 2])
    path = pathlib.Path(
        client.spoke("download", repo, "w.safetensors", "-q", "--force-download").strip()
    )
    assert path.read_bytes() == DATA
