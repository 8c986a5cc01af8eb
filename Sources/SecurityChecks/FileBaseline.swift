internal import Digests
internal import Glibc
internal import Synchronization
internal import SystemFiles
internal import SystemPackage

/// What watched files were like when somebody last said that all is well, kept in the state folder.
struct FileBaseline: Sendable, Hashable {
    /// What a file was like.
    struct Entry: Sendable, Hashable {
        /// The SHA-256 digest of its bytes as hexadecimal digits; ``absent`` where there was no file, ``unread`` where it
        /// was not readable, ``hidden`` where not even its mode was visible.
        var content: String
        /// The mode of its permissions, with the set-user and set-group bits.
        var mode: UInt32 = 0
        /// Its owner.
        var user: UInt32 = 0
        /// Its group.
        var group: UInt32 = 0

        static let absent = "absent"
        static let unread = "unread"
        static let hidden = "hidden"
    }

    /// The files of each check, by the check's identifier and the path on the host.
    private(set) var checks: [String: [FilePath: Entry]] = [:]
    /// The files of each check that were seen to differ since, whether or not they still do.
    private(set) var alerts: [String: Set<FilePath>] = [:]
    /// When the files of each check were remembered, in seconds since 1970.
    private(set) var times: [String: Int64] = [:]

    /// The files that a check remembered; `nil` where it never did.
    func entries(of check: String) -> [FilePath: Entry]? { checks[check] }

    /// Remembers what the files of a check are like.
    mutating func remember(_ entries: [FilePath: Entry], of check: String, at time: Int64) {
        checks[check] = entries
        times[check] = time
        alerts[check] = nil
    }

    /// Remembers that files of a check differ, until they are remembered anew.
    ///
    /// - Returns: Whether that was not known.
    mutating func alert(_ files: [FilePath], of check: String) -> Bool {
        var known = alerts[check] ?? []
        let count = known.count
        // Whoever makes files come and go may not make this grow without end; one is enough for an alert.
        for file in files where known.count < Self.mostAlerts { known.insert(file) }
        if known.count == count { return false }
        alerts[check] = known
        return true
    }

    private static let mostAlerts = 1000
}

// MARK: its text

extension FileBaseline {
    private static let heading = "# pandora-agent integrity 1"

    /// The form in which it is kept: a heading, and for each check a line with its time, then a line for each file:
    /// content, mode, user, group and path, in an order of its own, then one for each file that was seen to differ.
    var text: String {
        var text = Self.heading + "\n"
        for (check, entries) in checks.sorted(by: { $0.key < $1.key }) {
            text += "check \(check) \(times[check] ?? 0)\n"
            let paths = entries.map { (text: NotedPath.text($0.key), entry: $0.value) }
            for (path, entry) in paths.sorted(by: { $0.text < $1.text }) {
                let mode = String(entry.mode, radix: 8)
                text += "\(entry.content) \(mode) \(entry.user) \(entry.group) \(path)\n"
            }
            for path in (alerts[check] ?? []).map(NotedPath.text).sorted() { text += "alert \(path)\n" }
        }
        return text
    }

    /// Reads what ``text`` wrote; `nil` for everything else: half a baseline would hide changes.
    init?(text: String) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard lines.popFirst() == Self.heading[...], lines.popLast()?.isEmpty == true else { return nil }
        var check: String?
        for line in lines {
            let words = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
            if words.count == 3, words[0] == "check", let time = Int64(words[2]) {
                check = String(words[1])
                checks[String(words[1])] = [:]
                times[String(words[1])] = time
                continue
            }
            if let check, words[0] == "alert" {
                guard let path = NotedPath.path(line.dropFirst("alert ".count)) else { return nil }
                alerts[check, default: []].insert(path)
                continue
            }
            guard let check, words.count == 5, let mode = UInt32(words[1], radix: 8), let user = UInt32(words[2]),
                let group = UInt32(words[3]), let path = NotedPath.path(words[4])
            else { return nil }
            checks[check]?[path] = Entry(content: String(words[0]), mode: mode, user: user, group: group)
        }
    }
}

// MARK: the host

extension FileBaseline {
    /// The largest file that is watched.
    private static let largestFile = 64 << 20

    /// How many bytes are read in one check of files that do not belong to root: whoever makes many large ones does not
    /// decide how long an audit takes.
    static let foreignBytes = 1 << 30

    /// What a file of the host is like now.
    ///
    /// - Parameter foreignBytes: How many bytes of files that do not belong to root may still be read.
    static func look(at path: FilePath, on host: AuditedHost, foreignBytes: inout Int) -> Entry {
        let place = host.path(path)
        do throws(SystemError) {
            var status = try Files.status(place)
            var content = Entry.unread
            // What is no file is not opened, as that alone may have effects.
            if status.type == .regular, let file = try? OpenFile(place, options: .nonBlocking) {
                // It may be another one by now.
                status = try file.status()
                var limit = largestFile
                if status.userID.rawValue != 0 { limit = min(limit, foreignBytes) }
                if status.type == .regular, let (digest, count) = try? digest(of: file, limit: limit) {
                    if status.userID.rawValue != 0 { foreignBytes -= count }
                    content = digest ?? content
                }
            }
            return Entry(
                content: content, mode: UInt32(status.rawValue.st_mode & 0o7777), user: status.userID.rawValue,
                group: status.groupID.rawValue)
        } catch {
            let isAbsent = error.code == .noSuchFileOrDirectory || error.code == .notDirectory
            return Entry(content: isAbsent ? Entry.absent : Entry.hidden)
        }
    }

    /// The digest of a file; `nil` where it has more bytes than `limit`; and how many bytes were read.
    private static func digest(
        of file: borrowing OpenFile, limit: Int
    ) throws(SystemError) -> (digest: String?, count: Int) {
        if try file.status().size > limit { return (nil, 0) }
        var stream = DigestStream(.sha256)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var total = 0
        while true {
            let count = try file.read(into: buffer)
            if count == 0 { return (stream.finish().hexadecimal, total) }
            total += count
            // It grows while it is read.
            if total > limit { return (nil, total) }
            stream.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// What is different, as phrases; empty where nothing is, as far as can be seen.
    static func differences(_ before: Entry, _ now: Entry) -> [String] {
        if before.content == Entry.hidden || now.content == Entry.hidden { return [] }
        if before.content == now.content, before.content == Entry.absent { return [] }
        if now.content == Entry.absent { return ["is gone"] }
        if before.content == Entry.absent { return ["is new"] }
        var differences: [String] = []
        if before.content != now.content, before.content != Entry.unread, now.content != Entry.unread {
            differences.append("has another content")
        }
        if before.mode != now.mode {
            differences.append(
                "has the mode \(String(now.mode, radix: 8)), not \(String(before.mode, radix: 8))")
        }
        if (before.user, before.group) != (now.user, now.group) {
            differences.append("belongs to \(now.user):\(now.group), not to \(before.user):\(before.group)")
        }
        return differences
    }
}

extension FileBaseline {
    /// What is kept in a state folder.
    enum Stored: Sendable, Hashable {
        case none
        case baseline(FileBaseline)
        /// It is there and cannot be used; the phrase says why.
        case unusable(String)
    }

    private static let limit = 16 << 20

    /// Reads the baseline of a state folder.
    static func stored(at path: FilePath) -> Stored {
        do throws(SystemError) {
            let bytes = try Files.read(path, limit: limit)
            guard let baseline = FileBaseline(text: String(decoding: bytes, as: UTF8.self)) else {
                return .unusable("\(path) is damaged")
            }
            return .baseline(baseline)
        } catch {
            return error.code == .noSuchFileOrDirectory ? .none : .unusable(error.description)
        }
    }
}

extension AuditedHost {
    /// Where the baseline is; `nil` where nothing may be remembered.
    var baselineFile: FilePath? { settings.baselineFile ?? stateFolder?.appending("audit/integrity") }

    /// Keeps a changed baseline, which everybody may read who may enter the folder.
    func keep(_ baseline: FileBaseline, at file: FilePath) throws(SystemError) {
        try AuditNotes.keep(baseline.text, at: file, permissions: [.ownerReadWrite, .groupRead, .otherRead])
        memory.baseline.withLock { $0 = .baseline(baseline) }
    }

    /// The baseline; its file is read once.
    func baseline(at file: FilePath) -> FileBaseline.Stored {
        memory.baseline.withLock { known in
            let stored = known ?? FileBaseline.stored(at: file)
            known = stored
            return stored
        }
    }
}
