internal import Glibc
internal import SystemFiles
public import SystemPackage

/// A log that could not be read.
public struct LogFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// Why not.
    public enum Reason: Sendable, Hashable {
        /// Nothing has the name.
        case missing
        /// The agent's user may not read it. The group is one whose members may, where there is one: often `adm` or
        /// `systemd-journal`.
        case permissionDenied(helpfulGroup: String?)
        /// The agent's user may not look into a folder on the way. The group is one whose members may, where there is one.
        case folderClosed(FilePath, helpfulGroup: String?)
        /// It is a folder.
        case folder
        /// It is a FIFO, which cannot be read twice.
        case fifo
        /// It is a socket.
        case socket
        /// It is a device.
        case device
        /// The links lead in a circle.
        case linkLoop
        /// It was packed with a program that is not built in.
        case packed
        /// Its folder cannot be listed, so what a rotation left there cannot be found.
        case folderCannotBeListed
        /// It is a link of a user to a file of another.
        case foreignLink
        /// Something else: the system's words.
        case other(String)
    }

    /// The log, as the source names it.
    public let path: FilePath
    /// Why it could not be read.
    public let reason: Reason

    /// A failure.
    public init(_ path: FilePath, _ reason: Reason) {
        self.path = path
        self.reason = reason
    }

    /// A failure for the reason that a system call gave.
    init(_ path: FilePath, _ error: SystemError) {
        let reason: Reason =
            switch error.code {
            case .noSuchFileOrDirectory, .notDirectory: .missing
            case .permissionDenied, .notPermitted: Self.obstacle(on: path)
            case .tooManySymbolicLinkLevels: .linkLoop
            case .noSuchAddressOrDevice: .socket
            default: .other(error.description)
            }
        self.init(path, reason)
    }

    /// A failure to list a folder that may hold what a pattern matches.
    init(inFolder folder: FilePath, matching pattern: String, _ error: SystemError) {
        let failure = LogFailure(folder, error)
        if case .permissionDenied(let group) = failure.reason {
            self.init(FilePath(pattern), .folderClosed(folder, helpfulGroup: group))
        } else {
            self = failure
        }
    }

    /// Why a log that is there cannot be opened; `nil` where it can be, or is not there.
    public static func ofOpening(_ path: FilePath) -> LogFailure? {
        do throws(SystemError) {
            _ = try OpenFile(path, options: .nonBlocking)
            return nil
        } catch {
            let failure = LogFailure(path, error)
            return failure.reason == .missing ? nil : failure
        }
    }

    /// Whether it is a log that could not be read, rather than something else that is there.
    var isOfLog: Bool {
        switch reason {
        case .folder, .fifo, .socket, .device: false
        default: true
        }
    }

    /// A sentence for an operator.
    public var description: String {
        switch reason {
        case .missing: "the log \(path) does not exist"
        case .permissionDenied(let group?):
            "the agent may not read the log \(path); members of the group \(group) may: add the agent's user to it"
        case .permissionDenied(nil): "the agent may not read the log \(path), and no group may: change its mode"
        case .folderClosed(let folder, let group?):
            "the agent may not look into the folder \(folder) for the log \(path); members of the group \(group) may: add "
                + "the agent's user to it"
        case .folderClosed(let folder, nil):
            "the agent may not look into the folder \(folder) for the log \(path), and no group may: change its mode"
        case .folder: "\(path) is a folder, not a log; for the files in it write \(path)/*"
        case .fifo: "\(path) is a FIFO, not a log"
        case .socket: "\(path) is a socket, not a log"
        case .device: "\(path) is a device, not a log"
        case .linkLoop: "\(path) leads through links that go in a circle"
        case .packed:
            "\(path) was packed before it was read: let logrotate delay the packing (delaycompress), or pack with gzip"
        case .folderCannotBeListed:
            "the folder \(path) cannot be listed: what a rotation left there is not found; let the agent's user list it"
        case .foreignLink:
            "\(path) is a link of one user to a file of another, and is not followed: make it root's, if it is right"
        case .other(let words): words
        }
    }

    /// Whether it is the file that may not be read, or a folder on the way that may not be entered, and which group may.
    private static func obstacle(on path: FilePath) -> Reason {
        var place = path
        while true {
            if let status = try? Files.status(place) {
                let needed = place == path ? S_IRGRP : S_IXGRP
                let group = status.rawValue.st_mode & needed != 0 ? groupName(status.groupID.rawValue) : nil
                return place == path
                    ? .permissionDenied(helpfulGroup: group) : .folderClosed(place, helpfulGroup: group)
            }
            guard !place.isEmpty, place.removeLastComponent() else { return .permissionDenied(helpfulGroup: nil) }
        }
    }

    private static func groupName(_ number: UInt32) -> String? {
        var entry = group()
        var found: UnsafeMutablePointer<group>?
        var memory = [CChar](repeating: 0, count: 16 * 1024)
        guard getgrgid_r(number, &entry, &memory, memory.count, &found) == 0, found != nil, let name = entry.gr_name
        else { return "\(number)" }
        return String(cString: name)
    }
}
