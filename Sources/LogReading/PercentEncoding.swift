internal import SystemPackage

/// The bytes as printable ASCII: those outside it, the space, and what separates the fields of a position become `%`
/// and two digits.
func percentEncoded(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        switch byte {
        case UInt8(ascii: "%"), UInt8(ascii: ":"), UInt8(ascii: "="), ...0x20, 0x7f...:
            text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        default:
            text.append(byte)
        }
    }
    return String(decoding: text, as: UTF8.self)
}

/// Reads what ``percentEncoded(_:)`` wrote; `nil` where a `%` is not followed by two digits.
func percentDecoded(_ text: Substring) -> [UInt8]? {
    if !text.utf8.contains(UInt8(ascii: "%")) { return Array(text.utf8) }
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        let digits = rest.prefix(2)
        guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else {
            return nil
        }
        bytes.append(value)
        rest = rest.dropFirst(2)
    }
    return bytes
}

extension Substring {
    /// The parts between ASCII characters, empty ones too. A comparison of bytes costs a fraction of one of characters.
    func parts(separatedBy separator: Unicode.Scalar) -> [Substring] {
        utf8.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: separator) }.map(Substring.init)
    }
}

extension FilePath {
    /// The path's bytes, which need not be UTF-8.
    var bytes: [UInt8] {
        withPlatformString { pointer in
            var bytes: [UInt8] = []
            var next = pointer
            while next.pointee != 0 {
                bytes.append(UInt8(bitPattern: next.pointee))
                next += 1
            }
            return bytes
        }
    }

    /// The path with these bytes; `nil` if they are none or hold a NUL.
    init?(bytes: [UInt8]) {
        guard !bytes.isEmpty, !bytes.contains(0) else { return nil }
        let path = (bytes + [0]).withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CInterop.PlatformChar.self) { buffer in
                buffer.baseAddress.map { FilePath(platformString: $0) }
            }
        }
        guard let path else { return nil }
        self = path
    }
}
