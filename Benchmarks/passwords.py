#!/usr/bin/env python3
"""Tries the common passwords against 50 accounts with SHA-512 hashes, in turns with Debian's `john` on the same list.

Every turn is a whole process; both use the cores that this script may use, at the lowest priority. No account has a
password of the list, so that both try all of them. See README.md for what is measured and how to read it.
"""

import argparse
import dataclasses
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from compare import Limits

ACCOUNTS = 50
TIMES_JOHN = 1.2
UNCHANGED_LIMIT = 0.030
LIST = pathlib.Path(__file__).parent.parent / "conf" / "passwords.txt"
WEAK = LIST.read_text().split()[123]


def hashes(passwords: list[str]) -> list[str]:
    """What `openssl passwd -6` makes of them, each with a salt of its own."""
    made = subprocess.run(["openssl", "passwd", "-6", "-stdin"], input="\n".join(passwords) + "\n", text=True,
                          stdout=subprocess.PIPE, check=True)
    return made.stdout.split()


def make_host(root: pathlib.Path, passwords: list[str]) -> pathlib.Path:
    """A tree with these accounts; the shadow file."""
    etc = root / "etc"
    etc.mkdir(parents=True)
    names = [f"account{number}" for number in range(len(passwords))]
    (etc / "passwd").write_text("".join(f"{name}:x:{1000 + number}:1000::/home/{name}:/bin/sh\n"
                                        for number, name in enumerate(names)))
    shadow = etc / "shadow"
    shadow.write_text("".join(f"{name}:{digest}:19000:0:99999:7:::\n"
                              for name, digest in zip(names, hashes(passwords), strict=True)))
    return shadow


@dataclasses.dataclass
class Turn:
    """What one process cost, and what it printed."""

    wall: float
    cpu: float
    text: str


class Programs:
    """Both programs with folders of their own."""

    def __init__(self, folder: pathlib.Path, binary: str, john: str):
        self.folder = folder
        self.binary = binary
        self.program = john
        self.turns = 0

    def run(self, command: list[str], statuses=(0,), nice: int = 19, **environment: str) -> Turn:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        result = subprocess.run(["nice", "-n", str(nice), *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, env={**os.environ, **environment})
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if result.returncode not in statuses:
            sys.exit(f"{' '.join(command)} ended with {result.returncode}: {result.stdout}")
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Turn(wall, cpu, result.stdout)

    def audit(self, root: pathlib.Path, state: pathlib.Path, nice: int = 19) -> Turn:
        command = [self.binary, "audit", "weak_passwords", "--root", str(root), "--state", str(state)]
        return self.run(command, (0, 1), nice)

    def first_audit(self, root: pathlib.Path) -> Turn:
        self.turns += 1
        return self.audit(root, self.folder / f"state-{self.turns}")

    def john(self, root: pathlib.Path) -> Turn:
        # What it found and where it was are in its home, which is a new one each time.
        self.turns += 1
        home = self.folder / f"john-{self.turns}"
        (home / ".john").mkdir(parents=True)
        return self.run([self.program, "--format=crypt", f"--wordlist={LIST}", str(root / "etc" / "shadow")],
                        HOME=str(home))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    parser.add_argument("binary")
    arguments = parser.parse_args()
    binary = os.path.abspath(arguments.binary)
    john = shutil.which("john", path=os.environ["PATH"] + ":/usr/sbin")
    if not john:
        sys.exit("john is not there; install the package john")
    limits = Limits()

    with tempfile.TemporaryDirectory(prefix="pandora-agent-passwords-") as name:
        folder = pathlib.Path(name)
        programs = Programs(folder, binary, john)
        # Both find what is there to be found: a figure for something else would be worth nothing.
        make_host(folder / "weak", [WEAK, "9f3c-not-in-the-list"])
        if "Easily guessed: account0" not in programs.first_audit(folder / "weak").text:
            sys.exit("the audit does not find a weak password")
        if "(account0)" not in programs.john(folder / "weak").text:
            sys.exit("john does not find a weak password")
        root = folder / "strong"
        make_host(root, [f"{number:03d}-not-in-the-list" for number in range(arguments.accounts)])
        print(f"{len(LIST.read_text().split())} words, {arguments.accounts} accounts, "
              f"{len(os.sched_getaffinity(0))} cores, {arguments.turns} turns, load {os.getloadavg()[0]:.2f}")
        turns = []
        for _ in range(arguments.turns):
            ours, theirs = programs.first_audit(root), programs.john(root)
            turns.append((ours, theirs))
            print(f"    audit {ours.wall:6.2f} s, CPU {ours.cpu:6.2f} s; john {theirs.wall:6.2f} s, "
                  f"CPU {theirs.cpu:6.2f} s; load {os.getloadavg()[0]:.2f}", flush=True)
        ratio = statistics.median(ours.wall / theirs.wall for ours, theirs in turns)
        limits.show("first audit", f"{statistics.median(turn[0].wall for turn in turns):6.2f} s, {ratio:4.2f} times john",
                    ratio <= TIMES_JOHN)
        ratio = statistics.median(ours.cpu / theirs.cpu for ours, theirs in turns)
        limits.show("first audit, CPU", f"{statistics.median(turn[0].cpu for turn in turns):6.2f} s, {ratio:4.2f} times john",
                    ratio <= TIMES_JOHN)
        state = folder / f"state-{programs.turns - 1}"
        unchanged = statistics.median(programs.audit(root, state, nice=0).wall for _ in range(20))
        limits.show("nothing changed", f"{unchanged * 1000:6.1f} ms", unchanged < UNCHANGED_LIMIT)
    return 1 if limits.missed else 0


if __name__ == "__main__":
    sys.exit(main())
