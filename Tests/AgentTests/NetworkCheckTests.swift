import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("module_tcpcheck and module_ping")
struct NetworkCheckTests {
    /// A socket that listens on a port of this host, or is bound and does not.
    private struct Listener {
        let descriptor: Int32
        let port: UInt16

        init(family: Int32 = AF_INET, backlog: Int32? = 8) throws {
            descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_storage()
            address.ss_family = sa_family_t(family)
            var length = socklen_t(
                family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size)
            withUnsafeMutableBytes(of: &address) { bytes in
                if family == AF_INET {
                    bytes.storeBytes(of: UInt32(0x7F00_0001).bigEndian, toByteOffset: 4, as: UInt32.self)
                } else {
                    // ::1
                    bytes[23] = 1
                }
            }
            let number = descriptor
            let isBound = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    bind(number, address, length) == 0 && getsockname(number, address, &length) == 0
                }
            }
            try #require(isBound, "\(String(cString: strerror(errno)))")
            port = withUnsafeBytes(of: &address) { UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self)) }
            if let backlog { try #require(listen(descriptor, backlog) == 0) }
        }

        func close() { Glibc.close(descriptor) }
    }

    private func values(
        _ folder: FilePath, _ modules: [String], environment: [String: String] = [:]
    ) async throws -> [String: String] {
        let agent = try AgentUnderTest(in: folder, modules.joined(separator: "\n"))
        #expect(await agent.run("run", environment: environment).status == 0)
        return Dictionary(uniqueKeysWithValues: try await agent.received().map { ($0.name, $0.text) })
    }

    private func tcp(_ name: String, _ host: String, _ port: UInt16) -> String {
        module(
            name, "module_type generic_proc", "module_tcpcheck \(host)", "module_port \(port)", "module_timeout 1")
    }

    @Test("A port that is open is 1, in both versions of IP and by name; a closed one and an unknown host are 0")
    func ports() async throws {
        try await withTemporaryFolder { folder in
            let listener = try Listener()
            defer { listener.close() }
            let listener6 = try Listener(family: AF_INET6)
            defer { listener6.close() }
            // Bound and not listening: nobody else can have it meanwhile.
            let closed = try Listener(backlog: nil)
            defer { closed.close() }
            let values = try await values(
                folder,
                [
                    tcp("4", "127.0.0.1", listener.port), tcp("6", "::1", listener6.port),
                    tcp("name", "localhost", listener.port), tcp("closed", "127.0.0.1", closed.port),
                    tcp("unknown", "host.invalid", listener.port),
                ])
            #expect(values == ["4": "1", "6": "1", "name": "1", "closed": "0", "unknown": "0"])
        }
    }

    @Test("A host that does not answer at all is 0 when the time is over")
    func timeout() async throws {
        try await withTemporaryFolder { folder in
            // Once its queue is full, the kernel drops what more comes.
            let full = try Listener(backlog: 0)
            defer { full.close() }
            var connections: [Int32] = []
            defer { connections.forEach { close($0) } }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = full.port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            for _ in 0..<8 {
                let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
                connections.append(number)
                _ = withUnsafePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                    }
                }
            }
            let values = try await values(folder, [tcp("full", "127.0.0.1", full.port)])
            #expect(values == ["full": "0"])
        }
    }

    private let ownPings = [
        module("4", "module_type generic_proc", "module_ping 127.0.0.1"),
        module("6", "module_type generic_proc", "module_ping ::1", "module_ping_count 2"),
    ]

    @Test("A host that answers is 1, by whichever way this system allows")
    func ping() async throws {
        try await withTemporaryFolder { folder in
            let values = try await values(folder, ownPings)
            #expect(values == ["4": "1", "6": "1"])
        }
    }

    @Test(
        "Where the kernel lets the group ask, no ping program is needed; where it does not and there is none, it is said",
        .enabled(if: NetworkCheckTests.canMakeNamespaces, "only root can make a network namespace, and not everywhere"))
    func socketAlone() async throws {
        try await withTemporaryFolder { folder in
            // TEST-NET-1 and TEST-NET-2 (RFC 5737), which no host has: one swallows what is sent, no way leads to the other.
            let nobody = [
                module(
                    "silent", "module_type generic_proc", "module_ping 192.0.2.1", "module_ping_count 2",
                    "module_ping_timeout 50"),
                module("no way", "module_type generic_proc", "module_ping 198.51.100.1"),
            ]
            let agent = try AgentUnderTest(in: folder, (ownPings + nobody).joined(separator: "\n"))
            // No ping program is on this PATH.
            let bin = folder.appending("bin")
            try Files.makeFolder(bin)
            func run(allowing range: String) async -> CommandResult {
                let script = """
                    ip link set lo up && ip route add 192.0.2.0/24 dev lo && echo '\(range)' > /proc/sys/net/ipv4/ping_group_range &&
                    PATH='\(bin)' exec '\(AgentUnderTest.program)' "$@"
                    """
                return await AgentUnderTest.run(
                    "/usr/bin/env",
                    ["unshare", "--net", "/bin/sh", "-c", script, "sh"]
                        + agent.words(["run", "--summary"]))
            }
            let allowed = await run(allowing: "0 0")
            #expect(allowed.status == 0, "\(allowed.complaint)")
            let values = Dictionary(uniqueKeysWithValues: try await agent.received().map { ($0.name, $0.text) })
            #expect(values == ["4": "1", "6": "1", "silent": "0", "no way": "0"])
            let denied = await run(allowing: "1 0")
            #expect(denied.text.contains("this user may not send ICMP"))
        }
    }

    /// Whether `unshare` may do what the test needs.
    private static let canMakeNamespaces: Bool = {
        let words = ["unshare", "--net", "true"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var child = pid_t()
        var status: Int32 = -1
        guard geteuid() == 0, posix_spawnp(&child, "unshare", nil, nil, &arguments, environ) == 0 else { return false }
        waitpid(child, &status, 0)
        return status == 0
    }()
}
