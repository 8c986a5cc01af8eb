internal import SystemPackage

extension LogReader {
    /// Makes a batch of what journalctl printed.
    ///
    /// Output that ends within an entry is taken up to the entry before. Where a limit cut even the first one, that is taken
    /// as far as it goes, for it would not be whole the next time either.
    ///
    /// The entry that was handed on last is passed over. Where the journal has it no more, entries after it may be gone, too,
    /// and nobody knows how many: a note says so.
    ///
    /// - Parameters:
    ///   - output: What it printed.
    ///   - position: Where the last reading ended; `nil` before the first.
    ///   - firstRun: What to do without a position, as it was said to `arguments`.
    public func read(
        journal output: JournalOutput, from position: LogPosition?, firstRun: FirstRun = .atEnd
    ) -> LogBatch {
        var batch = LogBatch(position: position ?? LogPosition())
        let isSilent = position?.journalCursor == nil && firstRun == .atEnd
        // Nothing was seen of a journal whose output ended early; that it is empty would be news.
        if batch.position.journalCursor == nil, output.end != .early {
            batch.position.journalCursor = LogPosition.startOfJournal
        }
        var scanner = LineScanner(pattern: pattern, limits: limits, work: work)
        var parser = JournalExportParser(output.bytes)
        var next = parser.next()
        if next == nil, output.end == .atLimit { next = parser.unfinished }
        if output.start == .atLast, let last = position?.lastEntry, let first = next {
            if first.place.namesSameEntry(as: last) {
                next = parser.next()
            } else {
                batch.notes.append(.journalPlaceGone)
            }
        }
        batch.hasMore = output.end == .atLimit || output.end == .early && next != nil
        while let entry = next {
            if !isSilent, scanner.isExhausted || !scanner.scan(line: entry.line) {
                batch.hasMore = true
                break
            }
            batch.position.journalCursor = entry.cursor
            next = parser.next()
        }
        scanner.noteCuts(in: "the journal")
        scanner.noteWork(on: "the journal")
        batch.isExhausted = scanner.isExhausted
        batch.lines = scanner.lines
        batch.notes += scanner.notes
        return batch
    }
}
