"""`@huggingface/hub` from npm, as browsers and Node programs use it."""

import os

import pytest
from support import gitid
from support.drivers import DriverError, blob, npm, unblob


def model(name):
    return {"type": "model", "name": name}


@pytest.fixture(scope="module")
def repo(hub):
    files = {"config.json": b'{"a": 1}', "dir/note.txt": "höhe\n".encode()}
    return hub.make(files=files, lfs={"w.safetensors": os.urandom(70_000)}, stem="js")


def test_who_am_i(hub):
    me = npm(hub, "whoAmI", hub.alice)
    assert (me["type"], me["name"], me["auth"]["accessToken"]["role"]) == ("user", "alice", "write")
    with pytest.raises(DriverError) as caught:
        npm(hub, "whoAmI", hub.expired)
    assert caught.value.record["statusCode"] == 401


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_life_of_a_repo(hub, kind):
    repo = {"type": kind, "name": hub.name("js-made")}
    prefix = "" if kind == "model" else kind + "s/"
    assert npm(hub, "repoExists", hub.alice, repo=repo) is False
    made = npm(hub, "createRepo", hub.alice, repo=repo, visibility="private")
    assert made["repoUrl"] == f"{hub.url}/{prefix}{repo['name']}"
    with pytest.raises(DriverError) as caught:
        npm(hub, "createRepo", hub.alice, repo=repo)
    assert caught.value.record["statusCode"] == 409
    assert npm(hub, "repoExists", hub.alice, repo=repo) is True
    npm(hub, "checkRepoAccess", hub.alice, repo=repo)
    with pytest.raises(DriverError) as caught:
        npm(hub, "checkRepoAccess", hub.mallory, repo=repo)
    assert caught.value.record["statusCode"] == 404
    npm(hub, "deleteRepo", hub.alice, repo=repo)
    assert npm(hub, "repoExists", hub.alice, repo=repo) is False


def test_create_with_files(hub):
    repo = model(hub.name("js-files"))
    files = [{"path": "hello.txt", "content": blob(b"hello")}]
    npm(hub, "createRepo", hub.alice, repo=repo, files=files)
    got = npm(hub, "downloadFile", hub.alice, repo=repo, path="hello.txt")
    assert unblob(got) == b"hello"


def test_create_with_a_license(hub):
    """The card of the new repository names it; what is no license name is refused."""
    repo = model(hub.name("js-license"))
    npm(hub, "createRepo", hub.alice, repo=repo, license="apache-2.0")
    info = hub.owner.get(f"/api/models/{repo['name']}").json()
    assert info["cardData"] == {"license": "apache-2.0"} and "license:apache-2.0" in info["tags"]
    with pytest.raises(DriverError) as caught:
        npm(hub, "createRepo", hub.alice, repo=model(hub.name("js-l")), license="mit\ntags: [x]")
    assert caught.value.record["statusCode"] == 400


def test_upload_and_download(hub):
    repo = model(hub.make(stem="js-up"))
    big = os.urandom(11 * 1024 * 1024)
    files = [
        {"path": "a.txt", "content": blob(b"text")},
        {"path": "sub/w.safetensors", "content": blob(os.urandom(500))},
        {"path": "big.dat", "content": blob(big)},
    ]
    done = npm(
        hub, "uploadFiles", hub.alice, repo=repo, files=files, commitTitle="three", useXet=False
    )
    head = hub.owner.get(f"/api/models/{repo['name']}").json()
    assert done["commit"]["oid"] == head["sha"]
    assert done["commit"]["url"] == f"{hub.url}/{repo['name']}/commit/{head['sha']}"
    for item in files:
        got = npm(hub, "downloadFile", hub.bob_read, repo=repo, path=item["path"])
        assert got == item["content"]
    info = npm(hub, "pathsInfo", repo=repo, paths=["sub/w.safetensors", "big.dat"])
    assert all(i["lfs"] for i in info)
    assert {i["lfs"]["oid"] for i in info} >= {gitid.sha256(big)}


def test_default_upload_falls_back_from_xet(hub):
    """The client offers Xet by itself; the server's "basic" is taken."""
    repo = model(hub.make(stem="js-basic"))
    data = os.urandom(2000)
    npm(hub, "uploadFile", hub.alice, repo=repo, file={"path": "w.bin", "content": blob(data)})
    assert unblob(npm(hub, "downloadFile", repo=repo, path="w.bin")) == data


def test_commit_with_deletions(hub, repo):
    name = hub.make(files={"old.txt": b"1", "keep.txt": b"2"})
    ops = [
        {"operation": "delete", "path": "old.txt"},
        {"operation": "addOrUpdate", "path": "new.txt", "content": blob("ü".encode())},
    ]
    parent = hub.owner.get(f"/api/models/{name}").json()["sha"]
    done = npm(
        hub,
        "commit",
        hub.alice,
        repo=model(name),
        title="swap",
        operations=ops,
        parentCommit=parent,
    )
    listed = npm(hub, "listFiles", repo=model(name))
    assert sorted(f["path"] for f in listed) == [".gitattributes", "keep.txt", "new.txt"]
    with pytest.raises(DriverError) as caught:
        npm(
            hub,
            "commit",
            hub.alice,
            repo=model(name),
            title="late",
            operations=[{"operation": "addOrUpdate", "path": "x", "content": blob(b"x")}],
            parentCommit=parent,
        )
    assert caught.value.record["statusCode"] == 412
    npm(hub, "deleteFiles", hub.alice, repo=model(name), paths=["new.txt", "keep.txt"])
    listed = npm(hub, "listFiles", repo=model(name))
    assert [f["path"] for f in listed] == [".gitattributes"]
    assert done["commit"]["oid"] != parent


def test_list_files(hub, repo):
    listed = npm(hub, "listFiles", repo=model(repo), recursive=True)
    found = {f["path"]: f for f in listed}
    assert sorted(found) == [
        ".gitattributes",
        "config.json",
        "dir",
        "dir/note.txt",
        "w.safetensors",
    ]
    assert found["dir/note.txt"]["oid"] == gitid.blob("höhe\n".encode())
    assert found["w.safetensors"]["lfs"]["size"] == 70_000
    inner = npm(hub, "listFiles", repo=model(repo), path="dir", revision="main", expand=True)
    assert [f["path"] for f in inner] == ["dir/note.txt"]
    assert inner[0]["lastCommit"]["title"] == "files"


def test_paths_info(hub, repo):
    infos = npm(hub, "pathsInfo", repo=model(repo), paths=["config.json", "absent"], expand=True)
    assert [i["path"] for i in infos] == ["config.json"]
    assert infos[0]["lastCommit"]["title"] == "files"


def test_file_exists(hub, repo):
    assert npm(hub, "fileExists", repo=model(repo), path="config.json") is True
    assert npm(hub, "fileExists", repo=model(repo), path="absent") is False


def test_download(hub, repo):
    info = npm(hub, "fileDownloadInfo", repo=model(repo), path="w.safetensors")
    assert info["size"] == 70_000 and info["xet"] is None
    part = npm(hub, "downloadFile", repo=model(repo), path="config.json", **{"$slice": [1, 4]})
    assert unblob(part) == b'"a"'
    raw = npm(hub, "downloadFile", repo=model(repo), path="w.safetensors", raw=True)
    assert unblob(raw).startswith(b"version https://git-lfs.github.com/spec/v1\n")
    assert npm(hub, "downloadFile", repo=model(repo), path="absent") is None


def test_copy_a_small_file(hub):
    """The client gives its commit no title; the server does."""
    source, target = hub.make(files={"a.txt": b"copied"}), hub.make()
    npm(
        hub,
        "copyFile",
        hub.alice,
        source={"repo": model(source), "path": "a.txt"},
        destination={"repo": model(target), "path": "b/a.txt"},
    )
    assert hub.owner.get(f"/{target}/resolve/main/b/a.txt").body == b"copied"
    commits = hub.owner.get(f"/api/models/{target}/commits/main").json()
    assert commits[0]["title"] == "Update files"


def test_download_private(hub):
    name = hub.make(private=True, files={"s.txt": b"secret"})
    got = npm(hub, "downloadFile", hub.alice_read, repo=model(name), path="s.txt")
    assert unblob(got) == b"secret"
    for token in (hub.mallory, None):
        with pytest.raises(DriverError) as caught:
            npm(hub, "downloadFile", token, repo=model(name), path="s.txt")
        assert caught.value.record["statusCode"] in (401, 404)


def test_snapshot_and_cache(hub, repo, work):
    params = {"repo": model(repo), "cacheDir": str(work)}
    path = npm(hub, "snapshotDownload", **params)
    assert sorted(os.listdir(path)) == [".gitattributes", "config.json", "dir", "w.safetensors"]
    one = npm(hub, "downloadFileToCacheDir", path="dir/note.txt", **params)
    assert open(one, "rb").read() == "höhe\n".encode()


def test_model_info(hub, repo):
    info = npm(hub, "modelInfo", name=repo, additionalFields=["author", "sha", "tags"])
    assert (info["name"], info["author"], info["private"]) == (repo, "alice", False)
    assert len(info["sha"]) == 40 and info["gated"] is False


def test_dataset_and_space_info(hub):
    name = hub.make("dataset")
    assert npm(hub, "datasetInfo", name=name)["name"] == name
    name = hub.make("space")
    assert npm(hub, "spaceInfo", name=name)["sdk"] == "static"


def test_lists(hub):
    hub.server.user("jsuser")
    owner = hub.plain(hub.server.token("jsuser"))
    for n in range(3):
        owner.create(f"jsuser/m{n}")
    owner.create("jsuser/d", "dataset")
    owner.create("jsuser/s", "space")
    owner.create("jsuser/p", private=True)
    found = npm(hub, "listModels", search={"owner": "jsuser"}, additionalFields=["sha"])
    assert sorted(m["name"] for m in found) == ["jsuser/m0", "jsuser/m1", "jsuser/m2"]
    assert all(len(m["sha"]) == 40 and m["updatedAt"] for m in found)
    some = npm(hub, "listModels", search={"owner": "jsuser", "query": "m1"})
    assert [m["name"] for m in some] == ["jsuser/m1"]
    assert len(npm(hub, "listModels", search={"owner": "jsuser"}, limit=2)) == 2
    found = npm(hub, "listDatasets", search={"owner": "jsuser"})
    assert [m["name"] for m in found] == ["jsuser/d"]
    found = npm(hub, "listSpaces", search={"owner": "jsuser"})
    assert [m["name"] for m in found] == ["jsuser/s"]


def test_history(hub):
    name = hub.make()
    made = [hub.owner.commit(name, {"f": b"%d" % n}, message=f"c{n}") for n in range(5)]
    commits = npm(hub, "listCommits", repo=model(name), batchSize=2)
    assert [c["oid"] for c in commits[:-1]] == made[::-1]
    assert commits[0]["title"] == "c4" and commits[0]["authors"][0]["username"] == "alice"
    assert npm(hub, "countCommits", repo=model(name)) == 6


def test_branches(hub):
    name = hub.make(files={"f": b"1"})
    npm(hub, "createBranch", hub.alice, repo=model(name), branch="dev/x")
    file = {"path": "g", "content": blob(b"g")}
    npm(hub, "uploadFile", hub.alice, repo=model(name), file=file, branch="dev/x")
    got = npm(hub, "downloadFile", repo=model(name), path="g", revision="dev/x")
    assert unblob(got) == b"g"
    npm(hub, "deleteBranch", hub.alice, repo=model(name), branch="dev/x")
    with pytest.raises(DriverError) as caught:
        npm(hub, "downloadFile", repo=model(name), path="g", revision="dev/x")
    assert caught.value.record["statusCode"] == 404


def test_safetensors_header(hub):
    import json
    import struct

    head = json.dumps({"t": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}).encode()
    name = hub.make(lfs={"model.safetensors": struct.pack("<Q", len(head)) + head + bytes(24)})
    found = npm(
        hub, "parseSafetensorsMetadata", repo=model(name), computeParametersCount=True
    )
    assert found["parameterCount"] == {"F32": 6}


def test_later_features_say_so(hub):
    name = hub.make()
    with pytest.raises(DriverError) as caught:
        npm(hub, "createRepo", hub.alice, repo={"type": "bucket", "name": "alice/b"})
    assert caught.value.record["statusCode"] == 501
    assert len(caught.value.record["message"]) > 20
    with pytest.raises(DriverError) as caught:
        npm(
            hub,
            "commit",
            hub.alice,
            repo=model(name),
            title="pr",
            operations=[{"operation": "addOrUpdate", "path": "x", "content": blob(b"x")}],
            isPullRequest=True,
        )
    assert caught.value.record["statusCode"] == 501


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_fields_that_only_the_hub_has(hub, kind):
    """This client may ask for what only huggingface.co keeps; it gets the rest."""
    name = hub.make(kind)
    info = npm(
        hub, f"{kind}Info", hub.alice, name=name, additionalFields=["sha", "gitalyUid", "tags"]
    )
    assert info["name"] == name and len(info["sha"]) == 40


def test_orders_that_come_later(hub):
    for sort in ("num_parameters", "mainSize"):
        with pytest.raises(DriverError) as caught:
            npm(hub, "listModels", hub.alice, sort=sort, limit=1)
        assert caught.value.record["statusCode"] == 501
    for sort in ("createdAt", "downloads", "likes", "lastModified", "likes30d", "trendingScore", "id"):
        npm(hub, "listModels", hub.alice, sort=sort, limit=1)
