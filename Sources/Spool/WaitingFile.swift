internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// A data file in the outbox.
public struct WaitingFile: Sendable, Hashable, Comparable {
    /// `QUEUE.DIGITS.data`.
    public let name: String
    /// The part of the name before the digits: the MD5 of the agent's name.
    public let queue: String
    /// How many bytes it has.
    public let byteCount: Int64
    /// When it was written: seconds since 1970.
    public let modificationTime: Int64
    /// The digits of the name without leading zeros; they may be more than any integer type holds.
    private let digits: String

    /// `nil` where the name is not one of a data file.
    init?(name: String, byteCount: Int64, modificationTime: Int64) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 3, parts.last == "data", name.utf8.count <= 200,
            !name.hasPrefix("."), !name.hasPrefix("incoming-"), !name.utf8.contains(where: { $0 == 0x2F || $0 < 0x20 })
        else { return nil }
        let number = parts[parts.count - 2]
        guard !number.isEmpty, number.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        self.name = name
        self.byteCount = byteCount
        self.modificationTime = modificationTime
        queue = parts.dropLast(2).joined(separator: ".")
        digits = String(number.drop { $0 == "0" })
    }

    /// Older before newer.
    public static func < (left: WaitingFile, right: WaitingFile) -> Bool {
        (left.digits.utf8.count, left.digits, left.name) < (right.digits.utf8.count, right.digits, right.name)
    }

    /// The data files in a folder, oldest first; links and other things that are not files are left out.
    static func all(in folder: FilePath) throws(SystemError) -> [WaitingFile] {
        var files: [WaitingFile] = []
        for name in try Files.names(in: folder) {
            guard name.string.hasSuffix(".data") else { continue }
            do throws(SystemError) {
                let status = try Files.status(folder.appending(name), followingLinks: false)
                guard status.type == .regular else { continue }
                let file = WaitingFile(
                    name: name.string, byteCount: Int64(status.size),
                    modificationTime: Int64(status.rawValue.st_mtim.tv_sec))
                if let file { files.append(file) }
            } catch {
                // Somebody removed it after the folder was listed.
                if error.code != .noSuchFileOrDirectory { throw error }
            }
        }
        return files.sorted()
    }
}

/// What waits and what was refused, in numbers.
public struct SpoolSummary: Sendable, Hashable {
    /// How many files wait.
    public let waitingCount: Int
    /// How many bytes they have together.
    public let waitingByteCount: Int64
    /// When the oldest of them was written, in seconds since 1970; `nil` where none waits.
    public let oldestTime: Int64?
    /// How many files were refused by the server for good.
    public let quarantinedCount: Int
    /// How many files are committed but could not be moved into the outbox yet.
    public let unfinishedCount: Int

    init(waiting: [WaitingFile], quarantined: [WaitingFile], unfinishedCount: Int) {
        waitingCount = waiting.count
        waitingByteCount = waiting.reduce(0) { $0 &+ $1.byteCount }
        oldestTime = waiting.map(\.modificationTime).min()
        quarantinedCount = quarantined.count
        self.unfinishedCount = unfinishedCount
    }

    /// How many seconds the oldest waiting file is old at a time; `nil` where none waits, and 0 where the clock went
    /// back.
    public func oldestAge(at now: Int64) -> Int64? {
        oldestTime.map { max(0, now.subtractingReportingOverflow($0).partialValue) }
    }
}
