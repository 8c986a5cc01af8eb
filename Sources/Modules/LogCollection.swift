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
        var lines: LogLines
        /// Each match with the lines around it, without the last line's end; for readers that keep matches apart.
        var matches: [[UInt8]] = []
        /// How many matches there were, also those that are left out; the last piece of a pattern says it.
        var matchCount = 0
    }

    let source: LogSource
    /// The FILE argument, for messages.
    let sourceText: String
    let selector: LogSelector
    /// What the position is kept under.
    let key: LogReaderKey
    var firstRun = LogReader.FirstRun.atEnd
    /// The name under which the Perl plugin kept its index; `nil` where it kept none.
    var legacyName: String?
    var cap = LogCap.usual
    /// How much is read before a choice, where there is one.
    var piece = LogChooser.usualPiece

    init(source: LogSource, sourceText: String, selector: LogSelector, key: LogReaderKey) {
        self.source = source
        self.sourceText = sourceText
        self.selector = selector
        self.key = key
    }

    /// Under which key is what has to be known of the last cycle beside the position.
    private static func memoryKey(_ stateKey: String) -> String { "around \(stateKey)" }

    /// Reads what is new, piece by piece, so that no more than a piece is in memory.
    ///
    /// - Returns: An outcome with the new position, failures and notes, and no elements yet.
    func read<Failure: Error>(
        in context: ModuleContext, take: (Piece) throws(Failure) -> Void
    ) async throws(Failure) -> ModuleOutcome {
        let stateKey = key.text
        let others = otherPatterns(in: context)
        let known = context.state[stateKey] == nil ? others.newest : stateKey
        let remembered = known.flatMap { context.state[$0] }
        var position = remembered.flatMap { LogPosition($0) } ?? legacyPosition(in: context, isFirst: remembered == nil)
        let start = position
        var outcome = ModuleOutcome()
        outcome.stateRemovals = Set(others.unused.flatMap { [$0, Self.memoryKey($0)] })
        if remembered != nil, position == nil {
            outcome.notes.append(
                "the remembered position of \(sourceText) is damaged; reading starts as if for the first time")
        }
        var memories = LogMemories(
            known.flatMap { context.state[Self.memoryKey($0)] } ?? "", patterns: selector.patterns.count)
        if known != stateKey { memories = memories.taken(over: selector.patterns.count) }
        if selector.wantsAllAsTheyAre, !memories.isHoldingLines {
            try await readAll(&position, &outcome, in: context, take: take)
            memories = LogMemories(patterns: selector.patterns.count)
        } else {
            var chooser = LogChooser(self, memories)
            try await choose(&position, &chooser, &outcome, in: context, take: take)
            memories = chooser.memories
        }
        if let position {
            // To write thousands of files' positions anew costs more than to compare them.
            outcome.stateChanges[stateKey] =
                position == start && known == stateKey
                ? context.state[stateKey] ?? position.description : position.description
        }
        let memoryKey = Self.memoryKey(stateKey)
        if !memories.isEmpty || context.state[memoryKey] != nil {
            outcome.stateChanges[memoryKey] = memories.description
        }
        return outcome
    }

    /// Reads what is new, of which all is wanted, piece by piece, so that no more than a piece is in memory.
    private func readAll<Failure: Error>(
        _ position: inout LogPosition?, _ outcome: inout ModuleOutcome, in context: ModuleContext,
        take: (Piece) throws(Failure) -> Void
    ) async throws(Failure) {
        let pieceSize = min(cap.bytes, LogCap.usual.bytes)
        let pattern = selector.patterns.first ?? .everyLine
        var room = cap
        var reader = LogReader(matching: pattern, clock: { context.now })
        while true {
            reader.limits = LogLimits(bytes: pieceSize, lines: room.lines)
            let batch: LogBatch
            if let query = journal(for: position, in: context) {
                let answer = await ask(query, from: position, in: context)
                batch = read(answer, from: position, by: reader)
            } else {
                batch = reader.read(source, from: position, firstRun: firstRun)
            }
            if !batch.lines.isEmpty {
                try take(Piece(pattern: 0, lines: batch.lines))
                room.bytes -= batch.lines.bytes.count
                if room.lines < .max { room.lines -= min(room.lines, batch.lines.count) }
            }
            outcome.add(batch)
            position = batch.position
            guard batch.hasMore else { break }
            if room.bytes < pieceSize || room.lines == 0 || ContinuousClock.now >= context.deadline
                || !batch.canGoOn
            {
                outcome.notes.append("\(sourceText) has more new lines than fit; the rest comes next time")
                break
            }
        }
    }

    /// Where the same log stood under the same name with other patterns: a new pattern must not lose the lines that came
    /// since the last cycle.
    ///
    /// A pattern that is not configured any more is not kept: whoever reads the log now goes on for it, and if it comes back,
    /// it goes on from there, as a new one does. But a module with a new pattern may not be due yet; then the position is
    /// kept for it. Where nobody knows what is configured, all are kept.
    ///
    /// - Returns: The key of the position to take over, and those of which nobody has need any more. Of several, the first is
    ///   that of a pattern that is not configured any more and has come furthest, which was used last.
    private func otherPatterns(in context: ModuleContext) -> (newest: String?, unused: [String]) {
        let stateKey = key.text
        let others = context.state.filter { $0.key.hasPrefix(key.withoutPattern) && $0.key != stateKey }
        if others.isEmpty { return (nil, []) }
        guard let keysInUse = context.keysOfLogReaders?() else { return (Self.furthest(others), []) }
        let unused = others.filter { !keysInUse.contains($0.key) }
        let isAwaited = keysInUse.contains {
            $0.hasPrefix(key.withoutPattern) && $0 != stateKey && context.state[$0] == nil
        }
        return (Self.furthest(unused) ?? Self.furthest(others), isAwaited ? [] : Array(unused.keys))
    }

    private static func furthest(_ positions: [String: String]) -> String? {
        positions.compactMap { key, value in LogPosition(value).map { (key: key, progress: $0.progress) } }
            .max {
                ($0.progress.changed, $0.progress.bytes, $0.key) < ($1.progress.changed, $1.progress.bytes, $1.key)
            }?
            .key
    }

    /// Where the Perl plugin stood, the first time only.
    private func legacyPosition(in context: ModuleContext, isFirst: Bool) -> LogPosition? {
        guard isFirst, let legacyName,
            case .file(let log)? = source.present(for: nil, journalFolders: context.journalFolders)
        else { return nil }
        let folders = context.environment["GREP_LOG_TMP"].map { [FilePath($0)] } ?? context.legacyPositions
        return folders.lazy.compactMap { LegacyIndex(in: $0, name: legacyName, log: log, user: geteuid()) }.first?
            .position(in: log)
    }
}

extension ModuleOutcome {
    /// Adds what a reading has to tell.
    mutating func add(_ batch: LogBatch) {
        failures += batch.failures.map(\.description)
        missedLogBytes &+= batch.missedBytes
        for note in batch.notes {
            switch note {
            // Lines that do not arrive as they were written are a failure, and no remark.
            case .missed, .unreadable, .cut, .gaveUp, .exhausted: failures.append(note.description)
            // What is read in several pieces tells some things with each of them.
            default: if !notes.contains(note.description) { notes.append(note.description) }
            }
        }
    }
}
