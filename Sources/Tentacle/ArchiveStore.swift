internal import Glibc
internal import SystemPackage

/// Where an archive is kept while its size is not known: in memory for what came from memory, in a file without a name
/// for what came from a file or the wire, so that no size costs memory.
final class ArchiveStore {
    private var bytes: [UInt8] = []
    private let descriptor: CInt?
    private(set) var count = 0

    /// A store in memory.
    init() {
        descriptor = nil
    }

    /// A store in a file of a folder, which nobody else can open and which is gone with this value.
    init(in folder: FilePath) throws(TentacleError) {
        let path = folder.appending(".tentacle-\(UInt64.random(in: 0 ... .max))").string
        let number = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard number >= 0 else { throw .unwritableDestination(Errno(rawValue: errno)) }
        unlink(path)
        descriptor = number
    }

    deinit {
        if let descriptor { close(descriptor) }
    }

    /// What can be sent, and read anywhere.
    var body: TentacleBody {
        descriptor.map { .file(FileDescriptor(rawValue: $0)) } ?? .bytes(bytes)
    }

    /// Adds bytes at the end.
    func append(_ piece: UnsafeRawBufferPointer) throws(TentacleError) {
        if let descriptor {
            try write(piece, at: count, to: descriptor)
        } else {
            bytes += piece
        }
        count += piece.count
    }

    /// Adds bytes at the end.
    func append(_ piece: [UInt8]) throws(TentacleError) {
        try piece.withBuffer { buffer throws(TentacleError) in try append(buffer) }
    }

    /// Replaces bytes that are there.
    func replace(at offset: Int, with piece: [UInt8]) throws(TentacleError) {
        guard let descriptor else {
            bytes.replaceSubrange(offset..<offset + piece.count, with: piece)
            return
        }
        try piece.withBuffer { buffer throws(TentacleError) in try write(buffer, at: offset, to: descriptor) }
    }

    private func write(_ piece: UnsafeRawBufferPointer, at offset: Int, to descriptor: CInt) throws(TentacleError) {
        var done = 0
        while done < piece.count {
            let rest = UnsafeRawBufferPointer(rebasing: piece[done...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if count < 0 {
                if errno == EINTR { continue }
                throw .unwritableDestination(Errno(rawValue: errno))
            }
            done += count
        }
    }
}

extension Array<UInt8> {
    /// The bytes as a buffer, for a body whose errors have a type.
    func withBuffer(_ body: (UnsafeRawBufferPointer) throws(TentacleError) -> Void) throws(TentacleError) {
        try withUnsafeBufferPointer { buffer throws(TentacleError) in try body(UnsafeRawBufferPointer(buffer)) }
    }
}
