import Certificates
import CommandRunner
import DataFile
import Glibc
import HostProbes
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import Modules

/// What plugins read, changed at random: none may crash or hang, and what comes of it must be sound.
@Suite("Hostile input of plugins")
struct HostileModuleInputTests {
    private func random(_ subject: String) -> SeededGenerator {
        let seed = UInt64.random(in: 0 ... .max)
        print("\(subject): seed \(seed)")
        return SeededGenerator(seed: seed)
    }

    @Test("Certificates that were changed are certificates or none")
    func certificates() async throws {
        try await withTemporaryFolderInMemory { folder in
            let file = folder.appending("etc/ssl/host.pem")
            try Files.makeFolder(file.removingLastComponent())
            let made = await Command(
                .shell(
                    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null "
                        + "-out \"$FILE\" -days 30 -subj '/O=Ex\u{E4}mple/CN=host'"),
                environment: ["PATH": "/usr/bin:/bin", "FILE": file.string], timeLimit: .seconds(30)
            ).run()
            try #require(made.isSuccess)
            let roots = HostRoots(top: folder)
            let original = try Files.read(file, limit: 1 << 20)
            #expect(HostCertificate.all(roots).value.count == 1)
            var random = random("certificates")
            var found = 0
            for _ in 0..<500 {
                try Files.replace(file, with: original.mutated(by: &random))
                let certificates = HostCertificate.all(roots).value
                found += certificates.count
                #expect(
                    certificates.allSatisfy { !$0.facts.subject.contains("\n") && $0.facts.subject.utf8.count <= 3000 })
            }
            // Most changes break it; some, such as a line behind it, do not.
            #expect(found < 500)
        }
    }

    @Test("A snapshot that was changed is read, and compares with any other")
    func snapshots() throws {
        var random = random("snapshots")
        let original = Array("bash\t5.2-1\nlibc6\t2.36-9, 2.31\nno value\t\n".utf8)
        let whole = InventorySnapshot(text: String(decoding: original, as: UTF8.self))
        #expect(whole.changes(since: whole).isEmpty)
        let odd = InventorySnapshot(text: "bash\t\r\r\nlibc6\t2\r\n")
        #expect(InventorySnapshot(text: odd.text) == odd && odd.text == "bash\t\r\r\nlibc6\t2\r\n")
        for _ in 0..<2000 {
            let text = String(decoding: original.mutated(by: &random), as: UTF8.self)
            let changed = InventorySnapshot(text: text)
            #expect(InventorySnapshot(text: changed.text) == changed, "\(text)")
            #expect(changed.changes(since: changed).isEmpty)
            #expect(whole.changes(since: changed).isEmpty == changed.changes(since: whole).isEmpty)
            #expect((whole.text == changed.text) == whole.changes(since: changed).isEmpty)
        }
    }

    private static func description(_ element: DataFileElement) -> String {
        guard case .module(let module) = element else { return "" }
        return module.description ?? ""
    }

    @Test("What a plugin of Nagios prints becomes a description of one thousand characters at most")
    func nagios() async throws {
        var random = random("nagios")
        let original = Array("OK - load 0.1, 0.2 | load1=0.1;5;10 load5=0.2\nsecond line\n".utf8)
        try await withTemporaryFolderInMemory { folder in
            for round in 0..<60 {
                let text = round == 0 ? [UInt8](repeating: 0x41, count: 1 << 20) : original.mutated(by: &random)
                let file = folder.appending("output")
                try Files.replace(file, with: text)
                let plugin = try NagiosPlugin(arguments: ["name", "/bin/cat", file.string])
                let outcome = await plugin.collect(
                    in: ModuleContext(
                        host: HostReadings(), environment: [:], state: [:], deadline: .now + .seconds(60), now: 0))
                let descriptions = outcome.elements.map(Self.description)
                #expect(descriptions.count == 1)
                #expect(descriptions.allSatisfy { $0.count <= 1000 })
            }
        }
    }

    @Test("Files of counts that were changed give counts, or a reason why not")
    func counts() async throws {
        var random = random("counts")
        try await withTemporaryFolderInMemory { folder in
            let files = [
                "proc/sys/fs/file-nr": "1234\t0\t9223372036854775807\n",
                "proc/net/sockstat": "sockets: used 9\nTCP: inuse 5 orphan 0 tw 1 alloc 6 mem 1\nUDP: inuse 2 mem 1\n",
                "proc/net/sockstat6": "TCP6: inuse 3\n",
            ]
            for round in 0..<300 {
                for (name, text) in files {
                    let path = folder.appending(FilePath(name).components)
                    try Files.makeFolder(path.removingLastComponent())
                    let bytes = Array(text.utf8)
                    try Files.replace(path, with: round == 0 ? bytes : bytes.mutated(by: &random))
                }
                for plugin in [KernelCountsPlugin.fileHandles, .sockets] {
                    let outcome = await plugin.collect(
                        in: ModuleContext(
                            host: HostReadings(roots: HostRoots(top: folder)), environment: [:], state: [:],
                            deadline: .now + .seconds(60), now: 0))
                    #expect(outcome.elements.isEmpty != outcome.failures.isEmpty)
                    if round == 0 { #expect(outcome.failures.isEmpty) }
                }
            }
        }
    }
}
