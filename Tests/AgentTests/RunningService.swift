import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import Testing

/// A running loop.
struct RunningService {
    let pid: pid_t
    let task: Task<CommandResult, Never>

    init(_ agent: AgentUnderTest) async throws {
        let pidFile = agent.folder.appending("pid")
        let script = """
            '\(AgentUnderTest.program)' \(agent.words(["daemon"]).joined(separator: " ")) & echo $! > '\(pidFile).new'
            mv '\(pidFile).new' '\(pidFile)'; wait $!
            """
        task = Task { await AgentUnderTest.run("/bin/sh", ["-c", script]) }
        try await waitUntil { Files.exists(pidFile) }
        pid = try #require(
            pid_t(String(decoding: try Files.read(pidFile, limit: 20), as: UTF8.self).filter(\.isNumber)))
        try await waitUntil { try isReady() }
    }

    /// Whether the program handles the signals that would else end it.
    func isReady() throws -> Bool {
        let status = String(
            decoding: try Files.read(FilePath("/proc/\(pid)/status"), limit: 1 << 16), as: UTF8.self)
        let line = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }
        let caught = UInt64(line?.split(separator: "\t").last ?? "", radix: 16) ?? 0
        return [SIGHUP, SIGTERM].allSatisfy { caught & 1 << UInt64($0 - 1) != 0 }
    }

    func end() async -> CommandResult {
        kill(pid, SIGTERM)
        return await task.value
    }
}
