import SystemPackage
import TestSupport
import Testing

@testable import LogReading

@Suite("The work of a search")
struct PatternWorkTests {
    private static let engines: [LogPattern.Options] = [[], .interpreted]

    /// A text in which every place is the beginning of much work, and that ends so that nothing matches.
    private static let hardOnes: [(pattern: String, filling: String, end: String)] = [
        (#"\s+$"#, " ", "x"), (#"a.*\w+@"#, "a", " @"), (#"a.*[a-z]+[0-9]"#, "a", " @"), ("(a+)+$", "a", "b"),
        ("(a*a*)*y", "a", " y"), ("a*a*a*y", "a", " y"),
    ]

    @Test(arguments: engines, [64 << 10, 1 << 20])
    func aSearchEndsHoweverMuchEachPlaceOfALongTextCosts(engine: LogPattern.Options, length: Int) throws {
        for (pattern, filling, end) in Self.hardOnes {
            let text = Array(String(repeating: filling, count: length).utf8) + Array(end.utf8)
            // Some are no work at all for machine code.
            #expect(try LogPattern(pattern, options: engine).search(text) != .match, "\(pattern)")
        }
    }

    @Test func whatTheInterpreterCannotDoIsGivenUp() throws {
        for (pattern, filling, end) in Self.hardOnes {
            let text = Array(String(repeating: filling, count: 64 << 10).utf8) + Array(end.utf8)
            #expect(try LogPattern(pattern, options: .interpreted).search(text) == .gaveUp, "\(pattern)")
        }
    }

    @Test(arguments: engines)
    func ordinaryPatternsAreSearchedInLongTextsToTheirEnd(engine: LogPattern.Options) throws {
        let text = Array(String(repeating: "Jan 31 host sshd[123]: Accepted password for wörker\n", count: 20_000).utf8)
        for (pattern, answer) in [
            (#"failed|invalid \w+"#, LogPattern.Answer.noMatch), (#"größer \d+"#, .noMatch),
            ("sshd.*invalid", .noMatch),
            (#"\d+:.*for root"#, .noMatch), (#"wörker\s*$"#, .match), (#"\s+$"#, .match),
            ("(?i)ACCEPTED.*WÖRKER", .match),
            (#"\w+ \d+ (\w+) .*\1$"#, .noMatch),
        ] {
            #expect(try LogPattern(pattern, options: engine).search(text) == answer, "\(pattern)")
        }
        // Many tries at one place, as long as it is one of few.
        let line = Array("foo \(String(repeating: "x", count: 60_000))".utf8)
        #expect(try LogPattern("foo.*bar", options: engine).search(line) == .noMatch)
    }

    /// The same search at once and in steps.
    private func compare(_ pattern: LogPattern, _ text: [UInt8], from start: Int, isCut: Bool, _ note: String) {
        let whole = PatternMatcher(pattern)
        let stepping = PatternMatcher(pattern, shortText: -1)
        (text + [0]).withUnsafeBytes { bytes in
            let line = UnsafeRawBufferPointer(rebasing: bytes.dropLast())
            let expected = "\(whole.match(line, from: start, isCut: isCut)) \(whole.search(line))"
            let found = "\(stepping.match(line, from: start, isCut: isCut)) \(stepping.search(line))"
            #expect(found == expected, "\(note): pattern \(pattern.text), text \(text) from \(start), cut: \(isCut)")
        }
    }

    @Test(arguments: engines)
    func aSearchInStepsFindsTheSame(engine: LogPattern.Options) throws {
        let atoms = [
            "a", "b", ".", " ", "é", "ü", #"\s"#, #"\S"#, #"\w"#, "[aé]", "[^a]", "^", "$", #"\b"#, "(?=a)", "(?<=é)",
            "(?<! )", "(a|b)", "(?>a.)", "x.*y", ".*",
        ]
        let quantifiers = ["", "", "", "*", "+", "?", "*?", "++", "{2}"]
        let pieces: [[UInt8]] = [
            Array("a".utf8), Array("b".utf8), Array(" ".utf8), Array("é".utf8), Array("ü".utf8), [0xC3], [0xA9], [0xFF],
            Array("x".utf8), Array("y".utf8), [0xE2, 0x82],
        ]
        var random = SeededGenerator(seed: 11)
        for number in 0..<3000 {
            var text = ""
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                text += (atoms.randomElement(using: &random) ?? "") + (quantifiers.randomElement(using: &random) ?? "")
            }
            guard let pattern = try? LogPattern(text, options: engine) else { continue }
            let line = (0..<Int.random(in: 0..<40, using: &random)).flatMap { _ in
                pieces.randomElement(using: &random) ?? []
            }
            // There, PCRE2 by itself begins at the start of the line alone, and oversees what comes after such bytes.
            if pattern.isUTF, text.hasPrefix(".*"), String(validating: line, as: UTF8.self) == nil { continue }
            compare(pattern, line, from: 0, isCut: Bool.random(using: &random), "random \(number)")
        }
    }

    @Test func aReadingThatIsTooMuchWorkIsEndedAndGoesOnTheNextTime() throws {
        try withTemporaryFolder { folder in
            var log = LogFolder(folder)
            let hard = String(repeating: "a", count: 50_000) + " @\n"
            try log.append(String(repeating: "x\n" + hard, count: 12))
            var readings = 0
            var text = ""
            while true {
                let batch = try log.read(#"a.*\w+@|x"#, firstRun: .fromStart)
                readings += 1
                text += batch.text
                if !batch.hasMore { break }
                #expect(batch.isExhausted)
                #expect(!batch.canGoOn)
                #expect(batch.notes.contains(.exhausted(log.log, pattern: #"a.*\w+@|x"#)))
                #expect(batch.notes.contains { if case .gaveUp = $0 { true } else { false } })
            }
            #expect(readings > 1)
            #expect(text == String(repeating: "x\n" + hard, count: 12))
        }
    }
}
