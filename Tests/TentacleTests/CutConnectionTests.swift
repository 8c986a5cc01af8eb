import Glibc
import SystemFiles
import SystemPackage
import Tentacle
import TentacleServerDouble
import TestSupport
import Testing

@Suite("Connections that end or stall at every byte")
struct CutConnectionTests {
    private static let body = Array("twenty bytes of data".utf8)
    // PASS, its answer, SEND, its answer, the body, its answer.
    private static let parts = [38, 8, 29, 8, 20, 8]

    private typealias Fault = TentacleServerDouble.Fault

    @Test("In the clear, the connection is closed after each byte")
    func closed() throws { try run(.plain, nil) { .init(after: $0, .close) } }

    @Test("In the clear, the connection is reset after each byte")
    func reset() throws { try run(.plain, nil) { .init(after: $0, .reset) } }

    @Test("In the clear, the server stalls after each byte")
    func stalled() throws { try run(.plain, nil, idle: .seconds(2)) { .init(after: $0, .stall) } }

    @Test("In TLS, the connection is closed, reset or stalls after each byte")
    func inTLS() throws {
        try withTemporaryFolder { folder in
            let pair = try TestAuthority(in: folder).issue()
            let security = TransportSecurity.unverified(TLSOptions())
            try run(security, .init(pair)) { .init(after: $0, .close) }
            try run(security, .init(pair)) { .init(after: $0, .reset) }
            try run(security, .init(pair), idle: .seconds(2)) { .init(after: $0, .stall) }
        }
    }

    @Test("A session delivers a packed file although its first connection ends after each byte")
    func packedInSession() throws {
        try withTemporaryFolder { folder in
            let name = try TentacleFileName("host.123.data")
            let wireSize = try PackedFile(.bytes(Self.body), as: name, scratch: folder).wireSize
            let total = "ZSEND <host.123.data> SIZE \(wireSize)\n".utf8.count + 9 + Int(wireSize) + 9
            let found = try problems(of: 0..<total) { offset in
                try withServer {
                    $0.connectionLimit = 2
                    $0.faults = { connection in connection == 0 ? .init(after: offset, .close) : nil }
                } _: { server in
                    let session = TentacleSession(
                        server.settings(), compression: .on(scratch: folder), surroundings: .init(pause: { _ in }))
                    _ = try session.send(.bytes(Self.body), as: name)
                    session.end()
                    return server.files == ["host.123.data": Self.body] ? [] : ["offset \(offset): \(server.files)"]
                }
            }
            #expect(found == [])
        }
    }

    @Test("A file that is received on a connection that ends after each byte comes whole or not at all")
    func received() throws {
        let name = try TentacleFileName("host.md5")
        // RECV <host.md5>, RECV SIZE 20, RECV OK, the body.
        let total = 16 + 13 + 8 + 20
        let found = try problems(of: 0...total) { offset in
            try withServer {
                $0.connectionLimit = 2
                $0.faults = { _ in .init(after: offset, .close) }
            } _: { server in
                server.files["md5/host.md5"] = Self.body
                let session = TentacleSession(server.settings(), retry: .never)
                var bytes: [UInt8]?
                let error = failure { () throws(TentacleError) in bytes = try session.receive(name, limit: 100).bytes }
                if offset == total { return bytes == Self.body ? [] : ["the whole file: \(sentence(of: error))"] }
                switch error {
                case .closed, .lost: return []
                default: return ["offset \(offset): \(sentence(of: error))"]
                }
            }
        }
        #expect(found == [])
    }

    @Test("Writing to a connection that is gone raises no signal that would end the program")
    func noSignal() throws {
        // The test runner may ignore the signal, which would hide it.
        signal(SIGPIPE, SIG_DFL)
        try withServer {
            $0.sizeLimit = 100_000_000
            $0.faults = { _ in .init(after: 2000, .reset) }
        } _: { server in
            let large = [UInt8](repeating: 1, count: 20_000_000)
            for _ in 0..<20 {
                let error = failure { () throws(TentacleError) in
                    try server.receiveFile(large, from: server.settings())
                }
                guard case .lost(.body, _) = error else {
                    Issue.record(Comment(rawValue: sentence(of: error)))
                    return
                }
            }
        }
    }

    /// Cuts the first connection at every offset of the dialogue and then tries again: the file is delivered once.
    private func run(
        _ security: TransportSecurity, _ tls: TentacleServerDouble.TLS?, idle: Duration = .seconds(10),
        _ fault: @escaping @Sendable (_ offset: Int) -> Fault
    ) throws {
        let ends = Self.parts.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
        let total = ends[6]
        let found = try problems(of: 0..<total) { offset in
            try withServer {
                $0.password = "secret"
                $0.tls = tls
                $0.connectionLimit = 2
                $0.faults = { connection in connection == 0 ? fault(offset) : nil }
            } _: { server in
                var problems: [String] = []
                let cut = server.settings(security, password: "secret", idle: idle)
                let error = failure { () throws(TentacleError) in
                    try server.receiveFile(Self.body, "host.123.data", from: cut)
                }
                var steps = Self.steps(offset, ends)
                // A reset before the first byte may overtake the end of connect(2), which then reports it: the client never
                // had a connection. In TLS the double resets after the handshake.
                if offset == 0, tls == nil, case .reset? = fault(offset).after?.action { steps.append(.connecting) }
                if !steps.contains(where: { $0 == error.flatMap(Self.step) }) {
                    problems.append("offset \(offset): \(sentence(of: error))")
                }
                let isStored = offset >= ends[5]
                if (server.files["host.123.data"] == Self.body) != isStored {
                    problems.append("offset \(offset): \(server.files.count) files after the cut")
                }

                let whole = server.settings(security, password: "secret")
                let again = failure { () throws(TentacleError) in
                    try server.receiveFile(Self.body, "host.123.data", from: whole)
                }
                if again != (isStored ? .refused(.alreadyExists) : nil) || server.files["host.123.data"] != Self.body {
                    problems.append("offset \(offset): again: \(sentence(of: again))")
                }
                return problems
            }
        }
        #expect(found == [])
    }

    /// The steps at which a cut may be noticed.
    private static func steps(_ offset: Int, _ ends: [Int]) -> [TentacleStep] {
        switch offset {
        case ..<ends[2]: [.password]
        case ..<ends[4]: [.command]
        // A body that fits in the socket's buffer is gone before the cut is seen.
        case ..<ends[5]: [.body, .confirmation]
        default: [.confirmation]
        }
    }

    private static func step(_ error: TentacleError) -> TentacleStep? {
        switch error {
        case .passwordRefused: .password
        case .notConnected(let attempts) where attempts.map(\.code) == [.connectionReset]: .connecting
        case .closed(let step), .lost(let step, _), .timedOut(let step, _): step
        default: nil
        }
    }
}
