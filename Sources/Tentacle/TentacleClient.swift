internal import Glibc
internal import SystemPackage

/// A client of a Tentacle server.
///
/// It is synchronous: each call returns when it is done or a limit of ``TimeLimits`` has passed.
/// ```swift
/// let client = TentacleClient(TentacleServer(host: "monitoring.example"))
/// let connection = try client.connect()
/// try connection.send(.bytes(data), as: TentacleFileName("host.1.data"))
/// connection.quit()
/// ```
public struct TentacleClient: Sendable {
    /// The server.
    public let server: TentacleServer

    /// A client of a server; nothing happens before ``connect()``.
    public init(_ server: TentacleServer) {
        self.server = server
    }

    /// Connects, makes the TLS handshake and gives the password.
    ///
    /// Have the file ready before: servers close a connection on which nothing happens for four seconds.
    public func connect() throws(TentacleError) -> TentacleConnection {
        let context = try TLSContext(server.security, host: server.host)
        let waiting = Waiting(.resolving, idle: server.limits.idle, whole: server.limits.total)
        let (socket, address) = try openSocket(waiting)
        try openTunnel(socket, waiting)
        guard let context else {
            return try TentacleConnection(
                over: socket, with: TentaclePeer(address: address, tls: nil), server, waiting)
        }
        let stream = try TLSStream(
            over: socket, context, host: server.host, waiting.next(.handshake, within: server.limits.handshake))
        return try TentacleConnection(
            over: stream, with: TentaclePeer(address: address, tls: stream.facts), server, waiting)
    }

    /// Asks the proxy, where there is one, for a tunnel to the server.
    private func openTunnel(_ socket: Socket, _ waiting: Waiting) throws(TentacleError) {
        guard let proxy = server.proxy else { return }
        let waiting = waiting.next(.proxy)
        var failure: TentacleError?
        proxy.request(host: server.host, port: server.port).withUnsafeBytes { bytes in
            do throws(TentacleError) { try socket.write(bytes, waiting) } catch { failure = error }
        }
        if let failure { throw failure }
        var head = ProxyAnswer()
        var byte: UInt8 = 0
        while !head.isComplete {
            // Byte by byte: what follows the blank line belongs to the server.
            let count = try withUnsafeMutableBytes(of: &byte) { buffer throws(TentacleError) in
                try socket.read(into: buffer, waiting)
            }
            if count == 0 { throw .closed(.proxy) }
            guard head.add(byte) else { throw .proxyRefused(statusLine: head.statusLine) }
        }
        if !head.isSuccess { throw .proxyRefused(statusLine: head.statusLine) }
    }

    /// Tries the server's addresses one after the other.
    private func openSocket(_ waiting: Waiting) throws(TentacleError) -> (Socket, address: String) {
        let addresses = try Resolver.addresses(
            of: server.proxy?.host ?? server.host, port: server.proxy?.port ?? server.port,
            waiting: waiting.next(.resolving, within: server.limits.connect))
        let localAddress = server.localAddress.flatMap(Resolver.numericAddress)
        if let text = server.localAddress, localAddress == nil { throw .unusableLocalAddress(text) }
        let usable = addresses.filter { localAddress == nil || $0.family == localAddress?.family }
        if usable.isEmpty { throw .unusableLocalAddress(server.localAddress ?? "") }

        var failures: [TentacleError.FailedAddress] = []
        for address in usable {
            do throws(Errno) {
                let socket = try Socket(
                    connectingTo: address, from: localAddress,
                    waiting.next(.connecting, within: server.limits.connect))
                return (socket, address.description)
            } catch {
                failures.append(.init(address: address.description, code: error))
            }
        }
        throw .notConnected(failures)
    }
}
