import SystemFiles
import SystemPackage
import Tentacle
import TentacleServerDouble
import TestSupport
import Testing

@Suite("The reference client's command line")
struct CommandTests {
    private final class Output {
        var printed: [String] = []
        var complaints: [String] = []
    }

    private func run(_ words: [String], in folder: FilePath, asking answer: Secret? = nil) -> (CInt, Output) {
        let output = Output()
        let status = TentacleCommand.run(
            words,
            .init(
                print: { output.printed.append($0) }, complain: { output.complaints.append($0) },
                askForPassPhrase: { _ in answer }, folder: folder, scratch: folder))
        return (status, output)
    }

    @Test("Files are sent, compressed or not, and received")
    func transfer() throws {
        try withTemporaryFolder { folder in
            let data = Array("some data\n".utf8)
            for name in ["a.1.data", "a.2.data", "a.3.data"] { try Files.create(folder.appending(name), data) }
            try withServer {
                $0.password = "secret"
            } _: { server in
                let base = ["-a", "127.0.0.1", "-p", "\(server.port)", "-x", "secret"]
                let files = ["a.1.data", "a.2.data"].map { folder.appending($0).string }
                let (sent, output) = run(base + ["-v"] + files, in: folder)
                #expect(sent == 0 && output.complaints.isEmpty)
                #expect(output.printed.count == 2)
                #expect(output.printed.first?.hasPrefix("a.1.data: sent 10 bytes (10 on the wire), 127.0.0.1") == true)
                #expect(run(base + ["-z", folder.appending("a.3.data").string], in: folder).0 == 0)
                #expect(server.files == ["a.1.data": data, "a.2.data": data, "a.3.data": data])

                let back = folder.appending("back")
                try Files.makeFolder(back)
                #expect(run(base + ["-g", "a.1.data"], in: back).0 == 0)
                #expect(run(base + ["-gz", "a.2.data"], in: back).0 == 0)
                #expect(try Files.names(in: back).map(\.string) == ["a.1.data", "a.2.data"])
                #expect(try Files.read(back.appending("a.2.data"), limit: 100) == data)
            }
        }
    }

    @Test("A refused file does not keep the others from going, and the status is 1")
    func refused() throws {
        try withTemporaryFolder { folder in
            let names = ["a.1.data", "a.2.data"]
            for name in names { try Files.create(folder.appending(name), [1]) }
            try withServer { server in
                server.files["a.1.data"] = [0]
                let words = ["-a", "127.0.0.1", "-p", "\(server.port)"]
                let files = ["missing", "a.1.data", "a.2.data"].map { folder.appending($0).string }
                let (status, output) = run(words + files, in: folder)
                #expect(status == 1)
                #expect(output.complaints.count == 2)
                #expect(output.complaints.last?.hasSuffix("the server has a file of this name") == true)
                #expect(server.files == ["a.1.data": [0], "a.2.data": [1]])
                #expect(run(words + ["-q"] + files, in: folder).1.complaints.isEmpty)
                // A file that cannot be had leaves nothing behind.
                #expect(run(words + ["-g", "none.conf"], in: folder).0 == 1)
                let left = try Files.names(in: folder).map(\.string)
                #expect(left == names)
            }
        }
    }

    @Test("All four levels are reached by options, and -w asks for the pass phrase")
    func levels() throws {
        try withTemporaryFolder { folder in
            let authority = try TestAuthority(in: folder)
            let pair = try authority.issue()
            let client = try authority.issue(.init(name: "client", alternatives: "", usage: "clientAuth"))
            let key = folder.appending("encrypted.key")
            try Program.succeed(
                [
                    "openssl", "pkey", "-aes256", "-passout", "pass:open sesame", "-in", client.key.string,
                    "-out", key.string,
                ], in: folder)
            let file = folder.appending("a.1.data")
            try Files.create(file, [1])
            let own = ["-e", client.certificate.string, "-k"]
            let levels: [(TentacleServerDouble.TLS?, [String])] = [
                (nil, []), (.init(pair), ["-c"]),
                (.init(pair, .asked(authorities: authority.certificate)), own + [client.key.string]),
                (
                    .init(pair, .required(authorities: authority.certificate)),
                    own + [key.string, "-w", "-f", authority.certificate.string]
                ),
            ]
            for (tls, options) in levels {
                try withServer {
                    $0.tls = tls
                    $0.password = "secret"
                } _: { server in
                    let words = ["-a", "127.0.0.1", "-p", "\(server.port)", "-x", "secret"] + options
                    let (status, output) = run(words + [file.string], in: folder, asking: "open sesame")
                    #expect(status == 0)
                    #expect(output.complaints == [])
                    #expect(server.files.count == 1)
                }
            }
        }
    }

    @Test(
        "Usage that is wrong ends with the status of the Perl client",
        arguments: [
            [], ["-Q"], ["-h"], ["-c", "-e", "x", "/etc/hostname"], ["-p", "0", "/etc/hostname"], ["-g"],
            ["/nonexistent/file"],
        ])
    func statuses(words: [String]) throws {
        try withTemporaryFolder { folder in
            let reference = try Program.run(["tentacle_client"] + words, in: folder)
            #expect(run(words, in: folder).0 == reference.status)
        }
    }
}
