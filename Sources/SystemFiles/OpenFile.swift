internal import Glibc
public import SystemPackage

/// An open file that closes itself.
public struct OpenFile: ~Copyable, Sendable {
    /// The descriptor; it stays owned by this value.
    public let descriptor: FileDescriptor
    /// The path that it was opened by, for messages.
    public let path: FilePath

    /// Takes over an open descriptor.
    public init(taking descriptor: FileDescriptor, path: FilePath) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Opens a file (open(2)); `O_CLOEXEC` is always set, so that no command inherits it.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - access: Read, write or both.
    ///   - options: Further flags.
    ///   - permissions: The mode of a file that is created.
    /// - Throws: ``SystemError``.
    public init(
        _ path: FilePath, _ access: FileDescriptor.AccessMode = .readOnly,
        options: FileDescriptor.OpenOptions = [], permissions: FilePermissions = .ownerReadWrite
    ) throws(SystemError) {
        let flags = access.rawValue | options.rawValue | O_CLOEXEC
        let number = try systemCall("open", path.string) {
            path.withPlatformString { open($0, flags, permissions.rawValue) }
        }
        self.init(taking: FileDescriptor(rawValue: number), path: path)
    }

    deinit {
        _ = Glibc.close(descriptor.rawValue)
    }

    /// What fstat(2) says of the open file.
    public func status() throws(SystemError) -> Stat {
        var status = stat()
        try systemCall("inspect", path.string) { fstat(descriptor.rawValue, &status) }
        return Stat(rawValue: status)
    }

    /// Reads at the current offset (read(2)).
    ///
    /// - Returns: How many bytes came; 0 at the end of the file.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        try systemCall("read", path.string) {
            Glibc.read(descriptor.rawValue, buffer.baseAddress, buffer.count)
        }
    }

    /// Reads at an offset, which leaves the current offset alone (pread(2)).
    ///
    /// - Returns: How many bytes came; 0 at the end of the file.
    public func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        try systemCall("read", path.string) {
            pread(descriptor.rawValue, buffer.baseAddress, buffer.count, off_t(offset))
        }
    }

    /// Reads at the current offset into the part of an array that begins at a place, and no further than its end.
    ///
    /// - Returns: How many bytes came; 0 at the end of the file, or where there is no such part.
    public func read(into array: inout [UInt8], from place: Int) throws(SystemError) -> Int {
        try array.withUnsafeMutableBufferPointer { bytes throws(SystemError) in
            try read(into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: bytes[place...])))
        }
    }

    /// Reads at an offset of the file into an array, as much as it has room for.
    ///
    /// - Returns: How many bytes came; 0 at the end of the file.
    public func read(at offset: Int64, into array: inout [UInt8]) throws(SystemError) -> Int {
        try array.withUnsafeMutableBufferPointer { bytes throws(SystemError) in
            try read(at: offset, into: UnsafeMutableRawBufferPointer(bytes))
        }
    }

    /// Reads from the current offset to the end of the file, `limit` bytes at most.
    ///
    /// Sizes are not trusted: files of /proc say 0 and hold more, and others grow while they are read.
    ///
    /// - Returns: The bytes, and whether the file holds more of them than `limit`.
    public func readToEnd(limit: Int) throws(SystemError) -> (bytes: [UInt8], isTruncated: Bool) {
        var bytes: [UInt8] = []
        let chunk = 64 * 1024
        let expected = Int((try? status())?.size ?? 0)
        bytes.reserveCapacity(min(max(expected, 0) &+ 1, limit &+ 1))
        while true {
            let wanted = min(max(chunk, expected - bytes.count + 1), limit - bytes.count + 1)
            let piece = try [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count throws(SystemError) in
                count = try read(into: UnsafeMutableRawBufferPointer(buffer))
            }
            if piece.isEmpty { return (bytes, false) }
            if bytes.isEmpty { bytes = piece } else { bytes += piece }
            if bytes.count > limit {
                bytes.removeLast(bytes.count - limit)
                return (bytes, true)
            }
        }
    }

    /// Hands on all bytes of the file, from its start, in pieces.
    ///
    /// - Throws: ``SystemError``, or what `body` throws.
    public func forEachPiece(_ body: (ArraySlice<UInt8>) throws(SystemError) -> Void) throws(SystemError) {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        var offset: Int64 = 0
        while true {
            let count = try read(at: offset, into: &buffer)
            if count == 0 { return }
            try body(buffer[..<count])
            offset += Int64(count)
        }
    }

    /// Writes all bytes, however many calls it takes.
    public func write(_ bytes: some Sequence<UInt8>) throws(SystemError) {
        var failure: SystemError?
        let done: Void? = bytes.withContiguousStorageIfAvailable { buffer in
            do throws(SystemError) {
                try write(all: UnsafeRawBufferPointer(buffer))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        if done == nil { try write([UInt8](bytes)) }
    }

    private func write(all buffer: UnsafeRawBufferPointer) throws(SystemError) {
        var rest = buffer[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest)
            let count = try systemCall("write", path.string) {
                Glibc.write(descriptor.rawValue, piece.baseAddress, piece.count)
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Waits until the file's bytes and size are on the disk (fsync(2)).
    public func sync() throws(SystemError) {
        try systemCall("sync", path.string) { fsync(descriptor.rawValue) }
    }
}
