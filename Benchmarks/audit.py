#!/usr/bin/env python3
"""Measures the audit: all checks of a host that were asked before.

See README.md for what is measured and how to read it.
"""

import argparse
import os
import pathlib
import statistics
import tempfile

from compare import MIB, Limits, measure

CPU_LIMIT = 0.150
MEMORY_LIMIT = 24 * MIB


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures the audit.")
    parser.add_argument("binary", help="the release binary")
    parser.add_argument("--turns", type=int, default=15)
    options = parser.parse_args()
    binary = os.path.abspath(options.binary)
    limits = Limits()

    with tempfile.TemporaryDirectory(prefix="pandora-agent-audit-") as name:
        folder = pathlib.Path(name)
        state = ["--state", str(folder / "state")]
        # Lists of packages, disks and passwords are gone through once.
        first = measure([binary, "audit", *state], folder / "memory", [0, 1])
        baseline = measure([binary, "audit", "--baseline", *state], folder / "memory", [0, 1])
        audits, starts = [], []
        for _ in range(options.turns):
            audits.append(measure([binary, "audit", *state], folder / "memory", [0, 1]))
            starts.append(measure([binary, "--version"], folder / "memory"))
    cpu = statistics.median(cost.cpu for cost in audits)
    start = statistics.median(cost.cpu for cost in starts)
    memory = max(cost.memory for cost in audits)
    print(f"{options.turns} turns, load {os.getloadavg()[0]:.1f}; CPU of the first audit {first.cpu:.2f} s, of the baseline "
          f"{baseline.cpu:.2f} s, of the start of the program {start * 1e3:.1f} ms")
    limits.show("every check again: CPU", f"{cpu * 1e3:6.1f} ms, limit {CPU_LIMIT * 1e3:.0f}", cpu <= CPU_LIMIT)
    limits.show("every check again: peak memory", f"{memory / MIB:6.1f} MiB, limit {MEMORY_LIMIT / MIB:.0f}",
                memory <= MEMORY_LIMIT)
    return 1 if limits.missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
