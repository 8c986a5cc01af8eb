internal import CPCRE2

/// A Perl pattern that lines are searched for, compiled once and used from any thread.
///
/// What a pattern sees is one line without its end (LF, or CR LF), so `^`, `$`, `.` and `\s` never reach into another
/// line. Bytes are compared as bytes, as Perl does with a log; only a pattern that itself holds characters beyond
/// ASCII is matched as UTF-8, and then bytes that are no UTF-8 are passed over.
///
/// No pattern hangs: each search is given up once it has taken too much work (see ``Answer/gaveUp``). Syntax: pcre2pattern(3).
public final class LogPattern: Sendable {
    /// How a pattern is read.
    public struct Options: OptionSet, Sendable {
        /// The raw bits.
        public let rawValue: Int

        /// Takes raw bits.
        public init(rawValue: Int) {
            self.rawValue = rawValue
        }

        /// Upper and lower case differ. Without it they do not, as the agents before this one had it.
        public static let caseSensitive = Options(rawValue: 1)
        /// The pattern is interpreted, not compiled to machine code: what happens by itself where the process may not
        /// make memory executable (systemd's MemoryDenyWriteExecute, SELinux).
        public static let interpreted = Options(rawValue: 2)
    }

    /// What a search of one line found out.
    public enum Answer: Sendable, Hashable {
        /// The pattern matches.
        case match
        /// The pattern does not match.
        case noMatch
        /// The pattern took too much work on this line; whether it matches is unknown.
        case gaveUp
    }

    /// The pattern as it was written.
    public let text: String
    /// Whether machine code was made of it.
    public let isJustInTimeCompiled: Bool
    /// Whether every line matches, which is known from the form of the pattern alone.
    let matchesEveryLine: Bool
    /// Whether it is matched as UTF-8, rather than byte by byte.
    let isUTF: Bool
    // Both are read-only after the initialiser, hence usable from any thread.
    nonisolated(unsafe) let code: OpaquePointer?
    /// The form for texts of many lines, where there is one, and what is to be known of it.
    nonisolated(unsafe) let blockCode: OpaquePointer?
    let blockForm: LineProofPattern?
    private let flags: UInt32
    private static let multipleLines = PCRE2_MULTILINE | PCRE2_ALT_CIRCUMFLEX

    /// The longest pattern in bytes.
    public static let maximumLength = 64 * 1024

    /// Compiles a pattern.
    ///
    /// - Throws: ``LogPatternError`` with the place of the fault.
    public init(_ text: String, options: Options = []) throws(LogPatternError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.maximumLength else {
            throw LogPatternError(
                pattern: "\(text.prefix(40))…", offset: Self.maximumLength,
                reason: "it is longer than \(Self.maximumLength) bytes")
        }
        var flags = PCRE2_NEVER_BACKSLASH_C
        if !options.contains(.caseSensitive) { flags |= PCRE2_CASELESS }
        isUTF = bytes.contains(where: { $0 >= 0x80 }) || text.hasPrefix("(*UTF)")
        if isUTF {
            flags |= PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF
        } else {
            flags |= PCRE2_NEVER_UTF
        }
        let usesMachineCode = !options.contains(.interpreted)
        switch Self.compile(bytes, flags, usesMachineCode) {
        case .failure(let fault): throw LogPatternError(pattern: text, offset: fault.offset, reason: fault.reason)
        case .success(let compiled):
            self.code = compiled.code
            self.isJustInTimeCompiled = compiled.isMachineCode
        }
        self.flags = flags
        self.blockForm = LineProofPattern(bytes)
        self.blockCode = blockForm.flatMap {
            try? Self.compile($0.bytes, flags | Self.multipleLines, usesMachineCode).get().code
        }
        self.text = text
        self.matchesEveryLine = Self.matchesEveryLine(bytes)
    }

    /// A pattern that matches every line.
    public static let everyLine = LogPattern()

    /// Nothing to search for: what is asked of this pattern is answered without PCRE2.
    private init() {
        text = ""
        isJustInTimeCompiled = false
        matchesEveryLine = true
        isUTF = false
        flags = 0
        code = nil
        blockCode = nil
        blockForm = nil
    }

    /// The pattern, or its form for blocks, made so that a search can be limited to some places of a text, which costs
    /// something at each place. The caller frees it.
    func makeSteppingCode(forBlocks: Bool) -> OpaquePointer? {
        let flags = self.flags | PCRE2_USE_OFFSET_LIMIT
        if !forBlocks { return try? Self.compile(Array(text.utf8), flags, isJustInTimeCompiled).get().code }
        return blockForm.flatMap {
            try? Self.compile($0.bytes, flags | Self.multipleLines, isJustInTimeCompiled).get().code
        }
    }

    private struct Fault: Error {
        let offset: Int
        let reason: String
    }

    private static func compile(
        _ pattern: [UInt8], _ flags: UInt32, _ usesMachineCode: Bool
    ) -> Result<(code: OpaquePointer, isMachineCode: Bool), Fault> {
        let context = pcre2_compile_context_create_8(nil)
        defer { pcre2_compile_context_free_8(context) }
        if let context { pcre2_set_newline_8(context, UInt32(PCRE2_NEWLINE_LF)) }
        var number: Int32 = 0
        var offset = 0
        guard let code = pcre2_compile_8(pattern, pattern.count, flags, &number, &offset, context) else {
            return .failure(Fault(offset: offset, reason: message(number)))
        }
        // Where memory must not be made executable this fails, and the interpreter takes over by itself.
        return .success((code, usesMachineCode && pcre2_jit_compile_8(code, PCRE2_JIT_COMPLETE) == 0))
    }

    deinit {
        pcre2_code_free_8(code)
        pcre2_code_free_8(blockCode)
    }

    /// Searches one line, given without its end.
    public func search(_ line: some Sequence<UInt8>) -> Answer {
        let matcher = PatternMatcher(self)
        // One byte more than the line, as an empty array may have no address.
        let bytes = Array(line) + [0]
        return bytes.withUnsafeBytes { matcher.search(UnsafeRawBufferPointer(rebasing: $0.dropLast())) }
    }

    /// PCRE2's words for an error.
    private static func message(_ number: Int32) -> String {
        let message = [UInt8](unsafeUninitializedCapacity: 256) { buffer, count in
            count = max(0, Int(pcre2_get_error_message_8(number, buffer.baseAddress, buffer.count)))
        }
        return message.isEmpty ? "PCRE2 error \(number)" : String(decoding: message, as: UTF8.self)
    }

    /// Whether the pattern has the form `^`, then single characters or escaped punctuation that are each starred:
    /// `\.*`, `.*` and the empty pattern, which are how people say "all lines".
    private static func matchesEveryLine(_ pattern: [UInt8]) -> Bool {
        var rest = pattern[...]
        if rest.first == UInt8(ascii: "^") { rest.removeFirst() }
        while var character = rest.popFirst() {
            let isEscaped = character == UInt8(ascii: "\\")
            if isEscaped {
                guard let next = rest.popFirst() else { return false }
                character = next
            }
            let isPunctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".utf8.contains(character)
            let isAtom =
                isEscaped
                ? isPunctuation
                : character == UInt8(ascii: ".") || character == UInt8(ascii: " ")
                    || Unicode.Scalar(character).properties.isAlphabetic && character < 0x80
            guard isAtom, rest.popFirst() == UInt8(ascii: "*") else { return false }
            // A second quantifier would change what the star means.
            if let next = rest.first, "+?*{".utf8.contains(next), next != UInt8(ascii: "?") { return false }
            if rest.first == UInt8(ascii: "?") { rest.removeFirst() }
        }
        return true
    }
}

/// A pattern that cannot be compiled.
public struct LogPatternError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The pattern.
    public let pattern: String
    /// Where in it the fault was noticed, in bytes from its start.
    public let offset: Int
    /// What is wrong, in PCRE2's words.
    public let reason: String

    /// A sentence for an operator.
    public var description: String {
        "the pattern \"\(pattern)\" is not valid at offset \(offset): \(reason)"
    }
}
