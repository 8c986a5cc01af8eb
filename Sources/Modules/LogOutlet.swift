internal import LogReading

/// Where the lines go that were chosen: redacted, within the cap of a cycle, and handed on in pieces.
struct LogOutlet {
    /// What a value costs in a data file beside its bytes.
    private static let costOfValue = 64

    private let keepsMatchesApart: Bool
    private var redaction: Redaction?
    private var room: LogCap
    private var hasTaken = false
    private var pieces: [LogCollection.Piece]
    private var waitingBytes = 0

    init(_ selector: LogSelector, cap: LogCap) {
        keepsMatchesApart = selector.keepsMatchesApart
        redaction = selector.redactions.isEmpty ? nil : Redaction(selector.redactions)
        room = cap
        pieces = Self.noPieces(selector.patterns.count)
    }

    private static func noPieces(_ count: Int) -> [LogCollection.Piece] {
        (0..<count).map { LogCollection.Piece(pattern: $0, lines: LogLines()) }
    }

    /// Takes lines that belong together.
    ///
    /// - Parameters:
    ///   - range: Which of the lines.
    ///   - places: The places of all lines.
    ///   - take: Takes what is enough for a piece.
    /// - Returns: Whether there was room. The first of a cycle are always taken: there will not be more room the next time.
    mutating func offer<Failure: Error>(
        _ range: Range<Int>, of lines: LogLines, _ places: [Range<Int>], for pattern: Int,
        take: (LogCollection.Piece) throws(Failure) -> Void
    ) throws(Failure) -> Bool {
        guard let first = range.first, let last = range.last else { return true }
        if hasTaken, range.count > room.lines { return false }
        var size = places[last].upperBound - places[first].lowerBound
        var redacted: LogLines?
        if hasTaken, exhaustingPattern != nil { return false }
        if redaction != nil {
            var text = LogLines()
            redaction?.append(range, of: lines, places, to: &text)
            size = text.bytes.count
            redacted = text
        }
        let cost = size + (keepsMatchesApart ? Self.costOfValue : 0)
        if hasTaken, cost > room.bytes { return false }
        if waitingBytes > 0, waitingBytes + cost > LogCap.usual.bytes { try flush(take: take) }
        if keepsMatchesApart {
            let value =
                redacted?.bytes ?? Array(lines.bytes[places[first].lowerBound..<places[last].upperBound])
            pieces[pattern].matches.append(value.withoutLineEnd)
        } else if let redacted {
            pieces[pattern].lines.append(redacted)
        } else {
            pieces[pattern].lines.append(range, of: lines, places)
        }
        hasTaken = true
        waitingBytes += cost
        room.bytes -= min(cost, room.bytes)
        if room.lines < .max { room.lines -= min(range.count, room.lines) }
        return true
    }

    /// On how many lines a redaction was too much work, by its pattern.
    var abandonedCounts: [String: Int] { redaction?.abandonedCounts ?? [:] }

    /// A redaction that has taken so much work that the rest of the log is for the next cycle.
    var exhaustingPattern: String? { redaction?.exhaustingPattern }

    /// Takes a line that the log does not have; there always is room for it.
    mutating func add(remark: String, for pattern: Int) {
        if keepsMatchesApart {
            pieces[pattern].matches.append(Array(remark.utf8))
        } else {
            pieces[pattern].lines.append(remark: remark)
        }
    }

    /// Says how many matches there were.
    mutating func add(matchCount: Int, for pattern: Int) { pieces[pattern].matchCount += matchCount }

    /// Hands on what was taken.
    mutating func flush<Failure: Error>(
        take: (LogCollection.Piece) throws(Failure) -> Void
    ) throws(Failure) {
        let ready = pieces
        pieces = Self.noPieces(pieces.count)
        waitingBytes = 0
        for piece in ready where !piece.lines.isEmpty || !piece.matches.isEmpty || piece.matchCount > 0 {
            try take(piece)
        }
    }
}

extension [UInt8] {
    /// Without the LF or CR LF at its end.
    var withoutLineEnd: [UInt8] {
        guard last == UInt8(ascii: "\n") else { return self }
        let rest = dropLast()
        return Array(rest.last == UInt8(ascii: "\r") ? rest.dropLast() : rest)
    }
}
