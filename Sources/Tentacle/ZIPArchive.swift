/// A ZIP archive of one deflated member, as ZSEND and ZRECV carry it (PKWARE's APPNOTE.TXT 6.3.3).
package enum ZIPArchive {
    /// Why an archive cannot be unpacked.
    package enum Defect: String, Error, Hashable {
        /// It ends too early, or is none.
        case malformed = "it is no whole ZIP archive"
        /// It has more or less than one member, is encrypted, or uses something else that is not needed here.
        case unsupported = "it is no ZIP archive of one deflated member"
        /// The unpacked bytes have another length or checksum than the archive says.
        case damaged = "its contents are damaged"
        /// The member is larger than the caller accepts.
        case tooLarge = "its contents are larger than accepted"
    }

    /// The most bytes of a member; more would need another format (Zip64).
    static let largestMember = UInt64(UInt32.max) - (1 << 20)

    static let localSignature = 0x0403_4b50
    static let descriptorSignature = 0x0807_4b50
    static let centralSignature = 0x0201_4b50
    static let endSignature = 0x0605_4b50
    static let localHeaderSize = 30
    static let centralHeaderSize = 46
    static let endSize = 22

    /// Packs bytes in memory.
    package static func pack(_ bytes: [UInt8], name: String) throws(TentacleError) -> [UInt8] {
        let store = ArchiveStore()
        try pack(.bytes(bytes), UInt64(bytes.count), name: name, into: store)
        return store.body.inMemory
    }

    /// Unpacks bytes in memory.
    ///
    /// - Parameter limit: The most bytes that the member may have.
    package static func unpack(_ archive: [UInt8], limit: UInt64) throws -> [UInt8] {
        var bytes: [UInt8] = []
        _ = try unpack(.bytes(archive), limit: limit) { bytes += $0 }
        return bytes
    }

    /// Packs the first `size` bytes of a body, at most ``largestMember``, in constant memory.
    static func pack(
        _ source: TentacleBody, _ size: UInt64, name: String, into store: ArchiveStore
    ) throws(TentacleError) {
        let name = Array(name.utf8)
        try store.append(localHeader(checksum: 0, packed: 0, size: 0, name))
        let start = store.count
        let deflater = Deflater()
        try source.read(size) { piece throws(TentacleError) in
            try deflater.add(piece) { packed throws(TentacleError) in try store.append(packed) }
        }
        try deflater.finish { packed throws(TentacleError) in try store.append(packed) }
        let packed = store.count - start
        // The checksum and the sizes are known only now. They stand in the header and not behind the member, because
        // not every reader looks there.
        let member = memberFields(checksum: deflater.checksum, packed: packed, size: Int(size), name)
        try store.replace(at: 0, with: localHeader(checksum: deflater.checksum, packed: packed, size: Int(size), name))

        // Made by, the member's fields, then: comment, disk, attributes (2 and 4 bytes), offset of the local header.
        let central =
            little(centralSignature, 4) + little(20, 2) + member + little(0, 2) + little(0, 2) + little(0, 2)
            + little(0, 4) + little(0, 4) + name
        // Disks (2), entries (2), the directory's size and offset, the comment's length.
        let end =
            little(endSignature, 4) + little(0, 2) + little(0, 2) + little(1, 2) + little(1, 2)
            + little(central.count, 4) + little(store.count, 4) + little(0, 2)
        try store.append(central + end)
    }

    private static func localHeader(checksum: UInt32, packed: Int, size: Int, _ name: [UInt8]) -> [UInt8] {
        little(localSignature, 4) + memberFields(checksum: checksum, packed: packed, size: size, name) + name
    }

    /// Version needed, flags (the name is UTF-8), method (deflate), time, date (1980-01-01), checksum, sizes, lengths of
    /// the name and of extra fields.
    private static func memberFields(checksum: UInt32, packed: Int, size: Int, _ name: [UInt8]) -> [UInt8] {
        little(20, 2) + little(0x0800, 2) + little(8, 2) + little(0, 2) + little(0x21, 2) + little(Int(checksum), 4)
            + little(packed, 4) + little(size, 4) + little(name.count, 2) + little(0, 2)
    }
}

private func little(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
}

extension TentacleBody {
    fileprivate var inMemory: [UInt8] {
        if case .bytes(let bytes) = self { bytes } else { [] }
    }
}
