internal import Agent
internal import ArgumentParser

/// `sign`
struct SignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Sign a configuration or a collection, for hosts whose local.conf has require_signature.",
        discussion: """
            The key is an Ed25519 one in PEM without a pass phrase: openssl genpkey -algorithm ed25519 -out key.pem. The \
            hosts get its public part: openssl pkey -in key.pem -pubout. Keep the key away from the server.

            Example: pandora-agent sign --key key.pem 3a5c7c3ad4e6ab8e6cf3b0e6c6f9a8de.conf
            """)

    @Option(help: "The file of the private key.")
    var key: String

    @Option(help: "The name of a collection. (default: that of the file without its ending)")
    var name: String?

    @Argument(help: "The file, which is replaced by the signed one.")
    var file: String

    func run() throws {
        try printAnswer(try answering { try FileSigning.sign(file, name: name, key: key) })
    }
}
