internal import Agent
internal import Glibc
internal import SecurityChecks
internal import Synchronization

/// Shows on a terminal how far a check has come that takes long.
final class AuditProgressBar: Sendable {
    private static let width = 40
    /// How many parts of a thousand are shown; below zero nothing is.
    private let shown = Mutex(-1)

    /// `nil` where nobody looks.
    init?() {
        let terminal = getenv("TERM").map { String(cString: $0) }
        guard isatty(STDERR_FILENO) == 1, terminal != "dumb" else { return nil }
    }

    /// Draws the bar where it has changed.
    @Sendable func show(_ progress: AuditProgress) {
        guard progress.total > 0 else { return }
        let share = min(max(progress.done, 0), progress.total) * 1000 / progress.total
        shown.withLock { shown in
            if share == shown { return }
            shown = share
            let parts = share * Self.width / 1000
            let bar = String(repeating: "#", count: parts) + String(repeating: ".", count: Self.width - parts)
            writeToStandardError("\r[\(bar)] \(share / 10) % \(progress.subject)")
        }
    }

    /// Leaves the line empty for what follows.
    func remove() {
        shown.withLock { shown in
            if shown >= 0 { writeToStandardError("\r\u{1B}[K") }
            shown = -1
        }
    }
}
