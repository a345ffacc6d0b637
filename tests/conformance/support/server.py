"""One `spoke serve` process with its users, its log and its end."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
# Any of these in the server's log is a defect, whatever the client made of it.
DEFECTS = re.compile(r"internal error|AddressSanitizer|LeakSanitizer|UndefinedBehavior|runtime error:")


def program():
    """The program under test: $SPOKE, or the one in the build folder."""
    return os.environ.get("SPOKE") or str(ROOT / "build" / "spoke")


def kill_group(proc):
    if proc.poll() is None:
        proc.kill()
        proc.wait()


class Server:
    """Starts in a fresh data folder; `stop` ends it by its pid and judges its last words."""

    def __init__(self, folder, extra=(), env=None):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.log_path = self.folder / "server.log"
        self.extra = list(extra)
        self.env = {**os.environ, **(env or {})}
        self.proc = None
        self.url = None
        self.ready = None
        self.start()

    def start(self, listen="127.0.0.1:0"):
        self.folder.mkdir(parents=True, exist_ok=True)
        words = [program(), "serve", "--data", str(self.data), "--listen", listen]
        words += ["--log-format", "json"] if takes_log_format() else []
        words += self.extra
        with open(self.log_path, "ab") as log:
            self.proc = subprocess.Popen(
                words,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self.env,
                text=True,
            )
        line = self.proc.stdout.readline()
        if not line:
            code = self.proc.wait()
            raise RuntimeError(f"server gave no ready line, exit {code}: {self.log_text()[-2000:]}")
        self.ready = json.loads(line)
        self.url = self.ready["url"]
        assert self.ready["event"] == "ready", self.ready

    def log_text(self):
        try:
            return self.log_path.read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def stop(self, sig=signal.SIGTERM, seconds=30):
        """Sends the signal and returns the exit status."""
        if self.proc.poll() is None:
            self.proc.send_signal(sig)
        try:
            return self.proc.wait(seconds)
        finally:
            kill_group(self.proc)
            self.proc.stdout.close()

    def judge(self):
        """What must hold at the end of every session: SIGTERM gives 0, nothing bad was logged."""
        code = self.stop()
        bad = [line for line in self.log_text().splitlines() if DEFECTS.search(line)]
        assert not bad, "the server's log holds: " + "\n".join(bad[:20])
        assert code == 0, f"the server left with {code}: {self.log_text()[-2000:]}"

    def admin(self, *words, stdin=None, check=True):
        res = subprocess.run(
            [program(), "admin", "--data", str(self.data), *words],
            input=stdin,
            capture_output=True,
            text=True,
            env=self.env,
            timeout=60,
        )
        if check:
            assert res.returncode == 0, (words, res.returncode, res.stdout, res.stderr)
        return res

    def user(self, name):
        self.admin("user", "add", name)

    def token(self, user, role="write", name=None, expires=None):
        words = ["token", "add", "--user", user, "--role", role]
        words += ["--name", name] if name else []
        words += ["--expires", expires] if expires else []
        value = self.admin(*words).stdout.strip()
        assert re.fullmatch(r"hf_[A-Za-z0-9]{20,}", value), value
        return value

    def expired_token(self, user):
        """A write token that was good for a moment."""
        end = time.time() + 2
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))
        value = self.token(user, "write", "short", stamp)
        while time.time() < end + 0.5:
            time.sleep(0.1)
        return value

    def bare_repo(self, commit):
        """The bare git repository below the data folder that holds this commit."""
        for path in sorted((self.data / "git").glob("*.git")):
            found = subprocess.run(
                ["git", "--git-dir", str(path), "cat-file", "-e", commit + "^{commit}"],
                capture_output=True,
            )
            if found.returncode == 0:
                return path
        raise AssertionError(f"no repository below {self.data}/git holds {commit}")

    def git(self, commit, *words):
        path = self.bare_repo(commit)
        res = subprocess.run(
            ["git", "--git-dir", str(path), *words], capture_output=True, text=True, check=True
        )
        return res.stdout


_log_format = None


def takes_log_format():
    global _log_format
    if _log_format is None:
        res = subprocess.run([program(), "serve", "--help"], capture_output=True, text=True)
        _log_format = "--log-format" in res.stdout + res.stderr
    return _log_format
