internal import Glibc
public import SystemPackage

/// A place on the way to a file where users other than its owners could change it.
public struct ForeignWriteAccess: Sendable, Hashable, CustomStringConvertible {
    /// Who could.
    public enum Writer: Sendable, Hashable {
        /// The owner, who is neither root nor the user asked about.
        case owner(UInt32)
        /// The members of the group.
        case group(UInt32)
        /// Everybody.
        case everybody
    }

    /// The file or folder that they can write.
    public let path: FilePath
    /// Who they are.
    public let writer: Writer

    /// A phrase for an operator.
    public var description: String {
        switch writer {
        case .owner(let user): "\(path) belongs to user \(user)"
        case .group(let group): "\(path) can be written by the members of group \(group)"
        case .everybody: "\(path) can be written by everybody"
        }
    }
}

extension Files {
    /// Where others than root and `user` could change a file: by its own mode, or by that of a folder above it, in
    /// which it could be replaced; and the same for each link on the way to it, and the folders above that.
    ///
    /// A sticky folder (such as /tmp) lets nobody replace the files of others, so only what is the last component's own
    /// counts there. A group whose id is the user's own id counts as the user.
    ///
    /// - Parameters:
    ///   - path: A path; links are followed.
    ///   - user: The user who is trusted beside root.
    /// - Returns: Each place once, in the order of the way; empty where only root and `user` can change the file.
    public static func foreignWriteAccess(
        to path: FilePath, trusting user: UInt32
    ) throws(SystemError) -> [ForeignWriteAccess] {
        let steps = try stepsOnTheWay(to: path)
        var places: [ForeignWriteAccess] = []
        for (index, step) in steps.enumerated() {
            let status = try status(step, followingLinks: false)
            let isLast = index == steps.count - 1
            let owner = status.userID.rawValue
            let group = status.groupID.rawValue
            if owner != 0, owner != user { places.append(.init(path: step, writer: .owner(owner))) }
            // Whoever may, can replace a link, but not write to it: its mode means nothing.
            if status.type == .symbolicLink { continue }
            let isSticky = status.rawValue.st_mode & S_ISVTX != 0
            if isSticky, !isLast { continue }
            if status.permissions.contains(.groupWrite), group != 0, group != user {
                places.append(.init(path: step, writer: .group(group)))
            }
            if status.permissions.contains(.otherWrite) { places.append(.init(path: step, writer: .everybody)) }
        }
        return places
    }

    /// More links than the kernel follows (path_resolution(7)).
    private static let mostLinks = 40

    /// Each folder and each link by which a path leads to its file, from the root on, and the file as the last.
    private static func stepsOnTheWay(to path: FilePath) throws(SystemError) -> [FilePath] {
        var folder = FilePath(root: "/")
        var steps: [FilePath] = [folder]
        var links = 0
        let absolute = path.isAbsolute ? path : try realPath(".").pushing(path)
        var ahead = Array(absolute.components.reversed())
        while let component = ahead.popLast() {
            switch component.kind {
            case .currentDirectory: continue
            case .parentDirectory: folder.removeLastComponent()
            case .regular:
                let next = folder.appending(component)
                if try status(next, followingLinks: false).type == .symbolicLink {
                    links += 1
                    if links > mostLinks { throw SystemError("follow", path.string, .tooManySymbolicLinkLevels) }
                    steps.append(next)
                    let target = try linkTarget(next)
                    if target.isAbsolute { folder = FilePath(root: "/") }
                    ahead += target.components.reversed()
                    continue
                }
                folder = next
            }
            // The last one is the file, also where the way went through it before.
            steps.removeAll { $0 == folder }
            steps.append(folder)
        }
        return steps
    }

    /// What a symbolic link holds (readlink(2)).
    public static func linkTarget(_ link: FilePath) throws(SystemError) -> FilePath {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        try systemCall("read the link", link.string) {
            link.withPlatformString { readlink($0, &buffer, Int(PATH_MAX)) }
        }
        return FilePath(platformString: buffer)
    }

    /// The absolute path without links (realpath(3)).
    public static func realPath(_ path: FilePath) throws(SystemError) -> FilePath {
        guard let resolved = path.withPlatformString({ realpath($0, nil) }) else {
            throw SystemError("resolve", path.string, Errno(rawValue: Glibc.errno))
        }
        defer { free(resolved) }
        return FilePath(platformString: resolved)
    }
}
