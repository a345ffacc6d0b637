"""bench/run: see there. Each bench answers rows (what, ours, peer, ratio, target)."""

import argparse
import datetime
import os
import platform
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import client_side  # noqa: E402
import server_side  # noqa: E402

BENCHES = {**client_side.BENCHES, **server_side.BENCHES}


def machine():
    with open("/proc/cpuinfo", encoding="ascii") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), "?")
    return f"{model}, {os.cpu_count()} cores, kernel {platform.release()}"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("-n", type=int, default=3, help="rounds; the best of each side counts")
    p.add_argument("--list", action="store_true")
    p.add_argument("--markdown", help="append the table to this file")
    p.add_argument("--dir", help="where to work (default: the temp folder)")
    p.add_argument("names", nargs="*")
    a = p.parse_args()
    if a.list:
        for name, fn in BENCHES.items():
            print(f"{name:12} {fn.__doc__}")
        return
    head = f"{datetime.date.today()}, {machine()}, load {os.getloadavg()[0]:.1f}, best of {a.n}"
    lines = [head, "", "| what | ours | peer | ratio | target | |", "|---|---|---|---|---|---|"]
    print(head)
    for name in a.names or BENCHES:
        for row in BENCHES[name](a.n, a.dir):
            what, ours, peer, ratio, target, good = row
            mark = "" if good is None else "yes" if good else "**no**"
            line = f"| {what} | {ours} | {peer} | {ratio} | {target} | {mark} |"
            lines.append(line)
            print(line, flush=True)
    if a.markdown:
        with open(a.markdown, "a", encoding="utf-8") as f:
            f.write("\n" + "\n".join(lines) + "\n")


main()
