import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Modules

@Suite("Options of the plugins that read logs")
struct LogPluginOptionTests {
    @Test(
        "What is wrong is named with its place",
        arguments: [
            (["x", "--exclude", "(a"], 4, "not valid"), (["x", "--nonsense"], 3, "there is no option '--nonsense'"),
            (["x", "--before", "-1"], 4, "0 to 1000"), (["x", "--before=1001"], 3, "0 to 1000"),
            (["x", "--after"], 3, "it takes N"), (["x", "--case-sensitive=1"], 3, "takes no value"),
            (["x", "--pattern", "=x"], 4, "NAME=REGEXP"), (["x", "--pattern", "A=("], 4, "not valid"),
            (["x", "--pattern=N=a"], 3, "each with a name of its own"),
            (["x", "--pattern", "A=a", "--pattern", "A=b"], 6, "each with a name of its own"),
            (["(x"], 2, "not valid"), (["x", "--summary"], 3, "there is no option"),
            (["x", "5"], 3, "there is no option"),
            (["x", "--rate-limit", "0"], 4, "1 to 1000000"),
            (["x", "--max-bytes", "99999999999999999999"], 4, "number"),
        ])
    func faults(words: [String], argument: Int, sentence: String) {
        guard case .failure(let misuse)? = BuiltInPlugins.make("grep_log_module", arguments: ["/f", "N"] + words) else {
            Issue.record("\(words) was taken")
            return
        }
        #expect(misuse.argument == argument && misuse.description.contains(sentence), "\(misuse)")
    }

    @Test("The offset of a fault counts from the start of the command")
    func offsets() {
        let command = "grep_log_module /var/log/x 'A name' 'a|b' --exclude \"(x\""
        let found = BuiltInCall(command)?.finding
        #expect(found?.offset == command.utf8.count - 4)
        #expect(BuiltInCall("grep_log_module /x N y --redact '\\d+'")?.finding == nil)
    }

    @Test("Words of any kind are taken or refused, and never more", arguments: 0..<300)
    func randomWords(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let parts =
            LogPluginOption.all.map(\.name) + [
                "=", "1", "-1", "x", "(", "N=x", "", "é", "\u{0}", "9999999999999999999",
            ]
        let words = (0..<Int.random(in: 0...8, using: &random)).map { _ in
            (0..<Int.random(in: 1...3, using: &random)).map { _ in parts.randomElement(using: &random) ?? "" }.joined()
        }
        guard case .failure(let misuse)? = BuiltInPlugins.make("grep_log", arguments: ["/f", "N", "x"] + words) else {
            return
        }
        #expect(misuse.argument.map { 3..<(3 + words.count) ~= $0 } ?? true, "seed \(seed): \(words): \(misuse)")
    }

    @Test("The documentation has each option, with what it does")
    func documentation() throws {
        let folder = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
        let text = String(decoding: try Files.read(folder.appending("docs/logs.md"), limit: 1 << 20), as: UTF8.self)
        for option in LogPluginOption.all {
            let form = option.usage.split(separator: "|").joined(separator: "\\|")
            #expect(text.contains("| `\(form)` | \(option.meaning) |\n"), "\(option.usage)")
        }
    }
}
