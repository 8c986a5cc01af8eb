internal import COpenSSL

/// A message digest, computed by OpenSSL's libcrypto.
public enum Digest: Sendable {
    /// MD5 (RFC 1321), for names and for the protocol's digests. It protects nothing.
    case md5
    /// SHA-256 (FIPS 180-4), for everything that is about security.
    case sha256

    /// The digest of some bytes: 16 bytes for MD5, 32 for SHA-256.
    public func callAsFunction(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var stream = DigestStream(self)
        stream.update(bytes)
        return stream.finish()
    }

    /// The digest of some text's UTF-8.
    public func callAsFunction(_ text: String) -> [UInt8] {
        callAsFunction(text.utf8)
    }
}

/// A digest of bytes that come in pieces.
public struct DigestStream: ~Copyable {
    private let context: OpaquePointer

    /// Starts a digest.
    ///
    /// A FIPS configuration makes only approved digests the default and so refuses MD5; the property query `-fips`
    /// asks for the algorithm wherever it comes from (EVP_MD_fetch(3)). A library context of its own, without the
    /// system's configuration, then finds OpenSSL's default provider even where only the FIPS provider is activated.
    public init(_ digest: Digest) {
        context = EVP_MD_CTX_new()
        switch digest {
        case .sha256:
            EVP_DigestInit_ex(context, EVP_sha256(), nil)
        case .md5:
            if EVP_DigestInit_ex(context, EVP_md5(), nil) != 1 {
                ERR_clear_error()
                let fetched = EVP_MD_fetch(DigestStream.ownContext, "MD5", "-fips")
                EVP_DigestInit_ex(context, fetched, nil)
                EVP_MD_free(fetched)
            }
        }
    }

    // Made once, never freed, and safe to share between threads (OSSL_LIB_CTX(3)).
    nonisolated(unsafe) private static let ownContext: OpaquePointer? = {
        let context = OSSL_LIB_CTX_new()
        _ = OSSL_PROVIDER_load(context, "default")
        return context
    }()

    deinit {
        EVP_MD_CTX_free(context)
    }

    /// Adds bytes.
    public mutating func update(_ bytes: some Sequence<UInt8>) {
        let isContiguous: Void? = bytes.withContiguousStorageIfAvailable {
            _ = EVP_DigestUpdate(context, $0.baseAddress, $0.count)
        }
        if isContiguous == nil { update([UInt8](bytes)) }
    }

    /// The digest of all that was added.
    public consuming func finish() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
            var length: UInt32 = 0
            EVP_DigestFinal_ex(context, buffer.baseAddress, &length)
            count = Int(length)
        }
    }
}
