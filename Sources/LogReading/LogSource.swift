internal import SystemFiles
public import SystemPackage

/// What a FILE argument names: one log, or several places where it may be, the first of which that is there is read.
public struct LogSource: Sendable, Hashable {
    /// One place.
    public enum Candidate: Sendable, Hashable {
        /// A file.
        case file(FilePath)
        /// All files that match.
        case glob(FileGlob)
        /// Entries of the systemd journal.
        case journal(JournalQuery)

        var isGlob: Bool { if case .glob = self { true } else { false } }
    }

    /// The places, in the order in which they are tried.
    public let candidates: [Candidate]

    /// The places, in the order in which they are tried.
    public init(candidates: [Candidate]) {
        self.candidates = candidates
    }

    /// The candidate of which a file is: the first that names it.
    func candidate(naming path: FilePath) -> Candidate? {
        if candidates.count == 1 { return candidates.first }
        return candidates.first { candidate in
            switch candidate {
            case .file(let file): file == path
            case .glob(let glob): glob.matches(path)
            case .journal: false
            }
        }
    }

    /// Whether anything of a candidate was read before.
    private func wasRead(_ candidate: Candidate, by position: LogPosition?) -> Bool {
        switch candidate {
        // One that was missing by then was looked for, and not read.
        case .file(let path): position?.files[path].map { $0.inode != 0 } ?? false
        case .glob: position?.files.keys.contains { self.candidate(naming: $0) == candidate } ?? false
        case .journal: position?.journalCursor != nil
        }
    }

    /// What a reading does that has no position yet in a candidate, or in one of its files.
    ///
    /// What takes the place of another candidate begins at its end: what it holds may be what the other one held. What was
    /// missing like all the others is read from its start, and so are files that come later of a wildcard.
    public func firstRun(
        _ firstRun: LogReader.FirstRun, of candidate: Candidate, _ position: LogPosition?
    ) -> LogReader.FirstRun {
        guard let position else { return firstRun }
        if case .glob = candidate, position.isEmpty || wasRead(candidate, by: position) { return .fromStart }
        if position.isEmpty || wasRead(candidate, by: position) { return firstRun }
        return position.isOfNothing ? .fromStart : .atEnd
    }

    /// Forgets where candidates were left that are read only while another one is not there. What was written to them since
    /// is not wanted: it may be what the other one held.
    func forgetStandIns(for candidate: Candidate, in position: inout LogPosition) {
        let standIns = candidates.drop { $0 != candidate }.dropFirst()
        if standIns.isEmpty { return }
        for path in position.files.keys {
            if let other = self.candidate(naming: path), standIns.contains(other) { position.files[path] = nil }
        }
        if standIns.contains(where: { if case .journal = $0 { true } else { false } }) { position.journalCursor = nil }
    }

    /// Reads a FILE argument.
    ///
    /// - `/var/log/app.log`: that file.
    /// - `/var/log/app/*.log`: all files that match, those too that come later.
    /// - `A|B`: A, or where there is no A, B.
    /// - `journal:MATCHES`: entries of the journal that match, such as `journal:_COMM=sshd`; see journalctl(1).
    /// - `messages`, `syslog`, `secure`, `auth.log`, alone or under `/var/log`: the file of that name, or where there
    ///   is none, what other systems have in its place: see ``standIns``.
    public init(_ argument: String) throws(LogSourceError) {
        var candidates: [Candidate] = []
        for part in argument.split(separator: "|", omittingEmptySubsequences: false).map(String.init) {
            guard !part.isEmpty else { throw LogSourceError(argument: argument) }
            for place in Self.standIns[part] ?? Self.standIns["/var/log/\(part)"] ?? [part] {
                let candidate = Self.candidate(place)
                if !candidates.contains(candidate) { candidates.append(candidate) }
            }
        }
        self.candidates = candidates
    }

    /// Where the well-known logs are, by the name that a configuration may use: Red Hat and SUSE write `messages` and
    /// `secure`, Debian writes `syslog` and `auth.log`, and hosts without a syslog daemon have the journal (facilities
    /// 4 and 10 are auth and authpriv: RFC 5424, 6.2.1).
    public static let standIns: [String: [String]] = [
        "/var/log/messages": ["/var/log/messages", "/var/log/syslog", "journal:"],
        "/var/log/syslog": ["/var/log/syslog", "/var/log/messages", "journal:"],
        "/var/log/secure": [
            "/var/log/secure", "/var/log/auth.log", "journal:SYSLOG_FACILITY=4 SYSLOG_FACILITY=10",
        ],
        "/var/log/auth.log": [
            "/var/log/auth.log", "/var/log/secure", "journal:SYSLOG_FACILITY=4 SYSLOG_FACILITY=10",
        ],
    ]

    private static func candidate(_ place: String) -> Candidate {
        let journal = "journal:"
        if place.hasPrefix(journal) { return .journal(JournalQuery(String(place.dropFirst(journal.count)))) }
        return FileGlob(place).map { .glob($0) } ?? .file(FilePath(place))
    }

    /// The candidate that is to be read now: one that was read before and still is there, else the first that is
    /// there.
    ///
    /// - Parameters:
    ///   - position: Where the source was left; `nil` before the first reading.
    ///   - journalFolders: Where the journal keeps its files.
    /// - Returns: `nil` where none is there.
    public func present(for position: LogPosition?, journalFolders: JournalFolders = .usual) -> Candidate? {
        func isThere(_ candidate: Candidate) -> Bool {
            switch candidate {
            // What may not be looked at is there all the same.
            case .file(let path):
                do throws(SystemError) {
                    _ = try Files.status(path, followingLinks: false)
                    return true
                } catch {
                    return error.code != .noSuchFileOrDirectory && error.code != .notDirectory
                }
            case .glob(let glob):
                do throws(LogFailure) { return try !glob.files().isEmpty } catch { return true }
            case .journal:
                return journalFolders.holdFiles
            }
        }
        return candidates.first { wasRead($0, by: position) && isThere($0) } ?? candidates.first(where: isThere)
    }
}

/// A FILE argument that names nothing.
public struct LogSourceError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The argument.
    public let argument: String

    /// A sentence for an operator.
    public var description: String {
        "\"\(argument)\" names no log: write a path, several separated by |, or journal:MATCHES"
    }
}
