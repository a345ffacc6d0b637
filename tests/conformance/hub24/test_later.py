"""What a later version brings is refused with 501 and a sentence that says what to do."""

import os
import subprocess
import sys
import textwrap

import pytest
from huggingface_hub import HfApi
from huggingface_hub.utils import HfHubHTTPError

CALLS = {
    "move_repo": lambda a, r: a.move_repo(r, r + "-new"),
    "gate": lambda a, r: a.update_repo_settings(r, gated="auto"),
    "access requests": lambda a, r: list(a.list_pending_access_requests(r)),
    "discussions": lambda a, r: list(a.get_repo_discussions(r)),
    "create_discussion": lambda a, r: a.create_discussion(r, title="t"),
    "create_pull_request": lambda a, r: a.create_pull_request(r, title="t"),
    "commit to a pull request": lambda a, r: a.upload_file(
        path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=r, create_pr=True
    ),
    "super_squash": lambda a, r: a.super_squash_history(r),
    "lfs files": lambda a, r: list(a.list_lfs_files(r)),
    "duplicate": lambda a, r: a.duplicate_repo(r, r + "-copy"),
    "space template": lambda a, r: a.create_repo(
        r + "-t", repo_type="space", space_sdk="docker", space_template="alice/template"
    ),
    "resource group": lambda a, r: a.create_repo(r + "-g", resource_group_id="0" * 24),
    "repositories of an organisation": lambda a, r: list(a.list_user_repos(namespace="acme")),
    "search by apps": lambda a, r: list(a.list_models(apps="vllm")),
    "search by parameters": lambda a, r: list(a.list_models(num_parameters="min:6B")),
    "search by provider": lambda a, r: list(a.list_models(inference_provider="all")),
    "search linked spaces": lambda a, r: list(a.list_spaces(linked=True)),
    "search spaces by model": lambda a, r: list(a.list_spaces(models=r)),
    "buckets": lambda a, r: a.create_bucket("alice/b"),
    "bucket_info": lambda a, r: a.bucket_info("alice/b"),
    "bucket tree": lambda a, r: list(a.list_bucket_tree("alice/b")),
    "webhooks": lambda a, r: a.list_webhooks(),
    "collections": lambda a, r: list(a.list_collections(owner="alice")),
    "create_collection": lambda a, r: a.create_collection("t", namespace="alice"),
}


@pytest.mark.parametrize("name", CALLS)
def test_refused_readably(hub, name):
    api = HfApi(token=hub.alice)
    repo = hub.make()
    with pytest.raises(HfHubHTTPError) as caught:
        CALLS[name](api, repo)
    res = caught.value.response
    assert res.status_code == 501
    assert res.headers["X-Error-Code"]
    message = res.headers["X-Error-Message"]
    assert len(message) > 20 and message == res.json()["error"]
    assert message in str(caught.value)


SPACES = {
    "runtime": lambda a, r: a.get_space_runtime(r),
    "secrets": lambda a, r: a.add_space_secret(r, "K", "v"),
    "variables": lambda a, r: a.get_space_variables(r),
    "restart": lambda a, r: a.restart_space(r),
    "pause": lambda a, r: a.pause_space(r),
}


@pytest.mark.parametrize("name", SPACES)
def test_space_runtime_is_later(hub, name):
    repo = hub.make("space")
    with pytest.raises(HfHubHTTPError) as caught:
        SPACES[name](HfApi(token=hub.alice), repo)
    assert caught.value.response.status_code == 501
    assert caught.value.response.headers["X-Error-Message"] in str(caught.value)


def test_xet_upload_names_the_switch(hub):
    """A default client, with Xet on, learns which variable helps."""
    repo = hub.make()
    code = f"""
        from huggingface_hub import HfApi
        HfApi(token={hub.alice!r}).upload_file(
            path_or_fileobj=b"\\0" * 100, path_in_repo="w.safetensors", repo_id={repo!r})
    """
    env = {k: v for k, v in os.environ.items() if k != "HF_HUB_DISABLE_XET"}
    res = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=env, capture_output=True, text=True
    )
    assert res.returncode != 0
    assert "HF_HUB_DISABLE_XET=1" in res.stderr, res.stderr


def test_xet_client_downloads(hub):
    """A default client, with Xet on, downloads LFS files; no answer carries a Xet hint."""
    data = os.urandom(5000)
    repo = hub.make(lfs={"w.safetensors": data})
    code = f"""
        from huggingface_hub import HfApi
        api = HfApi(token={hub.alice!r})
        print(open(api.hf_hub_download({repo!r}, "w.safetensors"), "rb").read().hex())
    """
    env = {k: v for k, v in os.environ.items() if k != "HF_HUB_DISABLE_XET"}
    res = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=env, capture_output=True, text=True
    )
    assert res.returncode == 0, res.stderr
    assert bytes.fromhex(res.stdout.strip()) == data
    answer = hub.owner.request("HEAD", f"/{repo}/resolve/main/w.safetensors")
    assert "x-xet-hash" not in answer.headers and "xet" not in answer.headers.get("link", "")
