import SystemPackage
import Testing

@testable import HostProbes

@Suite("Processes and services")
struct ProcessTests {
    private func processes() throws -> [HostProcess] {
        try ProcessTable.all(Fixture.debian).value.sorted { $0.identifier < $1.identifier }
    }

    @Test("Processes are read with names, command lines, users, memory and times")
    func table() throws {
        let processes = try processes()
        #expect(processes.map(\.identifier) == [1, 2, 700, 800, 801, 900])
        let odd = try #require(processes.first { $0.identifier == 800 })
        #expect(odd.name == "my (odd) name")
        #expect(odd.commandLine == "/opt/my tool/run --all")
        #expect(odd.program == "run")
        #expect(odd.user == 1000)
        #expect(odd.parent == 1)
        #expect(odd.cpuTicks == 500)
        #expect(odd.residentBytes % 2560 == 0)
        #expect(processes.first { $0.identifier == 2 }?.isKernelThread == true)
        #expect(processes.first { $0.identifier == 2 }?.program == "kthreadd")
        #expect(processes.first { $0.identifier == 900 }?.isEnded == true)
    }

    @Test(
        "A process is found by command line, its beginning, program and kernel name, not by parts of words",
        arguments: [
            ("/usr/sbin/mysqld --defaults-file=/etc/my.cnf", 801), ("/usr/sbin/mysqld", 801), ("mysqld", 801),
            ("mysqld --defaults-file=/etc/my.cnf", 801), ("sshd", 700), ("sshd: /usr/sbin/sshd -D", 700),
            ("my (odd) name", 800), ("run", 800), ("/opt/my tool/run", 800), ("kthreadd", 2), ("init", 1),
            ("systemd", 1),
            ("mysql", nil), ("ysqld", nil), ("--all", nil), ("gone", nil), ("", nil), ("/usr/sbin/mysqld --def", nil),
        ] as [(String, Int32?)])
    func matching(_ name: String, _ expected: Int32?) throws {
        #expect(try processes().filter { $0.matches(name) }.map(\.identifier) == (expected.map { [$0] } ?? []))
    }

    @Test("Use of a program is over its life, or since an earlier reading")
    func use() throws {
        let processes = try processes()
        let rate = Double(ClockRate.ticksPerSecond)
        let life = ProcessUse(of: "mysqld", among: processes, uptime: 10_000)
        #expect(life.count == 1)
        #expect(abs(life.cpuPercent - 30_000 / rate / (10_000 - 600_000 / rate) * 100) < 0.001)
        let since = ProcessUse(
            of: "mysqld", among: processes, uptime: 10_000, since: (processes: [], uptime: 9_700))
        #expect(abs(since.cpuPercent - 30_000 / rate / 300 * 100) < 0.001)
        #expect(ProcessUse(of: "nothing", among: processes, uptime: 1).residentMegabytes == 0)
    }

    @Test("Foreign text in the files of a process is refused or kept as text, never a crash")
    func hostile() {
        for text in [
            "", "1", "1 (", "1 )(", "1 () S", "1 (x) S 0 0 0 0 -1 -5 1 2 3 4 -1 -1 0 0 0 0 0 0 -1 0 -1",
            "1 (x) S " + String(repeating: "99999999999999999999 ", count: 50),
        ] { #expect(ProcessStatus(parsing: slice(text)) == nil, "\(text)") }
        #expect(ProcessArguments(parsing: [0, 0, 32, 0]).commandLine == "")
        #expect(ProcessArguments(parsing: [0xff, 0, 10, 59]).commandLine == "\u{fffd} \n;")
        #expect(ProcessArguments(parsing: [0, 65]).program == nil)
        #expect(ProcessTable.effectiveUser(inStatus: slice("Uid:\t0\n")) == nil)
        #expect(ProcessTable.effectiveUser(inStatus: slice("Uid:\t0\t4294967295\t")) == 4_294_967_295)
        #expect(ProcessTable.effectiveUser(inStatus: slice("Uid:\t0\t4294967296\t")) == nil)
    }

    @Test(
        "A unit is active by systemd's own marks or its control group, under each of its names",
        arguments: [
            ("ssh", .active(.unit("ssh.service"))), ("sshd", .active(.unit("ssh.service"))),
            ("ssh.service", .active(.unit("ssh.service"))), ("postgresql", .active(.unit("postgresql.service"))),
            ("getty@tty1", .active(.unit("getty@tty1.service"))), ("getty@tty2", .inactive), ("idle", .inactive),
            ("old", .inactive), ("masked", .inactive), ("mysqld", .active(.process(801))), ("none", .absent),
            ("../ssh", .absent), ("", .absent), (".", .absent), ("a/b", .absent),
        ] as [(String, ServiceState)])
    func units(_ name: String, _ expected: ServiceState) throws {
        #expect(ServiceDirectory(Fixture.debian).state(of: name, among: try processes()) == expected)
    }

    @Test("OpenRC's marks tell what was started, an init script alone is inactive")
    func openRC() {
        let services = ServiceDirectory(Fixture.alpine)
        #expect(services.state(of: "sshd", among: []) == .active(.openRC))
        #expect(services.state(of: "crond", among: []) == .inactive)
        #expect(services.state(of: "nginx", among: []) == .absent)
        #expect(!services.hasSystemd)
    }
}
