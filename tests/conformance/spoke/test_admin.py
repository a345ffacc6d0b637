"""`spoke admin` beside a running server, first start, restarts."""

import concurrent.futures
import signal
import socket
import threading

import pytest
from support.plain import Plain
from support.server import Server


@pytest.fixture
def server(work):
    server = Server(work / "own")
    yield server
    server.judge()


def status(server, token):
    return Plain(server.url, token).get("/api/whoami-v2").status


def test_users_and_tokens(server):
    server.user("ann")
    assert "ann" in server.admin("user", "ls").stdout
    assert server.admin("user", "add", "ann", check=False).returncode != 0
    for bad in ("", "a b", "../x", "-x", "x" * 200, "a--b"):
        assert server.admin("user", "add", bad, check=False).returncode != 0
    token = server.token("ann", "write", "one")
    assert status(server, token) == 200
    listed = server.admin("token", "ls").stdout
    assert "one" in listed and token not in listed and "write" in listed
    server.admin("token", "rm", "--user", "ann", "--name", "one")
    assert status(server, token) == 401
    assert server.admin(
        "token", "add", "--user", "nobody", "--role", "read", check=False
    ).returncode not in (0, 1)
    other = server.token("ann", "read", "two")
    server.admin("user", "rm", "ann")
    assert status(server, other) == 401


def test_token_from_a_file(server, work):
    server.user("ann")
    value = "hf_" + "Ab3" * 11
    (work / "token").write_text(value + "\n")
    server.admin(
        *("token", "add", "--user", "ann", "--role", "read", "--value-file", str(work / "token"))
    )
    assert status(server, value) == 200


def test_repos(server):
    server.user("ann")
    ann = Plain(server.url, server.token("ann"))
    ann.create("ann/a")
    ann.create("ann/b", "dataset", True)
    listed = server.admin("repo", "ls").stdout
    assert "ann/a" in listed and "ann/b" in listed
    server.admin("repo", "rm", "ann/a")
    assert ann.get("/api/models/ann/a").status == 404
    assert ann.get("/api/datasets/ann/b").status == 200
    assert server.admin("fsck").stdout == (
        "1 repository, 0 large objects of 0 bytes: 0 problems\n"
    )
    still = server.admin("user", "rm", "ann", check=False)
    assert "user ann still has 1 repository\n" in still.stderr
    assert "spoke admin --data DIR repo ls --user NAME" in still.stderr


def test_fsck_while_repositories_come_and_go(server):
    server.user("ann")
    ann = Plain(server.url, server.token("ann"))
    done = threading.Event()
    for i in range(40):  # what fsck has to do between its list and its last look
        ann.create(f"ann/here-{i}")

    def come_and_go(name):
        while not done.is_set():
            ann.create(f"ann/{name}")
            ann.commit(f"ann/{name}", {"a.txt": b"a"}, lfs={"w.bin": name.encode() * 999})
            assert ann.request("DELETE", "/api/repos/delete", body={"name": name}).status == 200

    with concurrent.futures.ThreadPoolExecutor() as pool:
        work = [pool.submit(come_and_go, f"z{i}") for i in range(4)]
        try:
            for _ in range(30):
                server.admin("fsck")
        finally:
            done.set()
        for w in work:
            w.result()


def test_restart_keeps_everything(server):
    server.user("ann")
    token = server.token("ann")
    ann = Plain(server.url, token)
    ann.create("ann/kept", private=True)
    commit = ann.commit("ann/kept", {"a.txt": b"a"}, lfs={"w.bin": b"w" * 9999})
    assert server.stop() == 0
    server.admin("fsck")
    server.start()
    ann = Plain(server.url, token)
    assert ann.get("/api/models/ann/kept").json()["sha"] == commit
    assert ann.get("/ann/kept/resolve/main/w.bin").body == b"w" * 9999


def test_acknowledged_commit_survives_a_kill(server):
    server.user("ann")
    token = server.token("ann")
    ann = Plain(server.url, token)
    ann.create("ann/hard")
    commit = ann.commit("ann/hard", {"a.txt": b"a"}, lfs={"w.bin": b"w" * 9999})
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    server.start()
    ann = Plain(server.url, token)
    assert ann.get("/api/models/ann/hard").json()["sha"] == commit
    assert ann.get(f"/ann/hard/resolve/{commit}/w.bin").body == b"w" * 9999
    server.admin("fsck")


def test_first_user_from_the_environment(work):
    value = "hf_" + "Q7w" * 11
    (work / "secret").write_text(value + "\n")
    env = {"SPOKE_ADMIN_USER": "root-user", "SPOKE_ADMIN_TOKEN_FILE": str(work / "secret")}
    server = Server(work / "first", env=env)
    try:
        who = Plain(server.url, value).get("/api/whoami-v2").json()
        assert (who["name"], who["auth"]["accessToken"]["role"]) == ("root-user", "write")
    finally:
        server.judge()


def test_one_server_per_folder(server):
    with pytest.raises(RuntimeError) as caught:
        Server(server.folder)
    assert str(server.data) in str(caught.value)


def test_public_url(work):
    """Used where no request says better; a request's Host wins."""
    server = Server(work / "pub", ["--public-url", "https://hub.example.org"])
    try:
        server.user("ann")
        ann = Plain(server.url, server.token("ann"))
        assert ann.create("ann/x")["url"].startswith(server.url)
        body = b'{"name":"y"}'
        head = f"POST /api/repos/create HTTP/1.0\r\nAuthorization: Bearer {ann.token}\r\n" \
               f"Content-Length: {len(body)}\r\n\r\n"
        port = int(server.url.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=60) as s:  # HTTP/1.0: no Host
            s.sendall(head.encode() + body)
            answer = b"".join(iter(lambda: s.recv(65536), b""))
        assert b'"url":"https://hub.example.org/ann/y"' in answer, answer
    finally:
        server.judge()
