internal import CommandRunner
internal import Glibc
internal import LogReading
internal import SystemPackage

/// The reading of one log by one module: where it stands, how it is read, and what is to be committed.
struct LogCollection: Sendable {
    /// The most that one log brings in a cycle, in bytes: its Base64 has to fit into the 2,000,000 bytes that servers
    /// take, beside the rest of the file. What is beyond waits for the next cycle.
    static let limits = LogLimits(bytes: 1_000_000)

    /// The most that journalctl may print in a cycle: entries carry more than their lines.
    private static let journalOutputLimit = 16 << 20

    let source: LogSource
    /// The FILE argument, for messages.
    let sourceText: String
    let pattern: LogPattern
    /// What the position is kept under.
    let stateKey: String
    /// What ``stateKey`` begins with, whatever the pattern; `nil` where another pattern is another thing.
    var keyWithoutPattern: String?
    var firstRun = LogReader.FirstRun.atEnd
    /// The name under which the Perl plugin kept its index; `nil` where it kept none.
    var legacyName: String?

    /// Reads what is new.
    ///
    /// - Returns: The lines, and an outcome with the new position, failures and notes, and no elements yet.
    func read(in context: ModuleContext) async -> (lines: LogLines, outcome: ModuleOutcome) {
        let remembered = context.state[stateKey] ?? positionOfAnotherPattern(in: context)
        let position = remembered.flatMap { LogPosition($0) } ?? legacyPosition(in: context, isFirst: remembered == nil)
        let reader = LogReader(matching: pattern, limits: Self.limits, clock: { context.now })
        let batch = await read(with: reader, from: position, in: context)

        var outcome = ModuleOutcome()
        outcome.failures = batch.failures.map(\.description)
        for note in batch.notes {
            switch note {
            // Lines that do not arrive as they were written are a failure, and no remark.
            case .missed, .cut: outcome.failures.append(note.description)
            default: outcome.notes.append(note.description)
            }
        }
        if remembered != nil, position == nil {
            outcome.notes.append(
                "the remembered position of \(sourceText) is damaged; reading starts as if for the first time")
        }
        if batch.hasMore { outcome.notes.append("\(sourceText) has more new lines than fit; the rest comes next time") }
        // A log that could not be looked at yet is met for the first time when it can.
        if position != nil || batch.failures.isEmpty { outcome.stateChanges[stateKey] = batch.position.description }
        return (batch.lines, outcome)
    }

    private func read(with reader: LogReader, from position: LogPosition?, in context: ModuleContext) async -> LogBatch
    {
        guard case .journal(let query)? = source.present(for: position) else {
            return reader.read(source, from: position, firstRun: firstRun)
        }
        let result = await Command(
            .file(FilePath("journalctl"), arguments: query.arguments(from: position, firstRun: firstRun)),
            environment: context.environment, timeLimit: context.longestCommand, outputLimit: Self.journalOutputLimit
        ).run()
        guard result.isSuccess else {
            var batch = LogBatch(position: position ?? LogPosition())
            let complaint = String(decoding: result.errorOutput, as: UTF8.self)
            batch.failures = [query.failure(standardError: complaint.isEmpty ? "\(result.ending)" : complaint)]
            return batch
        }
        var batch = reader.read(journal: result.output, from: position, firstRun: firstRun)
        if result.isTruncated { batch.hasMore = true }
        return batch
    }

    /// Where the same log stood under the same name, before its pattern was changed: a new pattern must not lose the lines
    /// that came since the last cycle.
    private func positionOfAnotherPattern(in context: ModuleContext) -> String? {
        guard let keyWithoutPattern else { return nil }
        return context.state.filter { $0.key.hasPrefix(keyWithoutPattern) }.min { $0.key < $1.key }?.value
    }

    /// Where the Perl plugin stood, the first time only.
    private func legacyPosition(in context: ModuleContext, isFirst: Bool) -> LogPosition? {
        guard isFirst, let legacyName, case .file(let log)? = source.present(for: nil) else { return nil }
        let folder = FilePath(context.environment["GREP_LOG_TMP"] ?? "/tmp")
        return LegacyIndex(in: folder, name: legacyName, log: log, user: geteuid())?.position(in: log)
    }
}
