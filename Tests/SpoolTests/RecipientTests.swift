import Spool
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("Files for two servers, and limits")
struct RecipientTests {
    private let both: [Recipient] = [.primary, .secondary]

    private func open(_ disk: SpoolOnDisk, _ recipients: [Recipient]? = nil) throws(SpoolError) -> Spool {
        var spool = try Spool(state: disk.state, outbox: disk.outbox, recipients: recipients ?? both)
        try spool.tidy()
        return spool
    }

    private func names(_ spool: borrowing Spool, _ recipient: Recipient) throws -> Set<String> {
        Set(try spool.waiting(for: recipient).map(\.name))
    }

    @Test("A file leaves when both took it, also over a new opening in between")
    func bothTakeIt() throws {
        try withTemporaryFolder { folder in
            let disk = SpoolOnDisk(in: folder)
            do {
                var spool = try open(disk)
                try spool.commit(files: [file(1), file(2)], values: [:])
                try spool.delivered(spool.waiting()[0], to: .primary)
                #expect(try names(spool, .primary) == [file(2).name])
                #expect(try names(spool, .secondary) == [file(1).name, file(2).name])
            }
            var spool = try open(disk)
            #expect(try names(spool, .primary) == [file(2).name])
            try spool.delivered(spool.waiting()[0], to: .secondary)
            #expect(try disk.delivered() == [2])
            #expect(try Files.names(in: disk.state.appending("settled")).isEmpty)
        }
    }

    @Test("Without a second server in the configuration, what waited for it alone goes")
    func secondServerGone() throws {
        try withTemporaryFolder { folder in
            let disk = SpoolOnDisk(in: folder)
            do {
                var spool = try open(disk)
                try spool.commit(files: [file(1), file(2)], values: [:])
                try spool.delivered(spool.waiting()[0], to: .primary)
            }
            #expect(try names(open(disk, [.primary]), .primary) == [file(2).name])
            #expect(try disk.delivered() == [2])
        }
    }

    /// For each system call of some work with a spool: fails it and all that follow, as if the process had died there, and
    /// looks at what is left. It ends with the first interruption that the work is done before.
    private func interruptAtEachCall(
        prepare: (inout Spool) throws -> Void, work: (inout Spool) throws -> Void,
        check: (SpoolOnDisk, _ call: Int) throws -> Void
    ) throws {
        var call = 0
        var isOver = false
        while !isOver {
            try withTemporaryFolderInMemory { folder in
                let disk = SpoolOnDisk(in: folder)
                do {
                    var spool = try open(disk)
                    try prepare(&spool)
                }
                FaultInjection.with(crash(at: call)) {
                    do {
                        var spool = try open(disk)
                        try work(&spool)
                        isOver = true
                    } catch {
                        // The interruption; what it left is looked at below.
                    }
                }
                try check(disk, call)
            }
            call += 1
        }
        #expect(call > 20)
    }

    @Test("Interrupted at any call, a file goes only when both have it, and to neither twice once that is noted")
    func interruptions() throws {
        var begun: Set<String> = []
        var ended: Set<String> = []
        try interruptAtEachCall { spool in
            begun = []
            ended = []
            try spool.commit(files: [file(1), file(2), file(3)], values: [:])
        } work: { spool in
            for recipient in both {
                for waiting in try spool.waiting(for: recipient) {
                    begun.insert("\(recipient) \(waiting.name)")
                    try spool.delivered(waiting, to: recipient)
                    ended.insert("\(recipient) \(waiting.name)")
                }
            }
        } check: { disk, call in
            let spool = try open(disk)
            for recipient in both {
                let waiting = try names(spool, recipient)
                for number in 1...3 {
                    let name = file(number).name
                    if !begun.contains("\(recipient) \(name)") { #expect(waiting.contains(name), "call \(call)") }
                    if ended.contains("\(recipient) \(name)") { #expect(!waiting.contains(name), "call \(call)") }
                }
            }
        }
    }

    @Test("At the limits the oldest go, for each server by itself, and the newest batch stays")
    func limits() throws {
        try withTemporaryFolder { folder in
            let disk = SpoolOnDisk(in: folder)
            var spool = try open(disk)
            for number in 1...6 { try spool.commit(files: [file(number)], values: ["k": "v"]) }
            for waiting in try spool.waiting().prefix(4) { try spool.delivered(waiting, to: .primary) }
            let losses = try spool.enforce(SpoolLimits(files: 3))
            #expect(losses.map(\.recipient) == [.secondary])
            #expect(losses.first?.files.map(\.name) == [1, 2, 3].map { file($0).name })
            #expect(losses.first?.reason == .tooManyFiles)
            #expect(try names(spool, .primary) == [file(5).name, file(6).name])
            #expect(try names(spool, .secondary) == Set([4, 5, 6].map { file($0).name }))
            #expect(spool.lostFileCount == 3 && spool.values["k"] == "v")
            #expect(try spool.enforce(SpoolLimits(files: 3)).isEmpty)

            #expect(try spool.enforce(SpoolLimits(bytes: 1)).map(\.reason) == [.tooManyBytes, .tooManyBytes])
            #expect(try disk.delivered() == [6])
            #expect(try spool.enforce(SpoolLimits(freeBytes: .max)).isEmpty)
            try spool.commit(files: [file(7)], values: [:])
            #expect(try spool.enforce(SpoolLimits(freeBytes: .max)).map(\.reason) == [.tooLittleSpace])
            #expect(try disk.delivered() == [7])
        }
    }

    @Test("Interrupted at any call, what is lost is counted once, and what is counted is lost")
    func exactCount() throws {
        try interruptAtEachCall { spool in
            for number in 1...5 { try spool.commit(files: [file(number)], values: [:]) }
        } work: { spool in
            _ = try spool.enforce(SpoolLimits(files: 2))
        } check: { disk, call in
            var spool = try open(disk)
            let waiting = try both.reduce(0) { try $0 + names(spool, $1).count }
            #expect(waiting + spool.lostFileCount == 10, "call \(call)")
            try spool.commit(files: [file(6)], values: spool.values)
            _ = try spool.enforce(SpoolLimits(files: 2))
            #expect(try disk.delivered() == [5, 6], "call \(call)")
            #expect(spool.lostFileCount == 8, "call \(call)")
        }
    }

    @Test("What one server refuses goes to the other, and comes back for the one that refused it alone")
    func quarantineAndRetry() throws {
        try withTemporaryFolder { folder in
            let disk = SpoolOnDisk(in: folder)
            var spool = try open(disk)
            try spool.commit(files: [file(1)], values: [:])
            let waiting = try spool.waiting()[0]
            try spool.quarantine(waiting, for: .primary, reason: "too large")
            #expect(try names(spool, .primary).isEmpty)
            #expect(try names(spool, .secondary) == [file(1).name])
            try spool.delivered(waiting, to: .secondary)
            #expect(try disk.delivered().isEmpty)
            let contents = try SpoolContents(state: disk.state, outboxes: [disk.outbox])
            #expect(contents.quarantined.map(\.reason) == ["too large"])
            try spool.tidy()
            #expect(try spool.retry(file(1).name))
            #expect(try names(spool, .primary) == [file(1).name])
            #expect(try names(spool, .secondary).isEmpty)
            #expect(try !spool.retry(file(1).name))
            try spool.quarantine(waiting, for: .primary, reason: "too large")
            #expect(try spool.purge(file(1).name))
            #expect(try Files.names(in: disk.state.appending("settled")).isEmpty)
            #expect(throws: SpoolError.self) { try spool.purge("../positions") }
        }
    }

    @Test("Files that waited in the state folder come to an outbox elsewhere; sent ones are kept on request, in number")
    func tidyAndCopies() throws {
        try withTemporaryFolder { folder in
            let disk = SpoolOnDisk(in: folder)
            do {
                var spool = try Spool(state: disk.state, outbox: Spool.defaultOutbox(of: disk.state))
                try spool.commit(files: [file(1), file(2), file(3)], values: [:])
            }
            var spool = try open(disk, [.primary])
            #expect(try disk.delivered() == [1, 2, 3])
            for waiting in try spool.waiting() { try spool.delivered(waiting, keepingCopy: true) }
            #expect(try spool.waiting().isEmpty)
            try spool.removeSentCopies(keeping: 2)
            #expect(try Files.names(in: disk.outbox).map(\.string) == [2, 3].map { file($0).name + ".sent" })
        }
    }
}
