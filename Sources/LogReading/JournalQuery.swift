internal import SystemPackage

/// Entries of the systemd journal that a source asks for.
public struct JournalQuery: Sendable, Hashable {
    /// The matches, such as `_COMM=sshd`; none asks for all entries. See journalctl(1).
    public let matches: [String]

    /// Matches separated by spaces.
    public init(_ matches: String) {
        self.matches = matches.split(separator: " ").map(String.init)
    }

    /// Where the output begins, of a reading that goes on.
    public enum Start: Sendable, Hashable {
        /// At the entry that was handed on last, to see that the journal still has it. Where it has not, the entries after
        /// it come.
        case atLast
        /// After that entry. As journalctl passes over the first one that it finds, whichever that is, only where the entry
        /// is known to be there.
        case afterLast
    }

    /// The arguments of a journalctl(1) whose output ``LogReader/read(journal:from:firstRun:)`` understands.
    ///
    /// A first reading that is to bring nothing asks for the last entry alone, which tells where to go on.
    public func arguments(
        from position: LogPosition?, firstRun: LogReader.FirstRun = .atEnd, start: Start = .atLast
    ) -> [String] {
        var arguments = ["--quiet", "--no-pager", "--output=export"]
        arguments.append("--output-fields=MESSAGE,SYSLOG_IDENTIFIER,SYSLOG_PID,_PID,_COMM,_HOSTNAME")
        switch position?.journalCursor {
        case nil: if firstRun == .atEnd { arguments.append("--lines=1") }
        case LogPosition.startOfJournal: break
        case let cursor?:
            switch start {
            case .atLast: arguments.append("--cursor=\(cursor)")
            case .afterLast: arguments.append("--after-cursor=\(cursor)")
            }
        }
        // Whatever a configuration has there, it is a match and not an option.
        return arguments + ["--"] + matches
    }

    /// What went wrong with a journalctl that failed.
    ///
    /// - Parameters:
    ///   - standardError: What it printed there.
    ///   - ending: How it ended, where that says more than that it failed; it follows the program's name.
    public func failure(standardError: String, ending: String? = nil) -> LogFailure {
        if standardError.contains("insufficient permissions") {
            return LogFailure(path, .permissionDenied(helpfulGroup: "systemd-journal"))
        }
        let words =
            switch (ending, Self.complaint(in: standardError)) {
            case (let ending?, let complaint?): "journalctl \(ending): \(complaint)"
            case (let ending?, nil): "journalctl \(ending)"
            case (nil, let complaint): "journalctl failed: \(complaint ?? "it printed no reason")"
            }
        return LogFailure(path, .other(words))
    }

    /// That there is no journal, of which journalctl says nothing.
    ///
    /// - Parameter folders: Where there is none.
    public func missing(in folders: JournalFolders) -> LogFailure {
        let places = folders.paths.map(\.string).joined(separator: " or ")
        return LogFailure(path, .other("there is no journal: no file *.journal is in a folder of \(places)"))
    }

    /// The first line of what journalctl printed on its standard error, without what could spoil the agent's log; `nil`
    /// where it printed none.
    public static func complaint(in standardError: String) -> String? {
        standardError.split(whereSeparator: \.isNewline).first.map { line in
            String(
                String.UnicodeScalarView(
                    line.unicodeScalars.prefix(300).map { $0.value < 0x20 || $0.value == 0x7f ? "?" : $0 }))
        }
    }

    private var path: FilePath { FilePath("journal:\(matches.joined(separator: " "))") }
}

extension LogPosition {
    /// The ``journalCursor`` of a journal that had no entry when it was first looked at.
    public static let startOfJournal = ""

    /// The journal's entry that was handed on last; `nil` where there was none.
    var lastEntry: JournalCursor? {
        guard let journalCursor, journalCursor != Self.startOfJournal else { return nil }
        return JournalCursor(journalCursor)
    }
}
