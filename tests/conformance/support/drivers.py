"""Calls clients that are not Python: one process per call, JSON in and out."""

import base64
import json
import os
import pathlib
import subprocess


class DriverError(Exception):
    """What the client threw: its text, and the driver's record of it."""

    def __init__(self, record):
        super().__init__(record.get("message") or record.get("error"))
        self.record = record


def blob(data):
    return {"$bytes": base64.b64encode(data).decode()}


def unblob(value):
    return base64.b64decode(value["$bytes"])


def _environment(hub, token):
    env = {**os.environ, "HF_ENDPOINT": hub.url}
    env.pop("HF_TOKEN", None)
    if token:
        env["HF_TOKEN"] = token
    return env


def npm(hub, call, token=None, **params):
    folder = os.environ["NPM_DIR"]
    res = subprocess.run(
        ["node", str(pathlib.Path(folder) / "client.mjs"), call],
        input=json.dumps(params),
        capture_output=True,
        text=True,
        env=_environment(hub, token),
        timeout=120,
    )
    assert res.stdout, (call, res.returncode, res.stderr)
    out = json.loads(res.stdout.splitlines()[-1])
    if isinstance(out, dict) and "$error" in out:
        raise DriverError(out["$error"])
    assert res.returncode == 0, res.stderr
    return out


def rust(hub, call, token=None, cache=None, **args):
    env = _environment(hub, token)
    if cache:
        env["HF_HUB_CACHE"] = str(cache)
    res = subprocess.run(
        [os.environ["RUST_DRIVER"], call, json.dumps(args)],
        capture_output=True,
        text=True,
        env=env,
        timeout=120,
    )
    assert res.stdout, (call, res.returncode, res.stderr)
    out = json.loads(res.stdout)
    if res.returncode != 0:
        raise DriverError(out)
    return out
