"""One cache, two clients: what Python wrote spoke reads, and the reverse, also at once."""

import os
import pathlib

import pytest
from support import gitid

DATA = os.urandom(400_000)
FILES = {"config.json": b'{"y": 2}', "sub/b.txt": b"b" * 100, "empty": b""}


@pytest.fixture(scope="module")
def repo(hub):
    return hub.make(files=FILES, lfs={"w.bin": DATA}, stem="both")


def assert_content(path):
    for name, data in {**FILES, "w.bin": DATA}.items():
        assert pathlib.Path(path, name).read_bytes() == data


def sound(client):
    """The cache is what Python's scanner calls sound, and every blob is what its name says."""
    report = client.python(
        """
        from huggingface_hub import scan_cache_dir
        info = scan_cache_dir()
        print(len(info.repos), [str(w) for w in info.warnings])
        """
    )
    assert report.strip().endswith("[]"), report
    for blob in client.cache.glob("*--*/blobs/*"):
        assert not blob.name.endswith(".incomplete"), blob
        data = blob.read_bytes()
        want = gitid.sha256(data) if len(blob.name) == 64 else gitid.blob(data)
        assert blob.name == want


def test_python_downloads_spoke_reads_offline(hub, client, repo):
    path = client.python(
        f"from huggingface_hub import snapshot_download as s; print(s({repo!r}))"
    ).strip()
    with hub.capture() as seen:
        assert client.spoke("download", repo, "-q", HF_HUB_OFFLINE="1").strip() == path
        one = client.spoke("download", repo, "w.bin", "-q", HF_HUB_OFFLINE="1").strip()
    seen.expect([])
    assert one == path + "/w.bin"
    assert_content(path)
    sound(client)


def test_spoke_downloads_python_reads_offline(hub, client, repo):
    path = client.spoke("download", repo, "-q").strip()
    with hub.capture() as seen:
        out = client.python(
            f"""
            from huggingface_hub import hf_hub_download, snapshot_download, try_to_load_from_cache
            print(snapshot_download({repo!r}))
            print(hf_hub_download({repo!r}, "w.bin"))
            print(try_to_load_from_cache({repo!r}, "config.json"))
            """,
            HF_HUB_OFFLINE="1",
        )
    seen.expect([])
    assert out.split() == [path, path + "/w.bin", path + "/config.json"]
    assert_content(path)
    sound(client)


def test_absence_is_shared(hub, client, repo):
    """A file known absent to one client needs no question from the other."""
    client.spoke("download", repo, "absent.json", code="fails")
    found = client.python(
        f"""
        from huggingface_hub import try_to_load_from_cache
        from huggingface_hub.file_download import _CACHED_NO_EXIST
        print(try_to_load_from_cache({repo!r}, "absent.json") is _CACHED_NO_EXIST)
        """
    )
    assert found.strip() == "True"
    client.python(
        f"""
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError
        try:
            hf_hub_download({repo!r}, "other.json")
        except EntryNotFoundError:
            pass
        """
    )
    with hub.capture() as seen:
        text = client.spoke("download", repo, "other.json", code="fails", HF_HUB_OFFLINE="1")
    seen.expect([])
    assert "other.json" in text


def test_tree_file_is_shared(hub, client, repo):
    """The listing that one client saved tells the other that a snapshot is partial."""
    sha = hub.owner.get(f"/api/models/{repo}").json()["sha"]
    client.spoke("download", repo, "--include", "*.json")
    saved = client.folder(repo) / "trees" / f"{sha}.json"
    assert saved.exists() and saved.stat().st_mode & 0o044 == 0o044
    out = client.python(
        f"""
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import IncompleteSnapshotError
        try:
            print(snapshot_download({repo!r}))
        except IncompleteSnapshotError as err:
            print("incomplete", "4 file(s) are missing" in str(err))
        """,
        HF_HUB_OFFLINE="1",
    )
    assert out.split() == ["incomplete", "True"]


def test_local_dir_is_shared(hub, client, repo, work):
    local = work / "local"
    client.python(
        f"from huggingface_hub import snapshot_download as s; s({repo!r}, local_dir={str(local)!r})"
    )
    with hub.capture() as seen:
        client.spoke("download", repo, "--local-dir", str(local))
    assert not [r for r in seen() if r.method == "GET" and "/resolve/" in r.path], seen()
    assert_content(local)
    other = work / "other"
    client.spoke("download", repo, "--local-dir", str(other))
    with hub.capture() as seen:
        client.python(
            "from huggingface_hub import snapshot_download as s; "
            f"s({repo!r}, local_dir={str(other)!r})"
        )
    assert not [r for r in seen() if r.method == "GET" and "/resolve/" in r.path], seen()
    assert_content(other)


def test_no_symlinks(hub, client, repo):
    path = client.spoke("download", repo, "-q", HF_HUB_DISABLE_SYMLINKS="1").strip()
    assert not os.path.islink(path + "/w.bin")
    assert_content(path)
    out = client.python(
        f"from huggingface_hub import hf_hub_download as d; print(d({repo!r}, 'w.bin'))",
        HF_HUB_OFFLINE="1",
    )
    assert out.strip() == path + "/w.bin"


def test_python_deletes_what_spoke_made(client, repo):
    client.spoke("download", repo)
    client.python(
        """
        from huggingface_hub import scan_cache_dir
        info = scan_cache_dir()
        for r in info.repos:
            info.delete_revisions(*[v.commit_hash for v in r.revisions]).execute()
        """
    )
    assert not client.folder(repo).exists()


def test_both_at_once(hub, client):
    """Six processes of two kinds fill one cache from several commits of one repository."""
    repo = hub.make(stem="load")
    versions = []
    for n in range(3):
        files = {f"d{k % 5}/f{k}.txt": b"%d %d" % (k, n if k % 3 == 0 else 0) for k in range(60)}
        big = {"big.bin": os.urandom(3_000_000)}
        versions.append((hub.owner.commit(repo, files, lfs=big), {**files, **big}))
    code = f"""
        from huggingface_hub import snapshot_download
        for sha in {[v[0] for v in versions]!r}:
            print(snapshot_download({repo!r}, revision=sha))
    """
    running = []
    for n in range(3):
        running.append(client.start_python(code))
        running += [client.start("download", repo, "-q", "--revision", v[0]) for v in versions]
    for proc in running:
        out, err = proc.communicate(timeout=120)
        assert proc.returncode == 0, err
    for sha, files in versions:
        for name, data in files.items():
            assert (client.folder(repo) / "snapshots" / sha / name).read_bytes() == data
    sound(client)
