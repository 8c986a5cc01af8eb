import DataFile
import Glibc
import HostProbes
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Modules

@Suite("Changes of the inventory")
struct InventoryChangesTests {
    private static let software = InventoryChangesPlugin.Watched(part: "software", key: ["name"], value: ["version"])

    private func snapshot(_ rows: [[String]]) -> InventorySnapshot {
        InventorySnapshot(rows, of: Self.software, columns: ["name", "version", "description"])
    }

    @Test("What came, went and changed, in that order and by name; descriptions do not count")
    func changes() {
        let before = snapshot([["b", "1", "x"], ["a", "1", "x"], ["gone", "2", "x"], ["kernel", "5", ""]])
        let now = snapshot([
            ["a", "1", "other words"], ["b", "2", "x"], ["new", "3", "x"], ["kernel", "6", ""], ["kernel", "5", ""],
        ])
        #expect(
            now.changes(since: before) == [
                "came: new (3)", "went: gone (2)", "changed: b: 1 → 2", "changed: kernel: 5 → 5, 6",
            ])
        #expect(now.changes(since: now).isEmpty)
    }

    @Test("What is remembered comes back, whatever rows hold", arguments: 1...20 as ClosedRange<UInt64>)
    func remembered(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = ["a", "b", "\t", "\n", ";", "]]>", "\u{0}", "é", " ", "\r", "%", "→"]
        func field() -> String {
            (0..<Int.random(in: 0...6, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "" }
                .joined()
        }
        func rows() -> [[String]] {
            (0..<Int.random(in: 0...8, using: &random)).map { _ in [field(), field(), field()] }
        }
        let one = snapshot(rows())
        let other = snapshot(rows())
        #expect(InventorySnapshot(text: one.text) == one, "seed \(seed)")
        // Both ways the same things are told, with came and went exchanged.
        let there = one.changes(since: other)
        let back = other.changes(since: one)
        #expect(there.filter { $0.hasPrefix("came") }.count == back.filter { $0.hasPrefix("went") }.count)
        #expect(there.filter { $0.hasPrefix("changed") }.count == back.filter { $0.hasPrefix("changed") }.count)
    }

    /// A host of a few files, and what the plugin remembers of it.
    private struct Host {
        let top: FilePath
        var state: [String: String] = [:]

        func write(users: String, packages: String) throws {
            try Files.makeFolder(top.appending("etc"))
            try Files.makeFolder(top.appending("var/lib/dpkg"))
            try Files.replace(top.appending("etc/passwd"), with: users.utf8)
            try Files.replace(top.appending("etc/shadow"), with: "root:*:1::::::\n".utf8)
            try Files.replace(top.appending("var/lib/dpkg/status"), with: packages.utf8)
        }

        mutating func look(_ parts: String...) async throws -> ModuleOutcome {
            let plugin = try #require(BuiltInPlugins.make("inventory_changes", arguments: parts)).get()
            let outcome = await plugin.collect(
                in: ModuleContext(
                    host: HostReadings(roots: HostRoots(top: top)), environment: [:], state: state,
                    deadline: .now + .seconds(60), now: Int64(time(nil))))
            state.merge(outcome.stateChanges) { $1 }
            return outcome
        }
    }

    private func package(_ name: String, _ version: String) -> String {
        "Package: \(name)\nStatus: install ok installed\nVersion: \(version)\nDescription: it\n\n"
    }

    @Test("A user that appears and a package that is upgraded are told once; the first look says nothing")
    func host() async throws {
        try await withTemporaryFolder { folder in
            var host = Host(top: folder)
            let root = "root:x:0:0::/root:/bin/bash\n"
            try host.write(users: root, packages: package("bash", "5.1") + package("old", "1"))
            #expect(try await host.look("users_all", "software").elements.isEmpty)
            try host.write(
                users: root + "eve:x:0:0::/home/eve:/bin/sh\n", packages: package("bash", "5.2") + package("vim", "9"))
            let texts = try await host.look("users_all", "software").elements.texts
            #expect(texts.count == 2)
            #expect(
                texts.first == "Inventory changes - Software = came: vim (9)\nwent: old (1)\nchanged: bash: 5.1 → 5.2")
            #expect(texts.last?.hasPrefix("Inventory changes - Users all = came: eve (0 0 /home/eve /bin/sh") == true)
            #expect(try await host.look("users_all", "software").elements.isEmpty)
        }
    }

    @Test("What cannot be seen any more has not gone")
    func unreadable() async throws {
        try await withTemporaryFolder { folder in
            var host = Host(top: folder)
            try host.write(users: "root:x:0:0::/root:/bin/bash\n", packages: "")
            _ = try await host.look("users_all")
            try Files.remove(folder.appending("etc/passwd"))
            let hidden = try await host.look("users_all")
            #expect(hidden.elements.isEmpty && hidden.limitationCount > 0 && !hidden.notes.isEmpty)
            try host.write(users: "root:x:0:0::/root:/bin/bash\n", packages: "")
            #expect(try await host.look("users_all").elements.isEmpty)
        }
    }

    @Test("A thousand changes are two hundred lines and their number")
    func many() async throws {
        try await withTemporaryFolder { folder in
            var host = Host(top: folder)
            try host.write(users: "", packages: package("a", "1"))
            _ = try await host.look("software")
            try host.write(users: "", packages: (0..<1000).map { package("p\($0)", "1") }.joined())
            let text = try #require(try await host.look("software").elements.texts.first)
            let lines = text.split(separator: "\n")
            #expect(lines.count == 201 && lines.last == "and 801 more changes")
        }
    }

    @Test("A part that is not watched is refused with the place")
    func misuse() {
        #expect {
            try BuiltInPlugins.make("inventory_changes", arguments: ["software", "cpu"])?.get()
        } throws: { ($0 as? PluginMisuse)?.argument == 1 }
    }
}
