import CZlib
import Glibc
import LogReading
import SystemFiles
import SystemPackage
import TestSupport

/// A folder with one log in it, and a reader that keeps its position as an agent does: as text.
struct LogFolder {
    let path: FilePath
    let log: FilePath
    var position: String?

    init(_ path: FilePath, log: String = "app.log") {
        self.path = path
        self.log = path.appending(log)
    }

    func append(_ text: String, to name: String? = nil) throws {
        let place = name.map { path.appending($0) } ?? log
        let file = try OpenFile(place, .writeOnly, options: [.create, .append])
        try file.write(Array(text.utf8))
    }

    func rename(_ old: String, _ new: String) throws {
        try Files.rename(path.appending(old), to: path.appending(new))
    }

    /// What copytruncate does: a copy under the new name, and the log emptied.
    func copyTruncate(to new: String) throws {
        try Files.create(path.appending(new), try Files.read(log, limit: 1 << 30))
        try truncateLog()
    }

    func truncateLog() throws {
        _ = try OpenFile(log, .writeOnly, options: .truncate)
    }

    /// Reads and keeps the position.
    @discardableResult
    mutating func read(
        _ pattern: String = ".*", limits: LogLimits = LogLimits(), firstRun: LogReader.FirstRun = .atEnd,
        source: String? = nil, clock: (@Sendable () -> Int64)? = nil
    ) throws -> LogBatch {
        let reader = LogReader(matching: try LogPattern(pattern), limits: limits, clock: clock)
        let before = try position.map { text in try unwrap(LogPosition(text)) }
        let batch = reader.read(try LogSource(source ?? log.string), from: before, firstRun: firstRun)
        position = batch.position.description
        return batch
    }
}

struct Missing: Error {}

func unwrap<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw Missing() }
    return value
}

extension LogBatch {
    var text: String { String(decoding: lines.bytes, as: UTF8.self) }
}

extension Files {
    /// What gzip(1) does to a file.
    static func gzip(_ path: FilePath) throws {
        let bytes = try read(path, limit: 1 << 20)
        let file = gzopen(path.string + ".gz", "wb")
        precondition(bytes.isEmpty || gzwrite(file, bytes, UInt32(bytes.count)) == bytes.count)
        gzclose(file)
        try remove(path)
    }
}
