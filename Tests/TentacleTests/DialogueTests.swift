import Glibc
import SystemFiles
import SystemPackage
import Tentacle
import TentacleServerDouble
import TestSupport
import Testing

@Suite("The client's dialogue")
struct DialogueTests {
    private let data = Array("some data".utf8)

    @Test("A wrong password, and one that the server does not want, are named")
    func wrongPassword() throws {
        for password in ["other", nil] {
            try withServer {
                $0.password = password
            } _: { server in
                let settings = server.settings(password: "secret")
                let error = failure { () throws(TentacleError) in try server.receiveFile(from: settings) }
                #expect(error == .passwordRefused)
                #expect(error?.consequence == .needsOperator)
                #expect(server.files.isEmpty)
            }
        }
    }

    @Test("A server that wants a password and gets none closes without a word")
    func missingPassword() throws {
        try withServer {
            $0.password = "secret"
        } _: { server in
            let error = failure { () throws(TentacleError) in try server.receiveFile(from: server.settings()) }
            #expect(error == .closed(.command))
        }
    }

    @Test("After a refusal the next file goes on the same connection")
    func refusals() throws {
        try withServer {
            $0.sizeLimit = 9
        } _: { server in
            let connection = try TentacleClient(server.settings()).connect()
            try connection.send(.bytes(data), as: TentacleFileName("a.1.data"))
            let again = failure { () throws(TentacleError) in
                try connection.send(.bytes([1]), as: TentacleFileName("a.1.data"))
            }
            #expect(again == .refused(.alreadyExists))
            #expect(again?.consequence == .finalForFile)
            let large = failure { () throws(TentacleError) in
                try connection.send(.bytes(data + [0]), as: TentacleFileName("a.2.data"))
            }
            #expect(large == .refused(.tooBig))
            try connection.send(.bytes(data), as: TentacleFileName("a.3.data"))
            connection.quit()
            #expect(Set(server.files.keys) == ["a.1.data", "a.3.data"])
            #expect(server.files["a.1.data"] == data)
            #expect(server.connectionCount == 1)
            let late = failure { () throws(TentacleError) in
                try connection.send(.bytes(data), as: TentacleFileName("a.4.data"))
            }
            #expect(late == .over)
        }
    }

    @Test("Names and sizes that the protocol cannot carry never reach the wire")
    func unusable() throws {
        let names = ["", ".", "..", "a/b", "a\nb", "a\u{7F}", "a<b", "a*", String(repeating: "a", count: 256)]
        for name in names {
            #expect(throws: TentacleError.unusableName(name)) { try TentacleFileName(name) }
        }
        try withServer { server in
            let connection = try TentacleClient(server.settings()).connect()
            #expect(throws: TentacleError.emptyFile) {
                try connection.send(.bytes([]), as: TentacleFileName("a.1.data"))
            }
            #expect(connection.isUsable)
            connection.quit()
            let longest = String(repeating: "a", count: 255)
            try server.receiveFile(data, longest, from: server.settings())
            #expect(server.lines.filter { $0 != "QUIT" } == ["SEND <\(longest)> SIZE 9"])
        }
    }

    @Test("A file goes from a descriptor and comes back into memory and into a descriptor")
    func files() throws {
        try withTemporaryFolder { folder in
            var bytes = [UInt8](repeating: 0, count: 1_500_000)
            for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index &* 31 ^ index >> 9) }
            try Files.create(folder.appending("source"), bytes)
            try withServer { server in
                let connection = try TentacleClient(server.settings()).connect()
                let source = try OpenFile(folder.appending("source"))
                let name = try TentacleFileName("big.1.data")
                let sent = try connection.send(.file(source.descriptor), as: name)
                #expect(sent.size == 1_500_000)
                #expect(server.files["big.1.data"] == bytes)
                #expect(try connection.receive(name, limit: 1_500_000).bytes == bytes)
                let target = try OpenFile(folder.appending("target"), .writeOnly, options: .create)
                _ = try connection.receive(name, into: target.descriptor, limit: 1_500_000)
                #expect(try Files.read(folder.appending("target"), limit: 2_000_000) == bytes)
                #expect(throws: TentacleError.refused(.doesNotExist)) {
                    try connection.receive(TentacleFileName("none.md5"), limit: 100)
                }
                #expect(throws: TentacleError.tooLargeToReceive(size: 1_500_000, limit: 1_499_999)) {
                    try connection.receive(name, limit: 1_499_999)
                }
                #expect(!connection.isUsable)
            }
        }
    }

    @Test("Every address is tried, and a refused connection names each")
    func refusedConnection() throws {
        let port = try withServer { $0.port }
        let settings = TentacleServer(host: "localhost", port: port)
        let error = failure { () throws(TentacleError) in _ = try TentacleClient(settings).connect() }
        guard case .notConnected(let attempts) = error else {
            Issue.record(Comment(rawValue: sentence(of: error)))
            return
        }
        #expect(attempts.contains { $0.address == "127.0.0.1 port \(port)" && $0.code == .connectionRefused })
        #expect(error?.consequence == .worthARetry)
    }

    @Test("A name that does not exist is named")
    func unknownName() throws {
        let settings = TentacleServer(host: "nothing.invalid")
        let error = failure { () throws(TentacleError) in _ = try TentacleClient(settings).connect() }
        guard case .nameNotResolved("nothing.invalid", _) = error else {
            Issue.record(Comment(rawValue: sentence(of: error)))
            return
        }
    }

    @Test("An IPv6 address is a server's address, and the local address is chosen")
    func addresses() throws {
        let server = try TentacleServerDouble(address: "::1")
        defer { server.stop() }
        try server.receiveFile(data, from: server.settings())
        var settings = server.settings()
        settings.localAddress = "127.0.0.1"
        let error = failure { () throws(TentacleError) in try server.receiveFile(from: settings) }
        #expect(error == .unusableLocalAddress("127.0.0.1"))
        settings.localAddress = "::1"
        try server.receiveFile(data, "host.2.data", from: settings)
        #expect(server.files.count == 2)
    }
}
