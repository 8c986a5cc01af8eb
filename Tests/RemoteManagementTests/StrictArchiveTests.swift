import CommandRunner
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import RemoteManagement

@Suite("The strict reader of ZIP archives")
struct StrictArchiveTests {
    typealias Member = ArchiveMaker.Member

    /// Why an archive is refused, when all of it is read; `nil` where it is good.
    private func defect(_ bytes: [UInt8], limits: StrictArchive.Limits = .init()) -> String? {
        do throws(StrictArchive.Defect) {
            let archive = try StrictArchive(bytes, limits: limits)
            for member in archive.members { _ = try archive.contents(of: member) }
            return nil
        } catch {
            return error.description
        }
    }

    @Test("What honest programs make is read: stored, deflated, folders, records behind members, times and owners")
    func honest() throws {
        var folder = Member("dir/", "")
        folder.mode = 0o40755
        folder.attributes = 0x10
        var script = Member("dir/run.sh", String(repeating: "echo hello\n", count: 100), method: 8)
        script.extra = [0x55, 0x54, 5, 0, 1, 0, 0, 0, 0, 0x75, 0x78, 2, 0, 1, 0]
        var behind = Member("näme", "abc", method: 8)
        behind.descriptor = (hasMark: true, lies: false)
        behind.flags = 0x800
        var unmarked = Member("other", "abc")
        unmarked.descriptor = (hasMark: false, lies: false)
        let bytes = ArchiveMaker(folder, script, behind, unmarked, Member("empty", "")).bytes
        let archive = try StrictArchive(bytes)
        #expect(archive.members.map(\.path) == ["dir", "dir/run.sh", "näme", "other", "empty"])
        #expect(archive.members.map(\.isFolder) == [true, false, false, false, false])
        #expect(try archive.contents(of: archive.members[1]) == script.contents)
        #expect(defect(bytes) == nil)
        #expect(defect(ArchiveMaker().bytes) == nil)
    }

    @Test("What Python's zipfile makes is read, from a file and from a stream")
    func python() async throws {
        try await withTemporaryFolder { folder in
            let program = """
                import io, sys, zipfile
                def fill(z):
                    z.mkdir("d") if hasattr(z, "mkdir") else None
                    z.writestr("d/a", "hello" * 1000)
                    z.writestr("b", b"")
                with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as z: fill(z)
                class Stream(io.RawIOBase):
                    def __init__(self): self.data = b""
                    def writable(self): return True
                    def write(self, b): self.data += bytes(b); return len(b)
                s = Stream()
                with zipfile.ZipFile(s, "w", zipfile.ZIP_DEFLATED) as z: fill(z)
                open(sys.argv[2], "wb").write(s.data)
                """
            let files = [folder.appending("a.zip"), folder.appending("b.zip")]
            let result = await Command(
                .file("/usr/bin/python3", arguments: ["-c", program] + files.map(\.string)), environment: [:],
                timeLimit: .seconds(60)
            ).run()
            try #require(result.isSuccess, "\(String(decoding: result.errorOutput, as: UTF8.self))")
            for file in files { #expect(defect(try Files.read(file, limit: 1 << 20)) == nil) }
        }
    }

    @Test(
        "Paths that lead elsewhere, or mean another thing elsewhere, are refused",
        arguments: [
            "/etc/passwd", "../x", "a/../../x", "a/..", "..", ".", "./a", "a/./b", "a//b", "/", "//", "a//", "a\\b",
            "..\\x", "C:\\x", "a\nb", "a\u{0}b", "a\u{7F}", "\u{1B}[2J", "",
        ])
    func paths(path: String) {
        #expect(defect(ArchiveMaker(Member(path)).bytes) != nil)
        #expect(defect(ArchiveMaker(Member(path + "/", "")).bytes) != nil)
    }

    @Test("So are names that are not UTF-8, too long, or too deep")
    func names() {
        var binary = Member("x")
        binary.name = [0x61, 0xFF, 0xFE]
        #expect(defect(ArchiveMaker(binary).bytes) != nil)
        // "/" in an overlong encoding.
        binary.name = [0x2E, 0x2E, 0xC0, 0xAF, 0x61]
        #expect(defect(ArchiveMaker(binary).bytes) != nil)
        #expect(defect(ArchiveMaker(Member(String(repeating: "a", count: 256))).bytes) != nil)
        #expect(defect(ArchiveMaker(Member(String(repeating: "a/", count: 600) + "b")).bytes) != nil)
        #expect(defect(ArchiveMaker(Member(String(repeating: "a/", count: 16) + "b")).bytes) != nil)
        #expect(defect(ArchiveMaker(Member(String(repeating: "a/", count: 15) + "b")).bytes) == nil)
    }

    @Test(
        "Links, devices, pipes and sockets are refused, and kinds that are not what the name says",
        arguments: [0o120777, 0o060600, 0o020600, 0o010600, 0o140600, 0o040755, 0o170000, 0o030000])
    func kinds(mode: Int) {
        var member = Member("a", "/etc/passwd")
        member.mode = mode
        #expect(defect(ArchiveMaker(member).bytes)?.contains("no plain file") == true)
        var folder = Member("a/", "")
        folder.mode = mode == 0o040755 ? 0o100644 : mode
        #expect(defect(ArchiveMaker(folder).bytes)?.contains("no plain file") == true)
        member.mode = 0
        member.attributes = 0x10
        #expect(defect(ArchiveMaker(member).bytes) != nil)
    }

    @Test("Names that are there twice, or are a file and a folder, are refused")
    func twice() {
        for (one, other) in [("a", "a"), ("a", "a/"), ("a/", "a"), ("a", "a/b"), ("a/b", "a"), ("a/b/c", "a/b")] {
            let archive = ArchiveMaker(
                Member(one, one.hasSuffix("/") ? "" : "x"), Member(other, other.hasSuffix("/") ? "" : "y"))
            #expect(defect(archive.bytes) != nil, "\(one) \(other)")
        }
        #expect(defect(ArchiveMaker(Member("a/", ""), Member("a/", ""), Member("a/b")).bytes) == nil)
    }

    @Test(
        "A header that says other than the directory is refused: the name, the way of packing, the size, extra fields")
    func lies() {
        let changes: [(inout Member) -> Void] = [
            { $0.localName = Array("b".utf8) }, { $0.localName = Array("../b".utf8) }, { $0.localMethod = 8 },
            { $0.localFlags = 1 }, { $0.localSize = 99 }, { $0.localExtra = [0x75, 0x70, 0, 0] },
            { $0.descriptor = (true, true) }, { $0.descriptor = (false, true) }, { $0.checksum = 1 },
            { $0.size = 0 }, { $0.size = 2 }, { $0.packedSize = 0 }, { $0.packedSize = 2 },
            { $0.packedSize = 1 << 30 }, { $0.size = 0xFFFF_FFFF },
            { $0.packedSize = 0xFFFF_FFFF },
        ]
        for (index, change) in changes.enumerated() {
            var member = Member("a")
            change(&member)
            #expect(defect(ArchiveMaker(member).bytes) != nil, "change \(index)")
            #expect(defect(ArchiveMaker(member, Member("b")).bytes) != nil, "change \(index) before another")
        }
    }

    @Test("Encryption, other ways of packing, newer versions, other disks, comments and extra fields are refused")
    func unneeded() {
        let changes: [(inout Member) -> Void] =
            [0x0001, 0x0020, 0x0040, 0x2000, 0x0010].map { flag in { $0.flags = flag } }
            + [1, 6, 9, 12, 14, 93, 95, 99].map { method in { $0.method = method } }
            + [
                { $0.needed = 45 }, { $0.disk = 1 }, { $0.comment = [0x61] },
                // Zip64, another name in Unicode, links as PKWARE and ASi keep them, something cut off.
                { $0.extra = [1, 0, 8, 0] + [UInt8](repeating: 0, count: 8) }, { $0.extra = [0x75, 0x70, 1, 0, 1] },
                { $0.extra = [0x0D, 0, 1, 0, 1] }, { $0.extra = [0x6E, 0x75, 1, 0, 1] },
                { $0.extra = [0x55, 0x54, 9, 0, 1] }, { $0.extra = [0x55] },
            ]
        for (index, change) in changes.enumerated() {
            var member = Member("a")
            change(&member)
            #expect(defect(ArchiveMaker(member).bytes) != nil, "change \(index)")
        }
        let whole: [(inout ArchiveMaker) -> Void] = [
            { $0.prefix = [0] }, { $0.prefix = Array("#!/bin/sh\n".utf8) }, { $0.suffix = [0] },
            { $0.comment = Array("hello".utf8) }, { $0.disk = 1 }, { $0.count = 2 }, { $0.count = 0 },
            { $0.countHere = 0 }, { $0.count = 0xFFFF }, { $0.directoryOffset = 0 },
            { $0.directoryOffset = 0xFFFF_FFFF },
            { $0.directorySize = 0 }, { $0.beforeEnd = [0] }, { $0.beforeEnd = [UInt8](repeating: 0, count: 46) },
            { $0.members[0].behind = [0] }, { $0.comment = ArchiveMaker(Member("evil")).bytes },
            { $0.suffix = ArchiveMaker(Member("evil")).bytes }, { $0.prefix = ArchiveMaker(Member("evil")).bytes },
        ]
        for (index, change) in whole.enumerated() {
            var maker = ArchiveMaker(Member("a"))
            change(&maker)
            #expect(defect(maker.bytes) != nil, "whole \(index)")
        }
    }

    @Test("Bombs are refused: by ratio, by overlapping members, by sizes that lie, by number, by sum")
    func bombs() throws {
        let zeros = String(repeating: "\u{0}", count: 4 << 20)
        #expect(defect(ArchiveMaker(Member("a", zeros, method: 8)).bytes)?.contains("grows") == true)
        // Says that it is small, and is not.
        var small = Member("a", zeros, method: 8)
        small.size = 100
        #expect(defect(ArchiveMaker(small).bytes) != nil)
        small.size = 60_000
        #expect(defect(ArchiveMaker(small).bytes) != nil)
        // Many names for the same bytes.
        var second = Member("b", "x")
        second.offset = 0
        #expect(defect(ArchiveMaker(Member("a"), second).bytes)?.contains("overlap") == true)
        // A member inside another one.
        let inner = ArchiveMaker(Member("inner")).bytes.prefix(36)
        var outer = Member("outer")
        outer.contents = Array(inner)
        var inside = Member("inner")
        inside.offset = 35
        #expect(defect(ArchiveMaker(outer, inside).bytes) != nil)
        var limits = StrictArchive.Limits()
        limits.members = 2
        #expect(defect(ArchiveMaker(Member("a"), Member("b")).bytes, limits: limits) == nil)
        #expect(defect(ArchiveMaker(Member("a"), Member("b"), Member("c")).bytes, limits: limits) != nil)
        limits.size = 10
        #expect(defect(ArchiveMaker(Member("a", "123456"), Member("b", "12345")).bytes, limits: limits) != nil)
        #expect(defect(ArchiveMaker(Member("a", "123456"), Member("b", "1234")).bytes, limits: limits) == nil)
    }

    @Test("Cut anywhere it is refused, and changed anywhere it never becomes other contents")
    func damage() throws {
        var folder = Member("dir/", "")
        folder.mode = 0o40755
        let bytes = ArchiveMaker(folder, Member("dir/a", "hello hello hello", method: 8), Member("b", "x")).bytes
        let good = try StrictArchive(bytes)
        let contents = try good.members.map { try good.contents(of: $0) }
        for length in bytes.indices { #expect(defect(Array(bytes[..<length])) != nil, "cut at \(length)") }
        for index in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << bit
                guard let archive = try? StrictArchive(changed) else { continue }
                for (member, wanted) in zip(archive.members, contents) {
                    if let found = try? archive.contents(of: member) {
                        #expect(found == wanted, "bit \(bit) of \(index)")
                    }
                }
            }
        }
    }

    @Test("Random bytes and random changes cost nothing and crash nothing")
    func random() {
        var generator = SeededGenerator(seed: 8)
        let bytes = ArchiveMaker(Member("a", "hello hello hello", method: 8), Member("b", "x")).bytes
        for _ in 0..<3000 {
            var changed = bytes
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                changed[Int.random(in: changed.indices, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            _ = defect(changed)
        }
        for count in [0, 1, 21, 22, 23, 1000] {
            _ = defect((0..<count).map { _ in .random(in: 0...255, using: &generator) })
        }
    }
}
