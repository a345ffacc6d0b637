"""tests/conformance/run itself: a client that cannot be installed fails the suites that need it, and only those.

A copy of the script runs with stand-ins for python3, npm and cargo, so nothing is fetched.
"""

import os
import shutil
import subprocess

import pytest

from support.server import ROOT

VENV = """#!/bin/bash
mkdir -p "$3/bin"
printf '%s\\n' '#!/bin/bash' 'case "$*" in *requirements-'$BROKEN'.txt*) echo no index >&2; exit 1 ;; esac' >"$3/bin/pip"
printf '%s\\n' '#!/bin/bash' 'echo "ran $CONFORMANCE_SUITE"' >"$3/bin/python"
chmod +x "$3"/bin/*
"""


@pytest.fixture
def runner(tmp_path):
    source, copy = ROOT / "tests" / "conformance", tmp_path / "tests" / "conformance"
    for name in ["run", *(p.relative_to(source) for p in source.glob("requirements-*.txt")),
                 "npm/package.json", "npm/package-lock.json", "npm/client.mjs", "rust/Cargo.toml", "rust/Cargo.lock"]:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / name, copy / name)
    fakes = tmp_path / "fakes"
    fakes.mkdir()
    for name, text in [("python3", VENV), ("npm", "#!/bin/sh\n"), ("cargo", "#!/bin/sh\nexit $CARGO_STATUS\n")]:
        (fakes / name).write_text(text)
        (fakes / name).chmod(0o755)

    def call(suites, broken="none", cargo=0):
        env = dict(os.environ, PATH=f"{fakes}:{os.environ['PATH']}", SPOKE="/bin/true", SUITES=suites,
                   BROKEN=broken, CARGO_STATUS=str(cargo), JUNIT_DIR=str(tmp_path / "junit"))
        done = subprocess.run(["bash", str(copy / "run")], env=env, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60)
        failed = {p.stem for p in (tmp_path / "junit").glob("*.xml") if "<failure>" in p.read_text()}
        return done, failed

    return call


@pytest.mark.parametrize("broken", ["tf", "ds"])
def test_coverage_needs_every_client(runner, broken):
    done, failed = runner("hub24 coverage", broken)
    assert done.returncode == 1 and failed == {"conformance-coverage"}, done
    assert "ran hub24" in done.stdout and "ran coverage" not in done.stdout


def test_the_others_run(runner):
    done, failed = runner("tf rust ds", "tf", cargo=1)
    assert done.returncode == 1 and failed == {"conformance-tf", "conformance-rust"}, done
    assert "ran ds" in done.stdout and "failed: tf rust" in done.stderr


def test_prepare_installs_once_and_names_what_is_missing(runner):
    done, _ = runner("prepare", "tf")
    assert done.returncode == 2 and done.stderr.endswith("not installed: tf\n"), done
    for name in ("hub24", "hub036", "ds", "npm"):
        assert name in done.stderr
    done, _ = runner("prepare")
    assert done.returncode == 0 and done.stderr.count("Python packages") == 1, done
    done, _ = runner("prepare")
    assert done.returncode == 0 and done.stderr == "", done
