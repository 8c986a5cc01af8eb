extension ZIPArchive {
    /// Why unpacking ended: the archive's fault or another one.
    enum UnpackFailure: Error {
        case defect(Defect)
        case other(TentacleError)
    }

    /// Unpacks the one member of an archive in constant memory.
    ///
    /// The archive has to be exactly that: a local header, one deflated member whose length and CRC-32 are as the
    /// header, or the record behind the member, says, a directory of one entry, the end, and nothing more.
    ///
    /// - Parameters:
    ///   - limit: The most bytes that the member may have.
    ///   - store: Gets the bytes, before the checksum is known.
    /// - Returns: The size of the member.
    static func unpack(
        _ archive: TentacleBody, limit: UInt64, _ store: (UnsafeRawBufferPointer) throws(TentacleError) -> Void
    ) throws(UnpackFailure) -> UInt64 {
        let total = try mapped { () throws(TentacleError) in try archive.size() }
        let header = try fields(archive, at: 0, localHeaderSize)
        guard header.number(0, 4) == localSignature else { throw .defect(.malformed) }
        let flags = header.number(6, 2)
        // Encryption, patches and strong encryption (bits 0, 5 and 6).
        guard header.number(8, 2) == 8, flags & 0x61 == 0 else { throw .defect(.unsupported) }
        let start = UInt64(localHeaderSize + header.number(26, 2) + header.number(28, 2))
        guard start < total else { throw .defect(.malformed) }

        let inflater = Inflater(limit: limit)
        var offset = start
        while !inflater.isAtEnd {
            let piece = try bytes(archive, at: offset, 64 * 1024)
            if piece.isEmpty { throw .defect(.malformed) }
            offset += UInt64(try inflater.add(piece, store))
        }

        var expected = (checksum: header.number(14, 4), packed: header.number(18, 4), size: header.number(22, 4))
        var next = offset
        if flags & 8 != 0 {
            // The numbers follow the member, with or without a signature.
            if try fields(archive, at: next, 4).number(0, 4) == descriptorSignature { next += 4 }
            let behind = try fields(archive, at: next, 12)
            expected = (behind.number(0, 4), behind.number(4, 4), behind.number(8, 4))
            next += 12
        }
        guard
            expected.checksum == Int(inflater.checksum), UInt64(expected.packed) == offset - start,
            UInt64(expected.size) == inflater.size
        else { throw .defect(.damaged) }

        let central = try fields(archive, at: next, centralHeaderSize)
        guard central.number(0, 4) == centralSignature else { throw .defect(.malformed) }
        next += UInt64(centralHeaderSize + central.number(28, 2) + central.number(30, 2) + central.number(32, 2))
        let end = try fields(archive, at: next, endSize)
        guard end.number(0, 4) == endSignature, end.number(10, 2) == 1 else { throw .defect(.unsupported) }
        guard next + UInt64(endSize + end.number(20, 2)) == total else { throw .defect(.malformed) }
        return inflater.size
    }

    /// Bytes of which none may be missing.
    private static func fields(
        _ archive: TentacleBody, at offset: UInt64, _ count: Int
    ) throws(UnpackFailure) -> [UInt8] {
        let fields = try bytes(archive, at: offset, count)
        if fields.count < count { throw .defect(.malformed) }
        return fields
    }

    private static func bytes(
        _ archive: TentacleBody, at offset: UInt64, _ count: Int
    ) throws(UnpackFailure) -> [UInt8] {
        try mapped { () throws(TentacleError) in try archive.bytes(at: offset, count) }
    }

    private static func mapped<Result>(_ body: () throws(TentacleError) -> Result) throws(UnpackFailure) -> Result {
        do throws(TentacleError) { return try body() } catch { throw .other(error) }
    }
}

extension Array<UInt8> {
    /// A little-endian number of at most four bytes inside the array.
    fileprivate func number(_ start: Int, _ count: Int) -> Int {
        self[start..<start + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}
