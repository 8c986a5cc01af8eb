import COpenSSL
import Glibc
import SystemPackage

/// POLLRDHUP of poll(2), which glibc shows only to programs that ask for GNU extensions.
private let readHangUp: Int16 = 0x2000

/// One connection of the double: bytes in and out, with TLS or without, and its fault.
final class ServerChannel {
    /// Why a connection ends; the reasons other than a failed handshake make no difference.
    enum Ended: Error {
        case silently
        case handshakeFailed(String)
    }

    private let descriptor: CInt
    private let behaviour: TentacleServerDouble.Behaviour
    private let fault: TentacleServerDouble.Fault?
    private var tls: OpaquePointer?
    private var exchanged = 0
    private var answers = 0

    init(_ descriptor: CInt, _ behaviour: TentacleServerDouble.Behaviour, fault: TentacleServerDouble.Fault?) {
        self.descriptor = descriptor
        self.behaviour = behaviour
        self.fault = fault
    }

    deinit {
        // No close_notify: real servers send none.
        SSL_free(tls)
    }

    /// Makes the TLS handshake, where the server has TLS.
    func start(_ context: ServerTLSContext?) throws {
        // What was sent has left before the connection is reset.
        var yes: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<CInt>.size))
        if let action = fault?.atStart { try fail(action) }
        guard let context else { return }
        ERR_clear_error()
        tls = SSL_new(context.pointer)
        SSL_set_fd(tls, descriptor)
        if SSL_accept(tls) != 1 {
            let code = ERR_get_error()
            throw Ended.handshakeFailed(ERR_reason_error_string(code).map { String(cString: $0) } ?? "closed")
        }
        if fault?.renegotiates == true { renegotiate() }
    }

    /// Asks for another handshake, which a client may ignore.
    private func renegotiate() {
        SSL_renegotiate(tls)
        SSL_do_handshake(tls)
    }

    /// Reads what is there, `count` bytes at most; waits for the first one as long as the idle limit allows.
    func read(_ count: Int) throws -> [UInt8] {
        let allowed = try allowance(count)
        if tls == nil || SSL_pending(tls) == 0 {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&entry, 1, behaviour.idleLimit) != 1 { throw Ended.silently }
        }
        let bytes = [UInt8](unsafeUninitializedCapacity: allowed) { buffer, length in
            let got =
                tls == nil
                ? recv(descriptor, buffer.baseAddress, allowed, 0)
                : Int(SSL_read(tls, buffer.baseAddress, CInt(allowed)))
            length = max(0, got)
        }
        if bytes.isEmpty { throw Ended.silently }
        exchanged += bytes.count
        return bytes
    }

    /// Sends an answer, or what the fault puts in its place.
    func answer(_ text: String) throws {
        defer { answers += 1 }
        let bytes = fault?.answers[answers] ?? Array("\(text)\n".utf8)
        guard let pause = fault?.trickle else { return try write(bytes) }
        for byte in bytes {
            try write([byte])
            poll(nil, 0, pause)
        }
    }

    /// Sends a file.
    func send(body: [UInt8]) throws {
        var body = body
        if fault?.damagesBodies == true, !body.isEmpty { body[body.count / 2] ^= 0xFF }
        try write(body)
    }

    /// Sends bytes.
    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(try allowance(rest.count)))
            let count =
                tls == nil
                ? Glibc.send(descriptor, piece, piece.count, CInt(MSG_NOSIGNAL))
                : Int(SSL_write(tls, piece, CInt(piece.count)))
            if count <= 0 { throw Ended.silently }
            exchanged += count
            rest = rest.dropFirst(count)
        }
        if let after = fault?.after, exchanged >= after.bytes { try fail(after.action) }
    }

    /// How many bytes may pass before the fault strikes.
    private func allowance(_ count: Int) throws -> Int {
        guard let after = fault?.after else { return count }
        if exchanged >= after.bytes { try fail(after.action) }
        return min(count, after.bytes - exchanged)
    }

    private func fail(_ action: TentacleServerDouble.Fault.Action) throws -> Never {
        switch action {
        case .close:
            break
        case .reset:
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        case .stall:
            // Until the client leaves, or the double is stopped.
            var entry = pollfd(fd: descriptor, events: readHangUp, revents: 0)
            poll(&entry, 1, 60_000)
        }
        throw Ended.silently
    }
}

/// The server's certificate and what it asks of clients, as OpenSSL keeps it.
final class ServerTLSContext: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ tls: TentacleServerDouble.TLS) throws {
        struct Unusable: Error {
            let file: String
        }
        guard let context = SSL_CTX_new(TLS_server_method()) else { throw Unusable(file: "context") }
        pointer = context
        // As a server that refuses nothing for its age, so that the client's own limits are seen.
        SSL_CTX_set_cipher_list(context, "DEFAULT:@SECLEVEL=0")
        _ = SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_VERSION), nil)
        _ = SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, tls.newestVersion, nil)
        guard SSL_CTX_use_certificate_chain_file(context, tls.certificate.string) == 1 else {
            throw Unusable(file: tls.certificate.string)
        }
        guard SSL_CTX_use_PrivateKey_file(context, tls.key.string, SSL_FILETYPE_PEM) == 1 else {
            throw Unusable(file: tls.key.string)
        }
        switch tls.clientCertificates {
        case .notAsked:
            break
        case .asked(let authorities):
            SSL_CTX_load_verify_file(context, authorities.string)
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        case .required(let authorities):
            SSL_CTX_load_verify_file(context, authorities.string)
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        }
    }

    deinit {
        SSL_CTX_free(pointer)
    }
}
