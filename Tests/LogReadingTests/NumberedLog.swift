import Glibc
import SystemFiles
import SystemPackage
import TestSupport

/// A log of numbered lines: the daemon that writes it, what each of its files holds, and what a reader has had of that. Those
/// who interfere are the subclasses.
///
/// The daemon keeps its file open, whatever becomes of its name, until it is told to reopen it, as real ones do. Lines that
/// were in a file that was deleted or emptied before a reading may be lost; all others must arrive once, in order.
class NumberedLog {
    /// What one file holds, whatever its name and its number are by now.
    final class Content {
        fileprivate(set) var lines: [Int] = []
        fileprivate(set) var size = 0
        /// Up to where a reader has had it.
        fileprivate var handedOn = 0
        /// How large it was when a reader stood in it last.
        fileprivate var seen = 0
        /// Whether it is gone, or nobody can know that it is there: what was not read may be lost.
        fileprivate var mayBeLost = false
    }

    /// What somebody does, at random.
    enum Operation {
        case write(Int), writeHalf, finishLine, reopen
        case rotate(makesNewFile: Bool, tellsDaemon: Bool)
        case copyAndTruncate, pack, empty
        case delete(isReopened: Bool)

        static func random(using random: inout SeededGenerator) -> Operation {
            switch Int.random(in: 0..<66, using: &random) {
            case ..<25: .write(.random(in: 1...5, using: &random))
            case ..<33: .writeHalf
            case ..<36: .finishLine
            case ..<46: .rotate(makesNewFile: .random(using: &random), tellsDaemon: .random(using: &random))
            case ..<52: .reopen
            case ..<57: .copyAndTruncate
            case ..<60: .pack
            case ..<63: .empty
            default: .delete(isReopened: .random(using: &random))
            }
        }
    }

    let folder: FilePath
    /// The log's name in the folder, which its lines say, too.
    let name: String
    private(set) var nextLine = 0
    private(set) var received: [Int] = []
    /// How many bytes a reader said that it has missed.
    var reportedBytes = 0
    /// How many bytes were destroyed before a reader had them.
    private(set) var destroyedBytes = 0
    /// How many of them a reader knew of: of the file that it stood in, what was there at its last look.
    private(set) var knownDestroyedBytes = 0

    /// What has the log's name.
    var current: Content?
    /// What the daemon writes to.
    private(set) var writesTo: Content?
    /// Where a reader stood after its last look.
    private(set) var place: Content?
    /// Whether a reader knows that there is such a log.
    private(set) var isMet = false
    private var contents: [Int: Content] = [:]
    private var ends: [Int: Int] = [:]
    private var descriptor: Int32 = -1
    private var rest: String?
    private var inodes: Set<UInt> = []
    /// How often a new file got the number of one that had been deleted.
    private(set) var reusedInodeCount = 0

    init(_ folder: FilePath, name: String) {
        self.folder = folder
        self.name = name
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Whether the daemon writes to no other file than the one that has the log's name.
    var isCurrentInUse: Bool { descriptor < 0 || writesTo === current }
    /// Whether a line is finished only in part.
    var isInsideLine: Bool { rest != nil }

    func path(_ name: String) -> FilePath { folder.appending(name) }

    /// Everything that is there besides the log, the oldest first.
    var older: [Content] { [] }

    /// Whether the pattern of the reader matches each of the files by a name of its own, so that each has its own turn.
    var areFilesLogs: Bool { false }

    /// Whether a file is one of this log.
    func owns(_ path: FilePath) -> Bool { path == self.path(name) }

    func perform(_ operation: Operation) throws {
        switch operation {
        case .write(let count): write(count)
        case .writeHalf: writeHalf()
        case .finishLine: finishLine()
        case .reopen: reopen()
        case .rotate(let makesNewFile, let tellsDaemon):
            try rotate(makesNewFile: makesNewFile)
            if tellsDaemon { reopen() }
        case .copyAndTruncate: try copyAndTruncate()
        case .pack: try pack()
        case .empty: empty()
        case .delete(let isReopened): try delete(andReopen: isReopened)
        }
    }

    func rotate(makesNewFile: Bool) throws {}
    func copyAndTruncate() throws {}
    func pack() throws {}

    // MARK: The daemon

    func reopen() {
        finishLine()
        if descriptor >= 0 { close(descriptor) }
        descriptor = open(path(name).string, O_WRONLY | O_APPEND | O_CREAT, 0o600)
        if current == nil {
            current = Content()
            var status = stat()
            if fstat(descriptor, &status) == 0, !inodes.insert(status.st_ino).inserted { reusedInodeCount += 1 }
        }
        writesTo = current
    }

    func write(_ count: Int) {
        if descriptor < 0 { reopen() }
        finishLine()
        for _ in 0..<count { put("\(beginLine()) ends\n") }
    }

    private func writeHalf() {
        if descriptor < 0 { reopen() }
        finishLine()
        put(beginLine())
        rest = " ends\n"
    }

    private func finishLine() {
        if let rest { put(rest) }
        rest = nil
    }

    /// The beginning of the next line, which none of another number begins with.
    private func beginLine() -> String {
        writesTo?.lines.append(nextLine)
        contents[nextLine] = writesTo
        defer { nextLine += 1 }
        let digits = String(nextLine)
        return "\(name) line \(String(repeating: "0", count: max(0, 4 - digits.count)) + digits)"
    }

    private func put(_ text: String) {
        let bytes = Array(text.utf8)
        precondition(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
        writesTo?.size += bytes.count
        ends[nextLine - 1] = writesTo?.size
    }

    // MARK: Those who interfere

    private func empty() {
        guard let content = current, rest == nil else { return }
        lose(content)
        current = Content()
        if writesTo === content { writesTo = current }
        truncateFile()
    }

    /// Empties the file, whose content is somewhere else now.
    func truncateFile() { Glibc.truncate(path(name).string, 0) }

    /// Has a copy made of the log and the file emptied.
    func leaveToCopy() {
        let isWritten = writesTo === current
        current = Content()
        if isWritten { writesTo = current }
        truncateFile()
    }

    private func delete(andReopen: Bool) throws {
        guard let content = current, rest == nil, writesTo === content else { return }
        lose(content)
        try removeFile()
        current = nil
        close(descriptor)
        descriptor = -1
        if andReopen { reopen() }
    }

    /// Removes the file that has the log's name.
    func removeFile() throws { try Files.remove(path(name)) }

    /// Notes that nobody can read a content any more.
    func lose(_ content: Content) {
        content.mayBeLost = true
        destroyedBytes += content.size - content.handedOn
        guard content === place else { return }
        knownDestroyedBytes += max(0, content.seen - content.handedOn)
        place = nil
    }

    /// Notes that a content was put away. Before a reader has met the log, that is history.
    func putAway(_ content: Content, isFindable: Bool = true) {
        if !isMet || !isFindable { content.mayBeLost = true }
    }

    // MARK: The reader

    /// Notes what a reading brought.
    ///
    /// - Parameters:
    ///   - isAll: Whether it brought all that was there. Else it ended behind its last line.
    ///   - isNamed: Whether the reader was given the name of the log, rather than a pattern that matches it: then it knows
    ///     of the log also while there is nothing of it.
    func note(received numbers: [Int], isAll: Bool, isNamed: Bool) {
        received += numbers
        for number in numbers {
            guard let content = contents[number], let end = ends[number] else { continue }
            content.handedOn = max(content.handedOn, end)
        }
        if isAll {
            place = (older + [current].compactMap(\.self)).last { $0.size > 0 && !$0.mayBeLost }
            place?.seen = place?.size ?? 0
        } else if let last = numbers.last {
            place = contents[last]
            place?.seen = place?.size ?? 0
        }
        if isNamed || current != nil {
            isMet = true
        } else if older.allSatisfy({ $0.size == 0 }) {
            isMet = false
        }
    }

    /// What is wrong with all that was received, when nothing more is to come.
    ///
    /// How many bytes are reported as missed is exact but for what the model leaves open: at the end of a reading that was
    /// limited right at the end of a file, or that reached this log or did not, the reader may know the next file already.
    /// So it is at least what the model is certain of, and never more than what was destroyed (docs/logs.md).
    var complaints: [String] {
        let inOrder = areFilesLogs ? received.sorted() : received
        let isOrdered = zip(inOrder, inOrder.dropFirst()).allSatisfy(<)
        let isRightlyMissed = (knownDestroyedBytes...max(knownDestroyedBytes, destroyedBytes)).contains(reportedBytes)
        let lost = Set(0..<nextLine).subtracting(received).filter { contents[$0]?.mayBeLost != true }
        return (isOrdered ? [] : ["\(name): twice or out of order: \(received)"])
            + (lost.isEmpty ? [] : ["\(name): lost \(lost.sorted()), received \(received)"])
            + (isRightlyMissed
                ? []
                : [
                    "\(name): \(reportedBytes) bytes reported as missed, of \(destroyedBytes) destroyed, "
                        + "\(knownDestroyedBytes) of them known"
                ])
    }
}
