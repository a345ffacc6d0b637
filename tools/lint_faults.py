"""One planted fault per lint check (or per rule of one): what `tools/lint --self-test` runs.

Each is planted alone in a copy of the tree; a check has seen it when it fails and its output names
what was planted, so that a check that fails for another reason proves nothing.
"""

import os
import shutil
import subprocess
import tempfile

import tree

LONG = "void base_planted_long(void)\n{\n" + "    ;\n" * 320 + "}\n"
TWISTED = ("int base_planted_twisted(int x);\nint base_planted_twisted(int x)\n{\n"
           + "".join(f"    if (x == {n})\n        return {n + 1};\n" for n in range(45))
           + "    return 0;\n}\n")


def compile_to(top, source, folder):
    """An object file where check-static looks for the objects of a module."""
    path = os.path.join(top, "planted", "build", "src", folder, "libx.a.p")
    os.makedirs(path, exist_ok=True)
    subprocess.run(["gcc", "-x", "c", "-", "-c", "-o", os.path.join(path, "planted.c.o")],
                   input=source, text=True, check=True)


def link_with(top, library):
    """A program that needs one library too many."""
    path = os.path.join(top, "planted", "client")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    subprocess.run(["gcc", "-x", "c", "-", "-Wl,--no-as-needed", library, "-o", path],
                   input="int main(void) { return 0; }", text=True, check=True)


# check, what is planted, {file: text}, what the output must name, arguments, preparation
PLANTS = [
    ("format", "bad indent", {"src/base/planted.c": "int a;\n   int b;\n"}, "src/base/planted.c"),
    ("layers", "an arrow up", {"src/base/planted.c": '#include "net/net.h"\n'},
     "base may not use net"),
    ("layers", "a private header", {"src/cli/planted.c": '#include "base/err.h"\n'},
     "private to base"),
    ("layers", "a foreign library", {"src/cli/planted.c": "#include <sqlite3.h>\n"},
     "belongs to meta"),
    ("layers", "a stray include", {"src/cli/planted.c": '#include "planted_nowhere.h"\n'},
     "planted_nowhere"),
    ("layers", "a circle", {"src/LAYERS": "base: net | base/base.h\nnet: base | net/net.h\n"},
     "circle"),
    ("complexity", "a twisted function", {"src/base/planted.c": TWISTED}, "complexity 46"),
    ("complexity", "a long function", {"src/base/planted.c": LONG}, "lines, at most 300"),
    ("spelling", "a misspelling", {"docs/planted.md": "we recie" + "ve a file\n"}, "planted.md"),
    ("headers", "a header that needs another",
     {"src/base/planted.h": "struct sp_planted { size_t n; };\n"}, "src/base/planted.h"),
    ("headers", "a header without guard", {"src/base/planted.h": "struct sp_planted { int n; };\n"},
     "src/base/planted.h"),
    ("scripts", "a shell error", {"tools/planted.sh": "#!/bin/bash\nif true; then\n"}, "planted.sh"),
    ("scripts", "an unquoted glob", {"tools/planted.sh": "#!/bin/bash\nrm -rf $1/*\ncd x\n"},
     "planted.sh"),
    ("scripts", "a python error", {"tools/planted.py": "def f(:\n"}, "planted.py"),
    ("tree", "an unlisted source", {"src/base/planted.c": "int a;\n"}, "not listed"),
    ("tree", "white space", {"docs/planted.md": "text \n"}, "white space"),
    ("tree", "a page about a file that is gone",
     {"docs/planted.md": "See `src/base/nowhere.c`.\n"}, "names src/base/nowhere.c"),
    ("tree", "a fuzz target without corpus", {"fuzz/fuzz_planted.c": "int a;\n"}, "is empty"),
    ("docs", "a stale page",
     {"tools/gen-docs": "#!/bin/sh\nmkdir -p $1/docs\necho new >$1/docs/planted.md\n",
      "docs/planted.md": "old\n"}, "docs/planted.md is not up to date"),
    ("docs", "a man page with a macro that is none",
     {"tools/gen-docs": "#!/bin/sh\nmkdir -p $1/docs\necho new >$1/docs/planted.md\n",
      "docs/planted.md": "new\n", "man/planted.1": ".TH PLANTED 1\n.SH NAME\nplanted \\- x\n.TQQ\n"},
     "man/planted.1:4"),
    ("docs", "a generator that writes nothing", {"tools/gen-docs": "#!/bin/sh\n"}, "wrote nothing"),
    ("static", "a function for one file", {}, "base_planted_alone", ["planted/build"],
     lambda top: compile_to(top, "int base_planted_alone(void) { return 1; }", "base")),
    ("links", "a client with libcurl", {}, "links libcurl", ["planted/client", "planted/client"],
     lambda top: link_with(top, "-lcurl")),
]


def copy_tree():
    top = tempfile.mkdtemp(prefix="spoke-lint-")
    for name in tree.files():
        target = os.path.join(top, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(os.path.join(tree.TOP, name), target)
    subprocess.run(["git", "init", "-q", top], check=True)
    return top


def plant_all(checks, run):
    """Yields (check, what was planted, status, output); status 0 means that it was not seen."""
    top = copy_tree()
    try:
        for check, name, files, needle, *more in PLANTS:
            args = more[0] if more else []
            kept = {}
            for path, text in files.items():
                full = os.path.join(top, path)
                if os.path.exists(full):
                    with open(full, "rb") as f:
                        kept[path] = f.read()
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as f:
                    f.write(text)
                os.chmod(full, 0o755)
            if len(more) > 1:
                more[1](top)
            status, out, _ = run(check, top, args)
            if needle not in out:
                status = 0
            for path in files:
                full = os.path.join(top, path)
                if path in kept:
                    with open(full, "wb") as f:
                        f.write(kept[path])
                else:
                    os.unlink(full)
            yield check, name, status, out
        for check in checks:
            if not any(plant[0] == check for plant in PLANTS):
                yield check, "anything (no fault is planted for it)", 0, ""
    finally:
        shutil.rmtree(top, ignore_errors=True)
