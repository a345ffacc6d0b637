"""Running a program and reading what it cost: wall seconds, CPU seconds, peak RSS."""

import os
import subprocess
from dataclasses import dataclass

COST = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "build",
                    "bench-cost")
TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    wall: float
    cpu: float
    rss: int  # KiB
    out: str = ""


def run(args, env=None, check=True, cwd=None):
    """The program's own cost, children that it waited for included."""
    costs, into = os.pipe()
    p = subprocess.Popen(["/bin/sh", "-c", f'exec "$0" "$@" 3>&{into}', COST, *args],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         env=env, cwd=cwd, pass_fds=(into,))
    os.close(into)
    out, err = p.communicate()
    with os.fdopen(costs, encoding="ascii") as f:
        wall, cpu, rss, status = f.read().split()
    if check and status != "0":
        raise RuntimeError(f"{args}: status {status}: {err.decode()[-800:]}")
    return Cost(float(wall), float(cpu), int(rss), out.decode())


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
