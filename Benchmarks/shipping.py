#!/usr/bin/env python3
"""Measures the Tentacle client: against copying the same bytes with nothing around them, and against the Perl client.

Every figure is of whole processes that run in turns against one sink, which reads as fast as it can. See README.md for
what is measured and how to read it.
"""

import argparse
import dataclasses
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from compare import MIB, Limits, measure
from tentacle_sink import Sink

PERL_CLIENT = "/usr/bin/tentacle_client"
TIMES_FASTER_THAN_PERL = 10
RAW_LIMIT = 1.15
MEMORY_LIMIT = 20 * MIB
SMALL_FILES = 10_000
SMALL_SIZE = 500


def make_certificate(folder: pathlib.Path) -> str:
    """A certificate with its key for the loopback interface."""
    path = folder / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")],
        check=True, stderr=subprocess.DEVNULL)
    path.write_text((folder / "certificate.pem").read_text() + (folder / "key.pem").read_text())
    return str(path)


def expect(sink: Sink, size: int, files: int, name: str) -> float:
    """All of it arrived, so that all have done the same work; how long that took after the client had ended."""
    start = time.perf_counter()
    while sink.bytes < size and time.perf_counter() < start + 10:
        time.sleep(0.0002)
    waited = time.perf_counter() - start
    if (sink.bytes, sink.files) != (size, files):
        sys.exit(f"{name}: {sink.files} files with {sink.bytes} bytes arrived, not {files} with {size}")
    sink.bytes = sink.files = 0
    return waited


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures the Tentacle client.")
    parser.add_argument("binary", help="the release binary")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--size", type=int, default=100_000_000, help="the size of the large file in bytes")
    options = parser.parse_args()
    binary = os.path.abspath(options.binary)
    limits = Limits()

    with tempfile.TemporaryDirectory(prefix="pandora-agent-shipping-") as name:
        folder = pathlib.Path(name)
        certificate = make_certificate(folder)
        # The Perl client verifies with its libraries' defaults, and has no option for it that works.
        os.environ["SSL_CERT_FILE"] = certificate
        large = folder / "large.data"
        with large.open("wb") as file:
            left = options.size
            while left:
                piece = os.urandom(min(left, 1 << 20))
                file.write(piece)
                left -= len(piece)
        small = folder / "small"
        small.mkdir()
        for number in range(SMALL_FILES):
            # Of small files with random bytes the Perl client does not send all of some, and waits for ever.
            (small / f"file-{number}.data").write_bytes(b"x" * SMALL_SIZE)
        memory = 0

        def run(command, sink, size, files, what):
            cost = measure(command, folder / "memory")
            waited = expect(sink, size, files, what)
            return dataclasses.replace(cost, wall=cost.wall + waited)

        print(f"{options.turns} turns, load {os.getloadavg()[0]:.1f}; a file of {options.size / 1e6:.0f} MB")
        for form in ("plain", "TLS"):
            tls = certificate if form == "TLS" else None
            sink, raw = Sink(certificate=tls), Sink(raw=True, certificate=tls)
            flags = ["-c"] if tls else []
            address = ["-a", "127.0.0.1", "-p", str(sink.port)]
            ours = [binary, "tentacle", *address, *flags, str(large)]
            perl = [PERL_CLIENT, *address, *flags, str(large)]
            kind = "OPENSSL" if tls else "TCP"
            check = ",verify=0" if tls else ""
            copy = ["socat", "-b", str(1 << 17), "-u", f"FILE:{large}", f"{kind}:127.0.0.1:{raw.port}{check}"]
            turns = []
            for _ in range(options.turns):
                ours_cost = run(ours, sink, options.size, 1, "pandora-agent")
                turns.append((
                    ours_cost.wall,
                    run(copy, raw, options.size, 0, "copy").wall,
                    run(perl, sink, options.size, 1, "the Perl client").wall,
                ))
                memory = max(memory, ours_cost.memory)
            own, copied, perls = (statistics.median(column) for column in zip(*turns))
            to_copy = statistics.median(a / b for a, b, _ in turns)
            to_perl = statistics.median(c / a for a, _, c in turns)
            print(f"{form:10} ours {own * 1e3:7.1f} ms, copy {copied * 1e3:7.1f} ms, Perl {perls * 1e3:7.1f} ms")
            limits.show(f"{form}: time of the plain copy", f"{to_copy:6.2f} times, limit {RAW_LIMIT}", to_copy <= RAW_LIMIT)
            limits.show(f"{form}: throughput of the Perl client", f"{to_perl:6.1f} times, limit {TIMES_FASTER_THAN_PERL}",
                  to_perl >= TIMES_FASTER_THAN_PERL)
            sink.close()
            raw.close()

        sink = Sink()
        files = sorted(str(path) for path in small.iterdir())
        total = SMALL_FILES * SMALL_SIZE
        address = ["-a", "127.0.0.1", "-p", str(sink.port)]
        turns = []
        for _ in range(3):
            ours_cost = run([binary, "tentacle", *address, *files], sink, total, SMALL_FILES, "pandora-agent")
            perl_cost = run([PERL_CLIENT, *address, *files], sink, total, SMALL_FILES, "the Perl client")
            turns.append((ours_cost.wall, perl_cost.wall))
            memory = max(memory, ours_cost.memory)
        own, perls = (statistics.median(column) for column in zip(*turns))
        print(f"{SMALL_FILES} files on one connection: ours {own:.2f} s, Perl {perls:.2f} s")
        limits.show("peak memory", f"{memory / MIB:6.1f} MiB, limit {MEMORY_LIMIT / MIB:.0f}", memory <= MEMORY_LIMIT)
    return 1 if limits.missed else 0


if __name__ == "__main__":
    sys.exit(main())
