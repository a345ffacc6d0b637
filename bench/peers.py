"""The programs that are measured: our server and client, nginx, huggingface_hub."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SPOKE = os.path.join(TOP, "build", "spoke")
HF = os.path.join(os.path.dirname(sys.executable), "hf")


class Bench:
    """A work folder, a server with a user, and what must be cleaned up at the end."""

    def __init__(self, folder=None):
        self.dir = tempfile.mkdtemp(prefix="spoke-bench-", dir=folder)
        self.procs = []
        self.server = self.nginx_pids = None

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def env(self, home, **more):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith(("HF_", "SPOKE_", "HUGGING")) and not k.lower().endswith("_proxy")}
        env.update(HF_HOME=self.path(home), HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_XET="1",
                   HF_HUB_DISABLE_UPDATE_CHECK="1", HF_HUB_DISABLE_PROGRESS_BARS="1")
        if self.server:
            env.update(HF_ENDPOINT=self.url, HF_TOKEN=self.token)
        env.update(more)
        return env

    def admin(self, *args):
        return subprocess.run([SPOKE, "admin", "--data", self.path("hub"), *args], check=True,
                              capture_output=True, text=True).stdout.strip()

    def serve(self, *args):
        if not os.path.exists(self.path("hub")):
            self.admin("user", "add", "alice")
            self.token = self.admin("token", "add", "--user", "alice", "--role", "write")
        with open(self.path("access.log"), "ab") as log:
            self.server = subprocess.Popen(
                [SPOKE, "serve", "--data", self.path("hub"), "--listen", "127.0.0.1:0", *args],
                stdout=subprocess.PIPE, stderr=log)
        self.url = json.loads(self.server.stdout.readline())["url"]
        return self

    def stop(self):
        if self.server:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait()
            self.server.stdout.close()
            self.server = None

    def spoke(self, home, *args, **more):
        import measure
        return measure.run([SPOKE, *args], env=self.env(home, **more))

    def python(self, home, code, **more):
        import measure
        return measure.run([sys.executable, "-c", code], env=self.env(home, **more))

    def hf(self, home, *args, **more):
        import measure
        return measure.run([HF, *args], env=self.env(home, **more))

    def nginx(self, root, extra=""):
        """One worker, sendfile, access log on; answers its port."""
        import socket
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        os.makedirs(self.path("nginx"), exist_ok=True)
        conf = self.path("nginx", "nginx.conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write(f"""
user root; worker_processes 1; daemon off; pid {self.path('nginx', 'pid')};
error_log {self.path('nginx', 'error.log')};
events {{ worker_connections 8192; }}
http {{ sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache max=100;
  access_log {self.path('nginx', 'access.log')};
  types {{ application/octet-stream bin; }} default_type application/octet-stream;
  client_body_temp_path {self.path('nginx')}; proxy_temp_path {self.path('nginx')};
  fastcgi_temp_path {self.path('nginx')}; uwsgi_temp_path {self.path('nginx')};
  scgi_temp_path {self.path('nginx')};
  server {{ listen 127.0.0.1:{port}; root {root}; {extra} }} }}
""")
        p = subprocess.Popen(["nginx", "-c", conf, "-p", self.path("nginx")],
                             stderr=subprocess.DEVNULL)
        self.procs.append(p)
        for _ in range(200):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    break
            import time
            time.sleep(0.05)
        else:
            raise RuntimeError("nginx does not listen")
        with open(f"/proc/{p.pid}/task/{p.pid}/children", encoding="ascii") as f:
            self.nginx_pids = [int(x) for x in f.read().split()]
        return port

    def object(self):
        """The one stored object of the server, remembered in object_path."""
        found = [os.path.join(d, f) for d, _, names in os.walk(self.path("hub", "objects"))
                 for f in names]
        assert len(found) == 1, found
        self.object_path = found[0]
        return found[0]

    def close(self):
        self.stop()
        for p in self.procs:
            p.terminate()
            p.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def random_file(path, size):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        left = size
        while left:
            n = min(left, 1 << 24)
            f.write(os.urandom(n))
            left -= n
