import Glibc
import Synchronization
import SystemPackage

/// A Tentacle server for tests, which behaves as the recorded dialogues of real ones and misbehaves on request.
///
/// It serves its connections on threads of its own, until ``stop()``.
public final class TentacleServerDouble: Sendable {
    /// The address that it listens on.
    public let address: String
    /// The port that the system chose.
    public let port: UInt16

    let behaviour: Behaviour
    private let descriptor: CInt
    private let state = Mutex(State())
    // One post for each connection that has ended; never destroyed, as threads may still use it.
    nonisolated(unsafe) private let ended = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private let context: ServerTLSContext?

    private struct State {
        var lines: [String] = []
        var files: [String: [UInt8]] = [:]
        var connections = 0
        var open: Set<CInt> = []
        var failures: [String] = []
        var isStopped = false
        var bodyBytes = 0
    }

    /// Starts to listen on an address, by default that of the host itself in IPv4.
    public init(_ behaviour: Behaviour = Behaviour(), address: String = "127.0.0.1", port: UInt16 = 0) throws {
        self.behaviour = behaviour
        self.address = address
        context = try behaviour.tls.map { try ServerTLSContext($0) }
        (descriptor, self.port) = try listen(on: address, port: port)
        sem_init(ended, 0, 0)
        for _ in 0..<behaviour.connectionLimit { startThread { [self] in serve() } }
    }

    /// The lines of commands that came, on all connections, without line feeds.
    public var lines: [String] { state.withLock(\.lines) }

    /// The files that were stored in memory, by name; routed ones with their folder (`conf/x.conf`).
    public var files: [String: [UInt8]] {
        get { state.withLock(\.files) }
        set { state.withLock { $0.files = newValue } }
    }

    /// How many connections were taken.
    public var connectionCount: Int { state.withLock(\.connections) }

    /// How many bytes of files came.
    public var bodyBytes: Int { state.withLock(\.bodyBytes) }

    /// Why TLS handshakes failed, in OpenSSL's words.
    public var handshakeFailures: [String] { state.withLock(\.failures) }

    /// Waits until that many connections have ended on the server's side, not counting those of earlier calls.
    public func waitForEnd(ofConnections count: Int = 1) {
        for _ in 0..<count { while sem_wait(ended) != 0 {} }
    }

    /// Ends all connections and listens no more.
    public func stop() {
        state.withLock {
            $0.isStopped = true
            for connection in $0.open { shutdown(connection, CInt(SHUT_RDWR)) }
        }
        // Wakes the threads that wait in accept(2).
        shutdown(descriptor, CInt(SHUT_RDWR))
    }

    private func serve() {
        while true {
            let connection = accept(descriptor, nil, nil)
            if connection < 0 {
                if errno == EINTR || errno == ECONNABORTED { continue }
                return
            }
            let number = state.withLock { state -> Int? in
                if state.isStopped { return nil }
                state.open.insert(connection)
                state.connections += 1
                return state.connections - 1
            }
            if let number {
                let channel = ServerChannel(connection, behaviour, fault: behaviour.faults(number))
                do {
                    try channel.start(context)
                    try ServerDialogue(channel, self).run()
                } catch ServerChannel.Ended.handshakeFailed(let reason) {
                    state.withLock { $0.failures.append(reason) }
                } catch {
                    // Every end of a connection is the end of its dialogue.
                }
            }
            _ = state.withLock { $0.open.remove(connection) }
            close(connection)
            sem_post(ended)
        }
    }

    func note(line: String) {
        state.withLock { $0.lines.append(line) }
    }

    func note(bodyBytes count: Int) {
        state.withLock { $0.bodyBytes += count }
    }

    func storeInMemory(_ bytes: [UInt8], _ name: String) {
        state.withLock { $0.files[name] = bytes }
    }
}
