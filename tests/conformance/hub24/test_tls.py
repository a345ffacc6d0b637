"""HTTPS by the server's own TLS, and plain Host headers, seen by the real client."""

import os
import subprocess
import sys
import textwrap

import pytest
from support.server import Server


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        + ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        + ["-keyout", str(key), "-out", str(cert)],
        check=True,
        capture_output=True,
    )
    server = Server(folder, ["--tls-cert", str(cert), "--tls-key", str(key)])
    server.cert = cert
    server.user("alice")
    server.alice = server.token("alice")
    yield server
    server.judge()


def client(server, code, endpoint=None, **more):
    env = {**os.environ, "HF_ENDPOINT": endpoint or server.url, "HF_TOKEN": server.alice, **more}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=env, capture_output=True, text=True
    )


ROUND = """
    from huggingface_hub import HfApi
    api = HfApi()
    url = api.create_repo("alice/tls", exist_ok=True)
    api.upload_file(path_or_fileobj=b"x" * 100000, path_in_repo="w.bin", repo_id="alice/tls")
    print(url, len(open(api.hf_hub_download("alice/tls", "w.bin"), "rb").read()))
"""


def test_https(secure, work):
    assert secure.url.startswith("https://")
    res = client(secure, ROUND, SSL_CERT_FILE=str(secure.cert), HF_HOME=str(work))
    assert res.stdout.split() == [f"{secure.url}/alice/tls", "100000"], res.stderr


def test_name_of_the_host_is_used(secure, work):
    """LFS links and repo URLs carry the name by which the client came."""
    endpoint = secure.url.replace("127.0.0.1", "localhost")
    res = client(secure, ROUND, endpoint, SSL_CERT_FILE=str(secure.cert), HF_HOME=str(work))
    assert res.stdout.split() == [f"{endpoint}/alice/tls", "100000"], res.stderr


def test_unknown_certificate_is_refused(secure, work):
    res = client(secure, ROUND, HF_HOME=str(work))
    assert res.returncode != 0 and "CERTIFICATE_VERIFY_FAILED" in res.stderr


def test_http_to_the_https_port(secure):
    res = subprocess.run(
        ["curl", "-s", "-o", os.devnull, "-w", "%{http_code}", secure.url.replace("https", "http")],
        capture_output=True,
        text=True,
    )
    assert res.stdout in ("000", "400")
    res = client(secure, ROUND, SSL_CERT_FILE=str(secure.cert))
    assert res.returncode == 0, "the server goes on"
