internal import SystemFiles
internal import SystemPackage

/// How much may wait.
public struct SpoolLimits: Sendable, Hashable {
    /// The most files for each server; `nil` = any number.
    public var files: Int?
    /// The most bytes for each server; `nil` = any number.
    public var bytes: Int64?
    /// The bytes that must stay free on the outbox's file system; 0 = no check.
    public var freeBytes: Int64

    /// Limits.
    public init(files: Int? = nil, bytes: Int64? = nil, freeBytes: Int64 = 0) {
        self.files = files
        self.bytes = bytes
        self.freeBytes = freeBytes
    }
}

/// Files that were given up, for one reason.
public struct SpoolLoss: Sendable, Hashable {
    /// Why.
    public enum Reason: Sendable, Hashable {
        /// ``SpoolLimits/files``.
        case tooManyFiles
        /// ``SpoolLimits/bytes``.
        case tooManyBytes
        /// ``SpoolLimits/freeBytes``.
        case tooLittleSpace
        /// Nothing that could not be sent is kept.
        case notKept
    }

    /// Why they were given up.
    public let reason: Reason
    /// The server that they waited for; `nil` = every one.
    public let recipient: Recipient?
    /// The files, oldest first.
    public let files: [WaitingFile]
}

/// Keys of the spool's own values.
enum LossKey {
    /// How many files were ever given up.
    static let files = "spool lost files"
    /// How many bytes they had.
    static let bytes = "spool lost bytes"
    /// The files that were counted and may not have been removed yet: a line `RECIPIENT NAME` each.
    static let givenUp = "spool given up"
}

extension Spool {
    /// How many files were ever given up at a limit: once for each server that did not get one.
    public var lostFileCount: Int { values[LossKey.files].flatMap { Int($0) } ?? 0 }
    /// How many bytes they had.
    public var lostByteCount: Int64 { values[LossKey.bytes].flatMap { Int64($0) } ?? 0 }

    /// Gives up the oldest files until the limits hold; those of the last commit always stay.
    ///
    /// The loss is committed before a file goes, and what was committed is done at the next opening where it was
    /// interrupted: each lost file is counted exactly once.
    public mutating func enforce(_ limits: SpoolLimits) throws(SpoolError) -> [SpoolLoss] {
        var losses: [SpoolLoss] = []
        for recipient in recipients {
            let queue = try waiting(for: recipient)
            let removable = queue.filter { !lastBatch.contains($0.name) }
            var bytes = queue.reduce(0) { $0 &+ $1.byteCount }
            var count = queue.count
            var lost: [SpoolLoss.Reason: [WaitingFile]] = [:]
            for file in removable {
                if let most = limits.files, count > most {
                    lost[.tooManyFiles, default: []].append(file)
                } else if let most = limits.bytes, bytes > most {
                    lost[.tooManyBytes, default: []].append(file)
                } else {
                    break
                }
                count -= 1
                bytes -= file.byteCount
            }
            losses += lost.sorted { $0.value[0] < $1.value[0] }.map {
                SpoolLoss(reason: $0.key, recipient: recipient, files: $0.value)
            }
        }
        try giveUp(losses)
        if limits.freeBytes > 0, let loss = try lossForSpace(limits.freeBytes) {
            try giveUp([loss])
            losses.append(loss)
        }
        return losses
    }

    /// Gives up all files that wait for a server, because nothing is to be kept that could not be sent.
    public mutating func giveUpWaiting(for recipient: Recipient) throws(SpoolError) -> SpoolLoss? {
        let files = try waiting(for: recipient)
        if files.isEmpty { return nil }
        let loss = SpoolLoss(reason: .notKept, recipient: recipient, files: files)
        try giveUp([loss])
        return loss
    }

    private func lossForSpace(_ wanted: Int64) throws(SpoolError) -> SpoolLoss? {
        var free = try inSpool { () throws(SystemError) in try Files.availableBytes(at: outbox) }
        var files: [WaitingFile] = []
        for file in try waiting() where free < wanted && !lastBatch.contains(file.name) {
            files.append(file)
            free += file.byteCount
        }
        return files.isEmpty ? nil : SpoolLoss(reason: .tooLittleSpace, recipient: nil, files: files)
    }

    private mutating func giveUp(_ losses: [SpoolLoss]) throws(SpoolError) {
        var lines: [String] = []
        var count = lostFileCount
        var bytes = lostByteCount
        for loss in losses {
            for recipient in loss.recipient.map({ [$0] }) ?? recipients {
                let waiting = Set(try waiting(for: recipient).map(\.name))
                for file in loss.files where waiting.contains(file.name) {
                    lines.append("\(recipient.rawValue) \(file.name)")
                    count += 1
                    bytes &+= file.byteCount
                }
            }
        }
        if lines.isEmpty { return }
        var values = values
        values[LossKey.files] = String(count)
        values[LossKey.bytes] = String(bytes)
        values[LossKey.givenUp] = lines.joined(separator: "\n")
        try commitAsGiven(files: [], values: values)
        try inSpool { () throws(SystemError) in try finishGivingUp() }
    }

    /// Removes what the last commit has counted as lost.
    func finishGivingUp() throws(SystemError) {
        for line in (values[LossKey.givenUp] ?? "").split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2, let recipient = Recipient(rawValue: words[0]),
                try SpoolFolders.isPresent(outbox.appending(words[1]))
            else { continue }
            if try isWanted(words[1], besides: recipient) {
                try folders.settle(words[1], for: recipient, as: .done)
            } else {
                try leave(words[1], keepingCopy: false)
            }
        }
    }
}
