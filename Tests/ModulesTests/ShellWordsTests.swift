import CommandRunner
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Modules

@Suite("The words of a plugin's command")
struct ShellWordsTests {
    @Test(
        "A dollar sign that begins no expansion is one, as for a shell",
        arguments: [
            ("error$", ["error$"]), ("a$ b", ["a$", "b"]), (#""(a$|b$)" c$"#, ["(a$|b$)", "c$"]), ("'$x'", ["$x"]),
            (#"\$x"#, ["$x"]), (#""^a$""#, ["^a$"]), ("$", ["$"]), ("$.$/$^", ["$.$/$^"]), (#"a\"#, [#"a\"#]),
            ("a\\\nb \\\n c", ["ab", "c"]), ("\"a\\\nb\"", ["ab"]), ("/var/log/*.log *", ["/var/log/*.log", "*"]),
        ])
    func words(text: String, words: [String]) {
        #expect(ShellWords.split(text) == words)
    }

    @Test(
        "What a shell acts on is named with its place, and the words before it are known",
        arguments: [
            ("a b$HOME c", 3, 1), ("a ${x}", 2, 1), ("a $(x)", 2, 1), ("a \"$1\"", 3, 1), ("a $$", 2, 1),
            ("a `x`", 2, 1),
            ("a $'x'", 2, 1), ("a $\"x\"", 2, 1), ("a $[1]", 2, 1), ("a $\\\nx", 2, 1), ("a|b", 1, 1), ("a b|c", 3, 2),
            ("a b (c", 4, 2), ("a ~/b", 2, 1), ("a #b", 2, 1), ("a b > c", 4, 2), ("a\nb", 1, 1), ("", -1, 0),
        ])
    func obstacles(text: String, offset: Int, count: Int) {
        do throws(ShellWords.Obstacle) {
            let words = try ShellWords.words(of: text)
            #expect(offset == -1 && words.isEmpty, "\(words)")
        } catch {
            #expect(error.offset == offset && error.words.count == count, "\(error)")
            if case .character = error.kind { return }
            Issue.record("\(error)")
        }
    }

    @Test("A quotation without an end is named at its beginning", arguments: ["a 'b", "a \"b c", "a \"b\\\"", "a '"])
    func unclosedQuotation(text: String) {
        do throws(ShellWords.Obstacle) {
            Issue.record("\(try ShellWords.words(of: text))")
        } catch {
            #expect(error.offset == 2)
            if case .unclosedQuotation = error.kind { return }
            Issue.record("\(error)")
        }
    }

    @Test("Words are those of the system's shell, of any text that needs none", arguments: 0..<20)
    func sameAsShell(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let parts = [
            "$", "$", "\\", "'", "'", "\"", "\"", " ", " ", "\t", "a", "Z_", "0", "é", "=", "/", ".", ",", ":", "%",
            "^",
            "*", "?", "[", "]", "{", "}", "!", "@", "-", "+", "~", "#", "|", "(", "\n", "`", "&",
        ]
        var texts: [String] = []
        var all = 0
        while texts.count < 300, all < 100_000 {
            all += 1
            let text = (0..<Int.random(in: 1...10, using: &random)).map { _ in parts.randomElement(using: &random) ?? ""
            }
            .joined()
            if ShellWords.split(text) != nil { texts.append(text) }
        }
        // -f: built-in plugins expand wildcards themselves.
        let script = #"show() { printf '%s\0' $# "$@"; }; for text do eval "show $text"; done"#
        let result = await Command(
            .file("/bin/sh", arguments: ["-f", "-c", script, "sh"] + texts), environment: [:], timeLimit: .seconds(60)
        ).run()
        var shown = String(decoding: result.output, as: UTF8.self).split(
            separator: "\0", omittingEmptySubsequences: false
        )[...]
        for text in texts {
            let words = ShellWords.split(text)
            let count = shown.popFirst().flatMap { Int($0) } ?? -1
            let expected = shown.prefix(max(0, count)).map(String.init)
            shown = shown.dropFirst(max(0, count))
            guard words == expected else {
                Issue.record("seed \(seed): \(text.debugDescription): \(words ?? []), and for a shell \(expected)")
                return
            }
        }
    }
}
