internal import Glibc
internal import Synchronization
internal import SystemFiles
internal import SystemPackage

/// Finds the addresses of a server.
enum Resolver {
    /// Every address that a host name or the text of an IP address stands for, in the system's order of preference.
    static func addresses(
        of host: String, port: UInt16, waiting: Waiting
    ) throws(TentacleError) -> [SocketAddress] {
        if case .success(let addresses) = lookUp(host, port, flags: AI_NUMERICHOST) { return addresses }
        return try Lookup.run(host, port, waiting)
    }

    /// The address that the text of an IP address stands for.
    static func numericAddress(_ text: String) -> SocketAddress? {
        try? lookUp(text, 0, flags: AI_NUMERICHOST).get().first
    }

    fileprivate static func lookUp(
        _ host: String, _ port: UInt16, flags: CInt
    ) -> Result<[SocketAddress], TentacleError> {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        hints.ai_flags = flags | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &list)
        guard result == 0 else {
            let reason =
                result == EAI_SYSTEM
                ? String(describing: Errno(rawValue: errno)) : String(cString: gai_strerror(result))
            return .failure(.nameNotResolved(host: host, reason: reason))
        }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var entry = list
        while let current = entry {
            if let address = SocketAddress(current.pointee) { addresses.append(address) }
            entry = current.pointee.ai_next
        }
        return .success(addresses)
    }
}

/// A look-up on a thread of its own: getaddrinfo(3) has no time limit, so a caller that gives up leaves it behind.
private final class Lookup: Sendable {
    private let host: String
    private let port: UInt16
    private let result = Mutex<Result<[SocketAddress], TentacleError>?>(nil)
    // The thread closes the writing end when the result is there.
    private let end: CInt

    private init(_ host: String, _ port: UInt16, closingWhenDone end: CInt) {
        self.host = host
        self.port = port
        self.end = end
    }

    static func run(_ host: String, _ port: UInt16, _ waiting: Waiting) throws(TentacleError) -> [SocketAddress] {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw .lost(.resolving, Errno(rawValue: errno)) }
        defer { close(ends[0]) }
        let lookup = Lookup(host, port, closingWhenDone: ends[1])
        guard WaitingThread.begin({ lookup.perform() }) else {
            close(ends[1])
            throw .lost(.resolving, .resourceTemporarilyUnavailable)
        }
        try waiting.wait(for: POLLIN, on: ends[0])
        guard let result = lookup.result.withLock(\.self) else { throw .lost(.resolving, .ioError) }
        return try result.get()
    }

    private func perform() {
        let found = Resolver.lookUp(host, port, flags: 0)
        result.withLock { $0 = found }
        close(end)
    }
}
