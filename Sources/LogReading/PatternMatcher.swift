internal import CPCRE2

/// The memory that searches with one pattern need, for one thread.
struct PatternMatcher: ~Copyable {
    /// How often the interpreter may try to match at one place of one line, and how deep it may go. Ordinary patterns
    /// stay below a hundredth of it; a search that reaches it has cost some milliseconds.
    private static let workLimit: UInt32 = 200_000
    /// The same for a block of many lines; a search that reaches it is repeated line by line.
    private static let blockWorkLimit: UInt32 = 4_000_000
    /// In KiB, for the interpreter's backtracking.
    private static let heapLimit: UInt32 = 4 * 1024
    private static let machineStackLimit = 512 * 1024

    let pattern: LogPattern
    private let matchData: OpaquePointer?
    private let context: OpaquePointer?
    private let blockContext: OpaquePointer?
    private let machineStack: OpaquePointer?

    init(_ pattern: LogPattern) {
        self.pattern = pattern
        matchData = pcre2_match_data_create_8(1, nil)
        machineStack =
            pattern.isJustInTimeCompiled ? pcre2_jit_stack_create_8(32 * 1024, Self.machineStackLimit, nil) : nil
        context = Self.context(workLimit: Self.workLimit, machineStack)
        blockContext = Self.context(workLimit: Self.blockWorkLimit, machineStack)
    }

    private static func context(workLimit: UInt32, _ machineStack: OpaquePointer?) -> OpaquePointer? {
        guard let context = pcre2_match_context_create_8(nil) else { return nil }
        pcre2_set_match_limit_8(context, workLimit)
        pcre2_set_depth_limit_8(context, workLimit)
        pcre2_set_heap_limit_8(context, heapLimit)
        if let machineStack { pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(machineStack)) }
        return context
    }

    deinit {
        pcre2_match_data_free_8(matchData)
        pcre2_match_context_free_8(context)
        pcre2_match_context_free_8(blockContext)
        pcre2_jit_stack_free_8(machineStack)
    }

    /// Searches one line.
    ///
    /// - Parameter line: The line without its end; it must have an address even if it is empty.
    func search(_ line: UnsafeRawBufferPointer) -> LogPattern.Answer {
        if pattern.matchesEveryLine { return .match }
        guard let matchData, let context else { return .gaveUp }
        let result = pcre2_match_8(
            pattern.code, line.baseAddress?.assumingMemoryBound(to: UInt8.self), line.count, 0, 0, matchData, context)
        // Zero says that there were more groups than the one that is kept.
        if result >= 0 { return .match }
        return result == PCRE2_ERROR_NOMATCH ? .noMatch : .gaveUp
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
        guard let matchData, let context else { return .gaveUp }
        let result = pcre2_match_8(
            pattern.code, line.baseAddress?.assumingMemoryBound(to: UInt8.self), line.count, start,
            PCRE2_NOTEMPTY | (isCut ? PCRE2_PARTIAL_HARD : 0), matchData, context)
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
        guard let code = pattern.blockCode, let matchData, let blockContext else { return .gaveUp }
        let result = pcre2_match_8(
            code, block.baseAddress?.assumingMemoryBound(to: UInt8.self), block.count, start, 0, matchData,
            blockContext)
        if result == PCRE2_ERROR_NOMATCH { return .noMatch }
        guard result >= 0, let places = pcre2_get_ovector_pointer_8(matchData), places[0] <= places[1] else {
            return .gaveUp
        }
        return .match(places[0]..<places[1])
    }
}
