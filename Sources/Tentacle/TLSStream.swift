internal import COpenSSL
internal import Glibc
internal import SystemPackage

/// TLS over a socket.
final class TLSStream {
    private let connection: OpaquePointer
    private let socket: Socket
    // Held for the callback of the verification, which the context refers to.
    private let context: TLSContext

    /// Makes the handshake.
    init(over socket: Socket, _ context: TLSContext, host: String, _ waiting: Waiting) throws(TentacleError) {
        ERR_clear_error()
        guard let connection = SSL_new(context.pointer) else {
            throw .tls(.handshake, reason: OpenSSLErrors.drain().text)
        }
        self.connection = connection
        self.socket = socket
        self.context = context
        guard let bio = SocketBIO.make(socket) else {
            throw .tls(.handshake, reason: OpenSSLErrors.drain().text)
        }
        SSL_set_bio(connection, bio, bio)

        context.verification.socket = socket
        guard context.verification.setName(on: connection) else {
            _ = OpenSSLErrors.drain()
            throw .unusableSetting("“\(printable(context.verification.expectedName ?? ""))” cannot be a server's name")
        }
        // RFC 6066, section 3: only names are announced, never addresses.
        if Resolver.numericAddress(host) == nil {
            var name = Array(host.utf8CString)
            _ = SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), &name)
        }
        if try perform(waiting, { SSL_connect(connection) }) == 0 { throw endOfStream(in: .handshake) }
    }

    deinit {
        SSL_free(connection)
    }

    /// What was agreed in the handshake.
    var facts: TLSFacts {
        TLSFacts(
            version: String(cString: SSL_get_version(connection)),
            cipher: String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(connection))),
            serverKey: context.verification.serverKey, certificateValidUntil: context.verification.validUntil)
    }

    /// Says goodbye (close_notify) without waiting for the answer.
    func close() {
        ERR_clear_error()
        _ = SSL_shutdown(connection)
        ERR_clear_error()
    }

    /// Repeats a call of OpenSSL until it is done.
    ///
    /// - Returns: What the call returned, 0 at the end of the stream.
    private func perform(_ waiting: Waiting, _ call: () -> CInt) throws(TentacleError) -> Int {
        while true {
            ERR_clear_error()
            let result = call()
            if result > 0 { return Int(result) }
            switch SSL_get_error(connection, result) {
            case SSL_ERROR_WANT_READ:
                try waiting.wait(for: POLLIN, on: socket.descriptor)
            case SSL_ERROR_WANT_WRITE:
                try waiting.wait(for: POLLOUT, on: socket.descriptor)
            case SSL_ERROR_ZERO_RETURN:
                return 0
            default:
                let errors = OpenSSLErrors.drain()
                if let error = explain(errors, in: waiting.step) { throw error }
                if let failure = socket.failure { throw .lost(waiting.step, failure) }
                if socket.isAtEnd { return 0 }
                throw .tls(waiting.step, reason: errors.text)
            }
        }
    }

    private func endOfStream(in step: TentacleStep) -> TentacleError {
        // A server without TLS waits for the end of a line that never comes, and closes.
        step == .handshake && !socket.hasReceived ? .peerWithoutTLS : .closed(step)
    }

    /// The error behind OpenSSL's reasons; `nil` where the connection itself failed.
    private func explain(_ errors: OpenSSLErrors, in step: TentacleStep) -> TentacleError? {
        if let problem = context.verification.problem { return .serverCertificate(problem) }
        for reason in errors.tlsReasons {
            switch reason {
            case SSL_R_UNEXPECTED_EOF_WHILE_READING:
                return nil
            case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_BAD_RECORD_TYPE,
                SSL_R_RECORD_LENGTH_MISMATCH:
                if step == .handshake { return .peerWithoutTLS }
            case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_NO_PROTOCOLS_AVAILABLE, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION,
                SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY, SSL_R_NO_CIPHERS_AVAILABLE:
                return .nothingInCommon(reason: errors.text)
            case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE where context.verification.serverKey == nil:
                // Before the server has shown its certificate, there is nothing of ours that it could refuse.
                return .nothingInCommon(reason: errors.text)
            case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE where step != .handshake:
                continue
            case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
                SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED,
                SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
                SSL_R_TLSV1_ALERT_UNKNOWN_CA, SSL_R_TLSV1_ALERT_ACCESS_DENIED, SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
                return .clientCertificateRefused(sentOne: context.sendsCertificate, reason: errors.text)
            default:
                continue
            }
        }
        return nil
    }
}

extension TLSStream: ByteStream {
    func read(into buffer: UnsafeMutableRawBufferPointer, _ waiting: Waiting) throws(TentacleError) -> Int {
        try perform(waiting) { SSL_read(connection, buffer.baseAddress, CInt(clamping: buffer.count)) }
    }

    func write(_ bytes: UnsafeRawBufferPointer, _ waiting: Waiting) throws(TentacleError) {
        var rest = bytes
        while !rest.isEmpty {
            do throws(TentacleError) {
                let count = try perform(waiting) { SSL_write(connection, rest.baseAddress, CInt(clamping: rest.count)) }
                if count == 0 { throw .closed(waiting.step) }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            } catch {
                guard case .lost = error else { throw error }
                // Under TLS 1.3 a server that refuses our certificate says so after the handshake and closes; when
                // we write before we have read that, the alert still waits in the socket.
                throw waitingAlert(waiting) ?? error
            }
        }
    }

    private func waitingAlert(_ waiting: Waiting) -> TentacleError? {
        var byte: UInt8 = 0
        ERR_clear_error()
        _ = SSL_read(connection, &byte, 1)
        return explain(OpenSSLErrors.drain(), in: waiting.step)
    }
}
