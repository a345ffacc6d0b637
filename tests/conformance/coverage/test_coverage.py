"""Every row of the route table is hit by the client call that its last column names.

A name is "<client> <call>"; SCENARIOS holds for each one what to run. A row with an empty column is
for people, monitors and scripts: curl asks for it. A name without a scenario fails.
"""

import os
import pathlib
import re
import subprocess
import sys
import textwrap

import pytest
from huggingface_hub import CommitOperationAdd, HfApi, HfFileSystem, Volume
from huggingface_hub.utils import RepositoryNotFoundError
from support import gitid, routes
from support.drivers import blob, npm, rust
from support.plain import Plain

ROWS = routes.table()
HF = str(pathlib.Path(sys.executable).parent / "hf")


class World:
    """What the scenarios use: a repository that has everything, and the clients."""

    def __init__(self, hub, work):
        self.hub = hub
        self.work = work
        self.api = HfApi(token=hub.alice)
        files = {
            "f.txt": b"f",
            "README.md": b"---\nlicense: mit\n---\n",
            "config.json": b'{"model_type": "bert", "hidden_size": 32}',
            "d/g.txt": b"g",
            "data/train.csv": b"a\n1\n",
        }
        self.repo = hub.make(files=files, lfs={"w.bin": os.urandom(3000)}, stem="cover")
        self.data = hub.make("dataset", files=files, stem="coverdata")
        self.space = hub.make("space", files={"README.md": b"# app"}, stem="coverspace")

    def fresh(self):
        return self.hub.make(files={"f.txt": b"f"})

    def run(self, python, code, **env):
        """A call in another environment; the world's names are put into the text."""
        res = subprocess.run(
            [python, "-c", textwrap.dedent(code)],
            env={**os.environ, "HF_TOKEN": self.hub.alice, "HF_HOME": str(self.work), **env},
            capture_output=True,
            text=True,
        )
        assert res.returncode == 0, res.stderr

    def hf(self, *words):
        env = {**os.environ, "HF_TOKEN": self.hub.alice, "HF_HOME": str(self.work)}
        res = subprocess.run([HF, *words], env=env, capture_output=True, text=True)
        assert res.returncode == 0, res.stderr

    def git(self, *words):
        """git, which must be told that cloning comes later."""
        env = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "HOME": str(self.work)}
        words = ["git", "-c", "credential.helper=", *words]
        res = subprocess.run(words, env=env, capture_output=True, text=True, cwd=self.work)
        assert res.returncode != 0 and "501" in res.stderr, res.stderr

    def upload(self, path, data):
        self.api.upload_file(path_or_fileobj=data, path_in_repo=path, repo_id=self.fresh())


def hub_calls():
    """Calls of huggingface_hub 2.4."""

    def space(w):
        return w.api.space_info(w.hub.make("space"))

    def branch(w):
        repo = w.fresh()
        w.api.create_branch(repo, branch="b/c")
        w.api.delete_branch(repo, branch="b/c")

    def tag(w):
        repo = w.fresh()
        w.api.create_tag(repo, tag="t/u")
        w.api.delete_tag(repo, tag="t/u")

    def create_and_delete(w):
        repo = w.hub.name("covered")
        w.api.create_repo(repo)
        w.api.delete_repo(repo)

    def legacy(w):
        assert not w.api.repo_exists("gpt2")

    def legacy_file(w):
        with pytest.raises(RepositoryNotFoundError):
            w.api.hf_hub_download("gpt2", "config.json", cache_dir=w.work)

    def file_system(w):
        fs = HfFileSystem(token=w.hub.alice, skip_instance_cache=True)
        with fs.open(f"{w.repo}/w.bin", block_size=512) as f:
            f.seek(1000)
            assert len(f.read(10)) == 10

    return {
        "whoami": lambda w: w.api.whoami(),
        "first request": lambda w: w.hf("version") or w.hf("auth", "whoami"),
        "send_telemetry": lambda w: w.run(
            sys.executable,
            "from huggingface_hub.utils import send_telemetry\n"
            "from huggingface_hub.utils import _telemetry as t\n"
            "send_telemetry('cover', library_name='x')\nt._TELEMETRY_QUEUE.join()",
            HF_HUB_DISABLE_TELEMETRY="0",
        ),
        "create_repo": create_and_delete,
        "delete_repo": create_and_delete,
        "update_repo_settings": lambda w: w.api.update_repo_settings(w.fresh(), private=True),
        "model_info": lambda w: w.api.model_info(w.repo),
        "dataset_info": lambda w: w.api.dataset_info(w.data),
        "space_info": space,
        "repo_info(revision=)": lambda w: w.api.repo_info(w.repo, revision="main"),
        "revision_exists": lambda w: w.api.revision_exists(w.repo, "main"),
        'model_info("gpt2")': legacy,
        "auth_check": lambda w: w.api.auth_check(w.repo),
        "auth_check(write=True)": lambda w: w.api.auth_check(w.repo, write=True),
        "list_models": lambda w: list(w.api.list_models(author="alice")),
        "list_datasets": lambda w: list(w.api.list_datasets(author="alice")),
        "list_spaces": lambda w: list(w.api.list_spaces(author="alice")),
        "list_user_repos": lambda w: list(w.api.list_user_repos()),
        "list_repo_tree": lambda w: list(w.api.list_repo_tree(w.repo, "d")) + list(
            w.api.list_repo_tree(w.repo)
        ),
        "get_paths_info": lambda w: w.api.get_paths_info(w.repo, ["f.txt"]),
        "list_repo_refs": lambda w: w.api.list_repo_refs(w.repo),
        "list_repo_commits": lambda w: w.api.list_repo_commits(w.repo),
        "create_branch": branch,
        "delete_branch": branch,
        "create_tag": tag,
        "delete_tag": tag,
        "hf_hub_download": lambda w: w.api.hf_hub_download(w.repo, "f.txt", cache_dir=w.work),
        "hf_hub_download(repo_type=)": lambda w: w.api.hf_hub_download(
            w.data, "f.txt", repo_type="dataset", cache_dir=w.work
        ),
        'hf_hub_download("gpt2")': legacy_file,
        "snapshot_download": lambda w: w.api.snapshot_download(w.repo, cache_dir=w.work),
        "HfFileSystem": file_system,
        "create_commit": lambda w: w.api.create_commit(
            w.fresh(), [CommitOperationAdd("n.txt", b"n")], commit_message="m"
        ),
        "upload_file": lambda w: w.upload("n.txt", b"n"),
        "create_commit without Xet": lambda w: w.upload("n.bin", os.urandom(1000)),
        "create_commit with README.md": lambda w: w.upload("README.md", b"# R\n"),
    }


def later(call):
    """A call that a later version serves: today it must fail, and say why."""

    def run(w):
        with pytest.raises(Exception) as caught:
            call(w)
        # Some calls wrap the answer into an error of their own.
        text, err = "", caught.value
        while err:
            text, err = text + str(err), err.__cause__
        assert "501" in text or "later" in text, text

    return run


def later_calls():
    """Calls of huggingface_hub 2.4 whose routes answer 501."""

    def api(name, *args, **kw):
        """The HfApi method; "REPO" and "SPACE" stand for repositories of the world."""

        def call(w):
            names = {"REPO": w.repo, "SPACE": w.space}
            found = getattr(w.api, name)(*[names.get(str(a), a) for a in args], **kw)
            return list(found) if hasattr(found, "__next__") else found

        return later(call)

    def delete_lfs(w):
        from huggingface_hub.hf_api import LFSFileInfo

        one = LFSFileInfo(
            fileOid="0" * 64, filename="w.bin", oid="0" * 64, pushedAt="2026-01-01T00:00:00.000Z",
            ref="refs/heads/main", size=1, pusher=None,
        )
        w.api.permanently_delete_lfs_files(w.repo, [one])

    def xet_upload(w):
        with pytest.raises(AssertionError, match="HF_HUB_DISABLE_XET=1"):
            w.run(
                sys.executable,
                f"""
                from huggingface_hub import HfApi
                HfApi().upload_file(path_or_fileobj=b"w" * 99, path_in_repo="x.bin", repo_id={w.repo!r})
                """,
                HF_HUB_DISABLE_XET="0",
            )

    def xet_read(w):
        from huggingface_hub.utils import build_hf_headers
        from huggingface_hub.utils._xet import XetFileData, refresh_xet_connection_info

        route = f"{w.hub.url}/api/models/{w.repo}/xet-read-token/main"
        refresh_xet_connection_info(
            file_data=XetFileData("0" * 64, route), headers=build_hf_headers(token=w.hub.alice)
        )

    def login(w):
        from huggingface_hub.utils import _oauth_device

        _oauth_device.request_device_code()

    def refresh(w):
        from huggingface_hub.utils import _oauth_device

        _oauth_device.refresh_access_token("a-refresh-token")

    volume = Volume(type="model", source="alice/x", mount_path="/x")
    calls = {
        "upload with Xet": xet_upload,
        "get_repo_discussions": api("get_repo_discussions", "REPO"),
        "get_discussion_details": api("get_discussion_details", "REPO", 1),
        "move_repo": api("move_repo", "REPO", "alice/moved"),
        "super_squash_history": api("super_squash_history", "REPO"),
        "duplicate_repo": api("duplicate_repo", "REPO", "alice/copied"),
        "list_lfs_files": api("list_lfs_files", "REPO"),
        "permanently_delete_lfs_files": later(delete_lfs),
        "list_pending_access_requests": api("list_pending_access_requests", "REPO"),
        "unlike": api("unlike", "REPO"),
        "list_repo_likers": api("list_repo_likers", "REPO"),
        "get_user_overview": api("get_user_overview", "alice"),
        "get_organization_overview": api("get_organization_overview", "acme"),
        "list_webhooks": api("list_webhooks"),
        "get_dataset_leaderboard": later(lambda w: w.api.get_dataset_leaderboard(w.data)),
        "list_spaces_hardware": api("list_spaces_hardware"),
        "list_space_templates": api("list_space_templates"),
        "list_collections": api("list_collections", owner="alice"),
        "get_collection": api("get_collection", "alice/x-0123456789abcdef01234567"),
        "search_spaces": api("search_spaces", "chat"),
        "get_model_tags": api("get_model_tags"),
        "get_dataset_tags": api("get_dataset_tags"),
        "paper_info": api("paper_info", "2601.00001"),
        "list_daily_papers": api("list_daily_papers"),
        "bucket_info": api("bucket_info", "alice/b"),
        "bucket files": api("get_bucket_file_metadata", "alice/b", "f.txt"),
        "kernel_info": api("kernel_info", "alice/k"),
        "kernel files": api("hf_hub_download", "alice/k", "f.txt", repo_type="kernel"),
        "list_jobs": api("list_jobs", namespace="alice"),
        "list_scheduled_jobs": api("list_scheduled_jobs", namespace="alice"),
        "get_space_runtime": api("get_space_runtime", "SPACE"),
        "fetch_space_logs": api("fetch_space_logs", "SPACE"),
        "add_space_secret": api("add_space_secret", "SPACE", "KEY", "value"),
        "get_space_variables": api("get_space_variables", "SPACE"),
        "restart_space": api("restart_space", "SPACE"),
        "set_space_volumes": api("set_space_volumes", "SPACE", [volume]),
        "login (device)": later(login),
        "token refresh": later(refresh),
    }
    return calls, {"token refresh": later(xet_read)}


def git_calls():
    def clone(w):
        """Every way a repository's address is written; and a push of git's protocol."""
        for kind, repo in (("", w.repo), ("datasets/", w.data), ("spaces/", w.space)):
            for suffix in ("", ".git"):
                w.git("clone", f"{w.hub.url}/{kind}{repo}{suffix}", "clone")

    return {"clone": clone}


def lfs_calls():
    def download(w):
        """git-lfs fetches what a pointer in a repository of its own names."""
        data = b"lfs" * 1000
        repo = w.hub.make(lfs={"w.bin": data})
        folder = w.work / ("lfs-" + repo.split("/")[1])
        git = ["git", "-C", str(folder), "-c", "filter.lfs.clean=cat"]
        git += ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "filter.lfs.process="]
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
        (folder / "w.bin").write_bytes(gitid.pointer(data))
        (folder / ".gitattributes").write_text("*.bin filter=lfs\n")
        for words in (
            ["add", "."],
            ["commit", "-qm", "x"],
            ["remote", "add", "origin", f"{w.hub.url}/{repo}"],
            ["-c", f"lfs.url={w.hub.url}/{repo}.git/info/lfs", "lfs", "fetch", "origin", "HEAD"],
        ):
            subprocess.run([*git, *words], check=True, capture_output=True)

    return {"download": download}


def datasets_calls():
    def push(w):
        w.run(
            os.environ["PYTHON_DS"],
            f"""
            from datasets import Dataset
            Dataset.from_dict({{"a": [1, 2]}}).push_to_hub({w.hub.name("coverpush")!r})
            """,
        )

    return {"push_to_hub without Xet": push}


def npm_calls():
    def model(name):
        return {"type": "model", "name": name}

    def upload(w):
        file = {"path": "n.bin", "content": blob(os.urandom(1000))}
        npm(w.hub, "uploadFile", w.hub.alice, repo=model(w.fresh()), file=file)

    return {
        "whoAmI": lambda w: npm(w.hub, "whoAmI", w.hub.alice),
        "fileExists": lambda w: npm(w.hub, "fileExists", repo=model(w.repo), path="f.txt"),
        "fileExists(dataset)": lambda w: npm(
            w.hub, "fileExists", repo={"type": "dataset", "name": w.data}, path="f.txt"
        ),
        "downloadFile": lambda w: npm(w.hub, "downloadFile", repo=model(w.repo), path="w.bin"),
        "downloadFile(raw)": lambda w: npm(
            w.hub, "downloadFile", repo=model(w.repo), path="w.bin", raw=True
        ),
        "listFiles": lambda w: npm(w.hub, "listFiles", repo=model(w.repo)),
        "listCommits": lambda w: npm(w.hub, "listCommits", repo=model(w.repo)),
        "uploadFile": upload,
    }


def rust_calls():
    return {
        "download_file": lambda w: rust(
            w.hub, "download_file", None, w.work / "rust", repo=w.repo, file="f.txt"
        ),
        "info": lambda w: rust(w.hub, "info", None, repo=w.repo),
        "whoami": lambda w: rust(w.hub, "whoami", w.hub.alice),
        "list_tree": lambda w: rust(w.hub, "list_tree", None, repo=w.repo),
    }


LATER, XET_LATER = later_calls()
# Client: what its user agent begins with, or holds, and its calls. Some calls of huggingface_hub go
# out under the name of its HTTP library.
CLIENTS = {
    "hf 2.4": (r"hf_hub/2\.4\.0|python-httpx2/", {**hub_calls(), **LATER}),
    "hf_xet": (r"hf_hub/2\.4\.0", XET_LATER),
    "datasets 5.2": (r"datasets/5\.2\.0|hf_hub/2\.4\.0", datasets_calls()),
    "git-lfs": (r"git-lfs/", lfs_calls()),
    "git": (r"git/", git_calls()),
    "npm": (r"@huggingface/hub", npm_calls()),
    "rust": (r"hf-hub/1\.0\.0", rust_calls()),
}


def scenario(name):
    """(pattern of the user agent, function) of a name from the table."""
    for client, (agent, calls) in CLIENTS.items():
        if name.startswith(client + " "):
            call = name[len(client) + 1 :]
            assert call in calls, f"{name}: coverage has no such call of {client}"
            return agent, calls[call]
    raise AssertionError(f"{name!r}: coverage knows the clients {', '.join(CLIENTS)} only")


@pytest.fixture(scope="module")
def world(hub, tmp_path_factory):
    return World(hub, tmp_path_factory.mktemp("cover"))


def by_curl(world, row):
    """A row for people, monitors and scripts."""
    repos = {"model": world.repo, "dataset": world.data, "space": world.space}
    kind = next(k for k, r in repos.items() if routes.fill(row.pattern, k, r))
    verb, repo = row.verbs[0], repos[kind]
    words = ["-I"] if verb == "HEAD" else ["-X", verb]
    words += ["-d", ""] if verb in ("POST", "PUT") else []
    words += ["-H", f"Authorization: Bearer {world.hub.alice}"]
    path = routes.fill(row.pattern, kind, repo)
    res = subprocess.run(
        ["curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", *words, world.hub.url + path],
        capture_output=True,
        text=True,
        check=True,
    )
    later = row.handler == "srv_later_answer"
    assert int(res.stdout) == 501 if later else int(res.stdout) < 400, (row, res.stdout)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_row_is_used(world, row):
    with world.hub.capture() as seen:
        if row.client in ("", "-"):
            agent = r"curl/"
            by_curl(world, row)
        else:
            agent, call = scenario(row.client)
            call(world)
    hits = [
        r
        for r in seen.all()
        if r.method in row.verbs and (r.route == row.pattern if r.route else row.matches(r.path))
    ]
    assert hits, f"{row.client!r} never asked for {row}; it asked for {seen.calls()}"
    assert any(re.search(agent, r.agent) for r in hits), [r.agent for r in hits]


def test_nothing_is_asked_for_twice_under_two_names():
    """One row per method and pattern."""
    seen = [(verb, row.pattern) for row in ROWS for verb in row.verbs]
    assert len(seen) == len(set(seen))


def test_plain_requests_count_for_nothing(world):
    """The fixtures' own requests carry another name than every client."""
    agent = Plain(world.hub.url).agent
    assert not any(re.search(pattern, agent) for pattern, _ in CLIENTS.values())
