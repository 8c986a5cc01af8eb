internal import COpenSSL

/// A digest that only who has the key can compute (HMAC with SHA-256, RFC 2104): it tells whether something is the same
/// as before, and lets nobody else try what it was.
public struct KeyedDigest: Sendable {
    private let key: [UInt8]

    /// Takes the key, 32 random bytes.
    public init(key: [UInt8]) { self.key = key }

    /// The digest of some bytes: 32 bytes; `nil` where OpenSSL refuses.
    public func callAsFunction(_ bytes: [UInt8]) -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        guard HMAC(EVP_sha256(), key, Int32(clamping: key.count), bytes, bytes.count, &digest, &length) != nil,
            length == 32
        else { return nil }
        return digest
    }
}
