import SystemFiles
import SystemPackage
import Tentacle
import TentacleServerDouble
import TestSupport
import Testing

@Suite("Servers that answer nonsense, slowly or not at all")
struct FaultyServerTests {
    private let data = Array("some data".utf8)
    private typealias Fault = TentacleServerDouble.Fault

    private static func answering(_ number: Int, _ bytes: [UInt8]) -> Fault {
        var fault = Fault()
        fault.answers[number] = bytes
        return fault
    }

    @Test(
        "Nonsense in place of an answer is named, shown without control characters, and ends the connection",
        arguments: [
            "\n", "SEND\n", "SEND OK \n", "RECV OK\n", "send ok\n", "SEND OK\r\n", "SEND ERR\tno\n", "\u{1B}[2J\n",
            "SEND OK\nSEND OK\n", "SEND SIZE 9\n", String(repeating: "x", count: 1025),
            String(repeating: "x", count: 5000) + "\n",
        ])
    func nonsense(answer: String) throws {
        for number in 0...1 {
            try withServer {
                $0.faults = { _ in Self.answering(number, Array(answer.utf8)) }
            } _: { server in
                let connection = try TentacleClient(server.settings()).connect()
                let error = failure { () throws(TentacleError) in
                    try connection.send(.bytes(data), as: TentacleFileName("a.1.data"))
                }
                guard case .unexpectedAnswer(let step, let line) = error else {
                    Issue.record(Comment(rawValue: sentence(of: error)))
                    return
                }
                #expect(step == (number == 0 ? .command : .confirmation))
                #expect(line.count <= 100 && !line.unicodeScalars.contains { $0.value < 0x20 })
                #expect(error?.consequence == .worthARetry)
                #expect(!connection.isUsable)
            }
        }
    }

    @Test(
        "A size that is none, or that no file has, is no answer",
        arguments: ["-1", "", "x", "18446744073709551616", "1 2"])
    func sizes(size: String) throws {
        try withServer {
            $0.faults = { _ in Self.answering(0, Array("RECV SIZE \(size)\n".utf8)) }
        } _: { server in
            server.files["a.1.data"] = data
            let connection = try TentacleClient(server.settings()).connect()
            let error = failure { () throws(TentacleError) in
                _ = try connection.receive(TentacleFileName("a.1.data"), limit: .max)
            }
            #expect(error == .unexpectedAnswer(.command, line: "RECV SIZE \(size)"))
        }
    }

    @Test("A file that is shorter than its size ends in an error, one that is longer spoils the next answer only")
    func wrongSizes() throws {
        try withServer {
            $0.faults = { Self.answering(0, Array("RECV SIZE \($0 == 0 ? 10 : 8)\n".utf8)) }
            $0.idleLimit = 100
        } _: { server in
            server.files["a.1.data"] = data
            let name = try TentacleFileName("a.1.data")
            let short = try TentacleClient(server.settings()).connect()
            #expect(throws: TentacleError.closed(.body)) { try short.receive(name, limit: 100) }
            let long = try TentacleClient(server.settings()).connect()
            #expect(try long.receive(name, limit: 100).bytes == data.dropLast())
            let next = failure { () throws(TentacleError) in _ = try long.receive(name, limit: 100) }
            #expect(
                next == .unexpectedAnswer(.command, line: "aRECV SIZE 9") || next == .closed(.command)
                    || next == .unexpectedAnswer(.command, line: "a"))
        }
    }

    @Test("Answers that come byte by byte are answers")
    func trickle() throws {
        try withServer {
            $0.faults = { _ in
                var fault = Fault()
                fault.trickle = 5
                return fault
            }
        } _: { server in
            try server.receiveFile(from: server.settings())
            #expect(server.files.count == 1)
        }
    }

    @Test("A trickle that never ends is ended by the total limit")
    func endlessTrickle() throws {
        try withServer {
            $0.faults = { _ in
                var fault = Fault()
                fault.trickle = 20
                fault.answers[0] = [UInt8](repeating: UInt8(ascii: "x"), count: 1000)
                return fault
            }
        } _: { server in
            var settings = server.settings()
            settings.limits.total = .milliseconds(200)
            let error = failure { () throws(TentacleError) in try server.receiveFile(from: settings) }
            #expect(error == .timedOut(.command, after: .milliseconds(200)))
        }
    }

    @Test("A server that takes the connection and then does nothing is given up, in the clear and in TLS")
    func silence() throws {
        try withServer {
            $0.faults = { _ in
                var fault = Fault()
                fault.atStart = .stall
                return fault
            }
        } _: { server in
            var settings = server.settings(idle: .milliseconds(50))
            let plain = failure { () throws(TentacleError) in try server.receiveFile(from: settings) }
            #expect(plain == .timedOut(.command, after: .milliseconds(50)))
            settings.security = .unverified(TLSOptions())
            let secured = failure { () throws(TentacleError) in try server.receiveFile(from: settings) }
            #expect(secured == .timedOut(.handshake, after: .milliseconds(50)))
            #expect(secured?.consequence == .worthARetry)
        }
    }

    @Test("A server that stops reading in the middle of a large file is given up")
    func stopsReading() throws {
        try withServer {
            $0.sizeLimit = 100_000_000
            $0.faults = { _ in .init(after: 1000, .stall) }
        } _: { server in
            let settings = server.settings(idle: .milliseconds(100))
            let error = failure { () throws(TentacleError) in
                try server.receiveFile([UInt8](repeating: 1, count: 50_000_000), from: settings)
            }
            #expect(error == .timedOut(.body, after: .milliseconds(100)))
        }
    }

    @Test("A server that insists on another TLS handshake does not get it, and ends the connection")
    func renegotiation() throws {
        try withTemporaryFolder { folder in
            let pair = try TestAuthority(in: folder).issue()
            try withServer {
                $0.tls = .init(pair, newestVersion: 0x0303)
                $0.faults = { _ in
                    var fault = Fault()
                    fault.renegotiates = true
                    return fault
                }
            } _: { server in
                let error = failure { () throws(TentacleError) in
                    try server.receiveFile(from: server.settings(.unverified(TLSOptions())))
                }
                // Where in the dialogue the server notices is a matter of chance.
                guard case .tls(_, let reason) = error, reason.contains("handshake failure") else {
                    Issue.record(Comment(rawValue: sentence(of: error)))
                    return
                }
                #expect(error?.consequence == .worthARetry)
            }
        }
    }

    @Test("A TLS connection that is cut after each byte on the wire, from the first of the handshake on")
    func cutOnTheWire() throws {
        try withTemporaryFolder { folder in
            let authority = try TestAuthority(in: folder)
            let pair = try authority.issue()
            let security = TransportSecurity.verified(.file(authority.certificate), .host, TLSOptions())
            try withServer {
                $0.tls = .init(pair)
                $0.password = "secret"
                $0.connectionLimit = 40
            } _: { server in
                // One whole dialogue tells how many bytes there are.
                let total = try send(through: server, security, cutAfter: .max, "whole.data").passed
                #expect(total > 1000)
                var offset = 0
                while offset < total {
                    let batch = offset..<min(offset + 32, total)
                    offset = batch.upperBound
                    let found = try problems(of: batch) { offset in
                        let name = "host.\(offset).data"
                        let (error, _) = try send(through: server, security, cutAfter: offset, name)
                        let isStored = server.files[name] != nil
                        switch error {
                        case nil:
                            return isStored ? [] : ["offset \(offset): sent and not stored"]
                        case .closed, .lost, .passwordRefused, .peerWithoutTLS:
                            return []
                        default:
                            return ["offset \(offset): \(sentence(of: error))"]
                        }
                    }
                    #expect(found == [])
                }
            }
        }
    }

    private func send(
        through server: TentacleServerDouble, _ security: TransportSecurity, cutAfter count: Int, _ name: String
    ) throws -> (error: TentacleError?, passed: Int) {
        let relay = try Relay(to: server.port, .cut(after: count))
        defer { relay.stop() }
        var settings = server.settings(security, password: "secret")
        settings.port = relay.port
        let error = failure { () throws(TentacleError) in try server.receiveFile(data, name, from: settings) }
        return (error, relay.passed)
    }
}
