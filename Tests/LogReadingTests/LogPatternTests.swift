import LogReading
import Testing

@Suite("Patterns")
struct LogPatternTests {
    private static let engines: [LogPattern.Options] = [[], .interpreted]

    @Test(arguments: engines)
    func caseIsIgnoredUnlessAskedFor(engine: LogPattern.Options) throws {
        #expect(try LogPattern("failed", options: engine).search("FAILED password".utf8) == .match)
        #expect(try LogPattern("failed", options: engine.union(.caseSensitive)).search("FAILED".utf8) == .noMatch)
    }

    @Test(arguments: engines)
    func perlSyntaxIsUnderstood(engine: LogPattern.Options) throws {
        let pattern = try LogPattern(#"^(?<user>\w+)\s+from (?!10\.)\d{1,3}(?:\.\d+){3}$"#, options: engine)
        #expect(pattern.search("root from 192.168.1.1".utf8) == .match)
        #expect(pattern.search("root from 10.0.0.1".utf8) == .noMatch)
    }

    @Test(arguments: engines)
    func patternsBeyondASCIIIgnoreTheCaseOfCharactersAndBearOtherBytes(engine: LogPattern.Options) throws {
        let pattern = try LogPattern("contraseña", options: engine)
        #expect(pattern.search("CONTRASEÑA".utf8) == .match)
        #expect(pattern.search([0xff, 0xfe] + Array("contraseña".utf8) + [0xc3]) == .match)
        #expect(pattern.search([0xff, 0xfe]) == .noMatch)
    }

    @Test(arguments: engines)
    func bytesThatAreNoTextAreSearched(engine: LogPattern.Options) throws {
        let pattern = try LogPattern("b.d$", options: engine)
        #expect(pattern.search([0xff, 0x00] + Array("b".utf8) + [0xe9] + Array("d".utf8)) == .match)
    }

    @Test(arguments: engines)
    func aPatternThatWouldTakeForeverGivesUp(engine: LogPattern.Options) throws {
        let pattern = try LogPattern("^(a+)+$", options: engine)
        #expect(pattern.search(Array(repeating: UInt8(ascii: "a"), count: 60) + [UInt8(ascii: "b")]) == .gaveUp)
        #expect(pattern.search("aaaa".utf8) == .match)
    }

    @Test(arguments: ["", #"\.*"#, ".*", "^", "^.*", "a*b*", " *"])
    func whatMatchesEveryLineMatchesTheEmptyOne(pattern: String) throws {
        #expect(try LogPattern(pattern).search([]) == .match)
        #expect(try LogPattern(pattern).search("x".utf8) == .match)
    }

    @Test(arguments: [
        ("a(b", 3), ("[a", 2), ("a**", 2), (#"\"#, 1), ("(?<1>a)", 3), (#"a\C"#, 3),
    ])
    func anInvalidPatternIsRefusedWithThePlaceOfTheFault(pattern: String, offset: Int) throws {
        let error = #expect(throws: LogPatternError.self) { try LogPattern(pattern) }
        #expect(error?.offset == offset)
        #expect(error?.description.contains("offset \(offset)") == true)
    }

    @Test func anEndlessPatternIsRefused() {
        #expect(throws: LogPatternError.self) {
            try LogPattern(String(repeating: "a", count: LogPattern.maximumLength + 1))
        }
        #expect(throws: LogPatternError.self) { try LogPattern(String(repeating: "(", count: 5000)) }
        #expect(throws: LogPatternError.self) { try LogPattern("(((a{1000}){1000}){1000}){1000}") }
    }
}
