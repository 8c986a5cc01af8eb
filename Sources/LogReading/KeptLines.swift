/// The lines that a reading keeps, within its limits of lines and bytes.
struct KeptLines {
    private(set) var lines = LogLines()
    private let limits: LogLimits
    /// How many there are, if they are counted.
    private var count = 0

    init(limits: LogLimits) {
        self.limits = limits
    }

    /// Lines of one byte would reach the limit of bytes first otherwise.
    var areCounted: Bool { limits.lines < limits.bytes }

    /// Whether there is no room for another line.
    var isFull: Bool { areCounted && count >= limits.lines || lines.bytes.count >= limits.bytes }

    /// What was kept up to a moment.
    struct Mark {
        fileprivate let byteCount: Int
        fileprivate let count: Int
    }

    /// What is kept by now.
    var mark: Mark { Mark(byteCount: lines.bytes.count, count: count) }

    /// Forgets what was kept since a moment.
    mutating func rollBack(to mark: Mark) {
        lines.removeAll(after: mark.byteCount)
        count = mark.count
    }

    /// Keeps a line and bytes after it that the log does not have. The first line is kept in any case.
    ///
    /// - Parameter isOver: Whether something else leaves no room for more.
    /// - Returns: Whether there was room.
    mutating func keep(_ line: UnsafeRawBufferPointer, _ addition: some Collection<UInt8>, isOver: Bool) -> Bool {
        let length = line.count + addition.count
        if isOver || isFull || lines.bytes.count + length > limits.bytes, !lines.isEmpty { return false }
        lines.reserve(bytes: limits.bytes)
        lines.append(line, then: addition)
        count += 1
        return true
    }

    /// Keeps whole lines, as many as there is room for, without a look at each.
    ///
    /// - Returns: How many bytes.
    mutating func keep(all text: UnsafeRawBufferPointer) -> Int {
        let room = limits.bytes - lines.bytes.count
        var kept = text.count > room ? text.upToLastNewline(before: room) : text
        if areCounted {
            let places = max(0, limits.lines - count)
            var keptCount = 0
            var stop = 0
            while keptCount < places, let newline = kept.firstNewline(from: stop) {
                keptCount += 1
                stop = newline + 1
            }
            kept = UnsafeRawBufferPointer(rebasing: kept[..<stop])
            count += keptCount
        }
        if !kept.isEmpty {
            lines.reserve(bytes: limits.bytes)
            lines.append(lines: kept)
        }
        return kept.count
    }

    /// Keeps lines that were read right into their place, where there are no others, and they are not counted.
    mutating func keep(piece: LogLines) { lines = piece }
}

extension UnsafeRawBufferPointer {
    /// The whole lines in the first bytes.
    fileprivate func upToLastNewline(before limit: Int) -> UnsafeRawBufferPointer {
        let reach = UnsafeRawBufferPointer(rebasing: self[..<Swift.min(count, Swift.max(0, limit))])
        return UnsafeRawBufferPointer(rebasing: self[..<(reach.lastNewline.map { $0 + 1 } ?? 0)])
    }
}
