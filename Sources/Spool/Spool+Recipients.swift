internal import SystemFiles
internal import SystemPackage

/// A server that data files are for.
public enum Recipient: String, Sendable, Hashable, CaseIterable {
    /// The first server.
    case primary
    /// The second server.
    case secondary
}

/// What a server that is done with a file did with it, as the content of the marker that says so.
enum Settlement: String {
    /// It took it, or the file was given up for it.
    case done = ""
    /// It refused it for good; the file is in the quarantine.
    case refused
}

extension Spool {
    /// The suffix of a file that was sent and is kept.
    static let sentSuffix = ".sent"

    /// The committed files that wait for one server, oldest first.
    public func waiting(for recipient: Recipient) throws(SpoolError) -> [WaitingFile] {
        let files = try waiting()
        if recipients.count < 2 { return files }
        let settled = try inSpool { () throws(SystemError) in try folders.settledNames(for: recipient) }
        return files.filter { !settled.contains($0.name) }
    }

    /// Notes that a server took a file. It leaves the outbox when no other server waits for it.
    ///
    /// - Parameter keepingCopy: Whether it then stays beside the waiting ones, with the suffix `.sent`.
    public mutating func delivered(
        _ file: WaitingFile, to recipient: Recipient = .primary, keepingCopy: Bool = false
    ) throws(SpoolError) {
        try inSpool { () throws(SystemError) in
            if try isWanted(file.name, besides: recipient) {
                try folders.settle(file.name, for: recipient, as: .done)
            } else {
                // A copy that another server refused may come back, which is not for this one then.
                if recipients.count > 1, try SpoolFolders.isPresent(folders.quarantine.appending(file.name)) {
                    try folders.settle(file.name, for: recipient, as: .done)
                }
                try leave(file.name, keepingCopy: keepingCopy)
            }
        }
    }

    /// Moves a file that a server refuses for good out of the way, with the reason beside it. Where another server waits
    /// for it, the quarantine gets a copy.
    public mutating func quarantine(
        _ file: WaitingFile, for recipient: Recipient = .primary, reason: String
    ) throws(SpoolError) {
        try inSpool { () throws(SystemError) in
            let place = folders.quarantine.appending(file.name)
            try Files.replace(folders.reason(file.name), with: Array("\(reason)\n".utf8))
            if try isWanted(file.name, besides: recipient) {
                if try !SpoolFolders.isPresent(place) {
                    try folders.copyWhole(outbox.appending(file.name), to: place)
                }
                try folders.settle(file.name, for: recipient, as: .refused)
            } else {
                try folders.move(outbox.appending(file.name), to: place)
                try Files.syncFolder(folders.quarantine)
            }
        }
    }

    /// Takes a file out of the outbox that nobody waits for any more, and its markers after it.
    func leave(_ name: String, keepingCopy: Bool) throws(SystemError) {
        let path = outbox.appending(name)
        if keepingCopy {
            try Files.rename(path, to: outbox.appending(name + Spool.sentSuffix))
        } else {
            try Files.remove(path, missingIsFine: true)
        }
        // The markers of a file in the quarantine say who has it already.
        if recipients.count > 1, try !SpoolFolders.isPresent(folders.quarantine.appending(name)) {
            try folders.removeMarkers(of: name)
        }
    }

    /// Whether another server than this one waits for a file.
    func isWanted(_ name: String, besides recipient: Recipient) throws(SystemError) -> Bool {
        for other in recipients where other != recipient {
            if try !SpoolFolders.isPresent(folders.marker(name, other)) { return true }
        }
        return false
    }

    /// Puts the outbox in order, which only the agent that ships from it may do: files that wait in the state folder come
    /// to an outbox elsewhere; files that every server is done with go, also those that waited for a server that the
    /// configuration no longer names; markers without a file go too. A refusal that a crash interrupted is ended.
    public mutating func tidy() throws(SpoolError) {
        try inSpool { () throws(SystemError) in
            if outbox != folders.spool {
                for file in try WaitingFile.all(in: folders.spool) {
                    try folders.move(folders.spool.appending(file.name), to: outbox.appending(file.name))
                }
            }
            try tidySettled()
            if recipients.count == 1 { try finishRefusals() }
        }
    }

    /// Takes files out of the outbox that got to a quarantine on another file system, and not out of here. Where there is
    /// a second server, it may wait for them.
    private func finishRefusals() throws(SystemError) {
        for file in try WaitingFile.all(in: folders.quarantine)
        where try SpoolFolders.isPresent(outbox.appending(file.name)) {
            try Files.remove(outbox.appending(file.name))
        }
    }

    private func tidySettled() throws(SystemError) {
        let markers = try folders.markers()
        for name in Set(markers.map(\.name)) {
            let isWaiting = try SpoolFolders.isPresent(outbox.appending(name))
            let done = Set(markers.filter { $0.name == name }.map(\.recipient))
            if isWaiting, done.isSuperset(of: recipients) {
                try leave(name, keepingCopy: false)
            } else if !isWaiting, try !SpoolFolders.isPresent(folders.quarantine.appending(name)) {
                try folders.removeMarkers(of: name)
            }
        }
    }

    /// Removes the oldest of the files that were sent and kept.
    ///
    /// - Parameter limit: How many stay.
    public mutating func removeSentCopies(keeping limit: Int) throws(SpoolError) {
        try inSpool { () throws(SystemError) in
            let names = try Files.names(in: outbox).map(\.string).filter { $0.hasSuffix(".data" + Spool.sentSuffix) }
            let files = names.compactMap {
                WaitingFile(
                    name: String($0.dropLast(Spool.sentSuffix.count)), byteCount: 0, modificationTime: 0)
            }
            for file in files.sorted().dropLast(limit) {
                try Files.remove(outbox.appending(file.name + Spool.sentSuffix), missingIsFine: true)
            }
        }
    }
}

extension SpoolFolders {
    func marker(_ name: String, _ recipient: Recipient) -> FilePath {
        settled.appending("\(name).\(recipient.rawValue)")
    }

    func reason(_ name: String) -> FilePath { quarantine.appending("\(name).reason") }

    /// Notes for good that a server is done with a file, before which it must not be sent to it again.
    func settle(_ name: String, for recipient: Recipient, as settlement: Settlement) throws(SystemError) {
        try Files.makeFolder(settled)
        try Files.replace(marker(name, recipient), with: settlement.rawValue.utf8)
    }

    func settledNames(for recipient: Recipient) throws(SystemError) -> Set<String> {
        Set(try markers().filter { $0.recipient == recipient }.map(\.name))
    }

    func markers() throws(SystemError) -> [(name: String, recipient: Recipient)] {
        guard try SpoolFolders.isPresent(settled) else { return [] }
        return try Files.names(in: settled).compactMap { entry in
            guard let ending = entry.extension, let recipient = Recipient(rawValue: ending),
                !entry.string.hasPrefix(".")
            else { return nil }
            return (entry.stem, recipient)
        }
    }

    func removeMarkers(of name: String) throws(SystemError) {
        for recipient in Recipient.allCases { try Files.remove(marker(name, recipient), missingIsFine: true) }
    }

    /// Copies a file to another folder, where it has its name only when it is whole and synced.
    func copyWhole(_ old: FilePath, to new: FilePath) throws(SystemError) {
        let folder = new.removingLastComponent()
        let copy = folder.appending(SpoolFolders.copyPrefix + (new.lastComponent?.string ?? ""))
        try Files.remove(copy, missingIsFine: true)
        do throws(SystemError) {
            try SpoolFolders.copy(old, to: copy)
            try Files.rename(copy, to: new)
        } catch {
            try? Files.remove(copy)
            throw error
        }
        try Files.syncFolder(folder)
    }
}
