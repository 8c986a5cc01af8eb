import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import HostProbes

@Suite("Pieces of files")
struct ParsingTests {
    @Test("A number is read exactly or not at all")
    func numbers() {
        #expect(slice("18446744073709551615").decimal(as: UInt64.self) == .max)
        #expect(slice("18446744073709551616").decimal(as: UInt64.self) == nil)
        #expect(slice("-1").decimal(as: UInt64.self) == nil)
        #expect(slice("-128").decimal(as: Int8.self) == -128)
        #expect(slice("-129").decimal(as: Int8.self) == nil)
        #expect(slice("128").decimal(as: Int8.self) == nil)
        for text in ["", "-", "+1", " 1", "1 ", "0x1", "1.0", "1e3", "٣"] {
            #expect(slice(text).decimal(as: Int64.self) == nil, "\(text)")
        }
        #expect(slice("fFfFfFfF").hexadecimal(as: UInt32.self) == .max)
        #expect(slice("100000000").hexadecimal(as: UInt32.self) == nil)
        #expect(slice("g").hexadecimal(as: UInt32.self) == nil)
    }

    @Test("Lines are the pieces between line feeds, and a last one needs none")
    func lines() {
        #expect(bytes("a\n\nb").lines.map(\.text) == ["a", "", "b"])
        #expect(bytes("a\n").lines.map(\.text) == ["a"])
        #expect(bytes("\n").lines.map(\.text) == [""])
        #expect(bytes("").lines.isEmpty)
    }

    @Test("Reading a file line by line gives what reading it whole gives, lines longer than the limit cut")
    func streamedLines() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        try withTemporaryFolder { folder in
            let path = folder.appending("file")
            for _ in 0..<8 {
                var content: [UInt8] = []
                for _ in 0..<Int.random(in: 0...12, using: &random) {
                    let length = Int.random(in: 0...(Bool.random(using: &random) ? 100 : 150_000), using: &random)
                    content += repeatElement(UInt8.random(in: 32...126, using: &random), count: length)
                    if Int.random(in: 0...9, using: &random) > 0 { content.append(10) }
                }
                try Files.replace(path, with: content)
                var seen: [[UInt8]] = []
                try Files.forEachLine(of: path, lineLimit: 1000) { seen.append(Array($0)) }
                #expect(seen == content.lines.map { Array($0.prefix(1000)) })
            }
        }
    }
}
