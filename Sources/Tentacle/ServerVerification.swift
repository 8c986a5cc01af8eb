internal import COpenSSL
internal import Certificates
internal import Digests
internal import Glibc

/// Decides whether a server's certificate is accepted, and keeps what it said.
///
/// Everything is decided inside the handshake, before our certificate or anything else of ours goes out. A server that
/// is not accepted learns nothing, not even why: the socket is muted before OpenSSL would send its alert.
final class ServerVerification {
    /// Why the certificate was not accepted.
    private(set) var problem: CertificateProblem?
    /// The digest of the server's public key; `nil` until the server has shown its certificate.
    private(set) var serverKey: PublicKeyPin?
    /// The end of the certificate's validity in seconds since 1970.
    private(set) var validUntil: Int64?
    /// The name that the certificate must have, `nil` for any.
    let expectedName: String?
    /// Muted when the certificate is not accepted.
    weak var socket: Socket?

    private let checksChain: Bool
    private let pinnedKey: PublicKeyPin?

    init(_ security: TransportSecurity, host: String) {
        pinnedKey = security.tls?.pinnedKey
        switch security {
        case .plain, .unverified:
            checksChain = false
            expectedName = nil
        case .verified(_, let check, _):
            checksChain = true
            expectedName =
                switch check {
                case .host: host
                case .name(let name): name
                case .off: nil
                }
        }
    }

    /// Tells OpenSSL which name to look for in the certificate.
    ///
    /// - Returns: Whether OpenSSL can use the name.
    func setName(on connection: OpaquePointer) -> Bool {
        guard let expectedName else { return true }
        let parameters = SSL_get0_param(connection)
        if Resolver.numericAddress(expectedName) != nil {
            return X509_VERIFY_PARAM_set1_ip_asc(parameters, expectedName) == 1
        }
        X509_VERIFY_PARAM_set_hostflags(parameters, CUnsignedInt(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        return X509_VERIFY_PARAM_set1_host(parameters, expectedName, 0) == 1
    }

    /// The verification of one handshake.
    func accepts(_ store: OpaquePointer) -> Bool {
        problem = examine(store)
        if problem == nil { return true }
        socket?.isMuted = true
        return false
    }

    private func examine(_ store: OpaquePointer) -> CertificateProblem? {
        guard let certificate = X509_STORE_CTX_get0_cert(store), let key = publicKey(of: certificate) else {
            return .other(subject: "none", reason: "it has no public key")
        }
        serverKey = key
        validUntil = CertificateText.seconds(X509_get0_notAfter(certificate))
        if let pinnedKey, pinnedKey != key { return .otherKey(expected: pinnedKey, found: key) }
        if !checksChain || X509_verify_cert(store) == 1 { return nil }
        let code = X509_STORE_CTX_get_error(store)
        return describe(code, at: X509_STORE_CTX_get_current_cert(store) ?? certificate, server: certificate)
    }

    private func describe(_ code: CInt, at certificate: OpaquePointer, server: OpaquePointer) -> CertificateProblem {
        let subject = text(X509_get_subject_name(certificate))
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return .expired(subject: subject, end: CertificateText.seconds(X509_get0_notAfter(certificate)) ?? 0)
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return .notYetValid(subject: subject, start: CertificateText.seconds(X509_get0_notBefore(certificate)) ?? 0)
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            return .wrongName(expected: expectedName ?? "", presented: presentedNames(server))
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_SIGNATURE_FAILURE:
            return .unknownAuthority(issuer: text(X509_get_issuer_name(certificate)))
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            return .selfSigned(subject: subject)
        case X509_V_ERR_INVALID_PURPOSE:
            return .wrongPurpose
        default:
            return .other(subject: subject, reason: String(cString: X509_verify_cert_error_string(Int(code))))
        }
    }
}

private func publicKey(of certificate: OpaquePointer) -> PublicKeyPin? {
    let key = X509_get_X509_PUBKEY(certificate)
    let length = i2d_X509_PUBKEY(key, nil)
    guard length > 0 else { return nil }
    let encoded = [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, count in
        var next = buffer.baseAddress
        count = Int(i2d_X509_PUBKEY(key, &next))
    }
    return PublicKeyPin(ofKey: Digest.sha256(encoded))
}

private func text(_ name: OpaquePointer?) -> String {
    printable(CertificateText.name(name))
}

/// The alternative names of a certificate (`DNS:a, IP Address:192.0.2.1`), or its subject where it has none.
private func presentedNames(_ certificate: OpaquePointer) -> String {
    let position = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1)
    guard position >= 0, let extensions = X509_get_ext(certificate, position) else {
        return text(X509_get_subject_name(certificate))
    }
    return printable(CertificateText.written { memory in _ = X509V3_EXT_print(memory, extensions, 0, 0) })
}
