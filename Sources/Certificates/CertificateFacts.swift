public import COpenSSL
internal import Glibc

/// What a certificate says of itself (RFC 5280).
public struct CertificateFacts: Sendable, Hashable {
    /// Whose it is, in the form of RFC 2253: `CN=server,O=Example`.
    public let subject: String
    /// Who signed it, in the same form.
    public let issuer: String
    /// The beginning of its validity, in seconds since 1970.
    public let begin: Int64
    /// The end of its validity, in seconds since 1970.
    public let end: Int64

    /// The facts of the first certificate of a file in PEM format (RFC 7468); `nil` where there is none.
    public init?(pem bytes: [UInt8]) {
        ERR_clear_error()
        defer { ERR_clear_error() }
        let found = bytes.withUnsafeBytes { buffer -> OpaquePointer? in
            guard let memory = BIO_new_mem_buf(buffer.baseAddress, CInt(clamping: buffer.count)) else { return nil }
            defer { BIO_free(memory) }
            return PEM_read_bio_X509(memory, nil, nil, nil)
        }
        guard let found else { return nil }
        defer { X509_free(found) }
        guard let begin = CertificateText.seconds(X509_get0_notBefore(found)),
            let end = CertificateText.seconds(X509_get0_notAfter(found))
        else { return nil }
        self.begin = begin
        self.end = end
        subject = CertificateText.name(X509_get_subject_name(found))
        issuer = CertificateText.name(X509_get_issuer_name(found))
    }
}

/// Parts of a certificate that OpenSSL holds, as values.
public enum CertificateText {
    /// A time in seconds since 1970; `nil` where it is none.
    public static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
        var fields = tm()
        guard let time, ASN1_TIME_to_tm(time, &fields) == 1 else { return nil }
        return Int64(timegm(&fields))
    }

    /// A name in the form of RFC 2253.
    public static func name(_ name: OpaquePointer?) -> String {
        written { memory in
            if let name { _ = X509_NAME_print_ex(memory, name, 0, pandora_name_flags()) }
        }
    }

    /// What OpenSSL writes, its first 1000 bytes; what is not UTF-8 becomes U+FFFD.
    ///
    /// - Parameter body: Gets a memory BIO (BIO_s_mem(3)) to write to.
    public static func written(_ body: (OpaquePointer?) -> Void) -> String {
        let memory = BIO_new(BIO_s_mem())
        defer { BIO_free(memory) }
        body(memory)
        let bytes = [UInt8](unsafeUninitializedCapacity: 1000) { buffer, count in
            count = max(0, Int(BIO_read(memory, buffer.baseAddress, CInt(buffer.count))))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
