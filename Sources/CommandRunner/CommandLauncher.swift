internal import CCommandLauncher
internal import Glibc
internal import Synchronization
internal import SystemFiles
internal import SystemPackage

/// The process that starts all commands of this one (command_launcher.h).
///
/// Started before the agent restricts itself, it keeps commands free of that; and with one thread, it can fork and change a
/// command's user, which a process of many threads cannot do safely.
public final class CommandLauncher: Sendable {
    /// That of this process; it ends with it, and its commands with it.
    public static let shared = CommandLauncher()

    private let socket: Result<Int32, SystemError>
    private let hasEnded = Mutex(false)

    private init() {
        do throws(SystemError) {
            var socket: Int32 = -1
            try systemCall("start", "the process that starts commands") { command_launcher_start(&socket) }
            self.socket = .success(socket)
        } catch {
            socket = .failure(error)
        }
    }

    /// Starts it now, where it would else be started for the first command.
    public static func start() { _ = shared }

    /// Whether it was started and has ended, which it does not by itself: somebody killed it. No command runs any more, and
    /// those that ran were killed.
    public static var isLost: Bool { shared.hasEnded.withLock { $0 } }

    /// Notes that it has ended, where it has: its end of the socket is closed then.
    ///
    /// - Parameter patience: How long to wait for that, in milliseconds. Of the descriptors of a process that was killed, the
    ///   kernel may close that of a command first.
    func look(patience: Int32) {
        guard case .success(let socket) = socket else { return }
        var polled = pollfd(fd: socket, events: 0, revents: 0)
        if poll(&polled, 1, patience) > 0, polled.revents & Int16(POLLHUP) != 0 { hasEnded.withLock { $0 = true } }
    }

    /// Starts a command.
    func start(_ command: Command) throws(SystemError) -> RunningCommand {
        let socket = try socket.get()
        let description = try MemoryFile.open(command.launchDescription)
        let input =
            if let bytes = command.input { try MemoryFile.open(bytes) } else { try OpenFile("/dev/null") }
        let output = try Ends("a pipe", command_launcher_pipe)
        let errorOutput = try Ends("a pipe", command_launcher_pipe)
        let channel = try Ends("a channel", command_launcher_channel)
        try systemCall("ask for a command", "the process that starts commands") {
            command_launcher_request(
                socket, input.descriptor.rawValue, output.far, errorOutput.far, channel.far,
                description.descriptor.rawValue)
        }
        return RunningCommand(
            output: output.keepNear(), errorOutput: errorOutput.keepNear(), channel: channel.keepNear())
    }
}

/// Two descriptors that belong together: one for the agent, one for the other side.
private struct Ends: ~Copyable {
    private var near: Int32
    let far: Int32

    init(_ what: String, _ make: (UnsafeMutablePointer<Int32>) -> Int32) throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        try systemCall("make", what) { make(&ends) }
        // The first is the agent's: the end for reading of a pipe.
        near = ends[0]
        far = ends[1]
    }

    /// Closes the far end, which somebody else has now.
    consuming func keepNear() -> Int32 {
        let kept = near
        near = -1
        return kept
    }

    deinit {
        if near >= 0 { close(near) }
        close(far)
    }
}

/// The agent's ends of a command that was asked for.
struct RunningCommand: ~Copyable {
    let output: Int32
    let errorOutput: Int32
    let channel: Int32

    /// Has the launcher kill the command with its whole group; its end is told afterwards.
    static func kill(at channel: Int32) { shutdown(channel, Int32(SHUT_WR)) }

    deinit {
        close(output)
        close(errorOutput)
        close(channel)
    }
}
