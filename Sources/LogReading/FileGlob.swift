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
    /// - Parameter known: Logs that were read before: what a rotation left of them is their past, also while they have no
    ///   file of their own.
    /// - Throws: The reason why a folder on the way cannot be listed, where nothing else matches. Folders that are not
    ///   there hold no matches.
    public func files(known: some Collection<FilePath> = []) throws(LogFailure) -> [FilePath] {
        let path = FilePath(description)
        var failure: LogFailure?
        var places = [path.root.map { FilePath(root: $0) } ?? ""]
        let parts = path.components.map(\.string)
        for (index, part) in parts.enumerated() {
            let isLast = index == parts.count - 1
            var next: [FilePath] = []
            for place in places {
                guard Self.hasWildcards(part) else {
                    let path = place.appending(part)
                    if !isLast || Files.exists(path) { next.append(path) }
                    continue
                }
                do throws(SystemError) {
                    let names = try Files.names(in: place.isEmpty ? "." : place)
                    let matching = names.filter { matches($0, part) }
                    let logs = isLast ? Self.logs(among: matching, in: place, pattern: part, known: known) : matching
                    next += logs.map { place.appending($0) }
                } catch {
                    if error.code != .noSuchFileOrDirectory, error.code != .notDirectory {
                        failure = failure ?? LogFailure(place, error)
                    }
                }
            }
            places = isLast ? next : next.filter { (try? Files.status($0))?.type == .directory }
        }
        if places.isEmpty, let failure { throw failure }
        return places
    }

    private func matches(_ name: FilePath.Component, _ pattern: String) -> Bool {
        name.withPlatformString { fnmatch(pattern, $0, FNM_PATHNAME | FNM_PERIOD) == 0 }
    }

    /// `syslog*` also matches `syslog.1`, and `*.log` matches `app-20260131.log`; those are read as what they are: the
    /// past of `syslog` and of `app.log`.
    private static func logs(
        among names: [FilePath.Component], in folder: FilePath, pattern: String, known: some Collection<FilePath>
    ) -> [FilePath.Component] {
        var all = Set(names.map { FileName($0) })
        for path in known where path.removingLastComponent() == folder { all.insert(FileName(of: path)) }
        let wantsPacked = RotatedName.isPacked(FileName(pattern.utf8))
        return names.filter { component in
            let name = FileName(component)
            if !wantsPacked, RotatedName.isPacked(name) { return false }
            return !possibleLogs(rotatedTo: name).contains { all.contains($0) && RotatedName(name, of: $0) != nil }
        }
    }

    /// Which of some logs a file is the past of, and the name that a rotation gave it.
    fileprivate static func log(
        _ logs: Set<FilePath>, rotatedTo path: FilePath
    ) -> (log: FilePath, name: RotatedName)? {
        let name = FileName(of: path)
        let folder = path.removingLastComponent()
        return possibleLogs(rotatedTo: name).lazy.compactMap { possible in
            let log = folder.appending(possible)
            return logs.contains(log) ? RotatedName(name, of: possible).map { (log, $0) } : nil
        }.first
    }

    /// The names that a log may have had before it was rotated: without what follows a separator, but with the ending.
    private static func possibleLogs(rotatedTo name: FileName) -> [FileName] {
        let bytes = name.bytes
        let ending = bytes.lastIndex(of: UInt8(ascii: ".")).map { bytes[$0...] } ?? []
        return bytes.indices.dropFirst().filter { ".-_:T~".utf8.contains(bytes[$0]) }.flatMap { separator in
            [FileName(bytes[..<separator]), FileName(bytes[..<separator] + ending)]
        }
    }
}

extension LogPosition {
    /// What a glob matched while its log had no file is no log by itself any more once that has one: the log goes on in the
    /// newest of such files, which is its past now. Older ones are read to their end by themselves.
    mutating func moveRotated(to logs: Set<FilePath>) -> [LogMove] {
        let known = files
        var newest: [FilePath: (path: FilePath, name: RotatedName)] = [:]
        for (path, position) in known where !logs.contains(path) {
            guard let (log, name) = FileGlob.log(logs, rotatedTo: path) else { continue }
            if position.offset == position.size { files[path] = nil }
            // Where nothing was seen, nobody knows what was before it.
            if files[log] != nil || position.size == 0 { continue }
            if newest[log].map({ name.isNewer(than: $0.name) == true }) ?? true { newest[log] = (path, name) }
        }
        for (log, past) in newest {
            files[past.path] = nil
            files[log] = known[past.path]
        }
        return newest.map { LogMove(from: $1.path, to: $0) }
    }
}
