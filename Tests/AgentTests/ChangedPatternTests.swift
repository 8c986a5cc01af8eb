import Spool
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("Patterns of log readers that are changed")
struct ChangedPatternTests {
    /// A kind of log reader.
    struct Kind: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// What the keys of its positions begin with.
        let key: String
        /// The lines of the configuration for a pattern, with the name `N`.
        let lines: @Sendable (FilePath, String) -> String
    }

    static let kinds = [
        Kind(testDescription: "grep_log_module", key: "log N") { "module_plugin grep_log_module \($0) N '\($1)'" },
        Kind(testDescription: "grep_log", key: "grep_log N") { "module_plugin grep_log \($0) N '\($1)'" },
        Kind(testDescription: "module_regexp", key: "regexp N") {
            module("N", "module_type log", "module_regexp \($0)", "module_pattern \($1)")
        },
    ]

    @Test(
        "There and back, beside another of the same name: each line once, and no position without use", arguments: kinds
    )
    func thereAndBack(kind: Kind) async throws {
        try await withTemporaryFolder { folder in
            let log = folder.appending("app.log")
            try Files.create(log, [])
            let agent = try AgentUnderTest(in: folder, "")
            func run(_ patterns: [String]) async throws {
                try agent.configure(patterns.map { kind.lines(log, $0) }.joined(separator: "\n"))
                #expect(await agent.run("run").status == 0)
            }
            func keys() -> [String] {
                Spool.values(in: agent.state).keys.filter { $0.hasPrefix("\(kind.key) \(log) ") }.sorted()
            }
            try await run(["x", "y"])
            var written: [String] = []
            for (number, pattern) in ["x", "x|q", "x", "[x]", "x|q", "x"].enumerated() {
                let lines = ["x \(number)", "y \(number)"]
                try OpenFile(log, .writeOnly, options: .append).write((lines.joined(separator: "\n") + "\n").utf8)
                written += lines
                // The other one stands before it and behind it.
                try await run(number % 2 == 0 ? [pattern, "y"] : ["y", pattern])
                #expect(keys() == [pattern, "y"].map { "\(kind.key) \(log) \($0)" }.sorted())
            }
            try await run(["x", "y"])
            let received = try await agent.received().flatMap { $0.text.split(separator: "\n").map(String.init) }
            #expect(received.sorted() == written.sorted())
        }
    }
}
