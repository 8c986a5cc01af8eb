public import SystemPackage

/// What the next choice among the lines of one log has to know of the one before it, beside the position: lines that stood
/// before those that were not judged yet are read once more, and not judged once more.
public struct LogMemory: Sendable, Hashable, LosslessStringConvertible {
    /// How far the lines at the position have come with one pattern.
    struct Part: Sendable, Hashable {
        /// How many bytes of them were judged.
        var judged = 0
        /// How many bytes of them need not be handed on any more.
        var sent = 0
        /// How many of the next lines (or records) are still wanted after the last match.
        var wantedAfter = 0
    }

    /// The same in units of one reading.
    struct Progress {
        var judged: Int
        var sent: Int
        var wantedAfter: Int
    }

    /// One for each pattern.
    private var parts: [Part]
    /// What those lines are that were judged. Where others stand in their place, they were rotated away.
    private var judged = Fingerprint()
    /// Whether lines were left behind that could stand before a match, as they are too much to hold; known within a cycle.
    var hasLostLines = false
    /// The size of a last record that was not known to be whole, in bytes; 0 where there was none.
    public internal(set) var openRecordSize = 0

    /// Nothing to know yet.
    public init(patterns count: Int) {
        parts = [Part](repeating: Part(), count: count)
    }

    /// What is to be known after a choice that is to go on with a unit.
    init(_ progress: [Progress], from held: Int, _ lines: LogLines, _ units: LogUnits) {
        let start = units.offset(of: held)
        parts = progress.map { progress in
            Part(
                judged: max(0, units.offset(of: progress.judged) - start),
                sent: max(0, units.offset(of: progress.sent) - start), wantedAfter: progress.wantedAfter)
        }
        judged = Self.fingerprint(of: lines, from: start, count: heldBytes)
    }

    /// How many bytes of the lines at the position were judged with one of the patterns.
    public var heldBytes: Int { parts.reduce(0) { max($0, $1.judged) } }

    /// How large the lines at the position are if nothing was added to them, of which the last record may not be whole; `nil`
    /// where there was none.
    public var quietSize: Int? { openRecordSize > 0 ? heldBytes + openRecordSize : nil }

    /// How many bytes of the lines at the position were judged with all patterns. They are kept for what may come after
    /// them: if they are gone, nothing was missed.
    public var fullyJudgedBytes: Int { parts.map(\.judged).min() ?? 0 }

    /// For how many patterns it is.
    var patternCount: Int { parts.count }

    /// Whether there is nothing to know.
    public var isEmpty: Bool {
        openRecordSize == 0 && parts.allSatisfy { $0 == Part() }
    }

    /// The same for other patterns: what was judged is not judged once more.
    public func taken(over count: Int) -> LogMemory {
        var memory = LogMemory(patterns: count)
        memory.parts = [Part](repeating: Part(judged: heldBytes, sent: heldBytes), count: count)
        memory.judged = judged
        return memory
    }

    /// Whether lines begin with those that were judged.
    private func isOf(_ lines: LogLines) -> Bool {
        lines.bytes.count >= heldBytes && Self.fingerprint(of: lines, from: 0, count: heldBytes) == judged
    }

    /// Where units of lines ended when they were judged, in bytes.
    func borders(in lines: LogLines) -> Set<Int> {
        heldBytes > 0 && isOf(lines) ? Set(parts.flatMap { [$0.judged, $0.sent] }) : []
    }

    /// How far the units of a reading have come.
    func progress(in lines: LogLines, _ units: LogUnits) -> [Progress] {
        let isSame = isOf(lines)
        return parts.map { part in
            Progress(
                judged: isSame ? units.count(within: part.judged) : 0,
                sent: isSame ? units.count(within: min(part.sent, part.judged)) : 0, wantedAfter: part.wantedAfter)
        }
    }

    private static func fingerprint(of lines: LogLines, from start: Int, count: Int) -> Fingerprint {
        lines.bytes.withUnsafeBytes { Fingerprint(of: UnsafeRawBufferPointer(rebasing: $0[start..<(start + count)])) }
    }

    /// Fields separated by colons: the size of an open record, a fingerprint, and three numbers for each pattern.
    public var description: String {
        "\(openRecordSize):\(judged):"
            + parts.map { "\($0.judged),\($0.sent),\($0.wantedAfter)" }.joined(separator: ":")
    }

    /// Reads what ``description`` wrote; `nil` for anything else.
    public init?(_ description: String) {
        let fields = Array(description.utf8)[...].parts(separatedBy: ":")
        guard fields.count >= 3, let size = Int64(digits: fields[0]), let judged = Fingerprint(parts: fields[1]) else {
            return nil
        }
        parts = []
        for field in fields[2...] {
            let numbers = field.parts(separatedBy: ",").compactMap { Int64(digits: $0) }
            guard numbers.count == 3, numbers[2] <= 1000 else { return nil }
            parts.append(Part(judged: Int(numbers[0]), sent: Int(numbers[1]), wantedAfter: Int(numbers[2])))
        }
        self.judged = judged
        openRecordSize = Int(size)
    }
}

/// What is to be known of each log of a source.
public struct LogMemories: Sendable, CustomStringConvertible {
    private var memories: [FilePath?: LogMemory] = [:]
    private let patternCount: Int

    /// Nothing to know yet.
    public init(patterns count: Int) {
        patternCount = count
    }

    /// What is to be known of a file or, where that is `nil`, of the journal.
    public subscript(log: FilePath?) -> LogMemory {
        get { memories[log] ?? LogMemory(patterns: patternCount) }
        set { memories[log] = newValue.isEmpty ? nil : newValue }
    }

    /// Keeps what is known of logs under their new names.
    public mutating func rename(_ moves: [LogMove]) {
        let known = memories
        for move in moves { memories[move.from] = nil }
        for move in moves {
            if let memory = known[move.from] { memories[move.to] = memory }
        }
    }

    /// Whether there is nothing to know.
    public var isEmpty: Bool { memories.isEmpty }

    /// Whether there are lines that were judged and are to be read once more.
    public var isHoldingLines: Bool { memories.contains { $0.value.heldBytes > 0 } }

    /// The same for other patterns: what was judged is not judged once more.
    public func taken(over count: Int) -> LogMemories {
        var taken = LogMemories(patterns: count)
        for (log, memory) in memories { taken[log] = memory.taken(over: count) }
        return taken
    }

    /// Words separated by a space, one for each log; empty where there is nothing to know.
    public var description: String {
        memories.map { "\(percentEncoded($0.key?.bytes ?? []))=\($0.value)" }.sorted().joined(separator: " ")
    }

    /// Reads what ``description`` wrote; of anything else, what can be understood of it.
    ///
    /// - Parameter count: For how many patterns it is. What was written for another number is taken over.
    public init(_ description: String, patterns count: Int) {
        self.init(patterns: count)
        for word in Array(description.utf8)[...].parts(separatedBy: " ") {
            let parts = word.parts(separatedBy: "=")
            guard parts.count == 2, let name = percentDecoded(parts[0]),
                let memory = LogMemory(String(decoding: parts[1], as: UTF8.self))
            else { continue }
            self[FilePath(bytes: name)] = memory.patternCount == count ? memory : memory.taken(over: count)
        }
    }
}
