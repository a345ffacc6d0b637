"""The `hf-hub` crate, which Rust programs (TEI, candle, tokenizers) download with."""

import os
import pathlib

import pytest
from support import gitid
from support.drivers import DriverError, rust

WEIGHTS = os.urandom(50_000)


@pytest.fixture(scope="module")
def repo(hub):
    files = {"config.json": b'{"model_type": "bert"}', "a/b.txt": b"0123456789"}
    return hub.make(files=files, lfs={"model.safetensors": WEIGHTS}, stem="rs")


def head(hub, repo):
    return hub.owner.get(f"/api/models/{repo}").json()["sha"]


def test_download(hub, repo, work):
    path = rust(hub, "download_file", hub.bob_read, work, repo=repo, file="model.safetensors")
    assert pathlib.Path(path).read_bytes() == WEIGHTS
    assert f"/snapshots/{head(hub, repo)}/" in path
    again = rust(hub, "download_file", None, work, repo=repo, file="model.safetensors")
    assert again == path
    cached = rust(
        hub, "download_file", None, work, repo=repo, file="model.safetensors", offline=True
    )
    assert cached == path
    with pytest.raises(DriverError):
        rust(hub, "download_file", None, work, repo=repo, file="a/b.txt", offline=True)


def test_download_errors(hub, repo, work):
    for args, kind in (
        ({"repo": repo, "file": "absent"}, "EntryNotFound"),
        ({"repo": "alice/absent", "file": "x"}, "RepoNotFound"),
        ({"repo": repo, "file": "config.json", "revision": "absent"}, "NotFound"),
    ):
        with pytest.raises(DriverError) as caught:
            rust(hub, "download_file", hub.bob_read, work, **args)
        assert "NotFound" in caught.value.record["kind"], (kind, caught.value.record)


def test_range(hub, repo):
    got = rust(hub, "download_range", None, repo=repo, file="a/b.txt", **{"from": 2, "to": 5})
    assert got == "234"


def test_snapshot(hub, repo, work):
    path = rust(hub, "snapshot_download", None, work, repo=repo)
    found = sorted(str(p.relative_to(path)) for p in pathlib.Path(path).rglob("*") if p.is_file())
    assert found == [".gitattributes", "a/b.txt", "config.json", "model.safetensors"]


def test_private(hub, work):
    name = hub.make(private=True, files={"s.txt": b"secret"})
    path = rust(hub, "download_file", hub.alice_read, work, repo=name, file="s.txt")
    assert pathlib.Path(path).read_bytes() == b"secret"
    for token in (hub.mallory, None):
        with pytest.raises(DriverError):
            rust(hub, "download_file", token, work / "other", repo=name, file="s.txt")


def test_info(hub, repo):
    info = rust(hub, "info", None, repo=repo)
    assert (info["id"], info["sha"], info["private"]) == (repo, head(hub, repo), False)
    assert {s["rfilename"] for s in info["siblings"]} == {
        ".gitattributes",
        "config.json",
        "a/b.txt",
        "model.safetensors",
    }
    part = rust(hub, "info", None, repo=repo, revision="main", expand=["sha", "author"])
    assert part["author"] == "alice" and part["siblings"] is None
    name = hub.make("dataset")
    assert rust(hub, "dataset_info", None, repo=name)["id"] == name


def test_exists(hub, repo):
    assert rust(hub, "exists", None, repo=repo) is True
    assert rust(hub, "exists", hub.bob_read, repo="alice/absent") is False
    assert rust(hub, "revision_exists", None, repo=repo, revision="main") is True
    assert rust(hub, "revision_exists", None, repo=repo, revision="absent") is False
    assert rust(hub, "file_exists", None, repo=repo, file="a/b.txt") is True
    assert rust(hub, "file_exists", None, repo=repo, file="absent") is False


def test_tree_and_paths(hub, repo):
    tree = rust(hub, "list_tree", None, repo=repo, recursive=True, expand=True)
    found = {e["path"]: e for e in tree}
    assert len(found) == 5 and found["a"]["type"] == "directory"
    assert found["a/b.txt"]["oid"] == gitid.blob(b"0123456789")
    weights = found["model.safetensors"]
    assert weights["oid"] == gitid.blob(gitid.pointer(WEIGHTS))
    assert (weights["size"], weights["lfs"]["size"]) == (50_000, 50_000)
    assert weights["lastCommit"]["title"] == "files"
    infos = rust(hub, "get_paths_info", None, repo=repo, paths=["a/b.txt", "absent"])
    assert len(infos) == 1 and "a/b.txt" in str(infos)
    meta = rust(hub, "get_file_metadata", None, repo=repo, file="model.safetensors")
    assert meta == {"etag": gitid.sha256(WEIGHTS), "commit": head(hub, repo), "size": 50_000}


def test_life_of_a_repo(hub):
    name = hub.name("rs-made")
    url = rust(hub, "create_repository", hub.alice, repo=name, private=True)
    assert url == f"{hub.url}/{name}"
    with pytest.raises(DriverError) as caught:
        rust(hub, "create_repository", hub.alice, repo=name)
    assert caught.value.record["kind"] == "Conflict"
    rust(hub, "create_repository", hub.alice, repo=name, exist_ok=True)
    assert rust(hub, "exists", hub.mallory, repo=name) is False
    rust(hub, "update_settings", hub.alice, repo=name, private=False)
    assert rust(hub, "exists", hub.mallory, repo=name) is True
    with pytest.raises(DriverError) as caught:
        rust(hub, "delete_repository", hub.mallory, repo=name)
    assert caught.value.record["kind"] == "Forbidden"
    rust(hub, "delete_repository", hub.alice, repo=name)
    assert rust(hub, "exists", hub.alice, repo=name) is False


def test_commits(hub):
    name = hub.make()
    first = rust(hub, "upload_file", hub.alice, repo=name, file="one.txt", content="one")
    assert first["oid"] == head(hub, name)
    parent = first["oid"]
    done = rust(
        hub,
        "create_commit",
        hub.alice,
        repo=name,
        add={"two.txt": "two"},
        delete=["one.txt"],
        parent=parent,
    )
    files = [s["rfilename"] for s in hub.owner.get(f"/api/models/{name}").json()["siblings"]]
    assert files == [".gitattributes", "two.txt"]
    with pytest.raises(DriverError):
        rust(hub, "create_commit", hub.alice, repo=name, add={"x": "x"}, parent=parent)
    commits = rust(hub, "list_commits", None, repo=name)
    assert [c[0] for c in commits[:2]] == [done["oid"], parent]
    rust(hub, "delete_file", hub.alice, repo=name, file="two.txt")
    files = [s["rfilename"] for s in hub.owner.get(f"/api/models/{name}").json()["siblings"]]
    assert files == [".gitattributes"]


def test_inline_upload_of_lfs_paths(hub):
    """This client has no basic LFS transfer: it sends such files inside the commit."""
    name = hub.make()
    rust(hub, "upload_file", hub.alice, repo=name, file="tiny.safetensors", content="tensors")
    res = hub.owner.get(f"/{name}/resolve/main/tiny.safetensors")
    assert res.status == 200 and res.body == b"tensors"


def test_upload_folder(hub, work):
    name = hub.make("dataset")
    (work / "sub").mkdir()
    (work / "sub/a.txt").write_text("a")
    (work / "b.txt").write_text("b")
    rust(hub, "upload_folder", hub.alice, repo=name, kind="dataset", folder=str(work))
    res = hub.owner.get(f"/api/datasets/{name}").json()
    files = sorted(s["rfilename"] for s in res["siblings"])
    assert files == [".gitattributes", "b.txt", "sub/a.txt"]
    rust(hub, "delete_folder", hub.alice, repo=name, kind="dataset", file="sub")
    res = hub.owner.get(f"/api/datasets/{name}").json()
    assert sorted(s["rfilename"] for s in res["siblings"]) == [".gitattributes", "b.txt"]


def test_refs(hub):
    name = hub.make(files={"f": b"f"})
    sha = head(hub, name)
    rust(hub, "create_branch", hub.alice, repo=name, file="dev/x")
    rust(hub, "create_tag", hub.alice, repo=name, file="v1", revision="main")
    refs = rust(hub, "list_refs", None, repo=name)
    assert sorted(refs["branches"]) == [["dev/x", sha], ["main", sha]]
    assert refs["tags"] == [["v1", sha]]
    rust(hub, "delete_branch", hub.alice, repo=name, file="dev/x")
    rust(hub, "delete_tag", hub.alice, repo=name, file="v1")
    assert rust(hub, "list_refs", None, repo=name) == {"branches": [["main", sha]], "tags": []}


def test_whoami_and_lists(hub):
    assert rust(hub, "whoami", hub.alice) == "alice"
    hub.server.user("rsuser")
    owner = hub.plain(hub.server.token("rsuser"))
    owner.create("rsuser/m1")
    owner.create("rsuser/m2")
    owner.create("rsuser/d", "dataset")
    owner.create("rsuser/s", "space")
    found = rust(hub, "list_models", None, author="rsuser")
    assert sorted(found) == ["rsuser/m1", "rsuser/m2"]
    assert rust(hub, "list_models", None, author="rsuser", search="m2") == ["rsuser/m2"]
    assert rust(hub, "list_datasets", None, author="rsuser") == ["rsuser/d"]
    assert rust(hub, "list_spaces", None, author="rsuser") == ["rsuser/s"]
