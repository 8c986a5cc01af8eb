internal import Glibc
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
            Selection(files: host.agentFiles())
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
        let before = baseline.entries(of: identifier)
        var foreignBytes = FileBaseline.foreignBytes
        var now: [FilePath: FileBaseline.Entry] = [:]
        for path in selection.files {
            now[path] = FileBaseline.look(at: path, on: host, foreignBytes: &foreignBytes)
        }
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
            if now.isEmpty, changes.isEmpty { return Self.nothing(selection) }
            return .pass("\(now.count) files are remembered as they are now", evidence: changes.map(\.evidence))
        }
        guard let before else { return now.isEmpty ? Self.nothing(selection) : Self.untold }
        // What is no longer chosen, or not by this user, may still be there.
        for path in before.keys where now[path] == nil {
            now[path] = FileBaseline.look(at: path, on: host, foreignBytes: &foreignBytes)
        }
        if now.isEmpty { return Self.nothing(selection) }
        let changes = Self.changes(from: before, to: now) { host.whoCanChange($0) }
        if baseline.alert(changes.map(\.path), of: identifier) {
            // Where it cannot be kept, the alert lasts as long as the change.
            try? host.keep(baseline, at: file)
        }
        return compare(before, now, changes, alerts: baseline.alerts[identifier] ?? [], obstacle: selection.obstacle)
    }

    /// The answer where there is no file to watch.
    private static func nothing(_ selection: Selection) -> CheckResult {
        if let obstacle = selection.obstacle { return .cannotTell(obstacle, remedy: "Run the audit as root.") }
        return .notApplicable("there are no such files")
    }

    private static let untold = CheckResult.cannotTell(
        "Nobody said yet what the files should be like",
        remedy: "Look whether they are right, then run 'pandora-agent audit --baseline' as root.")

    private func compare(
        _ before: [FilePath: FileBaseline.Entry], _ now: [FilePath: FileBaseline.Entry], _ changes: [Change],
        alerts: Set<FilePath>, obstacle: String?
    ) -> CheckResult {
        let changed = Set(changes.map(\.path))
        let earlier = alerts.subtracting(changed).map { path in
            Change(path: path, evidence: Evidence(path.string, value: "was changed in between, and is as it was again"))
        }
        let all = changes + earlier.sorted { $0.path.string < $1.path.string }
        if !all.isEmpty {
            let names = all.prefix(3).map { "\($0.evidence.source) \($0.evidence.value)" }.joined(separator: "; ")
            let more = all.count > 3 ? "; and \(all.count - 3) more" : ""
            return .fail(
                names + more, evidence: all.map(\.evidence),
                advice:
                    "Find out who did that; where it was right, run 'pandora-agent audit --acknowledge \(identifier)'.")
        }
        let invisible = [FileBaseline.Entry.unread, FileBaseline.Entry.hidden]
        let unread = now.filter { path, entry in
            invisible.contains(entry.content) || before[path].map { invisible.contains($0.content) } ?? false
        }.keys.map(\.string).sorted()
        if let first = unread.first {
            let more = unread.count > 1 ? " and \(unread.count - 1) more" : ""
            return .cannotTell(
                "The content of \(first)\(more) is not visible", remedy: "Run the audit and its baseline as root.")
        }
        if let obstacle { return .cannotTell(obstacle, remedy: "Run the audit as root.") }
        return .pass(now.count == 1 ? "The file is as it was" : "\(now.count) files are as they were")
    }

    /// A file that differs, and how.
    private struct Change {
        let path: FilePath
        let evidence: Evidence
    }

    /// What is different between two looks, by path.
    private static func changes(
        from before: [FilePath: FileBaseline.Entry], to now: [FilePath: FileBaseline.Entry],
        changeableBy: (FilePath) -> String? = { _ in nil }
    ) -> [Change] {
        let absent = FileBaseline.Entry(content: FileBaseline.Entry.absent)
        var changes: [Change] = []
        for path in Set(before.keys).union(now.keys).sorted(by: { $0.string < $1.string }) {
            let differences = FileBaseline.differences(before[path] ?? absent, now[path] ?? absent)
            if differences.isEmpty { continue }
            let evidence = Evidence(
                path.string, value: differences.joined(separator: " and "), changeableBy: changeableBy(path))
            changes.append(Change(path: path, evidence: evidence))
        }
        return changes
    }
}
