"""Uploads and commits: content, git ids, races, repeats."""

import io
import os
import threading

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi
from huggingface_hub.utils import EntryNotFoundError, HfHubHTTPError
from support import gitid


@pytest.fixture
def api(hub):
    return HfApi(token=hub.alice)


@pytest.fixture
def repo(hub):
    return hub.make()


def blobs(api, repo, **kw):
    """{path: git blob id} by the recursive tree listing."""
    tree = api.list_repo_tree(repo, recursive=True, **kw)
    return {e.path: e.blob_id for e in tree if hasattr(e, "blob_id")}


def content(hub, repo, path, rev="main"):
    res = hub.owner.get(f"/{repo}/resolve/{rev}/{path}")
    assert res.status == 200, res
    return res.body


def test_upload_file(hub, api, repo):
    info = api.upload_file(path_or_fileobj=b"hello\n", path_in_repo="a/b.txt", repo_id=repo)
    assert info.commit_url == f"{hub.url}/{repo}/commit/{info.oid}"
    assert api.model_info(repo).sha == info.oid
    assert content(hub, repo, "a/b.txt") == b"hello\n"
    assert blobs(api, repo)["a/b.txt"] == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_git_agrees(hub, api, repo):
    """Blob, tree and commit ids are git's; git itself finds nothing wrong in the repository."""
    files = {"x.txt": b"x", "d/e/f.json": b"{}", "d.txt": b"sorts before d/", "empty": b""}
    ops = [CommitOperationAdd(path_in_repo=p, path_or_fileobj=c) for p, c in files.items()]
    info = api.create_commit(repo, ops, commit_message="Title", commit_description="Body text")
    tree = api.list_repo_tree(repo, recursive=True)
    seen = {e.path: getattr(e, "blob_id", None) or e.tree_id for e in tree}
    attributes = content(hub, repo, ".gitattributes")
    ids = {p: gitid.blob(c) for p, c in {**files, ".gitattributes": attributes}.items()}
    folders = gitid.trees(ids)
    root = folders.pop("")
    assert seen == {**ids, **folders}
    assert hub.server.git(info.oid, "rev-parse", "main", "main^{tree}").split() == [info.oid, root]
    hub.server.git(info.oid, "fsck", "--strict", "--full")
    shown = hub.server.git(info.oid, "log", "-1", "--format=%an|%s|%b", info.oid).strip()
    assert shown == "alice|Title|Body text"
    log = hub.server.git(info.oid, "log", "--format=%H").split()
    assert log == [c.commit_id for c in api.list_repo_commits(repo)]


def test_add_copy_delete(hub, api, repo):
    api.create_commit(
        repo,
        [
            CommitOperationAdd("keep.txt", b"keep"),
            CommitOperationAdd("gone.txt", b"gone"),
            CommitOperationAdd("dir/a.txt", b"a"),
            CommitOperationAdd("dir/b.txt", b"b"),
            CommitOperationAdd("weights.safetensors", b"\x08" + b"\0" * 99),
        ],
        commit_message="first",
    )
    api.create_commit(
        repo,
        [
            CommitOperationCopy("keep.txt", "copy/of.txt"),
            CommitOperationCopy("weights.safetensors", "copy/w.safetensors"),
            CommitOperationDelete("gone.txt"),
            CommitOperationDelete("dir/", is_folder=True),
            CommitOperationAdd("keep.txt", b"new"),
        ],
        commit_message="second",
    )
    assert sorted(api.list_repo_files(repo)) == [
        ".gitattributes",
        "copy/of.txt",
        "copy/w.safetensors",
        "keep.txt",
        "weights.safetensors",
    ]
    assert content(hub, repo, "copy/of.txt") == b"keep"
    assert content(hub, repo, "keep.txt") == b"new"
    assert content(hub, repo, "copy/w.safetensors") == b"\x08" + b"\0" * 99
    assert blobs(api, repo)["copy/w.safetensors"] == blobs(api, repo)["weights.safetensors"]


def test_delete_what_is_not_there(api, repo):
    with pytest.raises(EntryNotFoundError) as caught:
        api.delete_file("nothing.txt", repo)
    assert caught.value.response.status_code == 404
    assert "nothing.txt" in str(caught.value)


def test_delete_folder_and_files(api, repo):
    files = ["a/1.txt", "a/2.txt", "b/1.txt", "b/2.log", "c.log"]
    ops = [CommitOperationAdd(p, p.encode()) for p in files]
    api.create_commit(repo, ops, commit_message="files")
    api.delete_folder("a", repo)
    assert sorted(api.list_repo_files(repo)) == [".gitattributes", "b/1.txt", "b/2.log", "c.log"]
    api.delete_files(repo, ["*.log"])
    assert sorted(api.list_repo_files(repo)) == [".gitattributes", "b/1.txt"]


def test_race_for_one_parent(api, repo):
    """Of several commits on one parent exactly one wins; the others hear 412."""
    parent = api.model_info(repo).sha
    won, lost = [], []

    def push(n):
        try:
            op = CommitOperationAdd("race.txt", b"%d" % n)
            won.append(
                api.create_commit(repo, [op], commit_message=f"c{n}", parent_commit=parent).oid
            )
        except HfHubHTTPError as err:
            lost.append(err.response.status_code)

    threads = [threading.Thread(target=push, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(won) == 1 and lost == [412] * 5
    assert [c.commit_id for c in api.list_repo_commits(repo)] == [won[0], parent]


def test_stale_parent(api, repo):
    parent = api.model_info(repo).sha
    api.upload_file(path_or_fileobj=b"1", path_in_repo="1.txt", repo_id=repo)
    with pytest.raises(HfHubHTTPError) as caught:
        api.upload_file(
            path_or_fileobj=b"2", path_in_repo="2.txt", repo_id=repo, parent_commit=parent
        )
    assert caught.value.response.status_code == 412
    assert "A commit has happened since" in str(caught.value)


def test_repeated_commit_gets_the_first_answer(hub, repo):
    """The same request sent twice, as after a lost answer: one commit, one id."""
    parent = hub.owner.get(f"/api/models/{repo}").json()["sha"]
    body = (
        '{"key":"header","value":{"summary":"once","description":"","parentCommit":"%s"}}\n'
        '{"key":"file","value":{"path":"o.txt","content":"b25jZQ==","encoding":"base64"}}\n'
    ) % parent
    kind = {"Content-Type": "application/x-ndjson"}
    answers = [
        hub.owner.post(f"/api/models/{repo}/commit/main", body.encode(), headers=kind)
        for _ in range(2)
    ]
    assert [a.status for a in answers] == [200, 200]
    assert answers[0].json()["commitOid"] == answers[1].json()["commitOid"] != parent
    commits = hub.owner.get(f"/api/models/{repo}/commits/main").json()
    assert [c["id"] for c in commits] == [answers[0].json()["commitOid"], parent]


def test_no_change_makes_no_commit(api, repo):
    first = api.upload_file(path_or_fileobj=b"same", path_in_repo="s.txt", repo_id=repo)
    again = api.upload_file(path_or_fileobj=b"same", path_in_repo="s.txt", repo_id=repo)
    assert again.oid == first.oid
    assert len(api.list_repo_commits(repo)) == 2


def test_lfs_small_by_suffix(hub, api, repo):
    data = os.urandom(3000)
    api.upload_file(path_or_fileobj=data, path_in_repo="model.safetensors", repo_id=repo)
    entry = api.get_paths_info(repo, ["model.safetensors"])[0]
    pointer = gitid.pointer(data)
    assert entry.lfs["sha256"] == gitid.sha256(data)
    assert (entry.lfs["size"], entry.lfs["pointer_size"]) == (3000, len(pointer))
    assert (entry.size, entry.blob_id) == (3000, gitid.blob(pointer))
    assert content(hub, repo, "model.safetensors") == data
    raw = hub.owner.get(f"/{repo}/raw/main/model.safetensors")
    assert raw.body == pointer
    sibling = [
        s
        for s in api.model_info(repo, files_metadata=True).siblings
        if s.rfilename == "model.safetensors"
    ][0]
    assert (sibling.size, sibling.blob_id) == (3000, entry.blob_id)
    assert (sibling.lfs["sha256"], sibling.lfs["size"]) == (gitid.sha256(data), 3000)


def test_lfs_large(hub, api, repo, work):
    data = os.urandom(12 * 1024 * 1024 + 17)
    path = work / "large.dat"
    path.write_bytes(data)
    api.upload_file(path_or_fileobj=path, path_in_repo="deep/large.dat", repo_id=repo)
    entry = api.get_paths_info(repo, ["deep/large.dat"])[0]
    assert entry.lfs["sha256"] == gitid.sha256(data) and entry.size == len(data)
    assert content(hub, repo, "deep/large.dat") == data


def test_lfs_present_content_is_not_sent_again(hub, api, repo, capture):
    data = os.urandom(20000)
    api.upload_file(path_or_fileobj=data, path_in_repo="one.bin", repo_id=repo)
    with capture() as seen:
        api.upload_file(path_or_fileobj=io.BytesIO(data), path_in_repo="two.bin", repo_id=repo)
    assert not [r for r in seen() if r.method == "PUT"], seen()
    assert content(hub, repo, "two.bin") == data
    other = hub.make()
    api.upload_file(path_or_fileobj=data, path_in_repo="three.bin", repo_id=other)
    assert content(hub, other, "three.bin") == data


def test_lfs_content_of_others_must_be_shown(hub, api):
    """Who only knows the hash of a private file gets neither the file nor a commit with it."""
    data = os.urandom(5000)
    secret = hub.make(private=True)
    api.upload_file(path_or_fileobj=data, path_in_repo="s.bin", repo_id=secret)
    thief = hub.plain(hub.mallory)
    thief.create("mallory/thief-" + gitid.sha256(data)[:8])
    repo = "mallory/thief-" + gitid.sha256(data)[:8]
    thing = {"oid": gitid.sha256(data), "size": len(data)}
    line = {"path": "s.bin", "algo": "sha256", **thing}
    import json

    body = "\n".join(
        json.dumps(x)
        for x in (
            {"key": "header", "value": {"summary": "steal", "description": ""}},
            {"key": "lfsFile", "value": line},
        )
    )
    res = thief.post(
        f"/api/models/{repo}/commit/main",
        body.encode(),
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert res.status == 400, res
    batch = thief.lfs_batch(repo, "download", [thing]).json()["objects"][0]
    assert "actions" not in batch and batch["error"]["code"] == 404


def test_upload_folder(hub, api, repo, work):
    files = {
        "config.json": b'{"a": 1}',
        "sub/tokens.txt": b"one\ntwo\n",
        "sub/model.safetensors": os.urandom(500),
        "notes.tmp": b"not this",
        ".hidden": b"dot files go",
    }
    for path, data in files.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_bytes(data)
    info = api.upload_folder(folder_path=work, repo_id=repo, ignore_patterns=["*.tmp"])
    assert api.model_info(repo).sha == info.oid
    wanted = sorted([*(p for p in files if p != "notes.tmp"), ".gitattributes"])
    assert sorted(api.list_repo_files(repo)) == wanted
    for path in wanted[1:]:
        if path in files:
            assert content(hub, repo, path) == files[path]
    api.upload_folder(
        folder_path=work / "sub", path_in_repo="sub", repo_id=repo, delete_patterns=["*.txt"],
        ignore_patterns=["*.txt"],
    )
    assert "sub/tokens.txt" not in api.list_repo_files(repo)


def test_gitignore_is_respected(api, repo, work):
    (work / ".gitignore").write_text("*.secret\n")
    (work / "a.txt").write_text("a")
    (work / "b.secret").write_text("b")
    api.upload_folder(folder_path=work, repo_id=repo)
    assert sorted(api.list_repo_files(repo)) == [".gitattributes", ".gitignore", "a.txt"]


def test_gitattributes_decide_lfs(api, repo):
    rule = b"*.blob filter=lfs diff=lfs merge=lfs -text\n"
    api.upload_file(path_or_fileobj=rule, path_in_repo=".gitattributes", repo_id=repo)
    api.upload_file(path_or_fileobj=b"tiny", path_in_repo="t.blob", repo_id=repo)
    api.upload_file(path_or_fileobj=b"tiny", path_in_repo="t.safetensors", repo_id=repo)
    infos = {e.path: e for e in api.get_paths_info(repo, ["t.blob", "t.safetensors"])}
    assert infos["t.blob"].lfs["sha256"] == gitid.sha256(b"tiny")
    assert infos["t.safetensors"].lfs is None


def test_read_token_cannot_commit(hub, repo):
    for token, status in ((hub.alice_read, 403), (hub.mallory, 403), (False, 401)):
        with pytest.raises(HfHubHTTPError) as caught:
            HfApi(token=token).upload_file(
                path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=repo
            )
        assert caught.value.response.status_code == status
        assert str(status) in str(caught.value)


def test_card_errors_reach_the_user(hub, api, repo):
    bad = b"---\ntags: [a\nlicense: mit\n---\n# Card\n"
    with pytest.raises(ValueError, match="Invalid metadata in README.md"):
        api.upload_file(path_or_fileobj=bad, path_in_repo="README.md", repo_id=repo)
    good = b"---\nlicense: mit\ntags:\n- tiny\n---\n# Card\n"
    api.upload_file(path_or_fileobj=good, path_in_repo="README.md", repo_id=repo)
    info = api.model_info(repo)
    assert info.card_data["license"] == "mit"
    assert {"tiny", "license:mit"} <= set(info.tags)


def test_odd_names_survive(hub, api, repo):
    names = ["sp ace.txt", "ümlaut/файл.txt", "a+b&c=d?e#f.txt", "100%.txt", "日本/語.json"]
    ops = [CommitOperationAdd(n, n.encode()) for n in names]
    api.create_commit(repo, ops, commit_message="odd names")
    assert set(names) <= set(api.list_repo_files(repo))
    for name in names:
        path = api.hf_hub_download(repo, name)
        with open(path, "rb") as f:
            assert f.read() == name.encode()
        assert api.file_exists(repo, name)
    assert len(api.get_paths_info(repo, names)) == len(names)


def test_commit_to_a_branch(hub, api, repo):
    api.create_branch(repo, branch="feature/x")
    info = api.upload_file(
        path_or_fileobj=b"b", path_in_repo="b.txt", repo_id=repo, revision="feature/x"
    )
    assert api.model_info(repo, revision="feature/x").sha == info.oid
    assert not api.file_exists(repo, "b.txt")
    assert api.file_exists(repo, "b.txt", revision="feature/x")
    with pytest.raises(HfHubHTTPError) as caught:
        api.upload_file(path_or_fileobj=b"", path_in_repo="b", repo_id=repo, revision="absent")
    assert caught.value.response.status_code == 404
    assert caught.value.response.headers["X-Error-Code"] == "RevisionNotFound"
