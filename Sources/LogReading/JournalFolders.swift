internal import SystemFiles
public import SystemPackage

/// Where the journal keeps its files: each folder has one for each machine that it knows, and in that the files
/// (systemd-journald.service(8)).
public struct JournalFolders: Sendable, Hashable {
    /// The folders.
    public let paths: [FilePath]

    /// Those on disk and in memory.
    public static let usual = JournalFolders(["/var/log/journal", "/run/log/journal"])

    /// No folders, so no journal.
    static let none = JournalFolders([])

    /// Other folders.
    public init(_ paths: [FilePath]) { self.paths = paths }

    /// Whether there is a file of a journal; what may not be looked at is there all the same. A folder alone is no journal:
    /// packages make one on hosts where nothing writes to it.
    public var holdFiles: Bool {
        paths.contains { Self.holdsFiles($0) { Self.holdsFiles($0) { _ in false } } }
    }

    private static func holdsFiles(_ folder: FilePath, orIn isOneInside: (FilePath) -> Bool) -> Bool {
        let names: [FilePath.Component]
        do throws(SystemError) {
            names = try Files.names(in: folder)
        } catch {
            return error.code != .noSuchFileOrDirectory && error.code != .notDirectory
        }
        // journald gives a file that it finds damaged the second name, and journalctl reads it.
        return names.contains { ["journal", "journal~"].contains($0.extension) }
            || names.contains { isOneInside(folder.appending($0)) }
    }
}
