import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

/// What a configuration costs, in instructions as valgrind counts them: that is the same on every machine and under any
/// load, as far as nothing of the host is in it.
///
/// A short form by default, in which all kinds of lines are mixed; with PANDORA_TORTURE=1 each kind by itself too.
@Suite("The cost of a configuration")
struct ConfigurationCostTests {
    /// How many lines there are at first, and how many times as many then.
    private static let lines = 250
    private static let factor = 4

    /// Lines of one kind that might cost more the more of them there are, by their numbers.
    private static let shapes: [(name: String, line: @Sendable (Int) -> String)] = [
        ("unknown tokens", { "tokn\($0) x" }),
        ("unknown tokens of modules", { "module_tokn\($0) x" }),
        ("modules of one name", { _ in "module_begin\nmodule_name n\nmodule_exec echo 1\nmodule_end" }),
        ("modules that never end", { "module_begin\nmodule_name n\($0)" }),
        ("settings of one module", { ($0 == 0 ? "module_begin\nmodule_exec x\n" : "") + "module_unit \($0)" }),
        ("conditions", { ($0 == 0 ? "module_begin\nmodule_exec x\n" : "") + "module_condition > \($0) echo" }),
        (
            "limits that are wrong",
            { module("n\($0)", "module_exec x", "module_min_warning 5", "module_max_warning x") }
        ),
        ("macros", { "macro_a\($0)_ v\n" + module("n\($0)", "module_exec _a\($0)_ _a0_ _a") }),
        ("macros of modules", { module("n\($0)", "module_macro_a\($0)_ v", "module_exec _a\($0)_ _a") }),
        ("plugins", { "module_plugin /nowhere/plugin\($0) x" }),
        ("values of one token", { "agent_name name\($0)" }),
        ("custom fields", { "custom_field\($0)_name a\ncustom_field\($0)_value b" }),
        ("collections", { "file_collection c\($0)" }),
        ("missing includes", { "include /nowhere/\($0)" }),
        ("tokens that are refused", { "process_p\($0)_start x\nudp_server 1" }),
        ("comments and empty lines", { "# \($0)\n\n \t\n" }),
    ]

    @Test("Four times as many lines cost four times as much, whatever they say")
    func linear() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        try await withTemporaryFolder { folder in
            let program = folder.appending("pandora-agent")
            // valgrind reads debug information, and does not know all of it.
            let words = ["strip", "-g", "-o", program.string, AgentUnderTest.program.string]
            try #require(await AgentUnderTest.run("/usr/bin/env", words).isSuccess)
            let none = try await Self.instructions(of: program, [], in: folder.appending("none"))
            var texts: [(name: String, text: @Sendable (Int) -> [UInt8])] = [
                ("random lines, seed \(seed)", { Self.randomText(lines: $0, seed: seed) })
            ]
            if getenv("PANDORA_TORTURE") != nil {
                texts += Self.shapes.map { shape in
                    (shape.name, { count in (0..<count).flatMap { Array((shape.line($0) + "\n").utf8) } })
                }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, (name, text)) in texts.enumerated() {
                    if number >= 2 { try await group.next() }
                    group.addTask {
                        let few =
                            try await Self.instructions(
                                of: program, text(Self.lines), in: folder.appending("few\(number)")) - none
                        let many =
                            try await Self.instructions(
                                of: program, text(Self.lines * Self.factor), in: folder.appending("many\(number)"))
                            - none
                        // Tables grow by doubling and lines differ, so the cost of one is not always the same. One that grew
                        // with their number would make it 16 times.
                        #expect(
                            few > 0 && many < few * Self.factor * 3 / 2,
                            "\(name): \(few) instructions for \(Self.lines) lines, \(many) for \(Self.factor) times as many"
                        )
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// Lines of all kinds in turns, every fourth of them damaged on the average.
    private static func randomText(lines: Int, seed: UInt64) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        var text: [UInt8] = []
        for number in 0..<lines {
            let line = Array((shapes[number % shapes.count].line(number) + "\n").utf8)
            text += Int.random(in: 0..<4, using: &random) == 0 ? line.mutated(by: &random) + [UInt8(ascii: "\n")] : line
        }
        return text
    }

    /// How many instructions `check` executes for a configuration.
    private static func instructions(of program: FilePath, _ text: [UInt8], in folder: FilePath) async throws -> Int {
        try Files.makeFolder(folder)
        let agent = try AgentUnderTest(in: folder, "")
        try OpenFile(agent.configuration, .writeOnly, options: .append).write(text)
        let log = folder.appending("valgrind")
        let options = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", "--log-file=\(log)"]
        _ = await AgentUnderTest.run(
            "/usr/bin/valgrind", options + [program.string] + agent.words(["check"]),
            environment: ["SWIFT_DETERMINISTIC_HASHING": "1"])
        let report = String(decoding: try Files.read(log, limit: 1 << 20), as: UTF8.self)
        // ==12==  I   refs:      186,720,372
        let line = try #require(report.split(separator: "\n").first { $0.contains("refs:") }, "\(report)")
        let words = line.split(separator: " ")
        return try #require(Int(words[words.count - 1].filter { $0 != "," }))
    }
}
