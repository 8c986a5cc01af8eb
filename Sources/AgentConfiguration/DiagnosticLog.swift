internal import SystemPackage

/// Diagnostics in the order of their finding, as many as somebody may want to read.
struct DiagnosticLog: Sendable {
    private(set) var all: [Diagnostic] = []
    private var leftOut = 0
    private var lastLeftOut: (severity: Diagnostic.Severity, position: SourcePosition)?

    /// The most that are kept of one configuration.
    static let most = 1000

    /// Adds a finding. Its text is not even made where there are too many already.
    mutating func report(
        _ severity: Diagnostic.Severity, at position: SourcePosition, _ text: @autoclosure () -> String
    ) {
        if all.count < Self.most {
            all.append(Diagnostic(severity, at: position, text()))
        } else {
            leftOut += 1
            lastLeftOut = (max(severity, lastLeftOut?.severity ?? .warning), position)
        }
    }

    /// Adds the findings of another log.
    mutating func append(_ other: DiagnosticLog) {
        if other.all.isEmpty { return }
        for diagnostic in other.all { report(diagnostic.severity, at: diagnostic.position, diagnostic.text) }
        guard let last = other.lastLeftOut else { return }
        leftOut += other.leftOut
        lastLeftOut = (max(last.severity, lastLeftOut?.severity ?? .warning), last.position)
    }

    /// All that were kept, sorted by line and column within each file, and one that counts the others.
    ///
    /// - Parameter files: The files in the order in which people read them.
    func sorted(by files: [FilePath]) -> [Diagnostic] {
        var ranks: [FilePath: Int] = [:]
        for (rank, file) in files.enumerated() where ranks[file] == nil { ranks[file] = rank }
        let keyed = all.enumerated().map { order, diagnostic in
            (
                key: (
                    ranks[diagnostic.position.file] ?? files.count, diagnostic.position.line,
                    diagnostic.position.column, order
                ), diagnostic
            )
        }
        let sorted = keyed.sorted { $0.key < $1.key }.map(\.1)
        guard let last = lastLeftOut else { return sorted }
        return sorted + [
            Diagnostic(last.severity, at: last.position, "\(leftOut) more findings are left out, the last one here")
        ]
    }
}
