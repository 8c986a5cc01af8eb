internal import CommandRunner

/// `module_exec`: the standard output of `sh -c COMMAND`. A status other than 0, or no output, is no data.
struct CommandMeasurement: Sendable {
    let command: String
    let timeLimit: Duration

    /// How much of the output goes into the data file, in bytes: servers take 2,000,000 for the whole file.
    static let outputLimit = 1 << 20

    func run(in context: ModuleContext) async -> CommandResult {
        await context.bounds.bound(
            Command(
                .shell(command), environment: context.environment, timeLimit: timeLimit, outputLimit: Self.outputLimit)
        ).run()
    }

    static func measurement(of result: CommandResult) -> Measurement {
        guard result.isSuccess else { return .failure(result.failureSentence) }
        var output = result.output[...]
        while let last = output.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { output.removeLast() }
        if output.isEmpty { return .noData("the command printed nothing") }
        if result.isTruncated {
            output.removeCutCharacter()
            output += Array("\n[cut here: \(result.droppedByteCount) more bytes]".utf8)
        }
        return .value(Array(output))
    }
}

extension ArraySlice<UInt8> {
    /// Removes the beginning of a character of UTF-8 whose end is not there: for its sake, the line would be taken for
    /// text in another encoding.
    fileprivate mutating func removeCutCharacter() {
        let rest = reversed().prefix(3).prefix { $0 & 0xC0 == 0x80 }.count
        guard let first = dropLast(rest).last, first >= 0xC0, (~first).leadingZeroBitCount > rest + 1 else { return }
        removeLast(rest + 1)
    }
}

extension CommandResult {
    /// How much of the output is missing, as a sentence.
    var cutSentence: String { "its output was cut: \(droppedByteCount) bytes were dropped" }

    /// Why there is no data, as a sentence, with the first line of what the command said itself.
    var failureSentence: String {
        let complaint = errorOutput.split(separator: UInt8(ascii: "\n"), maxSplits: 1).first ?? []
        let text = String(decoding: complaint.prefix(300), as: UTF8.self)
        return text.isEmpty ? "the command \(ending)" : "the command \(ending): \(text)"
    }
}
