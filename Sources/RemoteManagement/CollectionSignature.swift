internal import Digests

/// The signature of a collection: its last member, `.signature`, which holds `ed25519 HEX`, over the name of the collection
/// and the paths and SHA-256 digests of all other members.
public enum CollectionSignature {
    static let member = ".signature"
    private static let kind = "pandora-agent collection\n"
    private static let mark = Array("ed25519 ".utf8)

    /// What is wrong with the signature of a collection, as a phrase; `nil` where it is good.
    static func problem(
        with archive: StrictArchive, named name: String, _ key: borrowing SignatureKey
    ) throws(StrictArchive.Defect) -> String? {
        guard let last = archive.members.last, last.path == member, !last.isFolder else {
            return "it is not signed, and require_signature in local.conf wants that"
        }
        var digits = try archive.contents(of: last)[...]
        while let byte = digits.last, byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { digits.removeLast() }
        guard digits.starts(with: mark), let signature = [UInt8](hexadecimal: digits.dropFirst(mark.count)),
            key.verifies(signature, of: try message(archive, name))
        else { return "its signature is not one of the key that require_signature in local.conf names" }
        return nil
    }

    /// A collection with a signature as its last member; one that is there is replaced.
    ///
    /// - Parameter name: The name that configurations call it by.
    /// - Returns: `nil` where the key is a public one.
    /// - Throws: ``StrictArchive/Defect`` where agents would refuse the archive.
    public static func sign(
        _ bytes: [UInt8], named name: String, _ key: borrowing SignatureKey
    ) throws(StrictArchive.Defect) -> [UInt8]? {
        let archive = try StrictArchive(bytes)
        guard let signature = key.sign(try message(archive, name)) else { return nil }
        let kept = archive.members.last?.path == member ? archive.members.dropLast() : archive.members[...]
        let membersEnd = archive.members.last.flatMap { $0.path == member ? $0.offset : nil } ?? archive.directory
        let directoryEnd = kept.last?.entry.upperBound ?? archive.directory
        let contents = mark + Array("\(signature.hexadecimal)\n".utf8)
        let path = Array(member.utf8)
        // Version needed, flags, method, time, date (1980-01-01), checksum, sizes, lengths of name and extra fields.
        let facts =
            little(20, 2) + little(0, 2) + little(0, 2) + little(0, 2) + little(0x21, 2)
            + little(Int(StrictArchive.checksum(of: contents)), 4) + little(contents.count, 4)
            + little(contents.count, 4) + little(path.count, 2) + little(0, 2)
        let header = little(Int(StrictArchive.headerMark), 4) + facts + path + contents
        // Comment, disk and attributes are 0; then the offset of the header.
        let entry =
            little(Int(StrictArchive.entryMark), 4) + little(20, 2) + facts
            + [UInt8](repeating: 0, count: 10) + little(membersEnd, 4) + path
        let directory = Array(bytes[archive.directory..<directoryEnd]) + entry
        let end =
            little(Int(StrictArchive.endMark), 4) + little(0, 4) + little(kept.count + 1, 2) + little(kept.count + 1, 2)
            + little(directory.count, 4) + little(membersEnd + header.count, 4) + little(0, 2)
        return Array(bytes[..<membersEnd]) + header + directory + end
    }

    private static func message(_ archive: StrictArchive, _ name: String) throws(StrictArchive.Defect) -> [UInt8] {
        var lines: [String] = []
        for member in archive.members where member.path != Self.member {
            let kind = member.isFolder ? "folder" : Digest.sha256(try archive.contents(of: member)).hexadecimal
            lines.append("\(kind) \(member.path)\n")
        }
        return Array((kind + name + "\n" + lines.sorted().joined()).utf8)
    }

    private static func little(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
}
