import Glibc
import LogReading
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("Random sequences of writing, rotating and reading")
struct RandomSequenceTests {
    /// The seeds are fixed, so that a failure repeats; a failing one is printed with the operations that led to it.
    @Test(arguments: 0..<sequences / 100)
    func everyLineThatIsNotDestroyedUnreadArrivesOnceAndInOrder(group: UInt64) throws {
        var tally = SequenceTally()
        for seed in (group * 100)..<((group + 1) * 100) {
            try withTemporaryFolder { folder in
                var sequence = try RandomSequence(seed: seed, in: folder)
                try sequence.run()
                tally.add(sequence)
                let complaints = sequence.complaints
                if !complaints.isEmpty {
                    let history = sequence.history.joined(separator: "\n")
                    Issue.record("seed \(seed): \(complaints.joined(separator: "\n"))\n\(history)")
                }
            }
        }
        print("seeds \(group * 100)..<\((group + 1) * 100): \(tally)")
        #expect(tally.reportedBytes > 0 && tally.killCount > 0, "\(tally)")
    }

    /// A short form by default; the long one with PANDORA_TORTURE=1.
    private static let sequences: UInt64 = getenv("PANDORA_TORTURE") == nil ? 500 : 50_000
}

/// What sequences did, to see that they do it at all.
private struct SequenceTally: CustomStringConvertible {
    var lookCount = 0
    var killCount = 0
    var lineCount = 0
    var reusedInodeCount = 0
    var destroyedBytes = 0
    var reportedBytes = 0

    mutating func add(_ sequence: RandomSequence) {
        lookCount += sequence.lookCount
        killCount += sequence.killCount
        for log in sequence.logs {
            lineCount += log.nextLine
            reusedInodeCount += log.reusedInodeCount
            destroyedBytes += log.destroyedBytes
            reportedBytes += log.reportedBytes
        }
    }

    var description: String {
        "\(lineCount) lines, \(lookCount) readings, \(killCount) of them killed, \(reusedInodeCount) inodes used again, "
            + "\(destroyedBytes) bytes destroyed unread, \(reportedBytes) reported"
    }
}

/// One source, the logs in it, and a reader that keeps its position as an agent does: as text.
private struct RandomSequence {
    let logs: [NumberedLog]
    private(set) var history: [String]
    private(set) var complaints: [String] = []
    private(set) var lookCount = 0
    private(set) var killCount = 0

    private let source: LogSource
    /// Whether the source is one name, rather than a pattern.
    private let isNamed: Bool
    /// Whether the pattern matches what rotations leave, too, which is taken for logs where the log was never there.
    private let matchesRotated: Bool
    /// Whether each file has limits of its own, as in a cycle of the agent.
    private let readsEach: Bool
    private let pattern: LogPattern
    private var random: SeededGenerator
    private var position: String?

    init(seed: UInt64, in folder: FilePath) throws {
        random = SeededGenerator(seed: seed)
        readsEach = .random(using: &random)
        pattern = try LogPattern("line")
        let isSwitched = Int.random(in: 0..<4, using: &random) == 0
        isNamed = .random(using: &random)
        if isNamed {
            matchesRotated = false
            logs = [try Self.log("a.log", isSwitched: isSwitched, ofPattern: nil, in: folder, &random)]
            source = try LogSource(folder.appending("a.log").string)
            history = ["\(logs), each \(readsEach)"]
        } else {
            let glob = ["*.log", "*.log*", "[a-c]*"].randomElement(using: &random) ?? "*"
            var logs: [NumberedLog] = []
            for name in ["a.log", "b.log", "c.log"].prefix(.random(in: 1...3, using: &random)) {
                let isSwitched = isSwitched && logs.isEmpty
                logs.append(try Self.log(name, isSwitched: isSwitched, ofPattern: glob, in: folder, &random))
            }
            matchesRotated = glob != "*.log"
            self.logs = logs
            source = try LogSource(folder.appending(glob).string)
            history = ["\(glob) of \(logs), each \(readsEach)"]
        }
    }

    private static func log(
        _ name: String, isSwitched: Bool, ofPattern glob: String?, in folder: FilePath, _ random: inout SeededGenerator
    ) throws -> NumberedLog {
        let most = Int.random(in: 2...5, using: &random)
        let matchesAnyStem = glob?.hasPrefix("*") == true
        if isSwitched {
            var places: [SwitchedLog.Place] = [.beside, .far]
            if matchesAnyStem { places += [.matched("0target"), .matched("target")] }
            return try SwitchedLog(
                folder, name: name, at: places.randomElement(using: &random) ?? .beside, mostKept: most)
        }
        let namings = RotatingLog.Naming.allCases.filter { matchesAnyStem || $0 != .datesFirst }
        let naming = namings.randomElement(using: &random) ?? .numbers
        return RotatingLog(folder, name: name, naming: naming, mostRotated: most)
    }

    mutating func run() throws {
        // What was rotated before the first reading is history; so that comes first, with a log or without one.
        for log in logs where Bool.random(using: &random) {
            try perform(.write(.random(in: 0...3, using: &random)), on: log)
        }
        try look(lines: 1000)
        for _ in 0..<(Int.random(in: 5...30, using: &random) + 6 * logs.count) {
            switch Int.random(in: 0..<100, using: &random) {
            case ..<66:
                guard let log = logs.randomElement(using: &random) else { continue }
                try perform(.random(using: &random), on: log)
            case ..<70: try look(lines: 1000, isKilled: true)
            case ..<80: try look(lines: .random(in: 1...4, using: &random))
            default: try look(lines: 1000)
            }
        }
        for log in logs {
            try perform(.reopen, on: log)
            try perform(.write(1), on: log)
        }
        var rounds = 0
        while try look(lines: 1000), rounds < 100 { rounds += 1 }
        complaints += logs.flatMap(\.complaints)
    }

    private mutating func perform(_ operation: NumberedLog.Operation, on log: NumberedLog) throws {
        history.append("\(log.name): \(operation)")
        try log.perform(operation)
    }

    /// Reads.
    ///
    /// - Parameters:
    ///   - lines: At most so many.
    ///   - isKilled: Whether the reader ends before what it has is committed, so that the next one begins where it did.
    /// - Returns: Whether there may be more.
    @discardableResult
    private mutating func look(lines: Int, isKilled: Bool = false) throws -> Bool {
        lookCount += 1
        if matchesRotated { for log in logs where !log.isMet && log.current == nil { try perform(.reopen, on: log) } }
        let reader = LogReader(matching: pattern, limits: LogLimits(lines: lines))
        let start = try position.map { try unwrap(LogPosition($0)) }
        var result: LogBatch
        if readsEach {
            var files: [LogBatch] = []
            result = reader.readEach(source, from: start, firstRun: .fromStart) { file in
                files.append(file.batch)
                return FileBatch.Progress(
                    position: file.batch.position.files[file.path], goesOn: !file.batch.hasMore)
            }
            for file in files {
                result.lines.append(file.lines)
                result.notes += file.notes
                result.failures += file.failures
            }
        } else {
            result = reader.read(source, from: start, firstRun: .fromStart)
        }
        if isKilled {
            killCount += 1
            history.append("  killed")
            return false
        }
        position = result.position.description
        note(result)
        return result.hasMore
    }

    private mutating func note(_ batch: LogBatch) {
        let lines = batch.text.split(separator: "\n")
        history.append("  got \(lines) \(batch.notes) \(batch.failures) more \(batch.hasMore)")
        var numbers: [String: [Int]] = [:]
        for line in lines {
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 4, words[3] == "ends", let number = Int(words[2]),
                logs.contains(where: { $0.name == words[0] })
            else {
                complaints.append("a line that nobody wrote: \(line)")
                continue
            }
            numbers[words[0], default: []].append(number)
        }
        var missedBytes: Int64 = 0
        for case .missed(let path, let bytes) in batch.notes {
            missedBytes += bytes
            logs.first { $0.owns(path) }?.reportedBytes += Int(bytes)
        }
        if missedBytes != batch.missedBytes { complaints.append("\(batch.missedBytes) bytes missed: \(batch.notes)") }
        let unexpected = batch.failures.filter { $0.reason != .missing }
        if !unexpected.isEmpty { complaints.append("\(unexpected)") }
        for log in logs { log.note(received: numbers[log.name] ?? [], isAll: !batch.hasMore, isNamed: isNamed) }
    }
}
