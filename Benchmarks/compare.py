#!/usr/bin/env python3
"""Runs the agent and the Perl agent in turns, with the same configuration, and compares what a cycle costs.

Each turn is a whole process: it starts, reads its configuration, collects, delivers into a folder and ends. Only the
programs are run; see README.md for what is measured and how to read it.
"""

import argparse
import dataclasses
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

COMMANDS = 20
MIB = 1 << 20
WALL_LIMIT = 0.5
CPU_LIMIT = 0.5
MEMORY_LIMIT = 20 * MIB

# The native modules of a configuration. The Perl agent measures CPU use by waiting for a second, so its wall time is
# also compared without it.
CONFIGURATIONS = {
    "with CPU use": ["cpuusage all", "freepercentmemory", "freepercentdisk /", "proc sshd"],
    "without CPU use": ["freedisk /", "freepercentmemory", "freepercentdisk /", "proc sshd"],
}


@dataclasses.dataclass
class Cost:
    """What one process cost, with all that it started."""

    wall: float
    cpu: float
    memory: int


def measure(command: list[str], memory: pathlib.Path, good=(0,), output: str | None = None) -> Cost:
    """Runs a command to its end and tells what it cost; any status but a good one ends the benchmark.

    The kernel counts the memory of whoever starts a process as its own until it is another program. So time(1), which
    is small, starts the command and writes its peak memory into a file; its own CPU time is counted with either agent.

    The output goes into a file, which is shown after a failure, or where `output` says.
    """
    command = ["/usr/bin/time", "--quiet", "--format", "%M", "--output", str(memory), *command]
    with open(output, "w+b") if output else tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in good:
            output.seek(0)
            message = output.read().decode(errors="replace")
            sys.exit(f"{' '.join(command)} ended with {process.returncode}: {message}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, int(memory.read_text()) * 1024)


class Limits:
    """Prints figures with their limits, and remembers those that are missed."""

    def __init__(self):
        self.missed = []

    def show(self, name: str, figure: str, is_kept: bool) -> None:
        print(f"{name:52}{figure}{'' if is_kept else '   MISSED'}")
        if not is_kept:
            self.missed.append(name)


class Agent:
    """An agent with a configuration and folders of its own."""

    def __init__(self, folder: pathlib.Path, native: list[str], command: list[str]):
        self.server = folder / "server"
        self.memory = folder / "memory"
        (folder / "temporal").mkdir(parents=True)
        self.server.mkdir()
        self.modules = COMMANDS + len(native)
        self.command = [word.replace("{folder}", str(folder)) for word in command]
        lines = [
            "server_ip localhost",
            f"server_path {self.server}",
            f"temporal {folder / 'temporal'}",
            f"logfile {folder / 'agent.log'}",
            "transfer_mode local",
            "interval 300",
            "cron_mode 1",
            "agent_name benchmark",
        ]
        sources = [f"exec echo {number}" for number in range(COMMANDS)] + native
        for number, source in enumerate(sources):
            lines += ["module_begin", f"module_name module {number}", "module_type generic_data"]
            lines += [f"module_{source}", "module_end"]
        (folder / "pandora_agent.conf").write_text("\n".join(lines) + "\n")

    def run(self) -> Cost:
        """Runs one cycle, and makes sure that it delivered every module."""
        cost = measure(self.command, self.memory)
        files = list(self.server.glob("*.data"))
        if len(files) != 1:
            sys.exit(f"{self.command[0]} delivered {len(files)} files instead of 1")
        # Not those by which the agent tells of itself.
        names = [module.findtext("name") for module in xml.etree.ElementTree.parse(files[0]).findall("module")]
        count = sum(not name.startswith("Agent - ") for name in names)
        if count != self.modules:
            sys.exit(f"{self.command[0]} delivered {count} modules instead of {self.modules}")
        files[0].unlink()
        return cost


def median(costs: list[Cost]) -> Cost:
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        max(cost.memory for cost in costs),
    )


def compare(name: str, native: list[str], binary: str, perl: str, cycles: int, folder: pathlib.Path) -> list[str]:
    """Prints the table of one configuration; returns the limits that are exceeded, as sentences."""
    ours = Agent(folder / "ours", native, [binary, "run", "--conf", "{folder}", "--state", "{folder}/state"])
    theirs = Agent(folder / "theirs", native, [perl, "{folder}"])
    first = ours.run()
    theirs.run()
    costs: tuple[list[Cost], list[Cost]] = ([], [])
    for _ in range(cycles):
        costs[0].append(ours.run())
        costs[1].append(theirs.run())
    our, their = median(costs[0]), median(costs[1])
    wall, cpu = our.wall / their.wall, our.cpu / their.cpu

    print(f"\n{name}: {COMMANDS} commands and {', '.join('module_' + source.split()[0] for source in native)}")
    print(f"{'median of a cycle':22}{'pandora-agent':>15}{'Perl agent':>15}{'ratio':>9}{'limit':>9}")
    print(f"{'wall, ms':22}{our.wall * 1e3:15.1f}{their.wall * 1e3:15.1f}{wall:9.2f}{WALL_LIMIT:9.2f}")
    print(f"{'CPU, ms':22}{our.cpu * 1e3:15.1f}{their.cpu * 1e3:15.1f}{cpu:9.2f}{CPU_LIMIT:9.2f}")
    memory = our.memory / their.memory
    print(f"{'peak memory, MiB':22}{our.memory / MIB:15.1f}{their.memory / MIB:15.1f}{memory:9.2f}", end="")
    print(f"{MEMORY_LIMIT / MIB:5.0f} MiB")
    print(f"{'first cycle, wall, ms':22}{first.wall * 1e3:15.1f}")

    excess = []
    if wall > WALL_LIMIT:
        excess.append(f"{name}: wall time is {wall:.2f} of the Perl agent's, more than {WALL_LIMIT}")
    if cpu > CPU_LIMIT:
        excess.append(f"{name}: CPU time is {cpu:.2f} of the Perl agent's, more than {CPU_LIMIT}")
    if our.memory > MEMORY_LIMIT:
        excess.append(f"{name}: peak memory is {our.memory} bytes, more than {MEMORY_LIMIT}")
    return excess


def main() -> None:
    parser = argparse.ArgumentParser(description="Compares pandora-agent with the Perl agent.")
    parser.add_argument("binary", help="the release binary")
    parser.add_argument("--perl", default=shutil.which("pandora_agent") or "pandora_agent", help="the Perl agent")
    parser.add_argument("--cycles", type=int, default=20, help="turns of each (default: 20)")
    options = parser.parse_args()

    print(f"turns of each: {options.cycles}; cores: {os.cpu_count()}")
    excess = []
    for name, native in CONFIGURATIONS.items():
        with tempfile.TemporaryDirectory(prefix="pandora-benchmark-") as folder:
            binary = os.path.abspath(options.binary)
            excess += compare(name, native, binary, options.perl, options.cycles, pathlib.Path(folder))
    for sentence in excess:
        print(f"error: {sentence}", file=sys.stderr)
    sys.exit(1 if excess else 0)


if __name__ == "__main__":
    main()
