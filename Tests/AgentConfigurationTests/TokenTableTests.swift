import TestSupport
import Testing

@testable import AgentConfiguration

@Suite struct TokenTableTests {
    private func index(_ word: String, in table: TokenTable) -> Int? {
        Array(word.utf8).withUnsafeBytes { table.index(of: $0) }
    }

    @Test func `Each name is found at its index, and words that are almost names are not`() {
        let names = ModuleToken.all.map(\.name)
        let table = TokenTable(names)
        for (position, name) in names.enumerated() {
            #expect(index(name, in: table) == position)
            #expect(index(String(name.dropLast()), in: table) == names.firstIndex(of: String(name.dropLast())))
            #expect(index(name + "x", in: table) == nil)
            #expect(index(name.uppercased(), in: table) == nil)
        }
        #expect(index("", in: table) == nil)
    }

    @Test func `Random words are found as a dictionary finds them`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        func word() -> String {
            String(
                (0..<Int.random(in: 1...3, using: &generator)).map { _ in "abcd".randomElement(using: &generator) ?? "a"
                })
        }
        for count in [0, 1, 2, 7, 8, 40] {
            let names = Array(Set((0..<count).map { _ in word() }))
            let table = TokenTable(names)
            for _ in 0..<500 {
                let word = word()
                #expect(index(word, in: table) == names.firstIndex(of: word), "seed \(seed), \(names), \(word)")
            }
        }
    }

    @Test func `Begin, end and tokens are different words of a module`() {
        func word(_ text: String) -> ModuleWord? { Array(text.utf8).withUnsafeBytes { ModuleWord($0) } }
        #expect(word("module_begin") == .begin)
        #expect(word("module_end") == .end)
        #expect(word("module_exec") == ModuleToken.index(of: "module_exec").map { .token($0) })
        #expect(word("interval") == nil)
        #expect(ModuleToken.index(of: "module_begin") == nil)
    }

    @Test func `A wrong byte is found wherever it stands in a line`() {
        for length in 1...40 {
            for position in 0..<length {
                var value = [UInt8](repeating: UInt8(ascii: "v"), count: length)
                let expected: [(UInt8, ConfigurationLine.Damage?)] = [
                    (0, .containsNUL), (0x80, .notUTF8), (0xFF, .notUTF8), (0x01, nil), (0x7F, nil),
                ]
                for (byte, damage) in expected {
                    value[position] = byte
                    let lines = lines(of: ConfigurationText(Array("t ".utf8) + value))
                    #expect(lines.map(\.damage) == [damage], "byte \(byte) at \(position) of \(length)")
                }
            }
        }
    }

    @Test func `Whole numbers are read as the Double that the standard library reads`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let random = (0..<500).map { _ in
            String(Int64.random(in: .min ... .max, using: &generator) >> Int64.random(in: 0...63, using: &generator))
        }
        for text in random + ["0", "-0", "+7", "007", "999999999999999", "-99999999999999", "9007199254740993"] {
            #expect(
                ValueReader<Double>.decimal.read(text)?.bitPattern == Double(text)?.bitPattern, "seed \(seed): \(text)")
        }
    }
}
