internal import CZlib
internal import SystemFiles
internal import SystemPackage

/// What gzip(1) packed into a file, read at offsets of the unpacked content. Going forward costs the unpacking of what
/// is between, going back starts again.
final class GzipContent {
    private let file: OpenFile
    // zlib keeps the address of the stream, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private let input: UnsafeMutableRawBufferPointer
    private var inputOffset: Int64 = 0
    private var offset: Int64 = 0
    private var isBetweenMembers = true
    /// How long the content is, once its end was seen.
    private(set) var end: Int64?

    private static let inputSize = 64 * 1024

    init(_ file: consuming OpenFile) throws(SystemError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        input = .allocate(byteCount: Self.inputSize, alignment: 16)
        let path = file.path
        self.file = file
        guard pandora_inflate_init_gzip(stream) == Z_OK else { throw SystemError("unpack", path.string, .noMemory) }
    }

    deinit {
        // Harmless on a stream whose start failed: it has no state yet.
        inflateEnd(stream)
        stream.deallocate()
        input.deallocate()
    }

    /// How many bytes of the packed file were unpacked.
    var unpackedInput: Int64 { inputOffset - Int64(stream.pointee.avail_in) }

    /// What the file says of the size of its content: of joined files, of the last one; of 4 GiB and more, what is above
    /// that (RFC 1952, 2.3.1). So the content has at least so many bytes, unless the file is damaged.
    ///
    /// - Parameter size: The size of the file.
    func statedSize(fileSize size: Int64) -> Int64 {
        var trailer = [UInt8](repeating: 0, count: 4)
        let count = trailer.withUnsafeMutableBytes { buffer in
            size < 18 ? 0 : (try? file.read(at: size - 4, into: UnsafeMutableRawBufferPointer(buffer))) ?? 0
        }
        return count == 4 ? trailer.reversed().reduce(0) { $0 << 8 | Int64($1) } : 0
    }

    /// Reads bytes at an offset; fewer than wanted only at the end.
    ///
    /// - Throws: `EBADMSG` where the file is damaged or ends too early.
    func read(at wanted: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        if wanted < offset {
            inflateReset(stream)
            stream.pointee.avail_in = 0
            inputOffset = 0
            offset = 0
            isBetweenMembers = true
        }
        if wanted > offset {
            let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.inputSize, alignment: 16)
            defer { scratch.deallocate() }
            while offset < wanted {
                let part = Int(min(wanted - offset, Int64(scratch.count)))
                if try unpack(into: UnsafeMutableRawBufferPointer(rebasing: scratch[..<part])) < part { return 0 }
            }
        }
        return try unpack(into: buffer)
    }

    private func unpack(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        guard buffer.count > 0, let base = buffer.baseAddress else { return 0 }
        let room = UInt32(clamping: buffer.count)
        stream.pointee.next_out = base.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = room
        while stream.pointee.avail_out > 0 {
            if stream.pointee.avail_in == 0 {
                let count = try file.read(at: inputOffset, into: input)
                if count == 0 {
                    if isBetweenMembers { break }
                    throw SystemError("unpack", file.path.string, .badMessage)
                }
                inputOffset += Int64(count)
                stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_in = UInt32(count)
            }
            isBetweenMembers = false
            switch inflate(stream, Z_NO_FLUSH) {
            case Z_OK:
                continue
            case Z_STREAM_END:
                // Packed files may be joined; the next one begins here.
                inflateReset(stream)
                isBetweenMembers = true
            default:
                throw SystemError("unpack", file.path.string, .badMessage)
            }
        }
        let count = Int(room - stream.pointee.avail_out)
        offset += Int64(count)
        if count < room { end = offset }
        return count
    }
}
