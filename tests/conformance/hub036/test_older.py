"""What only the 0.3x clients do: requests, True/False words, LFS batch before Xet, resume."""

import os
import pathlib
import subprocess
import sys
import textwrap

import pytest
from huggingface_hub import HfApi, hf_hub_download
from support import gitid


@pytest.fixture
def api(hub):
    return HfApi(token=hub.alice)


def test_snapshot_uses_siblings(hub, api, work, capture):
    """No tree call: the info must name every file."""
    files = {"config.json": b"{}", "sub/a.txt": b"a"}
    repo = hub.make(files=files)
    sha = api.model_info(repo).sha
    with capture() as seen:
        path = api.snapshot_download(repo, cache_dir=work)
    names = [*files, ".gitattributes"]
    fetched = [f"{m} /{repo}/resolve/{sha}/{n}" for n in names for m in ("HEAD", "GET")]
    seen.expect([f"GET /api/models/{repo}/revision/main", *fetched])
    assert pathlib.Path(path, "sub/a.txt").read_bytes() == b"a"


def test_partial_download_is_resumed(hub, api, work, capture):
    data = os.urandom(500_000)
    repo = hub.make(lfs={"w.bin": data})
    blobs = work / ("models--" + repo.replace("/", "--")) / "blobs"
    blobs.mkdir(parents=True)
    (blobs / (gitid.sha256(data) + ".incomplete")).write_bytes(data[:200_000])
    with capture() as seen:
        path = hf_hub_download(repo, "w.bin", cache_dir=work, token=hub.alice)
    assert pathlib.Path(path).read_bytes() == data
    assert [r.status for r in seen() if r.method == "GET"] == [206]


def test_default_client_uploads_by_lfs(hub):
    """With Xet installed and not disabled this client asks for LFS first: "basic" is taken."""
    repo = hub.make()
    code = f"""
        import os
        from huggingface_hub import HfApi
        HfApi(token={hub.alice!r}).upload_file(
            path_or_fileobj=b"w" * 5000, path_in_repo="w.safetensors", repo_id={repo!r})
    """
    env = {k: v for k, v in os.environ.items() if k != "HF_HUB_DISABLE_XET"}
    res = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=env, capture_output=True, text=True
    )
    assert res.returncode == 0, res.stderr
    assert hub.owner.get(f"/{repo}/resolve/main/w.safetensors").body == b"w" * 5000


def test_upload_large_folder(hub, api, work):
    """The command of that time for big folders: several commits, workers, resumable."""
    for n in range(30):
        (work / f"f{n}.txt").write_text(str(n))
    (work / "w.bin").write_bytes(os.urandom(3000))
    repo = hub.make("dataset")
    api.upload_large_folder(repo, str(work), repo_type="dataset", num_workers=2, print_report=False)
    files = set(api.list_repo_files(repo, repo_type="dataset"))
    assert files == {".gitattributes", "w.bin", *(f"f{n}.txt" for n in range(30))}


def test_upload_large_folder_with_xet(hub, work):
    """By default this client first asks whether the repository takes Xet; "no" is no error."""
    data = os.urandom(3000)
    (work / "w.bin").write_bytes(data)
    repo = hub.make()
    code = f"""
        from huggingface_hub import HfApi
        HfApi(token={hub.alice!r}).upload_large_folder(
            {repo!r}, {str(work)!r}, repo_type="model", num_workers=1, print_report=False)
    """
    env = {k: v for k, v in os.environ.items() if k != "HF_HUB_DISABLE_XET"}
    res = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=env, capture_output=True, text=True
    )
    assert res.returncode == 0, res.stderr
    assert hub.owner.get(f"/{repo}/resolve/main/w.bin").body == data


def test_cli(hub, work):
    hf = str(pathlib.Path(sys.executable).parent / "hf")
    env = {**os.environ, "HF_TOKEN": hub.alice, "HF_HOME": str(work / "home")}
    (work / "a.txt").write_text("a")
    repo = hub.name("old-cli")
    subprocess.run([hf, "upload", repo, str(work / "a.txt")], env=env, check=True)
    res = subprocess.run(
        [hf, "download", repo, "a.txt"], env=env, check=True, capture_output=True, text=True
    )
    assert pathlib.Path(res.stdout.strip().splitlines()[-1]).read_text() == "a"
    res = subprocess.run([hf, "auth", "whoami"], env=env, check=True, capture_output=True, text=True)
    assert "alice" in res.stdout
