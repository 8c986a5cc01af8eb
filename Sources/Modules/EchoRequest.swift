internal import Glibc

/// ICMP echo requests to a host (RFC 792, RFC 4443) through unprivileged sockets (icmp(7)).
struct EchoRequest: Sendable {
    /// What came of them.
    enum Result: Sendable, Hashable {
        /// An answer came.
        case answered
        /// None came, or the host has no address that can be reached.
        case silent
        /// The kernel does not let this user ask.
        case notAllowed
    }

    let host: String
    /// How many requests each address gets until one is answered.
    let count: Int
    /// How long each is waited for.
    let timeout: Duration

    /// Sends requests until one is answered; it blocks until then.
    func send() -> Result {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return .silent }
        defer { freeaddrinfo(list) }
        var result = Result.silent
        for entry in sequence(first: list, next: { $0?.pointee.ai_next }) {
            guard let address = entry?.pointee, let family = Family(rawValue: address.ai_family) else { continue }
            switch send(to: address, family) {
            case .answered: return .answered
            case .notAllowed: result = .notAllowed
            case .silent: break
            }
        }
        return result
    }

    private func send(to address: addrinfo, _ family: Family) -> Result {
        let number = socket(
            family.rawValue, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue),
            family.protocolNumber)
        // Where no way leads there, nobody's permission would help.
        guard number >= 0 else { return hasRoute(to: address) ? .notAllowed : .silent }
        defer { close(number) }
        // Connected, the socket takes answers of this host alone, and errors such as "host unreachable".
        guard connect(number, address.ai_addr, address.ai_addrlen) == 0 else { return .silent }
        var generator = SystemRandomNumberGenerator()
        let marker = withUnsafeBytes(of: generator.next()) { Array($0) }
        for sequence in 1...UInt16(clamping: max(1, count)) {
            let request = family.request(sequence: sequence, marker: marker)
            let isSent = request.withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, 0) } == request.count
            if isSent, isAnswered(on: number, by: ContinuousClock.now + timeout, { family.isAnswer($0, to: request) }) {
                return .answered
            }
        }
        return .silent
    }

    /// Whether the kernel knows a way to an address: to connect a UDP socket sends nothing.
    private func hasRoute(to address: addrinfo) -> Bool {
        let number = socket(address.ai_family, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return false }
        defer { close(number) }
        // Any port will do.
        var target = sockaddr_storage()
        let length = min(Int(address.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
        memcpy(&target, address.ai_addr, length)
        withUnsafeMutableBytes(of: &target) { $0.storeBytes(of: UInt16(9).bigEndian, toByteOffset: 2, as: UInt16.self) }
        return withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(number, $0, socklen_t(length)) == 0 }
        }
    }

    /// Waits for a datagram that is the answer. Answers to earlier requests, which came too late, are passed over.
    private func isAnswered(
        on number: Int32, by deadline: ContinuousClock.Instant, _ isAnswer: ([UInt8]) -> Bool
    ) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 1500)
        while true {
            let (seconds, attoseconds) = (deadline - .now).components
            let left = seconds * 1000 + attoseconds / 1_000_000_000_000_000
            guard left > 0 else { return false }
            var waiting = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            let ready = poll(&waiting, 1, Int32(clamping: left))
            if ready < 0, errno == EINTR { continue }
            guard ready == 1 else { return false }
            let length = buffer.withUnsafeMutableBytes { recv(number, $0.baseAddress, $0.count, 0) }
            if length < 0, errno != EAGAIN, errno != EINTR { return false }
            if length > 0, isAnswer(Array(buffer.prefix(length))) { return true }
        }
    }
}

extension EchoRequest {
    /// The version of IP, which decides the numbers of the messages.
    enum Family: Sendable, Hashable {
        case version4, version6

        init?(rawValue: Int32) {
            switch rawValue {
            case AF_INET: self = .version4
            case AF_INET6: self = .version6
            default: return nil
            }
        }

        var rawValue: Int32 { self == .version4 ? AF_INET : AF_INET6 }

        /// IPPROTO_ICMP and IPPROTO_ICMPV6.
        var protocolNumber: Int32 { self == .version4 ? 1 : 58 }

        private var requestType: UInt8 { self == .version4 ? 8 : 128 }
        private var answerType: UInt8 { self == .version4 ? 0 : 129 }

        /// A message: type, code, checksum, identifier, sequence number, data. The kernel fills in checksum and
        /// identifier.
        func request(sequence: UInt16, marker: [UInt8]) -> [UInt8] {
            [requestType, 0, 0, 0, 0, 0, UInt8(sequence >> 8), UInt8(sequence & 0xFF)] + marker
        }

        /// Whether a message answers a request: the same sequence number and data.
        func isAnswer(_ message: [UInt8], to request: [UInt8]) -> Bool {
            message.first == answerType && message.count == request.count
                && message.dropFirst(6).elementsEqual(request.dropFirst(6))
        }
    }
}
