import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import SecurityChecks

@Suite("Programs with the rights of their owners")
struct PrivilegedProgramTests {
    private func setuidCheck() throws -> any SecurityCheck {
        try #require(SecurityChecks.check("integrity_setuid"))
    }

    @Test("No name hides a program: bytes that are no text, names that only look alike, line feeds")
    func names() async throws {
        try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            let setuid = try setuidCheck()
            func make(_ name: [UInt8]) throws {
                let name = FilePath(platformString: name.map(CChar.init(bitPattern:)) + [0])
                let path = folder.appending("usr/bin").appending(name.components)
                try Files.create(path, [UInt8]())
                _ = path.withPlatformString { chmod($0, 0o4755) }
            }
            try tree.write(["usr/bin/ls": ""])
            try make(Array("caf\u{E9}".utf8))
            try make(Array("a\n%\n".utf8))
            try make([0x64, 0xFE])
            #expect(await setuid.result(on: tree.host(.take)).summary == "3 files are remembered as they are now")
            #expect(await setuid.result(on: tree.host()).summary == "3 files are as they were")
            for name in [[0x64, 0xFF], Array("cafe\u{301}".utf8)] as [[UInt8]] {
                try make(name)
                #expect(await setuid.result(on: tree.host()).evidence.map(\.value) == ["is new"])
                #expect(await setuid.result(on: tree.host(.take)).verdict == .pass)
            }
        }
    }

    @Test("A program that cannot be seen any more is not said to be gone, and one without the bit is not, either")
    func hidden() async throws {
        try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            let setuid = try setuidCheck()
            try tree.write(["opt/su": "a"])
            chmod(folder.appending("opt/su").string, 0o4755)
            #expect(await setuid.result(on: tree.host(.take)).verdict == .pass)
            let fault: @Sendable (FaultInjection.Call) -> Errno? = { call in
                call.operation == "inspect" && call.subject?.hasSuffix("opt/su") == true ? .permissionDenied : nil
            }
            let hidden = await FaultInjection.with(fault) { () async -> CheckResult in
                await setuid.result(on: tree.host())
            }
            #expect(hidden.verdict == .cannotTell)
            chmod(folder.appending("opt/su").string, 0o755)
            unlink(folder.appending("state/audit/setuid").string)
            #expect(await setuid.result(on: tree.host()).summary == "/opt/su has the mode 755, not 4755")
        }
    }

    @Test(
        "More programs of ordinary users than a baseline holds are told, and hide none of root's",
        .enabled(if: geteuid() == 0))
    func manyPrograms() throws {
        try withTemporaryFolderInMemory { folder in
            let tree = TreeOfFiles(folder: folder)
            try tree.write(["home/a": "", "usr/bin/su": ""])
            chmod(folder.appending("usr/bin/su").string, 0o4755)
            for number in 0..<1001 {
                let path = folder.appending("home/\(number)").string
                close(open(path, O_CREAT | O_WRONLY, 0o755))
                chown(path, 65534, 65534)
                chmod(path, 0o4755)
            }
            let found = PrivilegedPrograms.selection(on: tree.host(.take))
            #expect(found.files.count == 1001 && found.files.contains("/usr/bin/su"))
            #expect(found.obstacle?.contains("More than 1000") == true)
        }
    }

    @Test("A program that gets the rights of its owner is found, on the path at once")
    func privilegedPrograms() async throws {
        try await withTemporaryFolder { folder in
            let tree = TreeOfFiles(folder: folder)
            let setuid = try setuidCheck()
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
        var found = PrivilegedPrograms.Found()
        found.files = ["/usr/bin/su", "/a\nb"]
        found.obstacle = "/root: no"
        let text = PrivilegedPrograms.text(found, at: 1000)
        #expect(PrivilegedPrograms.remembered(text, now: 1000 + 86_399) == found)
        #expect(PrivilegedPrograms.remembered(text, now: 1000 + 86_400) == nil)
        #expect(PrivilegedPrograms.remembered(text, now: 999) == nil)
        #expect(PrivilegedPrograms.remembered("1000 \nusr/bin/su\n", now: 1000) == nil)
        #expect(PrivilegedPrograms.remembered("", now: 1000) == nil)
    }
}
