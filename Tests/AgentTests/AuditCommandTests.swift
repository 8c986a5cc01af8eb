import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("The audit on the running system")
struct AuditCommandTests {
    private func audit(_ words: String...) async -> (status: Int32, text: String, complaint: String) {
        let result = await withTemporaryFolder { state in
            await AgentUnderTest.run(AgentUnderTest.program, ["audit"] + words + ["--state", state.string])
        }
        return (result.status, result.text, result.complaint)
    }

    @Test("A port that this process opens to everybody is found, with this process; allowed, it is not")
    func port() async throws {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> Bool in
                bind(socket, address, size) == 0 && listen(socket, 1) == 0 && getsockname(socket, address, &size) == 0
            }
        }
        try #require(port)
        let number = UInt16(bigEndian: address.sin_port)
        let found = await audit("allowed_ports", "--evidence")
        #expect(found.status == 1)
        #expect(found.text.contains("tcp 0.0.0.0 port \(number)"))
        #expect(found.text.contains("What to do, the gravest first\n  1. "))
        let allowed = await audit("allowed_ports", "--evidence", "--allow-port", "\(number)")
        #expect(!allowed.text.contains("port \(number)"))
    }

    @Test("JSON has every check with verdict and title; a check that there is not is wrong usage")
    func forms() async throws {
        let json = await audit("--format", "json")
        let program = """
            import json, sys
            report = json.loads(sys.argv[1])
            verdicts = {check['verdict'] for check in report['checks']}
            assert verdicts <= {'pass', 'fail', 'cannot tell', 'not applicable'}, verdicts
            assert report['score'] is None or 0 <= report['score'] <= 100
            names = [check["check"] for check in report["checks"]]
            assert len(set(names)) == len(names) > 40, names
            print(all(check['title'] and check['summary'] for check in report['checks']))
            """
        let result = await AgentUnderTest.run("/usr/bin/python3", ["-c", program, json.text])
        #expect(result.text == "True\n", "\(result.complaint)")
        let wrong = await audit("nothing")
        #expect(wrong.status == 2 && wrong.complaint.contains("There is no check 'nothing'"))
        let text = await audit()
        #expect(text.text.contains("Remote access\n") && text.text.contains("not applicable"))
    }

    @Test("An ordinary user gets an answer for everything, and 'cannot tell' where it needs more")
    func ordinaryUser() async throws {
        guard geteuid() == 0 else { return }
        let copy = "/tmp/pandora-agent-audit-\(getpid())"
        defer { unlink(copy) }
        let command =
            "cp '\(AgentUnderTest.program)' '\(copy)' && chmod 755 '\(copy)' && exec setpriv --reuid=65534 "
            + "--regid=65534 --clear-groups '\(copy)' audit empty_passwords"
        let other = await AgentUnderTest.run("/bin/sh", ["-c", command])
        #expect(other.status == 0)
        #expect(other.text.contains("cannot tell"))
    }

    @Test("Passwords are tried with a bar on a terminal; the answers hold neither hashes nor words, and are remembered")
    func passwords() async throws {
        try await withTemporaryFolder { folder in
            let hashes = await AgentUnderTest.run(
                "/bin/sh", ["-c", "openssl passwd -1 dragon; openssl passwd -1 gT4-unlikely"])
            let lines = hashes.text.split(separator: "\n").map(String.init)
            try #require(lines.count == 2)
            try Files.makeFolder(folder.appending("etc"))
            let passwd = "bob:x:1000:1000::/home/bob:/bin/sh\nalice:x:1001:1001::/home/alice:/bin/sh\n"
            try Files.create(folder.appending("etc/passwd"), passwd.utf8)
            try Files.create(
                folder.appending("etc/shadow"), "bob:\(lines[0]):19000::::::\nalice:\(lines[1]):19000::::::\n".utf8)
            let words = "weak_passwords --evidence --root \(folder) --state \(folder)/state"
            let command =
                "TERM=xterm script --quiet --return --command '\(AgentUnderTest.program) audit \(words)' /dev/null"
            let shown = await AgentUnderTest.run("/bin/sh", ["-c", command])
            #expect(shown.status == 1 && shown.text.contains("Easily guessed: bob"))
            #expect(shown.text.contains("\r[") && shown.text.contains("##] 100 % passwords\r\u{1B}[K"))
            let again = await AgentUnderTest.run("/bin/sh", ["-c", command])
            #expect(again.status == 1 && !again.text.contains("% passwords"))
            let json = await audit(
                "weak_passwords", "--root", folder.string, "--state", folder.string + "/state", "--format", "json")
            #expect(json.status == 1 && json.complaint.isEmpty)
            for secret in lines + ["dragon", "unlikely"] {
                #expect(![shown.text, again.text, json.text].contains { $0.contains(secret) })
            }
        }
    }
}
