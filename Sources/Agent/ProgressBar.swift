internal import Glibc

/// Shows on a terminal how many files went, where many go.
struct ProgressBar {
    /// How many files are worth a bar.
    static let fewest = 20
    private static let width = 40

    private let total: Int
    private var done = 0
    private var shownParts = -1

    /// `nil` where nobody looks, or there is little to see.
    init?(total: Int, verbosity: Verbosity) {
        guard total >= Self.fewest, verbosity != .quiet, isatty(STDERR_FILENO) == 1, environment("TERM") != "dumb"
        else {
            return nil
        }
        self.total = total
    }

    /// One more file went.
    mutating func advance() {
        done += 1
        let parts = min(done, total) * Self.width / total
        if parts == shownParts { return }
        shownParts = parts
        let bar = String(repeating: "#", count: parts) + String(repeating: ".", count: Self.width - parts)
        writeToStandardError("\r[\(bar)] \(done)/\(total) files")
    }

    /// Leaves the line, so that what follows begins on the next.
    func end() {
        if shownParts >= 0 {
            writeToStandardError(
                "\r[\(String(repeating: "#", count: shownParts))"
                    + "\(String(repeating: ".", count: Self.width - shownParts))] \(done)/\(total) files\n")
        }
    }
}
