internal import Glibc

/// One entry of the systemd journal, as far as a log line needs it.
struct JournalEntry: Equatable {
    /// The journal's name for the entry's place.
    var cursor: String
    /// When it was received, in microseconds since 1970.
    var microseconds: Int64
    /// The fields, by name.
    var fields: [String: [UInt8]]

    /// ``cursor``, to compare.
    var place: JournalCursor { JournalCursor(cursor) }

    /// The entry as a syslog daemon would have written it to a file:
    /// `Jan 31 23:59:59 host program[123]: message`, in the local time.
    ///
    /// Control characters become `#` and three octal digits, as rsyslog has it, so that no message can pass for two
    /// lines.
    var line: [UInt8] {
        var line = Array(timestamp.utf8)
        line += [UInt8(ascii: " ")] + (fields["_HOSTNAME"] ?? Array("-".utf8))
        line += [UInt8(ascii: " ")] + (fields["SYSLOG_IDENTIFIER"] ?? fields["_COMM"] ?? Array("unknown".utf8))
        if let number = fields["SYSLOG_PID"] ?? fields["_PID"] {
            line += [UInt8(ascii: "[")] + number + [UInt8(ascii: "]")]
        }
        line += Array(": ".utf8)
        var message = fields["MESSAGE"] ?? []
        while message.last == UInt8(ascii: "\n") { message.removeLast() }
        line += message
        return line.flatMap { byte in
            guard byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7f else { return [byte] }
            let octal = String(byte, radix: 8)
            return Array("#\(String(repeating: "0", count: 3 - octal.count))\(octal)".utf8)
        }
    }

    private var timestamp: String {
        var seconds = time_t(microseconds / 1_000_000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        let text = [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            count = buffer.withMemoryRebound(to: CChar.self) {
                strftime($0.baseAddress, $0.count, "%b %e %H:%M:%S", &parts)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// Reads the Journal Export Format (systemd.io/JOURNAL_EXPORT_FORMATS): entries separated by empty lines, of fields
/// `NAME=text`, or `NAME`, a line feed, the length as 64 bits little-endian, the bytes and a line feed.
struct JournalExportParser {
    private var rest: ArraySlice<UInt8>
    /// What there is of an entry within which the output ends, where that is enough to know its place.
    private(set) var unfinished: JournalEntry?

    init(_ output: [UInt8]) {
        rest = output[...]
    }

    /// The next whole entry; `nil` at the end, also where the output ends within an entry or is no such format.
    mutating func next() -> JournalEntry? {
        var fields: [String: [UInt8]] = [:]
        while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest[..<newline]
            rest = rest[(newline + 1)...]
            if line.isEmpty {
                if fields.isEmpty { continue }
                return entry(fields)
            }
            if let equals = line.firstIndex(of: UInt8(ascii: "=")) {
                fields[String(decoding: line[..<equals], as: UTF8.self)] = Array(line[(equals + 1)...])
            } else if let value = counted() {
                fields[String(decoding: line, as: UTF8.self)] = Array(value)
            } else {
                // As much of the value as there is, after its length.
                fields[String(decoding: line, as: UTF8.self)] = Array(rest.dropFirst(8).prefix(Self.longestPart))
                rest = []
            }
        }
        if let equals = rest.firstIndex(of: UInt8(ascii: "=")) {
            let name = String(decoding: rest[..<equals], as: UTF8.self)
            fields[name] = Array(rest[(equals + 1)...].prefix(Self.longestPart))
        }
        unfinished = entry(fields)
        return nil
    }

    /// The most of an unfinished field that is of use: lines are cut long before.
    private static let longestPart = 1 << 20

    private mutating func counted() -> ArraySlice<UInt8>? {
        let digits = rest.prefix(8)
        let length = digits.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let after = rest.dropFirst(8)
        guard digits.count == 8, length < UInt64(after.count) else { return nil }
        let value = after.prefix(Int(length))
        guard after[value.endIndex] == UInt8(ascii: "\n") else { return nil }
        rest = after[(value.endIndex + 1)...]
        return value
    }

    private func entry(_ fields: [String: [UInt8]]) -> JournalEntry? {
        guard let cursor = fields["__CURSOR"], !cursor.isEmpty, let time = fields["__REALTIME_TIMESTAMP"],
            let microseconds = Int64(String(decoding: time, as: UTF8.self)), microseconds >= 0
        else { return nil }
        return JournalEntry(
            cursor: String(decoding: cursor, as: UTF8.self), microseconds: microseconds, fields: fields)
    }
}
