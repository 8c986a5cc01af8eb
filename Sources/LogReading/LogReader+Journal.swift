internal import SystemPackage

extension LogReader {
    /// Makes a batch of what a journalctl printed that was run with ``JournalQuery/arguments(from:firstRun:)``.
    ///
    /// Output that ends within an entry, as one that was cut at a limit does, is taken up to the entry before.
    ///
    /// - Parameters:
    ///   - output: Its standard output.
    ///   - position: Where the last reading ended; `nil` before the first.
    ///   - firstRun: What to do without a position, as it was said to `arguments`.
    ///   - isCut: Whether the output was cut at a limit. An entry that is larger than that by itself is taken as far as
    ///     it goes, since it would not be whole the next time either.
    public func read(
        journal output: [UInt8], from position: LogPosition?, firstRun: FirstRun = .atEnd, isCut: Bool = false
    ) -> LogBatch {
        var batch = LogBatch(position: position ?? LogPosition())
        let isSilent = position?.journalCursor == nil && firstRun == .atEnd
        if batch.position.journalCursor == nil { batch.position.journalCursor = LogPosition.startOfJournal }
        var scanner = LineScanner(pattern: pattern, limits: limits, work: work)
        var parser = JournalExportParser(output)
        var next = parser.next()
        if next == nil, isCut { next = parser.unfinished }
        while let entry = next {
            if !isSilent, scanner.isExhausted || !scanner.scan(line: entry.line) {
                batch.hasMore = true
                break
            }
            batch.position.journalCursor = entry.cursor
            next = parser.next()
        }
        scanner.noteWork(on: "the journal")
        batch.isExhausted = scanner.isExhausted
        batch.lines = scanner.lines
        batch.notes += scanner.notes
        return batch
    }
}
