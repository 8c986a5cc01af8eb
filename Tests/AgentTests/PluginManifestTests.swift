import CommandRunner
import Digests
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("Which plugins may run")
struct PluginManifestTests {
    private func plugin(_ value: String) -> String {
        "#!/bin/sh\necho \"<module><name>p</name><type>generic_data_string</type><data>\(value) $1</data></module>\"\n"
    }

    @Test("Only what the manifest of sha256sum lists, as it lists it, runs; built-in plugins run all the same")
    func manifest() async throws {
        try await withTemporaryFolder { folder in
            let plugins = folder.appending("my plugins")
            try Files.makeFolder(plugins)
            for name in ["good.sh", "changed.sh", "unlisted.sh"] {
                try Files.create(plugins.appending(name), plugin(name).utf8)
                try plugins.appending(name).changeMode(0o755)
            }
            let good = plugins.appending("good.sh")
            try Files.create(folder.appending("nagios.sh"), "#!/bin/sh\necho fine\nexit 0\n".utf8)
            try folder.appending("nagios.sh").changeMode(0o755)
            let listed = ["good.sh", "changed.sh"].map { plugins.appending($0).string } + ["\(folder)/nagios.sh"]
            let sums = await AgentUnderTest.run("/usr/bin/sha256sum", listed)
            let manifest = folder.appending("plugins.sha256")
            try Files.create(manifest, sums.text.utf8)
            try Files.create(folder.appending("local.conf"), "plugin_manifest \(manifest)\n".utf8)
            try Files.replace(
                plugins.appending("changed.sh"), with: plugin("evil").utf8, permissions: [.ownerReadWriteExecute])
            let lines = [
                "module_plugin '\(good)' \"it's me\"", "module_plugin '\(plugins)/changed.sh'",
                "module_plugin '\(plugins)/unlisted.sh'", "module_plugin '\(good)' | sh", "module_plugin sh '\(good)'",
                "module_plugin relative/good.sh", "module_plugin nagios_plugin_wrapper n \(folder)/nagios.sh",
                "module_plugin nagios_plugin_wrapper m '\(plugins)/unlisted.sh'",
                "module_plugin nagios_plugin_wrapper o \(folder)/nagios.sh -x", "module_plugin pandora_mem",
            ]
            let agent = try AgentUnderTest(in: folder, lines.joined(separator: "\n"))
            #expect(await agent.run("run").status == 0)
            let values = try await agent.received()
            #expect(values.filter { $0.name == "p" }.map(\.text) == ["good.sh it's me"])
            #expect(values.contains { $0.name == "n" } && values.contains { $0.name == "o" })
            #expect(!values.contains { $0.name == "m" })
            #expect(values.count { !$0.name.lowercased().contains("mem") } == 3)
            #expect(values.count > 3)
            let log = try agent.logText()
            for text in [
                "changed.sh is not as \(manifest) lists it", "unlisted.sh is not listed in", "it needs a shell",
                "relative/good.sh is no absolute path",
            ] { #expect(log.contains(text), "\(text)") }
            let check = await agent.run("check").text
            #expect(check.contains("does not run: plugin_manifest:"))
            #expect(check.contains("Local policy: plugins run as \(manifest) lists them"))
            // The copy that runs is made anew where somebody changed it.
            let digest = Digest.sha256(plugin("good.sh")).hexadecimal
            let copy = agent.state.appending("plugins/\(digest)/good.sh")
            try Files.replace(copy, with: plugin("evil").utf8, permissions: [.ownerReadWriteExecute])
            #expect(await agent.run("run").status == 0)
            #expect(try await !agent.received().contains { $0.text.contains("evil") })
        }
    }

    @Test("Without a manifest that can be read and trusted, no plugin runs that is not built in")
    func unusable() async throws {
        try await withTemporaryFolder { folder in
            try Files.create(folder.appending("p.sh"), plugin("x").utf8)
            try folder.appending("p.sh").changeMode(0o755)
            let manifest = folder.appending("plugins.sha256")
            try Files.create(folder.appending("local.conf"), "plugin_manifest \(manifest)\n".utf8)
            let agent = try AgentUnderTest(in: folder, "module_plugin \(folder)/p.sh\nmodule_plugin pandora_mem")
            #expect(await agent.run("run").status == 0)
            #expect(try agent.logText().contains("no plugin runs that is not built in"))
            let sums = await AgentUnderTest.run("/usr/bin/sha256sum", ["\(folder)/p.sh"])
            try Files.create(manifest, sums.text.utf8)
            try manifest.changeMode(0o666)
            #expect(await agent.run("run").status == 0)
            #expect(try agent.logText().contains("can be written by everybody"))
            #expect(try await !agent.received().contains { $0.name == "p" })
            try manifest.changeMode(0o644)
            #expect(await agent.run("run").status == 0)
            #expect(try await agent.received().contains { $0.name == "p" })
        }
    }

    @Test("strict_permissions: a plugin, or an included file, that others can write is refused")
    func strict() async throws {
        try await withTemporaryFolder { folder in
            let program = folder.appending("p.sh")
            try Files.create(program, plugin("x").utf8)
            try program.changeMode(0o777)
            // A space that is not ASCII is a part of the word for a shell.
            let spaced = folder.appending("p.sh\u{A0}x")
            try Files.create(spaced, plugin("spaced").utf8)
            try spaced.changeMode(0o777)
            // What a shell starts is a program, though a plugin of its name is built in.
            let builtIn = folder.appending("plugins/pandora_df")
            try Files.makeFolder(builtIn.removingLastComponent())
            try Files.create(builtIn, plugin("program").utf8)
            try builtIn.changeMode(0o777)
            let more = folder.appending("more.inc")
            try Files.create(more, module("i", "module_exec echo 1").utf8)
            let local = folder.appending("local.conf")
            let agent = try AgentUnderTest(
                in: folder,
                "include more.inc\nmodule_plugin \(program)\nmodule_plugin \(spaced)\n"
                    + "module_plugin pandora_df | cat\n")
            try Files.create(local, "strict_permissions 1\n".utf8)
            #expect(await agent.run("run").status == 0)
            #expect(try await agent.received().map(\.name) == ["i"])
            #expect(try agent.logText().contains("p.sh can be written by everybody, who could so"))
            #expect(try agent.logText().contains("p.sh\u{A0}x can be written by everybody, who could so"))
            #expect(try agent.logText().contains("pandora_df can be written by everybody, who could so"))
            try more.changeMode(0o666)
            let result = await agent.run("run")
            #expect(result.status == 2 && result.complaint.contains("more.inc is not used"))
            try Files.replace(local, with: "strict_permissions 0\n".utf8)
            #expect(await agent.run("run").status == 0)
            #expect(try await agent.received().contains { $0.name == "p" })
        }
    }
}
