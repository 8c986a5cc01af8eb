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
        for seed in (group * 100)..<((group + 1) * 100) { try run(seed: seed) }
    }

    /// How many sequences are run, in hundreds. A short form by default; the long one with PANDORA_TORTURE=1.
    private static let sequences: UInt64 = getenv("PANDORA_TORTURE") == nil ? 300 : 5000

    private func run(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        try withTemporaryFolder { folder in
            let naming = try #require(RotatingLog.Naming.allCases.randomElement(using: &random))
            let log = RotatingLog(folder, naming: naming, mostRotated: .random(in: 2...5, using: &random))
            let pattern = try LogPattern("line")
            var reader = LogFolder(folder, log: "log")
            var received: [Int] = []
            var history: [String] = ["\(naming)"]

            func read(lines: Int, isKilled: Bool = false) throws -> Bool {
                let position = try reader.position.map { try #require(LogPosition($0)) }
                let batch = LogReader(matching: pattern, limits: LogLimits(lines: lines))
                    .read(try LogSource(reader.log.string), from: position, firstRun: .fromStart)
                if isKilled { return false }
                reader.position = batch.position.description
                let numbers = batch.text.split(separator: "\n").map { line in
                    line.hasSuffix(" of the log") ? Int(line.dropFirst(5).prefix { $0 != " " }) ?? -1 : -1
                }
                received += numbers
                log.note(received: numbers)
                history.append("  got \(numbers) \(batch.notes) \(batch.failures)")
                return batch.hasMore
            }

            // What was rotated before the first reading is history; so that comes first, with a log or without one.
            if Bool.random(using: &random) { log.write(.random(in: 0...3, using: &random)) }
            _ = try read(lines: 1000)
            for _ in 0..<Int.random(in: 5...40, using: &random) {
                let choice = Int.random(in: 0..<100, using: &random)
                history.append("\(choice)")
                switch choice {
                case ..<25: log.write(.random(in: 1...5, using: &random))
                case ..<33: log.writeHalf()
                case ..<36: log.finishLine()
                case ..<46:
                    try log.rotate(makesNewFile: .random(using: &random))
                    if Bool.random(using: &random) { log.reopen() }
                case ..<52: log.reopen()
                case ..<57: try log.copyAndTruncate()
                case ..<60: try log.pack()
                case ..<63: log.empty()
                case ..<66: try log.delete(andReopen: .random(using: &random))
                case ..<70: _ = try read(lines: 1000, isKilled: true)
                case ..<80: _ = try read(lines: .random(in: 1...4, using: &random))
                default: _ = try read(lines: 1000)
                }
            }
            log.reopen()
            log.write(1)
            var rounds = 0
            while try read(lines: 1000), rounds < 100 { rounds += 1 }

            let isOrdered = zip(received, received.dropFirst()).allSatisfy(<)
            let lost = Set(0..<log.nextLine).subtracting(received).subtracting(log.mayBeLost)
            if !isOrdered || !lost.isEmpty || received.contains(-1) {
                Issue.record(
                    "seed \(seed): lost \(lost.sorted()), received \(received)\n\(history.joined(separator: "\n"))")
            }
        }
    }
}
