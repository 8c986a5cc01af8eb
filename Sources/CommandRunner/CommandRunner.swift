// Runs commands on swift-subprocess. What that library leaves open is closed here:
//
// - Every command leads a session, and so a process group, of its own. After its end, whatever the end was, the whole
//   group gets SIGKILL, which no process can ignore, while the leader is still a zombie: its process id, and so the
//   group's, cannot have been given to anybody else yet.
// - A process that leaves the group (setsid(1)) may outlive the command and keep its standard output open. So reading
//   stops when the leader has ended and what a pipe can hold has been read; nobody waits for the end of the file.
// - The environment is always given whole, since the library's default is to inherit the agent's, and it is checked
//   here first, since the library's own complaints quote values, which may be secrets.
// - A command runs as the agent's own user. For another one the library forks by a bare clone3(2), of which the C library
//   knows nothing; in 2 of 61 runs of the tests such a child hung before its exec, and every later start waited behind
//   it. Without a user the library uses posix_spawn(3), and no start hung.

internal import Glibc
internal import Subprocess
internal import Synchronization

extension Command {
    /// Runs the command to its end, or to that of its time limit.
    ///
    /// Standard input is ``input`` or /dev/null; every other descriptor of the agent is closed in the command. When the calling task
    /// is cancelled, the command is killed with all that it started.
    ///
    /// - Returns: How it ended, and what it wrote. A command that cannot be started is a result too.
    public func run() async -> CommandResult {
        let start = ContinuousClock.now
        if let reason = objection {
            return .notStarted(reason, after: start.duration(to: .now))
        }
        guard let input else { return await run(with: .none, since: start) }
        guard let file = CommandInput(input) else {
            return .notStarted("its input cannot be stored in \(CommandInput.folder)", after: start.duration(to: .now))
        }
        return await run(
            with: .fileDescriptor(file.descriptor, closeAfterSpawningProcess: true), since: start)
    }

    private func run(
        with input: some InputProtocol, since start: ContinuousClock.Instant
    ) async -> CommandResult {
        do {
            let result = try await Subprocess.run(configuration, input: input, output: .sequence, error: .sequence) {
                await observe($0, since: start)
            }
            let observed = result.closureResult
            let ending: CommandResult.Ending =
                switch result.terminationStatus {
                case .exited(let status): .exited(status: status)
                case .signaled(SIGKILL) where observed.isPastLimit: .timedOut(after: timeLimit)
                case .signaled(let signal): .killed(signal: signal)
                }
            return CommandResult(
                ending: ending, output: observed.output.kept, droppedByteCount: observed.output.droppedByteCount,
                errorOutput: observed.errorOutput.kept, duration: start.duration(to: .now))
        } catch {
            return .notStarted("\(error)", after: start.duration(to: .now))
        }
    }

    /// What was seen of a running command.
    private struct Observation: Sendable {
        let output: BoundedOutput
        let errorOutput: BoundedOutput
        /// Whether the time limit had passed when the command's leader ended.
        let isPastLimit: Bool
    }

    private func observe(
        _ execution: Execution<some InputProtocol, SequenceOutput, SequenceOutput>, since start: ContinuousClock.Instant
    ) async -> Observation {
        let leader = Leader()
        async let output = BoundedOutput(of: execution.standardOutput, limit: outputLimit, leader)
        async let errorOutput = BoundedOutput(of: execution.standardError, limit: errorOutputLimit, leader)
        // Signal 0 is sent to nobody (kill(2)), so this waits for the leader's end or the limit. The step after the
        // last is SIGKILL, to the same addressees: the group.
        await execution.teardown(using: [
            .send(signal: Signal(rawValue: 0), toProcessGroup: true, allowedDurationToNextStep: timeLimit)
        ])
        let isPastLimit = start.duration(to: .now) >= timeLimit
        // The leader has ended but is not reaped before this function returns. The call can only fail if all that is
        // left of the group belongs to another user, who cannot be killed then.
        try? execution.send(signal: .kill, toProcessGroup: true)
        leader.hasEnded.store(true, ordering: .releasing)
        return Observation(output: await output, errorOutput: await errorOutput, isPastLimit: isPastLimit)
    }
}

/// Whether the first process of a command has ended, as far as those who read its output know.
final class Leader: Sendable {
    let hasEnded = Atomic(false)
}

/// The first bytes of a stream, and how many came after them.
struct BoundedOutput: Sendable {
    private(set) var kept: [UInt8] = []
    private(set) var droppedByteCount = 0

    /// The most that a pipe can hold (pipe(7): /proc/sys/fs/pipe-max-size), and so the most that a command can have
    /// left behind in it.
    private static let pipeCapacity = 1 << 20

    /// Reads a stream until its end, or until the leader has ended and what it left behind has been read.
    init(of stream: SubprocessOutputSequence, limit: Int, _ leader: Leader) async {
        var countAfterEnd = 0
        var iterator = stream.makeAsyncIterator()
        // An error while reading is an end: what came before it counts.
        while let buffer = try? await iterator.next() {
            let room = max(0, limit - kept.count)
            buffer.withUnsafeBytes { kept.append(contentsOf: $0.prefix(room)) }
            droppedByteCount += max(0, buffer.count - room)
            guard leader.hasEnded.load(ordering: .acquiring) else { continue }
            countAfterEnd += buffer.count
            if countAfterEnd >= BoundedOutput.pipeCapacity { break }
        }
    }
}

extension CommandResult {
    fileprivate static func notStarted(_ reason: String, after duration: Duration) -> CommandResult {
        CommandResult(
            ending: .notStarted(reason: reason), output: [], droppedByteCount: 0, errorOutput: [], duration: duration)
    }
}
