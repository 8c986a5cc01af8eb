import SystemFiles
import SystemPackage
import TentacleServerDouble
import TestSupport
import Testing

/// The double is a server for a client that is not ours: that of Debian's package pandorafms-agent.
@Suite("The Perl client and the double")
struct PerlClientTests {
    @Test("It sends a file, is told that it is there already, and gets it back")
    func sendAndReceive() throws {
        try withTemporaryFolder { folder in
            let data = Array("sent by Perl\n".utf8)
            try Files.create(folder.appending("perl.1.data"), data)
            try Files.makeFolder(folder.appending("back"))
            try withServer {
                $0.password = "secret"
            } _: { server in
                let words = ["tentacle_client", "-a", "127.0.0.1", "-p", "\(server.port)", "-x", "secret", "-t", "10"]
                try Program.succeed(words + ["perl.1.data"], in: folder)
                #expect(server.files == ["perl.1.data": data])
                let again = try Program.run(words + ["perl.1.data"], in: folder)
                #expect(again.output.contains("file already exists"))
                try Program.succeed(words + ["-g", "perl.1.data"], in: folder.appending("back"))
                #expect(try Files.read(folder.appending("back/perl.1.data"), limit: 100) == data)
            }
        }
    }
}
