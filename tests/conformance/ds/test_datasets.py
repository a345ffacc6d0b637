"""datasets: Parquet, CSV and JSON repositories, streaming, push_to_hub."""

import io
import os
import subprocess
import sys
import textwrap

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, DatasetDict, load_dataset
from support import gitid

ROWS = {"id": list(range(500)), "text": [f"row {n}" for n in range(500)]}


def parquet(columns, **kw):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, **kw)
    return out.getvalue()


@pytest.fixture
def cache(work):
    return str(work / "datasets")


def test_parquet(hub, cache):
    data = parquet(ROWS)
    repo = hub.make(
        "dataset",
        files={"README.md": b"---\nlicense: mit\n---\n# D\n"},
        lfs={"data/train-00000-of-00001.parquet": data},
        stem="pq",
    )
    found = load_dataset(repo, split="train", cache_dir=cache, token=hub.bob_read)
    assert found["id"] == ROWS["id"] and found["text"][499] == "row 499"
    assert f"{500}" == str(found.num_rows)


def test_csv_and_json(hub, cache):
    csv = b"a,b\n" + b"".join(b"%d,x%d\n" % (n, n) for n in range(50))
    repo = hub.make("dataset", files={"train.csv": csv, "test.csv": b"a,b\n7,y\n"}, stem="csv")
    found = load_dataset(repo, cache_dir=cache)
    assert (found["train"].num_rows, found["test"]["b"][:]) == (50, ["y"])
    lines = b"".join(b'{"n": %d, "s": "v%d"}\n' % (n, n) for n in range(30))
    repo = hub.make("dataset", files={"data/train.jsonl": lines}, stem="json")
    found = load_dataset(repo, split="train", cache_dir=cache)
    assert found["n"][:] == list(range(30)) and found["s"][3] == "v3"


def test_configurations_by_card(hub, cache):
    card = (
        b"---\nconfigs:\n- config_name: one\n  data_files: one/*.csv\n"
        b"- config_name: two\n  data_files: two/*.csv\n---\n"
    )
    files = {"README.md": card, "one/a.csv": b"x\n1\n2\n", "two/a.csv": b"x\n3\n"}
    repo = hub.make("dataset", files=files, stem="conf")
    assert datasets.get_dataset_config_names(repo) == ["one", "two"]
    assert load_dataset(repo, "two", split="train", cache_dir=cache)["x"][:] == [3]
    assert load_dataset(repo, "one", split="train", cache_dir=cache)["x"][:] == [1, 2]


def test_private(hub, cache):
    repo = hub.make("dataset", True, files={"train.csv": b"a\n1\n"}, stem="priv")
    assert load_dataset(repo, split="train", token=hub.alice, cache_dir=cache)["a"][:] == [1]
    for token in (hub.mallory, False):
        with pytest.raises(datasets.exceptions.DatasetNotFoundError):
            load_dataset(repo, split="train", token=token, cache_dir=cache + "2")


def test_revision(hub, cache):
    repo = hub.make("dataset", files={"train.csv": b"a\n1\n"}, stem="rev")
    old = hub.owner.get(f"/api/datasets/{repo}").json()["sha"]
    hub.owner.commit(repo, {"train.csv": b"a\n2\n"}, "dataset")
    assert load_dataset(repo, split="train", cache_dir=cache)["a"][:] == [2]
    assert load_dataset(repo, split="train", revision=old, cache_dir=cache)["a"][:] == [1]


def test_streaming(hub):
    data = parquet({"id": list(range(200_000))}, row_group_size=20_000)
    repo = hub.make("dataset", lfs={"data/train-0.parquet": data}, stem="stream")
    with hub.capture() as seen:
        stream = load_dataset(repo, split="train", streaming=True)
        first = [row["id"] for row in stream.take(5)]
        assert first == [0, 1, 2, 3, 4]
    gets = [r for r in seen() if r.method == "GET" and r.path.endswith(".parquet")]
    assert gets and all(r.status in (200, 206) for r in gets)
    assert sum(1 for _ in load_dataset(repo, split="train", streaming=True)) == 200_000


def test_stream_csv(hub):
    repo = hub.make("dataset", files={"train.csv": b"a\n" + b"5\n" * 1000}, stem="scsv")
    rows = list(load_dataset(repo, split="train", streaming=True))
    assert len(rows) == 1000 and rows[0] == {"a": 5}


def test_push_and_load(hub, cache):
    repo = hub.name("pushed")
    train = Dataset.from_dict(ROWS)
    test = Dataset.from_dict({"id": [1], "text": ["one"]})
    DatasetDict(train=train, test=test).push_to_hub(repo, token=hub.alice, private=True)
    assert hub.owner.get(f"/api/datasets/{repo}").json()["private"] is True
    found = load_dataset(repo, token=hub.alice, cache_dir=cache)
    assert found["train"]["text"][:] == ROWS["text"] and found["test"].num_rows == 1
    tree = hub.owner.get(f"/api/datasets/{repo}/tree/main/data").json()
    entry = [e for e in tree if e["path"].startswith("data/train")][0]
    assert entry["lfs"]["size"] == entry["size"]
    body = hub.owner.get(f"/datasets/{repo}/resolve/main/{entry['path']}").body
    assert gitid.sha256(body) == entry["lfs"]["oid"]


def test_push_twice_and_another_config(hub, cache):
    repo = hub.name("twice")
    Dataset.from_dict({"a": [1, 2]}).push_to_hub(repo, token=hub.alice)
    Dataset.from_dict({"a": [3]}).push_to_hub(repo, token=hub.alice)
    Dataset.from_dict({"b": ["x"]}).push_to_hub(repo, "other", token=hub.alice)
    assert load_dataset(repo, "default", split="train", cache_dir=cache)["a"][:] == [3]
    assert load_dataset(repo, "other", split="train", cache_dir=cache)["b"][:] == ["x"]


def test_push_in_shards(hub, cache):
    repo = hub.name("shards")
    made = Dataset.from_dict({"n": list(range(1000))})
    made.push_to_hub(repo, token=hub.alice, num_shards=4)
    tree = hub.owner.get(f"/api/datasets/{repo}/tree/main/data").json()
    assert len(tree) == 4
    assert load_dataset(repo, split="train", cache_dir=cache)["n"][:] == list(range(1000))


def test_offline(hub, work):
    repo = hub.make("dataset", files={"train.csv": b"a\n1\n2\n"}, stem="off")
    code = f"""
        from datasets import load_dataset
        print(load_dataset({repo!r}, split="train")["a"][:])
    """
    env = {**os.environ, "HF_HOME": str(work)}
    words = [sys.executable, "-c", textwrap.dedent(code)]
    res = subprocess.run(words, env=env, capture_output=True, text=True)
    assert res.stdout.strip() == "[1, 2]", res.stderr
    with hub.capture() as seen:
        env["HF_HUB_OFFLINE"] = "1"
        res = subprocess.run(words, env=env, capture_output=True, text=True)
    assert res.stdout.strip() == "[1, 2]", res.stderr
    seen.expect([])
