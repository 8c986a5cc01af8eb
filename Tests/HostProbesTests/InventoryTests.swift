import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import HostProbes

@Suite("System, users, packages and network")
struct InventoryTests {
    @Test("The system's name is that of os-release, in /etc or /usr/lib, else the kernel's release")
    func operatingSystem() {
        let debian = OperatingSystem(Fixture.debian)
        #expect(debian.name == "Debian GNU/Linux 12 (bookworm)")
        #expect(debian.identifier == "debian")
        #expect(
            debian.kernel.description
                == "Linux web01 6.1.0-18-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01) x86_64 GNU/Linux")
        #expect(OperatingSystem(Fixture.redHat).name == "Red Hat Enterprise Linux 9.3 (Plow)")
        #expect(OperatingSystem(Fixture.alpine).name == "Alpine Linux v3.19")
        #expect(OperatingSystem(Fixture.arch).version == nil)
        let bare = OperatingSystem(Fixture.container)
        #expect(bare.name == bare.kernel.release)
    }

    @Test("Quotes of os-release are undone as a shell does")
    func quoting() {
        let fields = OperatingSystem.fields(
            ofRelease: bytes("A=\"x \\\"y\\\" $z\"\nB='a\\b'\n# C=1\nD=\nnonsense\nE=\"open\nF=\u{ff}\\"))
        #expect(fields == ["A": "x \"y\" $z", "B": "a\\b", "D": "", "E": "open", "F": "\u{ff}"])
    }

    @Test("Each user has a password state, groups and whether a password lets them in")
    func users() throws {
        let reading = try Account.all(Fixture.debian, today: 19_800)
        let accounts = Dictionary(uniqueKeysWithValues: reading.value.map { ($0.name, $0) })
        #expect(reading.limitations.isEmpty)
        let states = accounts.mapValues(\.password)
        #expect(
            states == [
                "root": .locked, "daemon": .locked, "www-data": .locked, "alice": .set, "bob": .locked,
                "carol": .empty, "dave": .expired, "erin": .expired,
            ])
        #expect(reading.value.filter { $0.canLogInWithPassword == true }.map(\.name) == ["alice", "carol"])
        #expect(accounts["alice"]?.groups == ["alice", "sudo", "docker"])
        #expect(accounts["dave"]?.groups == ["1003"])
        #expect(accounts["bob"]?.comment == "Bob; the builder")
        #expect(!String(describing: reading).contains("$"))
    }

    @Test("Where the shadow file is refused, the states are unknown and the remedy is named")
    func unreadableShadow() throws {
        let reading = try FaultInjection.with({
            $0.subject?.hasSuffix("/shadow") == true ? .permissionDenied : nil
        }) { try Account.all(Fixture.debian) }
        #expect(Set(reading.value.map(\.password)) == [.unknown])
        #expect(reading.value.first { $0.name == "alice" }?.canLogInWithPassword == .some(nil))
        let sentence = try #require(reading.limitations.first).description
        #expect(sentence.hasPrefix("cannot see the password states of users: cannot open "))
        #expect(sentence.hasSuffix("; group shadow or capability CAP_DAC_READ_SEARCH would allow it"))
    }

    @Test("Hostile user files yield what is well-formed and nothing else")
    func hostileUsers() {
        let entries = PasswdEntry.parse(
            bytes(
                "+::::::\n#x:x:1:1:::\nshort:x:1\nneg:x:-1:1:::\nbig:x:4294967296:1:::\n:x:1:1:::\nok:x:1:1:\u{0}::sh\n"
            ))
        #expect(entries.map(\.name) == ["ok"])
        let days = "9223372036854775807"
        #expect(
            ShadowEntry.states(
                parsing: bytes("a:$6$0123456789ab:\(days):0:\(days):7:\(days)::\nb\n:x:1\n"), today: .max) == [
                    "a": .set
                ])
        #expect(PasswordState(field: slice("x")) == .locked)
    }

    @Test("Last log-ins are read at the place of each user's number, however large that is")
    func lastLogins() throws {
        try withTemporaryFolder { folder in
            let roots = HostRoots(top: folder)
            try Files.makeFolder(roots.etc)
            try Files.makeFolder(folder.appending("var/log"))
            try Files.create(
                roots.etc.appending("passwd"),
                bytes("root:x:0:0::/root:/bin/sh\na:x:1:1::/:/bin/sh\nhuge:x:4294967294:1::/:/bin/sh\n"))
            var record = [UInt8](repeating: 0, count: 2 * LastLogin.recordSize)
            record.replaceSubrange(292..<296, with: withUnsafeBytes(of: UInt32(1_700_000_000)) { Array($0) })
            record.replaceSubrange(296..<301, with: bytes("pts/0"))
            record.replaceSubrange(328..<337, with: bytes("192.0.2.7"))
            try Files.create(folder.appending("var/log/lastlog"), record)
            let accounts = try Account.all(roots).value
            #expect(
                accounts.map(\.lastLogin) == [
                    nil, LastLogin(time: 1_700_000_000, line: "pts/0", host: "192.0.2.7"), nil,
                ])
        }
    }

    @Test("Installed packages of dpkg, apk and pacman are found with version and first line of description")
    func packages() {
        let debian = PackageDatabase.installed(Fixture.debian)
        #expect(debian.limitations.isEmpty)
        #expect(
            debian.value.filter { $0.manager == .dpkg } == [
                Package(
                    name: "bash", version: "5.2.15-2+b2", architecture: "amd64", description: "GNU Bourne Again SHell",
                    manager: .dpkg),
                Package(
                    name: "libc6", version: "2.36-9+deb12u4", architecture: "i386",
                    description: "GNU C Library: Shared libraries", manager: .dpkg),
                Package(
                    name: "openssh-server", version: "1:9.2p1-2+deb12u2", architecture: "amd64",
                    description: "secure shell (SSH) server, for secure access; from remote machines", manager: .dpkg),
            ])
        #expect(PackageDatabase.installed(Fixture.alpine).value.map(\.name) == ["musl", "busybox"])
        #expect(
            PackageDatabase.installed(Fixture.arch).value == [
                Package(
                    name: "zlib", version: "1:1.3.1-1", architecture: "x86_64",
                    description: "Compression library implementing the deflate compression method", manager: .pacman)
            ])
        #expect(PackageDatabase.rpmFolder(Fixture.redHat) == "/var/lib/rpm")
        #expect(PackageDatabase.rpmFolder(Fixture.debian) == nil)
        #expect(PackageDatabase.installed(Fixture.redHat) == Reading([]))
    }

    @Test("What rpm prints is read line by line, and broken lines are left out")
    func rpm() throws {
        let packages = RPMQuery.parse(
            bytes(
                "bash\t5.1.8-6.el9\tx86_64\tThe GNU;Bourne\tshell\ngpg-pubkey\t1-2\t\tgpg\nbroken\t1\n\t\t\t\nx\t0:1-2\t\t"
            ))
        #expect(packages.map(\.name) == ["bash", "x"])
        #expect(packages.first?.description == "The GNU;Bourne\tshell")
        let printed = try Files.read(Fixture.redHat.top.appending("rpm-query-output"), limit: 4096)
        #expect(RPMQuery.parse(printed).map(\.version) == ["5.1.8-6.el9_1", "1:3.0.7-24.el9"])
    }

    @Test("Interfaces have their counters and hardware addresses, and counters at the end of their range add up")
    func interfaces() throws {
        let interfaces = try NetworkInterface.all(Fixture.debian)
        #expect(interfaces.map(\.name) == ["lo", "eth0", "eth0.100"])
        #expect(interfaces.map(\.hardwareAddress) == [nil, "52:54:00:12:34:56", nil])
        #expect(interfaces[1].counters == InterfaceCounters(receivedBytes: 123_456_789, sentBytes: 987_654_321))
        #expect(NetworkInterface.totalBytes(of: interfaces) == .max)
        let hostile = NetworkInterface.parseCounters(bytes("h\nh\n../x: 1\nx\n:1\na:b: 1 2 3 4 5 6 7 8 -9\n"))
        #expect(hostile.map(\.name) == ["a:b"])
        #expect(hostile.first?.counters == nil)
    }

    @Test("Addresses to tell are those of all interfaces but loopback, IPv4 first, each once")
    func addresses() {
        func interface(_ name: String, _ addresses: [String]) -> NetworkInterface {
            NetworkInterface(
                name: name, hardwareAddress: nil,
                addresses: addresses.map {
                    InterfaceAddress(text: $0, prefixLength: 0, isVersion6: $0.utf8.contains(UInt8(ascii: ":")))
                }, counters: nil, isLoopback: name == "lo")
        }
        #expect(
            NetworkInterface.publicAddresses(of: [
                interface("lo", ["127.0.0.1"]), interface("a", ["2001:db8::1", "192.0.2.1"]),
                interface("b", ["192.0.2.1", "198.51.100.1"]),
            ]) == ["192.0.2.1", "198.51.100.1", "2001:db8::1"])
    }

    @Test("Routes have the columns of route(8)")
    func routes() {
        let reading = Route.all(Fixture.debian)
        #expect(reading.limitations.isEmpty)
        #expect(
            reading.value == [
                Route(
                    destination: "0.0.0.0", gateway: "192.0.2.1", mask: "0.0.0.0", flags: "UG", metric: 100, use: 0,
                    interface: "eth0"),
                Route(
                    destination: "192.0.2.0", gateway: "0.0.0.0", mask: "255.255.255.0", flags: "U", metric: 0, use: 4,
                    interface: "eth0"),
                Route(
                    destination: "2001:db8::", gateway: "::", mask: "/64", flags: "U", metric: 256, use: 0,
                    interface: "eth0"),
                Route(
                    destination: "::", gateway: "fe80::1", mask: "/0", flags: "UG", metric: 1024, use: 5,
                    interface: "eth0"),
            ])
        #expect(Route.parse(bytes("h\nx 1 2 3\nx 0000000000 00000000 1 0 0 0 0\n")).isEmpty)
    }
}
