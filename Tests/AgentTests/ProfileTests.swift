import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

/// A profile of `conf/`, copied as an administrator would.
private struct Profile {
    static let names = ["server", "workstation-unprivileged", "locked"]

    let folder: FilePath

    init(_ name: String, in folder: FilePath) throws {
        self.folder = folder
        for file in ["pandora_agent.conf", "local.conf"] {
            let source = Self.sources.appending(name).appending(file)
            // The packages make the user pandora; whoever runs the tests stands for it.
            let text = String(decoding: try Files.read(source, limit: 1 << 20), as: UTF8.self)
                .split(separator: "\n", omittingEmptySubsequences: false)
                .map { $0 == "pandora_user pandora" ? "pandora_user \(Self.user)" : String($0) }
            try Files.create(folder.appending(file), Array(text.joined(separator: "\n").utf8))
        }
    }

    private static var user: String { getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "root" }

    private static var sources: FilePath {
        FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent().appending("conf")
    }

    /// Adds lines to pandora_agent.conf.
    func add(_ lines: String) throws {
        let file = folder.appending("pandora_agent.conf")
        try Files.replace(file, with: try Files.read(file, limit: 1 << 20) + Array("\n\(lines)\n".utf8))
    }

    func run(_ words: String...) async -> (status: Int32?, text: String) {
        let result = await AgentUnderTest.run(
            AgentUnderTest.program,
            words + ["--conf", folder.string, "--state", folder.appending("state").string])
        return (result.status, String(decoding: result.output + result.errorOutput, as: UTF8.self))
    }
}

@Suite("The profiles in conf/")
struct ProfileTests {
    @Test("There is nothing to say against a profile", arguments: Profile.names)
    func check(_ name: String) async throws {
        try await withTemporaryFolder { folder in
            let profile = try Profile(name, in: folder)
            let result = await profile.run("check")
            let findings = result.text.split(separator: "\n").filter {
                $0.contains(": warning: ") || $0.contains(": error: ")
            }
            // Which logs a host has is its own matter.
            let others = findings.filter {
                !$0.contains("reads the log /var/log/") || !$0.hasSuffix(", which is not there")
            }
            #expect(others.isEmpty && result.status == 0, "\(result.text)")
        }
    }

    @Test("A host with a profile brings values of it", arguments: Profile.names)
    func cycle(_ name: String) async throws {
        try await withTemporaryFolder { folder in
            let profile = try Profile(name, in: folder)
            let result = await profile.run("run", "--stdout", "--module", "Uptime")
            #expect(result.status == 0, "\(result.text)")
            #expect(result.text.contains("<name><![CDATA[Uptime]]></name>"))
        }
    }

    @Test("A locked host is read-only, and runs the commands of its list and no other")
    func locked() async throws {
        try await withTemporaryFolder { folder in
            let profile = try Profile("locked", in: folder)
            #expect(await profile.run("status").text.contains("local.conf"))
            for command in ["id", "cut -d . -f 1 /proc/uptime; id", "grep_log_module /var/log/secure Secure \\.x;id;*"]
            {
                try profile.add("module_begin\nmodule_name \(command)\nmodule_exec \(command)\nmodule_end")
            }
            try profile.add("module_plugin inventory 1 users software ports")
            let checked = await profile.run("check").text
            #expect(
                checked.split(separator: "\n").filter { $0.contains("the local policy does not allow") }.count == 4,
                "\(checked)")
            let result = await profile.run("run", "--stdout").text
            #expect(!result.contains("uid="))
            #expect(result.contains("<name><![CDATA[Uptime]]></name>"))
        }
    }
}
