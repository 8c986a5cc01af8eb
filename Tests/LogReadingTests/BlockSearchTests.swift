import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import LogReading

@Suite("Searching many lines at once")
struct BlockSearchTests {
    /// What a reader finds in a text, and what a search of each line by itself finds.
    private func compare(_ pattern: String, _ text: [UInt8], _ note: String) throws {
        try withTemporaryFolder { folder in
            let compiled = try LogPattern(pattern)
            let file = folder.appending("log")
            try OpenFile(file, .writeOnly, options: .create).write(text)
            let found = LogReader(matching: compiled).read(try LogSource(file.string), from: nil, firstRun: .fromStart)
            let expected = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
                .filter { line in
                    let content = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
                    return compiled.search(content) == .match
                }
                .flatMap { $0 + [UInt8(ascii: "\n")] }
            #expect(found.lines.bytes == Array(expected), "\(note): pattern \(pattern), text \(text)")
        }
    }

    @Test(arguments: [
        #"^\s*$"#, #"a\s+b"#, #"a\s*$"#, "[^a]b", #"\W$"#, #"^\D"#, "^$", "$", "b$", "^b", #"a$\nb"#, #"\Ab"#, #"b\z"#,
        "(?s)a.b", "(?m)^b$", "(?x) a b", "a(?!.)", "a(?=.)", "(?<!a)b", "(?<=^)b", "[[:space:]]b", "[]a]$", "[^]a]$",
        #"a.*+$"#, #"(?>a\s*)$"#, #"\bb\b"#, #"\Bb"#, #"(.)\1"#, #"\x0ab"#, "a|^$", "(?<n>a)b", #"[\s\S]b"#, #"[^\S]b"#,
        #"b\r"#, #"[\w\s]b"#, ".$", "..$",
    ])
    func whatCouldReachIntoAnotherLineDoesNot(pattern: String) throws {
        let pieces = [
            "a\nb\n", "ab\n", "\n", "a \n b\n", "a\r\nb\r\n", "\r\n", "a\r\r\nb\n", "bb\r\n", "a\u{0}b\n", "\t\n",
        ]
        for first in pieces {
            for second in pieces { try compare(pattern, Array((first + second + first).utf8), "pieces") }
        }
    }

    @Test func randomPatternsFindTheSameInBlocksAsInLines() throws {
        let atoms = [
            "a", "b", ".", " ", #"\s"#, #"\S"#, #"\w"#, #"\W"#, #"\d"#, #"\D"#, "[ab]", "[^a]", #"[\s\d]"#,
            "[[:alpha:]]",
            "^", "$", #"\b"#, #"\B"#, "(?=a)", "(?!b)", "(?<=a)", "(?<! )", "(a|b)", #"(?:a\s|b)"#, "(?>a.)", #"\."#,
        ]
        let quantifiers = ["", "", "", "*", "+", "?", "*?", "++", "{2}", "{0,1}"]
        let bytes = Array("aabb 1.\r\n\n".utf8)
        var random = SeededGenerator(seed: 7)
        var blocks = 0
        for number in 0..<500 {
            var pattern = ""
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                pattern +=
                    (atoms.randomElement(using: &random) ?? "") + (quantifiers.randomElement(using: &random) ?? "")
                if Int.random(in: 0..<8, using: &random) == 0 { pattern += "|" }
            }
            guard let compiled = try? LogPattern(pattern) else { continue }
            if compiled.blockCode != nil { blocks += 1 }
            let text = (0..<60).map { _ in bytes.randomElement(using: &random) ?? 0 }
            try compare(pattern, text + [UInt8(ascii: "\n")], "random \(number)")
        }
        // Otherwise the comparison would be one of lines with lines.
        #expect(blocks > 300)
    }

    @Test(arguments: [
        "POSSIBLE BREAK-IN", #"^\w+ +\d+ .*sshd\[\d+\]: (Failed|Invalid) .* from [^ ]+$"#, #"\s(?i:root)\b"#,
    ])
    func ordinaryPatternsHaveAFormForBlocks(pattern: String) throws {
        #expect(try LogPattern(pattern).blockCode != nil)
    }

    @Test func aPatternThatIsTooMuchWorkForABlockIsSearchedLineByLine() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            let hard = String(repeating: "a", count: 40) + "b"
            try log.append("aaa\n\(hard)\nxaaa\n")
            let batch = try log.read("^(a+)+$", firstRun: .fromStart)
            #expect(batch.text == "aaa\n\(hard)\n")
            #expect(batch.notes == [.gaveUp(log.log, lines: 1, pattern: "^(a+)+$")])
        }
    }
}
