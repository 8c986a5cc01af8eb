internal import CPCRE2

/// The memory that searches with one pattern need, for one thread, and the bounds that they keep.
///
/// # How every search ends
/// PCRE2 limits what it does at each place where a match could begin, and nothing else: a text of 64 KiB has as many
/// places, and each may cost as much as the text is long. So what is allowed at a place is cut to what all places of a text
/// may cost together, which is enough for nearly all lines. Where it is not, and where a text is so long that mere looking
/// ahead from each place would be too much, the text is searched in steps: from a few places, with the whole allowance for
/// each, and from more of them at once as long as that costs little. Between steps, the processor's time is looked at.
struct PatternMatcher: ~Copyable {
    /// How often it may be tried to match at one place, and how deep that may go. Ordinary patterns stay below a hundredth
    /// of it; a search that reaches it has cost some milliseconds.
    private static let workAtPlace: UInt32 = 200_000
    /// The same for all places of a step: some milliseconds.
    private static let workOfStep = 1 << 18
    /// How many bytes may be looked at from one place: each try may look at all that follows.
    private static let looksAtPlace = 1 << 34
    /// How many bytes mere looking ahead may look at in a step.
    private static let looksOfStep = 1 << 28
    /// Texts of so many bytes are searched at once, if that is enough.
    static let shortText = 4 * 1024
    /// How many bytes of a block are searched at once, and what may be tried at each place of them.
    private static let pieceOfBlock = 32 * 1024
    private static let workInBlock: UInt32 = 1024
    /// What the steps of one search may take, in nanoseconds of the processor: half a second, and another for each half a
    /// million bytes.
    private static let longestSearch: Int64 = 500_000_000
    private static let searchOfByte: Int64 = 1_000
    /// A step that took less makes the next one larger, one that took more makes it smaller; in nanoseconds.
    private static let shortStep: Int64 = 20_000_000
    private static let longStep: Int64 = 100_000_000
    /// In KiB, for the interpreter's backtracking.
    private static let heapLimit: UInt32 = 4 * 1024
    private static let machineStackLimit = 512 * 1024

    /// What the searches have cost that ordinary ones are not like.
    final class Effort {
        /// In nanoseconds of the processor.
        fileprivate(set) var nanoseconds: Int64 = 0
        /// How many searches were given up.
        fileprivate(set) var abandonedCount = 0
    }

    /// What searches in steps run, made when the first one comes.
    private final class SteppingCode {
        private let pattern: LogPattern
        private let isForBlocks: Bool
        private var code: OpaquePointer?

        init(_ pattern: LogPattern, forBlocks: Bool) {
            self.pattern = pattern
            isForBlocks = forBlocks
        }

        deinit {
            pcre2_code_free_8(code)
        }

        func make() -> OpaquePointer? {
            if code == nil { code = pattern.makeSteppingCode(forBlocks: isForBlocks) }
            return code
        }
    }

    let pattern: LogPattern
    private let steppingCode: SteppingCode
    private let steppingBlockCode: SteppingCode
    let effort = Effort()
    private let shortText: Int
    private let matchData: OpaquePointer?
    private let context: OpaquePointer?
    private let stepContext: OpaquePointer?
    private let machineStack: OpaquePointer?

    init(_ pattern: LogPattern, shortText: Int = Self.shortText) {
        self.pattern = pattern
        self.shortText = shortText
        steppingCode = SteppingCode(pattern, forBlocks: false)
        steppingBlockCode = SteppingCode(pattern, forBlocks: true)
        matchData = pcre2_match_data_create_8(1, nil)
        machineStack =
            pattern.isJustInTimeCompiled ? pcre2_jit_stack_create_8(32 * 1024, Self.machineStackLimit, nil) : nil
        context = Self.context(machineStack)
        stepContext = Self.context(machineStack)
    }

    private static func context(_ machineStack: OpaquePointer?) -> OpaquePointer? {
        guard let context = pcre2_match_context_create_8(nil) else { return nil }
        pcre2_set_depth_limit_8(context, workAtPlace)
        pcre2_set_heap_limit_8(context, heapLimit)
        if let machineStack { pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(machineStack)) }
        return context
    }

    deinit {
        pcre2_match_data_free_8(matchData)
        pcre2_match_context_free_8(context)
        pcre2_match_context_free_8(stepContext)
        pcre2_jit_stack_free_8(machineStack)
    }

    /// Searches one line.
    ///
    /// - Parameter line: The line without its end; it must have an address even if it is empty.
    func search(_ line: UnsafeRawBufferPointer) -> LogPattern.Answer {
        if pattern.matchesEveryLine { return .match }
        let result = find(line, from: 0)
        // Zero says that there were more groups than the one that is kept.
        if result >= 0 { return .match }
        if result == PCRE2_ERROR_NOMATCH { return .noMatch }
        effort.abandonedCount += 1
        return .gaveUp
    }

    /// What a search for the next match found.
    enum PlaceAnswer {
        /// A match that is not empty.
        case match(Range<Int>)
        /// From here on the rest of the line could be the beginning of a match, if the line went on.
        case open(from: Int)
        case noMatch
        case gaveUp
    }

    /// Searches a line for the next match that is not empty.
    ///
    /// - Parameters:
    ///   - line: The line without its end; it must have an address.
    ///   - start: Where to search from; what stands before it is seen by lookbehinds.
    ///   - isCut: Whether the line goes on after its last byte. As pcre2partial(3) has it for PCRE2_PARTIAL_HARD, whatever
    ///     a search at some place would want to see of that makes the answer open.
    func match(_ line: UnsafeRawBufferPointer, from start: Int, isCut: Bool) -> PlaceAnswer {
        let result = find(line, from: start, PCRE2_NOTEMPTY | (isCut ? PCRE2_PARTIAL_HARD : 0))
        if result == PCRE2_ERROR_NOMATCH { return .noMatch }
        guard result >= 0 || result == PCRE2_ERROR_PARTIAL, let places = pcre2_get_ovector_pointer_8(matchData),
            start <= places[0], places[0] <= line.count
        else { return .gaveUp }
        if result == PCRE2_ERROR_PARTIAL { return .open(from: places[0]) }
        guard places[0] < places[1], places[1] <= line.count else { return .gaveUp }
        return .match(places[0]..<places[1])
    }

    /// What a search of a block of lines found.
    enum BlockAnswer {
        /// The first match.
        case match(Range<Int>)
        case noMatch
        /// It took too much work, or the pattern has no form for blocks.
        case gaveUp
    }

    /// Searches many lines at once; see ``LineProofPattern`` for what a match says of lines that end with CR LF.
    ///
    /// - Parameters:
    ///   - block: The lines, without the end of the last one.
    ///   - start: Where a line starts from which to search.
    func search(block: UnsafeRawBufferPointer, from start: Int) -> BlockAnswer {
        guard let code = pattern.blockCode else { return .gaveUp }
        var place = start
        while true {
            // As no match reaches into another line, whole lines are as good as the whole block.
            let end = block.endOfLines(from: place, near: Self.pieceOfBlock)
            let piece = UnsafeRawBufferPointer(rebasing: block[..<end])
            let result = find(code, piece, from: place)
            if result >= 0 {
                guard let places = pcre2_get_ovector_pointer_8(matchData), places[0] <= places[1] else {
                    return .gaveUp
                }
                return .match(places[0]..<places[1])
            }
            if result != PCRE2_ERROR_NOMATCH { return .gaveUp }
            if end == block.count { return .noMatch }
            place = end + 1
        }
    }

    private func find(_ line: UnsafeRawBufferPointer, from start: Int, _ options: UInt32 = 0) -> Int32 {
        let length = line.count - start
        guard length <= shortText else { return findInSteps(steppingCode, line, from: start, options) }
        let work = min(Self.workAtPlace, UInt32(Self.workOfStep / max(1, length)))
        let result = run(pattern.code, line, from: start, options, context, work)
        return result == PCRE2_ERROR_MATCHLIMIT ? findInSteps(steppingCode, line, from: start, options) : result
    }

    private func find(_ blockCode: OpaquePointer, _ piece: UnsafeRawBufferPointer, from start: Int) -> Int32 {
        guard piece.count - start <= Self.pieceOfBlock else {
            return findInSteps(steppingBlockCode, piece, from: start, 0)
        }
        let result = run(blockCode, piece, from: start, 0, context, Self.workInBlock)
        return result == PCRE2_ERROR_MATCHLIMIT ? findInSteps(steppingBlockCode, piece, from: start, 0) : result
    }

    private func run(
        _ code: OpaquePointer?, _ text: UnsafeRawBufferPointer, from start: Int, _ options: UInt32,
        _ context: OpaquePointer?, _ work: UInt32
    ) -> Int32 {
        guard let context, let matchData else { return PCRE2_ERROR_NOMEMORY }
        pcre2_set_match_limit_8(context, work)
        return pcre2_match_8(
            code, text.baseAddress?.assumingMemoryBound(to: UInt8.self), text.count, start, options, matchData, context)
    }

    private func findInSteps(
        _ code: SteppingCode, _ text: UnsafeRawBufferPointer, from start: Int, _ options: UInt32
    ) -> Int32 {
        guard let code = code.make() else { return PCRE2_ERROR_NOMEMORY }
        let begin = WorkWatch.processorTime
        defer { effort.nanoseconds += WorkWatch.processorTime - begin }
        let length = max(1, text.count - start)
        let mostWork = min(Int(Self.workAtPlace), Self.looksAtPlace / length)
        // Each step has its own price, above all for texts in UTF-8, so there must not be too many of them.
        let mostPlaces = max(Self.looksOfStep / length, length / 256)
        let longestSearch = Self.longestSearch + Int64(length) * Self.searchOfByte
        var place = start
        var placeCount = 1
        while true {
            var last = min(place + placeCount - 1, text.count)
            if pattern.isUTF { last = text.endOfCharacter(at: last) }
            let stepBegin = WorkWatch.processorTime
            pcre2_set_offset_limit_8(stepContext, last)
            let work = min(mostWork, Self.workOfStep / placeCount)
            let result = run(code, text, from: place, options, stepContext, UInt32(work))
            let isTooMuch = result == PCRE2_ERROR_MATCHLIMIT
            if !isTooMuch || placeCount == 1, result != PCRE2_ERROR_NOMATCH { return result }
            if !isTooMuch {
                if last == text.count { return result }
                place = last + 1
            }
            let now = WorkWatch.processorTime
            if now - begin > longestSearch { return PCRE2_ERROR_MATCHLIMIT }
            if isTooMuch || now - stepBegin > Self.longStep {
                placeCount = max(1, placeCount / 8)
            } else if now - stepBegin < Self.shortStep {
                placeCount = min(placeCount * 4, mostPlaces)
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Where the last line ends that lies within so many bytes, or else the first one; without its line feed.
    fileprivate func endOfLines(from start: Int, near length: Int) -> Int {
        guard count - start > length else { return count }
        let near = UnsafeRawBufferPointer(rebasing: self[start..<(start + length)])
        if let newline = near.lastNewline { return start + newline }
        return firstNewline(from: start + length) ?? count
    }

    /// The last place before one that is certainly not within a character of UTF-8.
    fileprivate func endOfCharacter(at place: Int) -> Int {
        place >= count ? count : (self[(place + 1)...].firstIndex { $0 & 0xC0 != 0x80 } ?? count) - 1
    }
}
