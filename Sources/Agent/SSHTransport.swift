internal import AgentConfiguration
internal import CommandRunner
internal import SystemPackage
internal import Tentacle

/// `transfer_mode ssh`: OpenSSH's sftp(1), with keys and known hosts of the agent's user. It never asks anything.
///
/// `server_opts` may name another key (`-i FILE`) and another file of known hosts (`-o UserKnownHostsFile=FILE`), and
/// nothing else: other options of sftp could run commands past the local policy.
struct SSHTransport: Transport {
    let batchSize = 64
    private let settings: ServerSettings
    private let options: [String]
    private let port: Int

    init(_ settings: ServerSettings) throws(TransportUnavailable) {
        self.settings = settings
        guard isPlainAddress(settings.address), isPlainAddress(settings.user) else {
            throw TransportUnavailable(description: "transfer_mode ssh: the server's address or user is not usable")
        }
        port = settings.port == GeneralSettings().primary.port ? 22 : settings.port
        options = try Self.options(settings.options)
    }

    private static func options(_ text: String) throws(TransportUnavailable) -> [String] {
        guard let words = try? ShellWords.split(text) else {
            throw TransportUnavailable(description: "server_opts: a quotation mark is never closed")
        }
        for (index, word) in words.enumerated() where index % 2 == 0 {
            let value = index + 1 < words.count ? words[index + 1] : ""
            let isAllowed =
                word == "-i" && !value.isEmpty || word == "-o" && value.hasPrefix("UserKnownHostsFile=")
            if !isAllowed {
                throw TransportUnavailable(
                    description:
                        "server_opts: with transfer_mode ssh only '-i FILE' and '-o UserKnownHostsFile=FILE' are "
                        + "used")
            }
        }
        return words
    }

    mutating func send(_ files: [OutgoingFile]) async -> [Delivery] {
        let host = settings.address.contains(":") ? "[\(settings.address)]" : settings.address
        let seconds = max(1, settings.transferTimeout.components.seconds)
        let arguments =
            options + [
                "-b", "-", "-P", String(port), "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes",
                "-o", "ConnectTimeout=\(seconds)", "-o", "ServerAliveInterval=\(seconds)",
                "-o", "ServerAliveCountMax=1", "--", "\(settings.user)@\(host)",
            ]
        let result = await Command(
            .file("sftp", arguments: arguments), environment: ProgramEnvironment.variables,
            timeLimit: settings.transferTimeout * files.count, outputLimit: 4 << 20,
            input: Array(Self.batch(files, to: settings.path).utf8)
        ).run()
        return ProgramOutcome(
            files: files, completeCount: result.isSuccess ? files.count : Self.completeCount(result.output),
            failure: result.isSuccess ? nil : failure(result),
            server: ServerFacts(address: "\(settings.user)@\(settings.address) port \(port)"),
            duration: result.duration
        ).deliveries
    }

    /// The commands for one file: how many a batch has.
    private static let commandsPerFile = 3

    /// The batch: each file goes under another name and is renamed when it is whole, since servers look for `*.data`.
    static func batch(_ files: [OutgoingFile], to folder: FilePath) -> String {
        files.map { file in
            let partial = quoted(folder.appending(".\(file.name).part").string)
            return """
                put \(quoted(file.path.string)) \(partial)
                chmod 644 \(partial)
                rename \(partial) \(quoted(folder.appending(file.name).string))

                """
        }.joined()
    }

    /// How many files were complete when a batch failed. sftp repeats each command before it does it, and ends at the
    /// first that fails: all before the last one were done.
    static func completeCount(_ output: [UInt8]) -> Int {
        let commands = String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline)
            .count { $0.hasPrefix("sftp> ") }
        return max(0, commands - 1) / commandsPerFile
    }

    /// A word as sftp reads it: characters of patterns mean themselves between quotation marks.
    private static func quoted(_ text: String) -> String {
        "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "\""
    }

    private func failure(_ result: CommandResult) -> String {
        let text = String(decoding: result.errorOutput, as: UTF8.self)
        let reason = result.failure(of: "sftp")
        if text.contains("Host key verification failed") {
            return
                "\(reason); put the key of \(settings.address) into the known_hosts of the agent's user, after comparing "
                + "it with the server's"
        }
        if text.contains("Permission denied (") {
            return
                "\(reason); the public key of the agent's user must be among the authorized keys of \(settings.user) at "
                + settings.address
        }
        return reason
    }

    mutating func close() {}
}
