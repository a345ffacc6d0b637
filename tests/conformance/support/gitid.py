"""Git object ids computed from content alone, without git, to compare with what the server says."""

import hashlib


def blob(data):
    """The id of a blob that holds these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def pointer(data):
    """The Git LFS pointer file (spec v1) that stands for these bytes in git."""
    return (
        "version https://git-lfs.github.com/spec/v1\n"
        f"oid sha256:{sha256(data)}\nsize {len(data)}\n"
    ).encode()


def tree(entries):
    """The id of a tree of (mode, name, id); directories sort as if their name ended in a slash."""

    def key(entry):
        mode, name, _ = entry
        return (name + "/" if mode == "40000" else name).encode()

    body = b"".join(
        mode.encode() + b" " + name.encode() + b"\0" + bytes.fromhex(oid)
        for mode, name, oid in sorted(entries, key=key)
    )
    return hashlib.sha1(b"tree %d\0" % len(body) + body).hexdigest()


def trees(files):
    """Ids of all directories ("" is the root) of {path: blob id}."""
    below = {}
    for path, oid in files.items():
        head, _, rest = path.partition("/")
        below.setdefault(head, {})[rest] = oid
    out, entries = {}, []
    for name, content in below.items():
        if "" in content:
            entries.append(("100644", name, content[""]))
            continue
        inner = trees(content)
        entries.append(("40000", name, inner[""]))
        out.update({name + ("/" + p if p else ""): oid for p, oid in inner.items()})
    out[""] = tree(entries)
    return out
