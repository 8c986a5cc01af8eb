internal import CommandRunner
internal import Glibc
internal import LogReading
internal import SystemPackage

/// The most that one log brings in a cycle; the rest comes in the next ones.
struct LogCap: Sendable {
    /// In bytes of lines.
    var bytes: Int
    var lines: Int

    /// Base64 of this has to fit into the 2,000,000 bytes that servers take, beside the rest of the file.
    static let usual = LogCap(bytes: 1_000_000, lines: .max)
}

/// The reading of one log by one module: where it stands, how it is read, and what is to be committed.
struct LogCollection: Sendable {
    /// A part of what a reading brings.
    struct Piece {
        /// Which of the patterns it belongs to.
        let pattern: Int
        let lines: LogLines
        /// Each match with the lines around it, without the last line's end; for readers that keep matches apart.
        var matches: [[UInt8]] = []
        /// How many matches there were, also those that are left out.
        var matchCount = 0
    }

    /// The most that journalctl may print in a cycle: entries carry more than their lines.
    private static let journalOutputLimit = 16 << 20

    let source: LogSource
    /// The FILE argument, for messages.
    let sourceText: String
    let selector: LogSelector
    /// What the position is kept under.
    let stateKey: String
    /// What ``stateKey`` begins with, whatever the pattern; `nil` where another pattern is another thing.
    var keyWithoutPattern: String?
    var firstRun = LogReader.FirstRun.atEnd
    /// The name under which the Perl plugin kept its index; `nil` where it kept none.
    var legacyName: String?
    var cap = LogCap.usual

    init(source: LogSource, sourceText: String, selector: LogSelector, stateKey: String) {
        self.source = source
        self.sourceText = sourceText
        self.selector = selector
        self.stateKey = stateKey
    }

    /// What has to be known of the last cycle beside the position.
    private var memoryKey: String { "around \(stateKey)" }

    /// Reads what is new, piece by piece, so that no more than a piece is in memory.
    ///
    /// - Returns: An outcome with the new position, failures and notes, and no elements yet.
    func read<Failure: Error>(
        in context: ModuleContext, take: (Piece) throws(Failure) -> Void
    ) async throws(Failure) -> ModuleOutcome {
        let remembered = context.state[stateKey] ?? positionOfAnotherPattern(in: context)
        var position = remembered.flatMap { LogPosition($0) } ?? legacyPosition(in: context, isFirst: remembered == nil)
        var memory = LogMemory(context.state[memoryKey], patterns: selector.patterns.count)
        let start = position
        var outcome = ModuleOutcome()
        if remembered != nil, position == nil {
            outcome.notes.append(
                "the remembered position of \(sourceText) is damaged; reading starts as if for the first time")
        }
        var room = cap
        while true {
            let look = await Look(self, from: position, size: pieceSize, lines: room.lines, in: context)
            let chosen = look.choose(with: &memory, selector)
            for piece in chosen.pieces {
                try take(piece)
                room.bytes -= piece.lines.bytes.count
                if room.lines < .max { room.lines -= min(room.lines, piece.lines.count) }
            }
            outcome.add(chosen.batch)
            position = chosen.position
            guard chosen.batch.hasMore else { break }
            if room.bytes < pieceSize || room.lines == 0 || ContinuousClock.now >= context.deadline
                || !chosen.batch.failures.isEmpty
            {
                outcome.notes.append("\(sourceText) has more new lines than fit; the rest comes next time")
                break
            }
        }
        for piece in memory.remarks(selector) { try take(piece) }
        if let position {
            // To write thousands of files' positions anew costs more than to compare them.
            outcome.stateChanges[stateKey] =
                position == start ? context.state[stateKey] ?? position.description : position.description
        }
        if let text = memory.description ?? context.state[memoryKey].map({ _ in "" }) {
            outcome.stateChanges[memoryKey] = text
        }
        return outcome
    }

    /// The journal, where it is what is to be read now. Where nothing else could be, journalctl has to say that it is not
    /// there.
    private func journal(for position: LogPosition?) -> JournalQuery? {
        let candidates = source.candidates
        guard candidates.contains(where: { if case .journal = $0 { true } else { false } }) else { return nil }
        let candidate = candidates.count == 1 ? candidates.first : source.present(for: position)
        if case .journal(let query)? = candidate { return query }
        return nil
    }

    /// How much is read before something is handed on. Where lines are left out, several pieces fill the cap.
    private var pieceSize: Int {
        let usual = min(cap.bytes, LogCap.usual.bytes)
        if selector.wantsAllAsTheyAre { return usual }
        let factor = selector.patterns.count * (selector.keepsMatchesApart ? 1 + selector.before + selector.after : 1)
        let longestLine = LogLimits().lineLength + LogLimits.cutMark.utf8.count
        return min(usual, max(usual / 4 / max(1, factor), longestLine))
    }

    /// Where the same log stood under the same name, before its pattern was changed: a new pattern must not lose the lines
    /// that came since the last cycle. Of several, the one that has come furthest is of the pattern that was used last.
    private func positionOfAnotherPattern(in context: ModuleContext) -> String? {
        guard let keyWithoutPattern else { return nil }
        return context.state.filter { $0.key.hasPrefix(keyWithoutPattern) }
            .compactMap { key, value in LogPosition(value).map { (key: key, value: value, progress: $0.progress) } }
            .max {
                ($0.progress.changed, $0.progress.bytes, $0.key) < ($1.progress.changed, $1.progress.bytes, $1.key)
            }?
            .value
    }

    /// Where the Perl plugin stood, the first time only.
    private func legacyPosition(in context: ModuleContext, isFirst: Bool) -> LogPosition? {
        guard isFirst, let legacyName, case .file(let log)? = source.present(for: nil) else { return nil }
        let folders = context.environment["GREP_LOG_TMP"].map { [FilePath($0)] } ?? context.legacyPositions
        return folders.lazy.compactMap { LegacyIndex(in: $0, name: legacyName, log: log, user: geteuid()) }.first?
            .position(in: log)
    }

    /// One look at the log.
    fileprivate struct Look {
        let batch: LogBatch
        let start: LogPosition?
        /// Reads the same once more, so many lines at most.
        let again: (Int) -> LogBatch

        init(
            _ collection: LogCollection, from start: LogPosition?, size: Int, lines: Int, in context: ModuleContext
        ) async {
            self.start = start
            let selector = collection.selector
            let pattern = selector.needsEveryLine ? LogPattern.everyLine : selector.patterns.first
            let firstRun = collection.firstRun
            func reader(_ lines: Int) -> LogReader {
                LogReader(
                    matching: pattern ?? .everyLine, limits: LogLimits(bytes: size, lines: lines),
                    clock: { context.now })
            }
            guard let query = collection.journal(for: start) else {
                again = { reader($0).read(collection.source, from: start, firstRun: firstRun) }
                batch = again(lines)
                return
            }
            let result = await Command(
                .file(FilePath("journalctl"), arguments: query.arguments(from: start, firstRun: firstRun)),
                environment: context.environment, timeLimit: context.longestCommand,
                outputLimit: LogCollection.journalOutputLimit
            ).run()
            again = { lines in
                guard result.isSuccess else {
                    var batch = LogBatch(position: start ?? LogPosition())
                    let complaint = String(decoding: result.errorOutput, as: UTF8.self)
                    batch.failures = [query.failure(standardError: complaint.isEmpty ? "\(result.ending)" : complaint)]
                    return batch
                }
                var batch = reader(lines).read(
                    journal: result.output, from: start, firstRun: firstRun, isCut: result.isTruncated)
                if result.isTruncated { batch.hasMore = true }
                return batch
            }
            batch = again(lines)
        }

        /// Chooses what is wanted. The position is before those lines that are to be read again with what comes later.
        func choose(
            with memory: inout LogMemory, _ selector: LogSelector
        ) -> (batch: LogBatch, position: LogPosition, pieces: [Piece]) {
            if selector.wantsAllAsTheyAre {
                var piece = Piece(pattern: 0, lines: batch.lines)
                if selector.keepsMatchesApart { piece.matches = batch.lines.withoutEnds }
                piece.matchCount = piece.matches.count
                return (batch, batch.position, batch.lines.isEmpty ? [] : [piece])
            }
            let places = batch.lines.places
            var next = memory
            var choice = selector.choose(
                among: batch.lines, places, memory: &next.selection, isLastRecordWhole: false, mustFinish: false)
            // Nothing came after it in a whole cycle: it is whole.
            if choice.openRecordSize > 0, !batch.hasMore, choice.openRecordSize == memory.openRecordSize {
                next = memory
                choice = selector.choose(
                    among: batch.lines, places, memory: &next.selection, isLastRecordWhole: true, mustFinish: false)
            }
            var position = batch.position
            if choice.doneCount < places.count {
                // What a rotation took away is reported once; and a piece that is full has to be done with.
                if choice.doneCount == 0, !batch.hasMore, batch.missedBytes == 0 {
                    position = start ?? position
                } else if let place = place(after: choice.doneCount, places) {
                    position = place
                } else {
                    next = memory
                    choice = selector.choose(
                        among: batch.lines, places, memory: &next.selection, isLastRecordWhole: true, mustFinish: true)
                }
            }
            next.openRecordSize = choice.openRecordSize
            let pieces = choice.stretches.enumerated().map { pattern, stretches in
                let parts = selector.keepsMatchesApart ? stretches.map { [$0] } : [stretches]
                let texts = parts.map { batch.lines.chosen($0, places).redacting(selector.redactions) }
                let matches = selector.keepsMatchesApart ? texts.map(\.bytes.withoutLineEnd) : []
                var lines = LogLines()
                for text in texts { lines.append(text) }
                let matchCount =
                    next.selection.matchCounts[pattern] - memory.selection.matchCounts[pattern]
                return Piece(pattern: pattern, lines: lines, matches: matches, matchCount: matchCount)
            }
            memory = next
            return (batch, position, pieces.filter { !$0.lines.isEmpty || $0.matchCount > 0 })
        }

        /// The position after the first lines; `nil` where the log is not the same any more.
        private func place(after count: Int, _ places: [Range<Int>]) -> LogPosition? {
            guard count > 0 else { return nil }
            let again = again(count)
            guard again.lines.bytes == Array(batch.lines.bytes[..<places[count - 1].upperBound]) else { return nil }
            return again.position
        }
    }
}

extension ModuleOutcome {
    /// Adds what a reading has to tell.
    fileprivate mutating func add(_ batch: LogBatch) {
        failures += batch.failures.map(\.description)
        missedLogBytes &+= batch.notes.reduce(0) { sum, note in
            switch note {
            case .missed(_, let bytes), .unreadable(_, let bytes): sum &+ bytes
            default: sum
            }
        }
        for note in batch.notes {
            switch note {
            // Lines that do not arrive as they were written are a failure, and no remark.
            case .missed, .unreadable, .cut: failures.append(note.description)
            default: notes.append(note.description)
            }
        }
    }
}
