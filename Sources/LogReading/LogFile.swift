internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// A log that is open, which stays the same file whatever happens to its name.
final class LogFile {
    let path: FilePath
    let device: UInt64
    let inode: UInt64
    /// The size of the content when it was opened; of a packed one, the largest number, as nobody knows.
    let size: Int64
    /// When it was written to last, in seconds since 1970.
    let modified: Int64
    /// When it was changed last before it was opened, in nanoseconds since 1970.
    let changed: Int64
    /// The size of the file on the disk when it was opened.
    private let storedSize: Int64
    private let content: Content
    private let isPacked: Bool

    private enum Content: ~Copyable {
        case plain(OpenFile)
        case gzip(GzipContent)
    }

    /// Opens a regular file. Nothing else is opened: opening a FIFO would wait for a writer, and opening a device can
    /// have effects.
    ///
    /// - Parameter isGzip: Whether the content is what gzip(1) packed into the file.
    init(_ path: FilePath, isGzip: Bool = false) throws(LogFailure) {
        let file = try Self.open(path)
        let status: Stat
        do throws(SystemError) { status = try file.status() } catch { throw LogFailure(path, error) }
        // It may have been replaced since the first look; a non-blocking open comes back from a FIFO too.
        if let objection = Self.objection(to: status) { throw LogFailure(path, objection) }
        self.path = path
        self.device = UInt64(status.rawValue.st_dev)
        self.inode = UInt64(status.rawValue.st_ino)
        self.modified = Int64(status.rawValue.st_mtim.tv_sec)
        self.changed = status.rawValue.st_ctim.nanoseconds
        self.isPacked = isGzip
        self.storedSize = Int64(status.rawValue.st_size)
        guard isGzip else {
            self.size = Int64(status.rawValue.st_size)
            self.content = .plain(file)
            return
        }
        self.size = .max
        do throws(SystemError) {
            self.content = .gzip(try GzipContent(file))
        } catch {
            throw LogFailure(path, error)
        }
    }

    private static func open(_ path: FilePath) throws(LogFailure) -> OpenFile {
        let status: Stat
        do throws(SystemError) { status = try Files.status(path) } catch { throw LogFailure(path, error) }
        if isForeignLink(path, to: status) { throw LogFailure(path, .foreignLink) }
        if let objection = objection(to: status) { throw LogFailure(path, objection) }
        do throws(SystemError) {
            return try OpenFile(path, options: [.nonBlocking, .init(rawValue: O_NOCTTY)])
        } catch {
            throw LogFailure(path, error)
        }
    }

    /// A link of another user than root and the agent's leads to files of that user alone. Else whoever can write to the
    /// folder of a log would have an agent that runs as root send the server what they may not read themselves.
    private static func isForeignLink(_ path: FilePath, to status: Stat) -> Bool {
        guard let link = try? Files.status(path, followingLinks: false), link.type == .symbolicLink else {
            return false
        }
        return ![0, geteuid(), status.rawValue.st_uid].contains(link.rawValue.st_uid)
    }

    private static func objection(to status: Stat) -> LogFailure.Reason? {
        switch status.rawValue.st_mode & S_IFMT {
        case S_IFREG: nil
        case S_IFDIR: .folder
        case S_IFIFO: .fifo
        case S_IFSOCK: .socket
        default: .device
        }
    }

    /// Reads bytes at an offset; fewer than wanted only at the end of the file.
    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        switch content {
        case .gzip(let content): try content.read(at: offset, into: buffer)
        case .plain(let file): try Self.read(file, at: offset, into: buffer)
        }
    }

    private static func read(
        _ file: borrowing OpenFile, at offset: Int64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemError) -> Int {
        var count = 0
        while count < buffer.count {
            let piece = try file.read(
                at: offset + Int64(count), into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
            if piece == 0 { break }
            count += piece
        }
        return count
    }

    /// Whether this is the very file that a position is in, with the same content before it.
    func isFile(of position: FilePosition) throws(SystemError) -> Bool {
        guard inode == position.inode, size >= position.offset else { return false }
        if isFinished(at: position) { return true }
        // Some file systems get another number each time they are mounted. Then the content alone tells.
        guard device == position.device || position.head.length > 0 else { return false }
        return try holdsContent(of: position)
    }

    /// Whether this is the packed file that a position is at the end of, and has not been touched since.
    func isFinished(at position: FilePosition) -> Bool {
        isPacked && position.packedSize > 0 && position.packedSize == storedSize && position.changed == changed
            && position.inode == inode && position.device == device
    }

    /// Whether this is a copy of the file that a position is in. A position that has seen no bytes has no copies.
    func isCopy(of position: FilePosition) throws(SystemError) -> Bool {
        guard position.head.length > 0, size >= position.offset else { return false }
        return try holdsContent(of: position)
    }

    /// Whether this is a copy of the file that a position is in, made before the last of what was read had been written.
    func isShorterCopy(of position: FilePosition) throws(SystemError) -> Bool {
        guard position.head.length > 0, try begins(with: position.head) else { return false }
        return try bytes(at: position.offset - 1, length: 1).isEmpty
    }

    private func holdsContent(of position: FilePosition) throws(SystemError) -> Bool {
        guard try fingerprint(at: 0, length: position.head.length) == position.head else { return false }
        let length = position.tail.length
        return try fingerprint(at: position.offset - Int64(length), length: length) == position.tail
    }

    /// The position at an offset of this file.
    ///
    /// Bytes that cannot be read leave an empty fingerprint, with which the inode alone decides.
    func position(
        at offset: Int64, isInsideLine: Bool, predecessor: FilePosition.Predecessor
    ) -> FilePosition {
        let size = max(knownSize, offset)
        let headLength = Int(min(size, Int64(Fingerprint.maximumLength)))
        let tailLength = Int(min(offset, 256))
        let isFinished =
            switch content {
            case .plain: false
            case .gzip(let content): content.end == offset
            }
        return FilePosition(
            device: device, inode: inode, offset: offset, size: size, isInsideLine: isInsideLine,
            head: (try? fingerprint(at: 0, length: headLength)) ?? Fingerprint(),
            tail: (try? fingerprint(at: offset - Int64(tailLength), length: tailLength)) ?? Fingerprint(),
            predecessor: predecessor, changed: changed, packedSize: isFinished ? storedSize : 0)
    }

    /// How many bytes the content has at least.
    var knownSize: Int64 {
        switch content {
        case .plain: size
        case .gzip(let content): content.statedSize(fileSize: storedSize)
        }
    }

    /// Whether a file is the one that a position is at the end of, and has not been touched since: what a single system
    /// call can tell.
    static func isUntouched(_ status: Stat?, since position: FilePosition) -> Bool {
        guard let status, position.changed > 0, position.offset == position.size else { return false }
        return UInt64(status.rawValue.st_dev) == position.device && UInt64(status.rawValue.st_ino) == position.inode
            && Int64(status.rawValue.st_size) == position.size
            && status.rawValue.st_ctim.nanoseconds == position.changed
    }

    /// The fingerprint of the first bytes, as long as it can be.
    func head() throws(SystemError) -> Fingerprint {
        try fingerprint(at: 0, length: Fingerprint.maximumLength)
    }

    /// Whether nobody emptied the file while it was read: it has as many bytes still, and begins as it did.
    func isStill(beginningWith head: Fingerprint, size: Int64) -> Bool {
        let status: Stat?
        switch content {
        case .gzip: return true
        case .plain(let file): status = try? file.status()
        }
        guard let status, Int64(status.rawValue.st_size) >= size else { return false }
        return (try? begins(with: head)) ?? true
    }

    /// How many bytes of a file that is damaged were not read: of a packed one, as they are stored.
    func unreadBytes(after offset: Int64) -> Int64 {
        switch content {
        case .plain: max(0, storedSize - offset)
        case .gzip(let content): max(0, storedSize - content.unpackedInput)
        }
    }

    /// Whether the first bytes have a fingerprint.
    func begins(with head: Fingerprint) throws(SystemError) -> Bool {
        try fingerprint(at: 0, length: head.length) == head
    }

    /// The fingerprint of a stretch; shorter where the file ends.
    private func fingerprint(at offset: Int64, length: Int) throws(SystemError) -> Fingerprint {
        let bytes = try bytes(at: offset, length: length)
        return bytes.withUnsafeBytes { Fingerprint(of: $0) }
    }

    private func bytes(at offset: Int64, length: Int) throws(SystemError) -> [UInt8] {
        if length == 0 { return [] }
        return try [UInt8](unsafeUninitializedCapacity: length) { buffer, count throws(SystemError) in
            count = try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// Where a first reading begins that is to bring nothing: behind the last line that is finished.
    ///
    /// - Returns: The offset, and whether it is inside a line, one so long that it would have been cut.
    func endOfLastLine(longestLine: Int) throws(SystemError) -> (offset: Int64, isInsideLine: Bool) {
        let length = Int(min(size, Int64(longestLine) + 1))
        let start = size - Int64(length)
        guard let newline = try bytes(at: start, length: length).lastIndex(of: UInt8(ascii: "\n")) else {
            return start == 0 ? (0, false) : (size, true)
        }
        return (start + Int64(newline) + 1, false)
    }
}
