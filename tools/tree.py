"""What the lint checks share: the files of the tree and how to report."""

import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def files(*suffixes, under=()):
    """Paths relative to the top of all files that git tracks or would track, sorted."""
    out = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=TOP, check=True,
                         stdout=subprocess.PIPE).stdout
    names = sorted({n for n in out.decode().split("\0") if n})
    return [n for n in names
            if (not suffixes or n.endswith(suffixes))
            and (not under or n.startswith(tuple(u + "/" for u in under)))
            and os.path.isfile(os.path.join(TOP, n))]


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def finish(findings, good):
    """Prints the findings, or one line about what was looked at, and ends the program."""
    for line in findings:
        print(line)
    if findings:
        sys.exit(1)
    print(good)
    sys.exit(0)
