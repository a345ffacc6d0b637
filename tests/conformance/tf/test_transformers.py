"""transformers without torch: configuration, tokenizer, cached_file, push, offline."""

import json
import os
import pathlib
import subprocess
import sys
import textwrap

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import AutoConfig, AutoTokenizer, PreTrainedTokenizerFast
from transformers.utils import cached_file, has_file

CONFIG = {"model_type": "bert", "hidden_size": 32, "num_attention_heads": 2, "vocab_size": 64}


@pytest.fixture(scope="module")
def tokenizer():
    """A small real tokenizer, trained here."""
    tok = Tokenizer(models.BPE(unk_token="[UNK]"))
    tok.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(vocab_size=64, special_tokens=["[UNK]", "[PAD]"])
    tok.train_from_iterator(["the hub serves tokens", "the cache keeps tokens"] * 4, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tok, unk_token="[UNK]", pad_token="[PAD]")


@pytest.fixture(scope="module")
def repo(hub, tokenizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tok")
    tokenizer.save_pretrained(folder)
    files = {p.name: p.read_bytes() for p in folder.iterdir()}
    files["config.json"] = json.dumps(CONFIG).encode()
    files["chat_template.jinja"] = b"{{ messages }}"
    files["additional_chat_templates/tool.jinja"] = b"{{ tools }}"
    return hub.make(private=True, files=files, stem="bert")


def test_config(hub, repo, work):
    with hub.capture() as seen:
        config = AutoConfig.from_pretrained(repo, token=hub.alice_read, cache_dir=work)
    assert (config.model_type, config.hidden_size) == ("bert", 32)
    sha = hub.owner.get(f"/api/models/{repo}").json()["sha"]
    info, url = f"GET /api/models/{repo}", f"/{repo}/resolve/{sha}/config.json"
    seen.expect([info, info, "HEAD " + url, "GET " + url])


def test_config_of_a_revision(hub, repo, work):
    hub.owner.post(f"/api/models/{repo}/tag/main", {"tag": "v1"})
    config = AutoConfig.from_pretrained(repo, revision="v1", token=hub.alice, cache_dir=work)
    assert config.hidden_size == 32
    with pytest.raises(OSError, match="not a valid git identifier"):
        AutoConfig.from_pretrained(repo, revision="absent", token=hub.alice, cache_dir=work)


def test_tokenizer(hub, repo, tokenizer, work):
    loaded = AutoTokenizer.from_pretrained(repo, token=hub.alice, cache_dir=work)
    text = "the hub keeps tokens"
    assert loaded(text)["input_ids"] == tokenizer(text)["input_ids"]
    assert loaded.decode(loaded(text)["input_ids"]) == tokenizer.decode(tokenizer(text)["input_ids"])
    assert loaded.pad_token == "[PAD]"


def test_strangers_get_nothing(hub, repo, work):
    for token in (hub.mallory, False):
        with pytest.raises(OSError, match="not a valid model identifier"):
            AutoConfig.from_pretrained(repo, token=token, cache_dir=work)


def test_cached_file(hub, repo, work):
    path = cached_file(repo, "config.json", token=hub.alice, cache_dir=work)
    assert json.loads(pathlib.Path(path).read_text()) == CONFIG
    with hub.capture() as seen:
        sha = path.split("/snapshots/")[1].split("/")[0]
        assert cached_file(repo, "config.json", revision=sha, cache_dir=work) == path
    seen.expect([])
    with pytest.raises(OSError, match="absent.json"):
        cached_file(repo, "absent.json", token=hub.alice, cache_dir=work)


def test_has_file(hub, repo):
    assert has_file(repo, "config.json", token=hub.alice)
    assert not has_file(repo, "absent.json", token=hub.alice)


def test_pipeline_finds_its_task(hub):
    """pipeline(model=) asks for the task and takes no model whose library is not known."""
    from transformers.pipelines import get_task

    card = b"---\npipeline_tag: fill-mask\n---\n"
    config = json.dumps(CONFIG).encode()
    repo = hub.make(files={"README.md": card, "config.json": config})
    assert get_task(repo, token=hub.alice) == "fill-mask"
    other = {"README.md": card, "config.json": config, "adapter_config.json": b"{}"}
    with pytest.raises(RuntimeError, match="meant to be used with peft"):
        get_task(hub.make(files=other), token=hub.alice)


def test_push_tokenizer(hub, tokenizer, work):
    repo = hub.name("pushed")
    tokenizer.push_to_hub(repo, token=hub.alice, private=True)
    assert hub.owner.get(f"/api/models/{repo}").json()["private"] is True
    again = AutoTokenizer.from_pretrained(repo, token=hub.alice, cache_dir=work)
    assert again("the tokens")["input_ids"] == tokenizer("the tokens")["input_ids"]
    config = AutoConfig.for_model("bert", hidden_size=48)
    config.push_to_hub(repo, token=hub.alice)
    assert AutoConfig.from_pretrained(repo, token=hub.alice, cache_dir=work).hidden_size == 48


def test_read_token_cannot_push(hub, tokenizer):
    with pytest.raises(OSError, match="403"):
        tokenizer.push_to_hub(hub.name("nopush"), token=hub.alice_read)


def offline(work, code):
    """Runs the code in a new process that must not use the network."""
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(work)}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=env, capture_output=True, text=True
    )


def test_offline(hub, repo, work):
    AutoTokenizer.from_pretrained(repo, token=hub.alice, cache_dir=work)
    AutoConfig.from_pretrained(repo, token=hub.alice, cache_dir=work)
    with hub.capture() as seen:
        res = offline(
            work,
            f"""
            from transformers import AutoConfig, AutoTokenizer
            print(AutoConfig.from_pretrained({repo!r}).hidden_size)
            print(len(AutoTokenizer.from_pretrained({repo!r})("the hub")["input_ids"]) > 0)
            try:
                AutoConfig.from_pretrained("alice/never-fetched")
            except OSError:
                print("miss")
            """,
        )
    assert res.stdout.split() == ["32", "True", "miss"], res.stderr
    seen.expect([])
