internal import CZlib

/// Deflates a stream (RFC 1951) in constant memory.
final class Deflater {
    /// The CRC-32 of what was added.
    private(set) var checksum: UInt32 = 0
    private var stream = z_stream()
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)

    init() {
        pandora_deflate_init_raw(&stream, Z_DEFAULT_COMPRESSION)
    }

    deinit {
        deflateEnd(&stream)
        output.deallocate()
    }

    /// Adds bytes and hands on what comes out.
    func add(
        _ piece: UnsafeRawBufferPointer, _ sink: (UnsafeRawBufferPointer) throws(TentacleError) -> Void
    ) throws(TentacleError) {
        // zlib counts a piece in 32 bits.
        var rest = piece
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part.count))
            checksum = crc(checksum, part)
            try run(part, Z_NO_FLUSH, sink)
        }
    }

    /// Ends the stream.
    func finish(_ sink: (UnsafeRawBufferPointer) throws(TentacleError) -> Void) throws(TentacleError) {
        try run(UnsafeRawBufferPointer(start: nil, count: 0), Z_FINISH, sink)
    }

    private func run(
        _ input: UnsafeRawBufferPointer, _ flush: CInt,
        _ sink: (UnsafeRawBufferPointer) throws(TentacleError) -> Void
    ) throws(TentacleError) {
        stream.next_in = UnsafeMutablePointer(mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(input.count)
        repeat {
            stream.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
            stream.avail_out = UInt32(output.count)
            deflate(&stream, flush)
            let count = output.count - Int(stream.avail_out)
            if count > 0 { try sink(UnsafeRawBufferPointer(rebasing: output[..<count])) }
            // Room left over means that there is nothing more to come out.
        } while stream.avail_out == 0
    }
}

/// Inflates a stream (RFC 1951) in constant memory, up to a limit.
final class Inflater {
    /// Whether the stream has ended.
    private(set) var isAtEnd = false
    /// The CRC-32 of what came out.
    private(set) var checksum: UInt32 = 0
    /// How many bytes came out.
    private(set) var size: UInt64 = 0
    private let limit: UInt64
    private var stream = z_stream()
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)

    init(limit: UInt64) {
        self.limit = limit
        pandora_inflate_init_raw(&stream)
    }

    deinit {
        inflateEnd(&stream)
        output.deallocate()
    }

    /// Adds bytes, at most 2^30, and hands on what comes out.
    ///
    /// - Returns: How many of them belong to the stream; fewer than all at its end.
    func add(
        _ piece: [UInt8], _ sink: (UnsafeRawBufferPointer) throws(TentacleError) -> Void
    ) throws(ZIPArchive.UnpackFailure) -> Int {
        try piece.withUnsafeBufferPointer { input throws(ZIPArchive.UnpackFailure) in
            try run(UnsafeRawBufferPointer(input), sink)
        }
    }

    private func run(
        _ input: UnsafeRawBufferPointer, _ sink: (UnsafeRawBufferPointer) throws(TentacleError) -> Void
    ) throws(ZIPArchive.UnpackFailure) -> Int {
        stream.next_in = UnsafeMutablePointer(mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(input.count)
        repeat {
            stream.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
            stream.avail_out = UInt32(output.count)
            let result = inflate(&stream, Z_NO_FLUSH)
            // No progress is possible only where all input is used and all output was taken.
            guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else { throw .defect(.damaged) }
            let piece = UnsafeRawBufferPointer(rebasing: output[..<(output.count - Int(stream.avail_out))])
            size += UInt64(piece.count)
            if size > limit { throw .defect(.tooLarge) }
            checksum = crc(checksum, piece)
            if !piece.isEmpty {
                do throws(TentacleError) { try sink(piece) } catch { throw .other(error) }
            }
            if result == Z_STREAM_END {
                isAtEnd = true
                break
            }
        } while stream.avail_out == 0
        return input.count - Int(stream.avail_in)
    }
}

private func crc(_ sum: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
    UInt32(truncatingIfNeeded: crc32_z(UInt(sum), bytes.assumingMemoryBound(to: UInt8.self).baseAddress, bytes.count))
}
