internal import CByteShuffle

extension Sequence<UInt8> {
    /// The bytes as lower-case hexadecimal digits, two a byte.
    public var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension Array<UInt8> {
    /// Bytes of hexadecimal digits of either case, two a byte; `nil` where there are others, or an odd number.
    public init?(hexadecimal digits: some Collection<UInt8>) {
        let values = digits.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard values.count == digits.count, values.count.isMultiple(of: 2) else { return nil }
        self = stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
    }

    /// The bytes as Base64 (RFC 4648, section 4) with padding and without line breaks.
    public var base64: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: (count + 2) / 3 * 4) { text, length in
            length = withUnsafeBytes { Base64.encode($0, into: UnsafeMutableRawBufferPointer(text)) }
        }
    }

    /// Hands on ``base64`` in pieces that stay in the processor's cache.
    public func base64<Failure: Error>(take: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
        let digits = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)
        defer { digits.deallocate() }
        try withUnsafeBufferPointer { (bytes) throws(Failure) in
            var rest = UnsafeRawBufferPointer(bytes)[...]
            while !rest.isEmpty {
                // A multiple of three, so that padding comes at the end alone.
                let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(48 * 1024))
                let length = Base64.encode(piece, into: digits)
                try take(UnsafeRawBufferPointer(rebasing: digits[..<length]))
                rest = rest.dropFirst(piece.count)
            }
        }
    }
}

/// Base64 for whole logs. Where the processor can shuffle bytes it takes less than a tenth of a nanosecond a byte; elsewhere two
/// digits at a time are looked up, which is twice as fast as OpenSSL's EVP_EncodeBlock.
enum Base64 {
    /// What the processor can do with many bytes at once.
    enum Steps: CaseIterable {
        /// Nothing that would help: six bytes are encoded at a time.
        case small
        /// It shuffles bytes: 24 at a time.
        case shuffled
        /// It permutes bytes: 48 at a time.
        case permuted

        /// Those that this processor can take.
        static let possible = allCases.filter { steps in
            switch steps {
            case .small: true
            case .shuffled: pandora_has_byte_shuffle()
            case .permuted: pandora_has_byte_permutation()
            }
        }

        /// The longest of them.
        static let longest = possible.last ?? .small
    }

    /// The two digits of each value of 12 bits, the first one in the lower byte.
    private static let pairs: [UInt16] = {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        return (0..<4096).map { UInt16(digits[$0 >> 6]) | UInt16(digits[$0 & 63]) << 8 }
    }()

    /// Writes the digits and the padding of some bytes into a buffer that has room for them.
    ///
    /// - Returns: How many bytes were written.
    static func encode(
        _ bytes: UnsafeRawBufferPointer, into text: UnsafeMutableRawBufferPointer, in steps: Steps = .longest
    ) -> Int {
        pairs.withUnsafeBufferPointer { pairs in
            var read = 0
            if bytes.count >= 28, let source = bytes.baseAddress, let target = text.baseAddress {
                let source = source.assumingMemoryBound(to: UInt8.self)
                let target = target.assumingMemoryBound(to: UInt8.self)
                switch steps {
                case .small: break
                case .shuffled: read = pandora_base64_encode(source, bytes.count, target)
                case .permuted: read = pandora_base64_encode_wide(source, bytes.count, target)
                }
            }
            var written = read / 3 * 4
            // Six bytes become eight digits; eight are loaded.
            while read + 8 <= bytes.count {
                let bits = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: read, as: UInt64.self))
                let digits =
                    UInt64(pairs[Int(bits >> 52)])
                    | UInt64(pairs[Int(bits >> 40 & 0xFFF)]) << 16
                    | UInt64(pairs[Int(bits >> 28 & 0xFFF)]) << 32
                    | UInt64(pairs[Int(bits >> 16 & 0xFFF)]) << 48
                text.storeBytes(of: digits.littleEndian, toByteOffset: written, as: UInt64.self)
                read += 6
                written += 8
            }
            while read < bytes.count {
                let group = bytes[read..<Swift.min(read + 3, bytes.count)]
                var bits = 0
                for (place, byte) in group.enumerated() { bits |= Int(byte) << (16 - 8 * place) }
                let digits = [pairs[bits >> 12], pairs[bits & 0xFFF]].flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
                for place in 0..<4 { text[written + place] = place <= group.count ? digits[place] : UInt8(ascii: "=") }
                read += 3
                written += 4
            }
            return written
        }
    }
}
