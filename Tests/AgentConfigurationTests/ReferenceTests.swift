import Glibc
import SystemFiles
import SystemPackage
import Testing

@testable import AgentConfiguration

/// docs/configuration.md and the tables in it that are made of the parser's own tokens.
@Suite struct ReferenceTests {
    private static let document = FilePath(#filePath).removingLastComponent().removingLastComponent()
        .removingLastComponent().appending("docs/configuration.md")

    private static let tables: [(name: String, table: @Sendable () -> String)] = [
        (
            "general tokens",
            {
                table(
                    ["token", "default", "meaning"], GeneralToken.all.map { [$0.name, $0.defaultValue, meaning($0)] })
            }
        ),
        (
            "module tokens",
            { table(["token", "meaning"], ModuleToken.all.map { [$0.name, meaning($0.meaning, $0.support)] }) }
        ),
        (
            "local.conf tokens",
            { table(["token", "default", "meaning"], PolicyToken.all.map { [$0.name, $0.defaultValue, $0.meaning] }) }
        ),
    ]

    private static func meaning(_ token: GeneralToken) -> String { meaning(token.meaning, token.support) }

    private static func meaning(_ meaning: String, _ support: TokenSupport) -> String {
        switch support {
        case .used: meaning
        case .ignored(let reason): "\(meaning); no effect: \(reason)"
        case .refused(let reason): "\(meaning); refused: \(reason)"
        case .windowsOnly: "\(meaning); the module is skipped"
        }
    }

    private static func table(_ head: [String], _ rows: [[String]]) -> String {
        ([head, head.map { _ in "---" }] + rows).map { cells in
            let escaped = cells.enumerated().map { index, cell in
                let text = cell.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
                return index == 0 && cells != head && cell != "---" ? "`\(text)`" : text
            }
            return "| " + escaped.joined(separator: " | ") + " |"
        }.joined(separator: "\n")
    }

    /// The document with its tables made anew; `nil` where a marker is missing.
    private static func regenerated(_ text: String) -> String? {
        var text = text
        for (name, table) in tables {
            let begin = "<!-- begin: \(name) -->\n"
            let end = "\n<!-- end: \(name) -->"
            guard let (before, rest) = text.halves(at: begin), let (_, after) = rest.halves(at: end) else { return nil }
            text = before + begin + table() + end + after
        }
        return text
    }

    @Test func `The tables of docs/configuration.md are those of the parser`() throws {
        let text = String(decoding: try Files.read(Self.document, limit: 1 << 20), as: UTF8.self)
        let regenerated = try #require(Self.regenerated(text), "a marker of a table is missing")
        if getenv("REGENERATE_REFERENCE") != nil { try Files.replace(Self.document, with: regenerated.utf8) }
        let written = String(decoding: try Files.read(Self.document, limit: 1 << 20), as: UTF8.self)
        #expect(
            written == regenerated,
            "docs/configuration.md fell behind: REGENERATE_REFERENCE=1 swift test --filter ReferenceTests")
    }

    @Test func `Every token of the documentation has a meaning, and names are unique`() {
        let names = GeneralToken.all.map(\.name) + ModuleToken.all.map(\.name) + PolicyToken.all.map(\.name)
        #expect(Set(names).count == names.count)
        let meanings = GeneralToken.all.map(\.meaning) + ModuleToken.all.map(\.meaning) + PolicyToken.all.map(\.meaning)
        #expect(!meanings.contains(""))
    }
}

extension String {
    /// What stands before and after the first place that holds some text.
    fileprivate func halves(at text: String) -> (String, String)? {
        let bytes = Array(utf8)
        let needle = Array(text.utf8)
        guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: needle) }) else { return nil }
        return (
            String(decoding: bytes[..<start], as: UTF8.self),
            String(decoding: bytes[(start + needle.count)...], as: UTF8.self)
        )
    }
}
