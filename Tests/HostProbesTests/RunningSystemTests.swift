import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import HostProbes

/// What the probes say of the machine that runs the tests, against the programs that people would ask.
@Suite("Against the system's own programs")
struct RunningSystemTests {
    /// The lines that a shell command prints; a command that fails or prints nothing fails the test.
    private func lines(_ command: String) throws -> [String] {
        let stream = try #require(popen(command, "r"))
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, stream)
            if count == 0 { break }
            output += buffer[..<count]
        }
        try #require(pclose(stream) == 0, "\(command) failed")
        try #require(!output.isEmpty, "\(command) printed nothing")
        return output.lines.map(\.text)
    }

    @Test("The kernel and the system are those of uname and os-release")
    func operatingSystem() throws {
        let system = OperatingSystem()
        #expect(try lines("uname -a") == [system.kernel.description])
        #expect(try lines(". /etc/os-release && echo \"$PRETTY_NAME\"") == [system.name])
    }

    @Test("The packages are those of dpkg-query, with their versions and descriptions")
    func packages() throws {
        let expected = try lines(
            "dpkg-query -W -f '${db:Status-Status}\\t${Package}\\t${Version}\\t${Architecture}\\t${binary:Summary}\\n'"
                + " | sed -n 's/ *$//; s/^installed\\t//p'")
        let packages = PackageDatabase.installed().value.filter { $0.manager == .dpkg }
        let found = packages.map { "\($0.name)\t\($0.version)\t\($0.architecture)\t\($0.description)" }
        #expect(found.count == expected.count)
        #expect(Set(found).symmetricDifference(expected) == [])
    }

    @Test("The users and groups are those of getent")
    func users() throws {
        let accounts = try Account.all().value
        #expect(
            try lines("getent -s files passwd | cut -d: -f1,3-7")
                == accounts.map { "\($0.name):\($0.user):\($0.group):\($0.comment):\($0.home):\($0.shell)" })
        for account in accounts {
            #expect(Set(try lines("id -Gn \(account.name) | tr ' ' '\\n'")) == Set(account.groups))
        }
    }

    @Test("Total memory and swap are those of free, and available memory is near")
    func memory() throws {
        let memory = try Memory()
        let rows = try lines("LC_ALL=C free -b").map { $0.split(separator: " ").map(String.init) }
        #expect(rows[1][1] == String(memory.total))
        #expect(rows[2][1] == String(memory.swapTotal))
        let available = try #require(Double(rows[1][6]))
        #expect(abs(available - Double(memory.available)) < Double(memory.total) / 5)
    }

    @Test("The space of the root is that of df")
    func space() throws {
        let space = try FileSystemSpaces().space(of: "/")
        let columns = try lines("df -P -k / | tail -1").flatMap { $0.split(separator: " ").map(String.init) }
        #expect(columns[1] == String(space.total / 1024))
        let used = try #require(Double(columns[2]))
        #expect(abs(used - Double(space.used) / 1024) < Double(space.total) / 1024 / 50)
        let percent = try #require(Double(columns[4].dropLast()))
        #expect(abs(percent - (try #require(space.usedPercent)).rounded(.up)) <= 2)
    }

    @Test("Every mount that df shows is known")
    func mounts() throws {
        let mounts = Set(try Mount.all().map(\.path.string))
        for path in try lines("df --output=target | tail -n +2") {
            #expect(mounts.contains(path), "\(path)")
        }
    }

    @Test("The processes are those of ps, with parents, users, names and command lines")
    func processes() throws {
        let processes = try ProcessTable.all().value
        let table = Dictionary(uniqueKeysWithValues: processes.map { ($0.identifier, $0) })
        let own = try #require(table[getpid()])
        #expect(own.user == geteuid())
        #expect(own.residentBytes > 1 << 20)
        #expect(own.matches(own.program))
        var compared = 0
        for row in try lines("ps -e -o pid=,ppid=,euid=,comm=") {
            let columns = row.split(separator: " ", maxSplits: 3).map(String.init)
            // What started or ended between the two readings is in one of them only.
            guard let process = Int32(columns[0]).flatMap({ table[$0] }), !process.isEnded else { continue }
            guard process.name == columns[3].trimmingSpaces else { continue }
            #expect(String(process.parent) == columns[1])
            #expect(process.user.map(String.init) == columns[2])
            compared += 1
        }
        #expect(compared > 3)
    }

    @Test("The addresses are those of ip, and hardware addresses too")
    func addresses() throws {
        let interfaces = try NetworkInterface.all()
        let found = interfaces.flatMap { interface in
            interface.addresses.map { "\(interface.name) \($0.text)/\($0.prefixLength)" }
        }
        #expect(Set(try lines("ip -o addr show | awk '{print $2, $4}'")) == Set(found))
        for row in try lines("ip -o link show | sed -n 's/^[0-9]*: \\([^:@]*\\).*link.ether \\([^ ]*\\).*/\\1 \\2/p'") {
            let columns = row.split(separator: " ").map(String.init)
            #expect(interfaces.first { $0.name == columns[0] }?.hardwareAddress == columns[1])
        }
    }

    @Test("The default route is that of ip")
    func routes() throws {
        let routes = Route.all().value
        for row in try lines("ip -4 route show default | sed -n 's/.*via \\([^ ]*\\) dev \\([^ ]*\\).*/\\1 \\2/p'") {
            let columns = row.split(separator: " ").map(String.init)
            #expect(
                routes.contains {
                    $0.destination == "0.0.0.0" && $0.mask == "0.0.0.0" && $0.gateway == columns[0]
                        && $0.interface == columns[1] && $0.flags.hasPrefix("UG")
                })
        }
    }

    @Test("A port that this process opens is found with the process, a connection to it is not")
    func ports() throws {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(server >= 0)
        defer { close(server) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(server, $0, length) == 0 && listen(server, 1) == 0 && getsockname(server, $0, &length) == 0
            }
        }
        try #require(isListening)
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(client) }
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(client, $0, length) == 0 }
        }
        try #require(isConnected)
        let number = UInt16(bigEndian: address.sin_port)
        let found = try ListeningPort.all().value.filter { $0.port == number && $0.transport == .tcp }
        #expect(found.map(\.address) == ["127.0.0.1"])
        #expect(found.map(\.process) == [getpid()])
        #expect(found.map(\.user) == [geteuid()])
        #expect(found.map(\.isLoopback) == [true])
    }

    @Test("The listening ports are those of ss")
    func listeners() throws {
        let found = Set(
            try ListeningPort.all().value.filter { $0.transport == .tcp }.map { "\($0.address):\($0.port)" })
        // A port that was opened or closed between the two readings is in one of them only, so each is read again.
        let shown = Set(
            try lines("ss -H -4 -t -l -n | awk '{print $4}' | sed 's/%[^:]*:/:/; s/^[*]:/0.0.0.0:/'; echo end"))
        let again = Set(
            try ListeningPort.all().value.filter { $0.transport == .tcp }.map { "\($0.address):\($0.port)" })
        #expect(found.intersection(again).subtracting(shown).isEmpty)
    }

    @Test("Versions are ordered as dpkg orders them")
    func versions() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("versions: seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "1", "2", "10", "02", "0", "~", "~rc", "a", "b", "Z", ".", "+", "-", "deb", "+b1", "1:", "0:",
            "9999999999999999999999",
        ]
        func version() -> String {
            var text = "1"
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                text += pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }
            return text
        }
        var compared = 0
        var script = ""
        var pairs: [(String, String)] = []
        for _ in 0..<300 {
            let pair = (version(), version())
            pairs.append(pair)
            script +=
                "for o in lt eq gt; do dpkg --compare-versions '\(pair.0)' $o '\(pair.1)' 2>/dev/null && printf '%s ' $o; done; echo\n"
        }
        for (pair, answer) in zip(pairs, try lines(script)) {
            let (left, right) = (DebianVersion(pair.0), DebianVersion(pair.1))
            let ours = left < right ? "lt " : left == right ? "eq " : "gt "
            // dpkg has no order for texts that are no versions, such as those with two epochs.
            if answer.isEmpty { continue }
            #expect(ours == answer, "\(pair)")
            compared += 1
        }
        #expect(compared > 100)
    }

    @Test("Two readings of the CPU under load give a use between 0 and 100")
    func cpu() throws {
        let before = try CPUCounters()
        var after = before
        // Counters advance with the clock's ticks, so this ends within a few of them.
        while after.usage(since: before) == nil { after = try CPUCounters() }
        let use = try #require(after.usage(since: before))
        #expect((0...100).contains(use))
        #expect(after.cores.count == Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        #expect(after.boot != nil)
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
