internal import CGlibcHeaders
internal import Digests
internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// What checks keep in the state folder, beside the passwords that were tried.
enum AuditNotes {
    /// Replaces a note, and makes the folders on the way to it.
    ///
    /// Root may audit where the folder is another user's, such as the agent's. The note is then written with that user's
    /// rights and is his: a link that he put in the way leads to nothing that he could not write himself, and his own
    /// audits can use and replace what root left.
    static func keep(
        _ text: String, at file: FilePath, permissions: FilePermissions = .ownerReadWrite
    ) throws(SystemError) {
        try withRightsOfOwner(of: file) { () throws(SystemError) in
            try Files.makeFolder(file.removingLastComponent())
            try Files.replace(file, with: text.utf8, permissions: permissions)
        }
    }

    /// Runs `body` with the rights of whoever rules the way to a file (setfsuid(2)), where that is not root; other threads
    /// keep theirs.
    private static func withRightsOfOwner(
        of file: FilePath, _ body: () throws(SystemError) -> Void
    ) throws(SystemError) {
        guard geteuid() == 0, let owner = try ruler(of: file) else { return try body() }
        _ = setfsgid(owner.group)
        _ = setfsuid(owner.user)
        defer {
            _ = setfsuid(geteuid())
            _ = setfsgid(getegid())
        }
        // The calls never say that they failed; they return what was in force, and -1 changes nothing.
        guard setfsuid(.max) == Int32(bitPattern: owner.user), setfsgid(.max) == Int32(bitPattern: owner.group) else {
            throw SystemError("take the rights of its folder's owner for", file.string, .notPermitted)
        }
        try body()
    }

    /// The first owner on the way from the root down who is not root; `nil` where there is none.
    private static func ruler(of file: FilePath) throws(SystemError) -> (user: UInt32, group: UInt32)? {
        let whole = file.isAbsolute ? file : try Files.realPath(".").appending(file.components)
        var place: FilePath = "/"
        for component in whole.components {
            place.append(component)
            // Who owns a link decides where it leads, and who owns the folder what is in it.
            for followsLinks in [false, true] {
                guard let status = try? Files.status(place, followingLinks: followsLinks) else { continue }
                if status.userID.rawValue != 0 { return (status.userID.rawValue, status.groupID.rawValue) }
            }
        }
        return nil
    }
}

/// A path as a word of a note.
enum NotedPath {
    /// The path in one line: control characters, `%` and bytes that are no UTF-8 as `%` with two hexadecimal digits.
    static func text(_ path: FilePath) -> String {
        let bytes = path.withPlatformString { start in
            UnsafeBufferPointer(start: start, count: strlen(start)).map(UInt8.init(bitPattern:))
        }
        let isText = String(validating: bytes, as: UTF8.self) != nil
        var text: [UInt8] = []
        for byte in bytes {
            if byte < 0x20 || byte == UInt8(ascii: "%") || byte >= 0x7F && !isText {
                text += "%\([byte].hexadecimal)".utf8
            } else {
                text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads ``text(_:)``; `nil` for what is no absolute path.
    static func path(_ text: Substring) -> FilePath? {
        var bytes: [CChar] = []
        var rest = text.utf8[...]
        while var byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let value = UInt8(String(Substring(rest.prefix(2))), radix: 16), value != 0 else { return nil }
                byte = value
                rest = rest.dropFirst(2)
            }
            bytes.append(CChar(bitPattern: byte))
        }
        guard bytes.first == CChar(bitPattern: UInt8(ascii: "/")), !bytes.contains(0) else { return nil }
        return FilePath(platformString: bytes + [0])
    }
}
