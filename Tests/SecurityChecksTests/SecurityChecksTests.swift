import HostProbes
import SystemPackage
import Testing

@testable import SecurityChecks

@Suite("The list of checks")
struct SecurityChecksTests {
    @Test("Every check has an identifier of its own, in lower case with underscores")
    func identifiers() {
        let identifiers = SecurityChecks.all.map(\.identifier)
        #expect(Set(identifiers).count == identifiers.count)
        for identifier in identifiers {
            #expect(
                identifier.utf8.allSatisfy { $0 == 0x5F || (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) })
        }
    }

    @Test("A fact is printed with the position that editors understand")
    func evidence() {
        let fact = Evidence("/etc/ssh/sshd_config", line: 12, value: "PermitRootLogin yes", changeableBy: "root")
        #expect(fact.description == "/etc/ssh/sshd_config:12: PermitRootLogin yes (can be changed by root)")
        #expect(Evidence("sshd -T", value: "port 22").description == "sshd -T: port 22")
    }

    @Test("A path of the host is looked for below its roots")
    func paths() {
        let host = AuditedHost(roots: .init(top: "/tree", proc: "/elsewhere/proc"), userIdentifier: 0)
        #expect(host.path("/etc/ssh/sshd_config") == "/tree/etc/ssh/sshd_config")
        #expect(host.path("/proc/sys/kernel") == "/elsewhere/proc/sys/kernel")
        #expect(host.path("/root/.ssh") == "/tree/root/.ssh")
        #expect(host.path("/") == "/tree")
    }

    @Test("Without a way to ask programs nothing is run")
    func noRunner() async {
        let host = AuditedHost(userIdentifier: 0)
        #expect(await host.run("true", []) == nil)
        #expect(!host.canRunPrograms)
    }
}
