import CZlib

@testable import RemoteManagement

/// Makes ZIP archives, and such as no honest program makes.
struct ArchiveMaker {
    /// A member, and where it lies.
    struct Member {
        var name: [UInt8]
        var contents: [UInt8] = []
        var flags = 0
        var method = 0
        var mode = 0o100644
        var attributes = 0
        var extra: [UInt8] = []
        var comment: [UInt8] = []
        var needed = 20
        var disk = 0
        /// What stands in the archive instead of the packed contents.
        var packed: [UInt8]?
        var checksum: UInt32?
        var size: Int?
        var packedSize: Int?
        /// Another offset of the header.
        var offset: Int?
        /// The header's own, where it lies.
        var localName: [UInt8]?
        var localFlags: Int?
        var localMethod: Int?
        var localExtra: [UInt8]?
        var localSize: Int?
        /// The record behind a member with bit 3.
        var descriptor: (hasMark: Bool, lies: Bool)?
        /// Bytes between this member and the next.
        var behind: [UInt8] = []

        init(_ name: String, _ contents: String = "x", method: Int = 0) {
            self.name = Array(name.utf8)
            self.contents = Array(contents.utf8)
            self.method = method
            if name.hasSuffix("/") { mode = 0o40755 }
        }
    }

    var members: [Member] = []
    var prefix: [UInt8] = []
    var beforeEnd: [UInt8] = []
    var comment: [UInt8] = []
    var suffix: [UInt8] = []
    var disk = 0
    var count: Int?
    var countHere: Int?
    var directoryOffset: Int?
    var directorySize: Int?

    init(_ members: Member...) {
        self.members = members
    }

    var bytes: [UInt8] {
        var archive = prefix
        var directory: [UInt8] = []
        for member in members {
            let offset = archive.count
            let packed = member.packed ?? (member.method == 8 ? Self.deflate(member.contents) : member.contents)
            let checksum = Int(member.checksum ?? StrictArchive.checksum(of: member.contents))
            let size = member.size ?? member.contents.count
            let packedSize = member.packedSize ?? packed.count
            let isBehind = member.descriptor != nil
            let flags = member.flags | (isBehind ? 8 : 0)
            let localNumbers = isBehind ? [0, 0, 0] : [checksum, packedSize, member.localSize ?? size]
            archive += little(0x0403_4b50, 4) + little(member.needed, 2) + little(member.localFlags ?? flags, 2)
            archive += little(member.localMethod ?? member.method, 2) + little(0, 2) + little(0x21, 2)
            archive += localNumbers.flatMap { little($0, 4) }
            let localName = member.localName ?? member.name
            let localExtra = member.localExtra ?? member.extra
            archive += little(localName.count, 2) + little(localExtra.count, 2) + localName + localExtra + packed
            if let descriptor = member.descriptor {
                if descriptor.hasMark { archive += little(0x0807_4b50, 4) }
                archive += little(checksum, 4) + little(packedSize, 4) + little(descriptor.lies ? size + 1 : size, 4)
            }
            archive += member.behind
            directory += little(0x0201_4b50, 4) + little(0x0314, 2) + little(member.needed, 2) + little(flags, 2)
            directory += little(member.method, 2) + little(0, 2) + little(0x21, 2) + little(checksum, 4)
            directory += little(packedSize, 4) + little(size, 4) + little(member.name.count, 2)
            directory += little(member.extra.count, 2) + little(member.comment.count, 2) + little(member.disk, 2)
            directory += little(0, 2) + little(member.mode << 16 | member.attributes, 4)
            directory += little(member.offset ?? offset, 4) + member.name + member.extra + member.comment
        }
        let start = archive.count
        archive += directory + beforeEnd
        archive += little(0x0605_4b50, 4) + little(disk, 2) + little(disk, 2) + little(countHere ?? members.count, 2)
        archive += little(count ?? members.count, 2) + little(directorySize ?? directory.count, 4)
        archive += little(directoryOffset ?? start, 4) + little(comment.count, 2) + comment + suffix
        return archive
    }

    private func little(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    static func deflate(_ contents: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        pandora_deflate_init_raw(&stream, 9)
        defer { deflateEnd(&stream) }
        var input = contents
        return [UInt8](unsafeUninitializedCapacity: contents.count + 1000) { output, count in
            input.withUnsafeMutableBufferPointer { input in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                CZlib.deflate(&stream, Z_FINISH)
            }
            count = Int(stream.total_out)
        }
    }
}
