internal import Glibc

/// What became of a command.
public struct CommandResult: Sendable, Hashable {
    /// How a command ended.
    public enum Ending: Sendable, Hashable {
        /// It ended by itself with this status; 0 is success.
        case exited(status: Int32)
        /// A signal that was not ours ended it.
        case killed(signal: Int32)
        /// It was still running after the time limit, and was killed with all that it had started.
        case timedOut(after: Duration)
        /// It had written more than so many bytes, its output limit, and was killed with all that it had started, as
        /// ``Command/Excess/endsCommand`` has it.
        case stoppedAtOutputLimit(bytes: Int)
        /// It did not start; the sentence says why.
        case notStarted(reason: String)
    }

    /// How it ended.
    public let ending: Ending
    /// The first bytes of its standard output, as many as the command's limit allows. After a time-out, what came
    /// until then.
    public let output: [UInt8]
    /// How many bytes of standard output came after those and were dropped; of a command that was stopped for it, those
    /// that it had written by then.
    public let droppedByteCount: Int
    /// The first bytes of its standard error.
    public let errorOutput: [UInt8]
    /// From before the start until after the end.
    public let duration: Duration

    /// Whether ``output`` is only the beginning of what the command wrote.
    public var isTruncated: Bool { droppedByteCount > 0 }

    /// Whether the command ended by itself with status 0.
    public var isSuccess: Bool { ending == .exited(status: 0) }
}

extension CommandResult.Ending: CustomStringConvertible {
    /// A phrase for an operator that follows the command's name.
    public var description: String {
        switch self {
        case .exited(let status): "exited with status \(status)"
        case .killed(let signal): "was killed by signal \(signal) (\(CommandResult.Ending.name(ofSignal: signal)))"
        case .timedOut(let limit): "did not end within \(limit) and was killed"
        case .stoppedAtOutputLimit(let limit): "wrote more than \(limit) bytes and was stopped"
        case .notStarted(let reason): "could not be started: \(reason)"
        }
    }

    private static func name(ofSignal signal: Int32) -> String {
        guard let name = strsignal(signal) else { return "unknown" }
        return String(cString: name)
    }
}
