/// The head of a proxy's answer to CONNECT, collected byte by byte.
struct ProxyAnswer {
    private static let longest = 16 * 1024

    private var bytes: [UInt8] = []

    /// Whether the blank line has come.
    var isComplete: Bool {
        bytes.suffix(4) == Array("\r\n\r\n".utf8)[...] || bytes.suffix(2) == Array("\n\n".utf8)[...]
    }

    /// Adds a byte.
    ///
    /// - Returns: Whether the head is still of a reasonable length.
    mutating func add(_ byte: UInt8) -> Bool {
        bytes.append(byte)
        return bytes.count <= ProxyAnswer.longest
    }

    /// The first line, fit for a log.
    var statusLine: String {
        printable(
            String(decoding: bytes.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    /// Whether the status is one of 200 to 299 (RFC 9110, section 15).
    var isSuccess: Bool {
        let words = statusLine.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/"), let status = Int(words[1]) else { return false }
        return (200...299).contains(status)
    }
}
