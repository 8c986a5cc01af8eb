internal import AgentConfiguration
internal import CommandRunner
internal import LogReading
internal import TextEncodings

/// Why it is unknown whether a condition holds; a sentence.
struct ConditionUnanswered: Error, Sendable, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension Condition {
    /// Whether a module's value holds: the first line of it that is not empty, which is what the Perl agent looks at too.
    ///
    /// - Throws: Where it is unknown.
    func holds(for value: String) throws(ConditionUnanswered) -> Bool {
        let line = Array(value.utf8).firstLine
        return try holds(number: line, text: line)
    }

    /// Whether the output of a command holds: the first line of it that is not empty as a number, all of it for a regular
    /// expression.
    ///
    /// - Throws: Where it is unknown.
    func holds(forOutput output: [UInt8]) throws(ConditionUnanswered) -> Bool {
        try holds(number: output.firstLine, text: output[...])
    }

    private func holds(number line: ArraySlice<UInt8>, text: ArraySlice<UInt8>) throws(ConditionUnanswered) -> Bool {
        guard case .matches(let pattern) = self else {
            let text = String(decoding: line.prefix(Self.longestNumber), as: UTF8.self)
            guard let number = Double(text.filter { !$0.isWhitespace }.replacingComma) else { return false }
            return holds(for: number) ?? false
        }
        let compiled: LogPattern
        do throws(LogPatternError) {
            compiled = try LogPattern(pattern, options: .caseSensitive)
        } catch {
            throw ConditionUnanswered("\(error)")
        }
        switch compiled.search(text) {
        case .match: return true
        case .noMatch: return false
        case .gaveUp:
            throw ConditionUnanswered("the pattern \"\(pattern)\" takes too much work on this text: simplify it")
        }
    }

    /// No number of any use is longer, in bytes.
    private static let longestNumber = 4096
}

extension CommandCondition {
    /// How much of a command's output is looked at, in bytes.
    static let outputLimit = 1 << 20

    /// Whether a precondition holds, by what its command printed. The status does not decide: grep(1), for one, prints 0 and
    /// fails where it finds nothing.
    ///
    /// - Parameter encoding: What the output is in where it is not UTF-8.
    /// - Throws: Where there is no answer.
    func holds(after result: CommandResult, in encoding: TextEncoding) throws(ConditionUnanswered) -> Bool {
        guard case .exited(let status) = result.ending else { throw ConditionUnanswered("\(result.ending)") }
        if status != 0, result.output.isEmpty {
            if Self.statusesOfNoCommand.contains(status) { throw ConditionUnanswered("\(result.ending)") }
            // The Perl agent takes nothing for 0. What failed without a word must not let a module run, though.
            if condition.holds(for: 0) == true {
                throw ConditionUnanswered("it printed nothing and \(result.ending)")
            }
        }
        let output = encoding == .utf8 ? result.output : Array(encoding.text(of: result.output).utf8)
        return try condition.holds(forOutput: output)
    }

    /// What a shell ends with where it could not execute a command (sh(1)).
    private static let statusesOfNoCommand: ClosedRange<Int32> = 126...127
}

extension [UInt8] {
    /// The first line that is not empty, without its LF.
    var firstLine: ArraySlice<UInt8> { split(separator: UInt8(ascii: "\n"), maxSplits: 1).first ?? [] }
}

extension String {
    /// Servers take `3,14` for a number, so conditions do too.
    fileprivate var replacingComma: String { String(map { $0 == "," ? "." : $0 }) }
}
