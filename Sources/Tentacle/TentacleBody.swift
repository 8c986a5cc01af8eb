internal import Glibc
public import SystemPackage

/// What is sent as a file.
public enum TentacleBody: Sendable {
    /// Bytes in memory.
    case bytes([UInt8])
    /// An open regular file, from its beginning to the end that it has when it is sent. Its offset is neither used nor
    /// moved, so the same file can be sent again.
    case file(FileDescriptor)

    /// The bytes that will be sent.
    func size() throws(TentacleError) -> UInt64 {
        switch self {
        case .bytes(let bytes):
            return UInt64(bytes.count)
        case .file(let descriptor):
            var status = stat()
            guard fstat(descriptor.rawValue, &status) == 0 else {
                throw .unreadableSource(reason: "\(Errno(rawValue: errno))")
            }
            guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadableSource(reason: "it is no regular file") }
            return UInt64(clamping: status.st_size)
        }
    }

    /// Up to `count` bytes from an offset; fewer at the end.
    func bytes(at offset: UInt64, _ count: Int) throws(TentacleError) -> [UInt8] {
        switch self {
        case .bytes(let bytes):
            let start = Int(clamping: offset)
            return start < bytes.count ? Array(bytes[start..<min(bytes.count, start + count)]) : []
        case .file(let descriptor):
            var code: CInt = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, length in
                while length < count {
                    let got = pread(
                        descriptor.rawValue, buffer.baseAddress?.advanced(by: length), count - length,
                        off_t(offset) + length)
                    if got < 0, errno == EINTR { continue }
                    if got < 0 { code = errno }
                    if got <= 0 { return }
                    length += got
                }
            }
            if code != 0 { throw .unreadableSource(reason: "\(Errno(rawValue: code))") }
            return bytes
        }
    }

    /// Hands over the first `size` bytes piece by piece.
    func read(_ size: UInt64, _ body: (UnsafeRawBufferPointer) throws(TentacleError) -> Void) throws(TentacleError) {
        switch self {
        case .bytes(let bytes):
            try bytes.withBuffer(body)
        case .file(let descriptor):
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 4096)
            defer { buffer.deallocate() }
            var offset: UInt64 = 0
            while offset < size {
                let wanted = Int(min(UInt64(buffer.count), size - offset))
                let count = pread(descriptor.rawValue, buffer.baseAddress, wanted, off_t(offset))
                if count < 0 {
                    if errno == EINTR { continue }
                    throw .unreadableSource(reason: "\(Errno(rawValue: errno))")
                }
                if count == 0 { throw .unreadableSource(reason: "it became shorter while it was sent") }
                try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                offset += UInt64(count)
            }
        }
    }
}
