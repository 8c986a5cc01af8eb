internal import AgentConfiguration
internal import CommandRunner
internal import SystemPackage

/// `transfer_mode ftp`: curl(1), passive. Files and password go in the clear.
struct FTPTransport: Transport {
    /// What to tell whoever uses it.
    static let warning =
        "transfer_mode ftp sends the files and the password in the clear: use tentacle with TLS, or ssh"

    let batchSize = 64
    private let settings: ServerSettings
    private let port: Int

    init(_ settings: ServerSettings) throws(TransportUnavailable) {
        guard isPlainAddress(settings.address) else {
            throw TransportUnavailable(description: "transfer_mode ftp: the server's address is not usable")
        }
        self.settings = settings
        port = settings.port == GeneralSettings().primary.port ? 21 : settings.port
    }

    mutating func send(_ files: [OutgoingFile]) async -> [Delivery] {
        // The configuration holds the password, so it comes over standard input and not in the arguments. -q: nobody's
        // .curlrc.
        let result = await Command(
            .file("curl", arguments: ["-q", "--config", "-"]), environment: ProgramEnvironment.variables,
            timeLimit: settings.transferTimeout * (files.count + 1), outputLimit: 1 << 20,
            input: Array(configuration(files).utf8)
        ).run()
        return ProgramOutcome(
            files: files, completeCount: result.isSuccess ? files.count : Self.completeCount(result.output),
            failure: result.isSuccess ? nil : result.failure(of: "curl"),
            server: ServerFacts(address: "\(settings.address) port \(port)"), duration: result.duration
        ).deliveries
    }

    /// What curl reads: each file goes under another name and is renamed when it is whole.
    func configuration(_ files: [OutgoingFile]) -> String {
        let host = settings.address.contains(":") ? "[\(settings.address)]" : settings.address
        let folder = Self.percentEncoded(settings.path.string.drop { $0 == "/" })
        let seconds = max(1, settings.transferTimeout.components.seconds)
        return files.map { file in
            """
            silent
            show-error
            fail-early
            proto = "=ftp"
            ftp-method = "singlecwd"
            connect-timeout = \(seconds)
            max-time = \(seconds)
            user = \(Self.quoted("\(settings.user):\(settings.password.reveal())"))
            upload-file = \(Self.quoted(file.path.string))
            url = \(Self.quoted("ftp://\(host):\(port)/%2F\(folder)/\(Self.percentEncoded(Substring(".\(file.name).part")))"))
            quote = \(Self.quoted("-RNFR .\(file.name).part"))
            quote = \(Self.quoted("-RNTO \(file.name)"))
            write-out = "%{exitcode}\\n"

            """
        }.joined(separator: "next\n")
    }

    /// How many files were complete when a run failed: curl prints the status of each, and ends at the first failure.
    static func completeCount(_ output: [UInt8]) -> Int {
        String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline).prefix { $0 == "0" }.count
    }

    /// A value as curl's configuration has it.
    private static func quoted(_ text: String) -> String {
        "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "\""
    }

    /// A part of a URL (RFC 3986, section 2.1); curl would take `[`, `{` and the like for patterns.
    private static func percentEncoded(_ text: Substring) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "/"):
                return String(UnicodeScalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                return digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }.joined()
    }

    mutating func close() {}
}
