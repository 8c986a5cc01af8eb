#!/usr/bin/env python3
"""Measures the inventory: the software against dpkg-query and the Perl plugin, and what a usual one costs.

Every figure is of whole processes that run in turns. See README.md for what is measured and how to read it.
"""

import argparse
import os
import pathlib
import statistics
import sys
import tempfile

from compare import MIB, Limits, measure

PERL_PLUGIN = "/usr/share/pandorafms/agent/plugins/inventory"
DPKG_LIMIT = 1.5
TIMES_FASTER_THAN_PERL = 5
CPU_LIMIT = 0.050
MEMORY_LIMIT = 24 * MIB
USUAL = ["users", "software", "process", "ports"]


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures the inventory.")
    parser.add_argument("binary", help="the release binary")
    parser.add_argument("--turns", type=int, default=15)
    options = parser.parse_args()
    binary = os.path.abspath(options.binary)
    limits = Limits()

    with tempfile.TemporaryDirectory(prefix="pandora-agent-inventory-") as name:
        folder = pathlib.Path(name)
        plugin = [binary, "plugin", "--state", str(folder / "state"), "inventory", "0"]
        commands = {
            "ours": [*plugin, "software"],
            "dpkg": ["dpkg-query", "-W", "-f", "${Package};${Version};${binary:Summary}\n"],
            "perl": [PERL_PLUGIN, "0", "software"],
            "usual": [*plugin, *USUAL],
            "start": [binary, "--version"],
        }
        costs = {key: [] for key in commands}
        for turn in range(options.turns):
            for key, command in commands.items():
                # The Perl plugin takes long, and its figure is far from its limit.
                if key != "perl" or turn < 5:
                    costs[key].append(measure(command, folder / "memory"))
        median = {key: statistics.median(cost.wall for cost in of) for key, of in costs.items()}
        print(f"{options.turns} turns, load {os.getloadavg()[0]:.1f}; wall times, ms: "
              + ", ".join(f"{key} {value * 1e3:.1f}" for key, value in median.items()))
        limits.show("software: time of dpkg-query -W", f"{median['ours'] / median['dpkg']:6.2f} times, limit {DPKG_LIMIT}",
              median["ours"] <= DPKG_LIMIT * median["dpkg"])
        limits.show("software: speed of the Perl plugin",
              f"{median['perl'] / median['ours']:6.1f} times, limit {TIMES_FASTER_THAN_PERL}",
              median["perl"] >= TIMES_FASTER_THAN_PERL * median["ours"])
        cpu = statistics.median(cost.cpu for cost in costs["usual"])
        memory = max(cost.memory for cost in costs["usual"])
        limits.show(f"{', '.join(USUAL)}: CPU", f"{cpu * 1e3:6.1f} ms, limit {CPU_LIMIT * 1e3:.0f}", cpu <= CPU_LIMIT)
        limits.show("the same: peak memory", f"{memory / MIB:6.1f} MiB, limit {MEMORY_LIMIT / MIB:.0f}", memory <= MEMORY_LIMIT)
    return 1 if limits.missed else 0


if __name__ == "__main__":
    sys.exit(main())
