internal import CGlibcHeaders
internal import Glibc
internal import HostProbes
internal import SystemFiles
internal import SystemPackage

/// Programs that run with the rights of their owner or group, whoever starts them.
enum PrivilegedPrograms {
    /// What a walk found.
    struct Found: Sendable, Hashable {
        /// The programs.
        var files: Set<FilePath> = []
        /// Why there may be more, as a sentence; `nil` where there are none.
        var obstacle: String?
        /// How many of them do not belong to root.
        fileprivate var foreignCount = 0
    }

    private enum Limit {
        /// More entries than the file systems of a host's own disks have.
        static let entries = 10_000_000
        /// Every user can give programs rights of his own, and no one may fill the baseline with them.
        static let foreignPrograms = 1000
        static let memory = 16 << 20
    }

    /// All of them on the host's own disks. The walk is costly, so that its outcome is remembered for a day; programs that
    /// appear on the path are found at once.
    static func selection(on host: AuditedHost) -> IntegrityCheck.Selection {
        let now = Int64(time(nil))
        let memory = host.stateFolder?.appending("audit/setuid")
        var found = Found()
        if host.settings.baselineUse != .take, let memory, let bytes = try? Files.read(memory, limit: Limit.memory),
            let known = remembered(String(decoding: bytes, as: UTF8.self), now: now),
            // What an ordinary user could not see, root can.
            known.obstacle == nil || host.userIdentifier != 0
        {
            found = known
            for folder in PathFolders.all { find(below: folder, on: host, isDeep: false, into: &found) }
        } else {
            for place in places(host) { find(below: place, on: host, isDeep: true, into: &found) }
            // Where it cannot be kept, the next audit walks again; nothing is lost but time.
            if let memory { try? AuditNotes.keep(text(found, at: now), at: memory) }
        }
        return IntegrityCheck.Selection(
            files: found.files.sorted { $0.string < $1.string }, obstacle: found.obstacle)
    }

    /// What is remembered of a walk: its time and its obstacle, then a line for each program.
    static func text(_ found: Found, at time: Int64) -> String {
        let obstacle = found.obstacle.map { String($0.map { $0.isNewline ? " " : $0 }) } ?? ""
        return "\(time) \(obstacle)\n" + found.files.map { NotedPath.text($0) + "\n" }.joined()
    }

    /// Reads ``text(_:at:)``; `nil` where it is older than a day, of a time to come, or damaged.
    static func remembered(_ text: String, now: Int64) -> Found? {
        guard text.utf8.last == 0x0A else { return nil }
        var lines = text.textLines.dropLast()
        let heading = (lines.popFirst() ?? "").split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard heading.count == 2, let time = Int64(heading[0]), now >= time, now - time < 86_400 else { return nil }
        var found = Found(obstacle: heading[1].isEmpty ? nil : String(heading[1]))
        for line in lines {
            guard let path = NotedPath.path(line) else { return nil }
            found.files.insert(path)
        }
        return found
    }

    /// The file systems of the host's own disks that honour the bits.
    private static func places(_ host: AuditedHost) -> [FilePath] {
        guard host.roots.isRunningSystem, let mounts = try? Mount.all(host.roots) else { return ["/"] }
        let others = Mount.real(among: mounts).filter { mount in
            !mount.isRemote && !mount.options.contains("nosuid") && mount.path != "/"
        }
        return ["/"] + others.map(\.path)
    }

    /// Adds the programs below a folder of the host, on its file system alone.
    static func find(below folder: FilePath, on host: AuditedHost, isDeep: Bool, into found: inout Found) {
        let top = host.path(folder)
        guard let start = top.withPlatformString({ strdup($0) }) else { return }
        defer { free(start) }
        var arguments: [UnsafeMutablePointer<CChar>?] = [start, nil]
        guard let walk = fts_open(&arguments, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, nil) else { return }
        defer { fts_close(walk) }
        var count = 0
        while let entry = fts_read(walk), count < Limit.entries {
            count += 1
            switch Int32(entry.pointee.fts_info) {
            case FTS_D where !isDeep && entry.pointee.fts_level > 0: fts_set(walk, entry, FTS_SKIP)
            case FTS_DNR, FTS_NS, FTS_ERR:
                let code = Errno(rawValue: entry.pointee.fts_errno)
                // What goes while others walk is no obstacle.
                if code == .noSuchFileOrDirectory || found.obstacle != nil { continue }
                found.obstacle = "\(place(entry, below: folder, top)) cannot be looked into: \(code)"
            case FTS_F:
                guard let status = entry.pointee.fts_statp, status.pointee.st_mode & (S_ISUID | S_ISGID) != 0 else {
                    continue
                }
                let path = place(entry, below: folder, top)
                if found.files.contains(path) { continue }
                if status.pointee.st_uid != 0 {
                    found.foreignCount += 1
                    if found.foreignCount > Limit.foreignPrograms {
                        found.obstacle =
                            "More than \(Limit.foreignPrograms) programs give the rights of users other than root"
                        continue
                    }
                }
                found.files.insert(path)
            default: continue
            }
        }
    }

    /// The path on the host of what a walk met.
    private static func place(_ entry: UnsafeMutablePointer<FTSENT>, below folder: FilePath, _ top: FilePath)
        -> FilePath
    {
        var path = FilePath(platformString: entry.pointee.fts_path)
        _ = path.removePrefix(top)
        return folder.appending(path.components)
    }
}

/// The folders in which shells of root look for programs.
enum PathFolders {
    static let all: [FilePath] = [
        "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
    ]
}
