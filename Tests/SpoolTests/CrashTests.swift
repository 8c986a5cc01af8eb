import Spool
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("The spool under crashes and errors", .timeLimit(.minutes(15)))
struct CrashTests {
    @Test(
        "After a crash at any system call, each file is in the outbox exactly if its values are committed",
        arguments: [false, true])
    func crashAnywhere(isAcross: Bool) throws {
        let refused: @Sendable (FaultInjection.Call) -> Errno? = refusals(isAcross)
        var index = 0
        var isThrough = false
        var seen: Set<String> = []
        while !isThrough {
            try withTemporaryFolderInMemory { folder in
                let disk = SpoolOnDisk(in: folder)
                do {
                    var spool = try disk.open()
                    try spool.commit(files: [file(1)], values: ["n": "1"])
                }
                isThrough = FaultInjection.with(crash(at: index, refused)) { commitTwice(disk) }
                // A second crash while the first is being repaired must not matter either.
                FaultInjection.with(crash(at: index % 11, refused)) { openAndClose(disk) }
                let committed = try disk.open().values
                let value = try #require(committed["n"])
                seen.insert(value)
                let expected: [Int] =
                    switch value {
                    case "1": [1]
                    case "2": [1, 20, 21]
                    default: [1, 20, 21, 30, 31]
                    }
                #expect(try disk.delivered() == expected, "crash at call \(index)")
                #expect(try disk.leftovers() == [], "crash at call \(index)")
            }
            index += 1
        }
        #expect(seen == ["1", "2", "3"])
        #expect(index > 40)
    }

    @Test(
        "An error at any single system call loses nothing, and the next commit works",
        arguments: [Errno.noSpace, .permissionDenied, .readOnlyFileSystem, .ioError], [false, true])
    func errorAnywhere(code: Errno, isAcross: Bool) throws {
        var index = 0
        var isThrough = false
        while !isThrough {
            let failing = index
            try withTemporaryFolderInMemory { folder in
                let disk = SpoolOnDisk(in: folder)
                do {
                    var spool = try disk.open()
                    try spool.commit(files: [file(1)], values: ["n": "1"])
                }
                let fault: @Sendable (FaultInjection.Call) -> Errno? = {
                    $0.index == failing ? code : isAcross ? acrossFileSystems($0) : nil
                }
                isThrough = try FaultInjection.with(fault) { try commitDespite(code, on: disk) }
                let committed = try disk.open().values
                #expect(committed["n"] == "3", "call \(failing)")
                #expect(try disk.delivered() == [1, 2, 3], "call \(failing)")
                #expect(try disk.leftovers() == [], "call \(failing)")
            }
            index += 1
        }
    }

    @Test(
        "Random sequences of commits, deliveries, refusals and crashes keep to a model",
        arguments: 1...10 as ClosedRange<UInt64>)
    func randomSequences(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        try withTemporaryFolderInMemory { folder in
            let disk = SpoolOnDisk(in: folder)
            var next = 1
            var waiting: Set<Int> = []
            var refused: Set<Int> = []
            var values: [String: String] = [:]
            for _ in 0..<40 {
                let crashIndex = Bool.random(using: &generator) ? Int.random(in: 0...60, using: &generator) : .max
                let isAcross = Bool.random(using: &generator)
                let choice = Int.random(in: 0...3, using: &generator)
                let count = Int.random(in: 0...3, using: &generator)
                let new = Array(next..<next + count)
                next += count
                let newValues = ["n": "\(next)", "seed \(seed)": "% \n ü"]
                let oldest = waiting.min()
                let refusal: @Sendable (FaultInjection.Call) -> Errno? = refusals(isAcross)
                FaultInjection.with(crash(at: crashIndex, refusal)) {
                    act(choice, on: disk, new: new.map { file($0) }, values: newValues)
                }
                var spool = try disk.open()
                try spool.tidy()
                let committed = spool.values
                if choice < 2, committed == newValues {
                    waiting.formUnion(new)
                    values = newValues
                }
                let found = Set(try disk.delivered())
                if choice >= 2, let oldest, !found.contains(oldest) {
                    waiting.remove(oldest)
                    if choice == 3 { refused.insert(oldest) }
                }
                #expect(committed == values, "seed \(seed)")
                #expect(found == waiting, "seed \(seed)")
                let names = try spool.waiting().map(\.name)
                #expect(names == waiting.sorted().map { file($0).name }, "seed \(seed)")
                let inQuarantine = Set(try disk.delivered(from: disk.state.appending("quarantine")))
                #expect(inQuarantine == refused, "seed \(seed)")
            }
        }
    }

    /// Commits twice, and says whether nothing went wrong.
    private func commitTwice(_ disk: SpoolOnDisk) -> Bool {
        do throws(SpoolError) {
            var spool = try disk.open()
            for number in 2...3 {
                let files = [file(number * 10), file(number * 10 + 1)]
                let outcome = try spool.commit(files: files, values: ["n": "\(number)"])
                if outcome != .complete { return false }
            }
            return true
        } catch {
            return false
        }
    }

    private func openAndClose(_ disk: SpoolOnDisk) {
        do throws(SpoolError) {
            _ = try disk.open()
        } catch {}
    }

    /// Commits files 2 and 3, each again where an error kept it from being committed. Says whether there was no error.
    private func commitDespite(_ code: Errno, on disk: SpoolOnDisk) throws -> Bool {
        var spool: Spool
        var hasFailed = false
        do throws(SpoolError) {
            spool = try disk.open()
        } catch {
            hasFailed = true
            #expect(error.description.contains("\(code)"))
            spool = try disk.open()
        }
        hasFailed = hasFailed || !spool.warnings.isEmpty
        for number in 2...3 {
            let values = ["n": "\(number)"]
            do throws(SpoolError) {
                let outcome = try spool.commit(files: [file(number)], values: values)
                hasFailed = hasFailed || outcome != .complete
            } catch {
                hasFailed = true
                #expect(error.description.contains("\(code)"))
                // Nothing was committed: all is as before, and the same commit works now.
                #expect(spool.values == ["n": "\(number - 1)"])
                #expect(try disk.delivered() == Array(1..<number))
                #expect(try spool.commit(files: [file(number)], values: values) == .complete)
            }
            #expect(spool.values == values)
        }
        try spool.commit(files: [], values: ["n": "3"])
        return !hasFailed
    }

    /// Opens the spool and commits, delivers or refuses, as far as a crash lets it.
    private func act(
        _ choice: Int, on disk: SpoolOnDisk, new: [(name: String, bytes: [UInt8])], values: [String: String]
    ) {
        do throws(SpoolError) {
            var spool = try disk.open()
            try spool.tidy()
            if choice < 2 {
                try spool.commit(files: new, values: values)
            } else if let first = try spool.waiting().first {
                if choice == 2 { try spool.delivered(first) } else { try spool.quarantine(first, reason: "no") }
            }
        } catch {}
    }
}
