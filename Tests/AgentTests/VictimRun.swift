import Glibc
import SystemFiles
import SystemPackage
import Testing

/// A run of the program that can be killed, and what the state folder says of how far it had come by then.
struct VictimRun {
    /// Where in a run it was killed.
    enum Phase: String, CaseIterable {
        /// Nothing was written yet: from the start of the program to the end of the reading of logs.
        case beforeCommit = "before the commit"
        /// Data files are being written, or are written, and no positions name them.
        case writingFiles = "data files without positions"
        /// The new positions are being written, or are written, and are not in their place.
        case writingPositions = "positions not in place"
        /// The new positions are in place, and the files that they name are not.
        case movingFiles = "committed, files not in place"
        /// Everything is in place.
        case afterCommit = "after the commit"
    }

    private let agent: AgentUnderTest
    private let process: pid_t
    private let before: Trace
    private let spoolChanged: Int64
    private let start = ContinuousClock.now

    /// What a run leaves in the state folder, whether it ends or not. What an earlier one left is there until the next one
    /// opens the spool.
    private struct Trace: Equatable {
        var positions: [UInt8] = []
        var incoming: Set<FilePath.Component> = []
        /// The number of the file and the time of its last change.
        var newPositions: [Int] = []

        init(of agent: AgentUnderTest) {
            positions = (try? Files.read(agent.state.appending("positions"), limit: 64 << 20)) ?? []
            let names = (try? Files.names(in: agent.state.appending("spool"))) ?? []
            incoming = Set(names.filter { $0.string.hasPrefix("incoming-") })
            if let status = try? Files.status(agent.state.appending(".positions.new")).rawValue {
                newPositions = [Int(status.st_ino), status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
            }
        }
    }

    /// Starts a run that sends nothing.
    init(of agent: AgentUnderTest) throws {
        self.agent = agent
        before = Trace(of: agent)
        spoolChanged = Self.changeTime(of: agent.outbox)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor: Int32 in 0...2 {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        let program = AgentUnderTest.program.string
        let words: [String] = [program] + agent.words(["run", "--no-send", "-q"])
        var arguments = words.map { strdup($0) } + [nil]
        var environment = [strdup("PATH=/usr/bin:/bin"), nil]
        defer { (arguments + environment).forEach { free($0) } }
        var process: pid_t = 0
        try #require(posix_spawn(&process, program, &actions, nil, &arguments, &environment) == 0)
        self.process = process
    }

    /// Waits for its end.
    ///
    /// - Returns: How long it took.
    func finish() async throws -> Duration {
        var status: Int32 = 0
        while waitpid(process, &status, WNOHANG) == 0 { try await Task.sleep(for: .microseconds(300)) }
        try #require(status == 0, "a run that nobody killed ended with \(status)")
        return .now - start
    }

    /// When to kill.
    enum Moment {
        /// So long after the start.
        case afterStart(Duration)
        /// So long after something is made or removed in the spool: a commit takes about a millisecond, which moments
        /// counted from the start miss.
        case afterFirstChangeOfSpool(Duration)
    }

    /// When something was made or removed in a folder last, in nanoseconds since 1970; 0 where it is not there.
    private static func changeTime(of path: FilePath) -> Int64 {
        (try? Files.status(path).rawValue.st_mtim.nanoseconds) ?? 0
    }

    /// Whether it has not ended; it is left to be waited for.
    private var isRunning: Bool {
        var information = siginfo_t()
        return waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT) == 0
            && information.si_signo == 0
    }

    /// Kills it at a moment of its life.
    ///
    /// - Returns: Where it was killed; `nil` where it had ended by then.
    func kill(_ moment: Moment) async throws -> Phase? {
        switch moment {
        case .afterStart(let duration): try await Task.sleep(until: start + duration)
        case .afterFirstChangeOfSpool(let duration):
            while spoolChanged == Self.changeTime(of: agent.outbox), isRunning {}
            let end = ContinuousClock.now + duration
            while .now < end {}
        }
        Glibc.kill(process, SIGKILL)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        guard status & 0x7F == SIGKILL else { return nil }
        let trace = Trace(of: agent)
        let hasNewFiles = !trace.incoming.subtracting(before.incoming).isEmpty
        if trace.positions != before.positions { return hasNewFiles ? .movingFiles : .afterCommit }
        if !trace.newPositions.isEmpty, trace.newPositions != before.newPositions { return .writingPositions }
        return hasNewFiles ? .writingFiles : .beforeCommit
    }
}
