internal import COpenSSL
internal import Digests
internal import Glibc
internal import SystemFiles
public import SystemPackage

/// Ed25519 signatures (RFC 8032) of what a server pushes, made by the host's administrator elsewhere.
///
/// What is signed begins with a word for its kind, so that the signature of a configuration is none of a collection.
public struct SignatureKey: ~Copyable {
    private let key: OpaquePointer

    /// Why a key cannot be used, as a sentence.
    public struct Unusable: Error, Sendable, Hashable, CustomStringConvertible {
        /// The sentence.
        public let description: String
    }

    /// How many bytes a signature has.
    static let signatureLength = 64

    /// Reads the public key that verifies, in PEM (`openssl pkey -pubout`). Nobody but root and the agent's user may be
    /// able to put another one there.
    public init(verifyingWith file: FilePath) throws(Unusable) {
        let places: [ForeignWriteAccess]
        do throws(SystemError) {
            places = try Files.foreignWriteAccess(to: file, trusting: geteuid())
        } catch {
            throw Unusable(description: "\(error)")
        }
        if let place = places.first { throw Unusable(description: "\(file) is not trusted: \(place)") }
        key = try Self.read(file, "public key") { PEM_read_bio_PUBKEY($0, nil, nil, nil) }
    }

    /// Reads the private key that signs, in PEM (`openssl genpkey -algorithm ed25519`), not encrypted.
    public init(signingWith file: FilePath) throws(Unusable) {
        key = try Self.read(file, "private key without a pass phrase") {
            // A pass phrase is never asked for.
            PEM_read_bio_PrivateKey($0, nil, { _, _, _, _ in -1 }, nil)
        }
    }

    deinit {
        EVP_PKEY_free(key)
    }

    private static func read(
        _ file: FilePath, _ kind: String, _ parse: (OpaquePointer) -> OpaquePointer?
    ) throws(Unusable) -> OpaquePointer {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try Files.read(file, limit: 64 << 10)
        } catch {
            throw Unusable(description: "\(error)")
        }
        ERR_clear_error()
        defer { ERR_clear_error() }
        let key = bytes.withUnsafeBytes { buffer -> OpaquePointer? in
            guard let memory = BIO_new_mem_buf(buffer.baseAddress, CInt(buffer.count)) else { return nil }
            defer { BIO_free(memory) }
            return parse(memory)
        }
        guard let key else { throw Unusable(description: "\(file) holds no Ed25519 \(kind) in PEM") }
        guard EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 else {
            EVP_PKEY_free(key)
            throw Unusable(description: "\(file) holds a key of another kind than Ed25519")
        }
        return key
    }

    /// Whether a signature is that of a message by this key.
    func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard signature.count == Self.signatureLength, let context = EVP_MD_CTX_new() else { return false }
        defer {
            EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        return EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    /// The signature of a message; `nil` where the key is a public one.
    func sign(_ message: [UInt8]) -> [UInt8]? {
        guard let context = EVP_MD_CTX_new() else { return nil }
        defer {
            EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        var signature = [UInt8](repeating: 0, count: Self.signatureLength)
        var length = signature.count
        guard EVP_DigestSignInit(context, nil, nil, nil, key) == 1,
            EVP_DigestSign(context, &signature, &length, message, message.count) == 1,
            length == Self.signatureLength
        else { return nil }
        return signature
    }
}

/// The signature of a configuration: its last line, `# signature: ed25519 HEX`, over all bytes before that line.
public enum ConfigurationSignature {
    private static let mark = Array("# signature: ed25519 ".utf8)
    private static let kind = Array("pandora-agent configuration\n".utf8)

    /// What is wrong with the signature of a configuration, as a phrase; `nil` where it is good.
    public static func problem(with contents: [UInt8], _ key: borrowing SignatureKey) -> String? {
        let (signed, line) = split(contents)
        guard let line else { return "it is not signed, and require_signature in local.conf wants that" }
        guard let signature = [UInt8](hexadecimal: line), key.verifies(signature, of: kind + signed) else {
            return "its signature is not one of the key that require_signature in local.conf names"
        }
        return nil
    }

    /// The configuration with a signature in its last line; one that is there is replaced.
    public static func sign(_ contents: [UInt8], _ key: borrowing SignatureKey) -> [UInt8]? {
        var (signed, _) = split(contents)
        if let last = signed.last, last != UInt8(ascii: "\n") { signed.append(UInt8(ascii: "\n")) }
        guard let signature = key.sign(kind + signed) else { return nil }
        return signed + mark + Array("\(signature.hexadecimal)\n".utf8)
    }

    /// What is before the line of the signature, and the digits in it; `nil` where the last line is another one.
    private static func split(_ contents: [UInt8]) -> (signed: [UInt8], digits: ArraySlice<UInt8>?) {
        var end = contents.count
        while end > 0, contents[end - 1] == UInt8(ascii: "\n") || contents[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        let start = contents[..<end].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        guard contents[start..<end].starts(with: mark) else { return (contents, nil) }
        return (Array(contents[..<start]), contents[(start + mark.count)..<end])
    }
}
