internal import Glibc
internal import SystemFiles
public import SystemPackage

/// That a log of a wildcard has another name now.
public struct LogMove: Sendable, Hashable {
    /// The name under which it was read before.
    public let from: FilePath
    /// The one under which it is read now.
    public let to: FilePath
}

extension LogPosition {
    /// What a glob matched while its log had no file is no log by itself any more once that has one: the log goes on in the
    /// newest of such files, which is its past now. Older ones are read to their end by themselves.
    mutating func moveRotated(to logs: Set<FilePath>) -> [LogMove] {
        let known = files
        var newest: [FilePath: (path: FilePath, name: RotatedName)] = [:]
        for (path, position) in known where !logs.contains(path) {
            guard let (log, name) = FileGlob.log(logs, rotatedTo: path) else { continue }
            if position.offset == position.size { files[path] = nil }
            // Where nothing was seen, nobody knows what was before it.
            if files[log] != nil || position.size == 0 { continue }
            if newest[log].map({ name.isNewer(than: $0.name) == true }) ?? true { newest[log] = (path, name) }
        }
        for (log, past) in newest {
            files[past.path] = nil
            files[log] = known[past.path]
        }
        return newest.map { LogMove(from: $1.path, to: $0) }
    }

    /// A file of a wildcard that has another name of its own now, which no rotation would give it, is no new log: it goes on
    /// there from where it was left, and its old name begins anew. What was left of a file whose name it took becomes a log
    /// by itself.
    ///
    /// - Parameters:
    ///   - logs: What the wildcard matches.
    ///   - folders: What is known of folders.
    /// - Returns: The names, and what was lost where a file took the name of another one.
    mutating func moveRenamed(
        to logs: [NamedLog], in folders: FolderSnapshots
    ) -> (moves: [LogMove], notes: [LogNote]) {
        if haveTheirNames(logs) { return ([], []) }
        let known = files
        let renaming = Renaming(of: known, to: logs)
        for name in renaming.left {
            files[name] = .nothingYet(after: known[name]?.predecessor ?? .unknown)
        }
        var moves = renaming.moves
        var notes: [LogNote] = []
        for (name, position) in renaming.taken {
            files[name] = position.after(RotationFolder.newestRotated(of: name, in: folders))
            if let replaced = known[name], !renaming.left.contains(name) {
                let rest = keepRest(of: replaced, left: name, in: folders)
                moves += rest.moves
                notes += rest.notes
            }
        }
        return (moves, notes)
    }

    /// Of names that no file has any more and under which the same one was left, only one is looked for: a link is not, where
    /// its file had a name of its own.
    mutating func forgetSecondNames(among absent: [FilePath]) {
        if absent.count < 2 { return }
        let names = absent.map { (isLink: NamedLog.isLink($0), path: $0, bytes: $0.bytes) }.sorted {
            $0.isLink == $1.isLink ? $0.bytes.lexicographicallyPrecedes($1.bytes) : !$0.isLink
        }
        var seen: Set<FilePosition> = []
        for name in names {
            guard let position = files[name.path], position.size > 0 else { continue }
            if !seen.insert(position.after(.unknown)).inserted { files[name.path] = nil }
        }
    }

    /// Whether each has the name that it had, and there are no others, as it nearly always is.
    private func haveTheirNames(_ logs: [NamedLog]) -> Bool {
        files.count == logs.reduce(0) { $0 + 1 + $1.otherNames.count }
            && logs.allSatisfy { log in
                files[log.path].map { FileNumbers(of: $0) == log.numbers } ?? false
                    && log.otherNames.allSatisfy { files[$0] != nil }
            }
    }

    /// Makes logs of what is to be read of a log whose name another file has taken.
    ///
    /// - Returns: The name of the first, and what is gone.
    private mutating func keepRest(
        of position: FilePosition, left name: FilePath, in folders: FolderSnapshots
    ) -> (moves: [LogMove], notes: [LogNote]) {
        let gone = LogNote.missed(name, bytes: position.size - position.offset)
        guard let current = try? LogFile(name),
            let chain = try? RotationChain.find(position, of: name, current: current, in: folders)
        else { return ([], [gone]) }
        var moves: [LogMove] = []
        var notes = chain.place == nil && position.size > position.offset ? [gone] : []
        for file in [chain.place].compactMap(\.self) + chain.later where file.path != name {
            // A packed file is looked for by the name that it had.
            let path = file.path.folder.appending(RotatedName.unpackedName(of: FileName(of: file.path)))
            if path == name {
                notes.append(gone)
            } else if file === chain.place {
                var rest = position
                rest.size = max(rest.size, file.knownSize)
                files[path] = rest
                moves.append(LogMove(from: name, to: path))
            } else if files[path] == nil {
                files[path] = file.position(at: 0, isInsideLine: false, predecessor: .unknown)
            }
        }
        return (moves, notes)
    }
}

/// What became of the names under which files were left.
private struct Renaming {
    /// Which name has become which.
    private(set) var moves: [LogMove] = []
    /// The positions of files under names that they were not left under.
    private(set) var taken: [FilePath: FilePosition] = [:]
    /// Names that their files do not have any more.
    private(set) var left: Set<FilePath> = []

    init(of known: [FilePath: FilePosition], to logs: [NamedLog]) {
        var holders: [FileNumbers: NamedLog] = [:]
        for log in logs {
            if let numbers = log.numbers { holders[numbers] = log }
        }
        for (name, position) in known where position.inode != 0 {
            guard let log = holders[FileNumbers(of: position)], log.path != name,
                let file = try? LogFile(log.path), (try? file.isFile(of: position)) == true
            else { continue }
            let hasOwn = known[log.path].flatMap { try? file.isFile(of: $0) } ?? false
            let hasName = log.otherNames.contains(name)
            if hasName, hasOwn { continue }
            // Of an empty file the number alone tells, which may be that of another file by now: only what was seen at the
            // same moment under both names is one file.
            if position.size == 0, known[log.path]?.after(.unknown) != position.after(.unknown) { continue }
            moves.append(LogMove(from: name, to: log.path))
            if !hasName { left.insert(name) }
            if !hasOwn, position.offset >= taken[log.path]?.offset ?? 0 { taken[log.path] = position }
        }
    }
}
