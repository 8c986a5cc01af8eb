internal import Glibc
public import SystemPackage

/// Sends and receives files one after the other, whatever the network does: connects when there is something to do,
/// keeps the connection from file to file, tries again after failures that a retry may mend, and stops compressing when
/// the server turns out not to know how.
public final class TentacleSession {
    /// Whether files go compressed.
    public enum Compression: Sendable, Hashable {
        /// They go as they are.
        case off
        /// They are packed, in files without a name in a folder.
        case on(scratch: FilePath)
    }

    /// What a session needs of its surroundings; tests give it their own.
    public struct Surroundings {
        /// A clock that never goes back.
        public var now: () -> ContinuousClock.Instant
        /// Waits.
        public var pause: (Duration) -> Void
        /// A number from 0 to 1.
        public var chance: () -> Double

        /// Describes the surroundings; by default the real ones.
        public init(
            now: @escaping () -> ContinuousClock.Instant = { .now },
            pause: @escaping (Duration) -> Void = sleep, chance: @escaping () -> Double = { .random(in: 0...1) }
        ) {
            self.now = now
            self.pause = pause
            self.chance = chance
        }

        /// Waits for a time, whatever signals come.
        public static func sleep(_ duration: Duration) {
            let end = ContinuousClock.now + duration
            while true {
                let left = (end - .now).components
                if left.seconds < 0 || left.attoseconds <= 0 && left.seconds == 0 { return }
                var time = timespec(
                    tv_sec: Int(min(left.seconds, 3600)), tv_nsec: Int(left.attoseconds / 1_000_000_000))
                nanosleep(&time, nil)
            }
        }
    }

    /// Whether the server is known not to have the compressed commands.
    public private(set) var serverLacksCompression = false
    /// Who took the last file, where there still is a connection.
    public var peer: TentaclePeer? { connection?.peer }
    /// Called before each retry, with the failure and the pause, for a log.
    public var onRetry: (TentacleError, Duration) -> Void = { _, _ in }

    private let client: TentacleClient
    private let policy: RetryPolicy
    private let compression: Compression
    private let surroundings: Surroundings
    private var connection: TentacleConnection?

    /// Prepares a session; nothing happens before the first file.
    public init(
        _ server: TentacleServer, retry policy: RetryPolicy = RetryPolicy(), compression: Compression = .off,
        surroundings: Surroundings = Surroundings()
    ) {
        client = TentacleClient(server)
        self.policy = policy
        self.compression = compression
        self.surroundings = surroundings
    }

    /// Sends a file.
    ///
    /// - Parameter chosen: Whether this one goes compressed; `nil` leaves that to the session.
    /// - Throws: The last failure, once the policy gives up or where a retry would not help.
    @discardableResult
    public func send(
        _ body: TentacleBody, as name: TentacleFileName, compression chosen: Compression? = nil
    ) throws(TentacleError) -> TentacleTransfer {
        let size = try body.size()
        if size == 0 { throw .emptyFile }
        var packed: PackedFile?
        if case .on(let scratch) = chosen ?? compression, !serverLacksCompression, PackedFile.canPack(size) {
            packed = try PackedFile(body, as: name, scratch: scratch)
        }
        var wasAccepted = false
        return try untilDone(canBePlain: packed != nil) { connection, isPlain throws(TentacleError) in
            do throws(TentacleError) {
                if let packed, !isPlain { return try connection.send(packed) }
                return try connection.send(body, as: name)
            } catch {
                if case .refused(.alreadyExists) = error, wasAccepted {
                    return TentacleTransfer(
                        name: name.description, size: size, wireSize: 0, confirmation: .alreadyThere, duration: .zero,
                        peer: connection.peer)
                }
                wasAccepted = wasAccepted || error.step == .body || error.step == .confirmation
                throw error
            }
        }
    }

    /// Receives a file into memory.
    ///
    /// - Parameter limit: The most bytes that are accepted.
    public func receive(
        _ name: TentacleFileName, limit: UInt64
    ) throws(TentacleError) -> (bytes: [UInt8], transfer: TentacleTransfer) {
        let format = receivingFormat
        return try untilDone(canBePlain: format != .plain) { connection, isPlain throws(TentacleError) in
            try connection.receive(name, limit: limit, format: isPlain ? .plain : format)
        }
    }

    /// Receives a file and writes it to an empty one; what a failed try has written is cut off before the next.
    ///
    /// - Parameter limit: The most bytes that are accepted.
    public func receive(
        _ name: TentacleFileName, into descriptor: FileDescriptor, limit: UInt64
    ) throws(TentacleError) -> TentacleTransfer {
        let format = receivingFormat
        return try untilDone(canBePlain: format != .plain) { connection, isPlain throws(TentacleError) in
            guard ftruncate(descriptor.rawValue, 0) == 0, lseek(descriptor.rawValue, 0, SEEK_SET) == 0 else {
                throw .unwritableDestination(Errno(rawValue: errno))
            }
            return try connection.receive(name, into: descriptor, limit: limit, format: isPlain ? .plain : format)
        }
    }

    /// Says QUIT, where there is a connection. The session can go on; the next file opens a new one.
    public func end() {
        connection?.quit()
        connection = nil
    }

    private var receivingFormat: TentacleConnection.WireFormat {
        guard case .on(let scratch) = compression, !serverLacksCompression else { return .plain }
        return .packed(scratch: scratch)
    }

    /// Runs a transfer until it is done, a retry would not help, or the policy gives up.
    ///
    /// - Parameter canBePlain: Whether the transfer is compressed and may go plain instead.
    private func untilDone<Result>(
        canBePlain: Bool, _ transfer: (TentacleConnection, _ isPlain: Bool) throws(TentacleError) -> Result
    ) throws(TentacleError) -> Result {
        let start = surroundings.now()
        var failures = 0
        var isPlain = !canBePlain
        while true {
            let isFresh = connection?.isUsable != true
            do throws(TentacleError) {
                let connection = try usableConnection()
                let result = try transfer(connection, isPlain)
                // Closed on the compressed command and not on the plain one.
                if canBePlain, isPlain { serverLacksCompression = true }
                return result
            } catch {
                if error.isEndAtCommand, !isFresh { continue }
                if error.isEndAtCommand, !isPlain {
                    isPlain = true
                    continue
                }
                guard error.consequence == .worthARetry else { throw error }
                failures += 1
                let pause = policy.pause(
                    afterFailures: failures, elapsed: surroundings.now() - start, chance: surroundings.chance())
                guard let pause else { throw error }
                onRetry(error, pause)
                surroundings.pause(pause)
            }
        }
    }

    private func usableConnection() throws(TentacleError) -> TentacleConnection {
        if let connection, connection.isUsable { return connection }
        let fresh = try client.connect()
        connection = fresh
        return fresh
    }
}

extension TentacleError {
    /// The step that failed on the wire; `nil` for other failures.
    fileprivate var step: TentacleStep? {
        switch self {
        case .closed(let step), .lost(let step, _), .timedOut(let step, _), .tls(let step, _),
            .unexpectedAnswer(let step, _):
            step
        default: nil
        }
    }

    /// Whether the connection ended where the server had to answer a command: what a server does that has waited for
    /// too long between two files, or does not know the command.
    fileprivate var isEndAtCommand: Bool {
        switch self {
        case .closed(.command), .lost(.command, _): true
        default: false
        }
    }
}
