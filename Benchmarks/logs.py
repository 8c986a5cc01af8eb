#!/usr/bin/env python3
"""Measures what reading a large log costs, in turns with grep and with the Perl plugin of pandorafms-agent.

Every turn is a whole process. The log is made of real lines; only programs are run. See README.md for what is measured
and how to read it.
"""

import argparse
import base64
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

from compare import MIB, Limits, measure

PERL_PLUGIN = "/usr/share/pandorafms/agent/plugins/grep_log"
RARE = ["POSSIBLE BREAK-IN", "fail(ed|ure) [a-z ]+xyz"]
ALL = r"\.*"
TIMES_FASTER_THAN_PERL = 20
MEMORY_LIMIT = 32 * MIB
FILES = 1_000
NOTHING_NEW_LIMIT = 0.020
PLUGIN = ["plugin", "--state"]


def make_log(path: pathlib.Path, folder: pathlib.Path, size: int) -> None:
    """A log of whole lines, of the size or a little less."""
    lines = b""
    for source in sorted(folder.glob("*.log")):
        lines += source.read_bytes().replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n"
    if not lines:
        sys.exit(f"there is no *.log in {folder}; name a folder with real log lines")
    with path.open("wb") as file:
        for _ in range(size // len(lines)):
            file.write(lines)


class Readers:
    """The programs that read one log from its start to its end."""

    def __init__(self, folder: pathlib.Path, binary: str, log: pathlib.Path):
        self.folder = folder
        self.binary = binary
        self.log = log
        self.turns = 0

    def agent(self, pattern: str, output: str | None = None):
        self.turns += 1
        state = self.folder / f"state-{self.turns}"
        return measure(self.agent_command(pattern, state), self.folder / "memory", output=output)

    def agent_command(self, pattern: str, state: pathlib.Path) -> list[str]:
        return [
            self.binary, *PLUGIN, str(state), "grep_log_module", str(self.log), "Benchmark", pattern,
            "--from-start", "--max-bytes", "1000000000000",
        ]

    def grep(self, pattern: str):
        return measure(["grep", "-aiP", "-m", "1000000000", "--", pattern, str(self.log)], self.folder / "memory", [0, 1])

    def perl(self, pattern: str, output: str | None = None):
        # The plugin keeps its place there and nowhere else. It starts at the end of a log that it meets first.
        index = pathlib.Path("/tmp") / f"Benchmark_{self.log.name}.idx"
        index.write_text(f"0 {self.log.stat().st_ino}")
        try:
            return measure([PERL_PLUGIN, str(self.log), "Benchmark", pattern], self.folder / "memory", output=output)
        finally:
            index.unlink(missing_ok=True)


def check_output(readers: Readers) -> None:
    """All lines come, byte for byte: a figure for a part of the work would be worth nothing."""
    command = readers.agent_command(ALL, readers.folder / "state-check")
    output = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    position = 0
    with readers.log.open("rb") as log:
        for data in re.finditer(rb"<data>([^<]*)</data>", output):
            lines = base64.b64decode(data.group(1), validate=True)
            if log.read(len(lines)) != lines:
                sys.exit(f"the output differs from the log after byte {position}")
            position += len(lines)
    if position != readers.log.stat().st_size:
        sys.exit(f"the output ends after {position} bytes of {readers.log.stat().st_size}")


def nothing_new(folder: pathlib.Path, binary: str, turns: int) -> tuple[float, float]:
    """Times of runs in which nothing is new: over many logs, and over one, which is mostly the start of a program."""
    commands = []
    for count in (FILES, 1):
        logs = folder / f"logs-{count}"
        logs.mkdir()
        for number in range(count):
            (logs / f"{number}.log").write_text("".join(f"line {line} of {number}\n" for line in range(100)))
        state = folder / f"state-of-{count}"
        commands.append([binary, *PLUGIN, str(state), "grep_log_module", f"{logs}/*.log", "Many", ALL])
        measure(commands[-1], folder / "memory")
    costs = [[measure(command, folder / "memory").wall for command in commands] for _ in range(turns)]
    return statistics.median(cost[0] for cost in costs), statistics.median(cost[1] for cost in costs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=pathlib.Path, default=pathlib.Path("../shared/data/loghub"),
                        help="a folder with *.log files of real lines")
    parser.add_argument("--size", type=int, default=1_000_000_000, help="the size of the log in bytes")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("binary")
    arguments = parser.parse_args()
    binary = os.path.abspath(arguments.binary)
    limits = Limits()

    with tempfile.TemporaryDirectory(prefix="pandora-agent-logs-") as name:
        folder = pathlib.Path(name)
        log = folder / "benchmark.log"
        make_log(log, arguments.lines, arguments.size)
        readers = Readers(folder, binary, log)
        check_output(readers)
        size = log.stat().st_size / 1e9
        print(f"a log of {size:.2f} GB, {arguments.turns} turns, load {os.getloadavg()[0]:.2f}")
        memory = 0
        for pattern in RARE:
            turns = [(readers.agent(pattern), readers.grep(pattern)) for _ in range(arguments.turns)]
            ours = statistics.median(turn[0].wall for turn in turns)
            ratio = statistics.median(turn[1].wall / turn[0].wall for turn in turns)
            memory = max([memory] + [turn[0].memory for turn in turns])
            limits.show(f"'{pattern}'", f"{ours / size:6.3f} s/GB, {ratio:5.2f} times as fast as grep -aiP", ratio >= 1)
        turns = [(readers.agent(ALL, os.devnull), readers.perl(ALL, os.devnull)) for _ in range(arguments.turns)]
        ours = statistics.median(turn[0].wall for turn in turns)
        ratio = statistics.median(turn[1].wall / turn[0].wall for turn in turns)
        memory = max([memory] + [turn[0].memory for turn in turns])
        limits.show(f"'{ALL}'", f"{ours / size:6.3f} s/GB, {ratio:5.1f} times as fast as the Perl plugin",
             ratio >= TIMES_FASTER_THAN_PERL)
        limits.show("peak memory", f"{memory / MIB:6.1f} MiB", memory < MEMORY_LIMIT)
        many, one = nothing_new(folder, binary, 4 * arguments.turns)
        limits.show(f"nothing new in {FILES} logs", f"{(many - one) * 1000:6.1f} ms above the {one * 1000:.1f} ms of one log",
             many - one < NOTHING_NEW_LIMIT)
    return 1 if limits.missed else 0


if __name__ == "__main__":
    sys.exit(main())
