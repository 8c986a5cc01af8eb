internal import Glibc
internal import SystemFiles
public import SystemPackage

/// A path whose parts may have wildcards, as of the shell: `*`, `?` and `[…]`, none of which matches a `/` or a leading
/// dot (glob(7)).
public struct FileGlob: Sendable, Hashable, CustomStringConvertible {
    /// The path as it was written.
    public let description: String
    /// The same for fnmatch(3).
    private let pattern: String

    /// A path with wildcards; `nil` where it has none, and names one file.
    public init?(_ text: String) {
        guard Self.hasWildcards(text) else { return nil }
        description = text
        let path = FilePath(text)
        // In a part without wildcards a backslash is itself.
        let parts = path.components.map(\.string).map { part in
            Self.hasWildcards(part)
                ? part : part.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
        }
        pattern = (path.root == nil ? "" : "/") + parts.joined(separator: "/")
    }

    private static func hasWildcards(_ text: String) -> Bool { text.utf8.contains { "*?[".utf8.contains($0) } }

    /// Whether a file has such a name, whatever it is.
    public func matches(_ path: FilePath) -> Bool {
        path.withPlatformString { fnmatch(pattern, $0, FNM_PATHNAME | FNM_PERIOD) == 0 }
    }

    /// The files that match now, sorted by their names, without the rotated logs of others that match. Packed files are
    /// logs only where the pattern asks for them. What kind of file each is has not been looked at.
    ///
    /// - Throws: The reason why a folder on the way cannot be looked into, where nothing else matches. Folders that are not
    ///   there hold no matches.
    public func files() throws(LogFailure) -> [FilePath] {
        let finding = find(known: [])
        if finding.files.isEmpty, let failure = finding.failures.first { throw failure }
        return finding.files
    }

    /// What a search found.
    struct Finding {
        var files: [FilePath]
        /// Folders on the way that cannot be looked into. Nobody knows whether they hold logs.
        var failures: [LogFailure] = []
    }

    /// Looks for the files that match now.
    ///
    /// - Parameter known: Logs that were read before: what a rotation left of them is their past, also while they have no
    ///   file of their own.
    func find(known: [FilePath]) -> Finding {
        let path = FilePath(description)
        var finding = Finding(files: [path.root.map { FilePath(root: $0) } ?? ""])
        let parts = path.components.map(\.string)
        let isInOneFolder = !parts.dropLast().contains(where: Self.hasWildcards)
        let knownIn = isInOneFolder ? [:] : Dictionary(grouping: known) { $0.removingLastComponent() }
        for (index, part) in parts.enumerated() {
            let isLast = index == parts.count - 1
            var next: [FilePath] = []
            for place in finding.files {
                guard Self.hasWildcards(part) else {
                    let path = place.appending(part)
                    if !isLast || Self.status(path, &finding.failures) != nil { next.append(path) }
                    continue
                }
                do throws(SystemError) {
                    let names = try Files.names(in: place.isEmpty ? "." : place)
                    var matching = names.filter { matches($0, part) }
                    if isLast {
                        let known = isInOneFolder ? known : knownIn[place] ?? []
                        matching = Self.logs(among: matching, known: known, pattern: part)
                    }
                    next += matching.map { place.appending($0) }
                } catch {
                    if error.code != .noSuchFileOrDirectory, error.code != .notDirectory {
                        finding.failures.append(LogFailure(inFolder: place, matching: description, error))
                    }
                }
            }
            finding.files =
                isLast ? next : next.filter { Self.status($0, &finding.failures)?.type == .directory }
        }
        return finding
    }

    private static func status(_ path: FilePath, _ failures: inout [LogFailure]) -> Stat? {
        do throws(SystemError) {
            return try Files.status(path)
        } catch {
            let failure = LogFailure(path, error)
            if case .folderClosed = failure.reason { failures.append(failure) }
            return nil
        }
    }

    private func matches(_ name: FilePath.Component, _ pattern: String) -> Bool {
        name.withPlatformString { fnmatch(pattern, $0, FNM_PATHNAME | FNM_PERIOD) == 0 }
    }

    /// `syslog*` also matches `syslog.1`, and `*.log` matches `app-20260131.log`; those are read as what they are: the
    /// past of `syslog` and of `app.log`.
    private static func logs(
        among names: [FilePath.Component], known: [FilePath], pattern: String
    ) -> [FilePath.Component] {
        let fileNames = names.map { FileName($0) }
        let all = Set(fileNames).union(known.map { FileName(of: $0) })
        let wantsPacked = RotatedName.isPacked(FileName(pattern.utf8))
        return zip(names, fileNames).compactMap { component, name in
            if !wantsPacked, RotatedName.isPacked(name) { return nil }
            let isRotated = possibleLogs(rotatedTo: name).contains {
                all.contains($0) && RotatedName(name, of: $0) != nil
            }
            return isRotated ? nil : component
        }
    }

    /// Which of some logs a file is the past of, and the name that a rotation gave it.
    static func log(
        _ logs: Set<FilePath>, rotatedTo path: FilePath
    ) -> (log: FilePath, name: RotatedName)? {
        let name = FileName(of: path)
        let folder = path.removingLastComponent()
        return possibleLogs(rotatedTo: name).lazy.compactMap { possible in
            let log = folder.appending(possible)
            return logs.contains(log) ? RotatedName(name, of: possible).map { (log, $0) } : nil
        }.first
    }

    /// More than any rotation adds to a name before its ending. A folder may be full of names that have a separator at every
    /// place.
    private static let longestAddition = 64

    /// The names that a log may have had before it was rotated: without what follows a separator, but with the ending.
    private static func possibleLogs(rotatedTo name: FileName) -> [FileName] {
        let bytes = name.bytes
        let endingStart = bytes.lastIndex(of: UInt8(ascii: ".")) ?? bytes.count
        let ending = bytes[endingStart...]
        return bytes.indices.dropFirst(max(1, endingStart - longestAddition))
            .filter { ".-_:T~".utf8.contains(bytes[$0]) }
            .flatMap { [FileName(bytes[..<$0]), FileName(bytes[..<$0] + ending)] }
    }
}
