internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// Reads files block by block and collects the lines that match, within limits that hold for all of them together.
struct LineScanner: ~Copyable {
    /// Where the reading of one file ended.
    struct End {
        var offset: Int64
        var isInsideLine: Bool
        /// Whether a limit was reached before the end of the file.
        var isLimited = false
        /// Whether the last line had no end and was taken nevertheless.
        var tookUnfinishedLine = false

        init(offset: Int64, isInsideLine: Bool = false) {
            self.offset = offset
            self.isInsideLine = isInsideLine
        }
    }

    private var kept: KeptLines
    private(set) var notes: [LogNote] = []
    private let limits: LogLimits
    private let matcher: PatternMatcher
    private let buffer: UnsafeMutableRawBufferPointer
    private var cutLines = 0
    private var abandonedLines = 0
    private var searchesBlocks: Bool
    private var watch: WorkWatch
    private let work: SearchWork
    private let searchedBefore: Int64
    private var searchedBytes: Int64 { watch.searchedBytes - searchedBefore }

    /// How much is read at once.
    private static let blockSize = 256 * 1024

    /// - Parameter work: What the pattern has cost before.
    init(pattern: LogPattern, limits: LogLimits, work: SearchWork = SearchWork()) {
        self.limits = limits
        self.work = work
        kept = KeptLines(limits: limits)
        watch = work.taken
        searchedBefore = watch.searchedBytes
        matcher = PatternMatcher(pattern)
        searchesBlocks = pattern.blockCode != nil
        // Whatever is left of the last block is shorter than the longest line and its end.
        buffer = .allocate(byteCount: limits.lineLength + 1 + Self.blockSize, alignment: 16)
    }

    deinit {
        buffer.deallocate()
    }

    /// The lines that match.
    var lines: LogLines { kept.lines }

    /// Whether a limit leaves no room for another line.
    var isFull: Bool { kept.isFull || hasSearchedEnough }

    private var hasSearchedEnough: Bool { searchedBytes >= limits.searchedBytes || isExhausted }

    /// Whether the pattern has taken all the work that a reading may.
    var isExhausted: Bool { watch.isExhausted }

    /// What was collected up to a moment.
    struct Mark {
        fileprivate let kept: KeptLines.Mark
        fileprivate let noteCount: Int
    }

    /// What is collected by now.
    var mark: Mark { Mark(kept: kept.mark, noteCount: notes.count) }

    /// Forgets what was collected since a moment; what that has cost stays counted.
    mutating func rollBack(to mark: Mark) {
        kept.rollBack(to: mark.kept)
        notes.removeLast(notes.count - mark.noteCount)
    }

    /// Reads a file from a place on.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - place: Where to begin; afterwards, also after a failure, where to go on.
    ///   - limit: Where to stop at the latest; bytes that are written during the reading are left alone.
    ///   - isFinal: Whether nobody will write to the file any more, so that a last line without end is a line.
    /// - Throws: Where a read fails; what was collected before stays.
    mutating func scan(_ file: LogFile, from place: inout End, upTo limit: Int64, isFinal: Bool) throws(SystemError) {
        let abandonedBefore = abandonedLines
        let cutBefore = cutLines
        watch.start()
        defer {
            noteCuts(in: file.path, after: cutBefore)
            noteWork(on: file.path, after: abandonedBefore)
        }
        if try takeWholePiece(of: file, from: &place, upTo: limit) { return }
        // The buffer holds the bytes of the file from place.offset on.
        var held = 0
        while true {
            let wanted = Int(min(Int64(Self.blockSize), limit - place.offset - Int64(held)))
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[held..<(held + max(wanted, 0))])
            let count = wanted > 0 ? try file.read(at: place.offset + Int64(held), into: room) : 0
            watch.searchedBytes += Int64(count)
            held += count
            let isAtEnd = count == 0
            let done = consume(UnsafeRawBufferPointer(rebasing: buffer[..<held]), isAll: isAtEnd && isFinal, &place)
            place.offset += Int64(done)
            held -= done
            if done > 0, held > 0, let base = buffer.baseAddress { memmove(base, base + done, held) }
            if place.isLimited || isAtEnd { return }
            watch.look(at: matcher, afterLines: WorkWatch.linesBetweenLooks)
            if hasSearchedEnough {
                place.isLimited = true
                return
            }
        }
    }

    /// Says how many lines were cut.
    ///
    /// - Parameter count: Of how many that was known already.
    mutating func noteCuts(in log: FilePath, after count: Int = 0) {
        if cutLines > count { notes.append(.cut(log, lines: cutLines - count, limit: limits.lineLength)) }
    }

    /// Says what was too much work, at the end of a search.
    ///
    /// - Parameter count: On how many lines that was known already.
    mutating func noteWork(on log: FilePath, after count: Int = 0) {
        let pattern = matcher.pattern.text
        if abandonedLines > count { notes.append(.gaveUp(log, lines: abandonedLines - count, pattern: pattern)) }
        if isExhausted { notes.append(.exhausted(log, pattern: pattern)) }
        watch.stop()
        work.taken = watch
    }

    /// Where every line is wanted, reads as many of them as may be brought right into their place.
    ///
    /// - Returns: Whether that is all there was room for. Otherwise the rest is for others: what is not whole lines of
    ///   allowed length, the end of the file.
    private mutating func takeWholePiece(
        of file: LogFile, from place: inout End, upTo limit: Int64
    ) throws(SystemError) -> Bool {
        let wanted = Int(min(Int64(limits.bytes), limit - place.offset))
        guard matcher.pattern.matchesEveryLine, !kept.areCounted, lines.isEmpty, !place.isInsideLine,
            wanted > Self.blockSize
        else { return false }
        var whole = 0
        var isFilled = false
        let bytes = try [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count throws(SystemError) in
            let buffer = UnsafeMutableRawBufferPointer(buffer)
            let text = UnsafeRawBufferPointer(
                rebasing: UnsafeRawBufferPointer(buffer)[..<(try file.read(at: place.offset, into: buffer))])
            watch.searchedBytes += Int64(text.count)
            isFilled = text.count == limits.bytes
            whole = endOfWholeLines(in: text, from: 0)
            // A line that is too long ends the whole ones before the last line feed.
            if let last = text.lastNewline, last >= whole { whole = 0 }
            count = whole
        }
        if whole == 0 { return false }
        kept.keep(piece: LogLines(wholeLines: bytes))
        place.offset += Int64(whole)
        place.isLimited = isFilled
        return place.isLimited
    }

    /// Searches one line from memory, given without its end.
    ///
    /// - Returns: Whether there was room for it.
    mutating func scan(line: [UInt8]) -> Bool {
        watch.start()
        // What its source does for the next line is no search.
        defer { watch.stop() }
        watch.searchedBytes += Int64(line.count + 1)
        let isLong = line.count > limits.lineLength
        var end = End(offset: 0)
        let isDone = (line.prefix(limits.lineLength) + [0]).withUnsafeBytes { bytes in
            take(
                UnsafeRawBufferPointer(rebasing: bytes.dropLast()),
                addition: isLong ? Array(LogLimits.cutMark.utf8) : Array("\n".utf8), &end)
        }
        if isLong, isDone { cutLines += 1 }
        return isDone
    }

    /// Searches the lines of a text that are whole, or, if it is all that there is, the last one too.
    ///
    /// - Returns: How many bytes need not be seen again.
    private mutating func consume(_ text: UnsafeRawBufferPointer, isAll: Bool, _ end: inout End) -> Int {
        var done = 0
        if end.isInsideLine {
            guard let newline = text.firstNewline(from: 0) else { return text.count }
            done = newline + 1
            end.isInsideLine = false
        }
        while done < text.count {
            let whole = endOfWholeLines(in: text, from: done)
            done = search(text, done..<whole, &end)
            if end.isLimited || done < whole { return done }
            let rest = text.count - done
            guard rest > limits.lineLength else {
                if isAll, rest > 0, take(UnsafeRawBufferPointer(rebasing: text[done...]), addition: "\n".utf8, &end) {
                    done = text.count
                    end.tookUnfinishedLine = true
                }
                return done
            }
            let line = UnsafeRawBufferPointer(rebasing: text[done..<(done + limits.lineLength)])
            guard take(line, addition: LogLimits.cutMark.utf8, &end) else { return done }
            cutLines += 1
            done += limits.lineLength
            guard let newline = text.firstNewline(from: done) else {
                end.isInsideLine = true
                return text.count
            }
            done = newline + 1
        }
        return done
    }

    /// Searches whole lines of allowed length.
    ///
    /// - Returns: The end of the range, or the start of the line that had no room.
    private mutating func search(_ text: UnsafeRawBufferPointer, _ range: Range<Int>, _ end: inout End) -> Int {
        if range.isEmpty { return range.upperBound }
        if matcher.pattern.matchesEveryLine {
            let count = kept.keep(all: UnsafeRawBufferPointer(rebasing: text[range]))
            end.isLimited = count < range.count
            return range.lowerBound + count
        }
        guard searchesBlocks, let form = matcher.pattern.blockForm,
            !form.mayOverlookBeforeCR || firstCarriageReturn(in: text, range) == nil
        else { return searchEachLine(text, range, &end) }
        return searchBlock(text, range, form, &end)
    }

    private mutating func searchEachLine(
        _ text: UnsafeRawBufferPointer, _ range: Range<Int>, _ end: inout End
    ) -> Int {
        var start = range.lowerBound
        while start < range.upperBound, let newline = text.firstNewline(from: start) {
            if isExhausted {
                end.isLimited = true
                return start
            }
            guard take(UnsafeRawBufferPointer(rebasing: text[start...newline]), addition: EmptyCollection(), &end)
            else { return start }
            start = newline + 1
        }
        return start
    }

    private mutating func searchBlock(
        _ text: UnsafeRawBufferPointer, _ range: Range<Int>, _ form: LineProofPattern, _ end: inout End
    ) -> Int {
        let block = UnsafeRawBufferPointer(rebasing: text[..<(range.upperBound - 1)])
        var start = range.lowerBound
        while start < range.upperBound {
            if isExhausted {
                end.isLimited = true
                return start
            }
            defer { watch.look(at: matcher) }
            switch matcher.search(block: block, from: start) {
            case .noMatch:
                return range.upperBound
            case .gaveUp:
                searchesBlocks = false
                return searchEachLine(text, start..<range.upperBound, &end)
            case .match(let match):
                let before = text[start..<match.lowerBound].lastIndex(of: UInt8(ascii: "\n"))
                let lineStart = before.map { $0 + 1 } ?? start
                let newline = text.firstNewline(from: match.lowerBound) ?? range.upperBound - 1
                let line = UnsafeRawBufferPointer(rebasing: text[lineStart...newline])
                let content = line.withoutLineEnd
                // A CR that the original pattern does not see may have played a part.
                let isCertain =
                    content.count == line.count - 1
                    || match.upperBound <= lineStart + content.count && !form.looksAhead
                let isDone =
                    isCertain
                    ? keep(line, EmptyCollection(), &end) : take(line, addition: EmptyCollection(), &end)
                guard isDone else { return lineStart }
                start = newline + 1
            }
        }
        return start
    }

    /// Keeps a line if it matches.
    ///
    /// - Returns: Whether the line is done with; otherwise a limit was reached, and it is to be read again.
    private mutating func take(
        _ line: UnsafeRawBufferPointer, addition: some Collection<UInt8>, _ end: inout End
    ) -> Bool {
        defer { watch.look(at: matcher) }
        switch matcher.search(line.withoutLineEnd) {
        case .noMatch: return true
        case .match: break
        case .gaveUp: abandonedLines += 1
        }
        return keep(line, addition, &end)
    }

    /// Keeps a line.
    ///
    /// - Returns: Whether there was room.
    private mutating func keep(
        _ line: UnsafeRawBufferPointer, _ addition: some Collection<UInt8>, _ end: inout End
    ) -> Bool {
        if kept.keep(line, addition, isOver: hasSearchedEnough) { return true }
        end.isLimited = true
        return false
    }

    /// Where the last whole line ends before one that is too long, or before the text does.
    ///
    /// Looking backwards from where the longest line would end finds it without a look at each line.
    private func endOfWholeLines(in text: UnsafeRawBufferPointer, from start: Int) -> Int {
        var end = start
        while true {
            let reach = UnsafeRawBufferPointer(rebasing: text[end..<min(text.count, end + limits.lineLength + 1)])
            guard let newline = reach.lastNewline else { return end }
            end += newline + 1
        }
    }

    private func firstCarriageReturn(in text: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
        guard let base = text.baseAddress,
            let found = memchr(base + range.lowerBound, Int32(UInt8(ascii: "\r")), range.count)
        else { return nil }
        return UnsafeRawPointer(found) - base
    }
}
