import Glibc
import SystemFiles
import SystemPackage
import Testing

@Suite("The audit on the running system")
struct AuditCommandTests {
    private func audit(_ words: String...) async -> (status: Int32, text: String, complaint: String) {
        let result = await AgentUnderTest.run(AgentUnderTest.program, ["audit"] + words)
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
            print(len(report['checks']), all(check['title'] and check['summary'] for check in report['checks']))
            """
        let result = await AgentUnderTest.run("/usr/bin/python3", ["-c", program, json.text])
        #expect(result.text == "24 True\n", "\(result.complaint)")
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
}
