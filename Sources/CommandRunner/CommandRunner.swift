// What holds for every command:
//
// - It leads a session, and so a process group, of its own. After its end, whatever the end was, the whole group gets
//   SIGKILL, which no process can ignore, while the leader is still a zombie: its process id, and so the group's, cannot
//   have been given to anybody else yet. The launcher does that, and kills all commands when the agent ends.
// - A process that leaves the group (setsid(1)) may outlive the command and keep its standard output open. So reading
//   stops when the leader has ended and what a pipe can hold has been read; nobody waits for the end of the file.
// - Nothing of the agent's is inherited: no descriptor, no signal that is ignored or blocked, no variable.

internal import CCommandLauncher
internal import Glibc
internal import Synchronization
internal import SystemFiles

extension Command {
    /// Runs the command to its end, or to that of its time limit.
    ///
    /// Standard input is ``input`` or /dev/null; every other descriptor of the agent is closed in the command. When the calling
    /// task is cancelled, the command is killed with all that it started.
    ///
    /// - Returns: How it ended, and what it wrote. A command that cannot be started is a result too.
    public func run() async -> CommandResult {
        let start = ContinuousClock.now
        if let reason = objection {
            return .notStarted(reason, after: start.duration(to: .now))
        }
        let killer = CommandKiller()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Reading waits, and threads of the pool must not.
                let isBegun = WaitingThread.begin { continuation.resume(returning: run(since: start, killer)) }
                if !isBegun {
                    continuation.resume(
                        returning: .notStarted("there is no thread for it", after: start.duration(to: .now)))
                }
            }
        } onCancel: {
            killer.kill()
        }
    }

    private func run(since start: ContinuousClock.Instant, _ killer: CommandKiller) -> CommandResult {
        do throws(SystemError) {
            let running = try CommandLauncher.shared.start(self)
            killer.begin(running.channel)
            defer { killer.end() }
            var observation = Observation(of: self, since: start)
            observation.observe(running)
            CommandLauncher.shared.look(patience: observation.isTold ? 0 : 5000)
            return observation.result(after: start.duration(to: .now))
        } catch {
            CommandLauncher.shared.look(patience: 0)
            return .notStarted("\(error)", after: start.duration(to: .now))
        }
    }
}

/// Kills a command when its task is cancelled, whenever that is.
private final class CommandKiller: Sendable {
    private enum State {
        case waiting, running(Int32), killed, ended
    }

    private let state = Mutex(State.waiting)

    func begin(_ channel: Int32) {
        state.withLock {
            if case .killed = $0 { RunningCommand.kill(at: channel) }
            $0 = .running(channel)
        }
    }

    func kill() {
        state.withLock {
            switch $0 {
            case .running(let channel): RunningCommand.kill(at: channel)
            case .waiting: $0 = .killed
            case .killed, .ended: break
            }
        }
    }

    /// Before the channel is closed.
    func end() { state.withLock { $0 = .ended } }
}

/// What is seen of a running command.
private struct Observation {
    private let command: Command
    private let deadline: ContinuousClock.Instant
    private var output: BoundedOutput
    private var errorOutput: BoundedOutput
    private var stop: Stop?
    private var refusal: String?
    private var waitStatus: Int32?

    /// Why the command was killed before its end.
    private enum Stop { case time, output }

    init(of command: Command, since start: ContinuousClock.Instant) {
        self.command = command
        deadline = start + command.timeLimit
        output = BoundedOutput(limit: command.outputLimit)
        errorOutput = BoundedOutput(limit: command.errorOutputLimit)
    }

    /// Whether the launcher told how the command ended, or why it did not begin; it does so unless it has ended itself.
    var isTold: Bool { waitStatus != nil || refusal != nil }

    /// Reads what the command writes until it has ended.
    mutating func observe(_ running: borrowing RunningCommand) {
        let ready = Int16(POLLIN)
        var polled = [
            pollfd(fd: running.channel, events: ready, revents: 0),
            pollfd(fd: running.output, events: ready, revents: 0),
            pollfd(fd: running.errorOutput, events: ready, revents: 0),
        ]
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            if stop == nil, let reason = reasonToStop(left) {
                stop = reason
                RunningCommand.kill(at: running.channel)
            }
            let patience = stop != nil ? -1 : Int32(clamping: Int64(left / .milliseconds(1)) + 1)
            guard poll(&polled, nfds_t(polled.count), patience) > 0 else { continue }
            if polled[1].revents != 0, !output.read(from: running.output) { polled[1].fd = -1 }
            if polled[2].revents != 0, !errorOutput.read(from: running.errorOutput) { polled[2].fd = -1 }
            if polled[0].revents != 0, !takeEvent(running.channel) { break }
        }
        output.drain(running.output)
        errorOutput.drain(running.errorOutput)
    }

    private func reasonToStop(_ left: Duration) -> Stop? {
        if command.excess == .endsCommand, output.droppedByteCount > 0 { return .output }
        return left <= .zero ? .time : nil
    }

    /// - Returns: Whether there may be more.
    private mutating func takeEvent(_ channel: Int32) -> Bool {
        var event = launch_event()
        guard command_launcher_event(channel, &event) == 1 else { return false }
        if event.kind == Int32(LAUNCH_ENDED) {
            waitStatus = event.value
            return false
        }
        refusal = command.sentence(stage: event.value, error: event.error)
        return true
    }

    func result(after duration: Duration) -> CommandResult {
        let ending: CommandResult.Ending
        if let refusal {
            ending = .notStarted(reason: refusal)
        } else if let status = waitStatus {
            // waitpid(2): the signal in the lowest seven bits, the exit status in the next byte.
            let signal = status & 0x7F
            if signal == 0 {
                ending = .exited(status: (status >> 8) & 0xFF)
            } else if signal == SIGKILL, let stop {
                ending =
                    switch stop {
                    case .time: .timedOut(after: command.timeLimit)
                    case .output: .stoppedAtOutputLimit(bytes: command.outputLimit)
                    }
            } else {
                ending = .killed(signal: signal)
            }
        } else {
            ending = .notStarted(
                reason: "the process that starts commands has ended, or no files may be opened any more")
        }
        return CommandResult(
            ending: ending, output: output.kept, droppedByteCount: output.droppedByteCount,
            errorOutput: errorOutput.kept, duration: duration)
    }
}

extension CommandResult {
    fileprivate static func notStarted(_ reason: String, after duration: Duration) -> CommandResult {
        CommandResult(
            ending: .notStarted(reason: reason), output: [], droppedByteCount: 0, errorOutput: [], duration: duration)
    }
}
