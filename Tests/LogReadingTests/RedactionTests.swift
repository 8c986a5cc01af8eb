import LogReading
import TestSupport
import Testing

@Suite("Redaction")
struct RedactionTests {
    private func redacted(_ line: [UInt8], _ patterns: [String]) throws -> String {
        var lines = LogLines()
        var result = LogLines()
        lines.append(line: line)
        var redaction = Redaction(try patterns.map { try LogPattern($0) })
        redaction.append(0..<lines.places.count, of: lines, lines.places, to: &result)
        return String(decoding: result.bytes, as: UTF8.self)
    }

    @Test func whatMatchesIsGoneAndTheRestStays() throws {
        let patterns = [#"(?<=password=)\S+"#, #"\b\d{4}\b"#]
        #expect(
            try redacted(Array("user=x password=secret1 password=secret2 1234\r\n".utf8), patterns)
                == "user=x password=[redacted] password=[redacted] [redacted]\r\n")
        #expect(try redacted(Array("nothing\n".utf8), patterns) == "nothing\n")
        #expect(try redacted(Array("\n".utf8), patterns) == "\n")
        #expect(try redacted(Array("user=x password\n".utf8), ["x*"]) == "user=[redacted] password\n")
    }

    @Test(arguments: [
        ([#"(?<=token=)\w+"#, #"token=\w+ secret=\w+"#], "token=abcd secret=HUSH x", "[redacted] x"),
        (["alice", #"(?<=user=\w{5} pw=)\S+"#], "user=alice pw=HUSH", "user=[redacted] pw=[redacted]"),
        ([#"user=\K\w+"#, #"user=\w+ pw=\K\S+"#], "user=bob pw=HUSH x", "user=[redacted] pw=[redacted] x"),
    ])
    func whatOnePatternReplacesAnotherStillSees(patterns: [String], line: String, expected: String) throws {
        for patterns in [patterns, patterns.reversed()] {
            #expect(try redacted(Array("\(line)\n".utf8), patterns) == expected + "\n")
        }
    }

    @Test func aLineOnWhichAPatternGivesUpIsWithheld() throws {
        #expect(
            try redacted(Array((String(repeating: "a", count: 60) + "b secret\n").utf8), ["^(a+)+$"]) == "[redacted]\n")
    }

    @Test(
        "Bytes that are no UTF-8 end nothing",
        arguments: [
            // A byte within the secret, at its start, at its end.
            (#"(?<=contraseña=)\S+"#, "contraseña=sec~ret ok", "contraseña=[redacted] ok"),
            (#"(?<=contraseña=)\S+"#, "contraseña=~secret ok", "contraseña=[redacted] ok"),
            (#"(?<=contraseña=)\S+"#, "contraseña=secret~ ok", "contraseña=[redacted] ok"),
            (#"(?<=clé=)\w+"#, "a~b clé=sec~ret,more ok", "a~b clé=[redacted] ok"),
            (#"é?\b\d{8}\b"#, "12345678~ ok", "[redacted] ok"),
            (#"é?\b\d{8}\b"#, "1234~5678 ok", "[redacted] ok"),
            (#""[^"é]*""#, #"x "sec~ret with spaces" ok"#, "x [redacted] ok"),
            ("é", "~~ nothing ~", "~~ nothing ~"),
        ])
    func foreignBytes(pattern: String, line: String, expected: String) throws {
        for byte: UInt8 in [0xE8, 0xFF, 0x85, 0xA0, 0xC3] {
            let bytes = line.utf8.map { $0 == UInt8(ascii: "~") ? byte : $0 } + [UInt8(ascii: "\n")]
            let text = expected.replacing("~", with: "\u{FFFD}") + "\n"
            #expect(try redacted(bytes, [pattern]) == text, "\(byte)")
        }
    }

    @Test func aLogInLatin1IsReadAsWhatItIs() throws {
        let line = Array("contrase".utf8) + [0xF1] + Array("a=secreto ok\n".utf8)
        #expect(try redacted(line, [#"(?<=contraseña=)\S+"#]) == "contrase\u{FFFD}a=[redacted] ok\n")
    }

    @Test(
        "Of a line that was cut, the last word and whatever could begin a match stay on the host",
        arguments: [
            (#"\b\d{16}\b"#, "card 12345678", "card [redacted]"),
            (#"token=\w+$"#, "a b token=abc", "a b [redacted]"),
            (#""[^"]*""#, #"a b "a secret of several wor"#, "a b [redacted]"),
            ("BEGIN KEY.*END KEY", "a BEGIN KEY one two thr", "a [redacted]"),
            ("secret", "one two three", "one two [redacted]"),
            (#"(?<=password=)\S+"#, "password=abc other things", "password=[redacted] other [redacted]"),
            ("x", "noSpaceInIt", "[redacted]"),
        ])
    func cutLines(pattern: String, line: String, expected: String) throws {
        let mark = " [line cut here: too long]\n"
        #expect(try redacted(Array((line + mark).utf8), [pattern]) == expected + mark)
    }

    /// Of secrets in random surroundings, with bytes that are no UTF-8 within and cut anywhere, nothing gets out.
    @Test(arguments: 0..<20)
    func noPartOfASecretGetsOut(group: UInt64) throws {
        let patterns = [#"(?<=pässword=)\S+"#, #"(?<=pässword=)[^ ]+"#, #"(?<=pässword=)[\w.]+"#]
        for seed in (group * 100)..<((group + 1) * 100) {
            var random = SeededGenerator(seed: seed)
            var line: [UInt8] = []
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                line += ["some ", "words", " ä ", "=", " p"].randomElement(using: &random).map { Array($0.utf8) } ?? []
                if Bool.random(using: &random) { line.append(.random(in: 0x80...0xFF, using: &random)) }
            }
            line += Array(" pässword=".utf8)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                line += Array("SEC".utf8)
                if Bool.random(using: &random) { line.append(.random(in: 0x80...0xFF, using: &random)) }
            }
            if Bool.random(using: &random) {
                line += Array(" [line cut here: too long]".utf8)
            } else {
                line += Array(" ok".utf8)
            }
            let pattern = patterns[Int.random(in: 0..<patterns.count, using: &random)]
            let text = try redacted(line + [UInt8(ascii: "\n")], [pattern])
            #expect(!text.contains("S") && !text.contains("EC"), "seed \(seed): \(pattern) \(line) \(text)")
        }
    }
}
