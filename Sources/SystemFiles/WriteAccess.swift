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
    /// which it could be replaced.
    ///
    /// A sticky folder (such as /tmp) lets nobody replace the files of others, so only what is the last component's own
    /// counts there. A group whose id is the user's own id counts as the user.
    ///
    /// - Parameters:
    ///   - path: An absolute path; links are followed.
    ///   - user: The user who is trusted beside root.
    /// - Returns: Each place, from the root down; empty where only root and `user` can change the file.
    public static func foreignWriteAccess(
        to path: FilePath, trusting user: UInt32
    ) throws(SystemError) -> [ForeignWriteAccess] {
        let resolved = try realPath(path)
        var places: [ForeignWriteAccess] = []
        var prefix = FilePath(root: "/")
        var steps: [FilePath] = [prefix]
        for component in resolved.components {
            prefix.append(component)
            steps.append(prefix)
        }
        for (index, step) in steps.enumerated() {
            let status = try status(step)
            let isLast = index == steps.count - 1
            let owner = status.userID.rawValue
            let group = status.groupID.rawValue
            if owner != 0, owner != user { places.append(.init(path: step, writer: .owner(owner))) }
            let isSticky = status.rawValue.st_mode & S_ISVTX != 0
            if isSticky, !isLast { continue }
            if status.permissions.contains(.groupWrite), group != 0, group != user {
                places.append(.init(path: step, writer: .group(group)))
            }
            if status.permissions.contains(.otherWrite) { places.append(.init(path: step, writer: .everybody)) }
        }
        return places
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
