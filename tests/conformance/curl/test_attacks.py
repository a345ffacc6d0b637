"""What nobody may get in, learn or break, asked with plain requests."""

import hashlib
import json
import time

import pytest

SECRET = b"weights that only alice may read\n" * 50


def pointer(data):
    oid = hashlib.sha256(data).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(data)}\n"


@pytest.fixture(scope="module")
def private(hub):
    return hub.make(private=True, lfs={"w.bin": SECRET}, stem="private")


def test_a_pointer_in_the_creating_request_gives_no_foreign_object(hub, private):
    bob = hub.plain(hub.bob)
    repo = hub.name("thief", "bob")
    files = [{"path": "w.bin", "content": pointer(SECRET), "encoding": "utf-8"}]
    body = {"name": repo.split("/")[1], "files": files}
    got = bob.post("/api/repos/create", body)
    assert got.status == 400 and b"does not exist" in got.body
    assert bob.get(f"/{repo}/resolve/main/w.bin").status == 404


def test_files_of_the_creating_request_is_a_list(hub):
    bob = hub.plain(hub.bob)
    for files in ("x", {"path": "a"}, 7):
        body = {"name": hub.name("list", "bob").split("/")[1], "files": files}
        assert bob.post("/api/repos/create", body).status == 400


def test_a_query_adds_no_link(hub):
    for stem in ("link-a", "link-b"):
        hub.make(stem=stem)
    got = hub.owner.get("/api/models?limit=1&x=a>;rel=next,<http://evil.example/?")
    link = got.headers["link"]
    assert link.count("<") == 1 and link.count(">") == 1
    assert link.startswith(f"<{hub.url}/api/models?") and link.endswith('>; rel="next"')


@pytest.mark.parametrize("name", ["v1\0x", "HEAD\0x", "a" * 40 + "\0"])
def test_a_tag_name_does_not_end_at_a_nul(hub, name):
    repo = hub.make(stem="nul")
    got = hub.owner.post(f"/api/models/{repo}/tag/main", json.dumps({"tag": name}).encode())
    assert got.status == 400
    assert hub.owner.get(f"/api/models/{repo}/refs").json()["tags"] == []


@pytest.mark.parametrize("kind", ["branch", "tag"])
@pytest.mark.parametrize("first,second", [("a", "a/b"), ("a/b", "a")])
def test_a_ref_is_no_folder_of_another(hub, kind, first, second):
    repo = hub.make(stem="folder")

    def make(name):
        if kind == "tag":
            return hub.owner.post(f"/api/models/{repo}/tag/main", {"tag": name})
        return hub.owner.post(f"/api/models/{repo}/branch/{name.replace('/', '%2F')}")

    assert make(first).status == 200
    assert make(second).status == 409
    assert make(first).status == 409
    assert make("ab").status == 200


def test_rules_cost_is_bounded(hub):
    repo = hub.make(stem="rules")
    rules = "\n".join("*a" * 50 + f"b*{i}" for i in range(9000))
    files = [{"path": "a" * 255 + f"/{i}" + "a" * 200, "size": 1, "sample": ""} for i in range(50)]
    body = {"files": files, "gitIgnore": rules, "gitAttributes": ""}
    got = hub.owner.post(f"/api/models/{repo}/preupload/main", body)
    assert got.status == 413 and b"fewer" in got.body


@pytest.mark.parametrize("path", [".gitattributes/a", "x/.gitattributes/a", ".GITMODULES/a"])
def test_what_git_reads_is_no_folder(hub, path):
    repo = hub.make(stem="dotfolder")
    header = {"key": "header", "value": {"summary": "s"}}
    file = {"key": "file", "value": {"path": path, "content": "", "encoding": "utf-8"}}
    body = json.dumps(header) + "\n" + json.dumps(file) + "\n"
    got = hub.owner.post(f"/api/models/{repo}/commit/main", body.encode())
    assert got.status == 400 and b"can only be a file" in got.body
    body = {"name": hub.name("dotfolder").split("/")[1], "files": [file["value"]]}
    assert hub.owner.post("/api/repos/create", body).status == 400


@pytest.mark.parametrize("path", [".git/config", "a/.GIT/x", "git~1/x", ".g\u200cit/config"])
def test_nothing_is_committed_into_git_folders(hub, path):
    repo = hub.make(stem="dotgit")
    header = {"key": "header", "value": {"summary": "s"}}
    file = {"key": "file", "value": {"path": path, "content": "", "encoding": "utf-8"}}
    body = json.dumps(header) + "\n" + json.dumps(file) + "\n"
    got = hub.owner.post(f"/api/models/{repo}/commit/main", body.encode())
    assert got.status == 400 and b".git" in got.body


def test_a_body_of_many_values_takes_little_memory(hub):
    body = b'{"content":[' + b"[]," * 300_000 + b"0]}"
    got = hub.plain(None).post("/api/validate-yaml", body)
    assert got.status == 400, "a tree that fits"
    body = b'{"content":[' + b"[]," * 1_000_000 + b"0]}"
    got = hub.owner.post("/api/validate-yaml", body)
    assert got.status == 413 and b"memory" in got.body
    got = hub.plain(None).post("/api/validate-yaml", body)
    assert got.status == 413 and b"1048576" in got.body


def lfs_link(plain, repo, operation, oid, size):
    body = {"operation": operation, "objects": [{"oid": oid, "size": size}]}
    got = plain.post(f"/{repo}.git/info/lfs/objects/batch", body)
    return got.json()["objects"][0]["actions"][operation]["href"][len(plain.url) :]


def test_a_link_does_no_more_than_its_user_may(hub):
    data = b"public for a while\n" * 9
    oid, new = hashlib.sha256(data).hexdigest(), hashlib.sha256(b"new").hexdigest()
    repo = hub.make(lfs={"w.bin": data}, stem="link")
    anybody = hub.plain(None)
    theirs = lfs_link(anybody, repo, "download", oid, len(data))
    own = lfs_link(hub.owner, repo, "download", oid, len(data))
    upload = lfs_link(hub.owner, repo, "upload", new, 3)
    assert anybody.get(theirs).body == data
    assert anybody.get(theirs.replace("user=0", "user=1")).status == 403
    hub.owner.request("PUT", f"/api/models/{repo}/settings", body={"private": True})
    assert anybody.get(theirs).status == 403
    assert anybody.get(own).body == data
    body = {"name": repo.split("/")[1], "organization": repo.split("/")[0]}
    assert hub.owner.request("DELETE", "/api/repos/delete", body=body).status == 200
    assert anybody.get(own).status == 404
    assert anybody.request("PUT", upload, body=b"new").status == 404


def test_a_link_ends_with_its_token(hub):
    data = b"for as long as the token\n" * 9
    oid, new = hashlib.sha256(data).hexdigest(), hashlib.sha256(b"later").hexdigest()
    repo = hub.make(private=True, lfs={"w.bin": data}, stem="link")
    short = hub.plain(hub.server.token("alice", "write", "for-a-while"))
    anybody = hub.plain(None)
    download = lfs_link(short, repo, "download", oid, len(data))
    upload = lfs_link(short, repo, "upload", new, 5)
    kept = lfs_link(hub.owner, repo, "download", oid, len(data))
    assert anybody.get(download).body == data
    hub.server.admin("token", "rm", "--user", "alice", "--name", "for-a-while")
    assert anybody.get(download).status == 403
    assert anybody.request("PUT", upload, body=b"later").status == 403
    assert anybody.get(kept).body == data
    # Made while the token was good, used when its time is up.
    end = int(time.time()) + 4
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))
    short = hub.plain(hub.server.token("alice", "read", "for-seconds", stamp))
    download = lfs_link(short, repo, "download", oid, len(data))
    assert anybody.get(download).body == data
    time.sleep(max(0, end - time.time()) + 0.1)
    assert anybody.get(download).status == 403


def test_links_say_how_long_they_live(hub):
    data = b"an hour\n"
    oid, new = hashlib.sha256(data).hexdigest(), hashlib.sha256(b"day").hexdigest()
    repo = hub.make(lfs={"w.bin": data}, stem="link")
    for operation, sha, size, ttl in (("download", oid, 8, 3600), ("upload", new, 3, 86400)):
        body = {"operation": operation, "objects": [{"oid": sha, "size": size}]}
        got = hub.owner.post(f"/{repo}.git/info/lfs/objects/batch", body).json()["objects"][0]
        action = got["actions"][operation]
        exp = int(action["href"].split("exp=")[1].split("&")[0])
        assert action["expires_in"] == ttl and abs(exp - time.time() - ttl) < 60


@pytest.mark.parametrize(
    "more", [{"private": "true"}, {"private": 1}, {"visibility": True}, {"visibility": "Private"}]
)
def test_a_doubtful_visibility_is_not_public(hub, more):
    """Who asks for a private repository in the wrong words gets none, not a public one."""
    repo = hub.name("doubt")
    res = hub.owner.post("/api/repos/create", {"name": repo, **more})
    assert res.status == 400 and res.json()["error"], res
    assert hub.owner.get(f"/api/models/{repo}").status == 404
    hub.owner.create(repo, private=True)
    assert hub.owner.request("PUT", f"/api/models/{repo}/settings", more).status == 400
    assert hub.plain().get(f"/api/models/{repo}").status == 401
