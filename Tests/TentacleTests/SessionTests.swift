import Glibc
import SystemPackage
import Tentacle
import TentacleServerDouble
import Testing

@Suite("Retries")
struct RetryPolicyTests {
    private let policy = RetryPolicy(
        retries: 5, firstPause: .seconds(1), longestPause: .seconds(5), jitter: 0.5, budget: .seconds(100))

    @Test("Pauses grow to the longest, and chance takes off its part at most")
    func growth() {
        let longest = (1...6).map { policy.pause(afterFailures: $0, elapsed: .zero, chance: 0) }
        #expect(longest == [.seconds(1), .seconds(2), .seconds(4), .seconds(5), .seconds(5), nil])
        let shortest = (1...5).map { policy.pause(afterFailures: $0, elapsed: .zero, chance: 1) }
        #expect(shortest == [0.5, 1, 2, 2.5, 2.5].map { Duration.seconds($0) })
    }

    @Test("No retry starts after the budget, and none without a failure")
    func budget() {
        #expect(policy.pause(afterFailures: 1, elapsed: .seconds(99), chance: 0) == .seconds(1))
        #expect(policy.pause(afterFailures: 1, elapsed: .seconds(100), chance: 0) == nil)
        #expect(policy.pause(afterFailures: 0, elapsed: .zero, chance: 0) == nil)
        #expect(RetryPolicy.never.pause(afterFailures: 1, elapsed: .zero, chance: 0) == nil)
    }

    @Test("A jitter that is no number takes nothing off")
    func noNumber() {
        var policy = policy
        policy.jitter = .nan
        #expect(policy.pause(afterFailures: 1, elapsed: .zero, chance: 0.5) == .seconds(1))
    }
}

@Suite("Sessions")
struct SessionTests {
    private let data = Array("some data".utf8)

    /// A clock that only the pauses move.
    private final class FakeTime {
        private(set) var pauses: [Duration] = []
        private let start = ContinuousClock.now

        var surroundings: TentacleSession.Surroundings {
            .init(
                now: { self.start + self.pauses.reduce(.zero, +) }, pause: { self.pauses.append($0) },
                chance: { 0 })
        }
    }

    @Test("A connection that fails is tried again after pauses, and the file arrives once")
    func retries() throws {
        try withServer {
            $0.faults = { $0 < 3 ? .init(after: $0 * 15, .reset) : nil }
        } _: { server in
            let time = FakeTime()
            let session = TentacleSession(server.settings(), surroundings: time.surroundings)
            var failures = 0
            session.onRetry = { _, _ in failures += 1 }
            let transfer = try session.send(.bytes(data), as: TentacleFileName("a.1.data"))
            #expect(transfer.confirmation == .dialogue)
            #expect(time.pauses == [.seconds(1), .seconds(2), .seconds(4)])
            #expect(failures == 3 && server.connectionCount == 4)
            #expect(server.files == ["a.1.data": data])
        }
    }

    @Test("A server that stores the file and dies before it says so counts as delivered at the next try")
    func alreadyThere() throws {
        try withServer {
            // SEND <a.1.data> SIZE 9, its answer and the body.
            $0.faults = { $0 == 0 ? .init(after: 23 + 8 + 9, .close) : nil }
        } _: { server in
            let session = TentacleSession(server.settings(), surroundings: FakeTime().surroundings)
            let transfer = try session.send(.bytes(data), as: TentacleFileName("a.1.data"))
            #expect(transfer.confirmation == .alreadyThere && transfer.size == 9)
            // Without such a try before it, the same answer is a refusal.
            #expect(throws: TentacleError.refused(.alreadyExists)) {
                try session.send(.bytes(data), as: TentacleFileName("a.1.data"))
            }
        }
    }

    @Test("After the last retry, and after the budget, the last failure is thrown")
    func givesUp() throws {
        let port = try withServer { $0.port }
        let time = FakeTime()
        let server = TentacleServer(host: "127.0.0.1", port: port)
        let session = TentacleSession(
            server, retry: RetryPolicy(retries: 10, budget: .seconds(10)), surroundings: time.surroundings)
        let error = failure { () throws(TentacleError) in
            try session.send(.bytes(data), as: TentacleFileName("a.1.data"))
        }
        guard case .notConnected = error else {
            Issue.record(Comment(rawValue: sentence(of: error)))
            return
        }
        #expect(time.pauses == [.seconds(1), .seconds(2), .seconds(4)])
    }

    @Test("What only an operator can mend is not tried again")
    func needsOperator() throws {
        try withServer {
            $0.password = "other"
        } _: { server in
            let time = FakeTime()
            let session = TentacleSession(server.settings(password: "secret"), surroundings: time.surroundings)
            #expect(throws: TentacleError.passwordRefused) {
                try session.send(.bytes(data), as: TentacleFileName("a.1.data"))
            }
            #expect(time.pauses.isEmpty && server.connectionCount == 1)
        }
    }

    @Test("A connection that the server gave up between two files is opened again at once")
    func idleBetweenFiles() throws {
        try withServer {
            $0.faults = { $0 == 0 ? .init(after: 23 + 8 + 9 + 8, .close) : nil }
        } _: { server in
            let time = FakeTime()
            let session = TentacleSession(server.settings(), retry: .never, surroundings: time.surroundings)
            try session.send(.bytes(data), as: TentacleFileName("a.1.data"))
            try session.send(.bytes(data), as: TentacleFileName("a.2.data"))
            #expect(server.files.count == 2 && server.connectionCount == 2 && time.pauses.isEmpty)
        }
    }
}
