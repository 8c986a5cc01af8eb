public import SystemPackage

/// What one reading of a source brought.
public struct LogBatch: Sendable {
    /// The lines that match, in the order in which they were written.
    public var lines = LogLines()
    /// Where the source is to be read from the next time. It belongs to the lines: commit both or neither.
    public var position: LogPosition
    /// How many bytes were never seen because a rotation, a truncation or a deletion took them away, or left them in a form
    /// that cannot be read; a lower bound, as nobody knows what was written between the last look and that.
    public var missedBytes: Int64 { notes.reduce(0) { $0 &+ $1.missedBytes } }
    /// What the operator may want to know.
    public var notes: [LogNote] = []
    /// What could not be read; the rest of the batch stands nevertheless.
    public var failures: [LogFailure] = []
    /// Whether a limit was reached, so that lines wait for the next reading.
    public var hasMore = false
    /// Whether that limit was one of work, so that it is of no use to read on before the next cycle.
    public var isExhausted = false
    /// Whether more can be read at once.
    public var canGoOn: Bool { hasMore && !isExhausted && failures.isEmpty }

    /// An empty batch at a position.
    public init(position: LogPosition) {
        self.position = position
    }

    /// Takes back that so many bytes were missed, at most: they had been read.
    public mutating func takeBack(missedBytes count: Int) {
        for (index, note) in notes.enumerated() {
            guard case .missed(let path, let bytes) = note else { continue }
            let known = min(bytes, Int64(count))
            if known == bytes {
                notes.remove(at: index)
            } else {
                notes[index] = .missed(path, bytes: bytes - known)
            }
            return
        }
    }

    init(position: LogPosition, failure: LogFailure) {
        self.position = position
        failures = [failure]
    }

    /// What became of one file.
    init(_ result: FileReading.Result, of path: FilePath, _ scanner: borrowing LineScanner) {
        position = LogPosition()
        position.files[path] = result.position
        lines = scanner.lines
        notes = result.notes + scanner.notes
        failures = result.failures
        hasMore = result.isLimited
        isExhausted = scanner.isExhausted
    }
}

/// What one file of a source brought.
public struct FileBatch: Sendable {
    /// The file.
    public let path: FilePath
    /// Where it was read from; `nil` where nothing is known of it.
    public let start: FilePosition?
    /// Whether it was not asked for by its name.
    let isOfGlob: Bool
    /// Whether it is a rotated file that is read to its end by itself.
    let isPast: Bool
    /// What it brought. The position is that of this file alone.
    public let batch: LogBatch

    /// How far it was handed on.
    public struct Progress: Sendable {
        /// Where it is to be read from the next time; `nil` if it is to be met for the first time again.
        public var position: FilePosition?
        /// Whether the next file is to be read.
        public var goesOn: Bool

        /// How far it was handed on, and whether the next file is to be read.
        public init(position: FilePosition?, goesOn: Bool) {
            self.position = position
            self.goesOn = goesOn
        }
    }
}

/// Something that happened to a log and does not stop its reading.
public enum LogNote: Sendable, Hashable, CustomStringConvertible {
    /// The log was rotated; what was left of the old file was read from where it is now.
    case rotated(FilePath, rest: FilePath)
    /// The rest of the old file was found under a name that does not tell what was rotated after it, which is not looked for.
    case orderUnknown(FilePath, rest: FilePath)
    /// The file is another one, or was emptied, and what was left of the old content, at least so many bytes, is
    /// nowhere to be found.
    case missed(FilePath, bytes: Int64)
    /// A file that a rotation put away cannot be read, or not to its end: it is damaged, or packed with a program that is
    /// not built in. At least so many bytes, of a packed file as they are stored, are passed over.
    case unreadable(FilePath, bytes: Int64)
    /// So many lines were longer than the limit; they were cut there.
    case cut(FilePath, lines: Int, limit: Int)
    /// On so many lines the pattern took too much work; they were taken as matching.
    case gaveUp(FilePath, lines: Int, pattern: String)
    /// The pattern took so much work that the reading ended; the rest is read the next time.
    case exhausted(FilePath, pattern: String)
    /// So many folders of a wildcard could not be looked into, of which this is the first; others could.
    case foldersPassedOver(LogFailure, count: Int)
    /// The last line has no end, and nobody has written to the file for so long that it was read as it is.
    case unfinishedLineRead(FilePath)
    /// The log was being rotated over and over during the reading, which is left to the next time.
    case unsettled(FilePath)
    /// The journal has the entry no more that was handed on last, and may have lost others that came after it.
    case journalPlaceGone
    /// What journalctl complained of, though it did not fail, as of a damaged file that it passed over.
    case journalComplaint(String)

    /// How many bytes were missed, by what it says.
    var missedBytes: Int64 {
        switch self {
        case .missed(_, let bytes), .unreadable(_, let bytes): bytes
        default: 0
        }
    }

    /// A sentence for an operator.
    public var description: String {
        switch self {
        case .rotated(let path, let rest):
            "\(path) was rotated; the rest of the old file was read from \(rest)"
        case .orderUnknown(let path, let rest):
            "\(path): the old file was \(rest), a name that has no place among those of rotations; if the log was changed "
                + "more than once since the last cycle, what was written in between is not read"
        case .missed(let path, 0):
            "\(path) was replaced or emptied: what was written to it since it was read last, if anything was, is gone"
        case .missed(let path, let bytes):
            "\(path) was replaced or emptied: at least \(bytes) bytes that were not read yet are gone"
        case .unreadable(let path, let bytes):
            "\(path) cannot be read, and its lines are passed over: at least \(bytes) bytes as they are stored"
        case .cut(let path, let lines, let limit):
            "\(path) has lines longer than \(limit) bytes; \(lines) were cut there"
        case .gaveUp(let path, let lines, let pattern):
            "\(path): the pattern \"\(pattern)\" took too much work on \(lines) lines, which were taken as matching; "
                + "simplify it"
        case .exhausted(let path, let pattern):
            "\(path): the pattern \"\(pattern)\" takes too much work; the rest is read the next time: simplify it"
        case .foldersPassedOver(let failure, let count):
            count > 1 ? "\(failure); \(count) folders were passed over" : "\(failure)"
        case .unfinishedLineRead(let path):
            "the last line of \(path) has had no end for long and was read as it is"
        case .unsettled(let path):
            "\(path) was being rotated during the reading; it is read the next time"
        case .journalPlaceGone:
            "the journal no longer has the entry up to which it was read: what was logged after that and deleted before this "
                + "reading, as at a limit of its size or by a reboot, is not read"
        case .journalComplaint(let words): "journalctl: \(words)"
        }
    }
}
