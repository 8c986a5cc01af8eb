import CommandRunner
import Digests
import SystemFiles
import SystemPackage
import TentacleServerDouble
import TestSupport
import Testing

@Suite("Collections")
struct CollectionTests {
    /// An archive as Python's zipfile makes it: names and contents in turns, or what a Python expression `z` does.
    private func archive(_ statements: String, in folder: FilePath) async throws -> [UInt8] {
        let file = folder.appending("made.zip")
        let program = """
            import os, stat, sys, zipfile
            def link(z, name, target):
                i = zipfile.ZipInfo(name); i.create_system = 3; i.external_attr = (stat.S_IFLNK | 0o777) << 16
                z.writestr(i, target)
            with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as z:
                \(statements)
            """
        let result = await AgentUnderTest.run("/usr/bin/python3", ["-W", "ignore", "-c", program, file.string])
        try #require(result.isSuccess, "\(result.complaint)")
        return try Files.read(file, limit: 64 << 20)
    }

    private func put(_ bytes: [UInt8], _ double: TentacleServerDouble, name: String = "tools") {
        double.files["collections/\(name).zip"] = bytes
        double.files["md5/\(name).md5"] = Array(Digest.md5(bytes).hexadecimal.utf8)
    }

    @Test(
        "A collection is fetched once, unpacked, on PATH, replaced by a new version, and removed when named no longer")
    func life() async throws {
        let double = try TentacleServerDouble()
        defer { double.stop() }
        try await withTemporaryFolder { folder in
            let lines = "file_collection tools\n" + module("t", "module_type generic_data_string", "module_exec mytool")
            let managed = try ManagedAgent(in: folder, double, lines)
            put(try await archive(##"z.writestr("mytool", "#!/bin/sh\necho first\n")"##, in: folder), double)
            #expect(await managed.agent.run("run").status == 0)
            let tool = folder.appending("collections/tools/mytool")
            #expect(try Files.status(tool).permissions.rawValue == 0o750)
            func values() -> [String] {
                double.files.filter { $0.key.hasSuffix(".data") }.sorted { $0.key < $1.key }
                    .map { String(decoding: $0.value, as: UTF8.self) }
            }
            #expect(values().last?.contains("first") == true)
            let again = await managed.commands { #expect(await managed.agent.run("run").status == 0) }
            #expect(again == ["RECV md5>", "QUIT", "RECV md5>", "QUIT", "SEND data", "QUIT"])

            put(try await archive(##"z.writestr("mytool", "#!/bin/sh\necho second\n")"##, in: folder), double)
            #expect(await managed.agent.run("run").status == 0)
            #expect(values().last?.contains("second") == true)

            // A folder that is somebody else's stays.
            try Files.makeFolder(folder.appending("collections/own"))
            managed.push(managed.base.replacing("file_collection tools\n", with: ""))
            #expect(await managed.agent.run("run").status == 0)
            #expect(try !Files.names(in: folder.appending("collections")).map(\.string).contains("tools"))
            #expect(Files.exists(folder.appending("collections/own")))
        }
    }

    @Test("Nothing of a hostile archive is used: the version before it stays, the reason is told, all goes on")
    func hostile() async throws {
        let double = try TentacleServerDouble()
        defer { double.stop() }
        try await withTemporaryFolder { folder in
            let managed = try ManagedAgent(
                in: folder, double,
                "file_collection tools\nfile_collection absent\n" + module("m", "module_exec echo 1"))
            let good = try await archive(#"z.writestr("a", "good")"#, in: folder)
            put(good, double)
            #expect(await managed.agent.run("run").status == 0)
            #expect(await managed.agent.run("status").text.contains("collection 'absent': the server has none"))
            let tricks = [
                #"z.writestr("a", "evil"); z.writestr("../../evil", "evil")"#, #"z.writestr("/evil", "evil")"#,
                #"z.writestr("a", "evil"); link(z, "l", "/etc")"#, #"link(z, "l", "/etc"); z.writestr("l/x", "evil")"#,
                #"z.writestr("a", "evil"); z.writestr("a", "evil")"#, #"z.writestr("a", "\0" * 9000000)"#,
                #"z.comment = b"evil"; z.writestr("a", "evil")"#, #"[z.writestr(str(i), "") for i in range(5000)]"#,
            ]
            var archives: [[UInt8]] = []
            for trick in tricks { archives.append(try await archive(trick, in: folder)) }
            archives += [Array(good.dropLast()), Array(good.prefix(20)), [], Array("no archive".utf8)]
            for (index, bytes) in archives.enumerated() {
                put(bytes, double)
                let commands = await managed.commands { #expect(await managed.agent.run("run").status == 0) }
                #expect(commands.contains("SEND data"))
                #expect(try Files.read(folder.appending("collections/tools/a"), limit: 100) == Array("good".utf8))
                #expect(try Files.names(in: folder.appending("collections/tools")).count == 1)
                let status = await managed.agent.run("status").text
                #expect(status.contains("collection 'tools'") || bytes.isEmpty, "\(index): \(status)")
            }
            #expect(!Files.exists(folder.removingLastComponent().appending("evil")))
            // It is not fetched again before it changes.
            let again = await managed.commands { #expect(await managed.agent.run("run").status == 0) }
            #expect(!again.contains("RECV zip>"))
            // Not what its digest says.
            double.files["md5/tools.md5"] = Array(Digest.md5("other").hexadecimal.utf8)
            double.files["collections/tools.zip"] = good
            #expect(await managed.agent.run("run").status == 0)
            #expect(await managed.agent.run("status").text.contains("it is damaged or cut"))
        }
    }

    @Test("A signed collection is unpacked, an unsigned one is not; without the word in remote_may none is asked for")
    func policy() async throws {
        let double = try TentacleServerDouble()
        defer { double.stop() }
        try await withTemporaryFolder { folder in
            let managed = try ManagedAgent(
                in: folder, double, "file_collection tools\n" + module("m", "module_exec echo 1"))
            let key = folder.appending("key.pem")
            let words = ["genpkey", "-algorithm", "ed25519", "-out", key.string]
            #expect(await AgentUnderTest.run("/usr/bin/openssl", words).isSuccess)
            let publicWords = ["pkey", "-in", key.string, "-pubout", "-out", "\(folder)/key.pub"]
            #expect(await AgentUnderTest.run("/usr/bin/openssl", publicWords).isSuccess)
            let local = folder.appending("local.conf")
            try Files.create(local, "require_signature \(folder)/key.pub\n".utf8)
            let plain = try await archive(#"z.writestr("a", "good")"#, in: folder)
            put(plain, double)
            #expect(await managed.agent.run("run").status == 0)
            #expect(!Files.exists(folder.appending("collections/tools")))
            #expect(await managed.agent.run("status").text.contains("it is not signed"))
            let file = folder.appending("tools.zip")
            try Files.create(file, plain)
            let sign = ["sign", "--key", key.string, file.string]
            #expect(await AgentUnderTest.run(AgentUnderTest.program, sign).status == 0)
            put(try Files.read(file, limit: 1 << 20), double)
            #expect(await managed.agent.run("run").status == 0)
            #expect(try Files.names(in: folder.appending("collections/tools")).map(\.string) == ["a"])

            try Files.replace(local, with: "remote_may modules\n".utf8)
            put(plain, double)
            let commands = await managed.commands { #expect(await managed.agent.run("run").status == 0) }
            #expect(commands == ["RECV md5>", "QUIT", "SEND data", "QUIT"])
        }
    }
}
