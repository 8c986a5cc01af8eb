import SystemPackage
import TestSupport
import Testing

@testable import AgentConfiguration

@Suite struct PropertyTests {
    /// Words that make random text look like a configuration.
    private static let words: [String] =
        GeneralToken.all.map(\.name) + ModuleToken.all.map(\.name) + PolicyToken.all.map(\.name)
        + Array(repeating: ["module_begin", "module_end", "module_exec", "module_name"], count: 20).flatMap { $0 }
        + ["custom_field1_name", "macroX", "module_macroX", "process_x_start", "#", "include", "mödule_name"]
    private static let values = [
        "", "1", "0", "-1", "99999999999999999999", "nan", "1e999", "once", "5m", "* * * * *", "1-0 5-3 * * 7", "> 5 x",
        "(1,2) y", "=~ [", "(", "/", "../..", "X", "a b c", "é\u{301}", "\u{0}", "\t", "*.conf", "generic_data",
        "syslog",
    ]

    private static func line(_ generator: inout SeededGenerator) -> [UInt8] {
        let word = words.randomElement(using: &generator) ?? ""
        let value = values.randomElement(using: &generator) ?? ""
        let indent = String(repeating: " ", count: Int.random(in: 0...3, using: &generator))
        return Array("\(indent)\(word) \(value)\(Bool.random(using: &generator) ? "\r\n" : "\n")".utf8)
    }

    private static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 0...8, using: &generator) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0...3, using: &generator) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
            default: bytes.removeSubrange(index..<min(bytes.count, index + 20))
            }
        }
    }

    /// Every position must be one that an editor can go to: a byte of a line, or the end of it.
    private static func isInside(_ position: SourcePosition, _ lines: [Int]) -> Bool {
        guard lines.indices.contains(position.line - 1) else { return false }
        return (1...lines[position.line - 1] + 1).contains(position.column)
    }

    @Test func `Random and mutated configurations are read without a crash, and positions lie inside the file`() throws
    {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for round in 0..<400 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...40, using: &generator) { bytes += Self.line(&generator) }
            Self.mutate(&bytes, &generator)
            let configuration = try load(bytes: bytes)
            let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(\.count)
            for diagnostic in configuration.diagnostics {
                #expect(
                    Self.isInside(diagnostic.position, lines), "seed \(seed), round \(round): \(diagnostic)")
            }
            for module in configuration.modules {
                #expect(Self.isInside(module.position, lines), "seed \(seed), round \(round)")
                #expect(!module.name.isEmpty || module.source.command != nil, "seed \(seed), round \(round)")
            }
            for skipped in configuration.skippedModules {
                #expect(Self.isInside(skipped.position, lines), "seed \(seed), round \(round)")
            }
        }
    }

    @Test func `Random bytes are read without a crash`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for round in 0..<200 {
            let bytes = (0..<Int.random(in: 0...300, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            let configuration = try load(bytes: bytes)
            let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(\.count)
            for diagnostic in configuration.diagnostics {
                #expect(Self.isInside(diagnostic.position, lines), "seed \(seed), round \(round): \(diagnostic)")
            }
        }
    }

    @Test func `What is read of a configuration piece by piece is what all of it says outside modules`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for round in 0..<1000 {
            var bytes: [UInt8] = Bool.random(using: &generator) ? [] : ConfigurationText.byteOrderMark
            for _ in 0..<Int.random(in: 0...40, using: &generator) { bytes += Self.line(&generator) }
            Self.mutate(&bytes, &generator)
            var part = GeneralPart()
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...100, using: &generator))
                piece.withUnsafeBytes { part.take($0) }
                rest = rest.dropFirst(piece.count)
            }
            part.finish()
            let whole = RawConfiguration(bytes, file: "/pandora_agent.conf")
            let general = RawConfiguration(part.bytes, file: "/pandora_agent.conf")
            let comment: Comment = "seed \(seed), round \(round)"
            #expect(general.general.map(Self.facts) == whole.general.map(Self.facts), comment)
            #expect(general.modules.isEmpty, comment)
        }
    }

    private static func facts(_ setting: RawSetting) -> [String] {
        [setting.token, setting.value, "\(setting.line):\(setting.column):\(setting.valueColumn)"]
    }

    @Test func `Settings of one module do not reach another, whatever is wrong in between`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for round in 0..<100 {
            var middle: [UInt8] = []
            for _ in 0..<10 {
                let line = Self.line(&generator)
                // Macros reach every module by design.
                if !line.starts(with: "macro".utf8), !String(decoding: line, as: UTF8.self).contains("macro") {
                    middle += line
                }
            }
            let first = Array("module_begin\nmodule_name first\nmodule_exec echo 1\nmodule_end\n".utf8)
            let last = Array("module_begin\nmodule_name last\nmodule_exec echo 2\nmodule_end\n".utf8)
            let modules = try load(bytes: first + middle + last).modules
            #expect(modules.first?.source == .command("echo 1"), "seed \(seed), round \(round)")
            #expect(modules.last?.source == .command("echo 2"), "seed \(seed), round \(round)")
            #expect(modules.last?.attributes == [], "seed \(seed), round \(round)")
        }
    }

    @Test func `Each byte is a part of one line, which is read once`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for round in 0..<100 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...30, using: &generator) { bytes += Self.line(&generator) }
            let expected = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let source = ConfigurationText(bytes)
            let found = lines(of: source)
            #expect(found.map(\.line) == found.map(\.line).sorted(), "seed \(seed), round \(round)")
            #expect(Set(found.map(\.line)).count == found.count, "seed \(seed), round \(round)")
            let total = found.reduce(0) { $0 + $1.token.count + $1.value.count }
            #expect(total <= bytes.count, "seed \(seed), round \(round)")
            for line in found where line.damage == nil {
                let text = String(decoding: expected[line.line - 1], as: UTF8.self)
                let (token, value) = (source.string(line.token), source.string(line.value))
                #expect(text.contains(token) && text.contains(value), "seed \(seed), round \(round)")
            }
        }
    }
}
