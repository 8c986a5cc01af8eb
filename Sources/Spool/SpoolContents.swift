internal import SystemFiles
public import SystemPackage

/// What a spool holds, for those who only look: it takes no lock, so it answers while an agent is at work.
public struct SpoolContents: Sendable, Hashable {
    /// A file that waits.
    public struct Waiting: Sendable, Hashable {
        /// The file.
        public let file: WaitingFile
        /// The folder that it is in.
        public let folder: FilePath
        /// The servers that are done with it although it waits for another one.
        public let settled: [Recipient]
    }

    /// A file that a server refused for good.
    public struct Quarantined: Sendable, Hashable {
        /// The file.
        public let file: WaitingFile
        /// Why, as a sentence; empty where nobody knows.
        public let reason: String
    }

    /// The files that wait, oldest first.
    public let waiting: [Waiting]
    /// The files in quarantine, oldest first.
    public let quarantined: [Quarantined]
    /// How many files were ever given up at a limit.
    public let lostFileCount: Int
    /// How many bytes they had.
    public let lostByteCount: Int64

    /// Looks.
    ///
    /// - Parameter outboxes: The folders where files may wait.
    public init(state: FilePath, outboxes: [FilePath]) throws(SpoolError) {
        let folders = SpoolFolders(state: state)
        var waiting: [Waiting] = []
        let markers = try inSpool { () throws(SystemError) in try folders.markers() }
        for folder in outboxes {
            waiting += try Spool.waiting(in: folder).map { file in
                Waiting(
                    file: file, folder: folder, settled: markers.filter { $0.name == file.name }.map(\.recipient))
            }
        }
        self.waiting = waiting.sorted { $0.file < $1.file }
        quarantined = try Spool.waiting(in: folders.quarantine).map { file in
            let reason = try? Files.read(folders.reason(file.name), limit: 64 << 10)
            let text = String(decoding: reason ?? [], as: UTF8.self)
            return Quarantined(file: file, reason: text.split(separator: "\n").joined(separator: " "))
        }
        let bytes = try? Files.read(folders.positions, limit: 64 << 20)
        let values = bytes.flatMap { try? Positions($0) }?.values ?? [:]
        lostFileCount = values[LossKey.files].flatMap { Int($0) } ?? 0
        lostByteCount = values[LossKey.bytes].flatMap { Int64($0) } ?? 0
    }

    /// Where a file of this name is: in the outbox, else in the quarantine; `nil` where there is none.
    public func path(of name: String, state: FilePath) -> FilePath? {
        if let found = waiting.first(where: { $0.file.name == name }) { return found.folder.appending(name) }
        return quarantined.contains { $0.file.name == name }
            ? SpoolFolders(state: state).quarantine.appending(name) : nil
    }
}

extension Spool {
    /// Brings a file back from the quarantine, to be tried again by the servers that refused it.
    ///
    /// - Returns: Whether there was such a file.
    public mutating func retry(_ name: String) throws(SpoolError) -> Bool {
        try checkQuarantineName(name)
        return try inSpool { () throws(SystemError) in
            let place = folders.quarantine.appending(name)
            guard try SpoolFolders.isPresent(place) else { return false }
            for recipient in Recipient.allCases {
                let marker = folders.marker(name, recipient)
                if let text = try? Files.read(marker, limit: 64), text.elementsEqual(Settlement.refused.rawValue.utf8) {
                    try Files.remove(marker)
                }
            }
            if try SpoolFolders.isPresent(outbox.appending(name)) {
                try Files.remove(place)
            } else {
                try folders.move(place, to: outbox.appending(name))
                try Files.syncFolder(outbox)
            }
            try Files.remove(folders.reason(name), missingIsFine: true)
            return true
        }
    }

    /// Removes a file from the quarantine.
    ///
    /// - Returns: Whether there was such a file.
    public mutating func purge(_ name: String) throws(SpoolError) -> Bool {
        try checkQuarantineName(name)
        return try inSpool { () throws(SystemError) in
            let place = folders.quarantine.appending(name)
            guard try SpoolFolders.isPresent(place) else { return false }
            try Files.remove(place)
            try Files.remove(folders.reason(name), missingIsFine: true)
            if try !SpoolFolders.isPresent(outbox.appending(name)) { try folders.removeMarkers(of: name) }
            return true
        }
    }

    private func checkQuarantineName(_ name: String) throws(SpoolError) {
        guard WaitingFile(name: name, byteCount: 0, modificationTime: 0) != nil else {
            throw .badName(name, reason: "it is not of the form QUEUE.DIGITS.data")
        }
    }
}
