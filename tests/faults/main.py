"""Runs the fault families and writes one JUnit file; see tests/faults/run."""

import os
import random
import shutil
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "..", "tools"))
sys.dont_write_bytecode = True

import disk  # noqa: E402
import kill_client  # noqa: E402
import kill_server  # noqa: E402
import results  # noqa: E402
import wire  # noqa: E402

FAMILIES = {"server": kill_server.cases, "client": kill_client.cases, "disk": disk.cases,
            "wire": wire.cases}


def main():
    names = sys.argv[1:] or list(FAMILIES)
    unknown = [n for n in names if n not in FAMILIES]
    if unknown:
        print(f"no family {unknown[0]}: {' '.join(FAMILIES)}", file=sys.stderr)
        return 2
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
    rounds = int(os.environ.get("ROUNDS") or (1200 if os.environ.get("SPOKE_LONG") else 150))
    print(f"faults: SEED={seed} ROUNDS={rounds}", flush=True)
    out = results.Writer("faults")
    work = tempfile.mkdtemp(prefix="spoke-faults-")
    try:
        for family in names:
            began = time.monotonic()
            before = len(out.cases)
            # Each family has its own generator: one alone repeats as it ran in the whole.
            rng = random.Random(f"{seed}/{family}")
            folder = os.path.join(work, family)
            os.mkdir(folder)
            for name, case in FAMILIES[family](folder, rng, rounds):
                start = time.monotonic()
                try:
                    case()
                    status, detail = "passed", ""
                except Exception:  # every failure is reported, the rest still runs
                    status, detail = "failed", f"SEED={seed}\n{traceback.format_exc()}"
                    print(f"FAILED {family}/{name} (SEED={seed})\n{detail}", flush=True)
                if os.environ.get("VERBOSE"):
                    print(f"{status} {time.monotonic() - start:6.2f} s {family}/{name}", flush=True)
                out.add(f"{family}/{name}", status, time.monotonic() - start, detail)
            print(f"faults: {family}: {len(out.cases) - before} cases, "
                  f"{time.monotonic() - began:.1f} s", flush=True)
    finally:
        if not os.environ.get("KEEP"):
            shutil.rmtree(work, ignore_errors=True)
        else:
            print("kept", work)
    if os.environ.get("JUNIT_DIR"):
        out.write(os.path.join(os.environ["JUNIT_DIR"], "faults.xml"))
    print(f"faults: {len(out.cases) - out.failed} passed, {out.failed} failed (SEED={seed})")
    return 1 if out.failed or not out.cases else 0


sys.exit(main())
