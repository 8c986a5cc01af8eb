import Glibc
import Synchronization

/// A relay between a client and a server, which cuts its first connection after some bytes, or is an HTTP proxy.
public final class Relay: Sendable {
    /// What the relay does with connections.
    public enum Role: Sendable {
        /// Passes bytes on; the first connection is closed after that many bytes, both ways together.
        case cut(after: Int)
        /// Reads the head of a CONNECT request, answers and, where the answer says 200, passes bytes on.
        case proxy(answer: String)
    }

    /// The port on 127.0.0.1.
    public let port: UInt16
    private let role: Role
    private let target: UInt16
    private let descriptor: CInt
    private let state = Mutex((heads: [String](), connections: 0, passed: 0))

    /// Starts to listen.
    public init(to target: UInt16, _ role: Role) throws {
        self.role = role
        self.target = target
        (descriptor, port) = try listen(on: "127.0.0.1", port: 0)
        startThread { [self] in
            while true {
                let client = accept(descriptor, nil, nil)
                if client < 0 { break }
                let number = state.withLock { state in
                    state.connections += 1
                    return state.connections - 1
                }
                serve(client, number)
                close(client)
            }
            close(descriptor)
        }
    }

    /// The heads of the requests that the proxy got.
    public var heads: [String] { state.withLock(\.heads) }

    /// How many bytes were passed on, both ways together.
    public var passed: Int { state.withLock(\.passed) }

    /// Listens no more.
    public func stop() {
        shutdown(descriptor, CInt(SHUT_RDWR))
    }

    private func serve(_ client: CInt, _ number: Int) {
        var left = Int.max
        switch role {
        case .cut(let count):
            if number == 0 { left = count }
        case .proxy(let answer):
            var head: [UInt8] = []
            while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
                var byte: UInt8 = 0
                if recv(client, &byte, 1, 0) != 1 { return }
                head.append(byte)
            }
            let text = String(decoding: head, as: UTF8.self)
            state.withLock { $0.heads.append(text) }
            _ = send(client, answer, answer.utf8.count, CInt(MSG_NOSIGNAL))
            guard answer.contains(" 200 ") else { return }
        }
        guard let server = connectLocally(target) else { return }
        defer { close(server) }
        pass(client, server, &left)
    }

    private func pass(_ client: CInt, _ server: CInt, _ left: inout Int) {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while left > 0 {
            var entries = [
                pollfd(fd: client, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&entries, 2, 30_000) <= 0 { return }
            for (from, to) in [(client, server), (server, client)] {
                let isReady = entries.contains { $0.fd == from && $0.revents != 0 }
                if !isReady || left == 0 { continue }
                let count = recv(from, &buffer, min(buffer.count, left), 0)
                if count <= 0 || send(to, buffer, count, CInt(MSG_NOSIGNAL)) != count { return }
                left -= count
                state.withLock { $0.passed += count }
            }
        }
    }
}
