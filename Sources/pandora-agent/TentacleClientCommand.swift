internal import Agent
internal import ArgumentParser
internal import Glibc
internal import SystemPackage
internal import Tentacle

/// `tentacle`, and the whole program where it is called `tentacle_client`: the reference client's command line.
struct TentacleClientCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tentacle",
        abstract: "Send files to a Tentacle server, or get them from it, with the reference client's options.",
        discussion: """
            All that follows belongs to the client; -h explains it. Exit status: 0 every file was transferred, else 1.

            Example: pandora-agent tentacle -a monitoring.example -c file.data
            """)

    @Argument(parsing: .captureForPassthrough, help: "The client's options and files.")
    var words: [String] = []

    /// The command as the parser makes it.
    init() {}

    /// The command with words that no parser has seen.
    init(words: [String]) {
        self.words = words
    }

    func run() throws {
        let status = TentacleCommand.run(
            words,
            .init(
                print: { _ = try? FileDescriptor.standardOutput.writeAll("\($0)\n".utf8) },
                complain: { writeToStandardError("\($0)\n") },
                askForPassPhrase: { TerminalPrompt.secret("Pass phrase of \($0): ").map { Secret($0) } }))
        if status != 0 { throw ExitCode(status) }
    }
}

/// Questions on the terminal that the program was started from.
enum TerminalPrompt {
    /// Asks for a secret, which the terminal does not show while it is typed.
    ///
    /// - Returns: `nil` where there is no terminal or no answer.
    static func secret(_ question: String) -> String? {
        guard let terminal = try? FileDescriptor.open("/dev/tty", .readWrite) else { return nil }
        defer { try? terminal.close() }
        var settings = termios()
        guard tcgetattr(terminal.rawValue, &settings) == 0 else { return nil }
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        guard tcsetattr(terminal.rawValue, TCSAFLUSH, &silent) == 0 else { return nil }
        defer {
            tcsetattr(terminal.rawValue, TCSAFLUSH, &settings)
            _ = try? terminal.writeAll("\n".utf8)
        }
        _ = try? terminal.writeAll(question.utf8)
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count < 4096 {
            let count = withUnsafeMutableBytes(of: &byte) { (try? terminal.read(into: $0)) ?? 0 }
            if count == 0 || byte == UInt8(ascii: "\n") { break }
            line.append(byte)
        }
        return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
    }
}
