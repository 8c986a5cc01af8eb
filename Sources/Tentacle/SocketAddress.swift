internal import Glibc

/// An IPv4 or IPv6 address with its port.
struct SocketAddress: Sendable {
    private let storage: sockaddr_storage
    private let length: socklen_t

    /// Copies an address out of a result of getaddrinfo(3); `nil` where it has none that fits.
    init?(_ entry: addrinfo) {
        guard let address = entry.ai_addr, entry.ai_addrlen <= MemoryLayout<sockaddr_storage>.size else { return nil }
        var storage = sockaddr_storage()
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(entry.ai_addrlen)))
        }
        self.storage = storage
        length = entry.ai_addrlen
    }

    /// `AF_INET` or `AF_INET6`.
    var family: CInt { CInt(storage.ss_family) }

    /// Hands the address to a system call.
    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// `192.0.2.1 port 41121`, `2001:db8::1 port 41121`.
    var description: String {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        let result = withPointer {
            getnameinfo(
                $0, $1, &host, socklen_t(host.count), &port, socklen_t(port.count), NI_NUMERICHOST | NI_NUMERICSERV)
        }
        guard result == 0 else { return "an address that cannot be printed" }
        return "\(text(host)) port \(text(port))"
    }
}

private func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
