internal import SystemFiles
internal import SystemPackage

/// Reads what is new in the file of one path, wherever rotation has put it.
struct FileReading {
    /// What became of one file.
    struct Result {
        /// Where to go on the next time; `nil` if nothing is known of the file.
        var position: FilePosition?
        var notes: [LogNote] = []
        var failures: [LogFailure] = []
        /// Whether a limit ended the reading.
        var isLimited = false
        /// Whether other files were read before the one of the position.
        var isOfSeveral = false
    }

    let path: FilePath
    let limits: LogLimits
    /// Seconds since 1970.
    let now: Int64
    let folders: FolderSnapshots
    /// Whether it is a rotated file, whose rest is read by itself: what was written after it is that of its log.
    var isPast = false

    /// How often a search through a folder that changes meanwhile is repeated.
    private static let mostAttempts = 5

    /// The position of a log that has no file and comes to an end, where rotations left something of it: what comes later is
    /// read, and that is not. `nil` where nothing is left.
    var positionWithoutFile: FilePosition? {
        let predecessor = newestRotated
        return predecessor == .none ? nil : .nothingYet(after: predecessor)
    }

    /// What rotations put away last.
    private var newestRotated: FilePosition.Predecessor { RotationFolder.newestRotated(of: path, in: folders) }

    /// The position before everything in the file; `nil` where it cannot be opened.
    func meet() -> FilePosition? {
        (try? LogFile(path))?.position(at: 0, isInsideLine: false, predecessor: newestRotated)
    }

    /// Takes up the file for the first time.
    ///
    /// - Parameters:
    ///   - atEnd: Whether to read nothing and remember the end.
    func begin(_ scanner: inout LineScanner, atEnd: Bool) -> Result {
        let predecessor = newestRotated
        do throws(LogFailure) {
            let file = try LogFile(path)
            guard atEnd else {
                // What was emptied during the reading is not known to this reader at all, and met the next time.
                return read([file], from: LineScanner.End(offset: 0), after: predecessor, with: &scanner)
                    ?? Result(notes: [.unsettled(path)])
            }
            do throws(SystemError) {
                let end = try file.endOfLastLine(longestLine: limits.lineLength)
                return Result(
                    position: file.position(
                        at: end.offset, isInsideLine: end.isInsideLine, predecessor: predecessor))
            } catch {
                throw LogFailure(path, error)
            }
        } catch {
            // What is rotated away before the next reading will not have been seen under this name at all.
            return Result(
                position: error.reason == .missing ? .nothingYet(after: predecessor) : nil, failures: [error])
        }
    }

    /// Goes on from a position.
    func resume(_ position: FilePosition, with scanner: inout LineScanner) -> Result {
        do throws(SystemError) {
            for _ in 0..<Self.mostAttempts {
                var current: LogFile?
                do throws(LogFailure) {
                    current = try LogFile(path)
                } catch {
                    // A log that has no file at the moment may have been rotated away; others are failures.
                    if error.reason != .missing { return Result(position: position, failures: [error]) }
                }
                // A position that has seen no byte cannot tell by them whether the log was copied and emptied since.
                if let current, position.size > 0, try current.isFile(of: position) {
                    if current.size == position.size, current.size == position.offset {
                        var position = position
                        position.changed = current.changed
                        return Result(position: position)
                    }
                    if let result = read(
                        [current], from: Self.place(position), after: position.predecessor, with: &scanner,
                        beginning: position.head)
                    {
                        return result
                    }
                } else if var chain = try RotationChain.find(position, of: path, current: current, in: folders) {
                    if isPast { chain.endAtPlace() }
                    if let result = follow(chain, from: position, with: &scanner) { return result }
                }
            }
            return Result(position: position, notes: [.unsettled(path)])
        } catch {
            return Result(position: position, failures: [LogFailure(path, error)])
        }
    }

    private func follow(
        _ chain: RotationChain, from position: FilePosition, with scanner: inout LineScanner
    ) -> Result? {
        var result: Result
        if let place = chain.place {
            guard
                let found = read(
                    [place] + chain.later, from: Self.place(position), after: chain.predecessor, with: &scanner,
                    known: position)
            else { return nil }
            result = found
            if result.position != position, !chain.later.isEmpty || place.path != path {
                result.notes.insert(.rotated(path, rest: place.path), at: 0)
            }
        } else {
            guard !chain.later.isEmpty else {
                return Result(position: position, failures: [LogFailure(path, .missing)])
            }
            guard
                let found = read(
                    chain.later, from: LineScanner.End(offset: 0), after: chain.predecessor, with: &scanner)
            else { return nil }
            result = found
            if position.size > 0 {
                let missed = position.size - position.offset
                result.notes.insert(.missed(path, bytes: missed), at: 0)
            }
        }
        if chain.isCut { result.isLimited = true }
        if let place = chain.placeOfNoOrder, result.position?.inode != chain.place?.inode {
            result.notes.append(.orderUnknown(path, rest: place))
        }
        result.failures += chain.unreadable + [chain.obstacle].compactMap { $0 }
        let isLeft = result.position.map { $0.inode != chain.place?.inode || $0.device != chain.place?.device } ?? false
        if isLeft {
            // The first of them may be the file of the position, whose rest was counted already.
            let uncounted = chain.unreadable.dropFirst(chain.place == nil && position.size > 0 ? 1 : 0)
            for failure in uncounted {
                let status = try? Files.status(failure.path)
                result.add(unreadable: failure.path, bytes: status.map { Int64($0.size) } ?? 0)
            }
        }
        return result
    }

    private static func place(_ position: FilePosition) -> LineScanner.End {
        LineScanner.End(offset: position.offset, isInsideLine: position.isInsideLine)
    }

    /// Reads files that continue each other.
    ///
    /// A file is left for the next one only once a later one holds something: until then whoever writes may still have
    /// the old one open, as a daemon does between the renaming and the signal that makes it reopen its log.
    ///
    /// - Parameters:
    ///   - known: What was known of the first file.
    ///   - beginning: What the last file began with when it was found; `nil` where nobody looked yet.
    /// - Returns: `nil` where the last file was emptied during the reading, as copytruncate does. Nobody knows then what of
    ///   it was read before and what after; the copy has it all, so nothing counts as read.
    private func read(
        _ files: [LogFile], from start: LineScanner.End, after predecessor: FilePosition.Predecessor,
        with scanner: inout LineScanner, known: FilePosition? = nil, beginning: Fingerprint? = nil
    ) -> Result? {
        let mark = scanner.mark
        let beginning = beginning ?? (try? files.last?.head())
        var result = Result()
        var end = start
        var predecessor = predecessor
        var hasFailed = false
        for (index, file) in files.enumerated() {
            if index > 0 { end = LineScanner.End(offset: 0) }
            let isFollowed = files[(index + 1)...].contains { $0.size > 0 }
            if index == 0, let known, file.isFinished(at: known) {
                guard isFollowed else { return Result(position: known) }
                if let head = try? file.head(), head.length > 0 { predecessor = .file(head) }
                continue
            }
            let isOverdue = !isFollowed && now - file.modified >= limits.patience
            do throws(SystemError) {
                try scanner.scan(
                    file, from: &end, upTo: isFollowed ? .max : file.size, isFinal: isFollowed || isOverdue)
            } catch {
                result.failures.append(LogFailure(path, error))
                // What is damaged for good must not keep what came after it from being read.
                hasFailed = error.code != .badMessage
                if !hasFailed {
                    let known = index == 0 ? (known?.size ?? 0) - end.offset : 0
                    result.add(unreadable: file.path, bytes: max(1, known, file.unreadBytes(after: end.offset)))
                }
            }
            if isOverdue, end.tookUnfinishedLine { result.notes.append(.unfinishedLineRead(path)) }
            if !isFollowed || end.isLimited || hasFailed {
                result.position = file.position(
                    at: end.offset, isInsideLine: end.isInsideLine, predecessor: predecessor)
                // Only now, as the position is made of what is in the file, too.
                if index == files.count - 1, let beginning, !file.isStill(beginningWith: beginning, size: end.offset) {
                    scanner.rollBack(to: mark)
                    return nil
                }
                result.isLimited = end.isLimited
                result.isOfSeveral = index > 0
                return result
            }
            if let head = try? file.head(), head.length > 0 { predecessor = .file(head) }
        }
        return result
    }
}

extension FileReading.Result {
    fileprivate mutating func add(unreadable path: FilePath, bytes: Int64) {
        notes.append(.unreadable(path, bytes: bytes))
    }
}
