import CommandRunner
import DataFile
import Glibc
import HostProbes
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Modules

@Suite("Plugins that ask the host")
struct HostPluginTests {
    private static let fixtures = FilePath(#filePath).removingLastComponent()
        .appending("../HostProbesTests/Fixtures").lexicallyNormalized()
    private static let plugins = FilePath(#filePath).removingLastComponent().appending("../../plugins")

    private func run(_ name: String, _ arguments: String..., host: String? = nil) async throws -> ModuleOutcome {
        let plugin = try #require(BuiltInPlugins.make(name, arguments: arguments)).get()
        let roots = host.map { HostRoots(top: Self.fixtures.appending($0)) } ?? .system
        return await plugin.collect(
            in: ModuleContext(
                host: HostReadings(roots: roots), environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"], state: [:],
                deadline: .now + .seconds(60), now: Int64(time(nil))))
    }

    /// The modules as `name (type) = value` and their thresholds as `warning from-to`.
    private func modules(_ outcome: ModuleOutcome) -> [String] {
        outcome.elements.compactMap { element -> String? in
            guard case .module(let module) = element, case .value(let value) = module.data else { return nil }
            func setting(_ setting: Module.Setting) -> String { module.settings[setting] ?? "" }
            var text = "\(module.name) (\(module.type.rawValue)) = \(String(decoding: value, as: UTF8.self))"
            if let unit = module.settings[.unit] { text += " \(unit)" }
            if module.settings[.minimumWarning] != nil {
                text += ", warning \(setting(.minimumWarning))-\(setting(.maximumWarning))"
            }
            if module.settings[.minimumCritical] != nil {
                text += ", critical \(setting(.minimumCritical))-\(setting(.maximumCritical))"
            }
            return text
        }
    }

    @Test("Memory and swap space, free and used")
    func memory() async throws {
        #expect(
            modules(try await run("pandora_mem", host: "debian12")) == [
                "FreeMemory (generic_data) = 15.15 %, critical 0-2", "FreeSwap (generic_data) = 89.96 %, critical 0-5",
                "AvailableMemory (generic_data) = 68.17 %, critical 0-10",
            ])
        #expect(
            modules(try await run("pandora_mem_used", host: "debian12")) == [
                "Memory_Used (generic_data) = 31.83 %, critical 95-100",
                "Swap_Used (generic_data) = 10.04 %, critical 95-100",
            ])
    }

    @Test("A host without swap space has no module for it")
    func withoutSwap() async throws {
        #expect(
            modules(try await run("pandora_mem", host: "alpine")).map { $0.prefix { $0 != " " } } == [
                "FreeMemory", "AvailableMemory",
            ])
        #expect(modules(try await run("pandora_mem_used", host: "alpine")).count == 1)
    }

    @Test("The kernel's counts")
    func counts() async throws {
        #expect(
            modules(try await run("file-nr.sh", host: "debian12")) == [
                "FileHandles_Allocated (generic_data) = 1024", "FileHandles_Free (generic_data) = 0",
                "FileHandles_Max (generic_data) = 9223372036854775807",
            ])
        #expect(
            modules(try await run("sockstat.sh", host: "debian12")) == [
                "TCP_Sockets_InUse (generic_data) = 5", "TCP6_Sockets_InUse (generic_data) = 3",
                "TCP_Sockets_Orphan (generic_data) = 1", "TCP_Sockets_TimeWait (generic_data) = 7",
                "TCP_Sockets_Allocated (generic_data) = 12",
            ])
        #expect(
            modules(try await run("pandora_netusage", host: "debian12"))
                == ["Network_Usage_Bytes (generic_data_inc) = 18446744073709551615 bytes/sec"])
    }

    @Test("What cannot be read is a failure that says so", arguments: ["pandora_mem", "file-nr.sh", "sockstat.sh"])
    func unreadable(name: String) async throws {
        let outcome = try await run(name, host: "nothing")
        #expect(outcome.elements.isEmpty && outcome.failures.count == 1)
    }

    @Test("File systems: those that can run full, or those that are named; as df counts")
    func fileSystems() async throws {
        let df = await Command(
            .file("df", arguments: ["--output=pcent,source", "/"]), environment: ["PATH": "/usr/bin:/bin"],
            timeLimit: .seconds(20)
        ).run()
        let line = try #require(String(decoding: df.output, as: UTF8.self).split(separator: "\n").last)
        let words = line.split(separator: " ")
        let percent = try #require(Double(words[0].dropLast()))
        let outcome = try await run("pandora_df_used", "/")
        guard case .module(let module)? = outcome.elements.first, case .value(let value) = module.data else {
            Issue.record("no module")
            return
        }
        #expect(outcome.elements.count == 1)
        #expect(module.name == "DiskUsed_/")
        #expect(module.description == "% used space. Filesystem mounted: \(words[1])")
        #expect(module.settings[.group] == "System")
        // df rounds up, and the host goes on writing.
        let used = try #require(Double(String(decoding: value, as: UTF8.self)))
        #expect(abs(used - percent) <= 1.5)

        let free = modules(try await run("pandora_df", "/"))
        #expect(free.count == 1 && free[0].hasPrefix("Disk_/ (generic_data) = "))
        #expect(free[0].hasSuffix(" %, warning 5-10, critical 0-5"))
        #expect(modules(try await run("pandora_df_free", "/"))[0].hasPrefix("Disk_/ "))
        let all = modules(try await run("pandora_df"))
        #expect(all.contains { $0.hasPrefix("Disk_/ ") })
        #expect(!all.contains { $0.hasPrefix("Disk_/proc ") })
        #expect(!modules(try await run("pandora_df", "-/")).contains { $0.hasPrefix("Disk_/ ") })
        #expect(modules(try await run("pandora_df", "/", "/proc.*", "-.*")).isEmpty)
        // A pattern is for a whole mount point.
        #expect(modules(try await run("pandora_df", "/.*", "-/.+")).count == 1)
        #expect(throws: PluginMisuse.self) { try BuiltInPlugins.make("pandora_df", arguments: ["("])?.get() }
    }

    @Test("Folders: entries with the hidden ones; one that is not there is 0")
    func folders() async throws {
        try await withTemporaryFolder { folder in
            try Files.makeFolder(folder.appending("sub"))
            for name in ["a", ".hidden", "c d"] { try Files.create(folder.appending(name), []) }
            #expect(
                modules(try await run("files_indir", folder.string, "/nonexistent")) == [
                    "FS_\(folder) (generic_proc) = 1", "NumFiles_FS_\(folder) (generic_data) = 4",
                    "FS_/nonexistent (generic_proc) = 0",
                ])
        }
    }

    @Test(
        "The status of a Nagios plugin is the value",
        arguments: [
            ("echo 'OK - fine | t=1'; exit 0", "1", "OK - fine"), ("echo WARN; exit 1", "2", "WARN"),
            ("printf 'CRITICAL\\n'; exit 2", "0", "CRITICAL"), ("exit 0", "1", ""),
        ])
    func nagios(command: String, value: String, description: String) async throws {
        let outcome = try await run("nagios_plugin_wrapper", "check", command)
        #expect(modules(outcome) == ["check (generic_proc) = \(value)"])
        guard case .module(let module)? = outcome.elements.first else { return }
        #expect(module.description == description)
    }

    @Test("A Nagios plugin that does not know, or does not end by itself, has no data")
    func nagiosUnknown() async throws {
        for command in ["echo who knows; exit 3", "exit 77"] {
            let outcome = try await run("nagios_plugin_wrapper", "check", command)
            #expect(outcome.elements.isEmpty && outcome.failures.isEmpty && outcome.notes.count == 1)
        }
        let killed = try await run("nagios_plugin_wrapper", "check", "kill -9 $$")
        #expect(killed.elements.isEmpty && killed.failures.count == 1)
        // Words are a program and its arguments, which no shell sees.
        let words = try await run("nagios_plugin_wrapper", "check", "sh", "-c", "echo \"$0\"; exit 1", "a; b")
        #expect(modules(words) == ["check (generic_proc) = 2"])
        guard case .module(let module)? = words.elements.first else { return }
        #expect(module.description == "a; b")
    }

    @Test("Services that exist are found, with what they use")
    func services() async throws {
        let outcome = try await run("autodiscover", "--list", "ssh, none,old,ssh", "--usage", host: "debian12")
        let names = modules(outcome).map { $0.split(separator: " = ")[0] }
        #expect(
            names == [
                "Service ssh - Status (generic_proc)", "Service ssh - Memory usage (generic_data)",
                "Service ssh - CPU usage (generic_data)", "Service old - Status (generic_proc)",
                "Service old - Memory usage (generic_data)", "Service old - CPU usage (generic_data)",
            ])
        #expect(modules(outcome)[0] == "Service ssh - Status (generic_proc) = 1")
        #expect(modules(outcome)[3] == "Service old - Status (generic_proc) = 0")
        guard case .module(let use) = outcome.elements[1] else { return }
        #expect(use.settings[.parent] == "Service ssh - Status")
        #expect(
            modules(try await run("autodiscover", "--default", host: "debian12")) == [
                "Service mysqld - Status (generic_proc) = 1"
            ])
        #expect(throws: PluginMisuse.self) { try BuiltInPlugins.make("autodiscover", arguments: [])?.get() }
    }

    @Test("Every built-in plugin is a program in plugins/, and every program there is one")
    func programs() throws {
        let links = try Files.names(in: Self.plugins).map(\.string).filter { !["README.md", "launcher"].contains($0) }
        #expect(Set(links) == Set(BuiltInPlugins.all.map(\.name)))
        #expect(BuiltInPlugins.all.map(\.name) == BuiltInPlugins.all.map(\.name).sorted())
        let text = String(decoding: try Files.read(Self.plugins.appending("README.md"), limit: 1 << 20), as: UTF8.self)
        for name in links { #expect(text.contains("`\(name)`"), "plugins/README.md has no \(name)") }
    }

    @Test(
        "Plugins without arguments refuse any",
        arguments: ["pandora_mem", "pandora_netusage", "file-nr.sh", "sockstat.sh"])
    func misuse(name: String) {
        #expect(throws: PluginMisuse.self) { try BuiltInPlugins.make(name, arguments: ["x"])?.get() }
    }
}
