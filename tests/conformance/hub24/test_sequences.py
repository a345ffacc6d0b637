"""What huggingface_hub 2.x alone does: tree-first snapshots, resolve_revision, verification."""

import os

import pytest
from huggingface_hub import HfApi

FILES = {"config.json": b"{}", "sub/a.txt": b"a"}


@pytest.fixture
def api(hub):
    return HfApi(token=hub.bob_read)


def test_snapshot_requests(hub, api, work, capture):
    repo = hub.make(files=FILES, lfs={"w.bin": os.urandom(999)})
    sha = api.model_info(repo).sha
    names = [*FILES, "w.bin", ".gitattributes"]
    revision = f"GET /api/models/{repo}/revision/main"
    with capture() as seen:
        api.snapshot_download(repo, cache_dir=work)
    files = [f"{m} /{repo}/resolve/{sha}/{n}" for n in names for m in ("HEAD", "GET")]
    seen.expect([revision, f"GET /api/models/{repo}/tree/{sha}", *files])
    with capture() as seen:
        api.snapshot_download(repo, cache_dir=work)
    seen.expect([revision])
    with capture() as seen:
        api.snapshot_download(repo, cache_dir=work, revision=sha)
    seen.expect([])


def test_resolve_revision(hub, api):
    repo = hub.make(files=FILES)
    sha = api.model_info(repo).sha
    assert str(api.resolve_revision(repo, revision="main").resolved) == sha


def test_verify_checksums(hub, api, work):
    repo = hub.make(files=FILES, lfs={"w.bin": os.urandom(999)})
    api.snapshot_download(repo, cache_dir=work)
    result = api.verify_repo_checksums(repo, cache_dir=work)
    assert result.checked_count == 4
    assert not (result.mismatches or result.missing_paths or result.extra_paths)


def test_auth_check_write(hub):
    from huggingface_hub.utils import HfHubHTTPError

    repo = hub.make()
    HfApi(token=hub.alice).auth_check(repo, write=True)
    with pytest.raises(HfHubHTTPError) as caught:
        HfApi(token=hub.bob).auth_check(repo, write=True)
    assert caught.value.response.status_code == 403


def test_visibility_words(hub):
    api = HfApi(token=hub.alice)
    repo = hub.name("vis")
    api.create_repo(repo, visibility="private")
    assert api.model_info(repo).private is True
    api.update_repo_settings(repo, visibility="public")
    assert api.model_info(repo).private is False


def test_safetensors_metadata(hub, api):
    """The header is read by a range request."""
    import json
    import struct

    head = json.dumps({"t": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}).encode()
    data = struct.pack("<Q", len(head)) + head + bytes(24)
    repo = hub.make(lfs={"model.safetensors": data})
    with hub.capture() as seen:
        meta = api.get_safetensors_metadata(repo)
    assert meta.parameter_count == {"F32": 6}
    assert [r.status for r in seen() if r.method == "GET" and "/resolve/" in r.path] == [206]


def test_used_storage(hub, api):
    repo = hub.make(lfs={"w.bin": bytes(50_000)})
    assert api.model_info(repo, expand=["usedStorage"]).used_storage >= 50_000


def test_own_repositories(hub):
    """Of every type, private ones too, with their sizes; nobody else's."""
    hub.server.user("keeper")
    token = hub.server.token("keeper")
    keeper = hub.plain(token)
    keeper.create("keeper/m", private=True)
    keeper.create("keeper/d", "dataset")
    keeper.create("keeper/s", "space")
    keeper.commit("keeper/m", lfs={"w.bin": bytes(3000)})
    keeper.commit("keeper/d", lfs={"w.bin": bytes(1000)}, kind="dataset")
    found = {r.id: r for r in HfApi(token=token).list_user_repos()}
    assert {i: (r.type, r.visibility, r.storage, r.storage_percent) for i, r in found.items()} == {
        "keeper/m": ("model", "private", 3000, 75),
        "keeper/d": ("dataset", "public", 1000, 25),
        "keeper/s": ("space", "public", 0, 0),
    }
    assert found["keeper/m"].updated_at.tzinfo is not None
    page = keeper.get("/api/settings/repositories?limit=2")
    assert len(page.json()) == 2 and 'rel="next"' in page.headers["link"]
