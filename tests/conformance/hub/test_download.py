"""Downloads: content, cache layout, request sequences, offline use, tokens."""

import os
import pathlib
import subprocess
import sys
import textwrap

import pytest
from huggingface_hub import HfApi, HfFileSystem
from huggingface_hub.utils import (
    EntryNotFoundError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from support import gitid

DATA = os.urandom(300_000)
FILES = {"config.json": b'{"x": 1}', "sub/deep/a.txt": b"a", "empty.txt": b""}


@pytest.fixture(scope="module")
def repo(hub):
    repo = hub.make(files=FILES, lfs={"w.safetensors": DATA}, stem="down")
    api = HfApi(token=hub.alice)
    api.create_tag(repo, tag="v1")
    api.create_branch(repo, branch="feat/one")
    return repo


@pytest.fixture
def api(hub):
    return HfApi(token=hub.bob_read)


def read(path):
    return pathlib.Path(path).read_bytes()


def test_cold_and_warm(hub, api, repo, work, capture):
    head, get = (f"{m} /{repo}/resolve/main/config.json" for m in ("HEAD", "GET"))
    with capture() as seen:
        path = api.hf_hub_download(repo, "config.json", cache_dir=work)
    seen.expect([head, get])
    assert read(path) == FILES["config.json"]
    with capture() as seen:
        assert api.hf_hub_download(repo, "config.json", cache_dir=work) == path
    seen.expect([head])
    sha = api.model_info(repo).sha
    with capture() as seen:
        assert api.hf_hub_download(repo, "config.json", revision=sha, cache_dir=work) == path
    seen.expect([])


def test_cache_layout(api, repo, work):
    api.hf_hub_download(repo, "sub/deep/a.txt", cache_dir=work)
    path = pathlib.Path(api.hf_hub_download(repo, "w.safetensors", cache_dir=work))
    sha = api.model_info(repo).sha
    root = work / ("models--" + repo.replace("/", "--"))
    assert path == root / "snapshots" / sha / "w.safetensors"
    assert (root / "refs" / "main").read_text() == sha
    assert sorted(p.name for p in (root / "blobs").iterdir()) == sorted(
        [gitid.sha256(DATA), gitid.blob(b"a")]
    )
    assert os.readlink(path) == "../../blobs/" + gitid.sha256(DATA)


def test_every_kind_of_revision(api, repo, work):
    sha = api.model_info(repo).sha
    for rev in ("main", "v1", "feat/one", sha, sha[:8]):
        path = api.hf_hub_download(repo, "w.safetensors", revision=rev, cache_dir=work)
        assert read(path) == DATA and f"/snapshots/{sha}/" in path


def test_empty_file(api, repo, work):
    assert read(api.hf_hub_download(repo, "empty.txt", cache_dir=work)) == b""


def test_missing_file_is_remembered(api, repo, work):
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download(repo, "absent.json", cache_dir=work)
    sha = api.model_info(repo).sha
    root = work / ("models--" + repo.replace("/", "--"))
    assert (root / ".no_exist" / sha / "absent.json").exists()


def test_missing_things(api, repo, work):
    with pytest.raises(RevisionNotFoundError):
        api.hf_hub_download(repo, "config.json", revision="absent", cache_dir=work)
    with pytest.raises(RepositoryNotFoundError):
        api.hf_hub_download("alice/absent", "config.json", cache_dir=work)


def test_snapshot_patterns(api, repo, work):
    path = api.snapshot_download(repo, cache_dir=work, allow_patterns=["*.json", "sub/*"])
    found = sorted(str(p.relative_to(path)) for p in pathlib.Path(path).rglob("*") if p.is_file())
    assert found == ["config.json", "sub/deep/a.txt"]


def test_local_dir(api, repo, work):
    path = api.snapshot_download(repo, local_dir=work / "local", cache_dir=work / "cache")
    for name, data in {**FILES, "w.safetensors": DATA}.items():
        assert read(os.path.join(path, name)) == data
    lines = (work / "local/.cache/huggingface/download/config.json.metadata").read_text().split()
    assert lines[0] == api.model_info(repo).sha
    assert lines[1] == gitid.blob(FILES["config.json"])


def test_private(hub, work):
    repo = hub.make(private=True, files={"s.txt": b"secret"}, stem="private")
    assert read(HfApi(token=hub.alice_read).hf_hub_download(repo, "s.txt")) == b"secret"
    for token in (hub.bob, hub.bob_read, hub.mallory, False):
        with pytest.raises(RepositoryNotFoundError):
            HfApi(token=token).hf_hub_download(repo, "s.txt", cache_dir=work)
        with pytest.raises(RepositoryNotFoundError):
            HfApi(token=token).snapshot_download(repo, cache_dir=work)
    from huggingface_hub.utils import HfHubHTTPError

    with pytest.raises((HfHubHTTPError, LocalEntryNotFoundError)) as caught:
        HfApi(token=hub.expired).hf_hub_download(repo, "s.txt", cache_dir=work)
    seen = caught.value if hasattr(caught.value, "response") else caught.value.__cause__
    assert seen.response.status_code == 401, repr(caught.value)


def test_offline(hub, api, repo, work):
    """A new process without network: what is cached works, what is not says so."""
    api.snapshot_download(repo, cache_dir=work)
    code = f"""
        from huggingface_hub import hf_hub_download, snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError
        print(hf_hub_download({repo!r}, "w.safetensors", cache_dir={str(work)!r}))
        print(snapshot_download({repo!r}, cache_dir={str(work)!r}))
        try:
            hf_hub_download({repo!r}, "not-there", cache_dir={str(work)!r})
        except LocalEntryNotFoundError as err:
            print("miss")
    """
    with hub.capture() as seen:
        res = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
        )
    seen.expect([])
    assert res.returncode == 0, res.stderr
    sha = api.model_info(repo).sha
    lines = res.stdout.split()
    assert lines[0].endswith(f"/snapshots/{sha}/w.safetensors")
    assert lines[1].endswith(f"/snapshots/{sha}") and lines[2] == "miss"


def test_metadata(hub, api, repo):
    from huggingface_hub import hf_hub_url

    sha = api.model_info(repo).sha
    meta = api.get_hf_file_metadata(url=hf_hub_url(repo, "w.safetensors"))
    assert (meta.commit_hash, meta.etag, meta.size) == (sha, gitid.sha256(DATA), len(DATA))
    assert meta.xet_file_data is None
    meta = api.get_hf_file_metadata(url=hf_hub_url(repo, "config.json", revision=sha))
    assert (meta.etag, meta.size) == (gitid.blob(FILES["config.json"]), 8)


def test_file_system(hub, repo):
    fs = HfFileSystem(token=hub.bob_read, skip_instance_cache=True)
    assert sorted(fs.ls(repo, detail=False)) == sorted(
        f"{repo}/{n}" for n in (".gitattributes", "config.json", "empty.txt", "sub", "w.safetensors")
    )
    assert fs.glob(f"{repo}/**/*.txt") == [f"{repo}/empty.txt", f"{repo}/sub/deep/a.txt"]
    assert fs.info(f"{repo}/w.safetensors")["size"] == len(DATA)
    assert fs.exists(f"{repo}@v1/config.json") and not fs.exists(f"{repo}/absent")
    with hub.capture() as seen, fs.open(f"{repo}/w.safetensors", block_size=4096) as f:
        f.seek(100_000)
        assert f.read(5000) == DATA[100_000:105_000]
        f.seek(-10, 2)
        assert f.read() == DATA[-10:]
    ranged = [r for r in seen() if r.method == "GET" and "/resolve/" in r.path]
    assert ranged and all(r.status == 206 for r in ranged), seen()
    with fs.open(f"{repo}@feat%2Fone/config.json") as f:
        assert f.read() == FILES["config.json"]


def test_file_system_writes(hub):
    fs = HfFileSystem(token=hub.alice, skip_instance_cache=True)
    repo = hub.make("dataset", stem="fs")
    with fs.open(f"datasets/{repo}/new/file.txt", "wb") as f:
        f.write(b"written by fsspec")
    assert fs.cat_file(f"datasets/{repo}/new/file.txt") == b"written by fsspec"
    assert fs.cat_file(f"datasets/{repo}/new/file.txt", start=8, end=10) == b"by"
    fs.rm(f"datasets/{repo}/new", recursive=True)
    assert not fs.exists(f"datasets/{repo}/new")


def test_many_at_once(hub, api, work):
    """A snapshot of 300 files by eight threads is complete."""
    files = {f"d{n % 7}/f{n}.txt": b"%d" % n * 50 for n in range(300)}
    repo = hub.make(files=files, stem="wide")
    path = api.snapshot_download(repo, cache_dir=work)
    for name, data in files.items():
        assert read(os.path.join(path, name)) == data
