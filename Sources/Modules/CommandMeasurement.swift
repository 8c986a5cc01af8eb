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
            output += Array("\n[cut here: \(result.droppedByteCount) more bytes]".utf8)
        }
        return .value(Array(output))
    }
}

extension CommandResult {
    /// Why there is no data, as a sentence, with the first line of what the command said itself.
    var failureSentence: String {
        let complaint = errorOutput.split(separator: UInt8(ascii: "\n"), maxSplits: 1).first ?? []
        let text = String(decoding: complaint.prefix(300), as: UTF8.self)
        return text.isEmpty ? "the command \(ending)" : "the command \(ending): \(text)"
    }
}
