internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// The folders and files of a state folder, and the steps on them.
struct SpoolFolders: Sendable {
    let state: FilePath

    var lock: FilePath { state.appending("lock") }
    var positions: FilePath { state.appending("positions") }
    var newPositions: FilePath { state.appending(".positions.new") }
    var damagedPositions: FilePath { state.appending("positions.damaged") }
    var spool: FilePath { state.appending("spool") }
    var quarantine: FilePath { state.appending("quarantine") }
    var settled: FilePath { state.appending("settled") }

    private static let incomingPrefix = "incoming-"
    static let copyPrefix = ".incoming-"
    /// Far more than all positions of a host ever were; a file beyond it is damaged.
    static let positionsLimit = 64 << 20

    func incoming(_ name: String) -> FilePath { spool.appending(SpoolFolders.incomingPrefix + name) }

    /// Makes the folders that are missing, and refuses those that others could change.
    func prepare(outbox: FilePath) throws(SpoolError) {
        do throws(SystemError) {
            try Files.makeFolder(state)
        } catch {
            throw .unsafe(state, reason: "cannot be the state folder: \(error); name another one with --state")
        }
        for folder in [state, spool, quarantine] {
            try inSpool { () throws(SystemError) in try Files.makeFolder(folder) }
            try check(folder, allowingReaders: false)
        }
        if outbox != spool {
            try inSpool { () throws(SystemError) in try Files.makeFolder(outbox) }
            try check(outbox, allowingReaders: true)
        }
        for file in [lock, positions] where isLink(file) { throw .unsafe(file, reason: "is a link; remove it") }
    }

    private func check(_ folder: FilePath, allowingReaders: Bool) throws(SpoolError) {
        let status = try inSpool { () throws(SystemError) in try Files.status(folder, followingLinks: false) }
        let user = geteuid()
        let owner = status.userID.rawValue
        if status.type == .symbolicLink { throw .unsafe(folder, reason: "is a link; name the folder that it leads to") }
        if status.type != .directory { throw .unsafe(folder, reason: "is not a folder") }
        if owner != user, !(allowingReaders && owner == 0) {
            throw .unsafe(folder, reason: "belongs to user \(owner), not to user \(user) who runs the agent")
        }
        let forbidden: FilePermissions =
            allowingReaders ? [.groupWrite, .otherWrite] : [.groupReadWriteExecute, .otherReadWriteExecute]
        if !status.permissions.isDisjoint(with: forbidden) {
            let advice =
                allowingReaders ? "can be written by others; chmod go-w it" : "is open to others; chmod 0700 it"
            throw .unsafe(folder, reason: advice)
        }
    }

    /// Whether a name is taken, by whatever; that it cannot be told is an error.
    static func isPresent(_ path: FilePath) throws(SystemError) -> Bool {
        do throws(SystemError) {
            _ = try Files.status(path, followingLinks: false)
            return true
        } catch {
            if error.code == .noSuchFileOrDirectory { return false }
            throw error
        }
    }

    private func isLink(_ path: FilePath) -> Bool {
        (try? Files.status(path, followingLinks: false))?.type == .symbolicLink
    }

    /// The positions, empty where there are none yet. Damaged ones are kept aside, with a warning.
    func readPositions(_ warnings: inout [SpoolWarning]) throws(SpoolError) -> Positions {
        do throws(SystemError) {
            let file = try OpenFile(positions, options: [.noFollow, .nonBlocking])
            let (bytes, isTruncated) = try file.readToEnd(limit: SpoolFolders.positionsLimit)
            let damage: Positions.Damage
            do throws(Positions.Damage) {
                if isTruncated { throw Positions.Damage(reason: "it is larger than any positions can be") }
                return try Positions(bytes)
            } catch {
                damage = error
            }
            try Files.rename(positions, to: damagedPositions)
            warnings.append(.damagedPositions(positions, keptAs: damagedPositions, reason: damage.reason))
            return Positions()
        } catch {
            if error.code == .noSuchFileOrDirectory { return Positions() }
            throw .system(error)
        }
    }

    /// The names of the files that were being written, without their prefix.
    func incomingNames() throws(SpoolError) -> [String] {
        let entries = try inSpool { () throws(SystemError) in try Files.names(in: spool) }
        return entries.map(\.string).filter { $0.hasPrefix(SpoolFolders.incomingPrefix) }
            .map { String($0.dropFirst(SpoolFolders.incomingPrefix.count)) }
    }

    /// Removes what an interrupted move between file systems left behind.
    func removeCopies(in folder: FilePath) throws(SystemError) {
        for name in try Files.names(in: folder) where name.string.hasPrefix(SpoolFolders.copyPrefix) {
            try Files.remove(folder.appending(name))
        }
    }

    /// Moves a file, also to another file system, where it is copied and synced before it gets its name, and has its
    /// name for good before the old one is removed. Repeating an interrupted move ends it.
    func move(_ old: FilePath, to new: FilePath) throws(SystemError) {
        do throws(SystemError) {
            try Files.rename(old, to: new)
            return
        } catch {
            if error.code != .improperLink { throw error }
        }
        try copyWhole(old, to: new)
        try Files.remove(old)
    }

    static func copy(_ old: FilePath, to new: FilePath) throws(SystemError) {
        let source = try OpenFile(old, options: .noFollow)
        let target = try OpenFile(new, .writeOnly, options: [.create, .exclusiveCreate, .noFollow])
        var piece = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            var outcome = Result<Int, SystemError>.success(0)
            piece.withUnsafeMutableBytes { buffer in
                outcome = Result { () throws(SystemError) in try source.read(into: buffer) }
            }
            let count = try outcome.get()
            if count == 0 { break }
            try target.write(piece[..<count])
        }
        try target.sync()
    }
}
