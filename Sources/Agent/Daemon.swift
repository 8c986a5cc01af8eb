internal import AgentConfiguration
internal import Dispatch
internal import Glibc
internal import HostProbes
internal import Logging
internal import Synchronization
internal import SystemPackage

/// The agent as a service: its loop, with the clock, the signals and the log of the running system.
///
/// SIGHUP begins a cycle at once, with the configuration as it is then; every cycle reads it anew. SIGTERM and SIGINT let
/// the present cycle finish, so that what it collected is committed, and end.
public struct Daemon: Sendable {
    private let paths: AgentPaths
    private let options: CycleOptions

    /// Prepares the loop.
    public init(paths: AgentPaths, options: CycleOptions) {
        self.paths = paths
        self.options = options
    }

    /// Runs until a signal ends it.
    ///
    /// - Returns: How the last cycle ended.
    public func run() async -> CycleEnding {
        // The stream only wakes the loop up; what it is to do then is in the requests.
        let (wakeUps, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let requests = SignalRequests()
        let sources = [(SIGTERM, LoopEvent.end), (SIGINT, .end), (SIGHUP, .reload)].map { signal, event in
            Self.watch(signal) {
                requests.add(event)
                continuation.yield()
            }
        }
        defer { sources.forEach { $0.cancel() } }
        let configuration = try? AgentConfigurationReader(paths: paths, options: options).read()
        let hostName = OperatingSystem().kernel.hostName
        let settings =
            configuration.map { LoopSettings($0, hostName: hostName) }
            ?? LoopSettings(interval: GeneralSettings().interval, share: LoopSettings.share(of: hostName))
        var loop = CycleLoop(
            RunningSystem(
                paths: paths, options: options, requests: requests, wakeUps: wakeUps.makeAsyncIterator(),
                continuation: continuation),
            settings: settings)
        ServiceManager.tell("READY=1")
        let ending = await loop.run()
        ServiceManager.tell("STOPPING=1")
        return ending
    }

    /// Calls `handler` for each signal of a kind.
    private static func watch(_ number: Int32, handler: @escaping @Sendable () -> Void) -> any DispatchSourceSignal {
        // A handler, unlike SIG_IGN, is not inherited by commands.
        signal(number) { _ in }
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler(handler: handler)
        source.resume()
        return source
    }
}

/// What signals ask for, since the loop last looked: many of a kind count as one, and the end comes before all else.
private final class SignalRequests: Sendable {
    private let pending = Mutex<Set<LoopEvent>>([])

    func add(_ event: LoopEvent) {
        pending.withLock { _ = $0.insert(event) }
    }

    /// The most urgent request, which is answered then; a request to end stays for whoever asks again.
    func take() -> LoopEvent? {
        pending.withLock { pending in
            if pending.contains(.end) { return .end }
            return pending.remove(.reload)
        }
    }
}

/// The world of the loop: the clock, the signals, the agent's cycles and its log.
private struct RunningSystem: LoopWorld {
    let paths: AgentPaths
    let options: CycleOptions
    let requests: SignalRequests
    var wakeUps: AsyncStream<Void>.Iterator
    let continuation: AsyncStream<Void>.Continuation
    private let start = ContinuousClock.now

    init(
        paths: AgentPaths, options: CycleOptions, requests: SignalRequests, wakeUps: AsyncStream<Void>.Iterator,
        continuation: AsyncStream<Void>.Continuation
    ) {
        self.paths = paths
        self.options = options
        self.requests = requests
        self.wakeUps = wakeUps
        self.continuation = continuation
    }

    // It goes on while the host sleeps, and nobody sets it.
    var now: Duration { ContinuousClock.now - start }

    mutating func wait(until time: Duration) async -> LoopEvent {
        let due = start + time
        let timer = Task { [continuation] in
            while ContinuousClock.now < due { try await Task.sleep(until: due, clock: .continuous) }
            continuation.yield()
        }
        defer { timer.cancel() }
        while true {
            if let request = requests.take() { return request }
            if now >= time { return .due }
            // What woke the loop up may have been answered already; then it sleeps on.
            if await wakeUps.next() == nil { return .end }
        }
    }

    mutating func run(_ kind: CycleKind) async -> (ending: CycleEnding, settings: LoopSettings?) {
        var options = options
        options.kind = kind
        let report = await AgentCycles(paths: paths, options: options).run()
        if kind == .full { ServiceManager.tell("STATUS=\(report.statusLine)") }
        ServiceManager.tell("WATCHDOG=1")
        return (report.ending, report.loop)
    }

    func warn(_ sentence: String) {
        let configuration = try? AgentConfigurationReader(paths: paths, options: options).read()
        ExecutionLog.open(
            configuration?.general ?? GeneralSettings(), state: paths.state, verbosity: options.verbosity
        ).warning("\(sentence)")
    }
}

/// Tells the service manager how things stand (sd_notify(3)); without one, nothing happens.
enum ServiceManager {
    static func tell(_ state: String) {
        guard let name = environment("NOTIFY_SOCKET"), let first = name.utf8.first else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(name.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        // A leading @ stands for the abstract name space, whose names begin with a NUL byte.
        if first == UInt8(ascii: "@") { address.sun_path.0 = 0 }
        let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return }
        defer { close(number) }
        let length = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path)! + bytes.count)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                state.withCString { sendto(number, $0, strlen($0), Int32(MSG_NOSIGNAL), address, length) }
            }
        }
    }
}

extension CycleReport {
    /// One line for the service manager.
    fileprivate var statusLine: String {
        failures.first.map { String($0.prefix(200)) }
            ?? "last cycle: \(modules.count) modules, \(failedModules.count) failed, \(waitingFiles) files waiting"
    }
}
