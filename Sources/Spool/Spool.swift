// The spool: where data files wait, and how they are committed together with what was read for them.
//
//     state/                       0700, the agent's own
//       lock                       held as long as a Spool lives
//       positions                  values of all readers + names of the batch that came with them
//       spool/incoming-NAME        written, not yet at its place
//       quarantine/NAME, .reason   refused for good
//       settled/NAME.RECIPIENT     one of several servers is done with NAME, which waits for another one
//     outbox/NAME                  committed, waiting; state/spool, or a folder elsewhere
//     outbox/NAME.sent             sent, kept for somebody who looks for a mistake
//
// A commit writes and syncs the incoming files and their folder, then the new positions, which name them; renaming
// these over the old ones *is* the commit. Then the incoming files move to the outbox.
//
// Invariants, at whatever instruction the process ends:
//  1. Values and files are committed together or not at all: `positions` is always the old one or the new one.
//  2. An incoming file that `positions` names is committed and will get to the outbox; any other never was.
//  3. A file is in the outbox only if the positions that name it have been synced, and it can be delivered only once
//     its incoming file is gone. So nothing comes back after it was delivered.
//  4. A file leaves the outbox when every recipient is done with it: it took it, refused it for good, or the file was
//     given up for it at a limit, which is counted in the values before anything is removed.

internal import Glibc
public import SystemFiles
public import SystemPackage

/// The data files that wait for the server, and the state that is committed with them.
public struct Spool: ~Copyable, Sendable {
    /// The values of the last commit: positions in logs, when something was last sent …, by keys of their owners.
    public private(set) var values: [String: String]
    /// Where committed files wait.
    public let outbox: FilePath
    /// What was found when the spool was opened.
    public internal(set) var warnings: [SpoolWarning]
    /// The servers that every file is for.
    public let recipients: [Recipient]

    /// Names of the files that the last commit brought, which no limit removes.
    private(set) var lastBatch: [String]
    let folders: SpoolFolders
    /// Names that are committed but whose incoming files may not have reached the outbox.
    private var unfinished: [String]
    private let lock: FileLock

    /// What became of a commit.
    public enum Commit: Sendable, Hashable {
        /// The files wait in the outbox.
        case complete
        /// Values and files are committed, but the files are not in the outbox yet; every later commit, and the next
        /// opening, tries again.
        case unfinished(SystemError)
    }

    /// The folder for waiting files where no other is configured.
    public static func defaultOutbox(of state: FilePath) -> FilePath {
        SpoolFolders(state: state).spool
    }

    /// Takes the spool: locks it, finishes an interrupted commit, and removes what was never committed.
    ///
    /// - Parameters:
    ///   - state: The state folder; it is made where it is missing.
    ///   - outbox: The folder for waiting files, which may be on another file system; made where it is missing.
    ///   - recipients: The servers that every file is for.
    public init(
        state: FilePath, outbox: FilePath, recipients: [Recipient] = [.primary]
    ) throws(SpoolError) {
        let folders = SpoolFolders(state: state)
        try folders.prepare(outbox: outbox)
        guard let lock = try inSpool({ () throws(SystemError) in try FileLock(folders.lock) }) else {
            throw .heldByAnother(state: state)
        }
        var warnings: [SpoolWarning] = []
        let positions = try folders.readPositions(&warnings)
        let isDamaged = !warnings.isEmpty
        let incoming = try folders.incomingNames()
        self.lock = lock
        self.folders = folders
        self.outbox = outbox
        self.warnings = warnings
        self.recipients = recipients
        values = positions.values
        lastBatch = positions.batch
        unfinished = []
        recover(incoming, committed: positions.batch, isDamaged: isDamaged)
    }

    private mutating func recover(_ incoming: [String], committed: [String], isDamaged: Bool) {
        unfinished = committed.filter(incoming.contains)
        let uncommitted = incoming.filter { !committed.contains($0) }
        if !unfinished.isEmpty {
            let names = unfinished
            do throws(SystemError) {
                try finish()
                warnings.append(.finished(names))
            } catch {
                warnings.append(.notFinished(unfinished, error))
            }
        }
        do throws(SystemError) {
            // Without positions, nobody knows which files were committed; somebody may still want to look at them.
            for name in uncommitted {
                if isDamaged {
                    try Files.rename(folders.incoming(name), to: folders.quarantine.appending(name))
                } else {
                    try Files.remove(folders.incoming(name))
                }
            }
            if !uncommitted.isEmpty, !isDamaged { warnings.append(.removed(uncommitted)) }
            try Files.remove(folders.newPositions, missingIsFine: true)
            try folders.removeCopies(in: outbox)
            try folders.removeCopies(in: folders.quarantine)
            try finishGivingUp()
        } catch {
            warnings.append(.notTidied(error))
        }
    }

    /// Commits data files and new values together.
    ///
    /// - Parameters:
    ///   - files: The data files with their names, which must be new; none is fine.
    ///   - values: All values; what is not among them is forgotten.
    /// - Throws: ``SpoolError`` where nothing was committed: files and values are as they were before.
    @discardableResult
    public mutating func commit(
        files: [(name: String, bytes: [UInt8])], values: [String: String]
    ) throws(SpoolError) -> Commit {
        var values = values
        values[LossKey.givenUp] = nil
        let outcome = try commitAsGiven(files: files, values: values)
        lastBatch = files.map(\.name)
        return outcome
    }

    /// Commits the values as they are, the spool's own among them.
    @discardableResult
    mutating func commitAsGiven(
        files: [(name: String, bytes: [UInt8])], values: [String: String]
    ) throws(SpoolError) -> Commit {
        // The new positions will no longer name the last batch.
        if !unfinished.isEmpty { try inSpool { () throws(SystemError) in try finish() } }
        let names = files.map(\.name)
        try checkNames(names)
        do throws(SystemError) {
            for file in files {
                try Files.remove(folders.incoming(file.name), missingIsFine: true)
                try Files.create(folders.incoming(file.name), file.bytes)
            }
            if !files.isEmpty { try Files.syncFolder(folders.spool) }
            try Files.remove(folders.newPositions, missingIsFine: true)
            try Files.create(folders.newPositions, Positions(batch: names, values: values).bytes)
            try Files.rename(folders.newPositions, to: folders.positions)
        } catch {
            // What cannot be removed now is no harm: nothing names it, and the next opening removes it.
            for name in names { try? Files.remove(folders.incoming(name)) }
            try? Files.remove(folders.newPositions)
            throw .system(error)
        }
        self.values = values
        unfinished = names
        do throws(SystemError) {
            try finish()
            return .complete
        } catch {
            return .unfinished(error)
        }
    }

    /// Brings what is committed to the outbox. It can be repeated, whatever it achieved before it failed.
    private mutating func finish() throws(SystemError) {
        try Files.syncFolder(folders.state)
        for name in unfinished where try SpoolFolders.isPresent(folders.incoming(name)) {
            try folders.move(folders.incoming(name), to: outbox.appending(name))
        }
        if !unfinished.isEmpty { try Files.syncFolder(outbox) }
        unfinished = []
    }

    private func checkNames(_ names: [String]) throws(SpoolError) {
        if Set(names).count < names.count { throw .badName(names.joined(separator: ", "), reason: "one comes twice") }
        for name in names {
            guard WaitingFile(name: name, byteCount: 0, modificationTime: 0) != nil else {
                throw .badName(name, reason: "it is not of the form QUEUE.DIGITS.data")
            }
            let isTaken = try inSpool { () throws(SystemError) in try SpoolFolders.isPresent(outbox.appending(name)) }
            if isTaken { throw .badName(name, reason: "it is in the outbox already") }
        }
    }

    /// The committed files that wait, oldest first: by the number in their names.
    public func waiting() throws(SpoolError) -> [WaitingFile] {
        let files = try inSpool { () throws(SystemError) in try WaitingFile.all(in: outbox) }
        return files.filter { !unfinished.contains($0.name) }
    }

    /// The data files in a folder, oldest first, for those who only look: it takes no lock, so it answers while an agent
    /// is at work.
    public static func waiting(in outbox: FilePath) throws(SpoolError) -> [WaitingFile] {
        if !Files.exists(outbox) { return [] }
        return try inSpool { () throws(SystemError) in try WaitingFile.all(in: outbox) }
    }

    /// The values of the last commit in a state folder, for those who only look: it takes no lock and changes nothing.
    /// Empty where there are none that can be read.
    public static func values(in state: FilePath) -> [String: String] {
        guard let bytes = try? Files.read(SpoolFolders(state: state).positions, limit: SpoolFolders.positionsLimit)
        else { return [:] }
        return (try? Positions(bytes))?.values ?? [:]
    }

    /// Opens a waiting file for sending.
    public func open(_ file: WaitingFile) throws(SpoolError) -> OpenFile {
        let path = outbox.appending(file.name)
        let opened = try inSpool { () throws(SystemError) in
            try OpenFile(path, options: [.noFollow, .nonBlocking])
        }
        let status = try inSpool { () throws(SystemError) in try opened.status() }
        guard status.type == .regular else { throw .unsafe(path, reason: "is not a file; remove it") }
        return opened
    }

    /// What waits and what was refused, in numbers.
    public func summary() throws(SpoolError) -> SpoolSummary {
        let refused = try inSpool { () throws(SystemError) in try WaitingFile.all(in: folders.quarantine) }
        return SpoolSummary(waiting: try waiting(), quarantined: refused, unfinishedCount: unfinished.count)
    }
}
