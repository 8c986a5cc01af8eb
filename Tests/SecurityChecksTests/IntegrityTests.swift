import Glibc
import HostProbes
import Synchronization
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import SecurityChecks

@Suite("Files that must not change")
struct IntegrityTests {
    private func check(_ identifier: String) throws -> any SecurityCheck {
        try #require(SecurityChecks.check(identifier))
    }

    @Test("A change is told until it is acknowledged, also where the file went back")
    func change() async throws {
        try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            let hosts = try check("integrity_hosts")
            try tree.write(["etc/hosts": "127.0.0.1 localhost\n"])
            let none = await hosts.result(on: tree.host())
            #expect(none.verdict == .cannotTell && none.advice?.contains("--baseline") == true)
            #expect(!Files.exists(folder.appending("state")))
            #expect(await hosts.result(on: tree.host(.compareOrTake)).verdict == .pass)
            #expect(await hosts.result(on: tree.host(.compareOrTake)).summary == "The file is as it was")

            try tree.write(["etc/hosts": "127.0.0.1 localhost\n192.0.2.1 bank.example\n"])
            for use in [BaselineUse.compare, .compareOrTake, .compare] {
                let bad = await hosts.result(on: tree.host(use))
                #expect(bad.verdict == .fail)
                #expect(bad.summary == "/etc/hosts has another content")
                #expect(bad.advice?.contains("--acknowledge integrity_hosts") == true)
            }
            try tree.write(["etc/hosts": "127.0.0.1 localhost\n"])
            let back = await hosts.result(on: tree.host())
            #expect(back.summary == "/etc/hosts was changed in between, and is as it was again")
            #expect(back.verdict == .fail && back.evidence.count == 1)
            #expect(await hosts.result(on: tree.host(.take)).verdict == .pass)
            #expect(await hosts.result(on: tree.host()).verdict == .pass)

            try tree.write(["etc/hosts": "::1 localhost\n"])
            let taken = await hosts.result(on: tree.host(.take))
            #expect(taken.verdict == .pass)
            #expect(taken.evidence.map(\.value) == ["has another content"])
            #expect(await hosts.result(on: tree.host()).verdict == .pass)
        }
    }

    @Test("Another mode is a change; so is a file that goes or comes")
    func modes() async throws {
        try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            let passwd = try check("integrity_passwd")
            try tree.write(["etc/passwd": "root:x:0:0::/:/bin/sh\n"])
            let file = folder.appending("etc/passwd").string
            chmod(file, 0o644)
            #expect(await passwd.result(on: tree.host(.compareOrTake)).verdict == .pass)
            chmod(file, 0o666)
            #expect(await passwd.result(on: tree.host()).summary == "/etc/passwd has the mode 666, not 644")
            unlink(file)
            #expect(await passwd.result(on: tree.host()).summary == "/etc/passwd is gone")
            #expect(await passwd.result(on: tree.host(.take)).verdict == .pass)
            try tree.write(["etc/passwd": ""])
            #expect(await passwd.result(on: tree.host()).summary == "/etc/passwd is new")
        }
    }

    @Test("A file that sshd_config begins to include is a change of its configuration")
    func include() async throws {
        try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            let sshd = try check("integrity_sshd")
            try tree.write([
                "usr/sbin/sshd": "", "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n",
                "etc/ssh/sshd_config.d/a.conf": "Port 2222\n",
            ])
            #expect(
                await sshd.result(on: tree.host(.compareOrTake)).summary == "2 files are remembered as they are now")
            #expect(await sshd.result(on: tree.host()).verdict == .pass)
            try tree.write(["etc/ssh/sshd_config.d/b.conf": "PermitRootLogin yes\n"])
            #expect(await sshd.result(on: tree.host()).summary == "/etc/ssh/sshd_config.d/b.conf is new")
            unlink(folder.appending("etc/ssh/sshd_config.d/b.conf").string)
            unlink(folder.appending("etc/ssh/sshd_config.d/a.conf").string)
            #expect(
                await sshd.result(on: tree.host()).evidence.map(\.description).map { String($0.prefix(46)) } == [
                    "/etc/ssh/sshd_config.d/a.conf: is gone", "/etc/ssh/sshd_config.d/b.conf: was changed in ",
                ])
        }
    }

    @Test("What cannot be read is not said to be well, and not said to have changed")
    func unreadable() async throws {
        try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            let shadow = try check("integrity_shadow")
            try tree.write(["etc/shadow": "root:*:1::::::\n"])
            #expect(await shadow.result(on: tree.host(.take)).verdict == .pass)
            let fault: @Sendable (FaultInjection.Call) -> Errno? = { call in
                call.operation == "open" && call.subject?.hasSuffix("etc/shadow") == true ? .permissionDenied : nil
            }
            let hidden = await FaultInjection.with(fault) { () async -> CheckResult in
                await shadow.result(on: tree.host())
            }
            #expect(hidden.verdict == .cannotTell && hidden.summary == "The content of /etc/shadow is not visible")
            chmod(folder.appending("etc/shadow").string, 0o644)
            let opened = await FaultInjection.with(fault) { () async -> CheckResult in
                await shadow.result(on: tree.host())
            }
            #expect(opened.verdict == .fail)
        }
    }

    @Test("A file without any permission, as Red Hat's /etc/shadow, is watched for its mode and owner as well")
    func noPermissions() async throws {
        try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            let shadow = try check("integrity_shadow")
            try tree.write(["etc/shadow": "root:*:1::::::\n"])
            let file = folder.appending("etc/shadow").string
            chmod(file, 0)
            #expect(await shadow.result(on: tree.host(.take)).verdict == .pass)
            chmod(file, 0o666)
            #expect(await shadow.result(on: tree.host()).summary == "/etc/shadow has the mode 666, not 0")
        }
    }

    @Test(
        "Root writes nothing where the owner of the state folder could not, and leaves him what he can use",
        .enabled(if: geteuid() == 0))
    func foreignStateFolder() async throws {
        try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            chmod(folder.string, 0o755)
            let hosts = try check("integrity_hosts")
            try tree.write(["etc/hosts": "x\n", "rules/README": "root's own"])
            let state = folder.appending("state")
            try Files.makeFolder(state)
            chown(state.string, 65534, 65534)
            symlink("../rules", state.appending("audit").string)
            let answer = await hosts.result(on: tree.host(.take))
            #expect(answer.verdict == .cannotTell && answer.summary.contains("cannot be kept"))
            #expect(try Files.names(in: folder.appending("rules")) == ["README"])
            unlink(state.appending("audit").string)
            #expect(await hosts.result(on: tree.host(.take)).verdict == .pass)
            for name in ["audit", "audit/integrity"] {
                let status = try Files.status(state.appending(FilePath(name).components))
                #expect(status.userID.rawValue == 65534 && status.groupID.rawValue == 65534)
            }
            // The thread has its own rights again.
            try Files.create(folder.appending("rules/after"), [UInt8]())
            #expect(try Files.status(folder.appending("rules/after")).userID.rawValue == 0)
        }
    }

    @Test("Files of ordinary users cost no more than a bound, together", .enabled(if: geteuid() == 0))
    func foreignBytes() throws {
        try withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            try tree.write(["a": "0123456789", "b": "0123456789", "root": "0123456789"])
            for name in ["a", "b"] { chown(folder.appending(name).string, 65534, 65534) }
            var bytes = 15
            let looks = (["/a", "/b", "/root"] as [FilePath]).map {
                FileBaseline.look(at: $0, on: tree.host(), foreignBytes: &bytes).content
            }
            #expect(looks[0].utf8.count == 64 && looks[1] == "unread" && looks[2] == looks[0] && bytes == 5)
        }
    }

    @Test("A baseline comes back from its text; every cut and most other damage make it unusable, and none a pass")
    func text() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        var baseline = FileBaseline()
        for check in ["integrity_a", "integrity_b", "integrity_c"] {
            var entries: [FilePath: FileBaseline.Entry] = [:]
            for _ in 0..<Int.random(in: 0..<8, using: &generator) {
                let scalars = (0..<Int.random(in: 1..<12, using: &generator)).compactMap { _ in
                    Unicode.Scalar(UInt32.random(in: 1..<0x250, using: &generator))
                }
                let path = "/" + String(String.UnicodeScalarView(scalars))
                entries[FilePath(path)] = .init(
                    content: ["absent", "unread", String(repeating: "ab", count: 32)].randomElement(using: &generator)!,
                    mode: .random(in: 0...0o7777, using: &generator),
                    user: .random(in: 0...UInt32.max, using: &generator),
                    group: .random(in: 0...UInt32.max, using: &generator))
            }
            baseline.remember(entries, of: check, at: .random(in: 0..<1 << 40, using: &generator))
            let changed = Array(entries.keys.prefix(2)) + [FilePath(platformString: [0x2F, -1, 0x0A, 0])]
            let isNew = [baseline.alert(changed, of: check), baseline.alert(changed, of: check)]
            #expect(isNew == [true, false])
        }
        let text = baseline.text
        #expect(FileBaseline(text: text) == baseline, "seed \(seed)")
        var lines = 0
        for index in text.indices where text[index] == "\n" {
            lines += 1
            // Lines that are missing at the end are as if they had never been; a line that is cut is not.
            #expect(FileBaseline(text: String(text[..<index])) == nil, "seed \(seed)")
        }
        #expect(lines > 3)
        for damaged in [
            "", "\n", "# something else\n", text + "x\n", text + "a b c d e\n", text + "alert x\n",
            "# pandora-agent integrity 1\nabsent 0 0 0 /x\n",
        ] {
            #expect(FileBaseline(text: damaged) == nil, "seed \(seed)")
        }
    }

    @Test("A damaged baseline is not written over by a comparison, and is by taking it anew")
    func damaged() async throws {
        try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            let hosts = try check("integrity_hosts")
            try tree.write(["etc/hosts": "x\n", "state/audit/integrity": "rubbish"])
            let answer = await hosts.result(on: tree.host(.compareOrTake))
            #expect(answer.verdict == .cannotTell && answer.summary.contains("is damaged"))
            #expect(try Files.read(folder.appending("state/audit/integrity"), limit: 99) == Array("rubbish".utf8))
            #expect(await hosts.result(on: tree.host(.take)).verdict == .pass)
            #expect(await hosts.result(on: tree.host()).verdict == .pass)
        }
    }

    @Test("Where the baseline cannot be kept nothing is said to be remembered")
    func fullDisk() async throws {
        try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            try tree.write(["etc/hosts": "x\n"])
            let hosts = try check("integrity_hosts")
            let answer = await FaultInjection.with({ $0.operation == "write" ? .noSpace : nil }) {
                () async -> CheckResult in await hosts.result(on: tree.host(.take))
            }
            #expect(answer.verdict == .cannotTell)
            #expect(await hosts.result(on: tree.host()).verdict == .cannotTell)
        }
    }

    @Test("Where the agent's own files are is found out for the check that watches them alone")
    func agentFiles() async throws {
        try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            try tree.write(["etc/hosts": "x\n", "etc/agent.conf": "x\n"])
            let count = Mutex(0)
            var host = tree.host(.take)
            host.agentFiles = {
                count.withLock { $0 += 1 }
                return ["/etc/agent.conf"]
            }
            #expect(try await check("integrity_hosts").result(on: host).verdict == .pass)
            #expect(count.withLock(\.self) == 0)
            #expect(try await check("integrity_agent").result(on: host).verdict == .pass)
            #expect(count.withLock(\.self) == 1)
        }
    }

    @Test("A file of another program's digests is left as it is")
    func foreignFile() throws {
        try withTemporaryFolder { folder in
            let file = folder.appending("integrity")
            #expect(SecurityChecks.baselineFile(namedBy: file) == file)
            try Files.create(file, "{\"shadow\": \"abc\"}".utf8)
            #expect(SecurityChecks.baselineFile(namedBy: file).string == "\(file).sha256")
        }
    }
}
