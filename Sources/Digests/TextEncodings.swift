internal import COpenSSL

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
    /// The bytes as Base64 (RFC 4648, section 4) with padding and without line breaks.
    public var base64: [UInt8] {
        // EVP_EncodeBlock counts in int, so larger inputs go in pieces of a multiple of three bytes.
        let pieceSize = 3 << 20
        var text: [UInt8] = []
        text.reserveCapacity((count + 2) / 3 * 4)
        var start = 0
        while start < count {
            let piece = self[start..<Swift.min(start + pieceSize, count)]
            text += [UInt8](unsafeUninitializedCapacity: (piece.count + 2) / 3 * 4 + 1) { buffer, length in
                length = piece.withUnsafeBufferPointer {
                    Int(EVP_EncodeBlock(buffer.baseAddress, $0.baseAddress, CInt($0.count)))
                }
            }
            start += pieceSize
        }
        return text
    }
}
