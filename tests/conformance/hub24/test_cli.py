"""The `hf` command against the server: what people type."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

HF = str(pathlib.Path(sys.executable).parent / "hf")


@pytest.fixture
def hf(hub, work):
    """Runs hf as alice (or with another token) in a home of its own."""

    def run(*words, token=hub.alice, code=0, stdin=None):
        env = {**os.environ, "HF_HOME": str(work / "home")}
        if token:
            env["HF_TOKEN"] = token
        res = subprocess.run(
            [HF, *words], capture_output=True, text=True, env=env, input=stdin, cwd=work
        )
        assert res.returncode == code, (words, res.returncode, res.stdout, res.stderr)
        return res.stdout if code == 0 else res.stderr + res.stdout

    return run


def test_whoami(hub, hf):
    assert json.loads(hf("auth", "whoami", "--json"))["user"] == "alice"
    assert "Not logged in" in hf("auth", "whoami", token=None, code=1)
    assert "Invalid user token" in hf("auth", "whoami", token=hub.expired, code=1)


def test_login(hub, hf, work):
    hf("auth", "login", "--token", hub.alice, token=None)
    assert (work / "home/token").read_text() == hub.alice
    assert json.loads(hf("auth", "whoami", "--json", token=None))["user"] == "alice"
    assert "laptop" in hf("auth", "list", token=None)
    hf("auth", "logout", token=None)
    assert not (work / "home/token").exists()
    hf("auth", "login", "--token", "hf_" + "0" * 34, token=None, code=1)


def test_repos(hub, hf):
    repo = hub.name("cli")
    made = json.loads(hf("repos", "create", repo, "--private", "--json"))
    assert made["url"] == f"{hub.url}/{repo}"
    assert hub.owner.get(f"/api/models/{repo}").json()["private"] is True
    hf("repos", "create", repo, code=1)
    hf("repos", "create", repo, "--exist-ok")
    listed = json.loads(hf("repos", "ls", "--search", repo, "--json"))
    assert [(r["id"], r["visibility"]) for r in listed] == [(repo, "private")]
    hf("repos", "settings", repo, "--public")
    assert hub.plain().get(f"/api/models/{repo}").status == 200
    hf("repos", "branch", "create", repo, "dev")
    hf("repos", "tag", "create", repo, "v1", "-m", "one")
    assert [t["name"] for t in json.loads(hf("repos", "tag", "list", repo, "--json"))] == ["v1"]
    hf("repos", "tag", "delete", repo, "v1", "--yes")
    hf("repos", "branch", "delete", repo, "dev")
    hf("repos", "delete", repo, "--yes")
    assert hub.owner.get(f"/api/models/{repo}").status == 404


def test_upload_and_download(hub, hf, work):
    repo = hub.name("cli-up")
    source = work / "source"
    (source / "sub").mkdir(parents=True)
    files = {"config.json": b"{}", "sub/a.txt": b"a", "w.safetensors": os.urandom(4000)}
    for name, data in files.items():
        (source / name).write_bytes(data)
    hf("upload", repo, str(source), "--private", "--commit-message", "from the command line")
    head = hub.owner.get(f"/api/models/{repo}/commits/main").json()[0]
    assert head["title"].startswith("from the command line")
    path = hf("download", repo, "--quiet").strip()
    for name, data in files.items():
        assert pathlib.Path(path, name).read_bytes() == data
    one = hf("download", repo, "w.safetensors", "--quiet").strip()
    assert pathlib.Path(one).read_bytes() == files["w.safetensors"]
    local = work / "local"
    hf("download", repo, "--local-dir", str(local), "--include", "*.json")
    assert [p.name for p in local.iterdir() if p.is_file()] == ["config.json"]
    checked = json.loads(hf("cache", "verify", repo, "--json"))
    assert checked["checked"] == 4, checked
    hf("repos", "delete-files", repo, "sub/*")
    assert "sub/a.txt" not in hf("models", "ls", repo, "-R")


def test_upload_to_a_new_branch(hub, hf, work):
    repo = hub.make()
    (work / "f.txt").write_text("f")
    hf("upload", repo, "f.txt", "--revision", "fresh")
    assert hub.owner.get(f"/{repo}/resolve/fresh/f.txt").body == b"f"
    assert hub.owner.get(f"/{repo}/resolve/main/f.txt").status == 404


def test_info_and_lists(hub, hf):
    repo = hub.make(files={"README.md": b"---\nlicense: mit\n---\n"}, stem="clilist")
    info = json.loads(hf("models", "info", repo, "--json"))
    assert info["id"] == repo and "license:mit" in info["tags"]
    name = repo.split("/")[1]
    found = json.loads(hf("models", "ls", "--author", "alice", "--search", name, "--json"))
    assert [m["id"] for m in found] == [repo]
    files = json.loads(hf("models", "ls", repo, "--json"))
    assert sorted(f["path"] for f in files) == [".gitattributes", "README.md"]
    data = hub.make("dataset", stem="clidata")
    found = json.loads(hf("datasets", "ls", "--author", "alice", "--search", "clidata", "--json"))
    assert [m["id"] for m in found] == [data]
    assert json.loads(hf("datasets", "info", data, "--json"))["id"] == data
    app = hub.make("space", stem="cliapp")
    found = json.loads(hf("spaces", "ls", "--author", "alice", "--search", "cliapp", "--json"))
    assert [m["id"] for m in found] == [app]
    assert json.loads(hf("spaces", "info", app, "--json"))["id"] == app


def test_errors_are_named(hub, hf):
    assert "not found" in hf("download", "alice/absent", code=1)
    repo = hub.make(private=True, files={"s.txt": b"s"})
    assert "not found" in hf("download", repo, "s.txt", token=hub.mallory, code=1)
    assert "File not found" in hf("download", repo, "absent.txt", code=1)
    assert "evision" in hf("download", repo, "s.txt", "--revision", "absent", code=1)


def test_cache_verify_finds_damage(hub, hf, work):
    repo = hub.make(files={"a.txt": b"right"})
    path = pathlib.Path(hf("download", repo, "a.txt", "--quiet").strip())
    path.resolve().write_bytes(b"wrong")
    assert "a.txt" in hf("cache", "verify", repo, code=1)


def test_later_features(hub, hf):
    text = hf("buckets", "create", "alice/b", code=1)
    assert "later" in text or "501" in text
    repo = hub.make()
    text = hf("discussions", "list", repo, code=1)
    assert "later" in text or "501" in text
