import TestSupport
import Testing

@testable import AgentConfiguration

@Suite(.timeLimit(.minutes(15))) struct MacroExpansionTests {
    private func expand(
        _ text: String, _ general: [(name: String, value: String)], own: [(name: String, value: String)] = []
    ) throws -> String {
        var room = MacroRoom()
        return try Macros(MacroTable(general), own: MacroTable(own)).expand(text, &room)
    }

    @Test func `Replacing costs one pass, whatever the macros are`() throws {
        let hundred = String(repeating: "a", count: 100)
        #expect(try expand(String(repeating: "a", count: 9), [("a", hundred), ("aa", "")]) == hundred)
    }

    @Test func `The longest name of both tables wins, and a module's own of two that are the same`() throws {
        let general = [(name: "A", value: "1"), (name: "AB", value: "2"), (name: "ABCD", value: "3")]
        let own = [(name: "AB", value: "4"), (name: "ABC", value: "5")]
        #expect(try expand("A AB ABC ABCD", general, own: own) == "1 4 5 3")
        #expect(try expand("A AB ABC ABCD", general) == "1 2 2C 3")
        #expect(try expand("A AB ABC ABCD", [], own: own) == "A 4 5 5D")
    }

    @Test func `Of definitions of one name the last counts, and names are compared by their bytes`() throws {
        #expect(try expand("A", [("A", "1"), ("A", "2")]) == "2")
        let names = [(name: "\u{E9}", value: "1"), (name: "e\u{301}", value: "2")]
        #expect(try expand("\u{E9}e\u{301}", names) == "12")
    }

    /// The rules, in the simplest form: at each place all names are tried.
    private static func model(
        _ text: [UInt8], _ general: [(name: String, value: String)], own: [(name: String, value: String)]
    ) -> [UInt8] {
        var result: [UInt8] = []
        var rest = text[...]
        while let first = rest.first {
            let matches = (general + own).filter { !$0.name.isEmpty && rest.starts(with: $0.name.utf8) }
            guard let length = matches.map(\.name.utf8.count).max(),
                let match = matches.last(where: { $0.name.utf8.count == length })
            else {
                result.append(first)
                rest.removeFirst()
                continue
            }
            result += Array(match.value.utf8)
            rest = rest.dropFirst(length)
        }
        return result
    }

    @Test func `Random macros in random texts are replaced as the rules say`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("macros: seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for round in 0..<3000 {
            let alphabet = Array("ab\u{E9}e\u{301}".unicodeScalars.prefix(Int.random(in: 1...5, using: &generator)))
            func word(_ lengths: ClosedRange<Int>) -> String {
                let scalars = (0..<Int.random(in: lengths, using: &generator)).map { _ in
                    alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
                }
                return String(String.UnicodeScalarView(scalars))
            }
            func macros(_ counts: ClosedRange<Int>) -> [(name: String, value: String)] {
                (0..<Int.random(in: counts, using: &generator)).map { (word(0...4), "<\($0)>") }
            }
            let (general, own) = (macros(0...12), macros(0...4))
            let text = word(0...20)
            let found = try expand(text, general, own: own)
            let expected = Self.model(Array(text.utf8), general, own: own)
            #expect(Array(found.utf8) == expected, "seed \(seed), round \(round): \(text), \(general), \(own)")
        }
    }

    /// To try each name at each place would take hours.
    @Test func `Neither many names nor long common beginnings make it slow`() throws {
        let beginning = String(repeating: "_", count: 100)
        let macros = (0..<20_000).map { (name: "\(beginning)\($0)", value: "\($0)") }
        let text = String(repeating: "_", count: 20_000)
        #expect(try expand(text, macros) == text)
        #expect(try expand(text + "19999 ", macros).hasSuffix("_19999 "))
    }

    /// A copy of the general macros for each of these modules would be one of a hundred million macros.
    @Test func `Modules with macros of their own cost themselves alone`() throws {
        let general = (0..<10_000).map { "macroG\($0)_ \($0)\n" }.joined()
        let modules = (0..<10_000).map {
            "module_begin\nmodule_name M\($0) GOWN\nmodule_exec echo G\($0)_\nmodule_macroGOWN \($0)\nmodule_end\n"
        }
        let configuration = try load(general + modules.joined())
        #expect(configuration.modules.count == 10_000)
        #expect(configuration.modules.last?.name == "M9999 9999")
        #expect(configuration.modules.last?.source == .command("echo 9999"))
    }

    @Test func `A name that is too long has no effect, and is named`() throws {
        let longest = String(repeating: "n", count: 255)
        let configuration = try load(
            """
            macro\(longest)n 1
            macro\(longest) 2
            module_begin
            module_macro\(longest)N 3
            module_name \(longest)n \(longest)N
            module_exec true
            module_end
            """)
        #expect(configuration.modules.first?.name == "2n 2N")
        let cut = String(repeating: "n", count: 255)
        #expect(
            configuration.findings == [
                "1:1: error: 'macro\(cut.prefix(55))…' has no effect: the name of a macro has at most 255 bytes",
                "4:1: error: 'module_macro\(cut.prefix(48))…' has no effect: the name of a macro has at most 255 bytes",
            ])
    }

    private static let limit = ConfigurationLine.longestLine

    @Test func `Of several lines of an attribute the last one with a value counts, whatever macros made of each`()
        throws
    {
        let letters = String(repeating: "y", count: 80_000)
        let module = try load(
            """
            macro_none_
            macro_one_ 1
            macro_long_ \(letters)
            module_begin
            module_name n
            module_unit plain
            module_unit _none_
            module_tags a
            module_tags _one_
            module_min _one_
            module_min 2
            module_group group
            module_group _long_ _long_
            module_max _long_ _long_
            module_exec echo 1
            module_end
            """
        ).modules.first
        #expect(
            module?.attributes.map { [$0.element, $0.text] } == [
                ["min", "2"], ["unit", "plain"], ["module_group", "group"], ["tags", "1"],
            ])
    }

    @Test func `The token module_macro* as it stands in the table names a macro too`() throws {
        let module = try module("module_name n\nmodule_macro* star\nmodule_exec echo *")
        #expect(module?.source == .command("echo star"))
    }

    @Test func `A macro is found by its characters in a line that is not UTF-8`() throws {
        let module = try load(
            bytes: Array("encoding ISO-8859-1\nmacroñ_ 5\nmodule_begin\nmodule_name n\nmodule_exec echo ".utf8)
                + [0xF1] + Array("_\nmodule_end\n".utf8)
        ).modules.first
        #expect(module?.source == .command("echo 5"))
    }

    @Test func `A setting that macros make longer than a line may be has no effect; without a command nothing runs`()
        throws
    {
        // Each of these would be gigabytes.
        let letters = String(repeating: "x", count: 60_000)
        let configuration = try load(
            """
            macrox \(letters)
            module_begin
            module_name a
            module_description \(letters)
            module_exec printf 1
            module_end
            module_begin
            module_name b
            module_exec echo \(letters)
            module_end
            """)
        #expect(configuration.modules.map(\.name) == ["a"])
        #expect(configuration.modules.first?.attributes.isEmpty == true)
        #expect(configuration.skippedModules.map(\.name) == ["b"])
        #expect(configuration.skippedModules.map(\.reason) == ["a line that it cannot do without is wrong"])
        let reason = "with its macros it is longer than \(Self.limit) bytes"
        #expect(
            configuration.findings == [
                "4:20: error: module_description: \(reason); the line has no effect",
                "9:13: error: module_exec: \(reason); the module is skipped",
            ])
    }

    @Test func `The limit of a setting is exact`() throws {
        let value = String(repeating: "v", count: Self.limit / 2)
        #expect(try expand("VV", [("V", value)]).utf8.count == Self.limit)
        #expect(throws: Macros.Refusal.tooLong) { try expand("VVa", [("V", value)]) }
        #expect(throws: Macros.Refusal.tooLong) { try expand("aVV", [("V", value)]) }
    }

    @Test func `What macros add has a limit over all settings; beyond it those are left out that would grow`() throws {
        var room = MacroRoom(bytes: 100)
        let macros = Macros(MacroTable([("V", String(repeating: "v", count: 31)), ("S", "")]))
        for _ in 0..<3 { #expect(try macros.expand("V", &room).utf8.count == 31) }
        #expect(room.left == 10)
        #expect(throws: Macros.Refusal.noRoom(isFirst: true)) { try macros.expand("V", &room) }
        #expect(throws: Macros.Refusal.noRoom(isFirst: false)) { try macros.expand("V", &room) }
        #expect(try macros.expand("aSb", &room) == "ab")
        #expect(try macros.expand("ab", &room) == "ab")
    }

    @Test func `A configuration that macros would make gigabytes of is one error, and the rest of it runs`() throws {
        // Four hundred megabytes.
        let modules = (0..<4000).map { "module_begin\nmodule_name m\($0)\nmodule_exec X\nmodule_end\n" }
        let configuration = try load(
            "macroX \(String(repeating: "x", count: 100_000))\n" + modules.joined()
                + "module_begin\nmodule_name last\nmodule_exec echo 1\nmodule_end\n")
        let bytes = configuration.modules.reduce(0) { $0 + ($1.source.command?.utf8.count ?? 0) }
        #expect((60 << 20...ConfigurationLoader.largestFile + 4000).contains(bytes))
        #expect(configuration.modules.last?.name == "last")
        #expect(configuration.modules.count + configuration.skippedModules.count == 4001)
        let limit = ConfigurationLoader.largestFile
        #expect(configuration.findings.count == 1)
        #expect(
            configuration.findings.first?.hasSuffix(
                "error: macros make the settings more than \(limit) bytes longer: this one is left out, and so are all "
                    + "from here on that they make longer") == true)
    }

    @Test func `What is built in vain costs room too`() {
        var room = MacroRoom()
        let macros = Macros(MacroTable([("V", String(repeating: "v", count: 1000))]))
        let text = String(repeating: "V", count: 1000)
        var refusals: [Macros.Refusal] = []
        for _ in 0..<1000 {
            do throws(Macros.Refusal) {
                _ = try macros.expand(text, &room)
            } catch {
                refusals.append(error)
            }
        }
        #expect(refusals.count == 1000)
        #expect(refusals.first == .tooLong)
        #expect(refusals.last == .noRoom(isFirst: false))
        #expect(room.left == 0)
    }
}
