public import SystemPackage

/// Where the reader of a source stands: everything before it was handed on, everything after it was not.
///
/// Readers never store it. Whoever commits the lines commits the position that came with them, in one step.
public struct LogPosition: Sendable, Hashable, LosslessStringConvertible {
    /// One entry for each file of the source, by the path under which it is read.
    public var files: [FilePath: FilePosition]
    /// The file at which the last reading reached its limit; the next one begins with the file after it, so that one
    /// busy file cannot keep all others waiting.
    public var lastServed: FilePath?
    /// The journal's name for the last entry that was handed on.
    public var journalCursor: String?

    /// A position in files, in the journal, or in both, for a source that has candidates of both kinds.
    public init(
        files: [FilePath: FilePosition] = [:], lastServed: FilePath? = nil, journalCursor: String? = nil
    ) {
        self.files = files
        self.lastServed = lastServed
        self.journalCursor = journalCursor
    }

    /// Whether the source was looked at and nothing was there.
    public var isEmpty: Bool { files.isEmpty && journalCursor == nil }

    /// Whether there never was anything that could have been read, neither a log nor what a rotation left of one.
    var isOfNothing: Bool {
        journalCursor == nil && files.values.allSatisfy { $0.inode == 0 && $0.predecessor == .none }
    }

    /// The same places, with what a later look told of the size and the beginning of the files. Other contents, also of a
    /// file with the same number, come after another predecessor.
    public func knowing(_ later: LogPosition) -> LogPosition {
        var position = self
        for (path, known) in files {
            guard let seen = later.files[path], seen.inode == known.inode, seen.device == known.device,
                seen.predecessor == known.predecessor, seen.packedSize == 0, seen.size >= known.size,
                seen.offset >= known.offset
            else { continue }
            position.files[path]?.size = seen.size
            position.files[path]?.head = seen.head
        }
        return position
    }

    /// How far a source was read, to compare with another position in it: the time of the last change that was seen, then
    /// the bytes that were read.
    public var progress: (changed: Int64, bytes: Int64) {
        files.values.reduce((0, 0)) { (max($0.0, $1.changed), $0.1 &+ $1.offset) }
    }

    /// One line of printable ASCII: words separated by single spaces, first the version of the form.
    public var description: String {
        var words = ["1"]
        if let journalCursor { words.append("cursor=\(percentEncoded(journalCursor.utf8))") }
        if let lastServed { words.append("last=\(percentEncoded(lastServed.bytes))") }
        words += files.map { "file=\($1):\(percentEncoded($0.bytes))" }.sorted()
        return words.joined(separator: " ")
    }

    /// Reads what ``description`` wrote; `nil` for anything else.
    public init?(_ description: String) {
        let words = Array(description.utf8)[...].parts(separatedBy: " ")
        guard words.first?.elementsEqual("1".utf8) == true else { return nil }
        self.init()
        for word in words.dropFirst() {
            let parts = word.parts(separatedBy: "=")
            guard parts.count == 2 else { return nil }
            switch String(decoding: parts[0], as: UTF8.self) {
            case "cursor":
                guard let bytes = percentDecoded(parts[1]), let cursor = String(validating: bytes, as: UTF8.self)
                else { return nil }
                journalCursor = cursor
            case "last":
                guard let path = percentDecoded(parts[1]).flatMap(FilePath.init(bytes:)) else { return nil }
                lastServed = path
            case "file":
                guard let colon = parts[1].lastIndex(of: UInt8(ascii: ":")),
                    let position = FilePosition(fields: parts[1][..<colon]),
                    let path = percentDecoded(parts[1][colon...].dropFirst()).flatMap(FilePath.init(bytes:))
                else { return nil }
                files[path] = position
            default:
                return nil
            }
        }
    }
}

/// Where the reader of one file stands: which file it is, and how far it was read.
///
/// A path does not say which file it is, as rotation renames files; an inode number does not either, as it is used
/// again after a deletion. So the file is known by both its inode and its content: its first bytes, and the bytes just
/// before the offset.
public struct FilePosition: Sendable, Hashable, LosslessStringConvertible {
    /// The device that holds the file (st_dev).
    public var device: UInt64
    /// The file's number on it (st_ino).
    public var inode: UInt64
    /// How many bytes were handed on; of a compressed file, counted in what was compressed.
    public var offset: Int64
    /// How large the file was when it was last seen, never less than the offset: what is missed if the file is gone.
    public var size: Int64
    /// Whether the offset is inside a line whose beginning was handed on, cut, and whose rest is to be passed over.
    public var isInsideLine: Bool
    /// The file's first bytes.
    public var head: Fingerprint
    /// The bytes that end at the offset.
    public var tail: Fingerprint
    /// What had been rotated before this file: what came after that, and not this file, is what was not read, should
    /// this file be gone.
    public var predecessor: Predecessor
    /// When the file was changed last, before it was read, in nanoseconds since 1970 (st_ctim); 0 if that is not known.
    /// Where neither this nor the size is another, nothing is new.
    public var changed: Int64
    /// Of a packed file that was read to its end, how many bytes it has as it is stored; 0 for others. As long as neither
    /// this nor ``changed`` is another, nobody has to unpack it to know that nothing is new.
    public var packedSize: Int64

    /// The newest of the rotated files that were there before a file.
    public enum Predecessor: Sendable, Hashable {
        /// Nobody looked.
        case unknown
        /// There was none.
        case none
        /// There was one, which has these first bytes.
        case file(Fingerprint)
    }

    /// A position.
    public init(
        device: UInt64, inode: UInt64, offset: Int64, size: Int64, isInsideLine: Bool = false,
        head: Fingerprint = Fingerprint(), tail: Fingerprint = Fingerprint(), predecessor: Predecessor = .unknown,
        changed: Int64 = 0, packedSize: Int64 = 0
    ) {
        self.device = device
        self.inode = inode
        self.offset = offset
        self.size = size
        self.isInsideLine = isInsideLine
        self.head = head
        self.tail = tail
        self.predecessor = predecessor
        self.changed = changed
        self.packedSize = packedSize
    }

    /// The position of a log that has no file yet: what comes is read, and what was rotated before is not.
    static func nothingYet(after predecessor: Predecessor) -> FilePosition {
        FilePosition(device: 0, inode: 0, offset: 0, size: 0, predecessor: predecessor)
    }

    /// The same place after another predecessor.
    func after(_ predecessor: Predecessor) -> FilePosition {
        var position = self
        position.predecessor = predecessor
        return position
    }

    /// The position at the start of the same file.
    var atStart: FilePosition {
        FilePosition(device: device, inode: inode, offset: 0, size: size, head: head, predecessor: predecessor)
    }

    /// The fields, separated by colons.
    public var description: String {
        "\(device):\(inode):\(offset):\(size):\(isInsideLine ? 1 : 0):\(head):\(tail):\(predecessor):\(changed)"
            + (packedSize > 0 ? ":\(packedSize)" : "")
    }

    /// Reads what ``description`` wrote; `nil` for anything else.
    public init?(_ description: String) {
        self.init(fields: Array(description.utf8)[...])
    }

    init?(fields text: ArraySlice<UInt8>) {
        let fields = text.parts(separatedBy: ":")
        guard (8...10).contains(fields.count), let device = UInt64(digits: fields[0]),
            let inode = UInt64(digits: fields[1]),
            let offset = Int64(digits: fields[2]), let size = Int64(digits: fields[3]), offset <= size,
            let isInsideLine = UInt64(digits: fields[4]), isInsideLine <= 1,
            let head = Fingerprint(parts: fields[5]), let tail = Fingerprint(parts: fields[6]),
            Int64(head.length) <= size, Int64(tail.length) <= offset,
            let predecessor = Predecessor(String(decoding: fields[7], as: UTF8.self)),
            let changed = fields.count > 8 ? Int64(digits: fields[8]) : 0,
            let packedSize = fields.count > 9 ? Int64(digits: fields[9]) : 0
        else { return nil }
        self.init(
            device: device, inode: inode, offset: offset, size: size, isInsideLine: isInsideLine == 1, head: head,
            tail: tail, predecessor: predecessor, changed: changed, packedSize: packedSize)
    }
}

extension FilePosition.Predecessor: LosslessStringConvertible {
    /// A word or a fingerprint.
    public var description: String {
        switch self {
        case .unknown: "unknown"
        case .none: "none"
        case .file(let head): head.description
        }
    }

    /// Reads what ``description`` wrote; `nil` for anything else.
    public init?(_ description: String) {
        switch description {
        case "unknown": self = .unknown
        case "none": self = .none
        default:
            guard let head = Fingerprint(description) else { return nil }
            self = .file(head)
        }
    }
}

/// A short value that tells one stretch of bytes from another: 64-bit FNV-1a.
///
/// It guards against mistaking one log for another, not against forgery: whoever can write a log can write what they
/// like into it anyway.
public struct Fingerprint: Sendable, Hashable, LosslessStringConvertible {
    /// The longest stretch in bytes.
    public static let maximumLength = 1024

    /// How many bytes it stands for, 0…``maximumLength``.
    public let length: Int
    /// Their hash.
    public let hash: UInt64

    /// The fingerprint of no bytes.
    public init() {
        self.init(of: UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// The fingerprint of the first ``maximumLength`` of `bytes`.
    public init(of bytes: UnsafeRawBufferPointer) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes.prefix(Self.maximumLength) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        self.length = min(bytes.count, Self.maximumLength)
        self.hash = hash
    }

    /// Length and hash, separated by a hyphen.
    public var description: String {
        "\(length)-\(String(hash, radix: 16))"
    }

    /// Reads what ``description`` wrote; `nil` for anything else.
    public init?(_ description: String) {
        self.init(parts: Array(description.utf8)[...])
    }

    init?(parts text: ArraySlice<UInt8>) {
        let parts = text.parts(separatedBy: "-")
        guard parts.count == 2, let length = Int64(digits: parts[0]).map({ Int($0) }),
            (0...Self.maximumLength).contains(length), let hash = UInt64(digits: parts[1], radix: 16)
        else { return nil }
        self.length = length
        self.hash = hash
    }
}
