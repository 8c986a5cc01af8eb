internal import CGlibcHeaders
internal import Glibc
internal import HostProbes
internal import SystemFiles
internal import SystemPackage

/// Whether files are as they were when somebody last said that all is well. What is not stays reported until somebody says
/// so again.
struct IntegrityCheck: SecurityCheck {
    /// Files to watch, and what keeps some of them from being seen.
    struct Selection: Sendable {
        var files: [FilePath]
        var obstacle: String?
    }

    let identifier: String
    let title: String
    let area = SecurityArea.integrity
    var severity = Severity.high
    let select: @Sendable (AuditedHost) async -> Selection

    init(_ identifier: String, _ title: String, _ select: @escaping @Sendable (AuditedHost) async -> Selection) {
        self.identifier = "integrity_\(identifier)"
        self.title = title
        self.select = select
    }

    private init(_ identifier: String, _ title: String, files: FilePath...) {
        self.init(identifier, title) { _ in Selection(files: files) }
    }

    /// Every one, each a line.
    static let all: [IntegrityCheck] = [
        IntegrityCheck("shadow", "Passwords are as they were", files: "/etc/shadow"),
        IntegrityCheck("passwd", "Accounts are as they were", files: "/etc/passwd"),
        IntegrityCheck("hosts", "Names of hosts are as they were", files: "/etc/hosts"),
        IntegrityCheck("resolv", "The name servers are as they were", files: "/etc/resolv.conf"),
        IntegrityCheck("sshd", "The configuration of sshd is as it was") { host in
            let configuration = await host.sshd().configuration
            return Selection(
                files: configuration.files.isEmpty ? ["/etc/ssh/sshd_config"] : configuration.files,
                obstacle: configuration.obstacles.first.map { "\($0.file): \($0.reason)" })
        },
        IntegrityCheck("rsyslog", "The configuration of rsyslog is as it was") { host in
            let configuration = host.rsyslog()
            return Selection(
                files: configuration?.files ?? ["/etc/rsyslog.conf"], obstacle: configuration?.obstacles.first)
        },
        IntegrityCheck("agent", "The agent's own files are as they were") { host in
            Selection(files: host.settings.agentFiles)
        },
        IntegrityCheck("site", "The files that the site watches are as they were") { host in
            Selection(files: host.settings.watchedFiles)
        },
        IntegrityCheck("setuid", "Programs with the rights of their owners are as they were") { host in
            PrivilegedPrograms.selection(on: host)
        },
    ]

    func result(on host: AuditedHost) async -> CheckResult {
        guard let file = host.baselineFile else {
            return .cannotTell("Nothing may be remembered here", remedy: "Name a state folder by --state.")
        }
        // To find the files may cost more than to compare them.
        if host.settings.baselineUse == .compare, case .none = host.baseline(at: file) { return Self.untold }
        let selection = await select(host)
        if selection.files.isEmpty {
            if let obstacle = selection.obstacle { return .cannotTell(obstacle, remedy: "Run the audit as root.") }
            return .notApplicable("there are no such files")
        }
        var baseline = FileBaseline()
        switch host.baseline(at: file) {
        case .none: break
        case .baseline(let known): baseline = known
        case .unusable(let reason):
            if host.settings.baselineUse != .take {
                return .cannotTell(
                    "The baseline cannot be used: \(reason)",
                    remedy: "Look whether the files are right, then run 'pandora-agent audit --baseline' as root.")
            }
        }
        var now: [String: FileBaseline.Entry] = [:]
        for path in selection.files { now[path.string] = FileBaseline.look(at: path, on: host) }
        let before = baseline.entries(of: identifier)
        let takesIt = host.settings.baselineUse == .take || host.settings.baselineUse == .compareOrTake && before == nil
        if takesIt {
            baseline.remember(now, of: identifier, at: Int64(time(nil)))
            do throws(SystemError) {
                try host.keep(baseline, at: file)
            } catch {
                return .cannotTell(
                    "The baseline cannot be kept: \(error)", remedy: "Name a folder that can be written by --state.")
            }
            let changes = before.map { Self.changes(from: $0, to: now) } ?? []
            return .pass("\(now.count) files are remembered as they are now", evidence: changes)
        }
        guard let before else {
            return Self.untold
        }
        return compare(before, now, since: baseline.times[identifier] ?? 0, obstacle: selection.obstacle, host)
    }

    private static let untold = CheckResult.cannotTell(
        "Nobody said yet what the files should be like",
        remedy: "Look whether they are right, then run 'pandora-agent audit --baseline' as root.")

    private func compare(
        _ before: [String: FileBaseline.Entry], _ now: [String: FileBaseline.Entry], since time: Int64,
        obstacle: String?, _ host: AuditedHost
    ) -> CheckResult {
        let changes = Self.changes(from: before, to: now, isComplete: obstacle == nil) { path in
            host.whoCanChange(FilePath(path))
        }
        if !changes.isEmpty {
            let names = changes.prefix(3).map { "\($0.source) \($0.value)" }.joined(separator: "; ")
            let more = changes.count > 3 ? "; and \(changes.count - 3) more" : ""
            return .fail(
                names + more, evidence: changes,
                advice:
                    "Find out who did that; where it was right, run 'pandora-agent audit --acknowledge \(identifier)'.")
        }
        let unread = now.filter { path, entry in
            entry.content == FileBaseline.Entry.unread || before[path]?.content == FileBaseline.Entry.unread
        }.keys.sorted()
        if let first = unread.first {
            let more = unread.count > 1 ? " and \(unread.count - 1) more" : ""
            return .cannotTell(
                "The content of \(first)\(more) is not visible", remedy: "Run the audit and its baseline as root.")
        }
        if let obstacle { return .cannotTell(obstacle, remedy: "Run the audit as root.") }
        return .pass(now.count == 1 ? "The file is as it was" : "\(now.count) files are as they were")
    }

    /// What is different between two looks, by path.
    ///
    /// - Parameter isComplete: Whether the second look saw every file; otherwise none is said to be gone.
    private static func changes(
        from before: [String: FileBaseline.Entry], to now: [String: FileBaseline.Entry], isComplete: Bool = true,
        changeableBy: (String) -> String? = { _ in nil }
    ) -> [Evidence] {
        let absent = FileBaseline.Entry(content: FileBaseline.Entry.absent)
        var changes: [Evidence] = []
        for path in Set(before.keys).union(now.keys).sorted() {
            if now[path] == nil, !isComplete { continue }
            let differences = FileBaseline.differences(before[path] ?? absent, now[path] ?? absent)
            if differences.isEmpty { continue }
            changes.append(
                Evidence(path, value: differences.joined(separator: " and "), changeableBy: changeableBy(path)))
        }
        return changes
    }
}

/// Programs that run with the rights of their owner or group, whoever starts them.
enum PrivilegedPrograms {
    /// More entries than the file systems of a host's own disks have.
    private static let limit = 10_000_000

    /// All of them on the host's own disks. The walk is costly, so that its outcome is remembered for a day; programs that
    /// appear on the path are found at once.
    static func selection(on host: AuditedHost) -> IntegrityCheck.Selection {
        let now = Int64(time(nil))
        let memory = host.stateFolder?.appending("audit/setuid")
        var known: [FilePath]?
        if host.settings.baselineUse != .take, let memory, let bytes = try? Files.read(memory, limit: 1 << 20) {
            known = remembered(String(decoding: bytes, as: UTF8.self), now: now)
        }
        let files: [FilePath]
        if let known {
            let onPath = PathFolders.all.flatMap { find(below: $0, on: host, isDeep: false) }
            files = known + onPath.filter { !known.contains($0) }
        } else {
            files = places(host).flatMap { find(below: $0, on: host, isDeep: true) }
            if let memory {
                // Where it cannot be kept, the next audit walks again; nothing is lost but time.
                try? Files.makeFolder(memory.removingLastComponent())
                try? Files.replace(memory, with: "\(now)\n\(files.map { "\($0)\n" }.joined())".utf8)
            }
        }
        return IntegrityCheck.Selection(files: Array(Set(files)).sorted { $0.string < $1.string })
    }

    /// What an earlier walk found; `nil` where it is older than a day, or of a time to come.
    static func remembered(_ text: String, now: Int64) -> [FilePath]? {
        var lines = text.split(separator: "\n")[...]
        guard let time = lines.popFirst().flatMap({ Int64($0) }), now >= time, now - time < 86_400,
            lines.allSatisfy({ $0.hasPrefix("/") })
        else { return nil }
        return lines.map { FilePath(String($0)) }
    }

    /// The file systems of the host's own disks that honour the bits.
    private static func places(_ host: AuditedHost) -> [FilePath] {
        guard host.roots.isRunningSystem, let mounts = try? Mount.all(host.roots) else { return ["/"] }
        let others = Mount.real(among: mounts).filter { mount in
            !mount.isRemote && !mount.options.contains("nosuid") && mount.path != "/"
        }
        return ["/"] + others.map(\.path)
    }

    /// The programs below a folder of the host, on its file system alone.
    static func find(below folder: FilePath, on host: AuditedHost, isDeep: Bool) -> [FilePath] {
        let top = host.path(folder)
        guard let start = strdup(top.string) else { return [] }
        defer { free(start) }
        var arguments: [UnsafeMutablePointer<CChar>?] = [start, nil]
        guard let walk = fts_open(&arguments, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, nil) else { return [] }
        defer { fts_close(walk) }
        var found: [FilePath] = []
        var count = 0
        while let entry = fts_read(walk), count < limit {
            count += 1
            let information = Int32(entry.pointee.fts_info)
            if information == FTS_D, !isDeep, entry.pointee.fts_level > 0 { fts_set(walk, entry, FTS_SKIP) }
            guard information == FTS_F, let status = entry.pointee.fts_statp,
                status.pointee.st_mode & (S_ISUID | S_ISGID) != 0
            else { continue }
            let path = String(cString: entry.pointee.fts_path)
            // The path on the host: what follows its root.
            let rest = path.dropFirst(top.string == "/" ? 0 : top.string.count)
            found.append(folder.appending(FilePath(String(rest)).components))
        }
        return found
    }
}

/// The folders in which shells of root look for programs.
enum PathFolders {
    static let all: [FilePath] = [
        "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
    ]
}
