import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("Killed at any moment")
struct KillTests {
    /// How many runs have to be killed. A short form by default; the long one with PANDORA_TORTURE=1.
    private static let kills = getenv("PANDORA_TORTURE") == nil ? 40 : 500

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
            let victims = try await kill(Self.kills, of: agent, &random)
            writing.cancel()
            let count = try await writing.value
            let description = VictimRun.Phase.allCases.map { "\($0.rawValue): \(victims.killed[$0] ?? 0)" }
            print("killed \(victims.killCount) of \(victims.attempts): \(description.joined(separator: ", "))")
            #expect(victims.killCount == Self.kills, "of \(victims.attempts) that were to be killed, seed \(seed)")
            // A few of the moments need not be in each phase; many are.
            let isLong = Self.kills > 100
            #expect(victims.killed.count == VictimRun.Phase.allCases.count || !isLong, "\(description), seed \(seed)")

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

    private struct Victims {
        var killed: [VictimRun.Phase: Int] = [:]
        var attempts = 0
        var killCount: Int { killed.values.reduce(0, +) }
    }

    /// Starts runs until so many were killed, or far more had ended before.
    private func kill(
        _ count: Int, of agent: AgentUnderTest, _ random: inout SeededGenerator
    ) async throws -> Victims {
        var victims = Victims()
        var usual = Duration.zero
        while victims.killCount < count, victims.attempts < 3 * count {
            // How long a run takes changes with what the log holds and what else the machine does.
            if victims.attempts.isMultiple(of: 20) {
                var whole: [Duration] = []
                for _ in 0..<3 { whole.append(try await VictimRun(of: agent).finish()) }
                usual = whole.min() ?? usual
            }
            victims.attempts += 1
            let part = Double.random(in: 0...1, using: &random)
            // Half of them in the commit, which is what matters most.
            let moment: VictimRun.Moment =
                Bool.random(using: &random)
                ? .afterStart(usual * part) : .afterFirstChangeOfSpool(.milliseconds(3) * part)
            if let phase = try await VictimRun(of: agent).kill(moment) {
                victims.killed[phase, default: 0] += 1
            }
        }
        return victims
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
                // So that the log stays small enough for the runs to keep up; nothing waits for it.
                if count % 5 == 0 { try? await Task.sleep(for: .milliseconds(5)) }
            }
            return count
        }
    }
}
