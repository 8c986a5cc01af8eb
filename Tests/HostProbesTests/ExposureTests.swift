import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import HostProbes

@Suite("Ports, containers, services that start, and counts")
struct ExposureTests {
    @Test("Listening ports are bound and not connected, and have the first process that holds them")
    func ports() throws {
        let ports = try ListeningPort.all(Fixture.debian).value
        #expect(
            ports.map {
                "\($0.transport.rawValue) \($0.address) \($0.port) \($0.user) \($0.process ?? 0) \($0.program ?? "-")"
            }
                == [
                    "tcp 0.0.0.0 22 0 700 sshd", "tcp 127.0.0.1 3306 110 801 mysqld", "tcp6 :: 22 0 700 sshd",
                    "tcp6 2001:db8::1 443 33 0 -", "udp 0.0.0.0 68 0 0 -",
                ])
        #expect(ports.map(\.isLoopback) == [false, true, false, false, false])
    }

    @Test("Processes whose files may not be listed are named as the reason for missing programs")
    func refusedOwners() throws {
        let reading = try FaultInjection.with({
            $0.subject?.hasSuffix("/fd") == true ? .permissionDenied : nil
        }) { try ListeningPort.all(Fixture.debian) }
        #expect(reading.value.count == 5)
        #expect(reading.value.allSatisfy { $0.program == nil })
        #expect(reading.limitations.map(\.allowedBy) == [[.capability("CAP_SYS_PTRACE")]])
    }

    @Test("Broken lines of the kernel's tables are left out")
    func hostilePorts() {
        let good = " 0: 0100007F:0016 00000000:0000 0A 0:0 0:0 0 0 0 7 1"
        let text = """
            header
            0: 0100007F:10016 00000000:0000 0A 0:0 0:0 0 0 0 7 1
            0: 0100007F 00000000:0000 0A 0:0 0:0 0 0 0 7 1
            0: 0100007:0016 00000000:0000 0A 0:0 0:0 0 0 0 7 1
            0: 0100007F:0016 00000000:0000 0A 0:0 0:0 0 -1 0 7 1
            0: 0100007F:0016 00000000:0000 0A 0:0 0:0 0 0 0 99999999999999999999 1
            \(good)
            """
        #expect(ListeningPort.parse(bytes(text), .tcp).map(\.inode) == [7])
        #expect(OpenSockets.socket(link: slice("socket:[]")) == nil)
        #expect(OpenSockets.socket(link: slice("socket:[1")) == nil)
        #expect(OpenSockets.socket(link: slice("socket:[18446744073709551616]")) == nil)
    }

    @Test("Containers are those of the control groups and those of the engines' folders")
    func containers() throws {
        let reading = try Container.all(Fixture.debian)
        #expect(
            reading.value.map {
                "\($0.engine.rawValue) \($0.identifier.prefix(4)) \($0.name) \($0.image) \($0.processes)"
            }
                == [
                    "docker 0123 shop registry.example.org/shop:1.2 1", "docker fedc   0",
                    "lxc web web  1", "podman fedc db docker.io/library/postgres:16 0",
                ])
        #expect(reading.limitations.isEmpty)
    }

    @Test("Groups of each engine are known, others are no containers")
    func groups() {
        let id = String(repeating: "ab", count: 32)
        func engine(_ path: String) -> Container.Engine? {
            Container.ofProcess(slice("0::\(path)\n"))?.engine
        }
        #expect(engine("/machine.slice/libpod-\(id).scope/container") == .podman)
        #expect(engine("/kubepods.slice/kubepods-pod1.slice/cri-containerd-\(id).scope") == .kubernetes)
        #expect(engine("/kubepods/burstable/pod12-34/\(id)") == .kubernetes)
        #expect(engine("/lxc.payload.db/system.slice") == .lxc)
        #expect(engine("/machine.slice/systemd-nspawn@deb.service/payload") == .nspawn)
        for path in ["/", "/docker", "/docker/short", "/system.slice/docker.service", "/lxc", "/lxc.payload."] {
            #expect(engine(path) == nil, "\(path)")
        }
    }

    @Test("Services that start with the host are found for systemd, init scripts and OpenRC")
    func enabled() {
        #expect(ServiceDirectory(Fixture.debian).enabled() == ["getty@tty1", "postgresql", "ssh"])
        #expect(ServiceDirectory(Fixture.redHat).enabled() == ["network"])
        #expect(ServiceDirectory(Fixture.alpine).enabled() == ["crond"])
        #expect(ServiceDirectory(Fixture.arch).enabled().isEmpty)
    }

    @Test("All services are listed with their start and state")
    func services() throws {
        let processes = try ProcessTable.all(Fixture.debian).value
        let services = ServiceDirectory(Fixture.debian).all(among: processes)
        #expect(
            services.map { "\($0.name) \($0.start.rawValue) \($0.state.isActive)" } == [
                "getty@tty1 enabled true", "idle disabled false", "masked masked false", "mysql static false",
                "old static false", "postgresql enabled true", "ssh enabled true",
            ])
        #expect(
            ServiceDirectory(Fixture.alpine).all(among: []).map {
                "\($0.name) \($0.start.rawValue) \($0.state.isActive)"
            }
                == ["crond enabled false", "sshd disabled true"])
    }

    @Test("A process file counts while its process lives and is older than the file")
    func processFile() throws {
        try withTemporaryFolder { folder in
            let roots = HostRoots(top: folder)
            try Files.makeFolder(roots.proc)
            try Files.makeFolder(folder.appending("run"))
            try Files.create(folder.appending("run/db.pid"), bytes("801\n"))
            let process = try #require(try ProcessTable.all(Fixture.debian).value.first { $0.identifier == 801 })
            let services = ServiceDirectory(roots)
            try Files.create(roots.proc.appending("stat"), bytes("btime 1000000000\n"))
            #expect(services.state(of: "db", among: [process]) == .active(.processFile(801)))
            #expect(services.state(of: "db", among: []) == .absent)
            // The process began long after the file was written, so the number is another's by now.
            try Files.replace(roots.proc.appending("stat"), with: bytes("btime 99999999999\n"))
            #expect(services.state(of: "db", among: [process]) == .absent)
        }
    }

    @Test("Packages of snap and Flatpak are listed too")
    func bundles() {
        let packages = PackageDatabase.installed(Fixture.debian).value
        #expect(
            packages.filter { $0.manager == .snap } == [
                Package(
                    name: "core", version: "16-2.61.2", architecture: "", description: "snapd runtime environment",
                    manager: .snap)
            ])
        #expect(
            packages.filter { $0.manager == .flatpak } == [
                Package(
                    name: "org.example.Viewer", version: "stable", architecture: "x86_64", description: "",
                    manager: .flatpak)
            ])
    }

    @Test("Updates that wait are the newest of the lists, with those of security marked, without backports")
    func pendingUpdates() {
        let reading = PendingUpdate.all(Fixture.debian)
        #expect(
            reading.value == [
                PendingUpdate(
                    name: "openssh-server", architecture: "amd64", installedVersion: "1:9.2p1-2+deb12u2",
                    availableVersion: "1:9.2p1-2+deb12u5", isSecurity: true)
            ])
        #expect(reading.limitations.isEmpty)
        #expect(PendingUpdate.all(Fixture.alpine).limitations.count == 1)
    }

    @Test("Counts of files and sockets are the kernel's")
    func counts() throws {
        let files = try FileHandleCounts(Fixture.debian)
        #expect([files.allocated, files.free, files.maximum] == [1024, 0, 9_223_372_036_854_775_807])
        let sockets = try SocketCounts(Fixture.debian)
        #expect(
            [
                sockets.all, sockets.tcpInUse, sockets.tcp6InUse, sockets.tcpOrphaned, sockets.tcpTimeWait,
                sockets.tcpAllocated,
            ] == [290, 5, 3, 1, 7, 12])
        #expect(FileHandleCounts(parsing: slice("1 2")) == nil)
        #expect(FileHandleCounts(parsing: slice("1 -2 3")) == nil)
        #expect(SocketCounts(parsing: bytes("TCP: inuse"), version6: []).tcpInUse == 0)
    }

    @Test("JSON is read as RFC 8259 has it, and nothing else")
    func json() {
        func parse(_ text: String) -> JSONText? { JSONText(parsing: bytes(text)) }
        #expect(
            parse(#" {"a" : [1, -2.5e3, true, null], "b":"x\u00e4\ud83d\ude00\n\""} "#)
                == .object([
                    "a": .array([.number("1"), .number("-2.5e3"), .boolean(true), .null]), "b": .string("xä😀\n\""),
                ]))
        #expect(parse(#""\ud83dx""#) == .string("\u{fffd}x"))
        #expect(parse("[]") == .array([]))
        for text in ["", "{", "[1,]", "{\"a\"}", "{a:1}", "\"\n\"", "\"\\x\"", "1 2", "tru", "[1 2]", "-", "\"\\u12\""]
        {
            #expect(parse(text) == nil, "\(text)")
        }
        #expect(parse(String(repeating: "[", count: 100_000)) == nil)
        let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(parse(deep) != nil)
        #expect(parse("[" + deep + "]") == nil)
    }
}
