internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// A stream of bytes to and from the server, with a time limit on each operation.
protocol ByteStream: AnyObject {
    /// Reads some bytes.
    ///
    /// - Returns: How many came; 0 at the end of the stream, be it clean or not.
    func read(into buffer: UnsafeMutableRawBufferPointer, _ waiting: Waiting) throws(TentacleError) -> Int

    /// Writes all bytes.
    func write(_ bytes: UnsafeRawBufferPointer, _ waiting: Waiting) throws(TentacleError)
}

/// A connected TCP socket that never blocks and never raises SIGPIPE.
final class Socket {
    let descriptor: CInt
    /// Why the last attempt to send or receive failed, where it failed for good.
    private(set) var failure: Errno?
    /// Whether the peer has closed its side.
    private(set) var isAtEnd = false
    /// Whether the peer has sent anything.
    private(set) var hasReceived = false
    /// While set, nothing more goes to the peer: what is sent is dropped.
    var isMuted = false

    /// Connects to one address.
    ///
    /// - Throws: The error number that tells why not; `ETIMEDOUT` also where our own limit passed.
    init(
        connectingTo address: SocketAddress, from localAddress: SocketAddress?, _ waiting: Waiting
    ) throws(Errno) {
        descriptor = socket(
            address.family, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        // A line and the bytes of a small file must not wait for each other's acknowledgement.
        var yes: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<CInt>.size))
        if let localAddress, localAddress.withPointer({ bind(descriptor, $0, $1) }) != 0 {
            throw Errno(rawValue: errno)
        }
        if address.withPointer({ connect(descriptor, $0, $1) }) == 0 { return }
        let code = Errno(rawValue: errno)
        // A connect(2) that a signal interrupts goes on by itself, like one that would block.
        guard code == .nowInProgress || code == .interrupted else { throw code }
        do throws(TentacleError) {
            try waiting.wait(for: POLLOUT, on: descriptor)
        } catch {
            if case .lost(_, let code) = error { throw code }
            throw .timedOut
        }
        var result: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &result, &length) == 0 else { throw Errno(rawValue: errno) }
        if result != 0 { throw Errno(rawValue: result) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Sends what goes without waiting.
    ///
    /// - Returns: How many bytes went; `nil` where the socket is full, or failed and ``failure`` says why.
    func sendNow(_ bytes: UnsafeRawBufferPointer) -> Int? {
        if isMuted { return bytes.count }
        return attempt("send") { send(descriptor, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL)) }
    }

    /// Receives what is there.
    ///
    /// - Returns: How many bytes came, 0 at the end; `nil` where nothing is there, or ``failure`` says why it failed.
    func receiveNow(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        let count = attempt("receive") { recv(descriptor, buffer.baseAddress, buffer.count, 0) }
        if let count, !buffer.isEmpty {
            isAtEnd = count == 0
            hasReceived = hasReceived || count > 0
        }
        return count
    }

    private func attempt(_ operation: String, _ body: () -> Int) -> Int? {
        do throws(SystemError) {
            return try systemCall(operation, "the server", body)
        } catch {
            if error.code != .wouldBlock { failure = error.code }
            return nil
        }
    }
}

extension Socket: ByteStream {
    func read(into buffer: UnsafeMutableRawBufferPointer, _ waiting: Waiting) throws(TentacleError) -> Int {
        while true {
            if let count = receiveNow(into: buffer) { return count }
            if let failure { throw .lost(waiting.step, failure) }
            try waiting.wait(for: POLLIN, on: descriptor)
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, _ waiting: Waiting) throws(TentacleError) {
        var rest = bytes
        while !rest.isEmpty {
            if let count = sendNow(rest) {
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            } else if let failure {
                throw .lost(waiting.step, failure)
            } else {
                try waiting.wait(for: POLLOUT, on: descriptor)
            }
        }
    }
}
