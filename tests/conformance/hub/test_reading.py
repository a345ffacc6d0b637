"""Info, trees, refs and history as the client parses them."""

import os
import time
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from huggingface_hub import HfApi, hf_api
from huggingface_hub.utils import (
    EntryNotFoundError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from support import gitid

FILES = {
    "README.md": b"---\nlicense: apache-2.0\npipeline_tag: fill-mask\n---\n# R\n",
    "config.json": b'{"model_type": "bert"}',
    "a/b/deep.txt": b"deep",
    "a/top.txt": b"top",
    "z.txt": b"",
}
WEIGHTS = os.urandom(2000)


@pytest.fixture(scope="module")
def repo(hub):
    return hub.make(files=FILES, lfs={"a/w.safetensors": WEIGHTS}, stem="read")


@pytest.fixture(scope="module")
def api(hub):
    return HfApi(token=hub.bob_read)


def test_model_info(hub, api, repo):
    info = api.model_info(repo)
    assert info.id == info.modelId == repo
    assert (info.author, info.private, info.gated, info.disabled) == ("alice", False, False, False)
    assert info.pipeline_tag == "fill-mask"
    assert info.card_data["license"] == "apache-2.0"
    assert isinstance(info.downloads, int) and isinstance(info.likes, int)
    names = sorted(s.rfilename for s in info.siblings)
    assert names == sorted([*FILES, "a/w.safetensors", ".gitattributes"])
    assert len(info.sha) == 40


def test_files_metadata(api, repo):
    siblings = {s.rfilename: s for s in api.model_info(repo, files_metadata=True).siblings}
    for path, data in FILES.items():
        assert (siblings[path].size, siblings[path].blob_id) == (len(data), gitid.blob(data))
        assert siblings[path].lfs is None
    lfs = siblings["a/w.safetensors"].lfs
    assert (lfs["sha256"], lfs["size"]) == (gitid.sha256(WEIGHTS), 2000)
    assert lfs["pointer_size"] == len(gitid.pointer(WEIGHTS))


def test_revisions(hub, api, repo):
    sha = api.model_info(repo).sha
    for rev in ("main", sha, sha[:7], sha[:12]):
        assert api.model_info(repo, revision=rev).sha == sha
    for rev in ("absent", "0" * 40, "refs/heads"):
        with pytest.raises(RevisionNotFoundError):
            api.model_info(repo, revision=rev)
    assert api.revision_exists(repo, "main") and not api.revision_exists(repo, "absent")
    with pytest.raises(RepositoryNotFoundError):
        api.model_info("alice/absent")


def test_expand(api, repo):
    info = api.model_info(repo, expand=["sha", "author", "tags", "private", "cardData"])
    assert info.sha and info.author == "alice" and info.private is False
    assert "license:apache-2.0" in info.tags
    assert info.siblings is None and info.downloads is None
    info = api.model_info(repo, expand=["siblings", "lastModified", "createdAt"])
    assert len(info.siblings) == len(FILES) + 2 and info.sha is None
    assert info.last_modified >= info.created_at


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_expand_takes_every_name_of_the_client(hub, api, kind):
    """Whatever the client may ask for is answered, with nothing where there is nothing to tell."""
    names = list(get_args(getattr(hf_api, f"Expand{kind.capitalize()}Property_T")))
    assert len(names) > 15
    repo = hub.make(kind, stem="expand")
    assert getattr(api, f"{kind}_info")(repo, expand=names).id == repo
    found = list(getattr(api, f"list_{kind}s")(author="alice", search=repo, expand=names))
    assert ids(found) == [repo]


def test_expand_refuses_unknown_names(hub, repo):
    res = hub.owner.get(f"/api/models/{repo}?expand=nonsense")
    assert res.status == 400 and "nonsense" in res.json()["error"]


def test_expand_datasets_and_spaces(hub, api):
    name = hub.make("dataset", files={"README.md": b"---\nlanguage: en\n---\n"})
    info = api.dataset_info(name, expand=["author", "tags", "downloads", "sha"])
    assert info.author == "alice" and "language:en" in info.tags and len(info.sha) == 40
    name = hub.make("space")
    info = api.space_info(name, expand=["sdk", "author", "sha"])
    assert info.sdk == "static" and len(info.sha) == 40
    assert api.space_info(name).sdk == "static"


def test_tree(api, repo):
    ids = {**{p: gitid.blob(d) for p, d in FILES.items()}}
    ids["a/w.safetensors"] = gitid.blob(gitid.pointer(WEIGHTS))
    top = {e.path: e for e in api.list_repo_tree(repo)}
    assert sorted(top) == sorted([".gitattributes", "README.md", "config.json", "a", "z.txt"])
    below = {p[2:]: i for p, i in ids.items() if p.startswith("a/")}
    assert top["a"].tree_id == gitid.trees(below)[""]
    inner = {e.path: e for e in api.list_repo_tree(repo, "a")}
    assert sorted(inner) == ["a/b", "a/top.txt", "a/w.safetensors"]
    assert inner["a/top.txt"].blob_id == ids["a/top.txt"]
    deep = [e.path for e in api.list_repo_tree(repo, "a", recursive=True)]
    assert sorted(deep) == ["a/b", "a/b/deep.txt", "a/top.txt", "a/w.safetensors"]
    for path in ("absent", "a/top.txt", "a/b/absent"):
        with pytest.raises(EntryNotFoundError):
            list(api.list_repo_tree(repo, path))
    with pytest.raises(RevisionNotFoundError):
        list(api.list_repo_tree(repo, revision="absent"))


def test_tree_expand(hub, api):
    repo = hub.make(files={"one.txt": b"1", "d/two.txt": b"2"})
    later = hub.owner.commit(repo, {"d/two.txt": b"22"}, message="change two")
    first = api.list_repo_commits(repo)[1].commit_id
    entries = {e.path: e for e in api.list_repo_tree(repo, recursive=True, expand=True)}
    assert entries["one.txt"].last_commit["oid"] == first
    assert entries["d/two.txt"].last_commit["oid"] == later
    assert entries["d"].last_commit["oid"] == later
    assert entries["d/two.txt"].last_commit["title"] == "change two"
    assert entries["d/two.txt"].last_commit["date"].tzinfo is not None
    info = api.get_paths_info(repo, ["one.txt", "d"], expand=True)
    assert {e.path: e.last_commit["oid"] for e in info} == {"one.txt": first, "d": later}


def test_tree_pages(hub, api):
    """More entries than one page holds arrive complete, once each."""
    files = {f"many/f{n:05}.txt": b"%d" % n for n in range(2300)}
    repo = hub.make(files=files, stem="many")
    with hub.capture() as seen:
        listed = [e.path for e in api.list_repo_tree(repo, recursive=True)]
    assert sorted(listed) == sorted([*files, "many", ".gitattributes"])
    assert len([r for r in seen() if "/tree/" in r.path]) >= 3
    expanded = [e.path for e in api.list_repo_tree(repo, "many", expand=True)]
    assert sorted(expanded) == sorted(files)
    assert len(api.model_info(repo).siblings) == 2301
    wanted = list(files)[:1000]
    infos = api.get_paths_info(repo, wanted)
    assert {i.path: i.blob_id for i in infos} == {p: gitid.blob(files[p]) for p in wanted}


def test_paths_info(api, repo):
    infos = {e.path: e for e in api.get_paths_info(repo, ["a", "z.txt", "absent", "a/absent"])}
    assert sorted(infos) == ["a", "z.txt"]
    assert infos["z.txt"].blob_id == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert len(infos["a"].tree_id) == 40
    with pytest.raises(RevisionNotFoundError):
        api.get_paths_info(repo, ["a"], revision="absent")


def test_file_exists(hub, api, repo):
    assert api.file_exists(repo, "a/b/deep.txt")
    assert not api.file_exists(repo, "a/b")
    assert not api.file_exists(repo, "absent")
    assert not api.file_exists(repo, "z.txt", revision="absent")
    assert not api.file_exists("alice/absent", "z.txt")


def test_branches(hub):
    api = HfApi(token=hub.alice)
    repo = hub.make(files={"f.txt": b"1"})
    head = api.model_info(repo).sha
    hub.owner.commit(repo, {"f.txt": b"2"})
    api.create_branch(repo, branch="dev/one")
    api.create_branch(repo, branch="old", revision=head)
    with pytest.raises(HfHubHTTPError) as caught:
        api.create_branch(repo, branch="old")
    assert caught.value.response.status_code == 409
    api.create_branch(repo, branch="old", exist_ok=True)
    refs = api.list_repo_refs(repo)
    now = api.model_info(repo).sha
    assert {b.name: b.target_commit for b in refs.branches} == {
        "main": now,
        "dev/one": now,
        "old": head,
    }
    assert {b.ref for b in refs.branches} == {
        "refs/heads/main",
        "refs/heads/dev/one",
        "refs/heads/old",
    }
    assert refs.tags == [] and refs.converts == []
    assert api.list_repo_refs(repo, include_pull_requests=True).pull_requests == []
    api.delete_branch(repo, branch="dev/one")
    with pytest.raises(HfHubHTTPError) as caught:
        api.delete_branch(repo, branch="dev/one")
    assert caught.value.response.status_code == 404
    with pytest.raises(RevisionNotFoundError):
        api.create_branch(repo, branch="x", revision="absent")


def test_tags(hub):
    api = HfApi(token=hub.alice)
    repo = hub.make(files={"f.txt": b"1"})
    head = api.model_info(repo).sha
    api.create_tag(repo, tag="v1.0", tag_message="first release")
    later = hub.owner.commit(repo, {"f.txt": b"2"})
    api.create_tag(repo, tag="v2/rc", revision=later)
    with pytest.raises(HfHubHTTPError) as caught:
        api.create_tag(repo, tag="v1.0")
    assert caught.value.response.status_code == 409
    api.create_tag(repo, tag="v1.0", exist_ok=True)
    tags = {t.name: (t.ref, t.target_commit) for t in api.list_repo_refs(repo).tags}
    assert tags == {"v1.0": ("refs/tags/v1.0", head), "v2/rc": ("refs/tags/v2/rc", later)}
    assert api.model_info(repo, revision="v1.0").sha == head
    api.delete_tag(repo, tag="v1.0")
    with pytest.raises(RevisionNotFoundError):
        api.delete_tag(repo, tag="v1.0")
    with pytest.raises(RevisionNotFoundError):
        api.create_tag(repo, tag="x", revision="absent")


def test_commits_list(hub, api):
    repo = hub.make()
    made = [hub.owner.commit(repo, {"f": b"%d" % n}, message=f"c {n}") for n in range(60)]
    commits = api.list_repo_commits(repo)
    assert [c.commit_id for c in commits[:-1]] == made[::-1]
    assert [c.title for c in commits[:2]] == ["c 59", "c 58"]
    assert commits[-1].title == "initial commit"
    assert commits[0].authors == ["alice"]
    assert commits[0].created_at >= commits[-1].created_at
    formatted = api.list_repo_commits(repo, formatted=True)
    assert formatted[0].formatted_title and "c 59" in formatted[0].formatted_title
    some = api.list_repo_commits(repo, revision=made[2])
    assert [c.commit_id for c in some[:3]] == made[2::-1]
    with pytest.raises(RevisionNotFoundError):
        api.list_repo_commits(repo, revision="absent")


@pytest.fixture(scope="module")
def shelf(hub):
    """A user of their own with known repositories, so that counts are exact."""
    hub.server.user("curator")
    api = HfApi(token=hub.server.token("curator"))
    cards = {"alpha-bert": b"---\nlicense: mit\n---\n", "beta-bert": None, "gamma": None}
    for name, card in cards.items():
        api.create_repo(f"curator/{name}")
        if card:
            api.upload_file(
                path_or_fileobj=card, path_in_repo="README.md", repo_id=f"curator/{name}"
            )
    api.create_repo("curator/hidden", private=True)
    api.create_repo("curator/table", repo_type="dataset")
    api.create_repo("curator/app", repo_type="space", space_sdk="gradio")
    return api


def ids(found):
    return [r.id for r in found]


def test_list_models(shelf, api):
    every = ["curator/alpha-bert", "curator/beta-bert", "curator/gamma"]
    assert sorted(ids(api.list_models(author="curator"))) == every
    assert sorted(ids(shelf.list_models(author="curator"))) == sorted([*every, "curator/hidden"])
    assert sorted(ids(api.list_models(author="curator", search="bert"))) == every[:2]
    assert ids(api.list_models(author="nobody-here")) == []
    assert len(ids(api.list_models(author="curator", limit=2))) == 2


def test_list_order(shelf, api):
    made = ids(api.list_models(author="curator", sort="created_at"))
    assert made == ["curator/gamma", "curator/beta-bert", "curator/alpha-bert"]
    # Commit dates are whole seconds: the change must fall into a later one.
    made = shelf.model_info("curator/gamma").last_modified
    while datetime.now(UTC) < made + timedelta(seconds=1.05):
        time.sleep(0.05)
    shelf.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id="curator/beta-bert")
    changed = list(api.list_models(author="curator", sort="last_modified"))
    assert changed[0].id == "curator/beta-bert"
    dates = [m.last_modified for m in changed]
    assert dates == sorted(dates, reverse=True)


def test_list_details(shelf, api):
    found = {m.id: m for m in api.list_models(author="curator", full=True, cardData=True)}
    assert found["curator/alpha-bert"].card_data["license"] == "mit"
    assert "README.md" in [s.rfilename for s in found["curator/alpha-bert"].siblings]
    slim = next(iter(api.list_models(author="curator", search="gamma", expand=["sha", "private"])))
    assert slim.private is False and len(slim.sha) == 40 and slim.siblings is None


def test_list_datasets_and_spaces(shelf, api):
    assert ids(api.list_datasets(author="curator")) == ["curator/table"]
    assert ids(api.list_datasets(search="tabl", author="curator")) == ["curator/table"]
    # The client sends both names; both must be in the id.
    assert ids(api.list_datasets(dataset_name="table", search="curator/")) == ["curator/table"]
    assert ids(api.list_datasets(dataset_name="table", search="absent")) == []
    spaces = list(api.list_spaces(author="curator"))
    assert [(s.id, s.sdk) for s in spaces] == [("curator/app", "gradio")]


def test_list_pages(hub, api):
    """A limit above the page size follows Link; every repo comes once."""
    hub.server.user("many")
    owner = hub.plain(hub.server.token("many"))
    for n in range(25):
        owner.create(f"many/m{n:02}")
    res = api_page(hub, "/api/models?author=many&limit=10")
    pages = [res]
    while 'rel="next"' in pages[-1].headers.get("link", ""):
        url = pages[-1].headers["link"].split("<")[1].split(">")[0]
        assert url.startswith(hub.url + "/")
        pages.append(api_page(hub, url[len(hub.url) :]))
    names = [m["id"] for page in pages for m in page.json()]
    assert sorted(names) == [f"many/m{n:02}" for n in range(25)] and len(pages) == 3
    assert len(ids(api.list_models(author="many"))) == 25
    assert len(ids(api.list_models(author="many", limit=13))) == 13


def api_page(hub, path):
    res = hub.plain().get(path)
    assert res.status == 200, res
    return res
