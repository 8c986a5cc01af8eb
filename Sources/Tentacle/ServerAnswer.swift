/// A line from the server.
enum ServerAnswer: Equatable {
    /// `SEND OK`
    case accepted
    /// `RECV SIZE 49`
    case size(UInt64)
    /// `SEND ERR (reason)`, or `ZSEND ERR` without a reason.
    case refused(reason: String?)

    /// Reads an answer to a command, without its line feed; `nil` where it is none.
    init?(_ line: some Collection<UInt8>, to command: String) {
        let text = String(decoding: line, as: UTF8.self)
        guard text.hasPrefix("\(command) ") else { return nil }
        let rest = text.dropFirst(command.count + 1)
        if rest == "OK" {
            self = .accepted
        } else if rest == "ERR" {
            self = .refused(reason: nil)
        } else if rest.hasPrefix("ERR ("), rest.hasSuffix(")") {
            self = .refused(reason: printable(String(rest.dropFirst("ERR (".count).dropLast())))
        } else if rest.hasPrefix("SIZE "), let size = UInt64(rest.dropFirst("SIZE ".count)) {
            self = .size(size)
        } else {
            return nil
        }
    }
}

/// Collects the bytes of one answer.
struct AnswerLine {
    /// The longest line of the protocol, with its line feed.
    static let longest = 1024

    private(set) var bytes: [UInt8] = []

    /// Whether it is no line but a TLS alert (RFC 8446, section 5.1), which has no line feed to wait for.
    var isTLSAlert: Bool { bytes.starts(with: [0x15, 0x03]) }

    /// What more bytes make of the line.
    enum Progress: Equatable {
        /// The line feed has not come.
        case incomplete
        /// The line without its line feed.
        case complete([UInt8])
        /// The line is too long, or something follows it although the server has to wait for us.
        case broken
    }

    /// Adds bytes that came.
    mutating func add(_ more: some Collection<UInt8>) -> Progress {
        bytes += more
        if isTLSAlert { return .broken }
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            return bytes.count < AnswerLine.longest ? .incomplete : .broken
        }
        return end == bytes.count - 1 && bytes.count <= AnswerLine.longest
            ? .complete(Array(bytes.dropLast())) : .broken
    }
}
