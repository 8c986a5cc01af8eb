/// What an SSH public key is: its type and length (RFC 4253, section 6.6; RFC 5656; RFC 8709; PROTOCOL.u2f of OpenSSH).
public struct SSHPublicKey: Sendable, Hashable {
    /// The type as authorized_keys has it, such as `ssh-ed25519`.
    public let type: String
    /// The length in bits: of the modulus for RSA and DSA, of the curve for others; `nil` where it is not known.
    public let bits: Int?

    /// Whether it is the key of a security device, which does nothing without it.
    public var isOnDevice: Bool { type.hasPrefix("sk-") }

    /// Why the key should be replaced, as a phrase; `nil` where it is fine (NIST SP 800-57 for the lengths).
    public var weakness: String? {
        if type.hasPrefix("ssh-dss") {
            return "DSA is no longer accepted by OpenSSH, and has 80 bits of strength at most"
        }
        if type.hasPrefix("ssh-rsa"), let bits, bits < 2048 { return "RSA with fewer than 2048 bits can be broken" }
        return nil
    }

    /// The type and length in a few words.
    public var description: String { type + (bits.map { " \($0) bits" } ?? "") }

    /// Reads a key in SSH's binary form; `nil` where it is none.
    init?(blob: [UInt8]) {
        var reader = SSHWireReader(blob)
        guard let name = reader.string(), Self.isType(name) else { return nil }
        let type = String(decoding: name, as: UTF8.self)
        let isCertificate = type.hasSuffix("-cert-v01@openssh.com")
        // A certificate has a nonce before the key.
        if isCertificate, reader.string() == nil { return nil }
        switch type {
        case _ where type.hasPrefix("ssh-rsa"):
            guard reader.string() != nil, let modulus = reader.string() else { return nil }
            bits = Self.bits(of: modulus)
        case _ where type.hasPrefix("ssh-dss"):
            guard let prime = reader.string() else { return nil }
            bits = Self.bits(of: prime)
        case _ where type.contains("ecdsa-sha2-nistp"):
            guard let curve = reader.string(), curve.starts(with: "nistp".utf8) else { return nil }
            bits = Int(String(decoding: curve.dropFirst(5), as: UTF8.self))
        case _ where type.contains("ssh-ed25519"):
            guard let key = reader.string(), key.count == 32 else { return nil }
            bits = 256
        case "ssh-ed448": bits = 448
        default: bits = nil
        }
        self.type = type
    }

    /// Whether a word can be a type: what follows is not looked at where it is not.
    static func isType(_ word: ArraySlice<UInt8>) -> Bool {
        guard word.count <= 64, word.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !",\"=".utf8.contains($0) }) else {
            return false
        }
        return ["ssh-", "ecdsa-sha2-", "sk-"].contains { word.starts(with: $0.utf8) }
    }

    private static func bits(of number: ArraySlice<UInt8>) -> Int {
        let digits = number.drop { $0 == 0 }
        guard let first = digits.first else { return 0 }
        return digits.count * 8 - first.leadingZeroBitCount
    }
}

/// Reads the pieces of SSH's binary forms: numbers of four bytes, and strings with their length before them (RFC 4251,
/// section 5).
struct SSHWireReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: some Sequence<UInt8>) { rest = ArraySlice(bytes) }

    mutating func number() -> UInt32? {
        guard rest.count >= 4 else { return nil }
        defer { rest = rest.dropFirst(4) }
        return rest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    mutating func string() -> ArraySlice<UInt8>? {
        guard let length = number(), Int(length) <= rest.count else { return nil }
        defer { rest = rest.dropFirst(Int(length)) }
        return rest.prefix(Int(length))
    }
}

/// Base64 as keys have it (RFC 4648).
enum KeyBase64 {
    /// The bytes; white space is skipped, and padding ends the text. `nil` where anything else is in it.
    static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var (bits, count) = (0, 0)
        var isEnded = false
        for byte in text {
            let value: Int
            switch byte {
            case 0x41...0x5A: value = Int(byte) - 0x41
            case 0x61...0x7A: value = Int(byte) - 0x61 + 26
            case 0x30...0x39: value = Int(byte) - 0x30 + 52
            case 0x2B: value = 62
            case 0x2F: value = 63
            case 0x3D:
                isEnded = true
                continue
            case 0x20, 0x09, 0x0A, 0x0D: continue
            default: return nil
            }
            if isEnded { return nil }
            bits = bits << 6 | value
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(bits >> count & 0xFF))
                bits &= 1 << count - 1
            }
        }
        return bytes
    }
}
