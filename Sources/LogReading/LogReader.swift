internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// Reads what is new in a source and keeps the lines that match.
///
/// # How nothing is lost and nothing comes twice
/// - A position says how far a file was read, and which file that is, by inode and by content. It never is ahead of the
///   lines that were handed on, and stands before a last line that is not finished.
/// - A file that is not the one of the position was rotated, emptied or replaced. The old one, or its copy, is looked
///   for in the folder and read to its end first, then those that were rotated after it, then the new one.
/// - A rotated file is left only when a later one holds something, for until then it may be written to.
/// - The reader writes nothing. Whoever commits the lines commits the position with them.
///
/// A reader is for one cycle: in all its readings together, the pattern may take no more work than a cycle can give.
public struct LogReader: Sendable {
    /// What a reading without a position does.
    public enum FirstRun: Sendable, Hashable {
        /// It remembers the end and brings nothing.
        case atEnd
        /// It reads all that is there.
        case fromStart
    }

    let pattern: LogPattern
    /// How much one reading may bring.
    public var limits: LogLimits
    fileprivate let clock: @Sendable () -> Int64
    let work = SearchWork()

    /// A reader.
    ///
    /// - Parameters:
    ///   - pattern: What a line must match.
    ///   - limits: How much one reading may bring.
    ///   - clock: The time in seconds since 1970; `nil` asks the system.
    public init(
        matching pattern: LogPattern, limits: LogLimits = LogLimits(),
        clock: (@Sendable () -> Int64)? = nil
    ) {
        self.pattern = pattern
        self.limits = limits
        self.clock = clock ?? { Int64(time(nil)) }
    }

    /// A reader of the same for so many lines, which were read before: the work of that does not count.
    public func limited(toLines count: Int) -> LogReader {
        var limits = limits
        limits.lines = count
        return LogReader(matching: pattern, limits: limits, clock: clock)
    }

    /// Reads the candidate of a source that is there, or reports the first as missing. A journal is read by running
    /// journalctl and yields nothing here.
    ///
    /// A file that is missing at the first reading is read from its start when it comes.
    ///
    /// - Parameters:
    ///   - source: What to read.
    ///   - position: Where the last reading ended; `nil` before the first.
    ///   - firstRun: What to do without a position.
    public func read(
        _ source: LogSource, from position: LogPosition?, firstRun: FirstRun = .atEnd
    ) -> LogBatch {
        var (batch, plan) = plan(source, from: position, firstRun)
        guard let plan else { return batch }
        var scanner = LineScanner(pattern: pattern, limits: limits, work: work)
        for log in plan.logs {
            guard case .from(let known) = log.reading(in: &batch.position.files) else { continue }
            if scanner.isFull, !plan.look.atEnd {
                batch.hasMore = true
                if known == nil { plan.look.meet(log, &batch.position) }
                continue
            }
            let result = plan.look.read(log.path, from: known, isPast: log.isPast, &scanner)
            for name in [log.path] + log.otherNames { batch.position.files[name] = result.position }
            batch.notes += result.notes
            batch.failures += result.failures
            if result.isLimited {
                batch.hasMore = true
                batch.position.lastServed = log.path
            }
        }
        batch.lines = scanner.lines
        batch.isExhausted = scanner.isExhausted
        batch.notes += scanner.notes
        return batch
    }

    /// Reads the candidate of a source that is there, each of its files by itself, within limits of its own.
    ///
    /// - Parameters:
    ///   - source: What to read.
    ///   - position: Where the last reading ended; `nil` before the first.
    ///   - firstRun: What to do without a position.
    ///   - rename: Hears of the logs that have other names than the last time, before any is read.
    ///   - take: Takes what a file brought, and says how far it was handed on. It may read on in the same file.
    /// - Returns: A batch without lines, and without what was said of the files.
    public func readEach<Failure: Error>(
        _ source: LogSource, from position: LogPosition?, firstRun: FirstRun = .atEnd,
        rename: ([LogMove]) -> Void = { _ in }, take: (FileBatch) throws(Failure) -> FileBatch.Progress
    ) throws(Failure) -> LogBatch {
        var (batch, plan) = plan(source, from: position, firstRun)
        guard let plan else { return batch }
        rename(plan.moves)
        for log in plan.logs {
            guard case .from(let known) = log.reading(in: &batch.position.files) else { continue }
            if batch.hasMore {
                if known == nil { plan.look.meet(log, &batch.position) }
                continue
            }
            var scanner = LineScanner(pattern: pattern, limits: limits, work: work)
            let result = plan.look.read(log.path, from: known, isPast: log.isPast, &scanner)
            // What is read of a file for the first time is left as its beginning, so that it is known by its content.
            let isFirst = known == nil || known?.inode == 0 && !result.isOfSeveral
            let start = isFirst && !scanner.lines.isEmpty ? result.position?.atStart : known
            let progress = try take(
                FileBatch(
                    path: log.path, start: start, isOfGlob: plan.look.areOfGlob, isPast: log.isPast,
                    batch: LogBatch(result, of: log.path, scanner)))
            for name in [log.path] + log.otherNames { batch.position.files[name] = progress.position }
            if !progress.goesOn {
                batch.hasMore = true
                batch.position.lastServed = log.path
            }
        }
        return batch
    }

    /// Reads on in a file of ``readEach(_:from:firstRun:rename:take:)``.
    ///
    /// - Parameters:
    ///   - file: What it brought.
    ///   - position: From where to read; `nil` reads what is there.
    public func read(on file: FileBatch, from position: FilePosition?) -> LogBatch {
        var scanner = LineScanner(pattern: pattern, limits: limits, work: work)
        let look = Look(self, areOfGlob: file.isOfGlob, atEnd: false)
        let result = look.read(file.path, from: position, isPast: file.isPast, &scanner)
        return LogBatch(result, of: file.path, scanner)
    }

    /// What is to be read, and how.
    private struct Plan {
        let logs: [NamedLog]
        let moves: [LogMove]
        let look: Look
    }

    /// Looks at what is there of a source.
    ///
    /// - Returns: A batch at the position, by the names that the files have now; and what is to be read, `nil` if that is
    ///   nothing.
    private func plan(
        _ source: LogSource, from position: LogPosition?, _ firstRun: FirstRun
    ) -> (LogBatch, Plan?) {
        var batch = LogBatch(position: position ?? LogPosition())
        // With a single candidate there is nothing to choose.
        let present = source.candidates.count > 1 ? source.present(for: position, journalFolders: .none) : nil
        guard let candidate = present ?? source.candidates.first else { return (batch, nil) }
        let last = position?.lastServed
        batch.position.lastServed = nil
        let firstRun = source.firstRun(firstRun, of: candidate, position)
        let look = Look(self, areOfGlob: candidate.isGlob, atEnd: firstRun == .atEnd)
        var logs: [NamedLog] = []
        var moves: [LogMove] = []
        switch candidate {
        case .file(let path):
            logs = NamedLog.all([path], after: last)
        case .glob(let glob):
            do throws(LogFailure) {
                (logs, moves) = try self.logs(of: glob, in: source, after: last, look, &batch)
            } catch {
                batch.failures = [error]
            }
        case .journal:
            break
        }
        if logs.isEmpty { return (batch, nil) }
        if logs.contains(where: { $0.status != nil }) { source.forgetStandIns(for: candidate, in: &batch.position) }
        return (batch, Plan(logs: logs, moves: moves, look: look))
    }

    /// The logs of a wildcard: what matches, and what was read before and has no file at the moment.
    private func logs(
        of glob: FileGlob, in source: LogSource, after last: FilePath?, _ look: Look, _ batch: inout LogBatch
    ) throws(LogFailure) -> (logs: [NamedLog], moves: [LogMove]) {
        /// The names in the position, which change below.
        func known() -> [FilePath] {
            let paths = batch.position.files.keys
            return source.candidates.count == 1
                ? Array(paths) : paths.filter { source.candidate(naming: $0) == .glob(glob) }
        }
        let finding = glob.find(known: known())
        let found = Set(finding.files)
        let matching = NamedLog.all(finding.files, after: last)
        let moved = batch.position.moveRotated(to: found)
        let renamed = batch.position.moveRenamed(to: matching, in: look.folders)
        let leadNowhere = matching.filter { $0.status == nil }.map(\.path)
        batch.position.forgetSecondNames(among: leadNowhere + known().filter { !found.contains($0) })
        // A log that has no file for a moment has its rotated one.
        let absent = known().filter { !found.contains($0) }
        if finding.files.isEmpty, absent.isEmpty {
            throw finding.failures.first ?? LogFailure(FilePath(glob.description), .missing)
        }
        if let failure = finding.failures.first {
            batch.notes.append(.foldersPassedOver(failure, count: finding.failures.count))
        }
        batch.notes += renamed.notes
        var logs = absent.isEmpty ? matching : NamedLog.all(finding.files + absent, after: last)
        if !absent.isEmpty {
            let names = found.union(absent)
            for index in logs.indices where !found.contains(logs[index].path) {
                logs[index].isPast = FileGlob.log(names, rotatedTo: logs[index].path) != nil
            }
        }
        return (logs, moved + renamed.moves)
    }
}

/// How the files of a source are read this time.
private struct Look {
    let limits: LogLimits
    let atEnd: Bool
    /// Whether the files were not asked for by name.
    let areOfGlob: Bool
    let now: Int64
    let folders = FolderSnapshots()

    init(_ reader: LogReader, areOfGlob: Bool, atEnd: Bool) {
        limits = reader.limits
        now = reader.clock()
        self.areOfGlob = areOfGlob
        self.atEnd = atEnd
    }

    /// Notes where a log begins that is new, and for which there is no room: it may be rotated away before the next time.
    func meet(_ log: NamedLog, _ position: inout LogPosition) {
        guard let start = reading(log.path).meet() else { return }
        for name in [log.path] + log.otherNames { position.files[name] = start }
    }

    private func reading(_ path: FilePath) -> FileReading {
        FileReading(path: path, limits: limits, now: now, folders: folders)
    }

    /// Reads one file.
    ///
    /// - Returns: What became of it. A position that is `nil` says that nothing is known of the file any more.
    func read(
        _ path: FilePath, from known: FilePosition?, isPast: Bool, _ scanner: inout LineScanner
    ) -> FileReading.Result {
        var reading = reading(path)
        reading.isPast = isPast
        var result = known.map { reading.resume($0, with: &scanner) } ?? reading.begin(&scanner, atEnd: atEnd)
        guard areOfGlob else {
            result.position = result.position ?? known
            return result
        }
        if result.failures == [LogFailure(path, .missing)] {
            // One of many that was deleted, as old ones are. What rotations left of it is known still, and no news.
            result.failures = []
            result.position = reading.positionWithoutFile
            if let known, known.size > known.offset {
                result.notes.append(.missed(path, bytes: known.size - known.offset))
            }
            return result
        }
        result.position = result.position ?? known
        // What a glob matches and is no file was not asked for.
        result.failures.removeAll { !$0.isOfLog }
        return result
    }
}
