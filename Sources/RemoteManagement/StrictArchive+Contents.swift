internal import CZlib

extension StrictArchive {
    /// The bytes of a member, which have to be as many as it says, with the checksum that it says.
    func contents(of member: Member) throws(Defect) -> [UInt8] {
        let contents = member.isDeflated ? try inflated(member) : Array(bytes[member.packed])
        guard Self.checksum(of: contents) == member.checksum else {
            throw Defect("'\(shown(member.path))' is damaged")
        }
        return contents
    }

    /// CRC-32, which is 0 of nothing.
    static func checksum(of contents: [UInt8]) -> UInt32 {
        if contents.isEmpty { return 0 }
        let sum = contents.withUnsafeBytes {
            crc32_z(0, $0.assumingMemoryBound(to: UInt8.self).baseAddress, $0.count)
        }
        return UInt32(truncatingIfNeeded: sum)
    }

    private func inflated(_ member: Member) throws(Defect) -> [UInt8] {
        var stream = z_stream()
        guard pandora_inflate_init_raw(&stream) == Z_OK else { throw Defect("there is no memory to unpack it") }
        defer { inflateEnd(&stream) }
        // With room for one byte more, a member shows that is longer than it says.
        let contents = [UInt8](unsafeUninitializedCapacity: member.size + 1) { output, count in
            let result = bytes.withUnsafeBytes { input in
                let packed = UnsafeRawBufferPointer(rebasing: input[member.packed])
                stream.next_in = UnsafeMutablePointer(mutating: packed.assumingMemoryBound(to: UInt8.self).baseAddress)
                stream.avail_in = UInt32(clamping: packed.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(clamping: output.count)
                return inflate(&stream, Z_FINISH)
            }
            let isWhole = result == Z_STREAM_END && stream.avail_in == 0
            count = isWhole ? Int(stream.total_out) : 0
        }
        guard contents.count == member.size, stream.avail_in == 0, Int(stream.total_out) == member.size else {
            throw Defect("'\(shown(member.path))' is damaged, or of another size than it says")
        }
        return contents
    }
}
