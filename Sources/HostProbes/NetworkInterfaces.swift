internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// A network interface.
public struct NetworkInterface: Sendable, Hashable {
    /// The name, such as `eth0`.
    public let name: String
    /// The hardware address as six pairs of hexadecimal digits; `nil` where it has none.
    public let hardwareAddress: String?
    /// The addresses, in the order of the kernel.
    public var addresses: [InterfaceAddress]
    /// Bytes received and sent since the interface was made; `nil` where the kernel does not count them.
    public let counters: InterfaceCounters?
    /// Whether it is the host's link to itself.
    public let isLoopback: Bool
}

/// An address of an interface.
public struct InterfaceAddress: Sendable, Hashable {
    /// The address as text, without prefix and zone: `192.0.2.1`, `2001:db8::1`.
    public let text: String
    /// The length of the network's prefix, in bits.
    public let prefixLength: Int
    /// Whether it belongs to the sixth version of the protocol.
    public let isVersion6: Bool
}

/// What an interface counted (proc(5), /proc/net/dev). The numbers may start again from 0.
public struct InterfaceCounters: Sendable, Hashable {
    /// Bytes received.
    public let receivedBytes: UInt64
    /// Bytes sent.
    public let sentBytes: UInt64
}

extension NetworkInterface {
    /// The interfaces, in the order of /proc/net/dev. Their addresses come from getifaddrs(3), so they are known on the
    /// running system only.
    public static func all(_ roots: HostRoots = .system) throws(Limitation) -> [NetworkInterface] {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try Files.read(roots.proc.appending("net/dev"), limit: SizeLimit.table)
        } catch {
            throw Limitation("the network interfaces", error)
        }
        let addresses = roots.isRunningSystem ? try InterfaceAddress.ofRunningSystem() : [:]
        return parseCounters(bytes).map { name, counters in
            let hardware = (try? Files.value(roots.sys.appending("class/net/\(name)/address")))?.text ?? ""
            let isUnset = hardware.isEmpty || hardware.utf8.allSatisfy { $0 == UInt8(ascii: "0") || $0 == Byte.colon }
            return NetworkInterface(
                name: name, hardwareAddress: isUnset ? nil : hardware, addresses: addresses[name] ?? [],
                counters: counters, isLoopback: name == "lo")
        }
    }

    /// All addresses but those of the host's link to itself, IPv4 before IPv6, each once: what `address auto` stands for.
    public static func publicAddresses(of interfaces: [NetworkInterface]) -> [String] {
        let addresses = interfaces.filter { !$0.isLoopback }.flatMap(\.addresses)
        var seen: Set<String> = []
        return (addresses.filter { !$0.isVersion6 } + addresses.filter(\.isVersion6)).map(\.text)
            .filter { seen.insert($0).inserted }
    }

    /// The bytes received and sent by all interfaces but the host's link to itself, as one ever-growing number.
    public static func totalBytes(of interfaces: [NetworkInterface]) -> UInt64 {
        interfaces.filter { !$0.isLoopback }.compactMap(\.counters).reduce(0) {
            $0.addingSaturating($1.receivedBytes).addingSaturating($1.sentBytes)
        }
    }

    /// Parses /proc/net/dev: two lines of headings, then a name, a colon, eight columns of what came (bytes first), eight of
    /// what went.
    static func parseCounters(_ bytes: [UInt8]) -> [(name: String, counters: InterfaceCounters?)] {
        bytes.lines.dropFirst(2).compactMap { line in
            // The name may hold a colon (an alias of old), the counters cannot.
            guard let colon = line.lastIndex(of: Byte.colon) else { return nil }
            let name = line[..<colon].trimmed
            // A name with a slash would lead out of the folder of interfaces.
            guard !name.isEmpty, !name.contains(Byte.slash), !name.equals("."), !name.equals("..") else { return nil }
            let numbers = line[(colon + 1)...].words
            guard numbers.count > 8, let received = numbers[0].decimal(as: UInt64.self),
                let sent = numbers[8].decimal(as: UInt64.self)
            else { return (name.text, nil) }
            return (name.text, InterfaceCounters(receivedBytes: received, sentBytes: sent))
        }
    }
}

extension InterfaceAddress {
    /// The addresses of each interface by its name (getifaddrs(3)).
    static func ofRunningSystem() throws(Limitation) -> [String: [InterfaceAddress]] {
        var list: UnsafeMutablePointer<ifaddrs>?
        do throws(SystemError) {
            try systemCall("list the addresses of interfaces", nil) { getifaddrs(&list) }
        } catch {
            throw Limitation("the addresses of the network interfaces", error)
        }
        defer { freeifaddrs(list) }
        var addresses: [String: [InterfaceAddress]] = [:]
        var next = list
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard let name = entry.ifa_name, let socketAddress = entry.ifa_addr,
                let text = numericText(of: socketAddress)
            else { continue }
            let isVersion6 = Int32(socketAddress.pointee.sa_family) == AF_INET6
            addresses[String(cString: name), default: []].append(
                InterfaceAddress(
                    text: text, prefixLength: prefixLength(of: entry.ifa_netmask, isVersion6: isVersion6),
                    isVersion6: isVersion6))
        }
        return addresses
    }

    private static func numericText(of address: UnsafeMutablePointer<sockaddr>) -> String? {
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { IPText.version4(&$0.pointee.sin_addr) }
        case AF_INET6:
            address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { IPText.version6(&$0.pointee.sin6_addr) }
        default:
            nil
        }
    }

    private static func prefixLength(of mask: UnsafeMutablePointer<sockaddr>?, isVersion6: Bool) -> Int {
        guard let mask else { return isVersion6 ? 128 : 32 }
        func ones(_ bytes: UnsafeRawBufferPointer) -> Int { bytes.reduce(0) { $0 + $1.nonzeroBitCount } }
        if isVersion6 {
            return mask.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                withUnsafeBytes(of: &$0.pointee.sin6_addr, ones)
            }
        }
        return mask.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
            withUnsafeBytes(of: &$0.pointee.sin_addr, ones)
        }
    }
}

/// Addresses as text (inet_ntop(3)).
enum IPText {
    static func version4(_ address: UnsafeMutablePointer<in_addr>) -> String? { text(AF_INET, address) }

    static func version6(_ address: UnsafeMutablePointer<in6_addr>) -> String? { text(AF_INET6, address) }

    /// The text of an address that the kernel's tables print as one number in the machine's own byte order.
    static func version4(kernelHexadecimal digits: Bytes) -> String? {
        guard digits.count == 8, let number = digits.hexadecimal(as: UInt32.self) else { return nil }
        var address = in_addr(s_addr: number)
        return version4(&address)
    }

    /// The text of an address of 32 hexadecimal digits in the order of the network.
    static func version6(hexadecimal digits: Bytes) -> String? {
        guard digits.count == 32, let high = digits.prefix(16).hexadecimal(as: UInt64.self),
            let low = digits.suffix(16).hexadecimal(as: UInt64.self)
        else { return nil }
        var address = in6_addr()
        withUnsafeMutableBytes(of: &address) { bytes in
            bytes.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
            bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return version6(&address)
    }

    private static func text(_ family: Int32, _ address: UnsafeRawPointer) -> String? {
        let characters = [CChar](unsafeUninitializedCapacity: Int(INET6_ADDRSTRLEN)) { buffer, count in
            let written = inet_ntop(family, address, buffer.baseAddress, socklen_t(INET6_ADDRSTRLEN))
            count = written.map { strlen($0) } ?? 0
        }
        return characters.isEmpty ? nil : String(decoding: characters.lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
