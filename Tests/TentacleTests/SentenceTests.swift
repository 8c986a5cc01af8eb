import Tentacle
import Testing

@Suite("Sentences for operators")
struct SentenceTests {
    @Test(
        "Times are told in UTC",
        arguments: [
            (0, "1970-01-01 00:00:00 UTC"), (-1, "1969-12-31 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"), (1_709_251_199, "2024-02-29 23:59:59 UTC"),
            (1_709_251_200, "2024-03-01 00:00:00 UTC"), (4_102_444_799, "2099-12-31 23:59:59 UTC"),
        ])
    func times(seconds: Int64, text: String) {
        let problem = CertificateProblem.expired(subject: "CN=x", end: seconds)
        #expect("\(problem)" == "the server's certificate (CN=x) expired on \(text)")
    }

    @Test("Limits are told in seconds")
    func limits() {
        #expect(
            "\(TentacleError.timedOut(.connecting, after: .seconds(10)))"
                == "the server gave no sign for 10 s while connecting")
        #expect("\(TentacleError.timedOut(.body, after: .milliseconds(1500)))".contains("1.5 s"))
    }

    @Test("What a server says cannot forge a line of a log")
    func foreignText() {
        let error = TentacleError.refused(.other("a"))
        #expect("\(error)" == "the server refused the file: a")
        #expect(throws: TentacleError.unusableName("a\nb")) { try TentacleFileName("a\nb") }
        #expect(!"\(TentacleError.unusableName("a\nb"))".contains("\n"))
    }
}
