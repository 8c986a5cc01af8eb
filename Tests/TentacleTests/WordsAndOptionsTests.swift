import SystemPackage
import Tentacle
import Testing

@Suite("The reference client's options")
struct WordsAndOptionsTests {
    @Test(
        "Words are split as a shell does it",
        arguments: [
            ("", []), ("  -c  -v ", ["-c", "-v"]), ("-x 'a b' -y \"c\\\"d\\e\"", ["-x", "a b", "-y", "c\"d\\e"]),
            ("a\\ b '' \"\"", ["a b", "", ""]), ("-x a'b'\"c\"d", ["-x", "abcd"]),
        ])
    func words(text: String, words: [String]) throws {
        #expect(try ShellWords.split(text) == words)
    }

    @Test("A quotation mark that is never closed is named with its word", arguments: ["-c -x 'ab", "-c -x \"ab\\"])
    func unclosed(text: String) {
        #expect(throws: TentacleOptions.Mistake.self) { try TentacleOptions(serverOptions: text) }
        #expect { try ShellWords.split(text) } throws: { ($0 as? ShellWords.UnclosedQuotation)?.word == 3 }
    }

    @Test("Every option is understood, joined or apart")
    func everyOption() throws {
        let options = try TentacleOptions([
            "-a", "host", "-p41122", "-b", "192.0.2.1", "-e", "cert.pem", "-k", "key.pem", "-f", "ca.pem", "-w",
            "-x", "secret", "-gz", "-r", "5", "-t7", "-y", "user:p@ss@proxy:3128", "-qv", "--", "-file",
        ])
        var expected = try TentacleOptions([])
        expected.address = "host"
        expected.port = 41122
        expected.localAddress = "192.0.2.1"
        expected.certificate = "cert.pem"
        expected.key = "key.pem"
        expected.authorities = "ca.pem"
        expected.asksForPassPhrase = true
        expected.password = "secret"
        expected.receives = true
        expected.compresses = true
        expected.retries = 5
        expected.timeLimit = 7
        expected.proxy = HTTPProxy(host: "proxy", port: 3128, credentials: "user:p@ss")
        expected.isQuiet = true
        expected.isVerbose = true
        expected.files = ["-file"]
        #expect(options == expected)
    }

    @Test(
        "A mistake is named with its option and its word, and without any value",
        arguments: [
            ("-c -Q", "option -Q (word 2) is unknown"), ("-x", "option -x (word 1) needs a value"),
            ("-c -p 70000", "option -p (word 2) has a value that it cannot use"),
            ("-y hunter2", "option -y (word 1) has a value that it cannot use"),
            ("-c -e x", "option -c cannot go together with option -e"), ("-k x", "option -k needs option -e"),
            ("-f x", "option -f needs option -e"), ("-x one hunter2", "word 3 is not an option"),
        ])
    func mistakes(text: String, sentence: String) {
        #expect { try TentacleOptions(serverOptions: text) } throws: { "\($0)" == sentence }
    }

    @Test("A secret shows in no text that is made of it")
    func secrets() throws {
        let options = try TentacleOptions(["-x", "hunter2", "-y", "u:hunter2@p:1"])
        #expect(!"\(options)".contains("hunter2"))
        #expect(!String(reflecting: options).contains("hunter2"))
        var text = ""
        dump(options, to: &text)
        #expect(!text.contains("hunter2") && !text.contains("104"))
    }
}
