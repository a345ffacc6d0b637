"""The route table as `spoke serve --routes` prints it."""

import re
import subprocess

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
