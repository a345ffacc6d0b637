"""The same command line given to hf and to spoke: the same ids in quiet mode, hf's keys in JSON."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
from support.server import program

HF = str(pathlib.Path(sys.executable).parent / "hf")


@pytest.fixture(scope="module")
def repo(hub):
    repo = hub.make(files={"config.json": b"{}", "sub/a.txt": b"a"}, lfs={"w.bin": bytes(50_000)},
                    stem="minelike")
    hub.owner.post(f"/api/models/{repo}/tag/main", {"tag": "v1"})
    return repo


@pytest.fixture
def both(hub, client):
    """hf's and spoke's standard output, on one cache; status 0 for both."""

    def run(*words, token=None):
        out = []
        for program in (HF, None):
            if program is None:
                out.append(client.spoke(*words, token=token or hub.alice))
                continue
            res = subprocess.run([program, *words], capture_output=True, text=True, cwd=client.home,
                                 env=client.env(token or hub.alice), timeout=120)
            assert res.returncode == 0, res.stderr
            out.append(res.stdout)
        return out

    return run


READ = [
    "auth whoami",
    "auth token",
    "download {repo} config.json",
    "download {repo} sub/",
    "download hf://{repo}@v1/sub/",
    "download {repo} --include *.json --no-force-download",
    "download {repo} --dry-run",
    "download {repo} w.bin sub/a.txt --revision v1",
    "cache ls",
    "cache ls --filter type=model --sort size:asc --limit 1",
    "cache ls --revisions",
    "cache verify {repo}",
    "cache rm model/{repo} --dry-run",
    "cache prune --dry-run",
    "models ls {repo}",
    "models ls {repo} -R",
    "models ls --search {name} --author alice",
    "repos tag ls {repo}",
]


@pytest.mark.parametrize("line", READ)
def test_quiet_is_the_same(both, client, repo, line):
    client.spoke("download", repo, "config.json")
    words = line.format(repo=repo, name=repo.split("/")[1]).split()
    theirs, ours = both(*words, "-q")
    assert ours == theirs and (theirs or "prune" in line)


JSON = [line for line in READ if line not in ("auth token",)] + ["models info {repo}"]


def keys(value):
    """Names of members; of lists those of the items, in one."""
    if isinstance(value, list):
        return set().union(*map(keys, value)) if value else set()
    return set(value)


@pytest.mark.parametrize("line", JSON)
def test_json_has_the_keys_of_hf(both, client, repo, line):
    client.spoke("download", repo, "config.json")
    words = line.format(repo=repo, name=repo.split("/")[1]).split()
    theirs, ours = both(*words, "--json")
    if not theirs:
        return  # hf prints nothing where there is nothing to do; ours is a valid document
    theirs, ours = json.loads(theirs), json.loads(ours)
    assert type(ours) is type(theirs)
    assert keys(ours) >= keys(theirs), (ours, theirs)
    for mine, his in zip(*(v if isinstance(v, list) else [v] for v in (ours, theirs)), strict=True):
        for name in ("id", "repo_id", "repo_type", "revision", "path", "file", "ref", "user", "url",
                     "target_commit", "blob_id", "tree_id", "lfs", "refs", "snapshot_path", "sha"):
            assert name not in his or mine[name] == his[name], name


NOTHING = ["cache ls --limit 0", "models ls --author alice --limit 0", "datasets ls --limit 0"]


@pytest.mark.parametrize("mode", ["human", "agent", "json", "quiet"])
@pytest.mark.parametrize("line", NOTHING)
def test_limit_0_is_nothing(both, client, repo, line, mode):
    client.spoke("download", repo, "config.json")
    theirs, ours = both(*line.split(), "--format", mode)
    assert ours == theirs


def test_no_command_is_a_mistake(hub, client):
    for words in ([HF], [program()]):
        res = subprocess.run(words, capture_output=True, text=True, timeout=120,
                             cwd=client.home, env=client.env(hub.alice))
        assert res.returncode == 2 and not res.stdout and res.stderr


WRITE = [
    ("repos create {repo} --private", {"repo_id", "url"}),
    ("repos create {repo} --exist-ok", {"repo_id", "url"}),
    ("upload {repo} up", {"url"}),
    ("repos tag create {repo} v1 -m text", {"tag", "repo_type", "repo_id"}),
    ("repos branch create {repo} dev", {"branch", "repo_type", "repo_id"}),
    ("repos branch delete {repo} dev", {"branch", "repo_type", "repo_id"}),
    ("repos tag delete {repo} v1 --yes", {"tag", "repo_type", "repo_id"}),
    ("repos delete-files {repo} *.txt", {"repo_id", "commit_url"}),
    ("repos delete {repo} --yes", {"repo_id"}),
]


def test_results_of_changes(hub, client):
    """One life of a repository with each program: the first value and the keys are the same."""
    (client.home / "up").mkdir()
    (client.home / "up/a.txt").write_text("a")
    seen = {}
    for who in (HF, "spoke"):
        repo = "alice/lifeofone"  # deleted at the end, so that both use one name
        for mode in ("--json", "-q"):
            for line, names in WRITE:
                words = [*line.format(repo=repo).split(), mode]
                if who == HF:
                    res = subprocess.run([HF, *words], capture_output=True, text=True, timeout=120,
                                         cwd=client.home, env=client.env(hub.alice))
                    assert res.returncode == 0, res.stderr
                    text = res.stdout
                else:
                    text = client.spoke(*words, token=hub.alice)
                if mode == "--json":
                    value = json.loads(text)
                    assert set(value) >= names and next(iter(value)) in names, (who, line, value)
                    text = next(iter(value))  # the key that comes first, which -q prints
                elif "commit/" in text:
                    text = os.path.dirname(text)  # titles differ, so do commits
                seen.setdefault((line, mode), []).append(text.strip())
    assert all(mine == his for his, mine in seen.values()), seen


TAKEN = """download upload env version auth:list auth:login auth:logout auth:switch auth:token auth:whoami
    cache:list cache:prune cache:rm cache:verify repos:create repos:delete repos:delete-files repos:list
    repos:tag:create repos:tag:delete repos:tag:list repos:branch:create repos:branch:delete
    models:info models:list datasets:info datasets:list spaces:info spaces:list""".split()
NOT_TAKEN = {("repos:list", "--explore")}  # a walk through a picture in the browser


def test_every_option_of_hf_is_known(client):
    """Read from hf itself, so that a new version shows what is new; with the spelling of both."""
    listed = client.python(
        f"""
        import click
        from huggingface_hub.cli.hf import app
        for name in {TAKEN!r}:
            command = app
            for word in name.split(":"):
                command = command.get_command(click.Context(command), word)
            command = command.materialize() if hasattr(command, "materialize") else command
            for option in command.params:
                if isinstance(option, click.Option):
                    for text in option.opts + option.secondary_opts:
                        print(name, text, "" if option.is_flag else "1")
        """
    )
    options = [line.split(" ") for line in listed.splitlines()]
    assert len(options) > 150 and ["download", "--max-workers", "1"] in options
    for name, text, value in options:
        if (name, text) in NOT_TAKEN:
            continue
        # Where the option is known, the second one is what is complained of (or the value).
        said = client.spoke(*name.split(":"), text, *([value] if value else []), "--frobnicate", code=2)
        assert "--frobnicate" in said or "must be" in said, (name, text, said)
