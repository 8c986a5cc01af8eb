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
    private let clock: @Sendable () -> Int64

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
        switch candidate {
        case .file(let path):
            return read([path], from: position, atEnd: firstRun == .atEnd)
        case .glob(let glob):
            do throws(LogFailure) {
                var files = try glob.files(known: position.map { Array($0.files.keys) } ?? [])
                let atEnd = position == nil && firstRun == .atEnd
                // A log that has no file for a moment has its rotated one.
                let found = Set(files)
                files += position?.files.keys.filter { !found.contains($0) } ?? []
                if files.isEmpty { return missing(FilePath(glob.description), position) }
                return read(files, from: position, atEnd: atEnd, areOfGlob: true)
            } catch {
                var batch = LogBatch(position: position ?? LogPosition())
                batch.failures = [error]
                return batch
            }
        case .journal:
            return LogBatch(position: position ?? LogPosition())
        }
    }

    /// Reads the candidate of a source that is there, or reports the first as missing.
    public func read(
        _ source: LogSource, from position: LogPosition?, firstRun: FirstRun = .atEnd
    ) -> LogBatch {
        // With a single candidate there is nothing to choose.
        let present = source.candidates.count > 1 ? source.present(for: position, journalFolders: []) : nil
        guard let candidate = present ?? source.candidates.first else {
            return LogBatch(position: position ?? LogPosition())
        }
        return read(candidate, from: position, firstRun: firstRun)
    }

    private func missing(_ path: FilePath, _ position: LogPosition?) -> LogBatch {
        var batch = LogBatch(position: position ?? LogPosition())
        batch.failures = [LogFailure(path, .missing)]
        return batch
    }

    /// - Parameter areOfGlob: Whether they were not asked for by name.
    private func read(
        _ paths: [FilePath], from position: LogPosition?, atEnd: Bool, areOfGlob: Bool = false
    ) -> LogBatch {
        var batch = LogBatch(position: position ?? LogPosition())
        batch.position.lastServed = nil
        var scanner = LineScanner(pattern: pattern, limits: limits)
        let folders = FolderSnapshots()
        let now = clock()
        for log in NamedLog.all(paths, after: position?.lastServed) {
            if scanner.isFull, !atEnd {
                batch.hasMore = true
                break
            }
            let path = log.path
            let known = log.position(among: batch.position.files)
            if let known, LogFile.isUntouched(log.status, since: known) {
                for name in log.otherNames { batch.position.files[name] = known }
                continue
            }
            let reading = FileReading(path: path, limits: limits, now: now, folders: folders)
            var result = known.map { reading.resume($0, with: &scanner) } ?? reading.begin(&scanner, atEnd: atEnd)
            if areOfGlob, result.failures == [LogFailure(path, .missing)] {
                // One of many that was deleted, as old ones are; a new file of its name is read from its start.
                result.failures = []
                batch.position.files[path] = nil
                if let known, known.size > known.offset {
                    result.missedBytes += known.size - known.offset
                    result.notes.append(.missed(path, bytes: known.size - known.offset))
                }
            } else if let position = result.position {
                for name in [path] + log.otherNames { batch.position.files[name] = position }
            }
            batch.missedBytes += result.missedBytes
            batch.notes += result.notes
            // What a glob matches and is no file was not asked for.
            batch.failures += areOfGlob ? result.failures.filter(\.isOfLog) : result.failures
            if result.isLimited {
                batch.hasMore = true
                batch.position.lastServed = path
            }
        }
        batch.lines = scanner.lines
        batch.notes += scanner.notes
        return batch
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
