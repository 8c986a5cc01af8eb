internal import CommandRunner
internal import LogReading
internal import SystemPackage

/// What journalctl had to say.
struct JournalAnswer {
    let query: JournalQuery
    let output: JournalOutput
    /// Why it is not all that there is; what came before stands nevertheless.
    let failure: LogFailure?
    /// What it complained of, though it did not fail.
    let complaint: String?

    init(_ result: CommandResult, to query: JournalQuery, start: JournalQuery.Start, _ folders: JournalFolders) {
        self.query = query
        let complaint = String(decoding: result.errorOutput, as: UTF8.self)
        // Without a journal, journalctl is silent, or has few words for it.
        if case .exited = result.ending, result.output.isEmpty, !folders.holdFiles {
            self.complaint = nil
            failure = query.missing(in: folders)
            output = JournalOutput([], start: start)
            return
        }
        switch result.ending {
        case .exited(status: 0), .stoppedAtOutputLimit:
            failure = nil
        case .exited where !complaint.isEmpty:
            failure = query.failure(standardError: complaint)
        case .exited, .killed, .timedOut, .notStarted:
            failure = query.failure(standardError: complaint, ending: "\(result.ending)")
        }
        self.complaint = failure == nil ? JournalQuery.complaint(in: complaint) : nil
        output = JournalOutput(
            result.output, start: start,
            end: result.isTruncated ? .atLimit : failure == nil ? .whole : .early)
    }
}

extension LogCollection {
    /// The most that journalctl may print for a piece, after which it is stopped. An entry carries some 350 bytes beside its
    /// text, so that this is about a piece's worth of short lines, and several of long ones.
    private static let journalOutputLimit = 8 * LogCap.usual.bytes

    /// The journal, where it is what is to be read now. Where nothing else could be, it is asked whether it is there or not.
    func journal(for position: LogPosition?, in context: ModuleContext) -> JournalQuery? {
        let candidates = source.candidates
        guard candidates.contains(where: { if case .journal = $0 { true } else { false } }) else { return nil }
        let candidate =
            candidates.count == 1
            ? candidates.first : source.present(for: position, journalFolders: context.journalFolders)
        if case .journal(let query)? = candidate { return query }
        return nil
    }

    /// Has journalctl print what is new, a piece at most.
    func ask(_ query: JournalQuery, from position: LogPosition?, in context: ModuleContext) async -> JournalAnswer {
        let answer = await ask(query, from: position, start: .atLast, in: context)
        guard answer.output.isFilledByLast(of: position) else { return answer }
        return await ask(query, from: position, start: .afterLast, in: context)
    }

    private func ask(
        _ query: JournalQuery, from position: LogPosition?, start: JournalQuery.Start, in context: ModuleContext
    ) async -> JournalAnswer {
        let firstRun = source.firstRun(firstRun, of: .journal(query), position)
        let arguments = query.arguments(from: position, firstRun: firstRun, start: start)
        let command = Command(
            .file(FilePath("journalctl"), arguments: arguments), environment: context.environment,
            timeLimit: context.longestCommand, outputLimit: Self.journalOutputLimit, excess: .endsCommand)
        return JournalAnswer(await command.run(), to: query, start: start, context.journalFolders)
    }

    /// Makes a batch of what journalctl printed.
    func read(_ answer: JournalAnswer, from position: LogPosition?, by reader: LogReader) -> LogBatch {
        var batch = reader.read(
            journal: answer.output, from: position,
            firstRun: source.firstRun(firstRun, of: .journal(answer.query), position))
        batch.failures += [answer.failure].compactMap(\.self)
        batch.notes += [answer.complaint].compactMap(\.self).map { .journalComplaint($0) }
        return batch
    }
}
