/// A ZIP archive (PKWARE's APPNOTE.TXT 6.3.3) from a server, of which all is checked before anything of it is used.
///
/// It has to be exactly this: members one after the other from the first byte on, each with a local header that says what
/// the directory says, then the directory, then the end, and nothing between, before or after them. Members are folders
/// and regular files, stored or deflated, whose paths stay below the folder that they are unpacked into. What this does not
/// allow is refused, whatever it might mean to another reader: links and devices, encryption, Zip64, comments, parts on
/// other disks, extra fields with another meaning than times and owners.
public struct StrictArchive: Sendable {
    /// Why an archive is refused, as a phrase.
    public struct Defect: Error, Sendable, Hashable, CustomStringConvertible {
        /// The phrase.
        public let description: String

        init(_ description: String) {
            self.description = description
        }
    }

    /// The most that an archive may hold.
    struct Limits: Sendable, Hashable {
        /// How many members.
        var members = 4096
        /// How many bytes, unpacked.
        var size = 64 << 20
        /// How many bytes a member of more than ``freeSize`` may have for each of its packed ones.
        var ratio = 200
        /// Up to here a member may be packed however well.
        var freeSize = 64 << 10
        /// How many bytes a path may have.
        var path = 1024
        /// How many folders may be in each other.
        var depth = 16
    }

    /// A member.
    struct Member: Sendable, Hashable {
        /// The path, without a slash at its end.
        let path: String
        let isFolder: Bool
        /// How many bytes it has, unpacked.
        let size: Int
        /// CRC-32 of those.
        let checksum: UInt32
        let isDeflated: Bool
        /// Where its packed bytes are.
        let packed: Range<Int>
        /// Where its local header begins.
        let offset: Int
        /// Where its entry in the directory is.
        let entry: Range<Int>
    }

    let bytes: [UInt8]
    /// The members, in their order.
    let members: [Member]
    /// Where the directory begins.
    let directory: Int

    static let endSize = 22
    static let entrySize = 46
    static let headerSize = 30
    static let endMark: UInt32 = 0x0605_4b50
    static let entryMark: UInt32 = 0x0201_4b50
    static let headerMark: UInt32 = 0x0403_4b50
    static let descriptorMark: UInt32 = 0x0807_4b50

    /// Reads and checks an archive; what is in the members is checked by ``contents(of:)``.
    init(_ bytes: [UInt8], limits: Limits = Limits()) throws(Defect) {
        let reader = ArchiveReader(bytes)
        let end = bytes.count - Self.endSize
        guard end >= 0, try reader.number32(end) == Self.endMark else {
            throw Defect("it does not end as a ZIP archive does, or has a comment")
        }
        guard try reader.number16(end + 4) == 0, try reader.number16(end + 6) == 0, try reader.number16(end + 20) == 0
        else { throw Defect("it has a comment, or parts elsewhere") }
        let count = try reader.number16(end + 10)
        guard try reader.number16(end + 8) == count else { throw Defect("it has parts elsewhere") }
        guard count <= limits.members, count < 0xFFFF else {
            throw Defect("it has \(count) members, and \(limits.members) are accepted")
        }
        let directory = Int(try reader.number32(end + 16))
        guard directory + Int(try reader.number32(end + 12)) == end else {
            throw Defect("its directory does not end where it should")
        }
        var members: [Member] = []
        members.reserveCapacity(count)
        var places = ArchivePlaces(entry: directory, member: 0, end: end, directory: directory)
        var names = ArchiveNames()
        var total = 0
        for _ in 0..<count {
            let member = try reader.member(&places, limits)
            try names.add(member)
            total += member.size
            guard total <= limits.size else { throw Defect("it holds more than \(limits.size) bytes") }
            members.append(member)
        }
        guard places.entry == end else { throw Defect("its directory holds more than its members") }
        guard places.member == directory else { throw Defect("there are bytes between its members and its directory") }
        self.bytes = bytes
        self.members = members
        self.directory = directory
    }
}

/// Where reading has come to: the next entry of the directory and the next member.
struct ArchivePlaces {
    var entry: Int
    var member: Int
    /// The end of the directory.
    let end: Int
    /// The end of the members.
    let directory: Int
}

/// The paths of members: none twice, and no file where a folder has to be.
private struct ArchiveNames {
    private var files: Set<String> = []
    private var folders: Set<String> = []

    mutating func add(_ member: StrictArchive.Member) throws(StrictArchive.Defect) {
        let components = member.path.split(separator: "/")
        var folder = ""
        for component in components.dropLast() {
            folder += folder.isEmpty ? component : "/\(component)"
            guard !files.contains(folder) else {
                throw StrictArchive.Defect("'\(shown(folder))' is a file and a folder in it")
            }
            folders.insert(folder)
        }
        if member.isFolder {
            guard !files.contains(member.path) else {
                throw StrictArchive.Defect("'\(shown(member.path))' is a file and a folder in it")
            }
            folders.insert(member.path)
        } else {
            guard !folders.contains(member.path), files.insert(member.path).inserted else {
                throw StrictArchive.Defect("'\(shown(member.path))' is in it twice")
            }
        }
    }
}

/// A name as messages show it.
func shown(_ name: String) -> String { name.count > 80 ? "\(name.prefix(80))…" : name }
