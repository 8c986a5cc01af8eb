/// Reads the records of an archive; no offset or length in it is trusted.
struct ArchiveReader {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    func number16(_ offset: Int) throws(StrictArchive.Defect) -> Int {
        let range = try range(offset, 2)
        return Int(bytes[range.lowerBound]) | Int(bytes[range.lowerBound + 1]) << 8
    }

    func number32(_ offset: Int) throws(StrictArchive.Defect) -> UInt32 {
        UInt32(try number16(offset)) | UInt32(try number16(offset + 2)) << 16
    }

    /// A part, which has to be inside.
    private func range(_ offset: Int, _ count: Int) throws(StrictArchive.Defect) -> Range<Int> {
        guard offset >= 0, count >= 0, offset <= bytes.count - count else {
            throw StrictArchive.Defect("it is cut off")
        }
        return offset..<offset + count
    }

    /// What a header and an entry of the directory both say of a member.
    private struct Facts: Equatable {
        let flags: Int
        let method: Int
        let checksum: UInt32
        let packedSize: UInt32
        let size: UInt32
        let name: [UInt8]
        let length: Int
    }

    /// The facts from the field "version needed" on. Between them and the name, an entry has more than a header.
    private func facts(
        _ offset: Int, nameAt nameOffset: Int
    ) throws(StrictArchive.Defect) -> Facts {
        guard try number16(offset) & 0xFF <= 20 else {
            throw StrictArchive.Defect("it needs a newer version of the format")
        }
        let nameRange = try range(nameOffset, try number16(offset + 22))
        let extra = try range(nameRange.upperBound, try number16(offset + 24))
        try checkExtraFields(extra)
        return Facts(
            flags: try number16(offset + 2), method: try number16(offset + 4),
            checksum: try number32(offset + 10), packedSize: try number32(offset + 14), size: try number32(offset + 18),
            name: Array(bytes[nameRange]), length: extra.upperBound)
    }

    /// Extra fields that say nothing but times and owners, which are not used: NTFS and Unix times, Unix owners.
    private static let harmlessFields: Set<Int> = [0x000A, 0x5455, 0x5855, 0x7855, 0x7875]

    private func checkExtraFields(_ extra: Range<Int>) throws(StrictArchive.Defect) {
        var offset = extra.lowerBound
        while offset < extra.upperBound {
            guard Self.harmlessFields.contains(try number16(offset)) else {
                throw StrictArchive.Defect("it has an extra field that is not accepted (Zip64, another name or a link)")
            }
            offset += 4 + (try number16(offset + 2))
        }
        guard offset == extra.upperBound else { throw StrictArchive.Defect("an extra field in it is cut off") }
    }

    /// The next member, and the places after it.
    func member(
        _ places: inout ArchivePlaces, _ limits: StrictArchive.Limits
    ) throws(StrictArchive.Defect) -> StrictArchive.Member {
        let entry = places.entry
        guard entry + StrictArchive.entrySize <= places.end, try number32(entry) == StrictArchive.entryMark else {
            throw StrictArchive.Defect("its directory is damaged")
        }
        let facts = try facts(entry + 6, nameAt: entry + StrictArchive.entrySize)
        // A comment, another disk.
        guard try number16(entry + 32) == 0, try number16(entry + 34) == 0, facts.length <= places.end else {
            throw StrictArchive.Defect("an entry of its directory has a comment or is elsewhere")
        }
        let (path, isFolder) = try Self.path(facts.name, limits)
        try checkKind(attributes: try number32(entry + 38), isFolder: isFolder, path)
        // Deflate's own bits, a record behind the member, names in UTF-8.
        guard facts.flags & ~0x080E == 0, facts.method == 0 || facts.method == 8 else {
            throw StrictArchive.Defect("'\(shown(path))' is encrypted, or packed in a way that is not accepted")
        }
        let isLarge = facts.size > UInt32(clamping: limits.size)
        if isLarge || facts.packedSize == .max {
            throw StrictArchive.Defect("it holds more than \(limits.size) bytes")
        }
        guard try number32(entry + 42) == UInt32(clamping: places.member) else {
            throw StrictArchive.Defect("its members overlap, or are not one after the other from its beginning on")
        }
        let offset = places.member
        let packed = try checkHeader(of: facts, path, &places)
        let size = Int(facts.size)
        guard facts.method == 8 || packed.count == size, !isFolder || size == 0 else {
            throw StrictArchive.Defect("'\(shown(path))' has a size that cannot be")
        }
        guard size <= limits.freeSize || size / limits.ratio <= packed.count else {
            throw StrictArchive.Defect("'\(shown(path))' grows to more than \(limits.ratio) times its size")
        }
        places.entry = facts.length
        return StrictArchive.Member(
            path: path, isFolder: isFolder, size: size, checksum: facts.checksum, isDeflated: facts.method == 8,
            packed: packed, offset: offset, entry: entry..<facts.length)
    }

    /// The local header says the same, and so does the record behind the member where there is one.
    ///
    /// - Returns: Where the packed bytes are.
    private func checkHeader(
        of facts: Facts, _ path: String, _ places: inout ArchivePlaces
    ) throws(StrictArchive.Defect) -> Range<Int> {
        let difference = StrictArchive.Defect("'\(shown(path))' is another member in its header than in the directory")
        guard try number32(places.member) == StrictArchive.headerMark else { throw difference }
        let local = try self.facts(places.member + 4, nameAt: places.member + StrictArchive.headerSize)
        guard local.name == facts.name, local.flags == facts.flags, local.method == facts.method else {
            throw difference
        }
        let packed = try range(local.length, Int(facts.packedSize))
        var next = packed.upperBound
        let numbers = [facts.checksum, facts.packedSize, facts.size]
        let localNumbers = [local.checksum, local.packedSize, local.size]
        if facts.flags & 8 == 0 {
            guard localNumbers == numbers else { throw difference }
        } else {
            guard localNumbers == numbers || localNumbers == [0, 0, 0] else { throw difference }
            if try number32(next) == StrictArchive.descriptorMark { next += 4 }
            let behind = [try number32(next), try number32(next + 4), try number32(next + 8)]
            guard behind == numbers else { throw difference }
            next += 12
        }
        guard next <= places.directory else { throw StrictArchive.Defect("its members overlap its directory") }
        places.member = next
        return packed
    }

    /// Only regular files and folders; the mode stands in the upper half where the archive was made on Unix.
    private func checkKind(
        attributes: UInt32, isFolder: Bool, _ path: String
    ) throws(StrictArchive.Defect) {
        switch attributes >> 28 {
        case 0: break
        case 4 where isFolder, 8 where !isFolder: break
        default: throw StrictArchive.Defect("'\(shown(path))' is a link, a device, or no plain file")
        }
        // MS-DOS's mark of a folder.
        guard attributes & 0x10 == 0 || isFolder else {
            throw StrictArchive.Defect("'\(shown(path))' is a link, a device, or no plain file")
        }
    }

    /// A path that stays below the folder.
    private static func path(
        _ name: [UInt8], _ limits: StrictArchive.Limits
    ) throws(StrictArchive.Defect) -> (path: String, isFolder: Bool) {
        guard !name.isEmpty, name.count <= limits.path, let text = String(validating: name, as: UTF8.self) else {
            throw StrictArchive.Defect("a name in it is empty, too long or not UTF-8")
        }
        let isFolder = name.last == UInt8(ascii: "/")
        let components = (isFolder ? text.dropLast() : text[...]).split(
            separator: "/", omittingEmptySubsequences: false)
        let isPlain = components.allSatisfy { component in
            !component.isEmpty && component != "." && component != ".." && component.utf8.count <= 255
        }
        let hasControl = name.contains { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "\\") }
        guard isPlain, !hasControl, components.count <= limits.depth else {
            let printable = text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
            throw StrictArchive.Defect(
                "'\(shown(String(String.UnicodeScalarView(printable))))' is no path below a folder")
        }
        return (components.joined(separator: "/"), isFolder)
    }
}
