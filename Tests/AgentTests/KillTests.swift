import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("Killed at any moment")
struct KillTests {
    /// A short form by default; the long one with PANDORA_TORTURE=1.
    private static let rounds = getenv("PANDORA_TORTURE") == nil ? 50 : 500

    @Test("kill -9 at random moments, while lines are appended: every line is in exactly one data file, in order")
    func everyLineOnce() async throws {
        try await withTemporaryFolder { folder in
            let seed = UInt64.random(in: 0...UInt64.max)
            print("seed of the moments: \(seed)")
            var random = SeededGenerator(seed: seed)
            let log = folder.appending("numbered.log")
            try Files.create(log, [])
            let agent = try AgentUnderTest(in: folder, "module_plugin grep_log_module \(log) Numbered \\.*")
            try #require(await agent.run("run", "--no-send").status == 0)

            let writer = LineWriter(log)
            let writing = Task.detached { try await writer.run() }
            var killed = 0
            for _ in 0..<Self.rounds {
                let result = await Command(
                    .file(AgentUnderTest.program, arguments: agent.words(["run", "--no-send", "-q"])),
                    environment: ["PATH": "/usr/bin:/bin"],
                    timeLimit: .microseconds(Int.random(in: 500...80_000, using: &random))
                ).run()
                if case .timedOut = result.ending { killed += 1 }
            }
            writing.cancel()
            let count = try await writing.value
            #expect(killed > Self.rounds / 10, "too few were killed to prove anything: \(killed), seed \(seed)")

            // Those that are left alone bring the rest; the writer has ended, and a cycle brings at most 1 MB of a log.
            var files: [FilePath]
            repeat {
                files = try committedFiles(of: agent)
                #expect(await agent.run("run", "--no-send").status == 0)
            } while try committedFiles(of: agent) != files
            let lines = try await ReceivedElement.parse(files).filter { $0.kind == "log_module" }
                .flatMap { $0.text.split(separator: "\n").map(String.init) }
            #expect(lines == (0..<count).map { "line \($0)" }, "seed \(seed)")
            #expect(
                try Files.names(in: agent.state.appending("spool")).allSatisfy { !$0.string.hasPrefix("incoming-") })
        }
    }

    /// The data files that wait, oldest first.
    private func committedFiles(of agent: AgentUnderTest) throws -> [FilePath] {
        try Files.names(in: agent.outbox).filter { $0.extension == "data" }.map { agent.outbox.appending($0) }
    }

    /// Appends numbered lines until it is cancelled, some of them in two pieces.
    private struct LineWriter: Sendable {
        let path: FilePath

        init(_ path: FilePath) {
            self.path = path
        }

        /// - Returns: How many lines were written.
        func run() async throws -> Int {
            let file = try OpenFile(path, .writeOnly, options: .append)
            var count = 0
            while !Task.isCancelled {
                try file.write("line ".utf8)
                await Task.yield()
                try file.write("\(count)\n".utf8)
                count += 1
                if count % 50 == 0 { try? await Task.sleep(for: .milliseconds(1)) }
            }
            return count
        }
    }
}
