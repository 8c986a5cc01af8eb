import SystemFiles
import SystemPackage
import TentacleServerDouble
import TestSupport
import Testing

@testable import Tentacle

@Suite("Compression on the wire")
struct CompressionTests {
    private let text = Array(String(repeating: "a line of a log\n", count: 5000).utf8)

    @Test(
        "A file goes packed from memory and from a descriptor, and comes back packed", arguments: [1, 80_000, 300_000])
    func roundTrip(size: Int) throws {
        var generator = SystemRandomNumberGenerator()
        let bytes = size == 80_000 ? text : (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
        try withTemporaryFolder { folder in
            try Files.create(folder.appending("source"), bytes)
            let source = try OpenFile(folder.appending("source"))
            try withServer { server in
                let session = TentacleSession(server.settings(), compression: .on(scratch: folder))
                let first = try session.send(.bytes(bytes), as: TentacleFileName("a.1.data"))
                let second = try session.send(.file(source.descriptor), as: TentacleFileName("a.2.data"))
                #expect(first.size == UInt64(size) && second.wireSize == first.wireSize)
                #expect(size != 80_000 || first.wireSize < 1000)
                #expect(server.files == ["a.1.data": bytes, "a.2.data": bytes])
                #expect(
                    server.lines == [
                        "ZSEND <a.1.data> SIZE \(first.wireSize)", "ZSEND <a.2.data> SIZE \(first.wireSize)",
                    ])
                let back = try session.receive(TentacleFileName("a.1.data"), limit: UInt64(size))
                #expect(back.bytes == bytes)
                #expect(server.lines.last == "ZRECV OK")
                #expect(throws: TentacleError.refused(.doesNotExist)) {
                    try session.receive(TentacleFileName("none"), limit: 1)
                }
                session.end()
                #expect(server.connectionCount == 1)
                #expect(try Files.names(in: folder).map(\.string) == ["source"])
            }
        }
    }

    @Test("A server that does not know compression gets the files plain, and is not asked again")
    func fallBack() throws {
        try withTemporaryFolder { folder in
            try withServer {
                $0.knowsCompression = false
            } _: { server in
                let session = TentacleSession(
                    server.settings(), retry: .never, compression: .on(scratch: folder))
                for number in 1...3 { try session.send(.bytes(text), as: TentacleFileName("a.\(number).data")) }
                _ = try session.receive(TentacleFileName("a.1.data"), limit: 100_000)
                session.end()
                #expect(session.serverLacksCompression)
                #expect(server.files.count == 3)
                #expect(server.lines.filter { $0.hasPrefix("Z") }.count == 1)
                #expect(server.connectionCount == 2)
            }
        }
    }

    @Test("A file that the server cannot unpack is refused without a reason, and the next one goes")
    func serverCannotUnpack() throws {
        try withTemporaryFolder { folder in
            try withServer {
                $0.faults = { _ in
                    var fault = TentacleServerDouble.Fault()
                    fault.answers[1] = Array("ZSEND ERR\n".utf8)
                    return fault
                }
            } _: { server in
                let session = TentacleSession(server.settings(), compression: .on(scratch: folder))
                #expect(throws: TentacleError.refused(.withoutReason)) {
                    try session.send(.bytes(text), as: TentacleFileName("a.1.data"))
                }
                try session.send(.bytes(text), as: TentacleFileName("a.2.data"))
                #expect(server.connectionCount == 1)
            }
        }
    }

    @Test("A damaged archive from the server is told to it and is no file")
    func damagedFromServer() throws {
        try withTemporaryFolder { folder in
            try withServer {
                $0.faults = { _ in
                    var fault = TentacleServerDouble.Fault()
                    fault.damagesBodies = true
                    return fault
                }
            } _: { server in
                server.files["a.md5"] = nil
                server.files["md5/a.md5"] = text
                let session = TentacleSession(server.settings(), compression: .on(scratch: folder))
                let error = failure { () throws(TentacleError) in
                    _ = try session.receive(TentacleFileName("a.md5"), limit: 100_000)
                }
                guard case .unusableArchive = error else {
                    Issue.record(Comment(rawValue: sentence(of: error)))
                    return
                }
                #expect(error?.consequence == .finalForFile)
            }
        }
    }
}

@Suite("ZIP archives")
struct ZIPArchiveTests {
    private let text = Array(String(repeating: "0123456789", count: 30).utf8)

    @Test("Python reads our archive, and we read those of Python, also streamed ones")
    func python() throws {
        try withTemporaryFolder { folder in
            try Files.create(folder.appending("ours.zip"), try ZIPArchive.pack(text, name: "a.1.data"))
            let script = """
                import zipfile, io, sys
                ours = zipfile.ZipFile('ours.zip')
                assert ours.testzip() is None and ours.namelist() == ['a.1.data']
                assert ours.read('a.1.data') == b'0123456789' * 30
                with zipfile.ZipFile('whole.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
                    archive.writestr('x', b'0123456789' * 30)
                class Pipe(io.RawIOBase):
                    def __init__(self, file): self.file = file
                    def writable(self): return True
                    def write(self, data): return self.file.write(data)
                with open('streamed.zip', 'wb') as file:
                    with zipfile.ZipFile(Pipe(file), 'w', zipfile.ZIP_DEFLATED) as archive:
                        archive.writestr('x', b'0123456789' * 30)
                with zipfile.ZipFile('two.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
                    archive.writestr('x', b'0123456789' * 30)
                    archive.writestr('y', b'0123456789' * 30)
                with zipfile.ZipFile('stored.zip', 'w', zipfile.ZIP_STORED) as archive:
                    archive.writestr('x', b'0123456789' * 30)
                """
            try Files.create(folder.appending("script.py"), script.utf8)
            try Program.succeed(["python3", "script.py"], in: folder)
            for name in ["whole.zip", "streamed.zip"] {
                #expect(try ZIPArchive.unpack(Files.read(folder.appending(name), limit: 10_000), limit: 300) == text)
            }
            for name in ["two.zip", "stored.zip"] {
                let bytes = try Files.read(folder.appending(name), limit: 10_000)
                #expect(throws: ZIPArchive.UnpackFailure.self) { try ZIPArchive.unpack(bytes, limit: 1000) }
            }
        }
    }

    @Test("An archive that ends early, has a byte more or is too large is refused")
    func strict() throws {
        let archive = try ZIPArchive.pack(text, name: "a.1.data")
        #expect(try ZIPArchive.unpack(archive, limit: 300) == text)
        for count in archive.indices {
            #expect(throws: ZIPArchive.UnpackFailure.self) {
                try ZIPArchive.unpack(Array(archive[..<count]), limit: 300)
            }
        }
        #expect(throws: ZIPArchive.UnpackFailure.self) { try ZIPArchive.unpack(archive + [0], limit: 300) }
        #expect(throws: ZIPArchive.UnpackFailure.self) { try ZIPArchive.unpack(archive, limit: 299) }
    }

    @Test("A changed bit is noticed, or changes nothing of the contents")
    func flippedBits() throws {
        let archive = try ZIPArchive.pack(text, name: "a.1.data")
        for index in archive.indices {
            for bit in 0..<8 {
                var changed = archive
                changed[index] ^= 1 << bit
                guard let unpacked = try? ZIPArchive.unpack(changed, limit: 300) else { continue }
                #expect(unpacked == text, "bit \(bit) of byte \(index)")
            }
        }
    }

    @Test("A small archive of a huge member costs no more than the limit")
    func bomb() throws {
        let archive = try ZIPArchive.pack([UInt8](repeating: 0, count: 50_000_000), name: "x")
        #expect(archive.count < 60_000)
        var received = 0
        #expect(throws: ZIPArchive.UnpackFailure.self) {
            _ = try ZIPArchive.unpack(.bytes(archive), limit: 1_000_000) { received += $0.count }
        }
        #expect(received <= 1_000_000)
    }
}
