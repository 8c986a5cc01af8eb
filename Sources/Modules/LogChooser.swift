internal import LogReading
internal import SystemPackage

/// Chooses among the lines of the logs of one source, in one cycle, and knows where each log is to be read from after that.
struct LogChooser {
    /// What became of one reading.
    struct Step {
        /// Where the log is to be read from the next time; `nil` where it is to be met for the first time again.
        let position: LogPosition?
        /// What is to be told of what was done with. What is read once more tells it once more.
        let report: LogBatch
        /// Whether more can be read at once.
        let canGoOn: Bool
        /// Whether the cycle has no room any more for what there is.
        let isFull: Bool
    }

    /// How much is read at a time. What stands around a match is no more than about half of it on each side.
    static let usualPiece = LogLimits(bytes: LogCap.usual.bytes, lines: 50_000)

    let selector: LogSelector
    /// Whether all lines are read, rather than those that match the first pattern.
    let readsEveryLine: Bool
    let limits: LogLimits
    private(set) var memories: LogMemories
    private(set) var tally: LogSelector.Tally
    private(set) var incompleteCount = 0
    private var remembered: LogMemories
    private var outlet: LogOutlet

    init(_ collection: LogCollection, _ memories: LogMemories) {
        selector = collection.selector
        readsEveryLine = selector.needsEveryLine || memories.isHoldingLines
        let longestLine = collection.cap.bytes - min(collection.cap.bytes, LogLimits.cutMark.utf8.count)
        limits = LogLimits(
            bytes: collection.piece.bytes, lines: collection.piece.lines,
            lineLength: min(longestLine, collection.piece.lineLength))
        self.memories = memories
        remembered = memories
        tally = LogSelector.Tally(patterns: selector.patterns.count)
        outlet = LogOutlet(selector, cap: collection.cap)
    }

    /// Keeps what is known of logs under their new names.
    mutating func rename(_ moves: [LogMove]) {
        memories.rename(moves)
        remembered.rename(moves)
    }

    /// Sentences on patterns that were too much work for a line.
    var failures: [String] {
        var failures = tally.abandonedCounts.sorted { $0.key < $1.key }.map { pattern, count in
            "the pattern \"\(pattern)\" took too much work on \(count) lines, which were taken as matching if it says what is "
                + "wanted, and as not matching otherwise; simplify it"
        }
        failures += outlet.abandonedCounts.sorted { $0.key < $1.key }.map { pattern, count in
            "the redaction \"\(pattern)\" took too much work on \(count) lines, which were replaced as a whole; simplify it"
        }
        failures += [tally.exhaustingPattern, outlet.exhaustingPattern].compactMap(\.self).map { pattern in
            "the pattern \"\(pattern)\" takes too much work; the rest is read the next time: simplify it"
        }
        return failures
    }

    /// What lines have to match to be read.
    var pattern: LogPattern { readsEveryLine ? .everyLine : selector.patterns.first ?? .everyLine }

    /// Chooses among the lines of a reading.
    ///
    /// - Parameters:
    ///   - log: The file, or `nil` for the journal.
    ///   - batch: What was read of it.
    ///   - start: From where.
    ///   - again: Reads so many lines once more.
    mutating func choose<Failure: Error>(
        _ log: FilePath?, _ batch: LogBatch, from start: LogPosition?, again: (Int) -> LogBatch,
        take: (LogCollection.Piece) throws(Failure) -> Void
    ) throws(Failure) -> Step {
        let judgedBytes = memories[log].fullyJudgedBytes
        var batch = batch
        let wasMissed = batch.missedBytes > 0
        batch.takeBack(missedBytes: judgedBytes)
        if batch.lines.isEmpty {
            // It was deleted.
            if let log, batch.position.files[log] == nil {
                memories[log] = LogMemory(patterns: selector.patterns.count)
            }
            return Step(position: batch.position, report: batch, canGoOn: batch.canGoOn, isFull: batch.isExhausted)
        }
        var reading = LogSelector.Reading(batch.lines)
        reading.hasEveryLine = readsEveryLine
        reading.isLimited = batch.hasMore
        // What a rotation took away is reported once.
        reading.mustMove = batch.hasMore || wasMissed
        reading.mostHeld = LogLimits(bytes: limits.bytes / 2, lines: limits.lines / 2)
        // What came in this cycle is not quiet, however large it is.
        reading.quietSize = memories[log] == remembered[log] ? remembered[log].quietSize : nil
        var memory = memories[log]
        let choice = try selector.choose(among: reading, memory: &memory, tally: &tally) {
            (pattern, range, places) throws(Failure) in
            try outlet.offer(range, of: batch.lines, places, for: pattern, take: take)
        }
        incompleteCount += choice.incompleteCount
        let isFull = choice.stop == .full || tally.exhaustingPattern != nil || batch.isExhausted
        if choice.isAll {
            memories[log] = memory
            return Step(position: batch.position, report: batch, canGoOn: batch.canGoOn, isFull: isFull)
        }
        var report = LogBatch(position: batch.position)
        if choice.doneCount > 0 {
            var done = again(choice.doneCount)
            done.takeBack(missedBytes: judgedBytes)
            if done.lines.count == choice.doneCount, done.lines.isBeginning(of: batch.lines) {
                memories[log] = memory
                report.notes = done.notes
                report.failures = batch.failures
                return Step(
                    position: done.position, report: report, canGoOn: batch.canGoOn && !isFull, isFull: isFull)
            }
        }
        // Also where the log has changed meanwhile: then nobody knows where the place in it is.
        memories[log] = choice.memoryFromStart
        report.failures = batch.failures
        let isOtherContent = wasMissed || batch.notes.contains { if case .rotated = $0 { true } else { false } }
        let place = isOtherContent ? start : start?.knowing(batch.position)
        return Step(position: place, report: report, canGoOn: false, isFull: isFull || choice.doneCount > 0)
    }

    /// Hands on what is left, and for each pattern with more matches than are wanted a line that says so.
    mutating func finish<Failure: Error>(
        take: (LogCollection.Piece) throws(Failure) -> Void
    ) throws(Failure) {
        for pattern in selector.patterns.indices {
            let count = tally.omittedCounts[pattern]
            if count > 0 {
                let most = selector.mostMatches ?? 0
                outlet.add(
                    remark: "[\(count) more that match were left out: at most \(most) are sent at a time]", for: pattern
                )
            }
            outlet.add(matchCount: tally.matchCounts[pattern], for: pattern)
        }
        try outlet.flush(take: take)
    }
}

extension LogCollection {
    /// Reads what is new, and hands on what is chosen of it.
    func choose<Failure: Error>(
        _ position: inout LogPosition?, _ chooser: inout LogChooser, _ outcome: inout ModuleOutcome,
        in context: ModuleContext, take: (Piece) throws(Failure) -> Void
    ) async throws(Failure) {
        let reader = LogReader(matching: chooser.pattern, limits: chooser.limits, clock: { context.now })
        var hasMore = false
        if let query = journal(for: position, in: context) {
            while true {
                let start = position
                let answer = await ask(query, from: start, in: context)
                let batch = read(answer, from: start, by: reader)
                let step = try chooser.choose(
                    nil, batch, from: start,
                    again: { read(answer, from: start, by: reader.limited(toLines: $0)) }, take: take)
                outcome.add(step.report)
                position = step.position ?? LogPosition()
                hasMore = batch.hasMore || step.isFull
                if !step.canGoOn || ContinuousClock.now >= context.deadline { break }
            }
        } else {
            let rest = try reader.readEach(
                source, from: position, firstRun: firstRun, rename: { chooser.rename($0) }
            ) { file throws(Failure) in
                var batch = file.batch
                var start = file.start
                while true {
                    let step = try chooser.choose(
                        file.path, batch, from: LogPosition(file: file.path, start),
                        again: { reader.limited(toLines: $0).read(on: file, from: start) }, take: take)
                    outcome.add(step.report)
                    start = step.position?.files[file.path]
                    let isOver = ContinuousClock.now >= context.deadline
                    if step.canGoOn, !isOver {
                        batch = reader.read(on: file, from: start)
                        continue
                    }
                    if batch.hasMore { hasMore = true }
                    return FileBatch.Progress(
                        position: start, goesOn: !step.isFull && !(isOver && batch.hasMore))
                }
            }
            outcome.add(rest)
            hasMore = hasMore || rest.hasMore
            position = rest.position
        }
        try chooser.finish(take: take)
        if hasMore { outcome.notes.append("\(sourceText) has more new lines than fit; the rest comes next time") }
        outcome.failures += chooser.failures
        if chooser.incompleteCount > 0 {
            outcome.notes.append(
                "\(sourceText): \(chooser.incompleteCount) matches have not all lines around them, which are more than "
                    + "\(chooser.limits.bytes / 2) bytes")
        }
    }
}

extension LogPosition {
    /// The position in a single file; `nil` where there is none.
    fileprivate init?(file: FilePath, _ position: FilePosition?) {
        guard let position else { return nil }
        self.init(files: [file: position])
    }
}
