internal import Confinement
internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// A port that takes what others send: a TCP socket that listens, or a UDP socket that is bound and not connected (proc(5),
/// /proc/net/tcp and its like).
public struct ListeningPort: Sendable, Hashable {
    /// The protocol.
    public enum Transport: String, Sendable, Hashable, CaseIterable {
        /// TCP over IPv4.
        case tcp
        /// TCP over IPv6, and over IPv4 where the socket takes both.
        case tcp6
        /// UDP over IPv4.
        case udp
        /// UDP over IPv6, and over IPv4 where the socket takes both.
        case udp6
    }

    /// The protocol.
    public let transport: Transport
    /// The address that it is bound to; `0.0.0.0` and `::` stand for all.
    public let address: String
    /// The port's number.
    public let port: UInt16
    /// The user who opened it.
    public let user: UInt32
    /// The process that has it, the one with the lowest number where several share it; `nil` where it could not be seen.
    public internal(set) var process: Int32?
    /// The process's program; `nil` where it could not be seen.
    public internal(set) var program: String?
    /// The socket's number in the kernel's tables.
    let inode: UInt64

    /// Whether only the host itself can reach it.
    public var isLoopback: Bool {
        address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
    }
}

extension ListeningPort {
    /// The ports of this network namespace, in the order of the kernel's tables, with the processes that have them.
    public static func all(_ roots: HostRoots = .system) throws(Limitation) -> Reading<[ListeningPort]> {
        var ports: [ListeningPort] = []
        var limitations: [Limitation] = []
        for transport in Transport.allCases {
            do throws(SystemError) {
                let bytes = try Files.read(roots.proc.appending("net/\(transport.rawValue)"), limit: SizeLimit.table)
                ports += parse(bytes, transport)
            } catch {
                if error.code != .noSuchFileOrDirectory {
                    limitations.append(Limitation("the listening ports of \(transport.rawValue)", error))
                }
            }
        }
        var owners: [UInt64: SocketOwner] = [:]
        do throws(SystemError) {
            owners = try SocketOwner.find(Set(ports.map(\.inode)), roots, &limitations)
        } catch {
            limitations.append(Limitation(.socketOwners, error))
        }
        for index in ports.indices {
            guard let owner = owners[ports[index].inode] else { continue }
            ports[index].process = owner.process
            ports[index].program = owner.program
        }
        return Reading(ports, limitations: limitations)
    }

    /// Columns: number, local address:port, remote address:port, state, queues, timer, retransmissions, user, timeout, inode.
    static func parse(_ bytes: [UInt8], _ transport: Transport) -> [ListeningPort] {
        let isTCP = transport == .tcp || transport == .tcp6
        // TCP_LISTEN, and TCP_CLOSE, which is what a socket of UDP without a connection has.
        let wantedState: UInt8 = isTCP ? 0x0a : 0x07
        var ports: [ListeningPort] = []
        bytes.forEachLine { line in
            let columns = line.split(separator: Byte.space, maxSplits: 10)
            guard columns.count >= 10, columns[3].hexadecimal(as: UInt8.self) == wantedState,
                let (local, portDigits) = columns[1].cut(at: Byte.colon),
                let port = portDigits.hexadecimal(as: UInt16.self),
                let (_, remotePort) = columns[2].cut(at: Byte.colon), remotePort.hexadecimal(as: UInt16.self) == 0,
                let address = address(local), let user = columns[7].decimal(as: UInt32.self),
                let inode = columns[9].decimal(as: UInt64.self)
            else { return }
            ports.append(
                ListeningPort(
                    transport: transport, address: address, port: port, user: user, process: nil, program: nil,
                    inode: inode))
        }
        return ports
    }

    /// Words of 32 bits, each printed as a number in the machine's own byte order.
    private static func address(_ digits: Bytes) -> String? {
        if digits.count == 8 { return IPText.version4(kernelHexadecimal: digits) }
        guard digits.count == 32 else { return nil }
        var address = in6_addr()
        for index in 0..<4 {
            guard let word = digits.dropFirst(index * 8).prefix(8).hexadecimal(as: UInt32.self) else { return nil }
            withUnsafeMutableBytes(of: &address) { $0.storeBytes(of: word, toByteOffset: index * 4, as: UInt32.self) }
        }
        return IPText.version6(&address)
    }
}

/// The process that has a socket open.
struct SocketOwner: Sendable, Hashable {
    let process: Int32
    let program: String

    /// Looks through the open files of the processes for sockets, until all that are wanted are found.
    static func find(
        _ wanted: Set<UInt64>, _ roots: HostRoots, _ limitations: inout [Limitation]
    ) throws(SystemError) -> [UInt64: SocketOwner] {
        // The kernel's own sockets have no number.
        var missing = wanted.subtracting([0])
        var owners: [UInt64: SocketOwner] = [:]
        var refusal: SystemError?
        var folder = try FolderReader(roots.proc)
        for process in try folder.numbers().sorted() {
            if missing.isEmpty { break }
            let sockets: [UInt64]
            do throws(SystemError) {
                let files = roots.proc.appending("\(process)/fd")
                sockets = try EarlierThread.read {
                    Result { () throws(SystemError) in try OpenSockets.list(files) }
                }.get()
            } catch {
                if error.code == .permissionDenied { refusal = refusal ?? error }
                continue
            }
            let found = sockets.filter { missing.remove($0) != nil }
            guard !found.isEmpty else { continue }
            let program = try? folder.read("\(process)/comm", limit: 256) { $0.trimmed.text }
            for socket in found { owners[socket] = SocketOwner(process: process, program: program ?? "") }
        }
        if !missing.isEmpty, let refusal { limitations.append(Limitation(.socketOwners, refusal)) }
        return owners
    }
}

/// The sockets among the open files of a process.
enum OpenSockets {
    /// The numbers of the sockets to which the links of the folder lead.
    static func list(_ path: FilePath) throws(SystemError) -> [UInt64] {
        let folder = try FolderReader(path)
        var sockets: [UInt64] = []
        for number in try folder.numbers() {
            if let socket = folder.withLink("\(number)", { socket(link: $0) }) ?? nil { sockets.append(socket) }
        }
        return sockets
    }

    /// The number of `socket:[12345]`.
    static func socket(link: Bytes) -> UInt64? {
        guard let rest = link.dropping(prefix: "socket:["), rest.last == UInt8(ascii: "]") else { return nil }
        return rest.dropLast().decimal()
    }
}
