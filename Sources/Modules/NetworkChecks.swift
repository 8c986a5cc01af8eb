internal import CommandRunner
internal import Dispatch
internal import Glibc
internal import SystemPackage

/// `module_tcpcheck`: whether a host accepts a connection on a port, at any of its addresses.
struct TCPCheck: Sendable {
    let host: String
    let port: Int
    let timeLimit: Duration

    /// How long one address may take.
    private static let longestAttempt = Duration.seconds(5)

    func measure() async -> Measurement {
        // Name resolution blocks, and must not do so on a thread that other modules need.
        let isOpen = await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: accepts()) }
        }
        return .flag(isOpen)
    }

    private func accepts() -> Bool {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0 else { return false }
        defer { freeaddrinfo(list) }
        let limit = min(timeLimit, Self.longestAttempt)
        return sequence(first: list, next: { $0?.pointee.ai_next }).contains { entry in
            entry.map { accepts($0.pointee, within: limit) } ?? false
        }
    }

    private func accepts(_ address: addrinfo, within limit: Duration) -> Bool {
        let number = socket(
            address.ai_family, address.ai_socktype | Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return false }
        defer { close(number) }
        if connect(number, address.ai_addr, address.ai_addrlen) == 0 { return true }
        guard errno == EINPROGRESS else { return false }
        var waiting = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
        let milliseconds = Int32(clamping: limit.components.seconds * 1000)
        guard poll(&waiting, 1, max(milliseconds, 1)) == 1 else { return false }
        var problem: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(number, SOL_SOCKET, SO_ERROR, &problem, &size) == 0 && problem == 0
    }
}

/// `module_ping`: whether a host answers an ICMP echo request at any of its addresses.
///
/// It is asked through an unprivileged socket where the kernel allows that (icmp(7), net.ipv4.ping_group_range), else by
/// the ping program, which has the right to.
struct Ping: Sendable {
    let host: String
    let count: Int
    let timeout: Duration
    let environment: [String: String]

    func measure() async -> Measurement {
        // Both name resolution and the waiting block, and must not do so on a thread that other modules need.
        let result = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(returning: EchoRequest(host: host, count: count, timeout: timeout).send())
            }
        }
        switch result {
        case .answered: return .flag(true)
        case .silent: return .flag(false)
        case .notAllowed: return await askProgram()
        }
    }

    private func askProgram() async -> Measurement {
        let seconds = max(1, Int(timeout.components.seconds))
        let result = await Command(
            .file("ping", arguments: ["-n", "-q", "-c", "\(count)", "-W", "\(seconds)", "--", host]),
            environment: environment, timeLimit: .seconds(count * (seconds + 1) + 5)
        ).run()
        return switch result.ending {
        case .exited(status: 0): .flag(true)
        case .exited(status: 1): .flag(false)
        case .notStarted:
            .failure(
                "this user may not send ICMP (net.ipv4.ping_group_range) and there is no ping program: install one, such as "
                    + "iputils-ping, or allow the user's group")
        default: .failure(result.failureSentence)
        }
    }
}
