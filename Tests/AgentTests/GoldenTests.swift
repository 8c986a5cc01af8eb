import AgentConfiguration
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

/// One configuration with every token, all that a server gets of it, and all that an administrator is told.
///
/// With the environment variable `WRITE_GOLDEN` the expected files are written instead of compared.
@Suite("A configuration with every token")
struct GoldenTests {
    private static let folder = FilePath(#filePath).removingLastComponent().appending("Golden")

    @Test("It uses every token that the parser knows")
    func complete() throws {
        let text = String(
            decoding: try Files.read(Self.folder.appending("pandora_agent.conf"), limit: 1 << 20), as: UTF8.self)
        let tokens = text.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
        for name in GeneralToken.all.map(\.name) + ModuleToken.all.map(\.name) {
            let isUsed = tokens.contains { fnmatch(name.replacingNumber, $0, 0) == 0 }
            #expect(isUsed, "\(name) is missing in Golden/pandora_agent.conf")
        }
    }

    @Test("The data file and the diagnostics are those that are expected, to the letter")
    func golden() async throws {
        try await withTemporaryFolder { folder in
            let agent = try AgentUnderTest(in: folder, "")
            let source = try Files.read(Self.folder.appending("pandora_agent.conf"), limit: 1 << 20)
            let text = String(decoding: source, as: UTF8.self).replacing("@FOLDER@", by: folder.string)
            try Files.replace(agent.configuration, with: text.utf8)
            try Files.makeFolder(folder.appending("waiting"))
            try Files.create(folder.appending("lines"), "wanted 1\nother\nWANTED <2>\n".utf8)
            try Files.create(folder.appending("ehorus.conf"), "eh_key key-1\n".utf8)
            try Files.create(
                folder.appending("included1.conf"),
                "interval 5\n\(module("Included", "module_exec echo 1"))\nfile_collection other\n".utf8)

            let check = await agent.run("check")
            try compare("diagnostics", check.text.replacing(folder.string, by: "@FOLDER@"))

            let result = await agent.run("run")
            #expect(result.status == 0, "\(result.complaint)")
            let documents = try agent.delivered().map {
                String(decoding: try Files.read($0, limit: 1 << 20), as: UTF8.self)
            }
            #expect(documents.count == 2)
            for (name, file) in [("golden", "data.xml"), ("broker", "broker.xml")] {
                let document = try #require(documents.first { $0.contains(" agent_name=\"\(name)\"") })
                try compare(file, Self.normalised(document).replacing(folder.string, by: "@FOLDER@"))
            }
            let condition = try Files.read(folder.appending("condition"), limit: 100)
            #expect(condition == Array("condition\n".utf8))

            // No password is told to anybody but the server.
            let told = try agent.logText() + check.text + documents.joined().replacing("hunter4", by: "")
            #expect(!told.contains("hunter"))
        }
    }

    private func compare(_ name: String, _ text: String) throws {
        let file = Self.folder.appending(name)
        if getenv("WRITE_GOLDEN") != nil { return try Files.replace(file, with: text.utf8) }
        let expected = String(decoding: try Files.read(file, limit: 1 << 20), as: UTF8.self)
        if text == expected { return }
        let (lines, wanted) = (text.split(separator: "\n"), expected.split(separator: "\n"))
        let line = zip(lines, wanted).first { $0 != $1 }
        Issue.record(
            "\(name) differs: '\(line?.0 ?? "\(lines.count) lines")', expected '\(line?.1 ?? "\(wanted.count) lines")'")
    }

    /// The document with what differs between hosts and moments replaced by its name.
    private static func normalised(_ document: String) -> String {
        var text = document
        for name in ["os_version", "timestamp", "version"] {
            text = text.replacingText(after: " \(name)=\"", before: "\"", by: "@\(name)@")
        }
        let parts = text.split(separator: "<module>", omittingEmptySubsequences: false).map { part -> String in
            guard part.contains("<name><![CDATA[Native") || part.contains("<name>Native") else { return String(part) }
            var value = String(part).replacingText(after: "<data>", before: "</data>", by: "@value@")
            // What the description says of a probe depends on the host.
            value = value.replacingText(after: "<description>", before: "</description>", by: "@description@")
            return value
        }
        return parts.joined(separator: "<module>")
    }
}

extension String {
    fileprivate func replacing(_ part: String, by other: String) -> String {
        split(separator: part, omittingEmptySubsequences: false).joined(separator: other)
    }

    /// The text with what stands between the first of a beginning and the next end replaced.
    fileprivate func replacingText(after beginning: String, before end: String, by other: String) -> String {
        let parts = split(separator: beginning, maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return self }
        let rest = parts[1].split(separator: end, maxSplits: 1, omittingEmptySubsequences: false)
        guard rest.count == 2 else { return self }
        return "\(parts[0])\(beginning)\(other)\(end)\(rest[1])"
    }

    /// The name of a token as a wildcard: the N of custom_fieldN_name is any number.
    fileprivate var replacingNumber: String { replacing("custom_fieldN", by: "custom_field[0-9]") }
}
