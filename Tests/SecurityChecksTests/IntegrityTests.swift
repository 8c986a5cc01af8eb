import Glibc
import HostProbes
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

    @Test("A change is told until it is acknowledged, and the file going back is well again")
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
            #expect(await sshd.result(on: tree.host()).summary == "/etc/ssh/sshd_config.d/a.conf is gone")
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

    @Test("A program that gets the rights of its owner is found, on the path at once")
    func privilegedPrograms() async throws {
        try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            let setuid = try check("integrity_setuid")
            try tree.write(["usr/bin/su": "a", "opt/deep/er/tool": "b", "usr/bin/ls": "c"])
            chmod(folder.appending("usr/bin/su").string, 0o4755)
            #expect(await setuid.result(on: tree.host(.take)).summary == "1 files are remembered as they are now")
            #expect(await setuid.result(on: tree.host()).verdict == .pass)
            chmod(folder.appending("usr/bin/ls").string, 0o2755)
            #expect(await setuid.result(on: tree.host()).summary == "/usr/bin/ls is new")
            #expect(await setuid.result(on: tree.host(.take)).verdict == .pass)
            // Elsewhere the walk of the day finds it.
            chmod(folder.appending("opt/deep/er/tool").string, 0o4755)
            #expect(await setuid.result(on: tree.host()).verdict == .pass)
            unlink(folder.appending("state/audit/setuid").string)
            #expect(await setuid.result(on: tree.host()).summary == "/opt/deep/er/tool is new")
        }
        let list = PrivilegedPrograms.remembered("1000\n/usr/bin/su\n", now: 1000 + 86_399)
        #expect(list == ["/usr/bin/su"])
        #expect(PrivilegedPrograms.remembered("1000\n/usr/bin/su\n", now: 1000 + 86_400) == nil)
        #expect(PrivilegedPrograms.remembered("1000\n/usr/bin/su\n", now: 999) == nil)
        #expect(PrivilegedPrograms.remembered("1000\nusr/bin/su\n", now: 1000) == nil)
        #expect(PrivilegedPrograms.remembered("", now: 1000) == nil)
    }

    @Test("A baseline comes back from its text; every cut and most other damage make it unusable, and none a pass")
    func text() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        var baseline = FileBaseline()
        for check in ["integrity_a", "integrity_b", "integrity_c"] {
            var entries: [String: FileBaseline.Entry] = [:]
            for _ in 0..<Int.random(in: 0..<8, using: &generator) {
                let scalars = (0..<Int.random(in: 1..<12, using: &generator)).compactMap { _ in
                    Unicode.Scalar(UInt32.random(in: 1..<0x250, using: &generator))
                }
                let path = "/" + String(String.UnicodeScalarView(scalars))
                entries[path] = .init(
                    content: ["absent", "unread", String(repeating: "ab", count: 32)].randomElement(using: &generator)!,
                    mode: .random(in: 0...0o7777, using: &generator),
                    user: .random(in: 0...UInt32.max, using: &generator),
                    group: .random(in: 0...UInt32.max, using: &generator))
            }
            baseline.remember(entries, of: check, at: .random(in: 0..<1 << 40, using: &generator))
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
            "", "\n", "# something else\n", text + "x\n", text + "a b c d e\n",
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
