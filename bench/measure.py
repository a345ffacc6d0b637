"""Running a program and reading what it cost: wall seconds, CPU seconds, peak RSS."""

import os
import subprocess
import time
from dataclasses import dataclass

TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    wall: float
    cpu: float
    rss: int  # KiB
    out: str = ""


def run(args, env=None, check=True, cwd=None):
    """The program's own cost, children that it waited for included."""
    with open(os.devnull, "rb") as null:
        start = time.monotonic()
        p = subprocess.Popen(args, stdin=null, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=env, cwd=cwd)
        out, err = read_both(p)
        _, status, usage = os.wait4(p.pid, 0)
        wall = time.monotonic() - start
    p.returncode = os.waitstatus_to_exitcode(status)
    if check and p.returncode != 0:
        raise RuntimeError(f"{args}: status {p.returncode}: {err.decode()[-800:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, out.decode())


def read_both(p):
    import threading
    chunks = {}

    def drain(name, pipe):
        chunks[name] = pipe.read()
        pipe.close()
    threads = [threading.Thread(target=drain, args=(n, f))
               for n, f in (("out", p.stdout), ("err", p.stderr))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return chunks["out"], chunks["err"]


def process_cpu(pid):
    """CPU seconds of a running process and its live threads, and of children it waited for."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12]) + int(fields[13]) + int(fields[14])) / TICK


def tree_cpu(pids):
    return sum(process_cpu(p) for p in pids)


def process_rss(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def best(costs):
    """Least CPU and least wall of several rounds, most RSS: noise only ever adds."""
    return Cost(min(c.wall for c in costs), min(c.cpu for c in costs), max(c.rss for c in costs),
                costs[-1].out)


def rounds(n, *calls):
    """Runs the calls in turn, n times over, so that a noisy minute hits all of them."""
    costs = [[] for _ in calls]
    for _ in range(n):
        for i, call in enumerate(calls):
            costs[i].append(call())
    return [best(c) for c in costs]
