import Testing
import TextEncodings

@Suite("Text encodings")
struct TextEncodingTests {
    @Test(
        "Encodings are known by their aliases, in any case, and others are not",
        arguments: [
            ("iso-8859-1", TextEncoding.latin1), ("Latin1", .latin1), ("UTF8", .utf8), ("ISO_8859-15", .latin9),
            ("ascii", .ascii), ("CP1252", .windows1252), ("KOI8-R", nil), ("", nil),
        ])
    func names(name: String, expected: TextEncoding?) {
        #expect(TextEncoding(name: name) == expected)
    }

    @Test("Each byte of an encoding comes back from its character", arguments: TextEncoding.allCases)
    func bytes(encoding: TextEncoding) {
        for byte in (0...255) as ClosedRange<UInt8> where encoding != .utf8 {
            let scalar = encoding.decode([byte]).unicodeScalars.first
            #expect(scalar == "\u{FFFD}" || scalar.flatMap { encoding.byte(for: $0) } == byte)
        }
    }

    @Test("What nobody declared is UTF-8 where it is valid, line by line, and else in the encoding")
    func undeclared() {
        let bytes: [UInt8] = Array("é\n".utf8) + [0xE9, 0xC3, 0xA9, 0x0A, 0x0A, 0x80]
        #expect(TextEncoding.latin1.text(of: bytes) == "é\néÃ©\n\n\u{80}")
        #expect(TextEncoding.windows1252.text(of: bytes) == "é\néÃ©\n\n€")
        #expect(TextEncoding.ascii.text(of: bytes) == "é\n\u{FFFD}\u{FFFD}\u{FFFD}\n\n\u{FFFD}")
        #expect(TextEncoding.utf8.text(of: bytes) == "é\n\u{FFFD}é\n\n\u{FFFD}")
    }
}
