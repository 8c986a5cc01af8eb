import CommandRunner
import Glibc
import LogReading
import Synchronization
import SystemFiles
import SystemPackage
import TestSupport
import Testing

/// A real rsyslogd that writes as fast as it can, and a real logrotate that rotates as fast as it can.
@Suite("A real rsyslogd and a real logrotate", .serialized)
struct RotationTests {
    /// A short form by default; the long one with PANDORA_TORTURE=1.
    private static let duration = Duration.seconds(getenv("PANDORA_TORTURE") == nil ? 2 : 120)

    struct Way: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let directives: String
        /// Whether logrotate itself loses lines: what is written between its copy and its truncation, or to the old file
        /// while it is packed already, before rsyslogd has heard of the signal.
        var isLossy = false
        var sendsSignal = true
    }

    static let ways = [
        Way(testDescription: "numbered, packed one rotation later", directives: "compress\ndelaycompress"),
        Way(
            testDescription: "dated, packed at once", directives: "dateext\ndateformat -%Y%m%d-%s\ncompress",
            isLossy: true),
        Way(testDescription: "copytruncate", directives: "copytruncate", isLossy: true, sendsSignal: false),
    ]

    @Test("Numbered lines at full speed: every line that is in the files comes once, in order", arguments: ways)
    func everyLine(way: Way) async throws {
        try await withTemporaryFolder { folder in
            let syslog = try await Syslog(in: folder)
            defer { syslog.stop() }
            let rotation = try Rotation(in: folder, way, hangUp: syslog.process)
            let stop = Stop()
            defer { stop.set() }
            let sender = Task.detached { try Sender(syslog.socket).run(until: stop) }
            let rotating = Task.detached { try await rotation.run(until: stop) }
            var reader = NumberReader(syslog.log)
            let end = ContinuousClock.now + Self.duration
            while ContinuousClock.now < end {
                try reader.read()
                await Task.yield()
            }
            stop.set()
            let rotations = try await rotating.value
            let sent = try await sender.value
            try await syslog.finish()
            while try reader.read() {}

            let written = try await rotation.allNumbers(of: syslog.log)
            print(
                "\(way.testDescription): \(sent) lines sent, \(rotations) rotations, \(sent - written.count) lost by logrotate"
            )
            // The reader may have seen what logrotate lost.
            let isOnce = zip(reader.numbers, reader.numbers.dropFirst()).allSatisfy(<)
            let isAll = Set(written).isSubset(of: reader.numbers)
            #expect(isOnce && isAll, "\(reader.difference(from: written))")
            #expect(rotations > 1)
            let isComplete = written == Array(0..<sent)
            #expect(isComplete || way.isLossy)
            #expect(reader.missedBytes == 0)
        }
    }
}

/// Says that it is time to end, to work that must not be interrupted.
private final class Stop: Sendable {
    private let isSet = Mutex(false)

    func set() { isSet.withLock { $0 = true } }
    var hasCome: Bool { isSet.withLock { $0 } }
}

/// A rsyslogd that writes all that it gets by a socket into one file.
private struct Syslog: Sendable {
    let socket: FilePath
    let log: FilePath
    let process: pid_t
    private let daemon: Task<CommandResult, Never>

    init(in folder: FilePath) async throws {
        socket = folder.appending("socket")
        log = folder.appending("log")
        let pid = folder.appending("pid")
        let configuration = folder.appending("rsyslog.conf")
        // Without a queue, a sender waits until its line is written.
        let text = """
            main_queue(queue.type="Direct")
            module(load="imuxsock" SysSock.Use="off")
            input(type="imuxsock" Socket="\(socket)" RateLimit.Interval="0")
            template(name="message" type="string" string="%msg:::drop-last-lf%\\n")
            *.* action(type="omfile" file="\(log)" template="message")
            """
        try Files.create(configuration, text.utf8)
        let program = Command(
            .file("/usr/sbin/rsyslogd", arguments: ["-n", "-f", configuration.string, "-i", pid.string]),
            environment: ["PATH": "/usr/sbin:/usr/bin"], timeLimit: .seconds(400))
        daemon = Task { await program.run() }
        for _ in 0..<1000 where !Files.exists(pid) || !Files.exists(socket) {
            try await Task.sleep(for: .milliseconds(20))
        }
        let digits = String(decoding: try Files.read(pid, limit: 100), as: UTF8.self).filter(\.isNumber)
        process = try #require(pid_t(digits))
    }

    /// Ends it after it has written everything.
    func finish() async throws {
        kill(process, SIGTERM)
        _ = await daemon.value
    }

    func stop() { kill(process, SIGKILL) }
}

/// Sends numbered lines to a socket.
private struct Sender {
    private let path: FilePath

    init(_ path: FilePath) { self.path = path }

    /// - Returns: How many lines were sent.
    func run(until stop: Stop) throws -> Int {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        try #require(path.string.utf8.count < MemoryLayout.size(ofValue: address.sun_path))
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.string.utf8) }
        let connected = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(connected == 0)
        var count = 0
        while !stop.hasCome {
            let line = "<14>Nov  1 00:00:00 numbers: \(count) is the number of this line"
            guard send(descriptor, line, line.utf8.count, 0) == line.utf8.count else { throw Errno(rawValue: errno) }
            count += 1
        }
        return count
    }
}

/// Rotates, and keeps everything.
private struct Rotation: Sendable {
    private let folder: FilePath
    private let configuration: FilePath

    init(in folder: FilePath, _ way: RotationTests.Way, hangUp process: pid_t) throws {
        self.folder = folder
        configuration = folder.appending("logrotate.conf")
        let signal = !way.sendsSignal ? "" : "postrotate\nkill -HUP \(process)\nendscript"
        let text = "\(folder)/log {\nrotate 100000\nmissingok\nsu root root\n\(way.directives)\n\(signal)\n}\n"
        try Files.create(configuration, text.utf8)
        try configuration.changeMode(0o644)
    }

    /// - Returns: How often the log was rotated.
    func run(until stop: Stop) async throws -> Int {
        var count = 0
        while !stop.hasCome || count < 2 {
            let result = await Command(
                .file(
                    "/usr/sbin/logrotate",
                    arguments: ["--force", "--state", folder.appending("rotations").string, configuration.string]),
                environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"], timeLimit: .seconds(60)
            ).run()
            try #require(result.isSuccess, "\(String(decoding: result.errorOutput, as: UTF8.self))")
            count += 1
            // A name with seconds in it can be given once a second.
            try? await Task.sleep(for: .milliseconds(1100))
        }
        return count
    }

    /// The numbers in all files that are there, in order.
    func allNumbers(of log: FilePath) async throws -> [Int] {
        let result = await Command(
            .shell("zcat -f '\(log)' '\(log)'[-.]* | cut -d' ' -f2 | sort -n"), environment: ["PATH": "/usr/bin:/bin"],
            timeLimit: .seconds(200), outputLimit: 1 << 30
        ).run()
        try #require(result.isSuccess)
        return result.output.split(separator: UInt8(ascii: "\n")).compactMap {
            Int(String(decoding: $0, as: UTF8.self))
        }
    }
}

/// Reads a log as an agent does, its position kept as text, and the numbers of the lines.
private struct NumberReader {
    private let log: FilePath
    private var position: String?
    private(set) var numbers: [Int] = []
    private(set) var missedBytes: Int64 = 0

    init(_ log: FilePath) { self.log = log }

    /// - Returns: Whether there may be more.
    @discardableResult
    mutating func read() throws -> Bool {
        let reader = LogReader(matching: .everyLine, limits: LogLimits(bytes: 4 << 20, lines: .max))
        let before = position.flatMap { LogPosition($0) }
        let batch = reader.read(try LogSource(log.string), from: before, firstRun: .fromStart)
        position = batch.position.description
        missedBytes += batch.missedBytes
        for line in batch.lines {
            var number = 0
            for byte in line.dropFirst() {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { break }
                number = number &* 10 &+ Int(byte - UInt8(ascii: "0"))
            }
            numbers.append(number)
        }
        return batch.hasMore
    }

    /// What is missing and what is too much, a few of each.
    func difference(from written: [Int]) -> String {
        let missing = Set(written).subtracting(numbers).sorted()
        let twice = numbers.count - Set(numbers).count
        return "\(missing.count) missing \(missing.prefix(5)), \(twice) twice, ordered: \(numbers == numbers.sorted())"
    }
}
