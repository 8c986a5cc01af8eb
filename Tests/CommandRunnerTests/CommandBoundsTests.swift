import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

/// What a command may not do: outlast its limit, leave processes behind, hold the agent up, fill its memory.
@Suite("Bounds of a command", .timeLimit(.minutes(15)))
struct CommandBoundsTests {
    @Test("A hanging command is killed at its limit, and what it wrote before is kept")
    func hanging() async {
        let result = await shell("echo before; sleep 1000", limit: .milliseconds(300))
        #expect(result.ending == .timedOut(after: .milliseconds(300)))
        #expect(result.text == "before\n")
    }

    @Test("A command that closes its output and hangs is killed at its limit")
    func hangingWithoutOutput() async {
        let result = await shell("exec >&- 2>&-; sleep 1000", limit: .milliseconds(300))
        #expect(result.ending == .timedOut(after: .milliseconds(300)))
    }

    @Test("A command that closes its output and goes on is waited for")
    func endsAfterItsOutput() async {
        let result = await shell("exec >&- 2>&-; sleep 0.2; exit 7")
        #expect(result.ending == .exited(status: 7))
    }

    @Test("A command and a child that ignore SIGTERM, SIGHUP and SIGINT die at the limit")
    func ignoresSignals() async throws {
        try await withTemporaryFolder { folder in
            let text = "trap '' TERM HUP INT; (trap '' TERM; echo $$; exec sleep 1000) > child & echo $! >child; wait"
            let result = await shell(text, limit: .milliseconds(500), in: folder)
            #expect(result.ending == .timedOut(after: .milliseconds(500)))
            try expectEnd(ofProcessIn: folder.appending("child"))
        }
    }

    @Test("A child that a command leaves in the background does not outlive it")
    func leavesChild() async throws {
        try await withTemporaryFolder { folder in
            let result = await shell("sleep 1000 >/dev/null 2>&1 & echo $! >child; echo done", in: folder)
            #expect(result.ending == .exited(status: 0))
            #expect(result.text == "done\n")
            try expectEnd(ofProcessIn: folder.appending("child"))
        }
    }

    @Test("A child in the background that keeps the output open does not hold the result up, and ends")
    func childKeepsOutput() async throws {
        try await withTemporaryFolder { folder in
            let result = await shell("sleep 1000 & echo $! >child; echo done", limit: .seconds(50), in: folder)
            #expect(result.ending == .exited(status: 0))
            #expect(result.text == "done\n")
            try expectEnd(ofProcessIn: folder.appending("child"))
        }
    }

    @Test("A child that left the session and writes without end does not hold the result up")
    func escapedChildWrites() async throws {
        try await withTemporaryFolder { folder in
            let text = "setsid sh -c 'echo $$ >child; exec yes' & until [ -s child ]; do :; done; exit 3"
            let result = await shell(text, limit: .seconds(50), in: folder)
            #expect(result.ending == .exited(status: 3))
            let escaped = try processNumber(in: folder.appending("child"))
            kill(escaped, SIGKILL)
        }
    }

    @Test("Of 1 GB the first bytes are kept, the rest is counted, and memory stays small")
    func hugeOutput() async throws {
        let before = peakMemory()
        let command = Command(
            .shell("head -c 1000000000 /dev/zero"), environment: ["PATH": systemPath], timeLimit: .seconds(50),
            outputLimit: 1000)
        let result = await command.run()
        #expect(result.ending == .exited(status: 0))
        #expect(result.output == [UInt8](repeating: 0, count: 1000))
        #expect(result.isTruncated)
        #expect(result.droppedByteCount == 1_000_000_000 - 1000)
        // Other tests run beside it in this process.
        #expect(peakMemory() - before < 500 << 20)
    }

    @Test("Output of exactly the limit is whole", arguments: [Command.Excess.isDropped, .endsCommand])
    func outputAtLimit(excess: Command.Excess) async {
        let command = Command(
            .shell("printf 12345"), environment: [:], timeLimit: .seconds(50), outputLimit: 5, excess: excess)
        let result = await command.run()
        #expect(result.ending == .exited(status: 0))
        #expect(result.text == "12345")
        #expect(!result.isTruncated)
    }

    @Test("A command that writes without end is stopped at its output limit, with its children, where that is wanted")
    func endlessOutput() async throws {
        try await withTemporaryFolder { folder in
            let command = Command(
                .shell("sleep 1000 & echo $! >child; exec yes"), environment: ["PATH": systemPath],
                timeLimit: .seconds(600), outputLimit: 100_001, excess: .endsCommand, workingFolder: folder)
            let result = await command.run()
            #expect(result.ending == .stoppedAtOutputLimit(bytes: 100_001))
            #expect(result.output == Array(String(repeating: "y\n", count: 50_001).utf8.prefix(100_001)))
            #expect(result.isTruncated)
            #expect(!result.isSuccess)
            try expectEnd(ofProcessIn: folder.appending("child"))
        }
    }

    @Test("Standard error is kept apart, its first bytes only, and is drained")
    func standardError() async {
        let command = Command(
            .shell("head -c 1000000 /dev/zero | tr '\\0' e >&2; echo out"), environment: ["PATH": systemPath],
            timeLimit: .seconds(50), errorOutputLimit: 10)
        let result = await command.run()
        #expect(result.text == "out\n")
        #expect(result.errorOutput == Array("eeeeeeeeee".utf8))
    }

    @Test("Many commands side by side keep their outputs apart")
    func manySideBySide() async {
        let results = await withTaskGroup(of: (Int, CommandResult).self) { group in
            for number in 0..<60 {
                group.addTask { (number, await shell("echo \(number); exit \(number)")) }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(results.count == 60)
        for (number, result) in results {
            #expect(result.text == "\(number)\n")
            #expect(result.ending == .exited(status: Int32(number)))
        }
    }

    @Test("A command whose task is cancelled is killed with its children")
    func cancelled() async throws {
        try await withTemporaryFolder { folder in
            let fifo = folder.appending("fifo")
            mkfifo(fifo.string, 0o600)
            let task = Task { await shell("sleep 1000 & echo $! >child; echo >fifo; wait", in: folder) }
            // The FIFO opens when the command has reached that line.
            let opened = try await Task.detached { try Files.read(fifo, waiting: true) }.value
            #expect(opened == [UInt8(ascii: "\n")])
            task.cancel()
            #expect(await task.value.ending == .killed(signal: SIGKILL))
            try expectEnd(ofProcessIn: folder.appending("child"))
        }
    }
}

let systemPath = "/usr/local/bin:/usr/bin:/bin"

func shell(_ text: String, limit: Duration = .seconds(50), in folder: FilePath? = nil) async -> CommandResult {
    let command = Command(
        .shell(text), environment: ["PATH": systemPath], timeLimit: limit, workingFolder: folder)
    return await command.run()
}

extension CommandResult {
    var text: String { String(decoding: output, as: UTF8.self) }
}

extension Files {
    /// Reads a FIFO once somebody writes into it.
    fileprivate static func read(_ path: FilePath, waiting: Bool) throws -> [UInt8] {
        try OpenFile(path).readToEnd(limit: 100).bytes
    }
}

private func processNumber(in path: FilePath) throws -> pid_t {
    let text = String(decoding: try Files.read(path, limit: 100), as: UTF8.self)
    return try #require(pid_t(text.split(separator: "\n").first ?? ""))
}

/// Expects that the process whose number is in a file is gone or about to go: SIGKILL was sent, which cannot fail, so
/// waiting for its end ends.
private func expectEnd(ofProcessIn path: FilePath) throws {
    let number = try processNumber(in: path)
    while kill(number, 0) == 0 {
        let status = try Files.read(FilePath("/proc/\(number)/stat"), limit: 4096)
        // A zombie that init has not reaped yet has ended.
        if String(decoding: status, as: UTF8.self).contains(") Z ") { return }
        sched_yield()
    }
}

/// The most memory that this process ever had, in bytes.
private func peakMemory() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
}
