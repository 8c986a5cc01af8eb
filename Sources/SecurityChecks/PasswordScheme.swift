/// How a password is hashed, as the beginning of the hash says (crypt(5)), and what one guess costs.
struct PasswordScheme: Sendable, Hashable {
    /// The name of the method in crypt(5).
    let name: String
    /// Whether specialised hardware tries billions of words a second against it, so that it protects no password.
    let isOutdated: Bool
    /// Bytes of memory that one guess takes; 0 where it is little.
    let memory: Int
    /// Whether a guess takes a few seconds and 256 MiB at most. Whoever sets the cost of a hash must not be able to stop
    /// the audit.
    let isAffordable: Bool

    private static let memoryLimit = 256 << 20

    private init(_ name: String, isOutdated: Bool = false, memory: Int = 0, isAffordable: Bool = true) {
        self.name = name
        self.isOutdated = isOutdated
        self.memory = memory
        self.isAffordable = isAffordable && memory <= Self.memoryLimit
    }

    /// Reads the beginning of a hash.
    init(of hash: [UInt8]) {
        guard hash.first == UInt8(ascii: "$") else {
            // The four digits behind `_` allow for 16 million rounds, which are some seconds.
            let isExtended = hash.first == UInt8(ascii: "_")
            self.init(isExtended ? "bsdicrypt" : "descrypt", isOutdated: true)
            return
        }
        let parts = hash.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false).dropFirst()
        let prefix = parts.first.map(SSHDWords.text) ?? ""
        let second = parts.dropFirst().first ?? []
        switch prefix {
        case "y", "gy":
            let memory = Self.memory(ofYescrypt: second)
            self.init(prefix == "y" ? "yescrypt" : "gost-yescrypt", memory: memory ?? 0, isAffordable: memory != nil)
        case "7":
            let memory = Self.memory(ofScrypt: second)
            self.init("scrypt", memory: memory ?? 0, isAffordable: memory != nil)
        case "2", "2a", "2b", "2x", "2y":
            self.init("bcrypt", isAffordable: (Self.number(second) ?? .max) <= 15)
        case "6": self.init("sha512crypt", isAffordable: Self.rounds(second) <= 2_000_000)
        case "5": self.init("sha256crypt", isAffordable: Self.rounds(second) <= 2_000_000)
        case "sha1": self.init("sha1crypt", isOutdated: true, isAffordable: (Self.number(second) ?? 0) <= 1_000_000)
        case "1": self.init("md5crypt", isOutdated: true)
        case "3": self.init("NT", isOutdated: true)
        case _ where prefix.hasPrefix("md5"):
            let rounds = parts.first?.split(separator: UInt8(ascii: ",")).dropFirst().first ?? []
            self.init("sunmd5", isOutdated: true, isAffordable: Self.rounds(rounds) <= 200_000)
        default: self.init("an unknown method")
        }
    }

    /// The value of a digit in the hashes' base 64: `./0-9A-Za-z`.
    static func value(_ digit: UInt8) -> Int? {
        switch digit {
        case 0x2E, 0x2F: Int(digit) - 0x2E
        case 0x30...0x39: Int(digit) - 0x30 + 2
        case 0x41...0x5A: Int(digit) - 0x41 + 12
        case 0x61...0x7A: Int(digit) - 0x61 + 38
        default: nil
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? { Int(String(decoding: digits, as: UTF8.self)) }

    /// The number in `rounds=NUMBER`; 0 where there is none, which stands for a default that is cheap.
    private static func rounds(_ part: ArraySlice<UInt8>) -> Int {
        guard part.starts(with: "rounds=".utf8) else { return 0 }
        return number(part.dropFirst("rounds=".utf8.count)) ?? .max
    }

    /// 128 · r · N bytes, from the parameters that crypt_gensalt(3) makes: flavour, logarithm of N, and r, a digit each;
    /// `nil` for others, whose cost is not known here.
    private static func memory(ofYescrypt parameters: ArraySlice<UInt8>) -> Int? {
        let digits = parameters.map(value)
        guard digits.count == 3, let logarithm = digits[1], let blocks = digits[2], logarithm < 24, blocks < 48 else {
            return nil
        }
        return 128 * (blocks + 1) << (logarithm + 1)
    }

    /// The same for scrypt: the logarithm of N in one digit, then r and p in five each, the lowest first. p multiplies the
    /// time alone, and counts here all the same.
    private static func memory(ofScrypt parameters: ArraySlice<UInt8>) -> Int? {
        let digits = parameters.prefix(11).compactMap(value)
        guard digits.count == 11, digits[0] < 24 else { return nil }
        func number(_ range: Range<Int>) -> Int { digits[range].reversed().reduce(0) { $0 << 6 | $1 } }
        let (blocks, lanes) = (number(1..<6), number(6..<11))
        guard blocks < 1 << 10, lanes < 1 << 10 else { return nil }
        return 128 * blocks * max(lanes, 1) << digits[0]
    }
}
