internal import COpenSSL

/// OpenSSL's way to the socket. Its own socket BIO writes with write(2), which raises SIGPIPE in the whole process.
enum SocketBIO {
    /// Makes a BIO that does not own the socket, which must outlive it.
    static func make(_ socket: Socket) -> OpaquePointer? {
        guard let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, Unmanaged.passUnretained(socket).toOpaque())
        BIO_set_init(bio, 1)
        return bio
    }

    // Made once, never changed, never freed.
    nonisolated(unsafe) private static let method: OpaquePointer? = {
        let method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "pandora-agent socket")
        BIO_meth_set_write(method) { bio, bytes, count in
            BIO_clear_flags(bio, retryFlags)
            guard let socket = socket(bio), let bytes, count >= 0 else { return -1 }
            if let sent = socket.sendNow(UnsafeRawBufferPointer(start: bytes, count: Int(count))) { return CInt(sent) }
            if socket.failure == nil { BIO_set_flags(bio, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY) }
            return -1
        }
        BIO_meth_set_read(method) { bio, bytes, count in
            BIO_clear_flags(bio, retryFlags)
            guard let socket = socket(bio), let bytes, count >= 0 else { return -1 }
            let buffer = UnsafeMutableRawBufferPointer(start: bytes, count: Int(count))
            if let received = socket.receiveNow(into: buffer) { return CInt(received) }
            if socket.failure == nil { BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY) }
            return -1
        }
        BIO_meth_set_ctrl(method) { bio, command, _, _ in
            switch command {
            case BIO_CTRL_FLUSH: 1
            case BIO_CTRL_EOF: socket(bio)?.isAtEnd == true ? 1 : 0
            default: 0
            }
        }
        return method
    }()
}

private let retryFlags = BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY

private func socket(_ bio: OpaquePointer?) -> Socket? {
    BIO_get_data(bio).map { Unmanaged<Socket>.fromOpaque($0).takeUnretainedValue() }
}
