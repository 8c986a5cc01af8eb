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
func percentDecoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    if !text.contains(UInt8(ascii: "%")) { return Array(text) }
    var bytes: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        let digits = rest.prefix(2)
        guard digits.count == 2, let value = UInt64(digits: digits, radix: 16) else { return nil }
        bytes.append(UInt8(truncatingIfNeeded: value))
        rest = rest.dropFirst(2)
    }
    return bytes
}

extension ArraySlice<UInt8> {
    /// The parts between ASCII characters, empty ones too.
    func parts(separatedBy separator: Unicode.Scalar) -> [ArraySlice<UInt8>] {
        let byte = UInt8(ascii: separator)
        var parts: [ArraySlice<UInt8>] = []
        var start = startIndex
        for index in indices where self[index] == byte {
            parts.append(self[start..<index])
            start = index + 1
        }
        parts.append(self[start...])
        return parts
    }
}

extension FixedWidthInteger {
    /// The number that lower-case digits stand for, without a sign; `nil` for anything else, and where it does not fit.
    init?(digits: ArraySlice<UInt8>, radix: Self = 10) {
        if digits.isEmpty { return nil }
        var number: Self = 0
        for digit in digits {
            let value: Self
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = Self(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = Self(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
            let (shifted, isTooLarge) = number.multipliedReportingOverflow(by: radix)
            let (sum, isTooLargeNow) = shifted.addingReportingOverflow(value)
            if value >= radix || isTooLarge || isTooLargeNow { return nil }
            number = sum
        }
        self = number
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
