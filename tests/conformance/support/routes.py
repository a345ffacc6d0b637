"""The route table as `spoke serve --routes` prints it."""

import re
import subprocess
import urllib.parse

from .server import program

COLUMNS = ["methods", "pattern", "handler", "permission", "body", "client"]


class Row:
    def __init__(self, cells):
        for name, value in zip(COLUMNS, (cells + [""] * 6)[:6]):
            setattr(self, name, value.strip())
        self.verbs = re.split(r"[|, ]+", self.methods)

    def __repr__(self):
        return f"{self.methods} {self.pattern}"

    def matches(self, path):
        """Does this raw path belong to the pattern? (For logs that name no route.)"""
        out = ""
        for piece in re.split(r"(\{[^}]*\})", self.pattern):
            if not piece.startswith("{"):
                out += re.escape(piece)
                continue
            word, _, choices = piece[1:-1].partition(":")
            if choices:
                out += "(?:" + "|".join(map(re.escape, choices.split("|"))) + ")"
            elif word.endswith("*"):
                out += ".+"
            elif word.endswith(".git"):
                out += r"[^/]+\.git"
            else:
                out += "[^/]+"
        return re.fullmatch(out, path) is not None


def table():
    res = subprocess.run([program(), "serve", "--routes"], capture_output=True, text=True)
    assert res.returncode == 0, res.stderr
    rows = []
    for line in res.stdout.splitlines():
        cells = line.split("\t")
        if line.startswith(("#", "METHOD")) or len(cells) < 5:
            continue
        rows.append(Row(cells))
    assert rows, "serve --routes prints no rows: " + res.stdout[:500]
    return rows


# What a path parameter is replaced by. The repository's kind, owner and name come from the case.
PARAMETERS = {
    "rev": "main",
    "path": "f.txt",
    "branch": "matrix-branch",
    "tag": "matrix-tag",
    "topic": "matrix",
    "oid": "0" * 64,
    "sha256": "0" * 64,
    "n": "1",
    "num": "1",
    "id": "1",
    "repo": "1",
    "size": "5",
    "user": "alice",
    "status": "pending",
    "rest": "x",
    "action": "x",
    "key": "x",
    "slug": "alice/x",
    "bucket": "alice/x",
    "compare": "main..main",
    "etag": "x",
    "range": "main..main",
    "which": "run",
}


def fill(pattern, kind, repo):
    """The pattern as a real path for this repository; None when it is about another kind."""
    ns, name = repo.split("/")
    values = {"ns": ns, "name": name, **PARAMETERS}
    # a pattern with {name} alone (legacy ids such as gpt2) never names a repository of ours
    path = pattern
    for found in re.findall(r"\{[^}]*\}", pattern):
        word, _, choices = found[1:-1].partition(":")
        suffix = ""
        if word.endswith(".git"):
            word, suffix = word[:-4], ".git"
        word = word.rstrip("*")
        if choices:
            plural = kind + "s"
            offered = choices.split("|")
            if word in ("kind", "type"):
                if plural not in offered and kind not in offered:
                    return None
                value = plural if plural in offered else kind
            else:
                value = offered[0]
        else:
            assert word in values, f"{pattern}: no value for {{{word}}}; add it to support/routes.py"
            value = values[word]
        path = path.replace(found, urllib.parse.quote(value, safe="/") + suffix, 1)
    return path
