"""Repositories: create, exists, conflict, visibility, delete; for every type."""

import pytest
from huggingface_hub import HfApi
from huggingface_hub.utils import HfHubHTTPError, RepositoryNotFoundError

KINDS = ["model", "dataset", "space"]


def sdk(kind):
    return {"space_sdk": "static"} if kind == "space" else {}


@pytest.fixture
def api(hub):
    return HfApi(token=hub.alice)


@pytest.mark.parametrize("kind", KINDS)
def test_create_and_delete(hub, api, kind):
    repo = hub.name("made")
    prefix = "" if kind == "model" else kind + "s/"
    assert not api.repo_exists(repo, repo_type=kind)
    url = api.create_repo(repo, repo_type=kind, **sdk(kind))
    assert url == f"{hub.url}/{prefix}{repo}"
    assert (url.repo_id, url.repo_type, url.endpoint) == (repo, kind, hub.url)
    assert api.repo_exists(repo, repo_type=kind)
    info = api.repo_info(repo, repo_type=kind)
    assert (info.id, info.author, info.private) == (repo, "alice", False)
    assert info.created_at.tzinfo is not None and info.last_modified >= info.created_at
    assert [s.rfilename for s in info.siblings] == [".gitattributes"]
    commits = api.list_repo_commits(repo, repo_type=kind)
    assert [(c.commit_id, c.title) for c in commits] == [(info.sha, "initial commit")]

    with pytest.raises(HfHubHTTPError) as caught:
        api.create_repo(repo, repo_type=kind, **sdk(kind))
    assert caught.value.response.status_code == 409
    assert api.create_repo(repo, repo_type=kind, exist_ok=True, **sdk(kind)).repo_id == repo

    api.delete_repo(repo, repo_type=kind)
    assert not api.repo_exists(repo, repo_type=kind)
    with pytest.raises(RepositoryNotFoundError):
        api.delete_repo(repo, repo_type=kind)
    api.delete_repo(repo, repo_type=kind, missing_ok=True)


def test_one_name_three_types(hub, api):
    """A model, a dataset and a space of one name are three repositories."""
    repo = hub.name("same")
    for kind in KINDS:
        api.create_repo(repo, repo_type=kind, **sdk(kind))
    api.upload_file(
        path_or_fileobj=b"data", path_in_repo="d.txt", repo_id=repo, repo_type="dataset"
    )
    assert api.file_exists(repo, "d.txt", repo_type="dataset")
    assert not api.file_exists(repo, "d.txt")
    api.delete_repo(repo, repo_type="model")
    assert [api.repo_exists(repo, repo_type=k) for k in KINDS] == [False, True, True]


def test_namespace_is_implied(hub, api):
    name = hub.name("implied").split("/")[1]
    assert api.create_repo(name).repo_id == f"alice/{name}"


def test_private_from_the_start(hub, api):
    repo = hub.name("secret")
    api.create_repo(repo, private=True)
    assert api.model_info(repo).private is True
    for token in (False, hub.mallory, hub.bob_read):
        with pytest.raises(RepositoryNotFoundError):
            HfApi(token=token).model_info(repo)


def test_visibility_changes(hub, api):
    repo = hub.make("dataset")
    api.update_repo_settings(repo, private=True, repo_type="dataset")
    assert api.dataset_info(repo).private is True
    assert not HfApi(token=hub.mallory).repo_exists(repo, repo_type="dataset")
    api.update_repo_settings(repo, private=False, repo_type="dataset")
    assert api.dataset_info(repo).private is False
    assert HfApi(token=False).repo_exists(repo, repo_type="dataset")


def test_nobody_creates_for_others(hub):
    with pytest.raises(HfHubHTTPError) as caught:
        HfApi(token=hub.mallory).create_repo("alice/intruder")
    assert caught.value.response.status_code == 403
    with pytest.raises(HfHubHTTPError) as caught:
        HfApi(token=hub.alice_read).create_repo("alice/by-reader")
    assert caught.value.response.status_code == 403
    with pytest.raises(HfHubHTTPError) as caught:
        HfApi(token=False).create_repo("alice/by-nobody")
    assert caught.value.response.status_code == 401


@pytest.mark.parametrize("name", ["a..b", "-a", "a.git", "x--y", "a/b/c"])
def test_bad_names_are_refused(hub, name):
    """By the server, too: these never pass the Python client's own check."""
    body = {"name": name, "organization": "alice"}
    res = hub.owner.post("/api/repos/create", body)
    assert res.status == 400, res
    assert res.json()["error"]


def test_whoami(hub):
    me = HfApi(token=hub.alice).whoami()
    assert (me["name"], me["type"]) == ("alice", "user")
    assert me["auth"]["accessToken"]["role"] == "write"
    assert me["auth"]["accessToken"]["displayName"] == "laptop"
    assert isinstance(me["orgs"], list)
    reader = HfApi(token=hub.bob_read).whoami()
    assert (reader["name"], reader["auth"]["accessToken"]["role"]) == ("bob", "read")


def test_whoami_refuses_bad_tokens(hub):
    for token in (hub.expired, "hf_" + "x" * 34):
        # 0.36 raises the HTTPError of requests here; HfHubHTTPError derives from it.
        with pytest.raises(HfHubHTTPError.__mro__[1]) as caught:
            HfApi(token=token).whoami()
        assert caught.value.response.status_code == 401


def test_auth_check(hub):
    repo = hub.make(private=True)
    HfApi(token=hub.alice).auth_check(repo)
    with pytest.raises(RepositoryNotFoundError):
        HfApi(token=hub.mallory).auth_check(repo)
