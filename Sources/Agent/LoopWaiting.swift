internal import AgentConfiguration
internal import Logging
internal import Synchronization

/// What a loop is asked for, since it last looked: many requests of a kind count as one, and the end comes before all
/// else.
final class LoopRequests: Sendable {
    private let pending = Mutex<Set<LoopEvent>>([])
    private let followers = Mutex<[ObjectIdentifier: LoopRequests]>([:])
    // The stream only wakes the loop up; what it is to do then is in the requests.
    private let wakeUps: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (wakeUps, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Asks for something, and wakes the loop up.
    func add(_ event: LoopEvent) {
        pending.withLock { _ = $0.insert(event) }
        continuation.yield()
        for follower in followers.withLock({ Array($0.values) }) { follower.add(event) }
    }

    /// From now on another loop is asked for the same.
    func addFollower(_ follower: LoopRequests) {
        followers.withLock { $0[ObjectIdentifier(follower)] = follower }
        // One that comes while the end is asked for must not miss it.
        if pending.withLock({ $0.contains(.end) }) { follower.add(.end) }
    }

    /// What is asked for from now on is not asked of another loop any more.
    func removeFollower(_ follower: LoopRequests) {
        followers.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(follower)) }
    }

    /// Wakes the loop up, which asks for nothing.
    func wake() { continuation.yield() }

    /// The wake-ups, for the one loop that waits for them.
    func makeIterator() -> AsyncStream<Void>.Iterator { wakeUps.makeAsyncIterator() }

    /// The most urgent request, which is answered then; a request to end stays for whoever asks again.
    func take() -> LoopEvent? {
        pending.withLock { pending in
            if pending.contains(.end) { return .end }
            return pending.remove(.reload)
        }
    }
}

/// How a loop waits: for the clock of the running system, and for requests.
struct LoopWaiting {
    private let requests: LoopRequests
    private var wakeUps: AsyncStream<Void>.Iterator
    private let start = ContinuousClock.now

    init(_ requests: LoopRequests) {
        self.requests = requests
        wakeUps = requests.makeIterator()
    }

    /// The time since the loop was made. It goes on while the host sleeps, and nobody sets it.
    var now: Duration { ContinuousClock.now - start }

    /// Waits for a time, or for a request that comes first.
    mutating func wait(until time: Duration) async -> LoopEvent {
        Heap.trim()
        let due = start + time
        let timer = Task { [requests] in
            while ContinuousClock.now < due { try await Task.sleep(until: due, clock: .continuous) }
            requests.wake()
        }
        defer { timer.cancel() }
        while true {
            if let request = requests.take() { return request }
            if now >= time { return .due }
            // What woke the loop up may have been answered already; then it sleeps on.
            if await wakeUps.next() == nil { return .end }
        }
    }
}

/// The log of a loop, which stays open between cycles no longer than for a line.
enum LoopLog {
    static func warn(_ sentence: String, paths: AgentPaths, options: CycleOptions) {
        let configuration = try? AgentConfigurationReader(paths: paths, options: options).read()
        ExecutionLog.open(
            configuration?.general ?? GeneralSettings(), state: paths.state, verbosity: options.verbosity
        ).warning("\(sentence)")
    }
}

/// The world of a loop that runs on this host.
protocol RunningLoopWorld: LoopWorld {
    var waiting: LoopWaiting { get set }
}

extension RunningLoopWorld {
    var now: Duration { waiting.now }

    mutating func wait(until time: Duration) async -> LoopEvent { await waiting.wait(until: time) }
}
