internal import COpenSSL
internal import Glibc
internal import SystemPackage

/// What OpenSSL needs to know before it speaks with a server: versions, our certificate, whom to trust.
///
/// It is made before the connection is opened, so that a file that cannot be used costs the server nothing.
final class TLSContext {
    let pointer: OpaquePointer
    let verification: ServerVerification
    let sendsCertificate: Bool

    /// - Parameter security: Must have TLS; `nil` is returned for a plain connection.
    init?(_ security: TransportSecurity, host: String) throws(TentacleError) {
        guard let options = security.tls else { return nil }
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            throw .tls(.handshake, reason: OpenSSLErrors.drain().text)
        }
        pointer = context
        verification = ServerVerification(security, host: host)
        sendsCertificate = options.clientCertificate != nil

        _ = SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, options.minimumVersion.number, nil)
        _ = SSL_CTX_ctrl(
            context, SSL_CTRL_MODE,
            Int(SSL_MODE_ENABLE_PARTIAL_WRITE) | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER), nil)
        pandora_refuse_renegotiation(context)
        try choose(ciphers: options)
        if case .verified(let authorities, _, _) = security { try trust(authorities) }
        if let certificate = options.clientCertificate { try use(certificate) }

        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        SSL_CTX_set_cert_verify_callback(
            context,
            { store, reference in
                guard let store, let reference else { return 0 }
                return Unmanaged<ServerVerification>.fromOpaque(reference).takeUnretainedValue().accepts(store) ? 1 : 0
            }, Unmanaged.passUnretained(verification).toOpaque())
    }

    deinit {
        SSL_CTX_free(pointer)
    }

    private func choose(ciphers options: TLSOptions) throws(TentacleError) {
        // TLS 1.0 and 1.1 sign with SHA-1, which OpenSSL 3 allows only at its lowest security level.
        let needsOldSignatures = options.minimumVersion < .tls12
        guard let list = options.ciphers ?? (needsOldSignatures ? "DEFAULT" : nil) else { return }
        guard SSL_CTX_set_cipher_list(pointer, needsOldSignatures ? "\(list):@SECLEVEL=0" : list) == 1 else {
            _ = OpenSSLErrors.drain()
            throw .unusableSetting("OpenSSL knows no cipher of the list “\(printable(list))”")
        }
    }

    private func trust(_ authorities: TransportSecurity.Authorities) throws(TentacleError) {
        switch authorities {
        case .file(let path):
            let store = SSL_CTX_get_cert_store(pointer)
            for certificate in try PEMFile(path).certificates() { X509_STORE_add_cert(store, certificate.pointer) }
        case .folder(let path):
            // OpenSSL looks into the folder only when it needs a certificate.
            guard access(path.string, R_OK | X_OK) == 0 else {
                throw .unusableFile(path, .unreadable(Errno(rawValue: errno)))
            }
            guard SSL_CTX_load_verify_dir(pointer, path.string) == 1 else {
                throw .unusableFile(path, .refusedByOpenSSL(reason: OpenSSLErrors.drain().text))
            }
        }
    }

    private func use(_ own: ClientCertificate) throws(TentacleError) {
        let certificates = try PEMFile(own.certificate).certificates()
        let key = try PEMFile(own.key).privateKey(own.passPhrase)
        for (index, certificate) in certificates.enumerated() {
            let result =
                index == 0
                ? CInt(SSL_CTX_use_certificate(pointer, certificate.pointer))
                : CInt(SSL_CTX_ctrl(pointer, SSL_CTRL_CHAIN_CERT, 1, UnsafeMutableRawPointer(certificate.pointer)))
            guard result == 1 else {
                throw .unusableFile(own.certificate, .refusedByOpenSSL(reason: OpenSSLErrors.drain().text))
            }
        }
        guard SSL_CTX_use_PrivateKey(pointer, key.pointer) == 1 else {
            let errors = OpenSSLErrors.drain()
            throw .unusableFile(
                own.key,
                certificates.first.map { X509_check_private_key($0.pointer, key.pointer) } == 1
                    ? .refusedByOpenSSL(reason: errors.text) : .keyOfAnotherCertificate)
        }
    }
}

extension TLSVersion {
    fileprivate var number: Int {
        switch self {
        case .tls10: Int(TLS1_VERSION)
        case .tls11: Int(TLS1_1_VERSION)
        case .tls12: Int(TLS1_2_VERSION)
        case .tls13: Int(TLS1_3_VERSION)
        }
    }
}
