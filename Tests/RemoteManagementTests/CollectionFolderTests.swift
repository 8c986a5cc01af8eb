import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import RemoteManagement

@Suite("The folder of a collection")
struct CollectionFolderTests {
    typealias Member = ArchiveMaker.Member

    @Test("A version takes the place of the one before it whole, and all in it has the mode 0750")
    func replaced() throws {
        try withTemporaryFolder { folder in
            let collection = try #require(CollectionFolder("c", in: folder))
            let first = ArchiveMaker(Member("run.sh", "echo 1\n"), Member("deep/er/file", "x", method: 8)).bytes
            try collection.replace(with: first, signatureKey: nil)
            #expect(try Files.read(folder.appending("c/deep/er/file"), limit: 10) == Array("x".utf8))
            for path in ["c", "c/run.sh", "c/deep", "c/deep/er", "c/deep/er/file"] {
                #expect(try Files.status(folder.appending(path)).permissions.rawValue == 0o750, "\(path)")
            }
            try collection.replace(with: ArchiveMaker(Member("run.sh", "echo 2\n")).bytes, signatureKey: nil)
            #expect(try Files.names(in: folder).map(\.string) == ["c"])
            #expect(try Files.names(in: folder.appending("c")).map(\.string) == ["run.sh"])
            try collection.remove()
            #expect(try Files.names(in: folder).isEmpty)
        }
    }

    @Test("What is refused late, or cannot be stored, leaves the version before it, and nothing beside it")
    func refused() throws {
        try withTemporaryFolder { folder in
            let collection = try #require(CollectionFolder("c", in: folder))
            try collection.replace(with: ArchiveMaker(Member("a", "old")).bytes, signatureKey: nil)
            var damaged = Member("b", "new")
            damaged.checksum = 1
            let bytes = ArchiveMaker(Member("a", "new"), damaged).bytes
            #expect(throws: CollectionFolder.Refusal.self) { try collection.replace(with: bytes, signatureKey: nil) }
            let good = ArchiveMaker(Member("a", "new"), Member("b", "new")).bytes
            for operation in ["write", "open", "sync", "exchange", "set the mode of", "make the folder"] {
                _ = FaultInjection.with({ $0.operation == operation ? .noSpace : nil }) {
                    #expect(throws: CollectionFolder.Refusal.self, "\(operation)") {
                        try collection.replace(with: good, signatureKey: nil)
                    }
                }
                #expect(try Files.read(folder.appending("c/a"), limit: 10) == Array("old".utf8))
                #expect(try Files.names(in: folder).map(\.string) == ["c"], "\(operation)")
            }
            // Where two names cannot change places in one step.
            try FaultInjection.with({ $0.operation == "exchange" ? .invalidArgument : nil }) {
                try collection.replace(with: good, signatureKey: nil)
            }
            #expect(try Files.read(folder.appending("c/a"), limit: 10) == Array("new".utf8))
        }
    }

    @Test("Links in the way are removed and never followed")
    func links() throws {
        try withTemporaryFolder { folder in
            let outside = folder.appending("outside")
            try Files.makeFolder(outside)
            try Files.create(outside.appending("kept"), "x".utf8)
            let collections = folder.appending("collections")
            try Files.makeFolder(collections)
            try outside.makeLink(at: collections.appending("c"))
            try outside.makeLink(at: collections.appending(".c.new"))
            let collection = try #require(CollectionFolder("c", in: collections))
            try collection.replace(with: ArchiveMaker(Member("a")).bytes, signatureKey: nil)
            try outside.makeLink(at: collections.appending("c/link"))
            try collection.replace(with: ArchiveMaker(Member("a")).bytes, signatureKey: nil)
            #expect(try Files.names(in: outside).map(\.string) == ["kept"])
            #expect(try Files.names(in: collections.appending("c")).map(\.string) == ["a"])
        }
    }

    @Test(
        "Names that lead elsewhere are none",
        arguments: [
            "", ".", "..", "a/b", "/a", ".hidden", "a..b", "a\nb", "a\u{0}", String(repeating: "x", count: 201),
        ])
    func names(name: String) {
        #expect(CollectionFolder(name, in: "/nonexistent") == nil)
    }

    @Test("A signature holds for the members and the name; unsigned, changed, renamed or by another key it does not")
    func signatures() async throws {
        try await withTemporaryFolder { folder in
            let keys = TestKeys(folder: folder)
            try await keys.make("one")
            try await keys.make("two")
            let key = folder.appending("one.pub")
            func sign(_ bytes: [UInt8], _ name: String = "c", by signer: String = "one") throws -> [UInt8] {
                let key = try SignatureKey(signingWith: folder.appending("\(signer).pem"))
                return try CollectionSignature.sign(bytes, named: name, key) ?? []
            }
            func isAccepted(_ bytes: [UInt8]) -> Bool {
                guard let collection = CollectionFolder("c", in: folder) else { return false }
                return (try? collection.replace(with: bytes, signatureKey: key)) != nil
            }
            let plain = ArchiveMaker(Member("a", "hello", method: 8), Member("d/", "")).bytes
            let signed = try sign(plain)
            #expect(isAccepted(signed))
            #expect(try Files.names(in: folder.appending("c")).map(\.string) == ["a", "d"])
            #expect(try sign(signed) == signed)
            #expect(try sign(ArchiveMaker().bytes).count > 100)
            #expect(!isAccepted(plain))
            #expect(try !isAccepted(sign(plain, "other")))
            #expect(try !isAccepted(sign(plain, by: "two")))
            // The signature of one archive in another one.
            let archive = try StrictArchive(signed)
            let contents = try archive.contents(of: try #require(archive.members.last))
            for other in [
                [Member("a", "HELLO")], [Member("a", "hello")], [Member("b", "hello"), Member("d/", "")],
                [Member("a", "hello"), Member("d/", ""), Member("evil")],
            ] {
                var maker = ArchiveMaker()
                maker.members = other + [Member(".signature", String(decoding: contents, as: UTF8.self))]
                #expect(!isAccepted(maker.bytes))
            }
            // The same members are the same collection, and the signature has to be the last one.
            var maker = ArchiveMaker()
            let signature = Member(".signature", String(decoding: contents, as: UTF8.self))
            maker.members = [Member("a", "hello"), Member("d/", ""), signature]
            #expect(isAccepted(maker.bytes))
            maker.members = [signature, Member("a", "hello"), Member("d/", "")]
            #expect(!isAccepted(maker.bytes))
        }
    }
}
