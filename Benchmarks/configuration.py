#!/usr/bin/env python3
"""Measures what a configuration costs that is far larger than what is due in it, and how that grows with its lines.

Every figure is the median of whole processes that run in turns, so that what else the machine does meets all alike. See
README.md for what is measured and how to read it.
"""

import argparse
import os
import pathlib
import statistics
import sys
import tempfile

from compare import MIB, measure

MODULES = 10_000
DUE = 10
CPU_LIMIT = 0.060
MEMORY_LIMIT = 40 * MIB
# The costs of a line at both ends of the curve may differ by so much, with the fixed cost of a cycle taken off. Fewer lines
# than the middle of the curve cost less than what cycles differ by from one turn to the next.
GROWTH_LIMIT = 1.5
CURVE = [1_000, 3_000, 10_000, 30_000, 100_000]
LINES_OF_A_MODULE = 10
# Far longer than the benchmark, so that nothing but what is to be due becomes due.
FORMS = {"module_interval": ("1", "1000000"), "module_absoluteinterval": ("1s", "30d")}


class Host:
    """An agent with a configuration of so many modules, of which ten run in each cycle."""

    def __init__(self, folder: pathlib.Path, binary: str, modules: int, form: str, due: int = DUE):
        self.folder = folder
        self.server = folder / "server"
        self.server.mkdir(parents=True)
        (folder / "temporal").mkdir(mode=0o700)
        self.due = due
        self.command = [binary, "run", "--conf", str(folder), "--state", str(folder / "state")]
        lines = [
            "server_ip localhost",
            f"server_path {self.server}",
            f"temporal {folder / 'temporal'}",
            f"logfile {folder / 'agent.log'}",
            "transfer_mode local",
            "agent_name benchmark",
        ]
        always, rarely = FORMS[form]
        step = max(1, modules // due) if due else 0
        for number in range(modules):
            is_due = bool(due) and number % step == 0 and number // step < due
            lines += [
                "module_begin",
                f"module_name Module number {number}",
                "module_type generic_data",
                f"module_exec echo {number}",
                f"module_description What the module of number {number} says",
                f"{form} {always if is_due else rarely}",
                "module_min_warning 10",
                "module_max_warning 20",
                "module_min_critical 20",
                "module_end",
            ]
        self.lines = len(lines)
        # What the first cycle would run is remembered as done without running it: ten thousand commands take long.
        quiet = [line.replace("module_exec echo", "module_exec :") for line in lines]
        (folder / "pandora_agent.conf").write_text("\n".join(quiet) + "\n")
        self.run()
        (folder / "pandora_agent.conf").write_text("\n".join(lines) + "\n")

    def run(self):
        """Runs a cycle and empties the server's folder."""
        cost = measure(self.command, self.folder / "memory")
        for file in self.server.iterdir():
            file.unlink()
        return cost


def median(host: Host, costs) -> tuple[float, int]:
    return statistics.median(cost.cpu for cost in costs), max(cost.memory for cost in costs)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures what large configurations cost.")
    parser.add_argument("binary", help="the release binary")
    parser.add_argument("--turns", type=int, default=11, help="turns of each (default: 11)")
    options = parser.parse_args()
    binary = os.path.abspath(options.binary)
    excess = []

    with tempfile.TemporaryDirectory(prefix="pandora-benchmark-") as name:
        top = pathlib.Path(name)
        hosts = {form: Host(top / form, binary, MODULES, form) for form in FORMS}
        curve = {}
        for lines in CURVE:
            curve[lines] = Host(top / str(lines), binary, lines // LINES_OF_A_MODULE, "module_interval", due=0)
        costs = {key: [] for key in [*hosts, *curve]}
        for _ in range(options.turns):
            for key, host in [*hosts.items(), *curve.items()]:
                costs[key].append(host.run())

        print(f"turns of each: {options.turns}; load: {os.getloadavg()[0]:.1f}")
        print(f"\n{MODULES} modules of which {DUE} are due{'CPU, ms':>18}{'limit':>8}{'MiB':>8}{'limit':>8}")
        for form, host in hosts.items():
            cpu, memory = median(host, costs[form])
            print(f"{form:37}{cpu * 1e3:14.1f}{CPU_LIMIT * 1e3:8.0f}{memory / MIB:8.1f}{MEMORY_LIMIT / MIB:8.0f}")
            if cpu > CPU_LIMIT:
                excess.append(f"{form}: {cpu * 1e3:.1f} ms of CPU, more than {CPU_LIMIT * 1e3:.0f}")
            if memory > MEMORY_LIMIT:
                excess.append(f"{form}: {memory} bytes of memory, more than {MEMORY_LIMIT}")

        print(f"\n{'lines, nothing due':20}{'CPU, ms':>10}{'µs a line':>12}{'MiB':>8}")
        fixed = median(curve[CURVE[0]], costs[CURVE[0]])[0]
        slopes = {}
        for lines, host in curve.items():
            cpu, memory = median(host, costs[lines])
            if lines != CURVE[0]:
                slopes[lines] = (cpu - fixed) / (lines - CURVE[0])
            slope = f"{slopes[lines] * 1e6:12.2f}" if lines in slopes else f"{'':12}"
            print(f"{host.lines:<20}{cpu * 1e3:10.1f}{slope}{memory / MIB:8.1f}")
        middle = median(curve[CURVE[3]], costs[CURVE[3]])[0]
        last = (median(curve[CURVE[-1]], costs[CURVE[-1]])[0] - middle) / (CURVE[-1] - CURVE[3])
        growth = last / slopes[CURVE[3]]
        print(f"\na line beyond {CURVE[3]} costs {growth:.2f} of one before; limit {GROWTH_LIMIT}")
        if growth > GROWTH_LIMIT:
            excess.append(f"the cost of a line grows by {growth:.2f}")

    for sentence in excess:
        print(f"error: {sentence}", file=sys.stderr)
    sys.exit(1 if excess else 0)


if __name__ == "__main__":
    main()
