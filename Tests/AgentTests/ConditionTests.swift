import CommandRunner
import SystemFiles
import SystemPackage
import TestSupport
import Testing
import TextEncodings

@testable import Agent
@testable import AgentConfiguration

@Suite("Conditions")
struct ConditionTests {
    private func holds(_ condition: String, _ value: String) throws -> Bool {
        let condition = try #require(Condition.reader.read(condition))
        return try condition.holds(for: value)
    }

    private func holds(_ condition: String, output: String) throws -> Bool {
        let condition = try #require(Condition.reader.read(condition))
        return try condition.holds(forOutput: Array(output.utf8))
    }

    @Test(
        "A number is the first line that is not empty, with a point or a comma",
        arguments: [
            ("= 5", "5"), ("= 5", " 5 \t"), ("= 5", "5\n6"), ("= 5", "\n\n5\n6"), ("= 5", "5\r\n6\r\n"),
            ("= 2.5", "2,5"), ("> 4", "4.1"), ("< 0", "-0.5"), ("!= 3", "4"), ("(1, 3)", "2"), ("= 1000", "1e3"),
        ])
    func numbers(_ condition: String, _ text: String) throws {
        #expect(try holds(condition, text))
        #expect(try holds(condition, output: text))
    }

    @Test(
        "What is no number holds for no condition about numbers",
        arguments: ["", "\n", "a", "5 6a", "five\n5", "--5", "\u{0}"])
    func noNumbers(_ text: String) throws {
        for condition in ["= 0", "!= 0", "< 1", "> -1", "(-1, 1)", "= 5"] {
            #expect(try !holds(condition, text), "\(condition)")
            #expect(try !holds(condition, output: text), "\(condition)")
        }
    }

    /// As the Perl agent has both, which these were tried with.
    @Test(
        "A regular expression sees the first line of a value, and all of what a command printed",
        arguments: [
            ("=~ ^first$", true, false), ("=~ ^first", true, true), ("=~ second", false, true),
            ("=~ second$", false, true), ("=~ ^second", false, false), ("=~ first.second", false, false),
            ("=~ first\\ssecond", false, true), ("=~ second\\n", false, true), ("=~ second\\z", false, false),
            ("=~ FIRST", false, false), ("=~ (?i)FIRST", true, true), ("=~ (?s)first.second", false, true),
        ])
    func patterns(_ condition: String, _ ofValue: Bool, _ ofOutput: Bool) throws {
        #expect(try holds(condition, "first\nsecond\n") == ofValue)
        #expect(try holds(condition, output: "first\nsecond\n") == ofOutput)
    }

    @Test("A pattern that is none, or that takes too much work, gives no answer")
    func unanswered() throws {
        let fault = #expect(throws: ConditionUnanswered.self) { try holds("=~ a(b", "ab") }
        #expect(fault?.description.hasPrefix("the pattern \"a(b\" is not valid at offset 3: ") == true)
        let work = #expect(throws: ConditionUnanswered.self) {
            try holds("=~ ^(a+)+$", String(repeating: "a", count: 100) + "b")
        }
        #expect(work?.description == "the pattern \"^(a+)+$\" takes too much work on this text: simplify it")
    }

    private func precondition(_ condition: String, _ command: String) async throws -> Bool {
        let precondition = try #require(CommandCondition.reader.read("\(condition) \(command)"))
        let result = await Command(
            .shell(precondition.command), environment: ["PATH": "/usr/bin:/bin"], timeLimit: .seconds(20),
            outputLimit: CommandCondition.outputLimit
        ).run()
        return try precondition.holds(after: result, in: .utf8)
    }

    @Test("What a precondition's command printed counts, whatever its status")
    func statuses() async throws {
        #expect(try await precondition("= 0", "grep -c nosuchword /etc/passwd"))
        #expect(try await precondition("=~ inactive", "echo inactive; exit 3"))
        #expect(try await precondition("=~ ^$", "grep nosuchword /etc/passwd"))
        #expect(try await precondition("= 5", "echo 5; exit 127"))
        #expect(try await !precondition("> 0", "grep -c nosuchword /etc/passwd"))
        #expect(try await !precondition("> 0", "false"))
        #expect(try await !precondition("= 0", "true"))
        #expect(try await precondition("=~ x\\z", "head -c 1048576 /dev/zero | tr '\\0' x; echo end"))
    }

    @Test("A command that fails without a word, cannot be run or is killed answers nothing")
    func noAnswer() async throws {
        let words = [
            ("= 0", "false", "it printed nothing and exited with status 1"),
            ("< 5", "exit 2", "it printed nothing and exited with status 2"),
            ("=~ .*", "/nonexistent/program", "exited with status 127"),
            ("> 5", "/nonexistent/program", "exited with status 127"),
            ("=~ .*", "/etc/passwd", "exited with status 126"),
            ("= 0", "echo 0; kill -9 $$", "was killed by signal 9 (Killed)"),
        ]
        for (condition, command, reason) in words {
            let fault = await #expect(throws: ConditionUnanswered.self) {
                try await precondition(condition, command)
            }
            #expect(fault?.description == reason)
        }
    }

    @Test("A module runs by what its preconditions printed; one that is to run once waits for an answer")
    func cycles() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                [
                    module("none", "module_precondition = 0 grep -c x \(folder)/empty", "module_exec echo 1"),
                    module("later", "module_precondition =~ second sh \(folder)/lines", "module_exec echo 2"),
                    module(
                        "once", "module_absoluteinterval once", "module_precondition = 0 cat \(folder)/gate",
                        "module_exec echo 3"),
                    module("hidden", "module_precondition = 0 sh -c 'exit 1'", "module_exec echo 4"),
                    module("pattern", "module_precondition =~ ( echo a", "module_exec echo 5"),
                ].joined(separator: "\n"))
            try Files.create(folder.appending("empty"), [])
            try Files.create(folder.appending("lines"), "echo first; echo second; exit 3\n".utf8)
            _ = await agent.run("run")
            #expect(try await agent.received().map(\.name) == ["none", "later"])
            let log = try agent.logText()
            #expect(log.contains("'once': its precondition could not be asked: it printed nothing and exited with"))
            #expect(log.contains("'hidden': its precondition could not be asked: it printed nothing and exited with"))
            #expect(log.contains("'pattern': its precondition could not be asked: the pattern \"(\" is not valid at"))
            try Files.create(folder.appending("gate"), "0\n".utf8)
            for _ in 0..<2 { _ = await agent.run("run") }
            #expect(try await agent.received().filter { $0.name == "once" }.map(\.text) == ["3"])
        }
    }

    @Test("A condition whose pattern is none costs its command, and is a failure of the module, whose value is sent")
    func unusablePatterns() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(
                in: folder,
                module(
                    "a", "module_condition =~ [ touch \(folder)/bad", "module_condition > 1 touch \(folder)/good",
                    "module_intensive_condition =~ (", "module_exec echo 7"))
            _ = await agent.run("run")
            #expect(try await agent.received().map(\.text) == ["7"])
            #expect(Files.exists(folder.appending("good")) && !Files.exists(folder.appending("bad")))
            let log = try agent.logText()
            #expect(log.contains("'a': its condition could not be asked: the pattern \"[\" is not valid at offset 1: "))
            #expect(log.contains("'a': its intensive condition could not be asked: the pattern \"(\" is not valid at"))
        }
    }
}
