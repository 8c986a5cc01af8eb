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
public struct LogReader: Sendable {
    /// What a reading without a position does.
    public enum FirstRun: Sendable, Hashable {
        /// It remembers the end and brings nothing.
        case atEnd
        /// It reads all that is there.
        case fromStart
    }

    let pattern: LogPattern
    let limits: LogLimits
    fileprivate let clock: @Sendable () -> Int64

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

    /// Reads the files of a candidate.
    ///
    /// A file that is missing at the first reading is read from its start when it comes.
    ///
    /// - Parameters:
    ///   - candidate: A file or a glob, such as ``LogSource/present(for:journalFolders:)`` chooses. A journal is read by
    ///     running journalctl and yields nothing here.
    ///   - position: Where the last reading ended; `nil` before the first.
    ///   - firstRun: What to do without a position.
    public func read(
        _ candidate: LogSource.Candidate, from position: LogPosition?, firstRun: FirstRun = .atEnd
    ) -> LogBatch {
        do throws(LogFailure) {
            var position = position
            let paths = try self.paths(of: candidate, &position)
            return read(paths, of: candidate, from: position, firstRun)
        } catch {
            return LogBatch(position: position ?? LogPosition(), failure: error)
        }
    }

    /// Reads the candidate of a source that is there, or reports the first as missing.
    public func read(
        _ source: LogSource, from position: LogPosition?, firstRun: FirstRun = .atEnd
    ) -> LogBatch {
        guard let candidate = candidate(of: source, position) else {
            return LogBatch(position: position ?? LogPosition())
        }
        var batch = read(candidate, from: position, firstRun: source.firstRun(firstRun, of: candidate, position))
        if batch.failures.isEmpty { batch.position.forget(source.standIns(for: candidate)) }
        return batch
    }

    /// Reads the candidate of a source that is there, each of its files by itself, within limits of its own.
    ///
    /// - Parameter take: Takes what a file brought, and says how far it was handed on. It may read on in the same file.
    /// - Returns: A batch without lines, and without what was said of the files.
    public func readEach<Failure: Error>(
        _ source: LogSource, from position: LogPosition?, firstRun: FirstRun = .atEnd,
        take: (FileBatch) throws(Failure) -> FileBatch.Progress
    ) throws(Failure) -> LogBatch {
        var batch = LogBatch(position: position ?? LogPosition())
        guard let candidate = candidate(of: source, position) else { return batch }
        var position = position
        let paths: [FilePath]
        do throws(LogFailure) {
            paths = try self.paths(of: candidate, &position)
        } catch {
            batch.failures = [error]
            return batch
        }
        if paths.isEmpty { return batch }
        batch.position = position ?? LogPosition()
        batch.position.lastServed = nil
        let firstRun = source.firstRun(firstRun, of: candidate, position)
        let look = Look(self, candidate, atEnd: Self.isAtEnd(candidate, position, firstRun))
        if paths.contains(where: Files.exists) { batch.position.forget(source.standIns(for: candidate)) }
        for log in NamedLog.all(paths, after: position?.lastServed) {
            guard let known = log.positionToRead(in: &batch.position.files) else { continue }
            if batch.hasMore {
                if known.position == nil { look.meet(log, &batch.position) }
                continue
            }
            var scanner = LineScanner(pattern: pattern, limits: limits)
            let result = look.read(log.path, from: known.position, &scanner)
            let start = known.position ?? (scanner.lines.isEmpty ? nil : result.position?.atStart)
            let progress = try take(
                FileBatch(
                    path: log.path, start: start, candidate: candidate, batch: LogBatch(result, of: log.path, scanner)))
            for name in [log.path] + log.otherNames { batch.position.files[name] = progress.position }
            if !progress.goesOn {
                batch.hasMore = true
                batch.position.lastServed = log.path
            }
        }
        return batch
    }

    /// Reads on in a file of ``readEach(_:from:firstRun:take:)``.
    ///
    /// - Parameters:
    ///   - file: What it brought.
    ///   - position: From where to read; `nil` reads what is there.
    public func read(on file: FileBatch, from position: FilePosition?) -> LogBatch {
        var scanner = LineScanner(pattern: pattern, limits: limits)
        let result = Look(self, file.candidate, atEnd: false).read(file.path, from: position, &scanner)
        return LogBatch(result, of: file.path, scanner)
    }

    private func candidate(of source: LogSource, _ position: LogPosition?) -> LogSource.Candidate? {
        // With a single candidate there is nothing to choose.
        let present = source.candidates.count > 1 ? source.present(for: position, journalFolders: []) : nil
        return present ?? source.candidates.first
    }

    /// The files of a candidate.
    ///
    /// - Parameter position: Where the source was left. What was met while its log had no file becomes the log's past there.
    private func paths(
        of candidate: LogSource.Candidate, _ position: inout LogPosition?
    ) throws(LogFailure) -> [FilePath] {
        switch candidate {
        case .file(let path):
            return [path]
        case .glob(let glob):
            let files = try glob.files(known: position.map { Array($0.files.keys) } ?? [])
            // A log that has no file for a moment has its rotated one.
            let found = Set(files)
            position?.moveRotated(to: found)
            let all = files + (position?.files.keys.filter { !found.contains($0) } ?? [])
            if all.isEmpty { throw LogFailure(FilePath(glob.description), .missing) }
            return all
        case .journal:
            return []
        }
    }

    private static func isAtEnd(
        _ candidate: LogSource.Candidate, _ position: LogPosition?, _ firstRun: FirstRun
    ) -> Bool {
        if case .glob = candidate, position != nil { return false }
        return firstRun == .atEnd
    }

    private func read(
        _ paths: [FilePath], of candidate: LogSource.Candidate, from position: LogPosition?, _ firstRun: FirstRun
    ) -> LogBatch {
        var batch = LogBatch(position: position ?? LogPosition())
        if paths.isEmpty { return batch }
        batch.position.lastServed = nil
        var scanner = LineScanner(pattern: pattern, limits: limits)
        let look = Look(self, candidate, atEnd: Self.isAtEnd(candidate, position, firstRun))
        for log in NamedLog.all(paths, after: position?.lastServed) {
            guard let known = log.positionToRead(in: &batch.position.files) else { continue }
            if scanner.isFull, !look.atEnd {
                batch.hasMore = true
                if known.position == nil { look.meet(log, &batch.position) }
                continue
            }
            let result = look.read(log.path, from: known.position, &scanner)
            for name in [log.path] + log.otherNames { batch.position.files[name] = result.position }
            batch.missedBytes += result.missedBytes
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
}

/// One look at the files of a candidate.
private struct Look {
    let limits: LogLimits
    let atEnd: Bool
    /// Whether the files were not asked for by name.
    let areOfGlob: Bool
    let now: Int64
    let folders = FolderSnapshots()

    init(_ reader: LogReader, _ candidate: LogSource.Candidate, atEnd: Bool) {
        limits = reader.limits
        now = reader.clock()
        self.atEnd = atEnd
        if case .glob = candidate { areOfGlob = true } else { areOfGlob = false }
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
    func read(_ path: FilePath, from known: FilePosition?, _ scanner: inout LineScanner) -> FileReading.Result {
        let reading = reading(path)
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
                result.missedBytes += known.size - known.offset
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

/// A log that a source names, perhaps by several names.
private struct NamedLog {
    /// The first of its names.
    let path: FilePath
    /// What is known of the file; `nil` where there is none, or it was not looked at.
    let status: Stat?
    /// Links to the same file, which is read once.
    var otherNames: [FilePath] = []

    /// Where the file was left under one of its names; or else the log of its first name, whatever file that was.
    func position(among known: [FilePath: FilePosition]) -> FilePosition? {
        let own = known[path]
        if otherNames.isEmpty { return own }
        let isOfFile: (FilePosition) -> Bool = { position in
            UInt64(status?.rawValue.st_ino ?? 0) == position.inode
                && UInt64(status?.rawValue.st_dev ?? 0) == position.device
        }
        return ([own] + otherNames.map { known[$0] }).lazy.compactMap(\.self).first(where: isOfFile) ?? own
    }

    /// Where a file is to be read from.
    struct Start {
        /// `nil` the first time.
        let position: FilePosition?
    }

    /// Where the file is to be read from; `nil` where nothing is new in it.
    func positionToRead(in files: inout [FilePath: FilePosition]) -> Start? {
        let known = position(among: files)
        guard let known, LogFile.isUntouched(status, since: known) else { return Start(position: known) }
        for name in otherNames { files[name] = known }
        return nil
    }

    /// The files by name, beginning with the one after the one that had its turn last.
    static func all(_ paths: [FilePath], after last: FilePath?) -> [NamedLog] {
        if let path = paths.first, paths.count == 1 { return [NamedLog(path: path, status: try? Files.status(path))] }
        let sorted = paths.map { (path: $0, bytes: $0.bytes) }.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        var logs: [NamedLog] = []
        var places: [Identity: Int] = [:]
        logs.reserveCapacity(sorted.count)
        places.reserveCapacity(sorted.count)
        for path in sorted.lazy.map(\.path) {
            let status = try? Files.status(path)
            if let status, status.type == .regular {
                let identity = Identity(device: UInt64(status.rawValue.st_dev), inode: UInt64(status.rawValue.st_ino))
                if let place = places[identity] {
                    logs[place].otherNames.append(path)
                    continue
                }
                places[identity] = logs.count
            }
            logs.append(NamedLog(path: path, status: status))
        }
        let next = last.flatMap { last in
            let bytes = last.bytes
            return logs.firstIndex { bytes.lexicographicallyPrecedes($0.path.bytes) }
        }
        return Array(logs[(next ?? 0)...] + logs[..<(next ?? 0)])
    }

    private struct Identity: Hashable {
        let device: UInt64
        let inode: UInt64
    }
}
