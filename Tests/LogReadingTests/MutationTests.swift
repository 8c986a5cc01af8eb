import CZlib
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import LogReading

/// What is read from files that others write, in valid forms that were damaged at random: nothing crashes, hangs, or is
/// taken for what it is not. Inputs that once did harm are kept in the folder Crashers.
@Suite("Damaged input")
struct MutationTests {
    /// A short form by default; the long one with PANDORA_TORTURE=1. The seeds are fixed, so that a failure repeats.
    private static let seeds = 0..<UInt64(getenv("PANDORA_TORTURE") == nil ? 300 : 20_000)
    private static let crashers = FilePath(#filePath).removingLastComponent().appending("Crashers")

    /// Bytes with some of them changed, removed, doubled, or the end cut off.
    private func mutate(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, place + Int.random(in: 1...12, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[place] = .random(in: 0...255, using: &random)
            case 1: bytes.removeSubrange(place..<end)
            case 2: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 3: bytes.removeLast(bytes.count - place)
            case 4: bytes[place] = [0, 0x0A, 0x20, 0x30, 0x3A, 0x3D, 0x7F, 0xFF].randomElement(using: &random) ?? 0
            default: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
        }
        return bytes
    }

    private static let journal: [UInt8] =
        Array("__CURSOR=s=1\n__REALTIME_TIMESTAMP=1700000000123456\n_HOSTNAME=web\nMESSAGE\n".utf8)
        + [5, 0, 0, 0, 0, 0, 0, 0] + Array("a\nb\nc\n\n".utf8)
        + Array("__CURSOR=s=2\n__REALTIME_TIMESTAMP=1700000000123457\nSYSLOG_PID=7\nMESSAGE=text\n\n".utf8)

    private func readJournal(_ bytes: [UInt8]) {
        let batch = LogReader(matching: .everyLine, limits: LogLimits(bytes: 10_000, lineLength: 100))
            .read(journal: JournalOutput(bytes), from: LogPosition(journalCursor: "s=0"))
        // A position can always be kept, and each entry is one line.
        #expect(LogPosition(batch.position.description) == batch.position)
        #expect(batch.lines.count <= bytes.count / 2)
    }

    @Test func journalExports() {
        readJournal(Self.journal)
        for seed in Self.seeds {
            var random = SeededGenerator(seed: seed)
            readJournal(mutate(Self.journal, &random))
        }
    }

    private func readTexts(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let index = LegacyIndex(text) { #expect(index.offset >= 0) }
        if let position = LogPosition(text) { #expect(LogPosition(position.description) == position) }
        _ = RotatedName(FileName(text.utf8), of: FileName("app.log".utf8))
        if let pattern = try? LogPattern(text) { _ = pattern.search(bytes) }
        _ = try? LogSource(text)
    }

    @Test func positionsIndicesNamesAndPatterns() {
        let texts = [
            "12345 67890 12345", "1 cursor=s%3d1 last=/x file=1:2:3:3:0:3-abc:3-def:2-9:17:/var/log/x",
            "app-20260131.log.gz",
            #"^(?<user>\w+)\s+[^a-z]{2,3}(?=x|y)(?i:b)*+\d$"#,
        ]
        for seed in Self.seeds {
            var random = SeededGenerator(seed: seed)
            for text in texts { readTexts(mutate(Array(text.utf8), &random)) }
        }
    }

    /// The lines before a packed file that is damaged, and those after it, come whatever is in between.
    private func readPacked(_ bytes: [UInt8], _ note: String) throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            try log.append("one\n")
            try log.read(firstRun: .fromStart)
            try log.append("two\n")
            try log.rename("app.log", "app.log.2")
            try Files.create(folder.appending("app.log.1.gz"), bytes)
            try log.append("three\n")
            var text = ""
            for _ in 0..<3 { text += try log.read().text }
            #expect(text.hasPrefix("two\n") && text.hasSuffix("three\n"), "\(note): \(text.prefix(200))")
            #expect(try log.read().text.isEmpty, "\(note)")
        }
    }

    @Test func packedFiles() throws {
        let packed = try withTemporaryFolder { folder in
            let file = gzopen(folder.appending("x").string, "wb")
            let lines = Array((0..<300).map { "line \($0 &* 7919 % 307)\n" }.joined().utf8)
            try #require(gzwrite(file, lines, UInt32(lines.count)) == lines.count)
            gzclose(file)
            return try Files.read(folder.appending("x"), limit: 1 << 20)
        }
        try readPacked(packed, "undamaged")
        // Each of these takes a folder and several readings.
        for seed in Self.seeds.prefix(Self.seeds.count / 10 + 100) {
            var random = SeededGenerator(seed: seed)
            try readPacked(mutate(packed, &random), "seed \(seed)")
        }
    }

    @Test func whatOnceDidHarm() throws {
        let names = try Files.names(in: Self.crashers).sorted { $0.string < $1.string }
        #expect(!names.isEmpty)
        for name in names {
            let bytes = try Files.read(Self.crashers.appending(name), limit: 1 << 20)
            readJournal(bytes)
            readTexts(bytes)
            try readPacked(bytes, name.string)
        }
    }
}
