internal import Glibc
internal import SystemFiles
public import SystemPackage

/// The file in which the Perl plugins keep how far a log was read: position, inode and, in some of them, size, as
/// decimal numbers. It is read once, when this agent takes over.
public struct LegacyIndex: Sendable, Hashable {
    /// How many bytes of the log were read.
    public let offset: Int64
    /// The log's inode number.
    public let inode: UInt64

    /// Reads the numbers; `nil` where there are not two or three.
    public init?(_ text: String) {
        let numbers = text.split(whereSeparator: { $0 == " " || $0 == "\n" || $0 == "\t" })
        guard (2...3).contains(numbers.count), let offset = Int64(numbers[0]), offset >= 0,
            let inode = UInt64(numbers[1]), numbers.dropFirst(2).allSatisfy({ UInt64($0) != nil })
        else { return nil }
        self.offset = offset
        self.inode = inode
    }

    /// Reads the index that a plugin has for a log, `FOLDER/NAME_FILE.idx`.
    ///
    /// The folder is often /tmp, where everybody can write: an index counts only if it is a regular file that root or
    /// `user` owns.
    ///
    /// - Parameters:
    ///   - folder: `/tmp`, or what GREP_LOG_TMP names.
    ///   - name: The NAME argument of the plugin.
    ///   - log: The FILE argument.
    /// - Returns: `nil` where there is none that counts.
    public init?(in folder: FilePath, name: String, log: FilePath, user: UInt32) {
        guard !name.contains("/"), let file = log.lastComponent?.string else { return nil }
        let path = folder.appending("\(name)_\(file).idx")
        guard let opened = try? OpenFile(path, options: [.noFollow, .nonBlocking]),
            let status = try? opened.status(), status.type == .regular,
            [0, user].contains(status.userID.rawValue), status.rawValue.st_nlink == 1,
            let content = try? opened.readToEnd(limit: 128), !content.isTruncated
        else { return nil }
        self.init(String(decoding: content.bytes, as: UTF8.self))
    }

    /// The position that the index stands for, for a reading of `log`.
    ///
    /// It has no fingerprints: the file with the inode, under the log's name or a rotated one, is taken for the log
    /// unless it is shorter than what was read.
    public func position(in log: FilePath) -> LogPosition {
        let folder = log.removingLastComponent()
        let status = (try? Files.status(log)) ?? (try? Files.status(folder.isEmpty ? "." : folder))
        let device = status.map { UInt64($0.rawValue.st_dev) } ?? 0
        return LogPosition(files: [
            log: FilePosition(device: device, inode: inode, offset: offset, size: offset)
        ])
    }
}
