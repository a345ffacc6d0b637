"""Who may do what: every row of the route table × every kind of caller × public and private.

The permission column decides what is expected; RULES says what each word means. A word, or a path
parameter, that this file does not know fails: nobody adds a route past this table.
"""

import itertools
import json
import re

import pytest
from support import routes
from support.plain import Plain

CALLERS = ["anonymous", "expired", "stranger", "read", "write", "owner"]
# Callers: "stranger" has a write token of another user, "read" is the owner's read token, "write"
# the owner's write token of a second name, "owner" the owner's first write token. For rows without
# a repository, stranger and owner are simply two users.
#
# What a permission lets through, per visibility. "ok" = the handler decides (anything but a refusal
# of the person), a number = exactly this status with this code.
HIDDEN_A = (401, "RepoNotFound")
HIDDEN = (404, "RepoNotFound")
NO_TOKEN = (401, None)
BAD_TOKEN = (401, None)
FORBIDDEN = (403, None)
OK = "ok"

RULES = {
    # nobody is asked who they are
    "ANY": {
        v: dict.fromkeys(CALLERS, OK) for v in ("public", "private")
    },
    # everybody may ask; a bad token is refused, the answer depends on who asks
    "VISITOR": {
        v: {**dict.fromkeys(CALLERS, OK), "expired": BAD_TOKEN} for v in ("public", "private")
    },
    # a valid token
    "USER": {
        v: {**dict.fromkeys(CALLERS, OK), "anonymous": NO_TOKEN, "expired": BAD_TOKEN}
        for v in ("public", "private")
    },
    # a valid write token
    "USER_WRITE": {
        v: {
            **dict.fromkeys(CALLERS, OK),
            "anonymous": NO_TOKEN,
            "expired": BAD_TOKEN,
            "read": FORBIDDEN,
        }
        for v in ("public", "private")
    },
    "REPO_READ": {
        "public": {**dict.fromkeys(CALLERS, OK), "expired": BAD_TOKEN},
        "private": {
            "anonymous": HIDDEN_A,
            "expired": BAD_TOKEN,
            "stranger": HIDDEN,
            "read": OK,
            "write": OK,
            "owner": OK,
        },
    },
    "REPO_WRITE": {
        "public": {
            "anonymous": NO_TOKEN,
            "expired": BAD_TOKEN,
            "stranger": FORBIDDEN,
            "read": FORBIDDEN,
            "write": OK,
            "owner": OK,
        },
        "private": {
            "anonymous": HIDDEN_A,
            "expired": BAD_TOKEN,
            "stranger": HIDDEN,
            "read": FORBIDDEN,
            "write": OK,
            "owner": OK,
        },
    },
    # the link itself is the right: without a good signature nobody passes, token or not
    "SIGNED": {v: dict.fromkeys(CALLERS, FORBIDDEN) for v in ("public", "private")},
}
RULES["REPO_ADMIN"] = RULES["REPO_WRITE"]


ROWS = routes.table()
def body_of(row, method, path, kind, repo):
    """A request body that the handler can read, so that what is tested is the permission."""
    ns, name = repo.split("/")
    if method in ("GET", "HEAD"):
        return None, {}
    if path.endswith("/api/repos/create"):
        # Creates in the caller's own namespace, under a name that is free.
        return {"name": f"matrix-{next(COUNT)}"}, {}
    if path.endswith("/api/repos/delete"):
        body = {"organization": ns, "name": name}
        return ({**body, "type": kind} if kind != "model" else body), {}
    if "/objects/batch" in path:
        kind = "application/vnd.git-lfs+json"
        operation = "upload" if row.permission == "REPO_WRITE" else "download"
        body = {"operation": operation, "transfers": ["basic"], "objects": []}
        return json.dumps(body).encode(), {"Content-Type": kind, "Accept": kind}
    if "/commit/" in path:
        header = {"key": "header", "value": {"summary": "m", "description": ""}}
        value = {"path": "m.txt", "encoding": "utf-8", "content": str(next(COUNT))}
        lines = [header, {"key": "file", "value": value}]
        body = "\n".join(json.dumps(x) for x in lines).encode()
        return body, {"Content-Type": "application/x-ndjson"}
    if path.endswith("/settings"):
        return {}, {}
    if "/preupload/" in path:
        return {"files": [{"path": "m.txt", "size": 1, "sample": "bQ=="}]}, {}
    if "/paths-info/" in path:
        return {"paths": ["f.txt"], "expand": False}, {}
    if "/tag/" in path:
        return {"tag": f"t{next(COUNT)}"}, {}
    if path.endswith("/validate-yaml"):
        return {"content": "# x", "repoType": "model"}, {}
    return {}, {}


COUNT = itertools.count(1)


@pytest.fixture(scope="module")
def callers(hub):
    second = hub.server.token("alice", "write", "second")
    return {
        "anonymous": None,
        "expired": hub.expired,
        "stranger": hub.mallory,
        "read": hub.alice_read,
        "write": second,
        "owner": hub.alice,
    }


def refused(res):
    """Did the server turn this person away (rather than this request)?"""
    if res.status in (401, 403):
        return True
    return res.status == 404 and res.headers.get("x-error-code") == "RepoNotFound"


def judge(row, method, path, caller, visibility, res):
    want = RULES[row.permission][visibility][caller]
    case = f"{method} {path} ({row.permission}) as {caller}, {visibility}: {res}"
    assert res.status < 500 or res.status == 501, case
    if want == OK:
        assert not refused(res), case
        return
    status, code = want
    assert res.status == status, case
    if code:
        assert res.headers.get("x-error-code") == code, case
    if method != "HEAD":
        assert res.headers.get("x-error-message") or res.body, case


def test_the_table_is_known():
    assert ROWS, "serve --routes prints no rows"
    unknown = {r.permission for r in ROWS} - set(RULES)
    assert not unknown, f"permissions without a rule in this test: {unknown}"
    names = [str(r) for r in ROWS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_row(hub, callers, row):
    kinds = ["model", "dataset", "space"]
    done = 0
    for kind, visibility, method in itertools.product(
        kinds, ("public", "private"), row.verbs
    ):
        if kind != "model" and "{kind" not in row.pattern and "{type" not in row.pattern:
            continue
        repo = None
        for caller in CALLERS:
            # A repository for every case: deletion by one must not help the next.
            later = row.handler == "srv_later_answer"
            destructive = not later and (method == "DELETE" or row.permission == "REPO_ADMIN")
            if repo is None or destructive:
                files = {"f.txt": b"f"} if "{path" in row.pattern else None
                repo = hub.make(kind, visibility == "private", files, stem="mx")
            path = routes.fill(row.pattern, kind, repo)
            if path is None:
                continue
            if about_own_namespace(row, path, caller):
                repo_body = f"{'mallory' if caller == 'stranger' else 'alice'}/x"
                body, headers = body_of(row, method, path, kind, repo_body)
            else:
                body, headers = body_of(row, method, path, kind, repo)
            res = Plain(hub.url, callers[caller]).request(
                method, path, body=body, headers=headers
            )
            if special(row, method, path, caller, visibility, res):
                done += 1
                continue
            judge(row, method, path, caller, visibility, res)
            done += 1
    assert done >= len(CALLERS), f"{row}: no case was made"


def about_own_namespace(row, path, caller):
    return path == "/api/repos/create"


def special(row, method, path, caller, visibility, res):
    """Rows whose permission column cannot say it all; each is judged here instead."""
    if path == "/api/repos/delete" and caller == "stranger":
        # a stranger's write token is good, but not for this repository
        want = 403 if visibility == "public" else 404
        assert res.status == want, res
        return True
    if "{ns}" not in row.pattern and "{name}" in row.pattern:
        # legacy single-segment ids: there are none, so every caller hears "not found"
        assert refused(res) or res.status == 404, res
        assert res.status == (401 if caller in ("anonymous", "expired") else 404), res
        return True
    if res.status == 501:
        # comes later: whoever may not see the repository still learns nothing about it
        want = RULES[row.permission][visibility][caller]
        assert want == OK, f"{method} {path} as {caller}, {visibility}: 501 before {want}"
        return True
    return False


def test_token_of_a_leaked_database_is_useless(hub):
    """The database alone holds no token: its bytes contain none that we know."""
    stored = b"".join(p.read_bytes() for p in hub.data.glob("spoke.db*"))
    assert stored
    for token in (hub.alice, hub.bob, hub.mallory, hub.alice_read):
        assert token.encode() not in stored
        assert token[3:].encode() not in stored


def test_removed_token_stops_working(hub):
    token = hub.server.token("bob", "read", "short-lived")
    assert Plain(hub.url, token).get("/api/whoami-v2").status == 200
    hub.server.admin("token", "rm", "--user", "bob", "--name", "short-lived")
    assert Plain(hub.url, token).get("/api/whoami-v2").status == 401


def test_imported_token_works(hub):
    value = "hf_" + "Zz9" * 12
    words = ["token", "add", "--user", "bob", "--role", "read", "--name", "imported"]
    hub.server.admin(*words, "--value-file", "-", stdin=value + "\n")
    res = Plain(hub.url, value).get("/api/whoami-v2")
    assert (res.status, res.json()["name"]) == (200, "bob")


def test_malformed_credentials(hub):
    repo = hub.make(files={"f.txt": b"f"})
    for value in ("Bearer", "Bearer ", "Basic YWxpY2U6eA==", "Bearer a b", "Bearer " + "x" * 5000):
        res = Plain(hub.url).get(f"/api/models/{repo}", headers={"Authorization": value})
        assert res.status in (400, 401, 431), (value[:30], res)


def test_lists_hide_private_repositories(hub):
    secret = hub.make(private=True, stem="hidden")
    for kind, token in (("models", hub.mallory), ("models", None), ("models", hub.bob_read)):
        found = Plain(hub.url, token).get(f"/api/{kind}?author=alice&search=hidden").json()
        assert secret not in [r["id"] for r in found]
    found = Plain(hub.url, hub.alice_read).get("/api/models?author=alice&search=hidden").json()
    assert secret in [r["id"] for r in found]


def test_private_and_absent_look_the_same(hub):
    """Nobody can tell a private repository from one that is not there."""
    secret = hub.make(private=True, files={"f.txt": b"f"}, stem="mask")
    absent = "alice/mask-absent"
    paths = [
        ("GET", "/api/models/{}"),
        ("GET", "/api/models/{}/tree/main"),
        ("HEAD", "/{}/resolve/main/f.txt"),
        ("GET", "/{}/resolve/main/f.txt"),
        ("GET", "/{}/raw/main/f.txt"),
        ("GET", "/api/models/{}/refs"),
        ("POST", "/api/models/{}/preupload/main"),
        ("DELETE", "/api/models/{}/branch/x"),
    ]
    for token in (None, hub.mallory):
        for method, path in paths:
            seen = []
            for repo in (secret, absent):
                res = Plain(hub.url, token).request(
                    method, path.format(repo), body={} if method == "POST" else None
                )
                headers = {
                    k: v for k, v in res.headers.items() if k not in ("date", "x-request-id")
                }
                seen.append(str((res.status, headers, res.body)).replace(repo, "REPO"))
            for n in range(len(seen)):
                seen[n] = re.sub(r"'content-length': '\d+'", "", seen[n])
                seen[n] = re.sub(r"[0-9a-f]{8,}[-0-9a-f]*", "ID", seen[n])
            assert seen[0] == seen[1]
