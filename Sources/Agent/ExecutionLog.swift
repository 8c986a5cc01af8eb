internal import AgentConfiguration
internal import Glibc
internal import Logging
internal import Synchronization
internal import SystemFiles
internal import SystemPackage

/// A log file that rotates itself: `2026/11/23 06:00:00 warning: text`, one line an entry.
///
/// Past a size it is renamed to NAME.1, that to NAME.2 and so on, and the oldest goes.
final class LogFile: Sendable {
    /// How a log file is kept small.
    struct Rotation: Sendable {
        /// Bytes after which it is rotated; 0 = never.
        let size: Int
        /// How many old ones are kept.
        let kept: Int
    }

    let path: FilePath
    private let rotation: Rotation
    // Lines of several tasks must not mix, and a rotation must not happen twice.
    private let lock = Mutex(())

    /// Opens the file once, to tell now rather than at the first line whether it can be written.
    init(_ path: FilePath, rotation: Rotation) throws(SystemError) {
        self.path = path
        self.rotation = rotation
        _ = try open()
    }

    /// Adds a line. What cannot be written is lost: a log that is full must not stop the agent.
    func append(_ line: String) {
        lock.withLock { _ in
            do throws(SystemError) {
                let file = try open()
                if rotation.size > 0, try file.status().size + Int64(line.utf8.count) > Int64(rotation.size) {
                    rotate()
                    try open().write(line.utf8)
                } else {
                    try file.write(line.utf8)
                }
            } catch {}
        }
    }

    // Opened for each line, so that a rotation by logrotate needs no signal.
    private func open() throws(SystemError) -> OpenFile {
        try OpenFile(
            path, .writeOnly, options: [.create, .append, .noFollow, .nonBlocking],
            permissions: [.ownerReadWrite, .groupRead])
    }

    private func rotate() {
        func numbered(_ number: Int) -> FilePath { FilePath("\(path).\(number)") }
        guard rotation.kept > 0 else {
            try? Files.remove(path)
            return
        }
        for number in stride(from: rotation.kept - 1, through: 1, by: -1) {
            try? Files.rename(numbered(number), to: numbered(number + 1))
        }
        try? Files.rename(path, to: numbered(1))
    }
}

/// Where a line of the log goes.
enum LogDestination: Sendable {
    case file(LogFile)
    case syslog
    case standardError(minimum: Logger.Level)
}

/// The handler of swift-log that writes to one destination.
struct DestinationLogHandler: LogHandler {
    let destination: LogDestination
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        // One entry is one line, whatever a command printed into it.
        let text = String(
            event.message.description.unicodeScalars.map { scalar in
                scalar.value < 0x20 || scalar.value == 0x7F ? "\u{FFFD}" : Character(scalar)
            })
        switch destination {
        case .file(let file):
            file.append("\(LogTime.now) \(event.level.word): \(text)\n")
        case .syslog:
            withVaList([]) { vsyslog(event.level.syslogPriority, text.replacingPercent, $0) }
        case .standardError(let minimum):
            if event.level >= minimum { writeToStandardError("pandora-agent: \(event.level.word): \(text)\n") }
        }
    }
}

/// Writes text for people to standard error, past every log; what cannot be written is lost.
public func writeToStandardError(_ text: String) {
    _ = try? FileDescriptor.standardError.writeAll(text.utf8)
}

private enum LogTime {
    static var now: String {
        var seconds = time(nil)
        var local = tm()
        localtime_r(&seconds, &local)
        return [CChar](unsafeUninitializedCapacity: 32) { buffer, count in
            count = strftime(buffer.baseAddress, buffer.count, "%Y/%m/%d %H:%M:%S", &local)
        }.withUnsafeBufferPointer { String(decoding: UnsafeRawBufferPointer($0), as: UTF8.self) }
    }
}

extension Logger.Level {
    fileprivate var word: String { self == .info || self == .notice ? "info" : rawValue }

    fileprivate var syslogPriority: Int32 {
        switch self {
        case .trace, .debug: LOG_DEBUG
        case .info: LOG_INFO
        case .notice: LOG_NOTICE
        case .warning: LOG_WARNING
        case .error: LOG_ERR
        case .critical: LOG_CRIT
        }
    }
}

extension String {
    /// For functions that take a format.
    fileprivate var replacingPercent: String {
        split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")
    }
}

/// How much a run tells on standard error.
public enum Verbosity: Sendable, Hashable {
    /// Nothing.
    case quiet
    /// That something could not be done at all.
    case normal
    /// Everything that the log says.
    case verbose

    var minimumLevel: Logger.Level {
        switch self {
        case .quiet: .critical
        case .normal: .error
        case .verbose: .debug
        }
    }
}

/// The log of a run: the file or syslog that the configuration names, and standard error.
enum ExecutionLog {
    /// Opens the log. Where its file cannot be written, it stands in the state folder, and says so.
    ///
    /// - Parameter state: The state folder; `nil` where nothing may be written there.
    static func open(_ settings: GeneralSettings, state: FilePath?, verbosity: Verbosity) -> Logger {
        var destinations: [LogDestination] = [.standardError(minimum: verbosity.minimumLevel)]
        var complaint: String?
        open: if settings.logFile == "syslog" {
            destinations.append(.syslog)
        } else if !settings.logFileIsDisabled {
            let rotation = LogFile.Rotation(size: settings.logSize, kept: settings.logRotations)
            do throws(SystemError) {
                destinations.append(.file(try LogFile(settings.logFile, rotation: rotation)))
            } catch {
                guard let other = state?.appending("pandora_agent.log") else { break open }
                complaint = "\(error); the log is \(other)"
                if let file = try? LogFile(other, rotation: rotation) { destinations.append(.file(file)) }
            }
        }
        let opened = destinations
        var logger = Logger(label: "pandora-agent") { _ in
            MultiplexLogHandler(opened.map { DestinationLogHandler(destination: $0, logLevel: .debug) })
        }
        logger.logLevel = verbosity == .verbose ? .debug : .info
        if let complaint { logger.warning("\(complaint)") }
        return logger
    }
}
