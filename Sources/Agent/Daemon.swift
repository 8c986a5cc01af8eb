internal import AgentConfiguration
internal import CommandRunner
internal import Dispatch
internal import Glibc
internal import HostProbes
internal import Logging
internal import Synchronization
internal import SystemPackage

/// The agent as a service: its loop and one of each broker agent, with the clock, the signals and the log of the running
/// system.
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
    /// - Returns: How the last cycle ended. A configuration that cannot be used when the service starts ends it, so that
    ///   whoever started it sees that; one that becomes unusable later is waited for.
    public func run() async -> CycleEnding {
        let requests = LoopRequests()
        let sources = [(SIGTERM, LoopEvent.end), (SIGINT, .end), (SIGHUP, .reload)].map { signal, event in
            Self.watch(signal) { requests.add(event) }
        }
        defer { sources.forEach { $0.cancel() } }
        let settings: LoopSettings
        do throws(ConfigurationUnusable) {
            let configuration = try AgentConfigurationReader(paths: paths, options: options).read()
            settings = LoopSettings(configuration, hostName: OperatingSystem().kernel.hostName)
        } catch {
            writeToStandardError("pandora-agent: error: \(error)\n")
            return .unusableConfiguration
        }
        var loop = CycleLoop(
            MainAgent(requests: requests, paths: paths, options: options), settings: settings)
        ServiceManager.tell("READY=1")
        let ending = await loop.run()
        ServiceManager.tell("STOPPING=1")
        requests.add(.end)
        await loop.world.brokers.ended()
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

/// The world of the main agent's loop.
private struct MainAgent: RunningLoopWorld {
    var waiting: LoopWaiting
    let paths: AgentPaths
    private var options: CycleOptions
    private let requests: LoopRequests
    private(set) var brokers: BrokerLoops

    init(requests: LoopRequests, paths: AgentPaths, options: CycleOptions) {
        waiting = LoopWaiting(requests)
        self.requests = requests
        brokers = BrokerLoops(following: requests)
        self.paths = paths
        self.options = options
    }

    mutating func run(_ kind: CycleKind) async -> (ending: CycleEnding, settings: LoopSettings?) {
        var options = options
        options.kind = kind
        let report = await Cycle(paths: paths, options: options).run()
        self.options.loggedFindings = report.findings ?? options.loggedFindings
        options.loggedFindings = []
        // Whoever started the service starts it anew.
        if CommandLauncher.isLost { requests.add(.end) }
        // A configuration that cannot be read now says nothing about the broker agents.
        if kind == .full, let loop = report.loop {
            if loop.runsOnce {
                let reports = await AgentCycles(paths: paths, options: options).run(brokers: report.brokerNames)
                let ending = reports.first { $0.report.ending != .done }?.report.ending ?? .done
                return (report.ending == .done ? ending : report.ending, loop)
            }
            await brokers.keep(report.brokerNames, paths: paths, options: options, settings: loop)
        }
        if kind == .full { ServiceManager.tell("STATUS=\(report.statusLine)") }
        ServiceManager.tell("WATCHDOG=1")
        return (report.ending, report.loop)
    }

    func warn(_ sentence: String) { LoopLog.warn(sentence, paths: paths, options: options) }
}

/// The world of a broker agent's loop: it has an interval of its own.
private struct LoopedBroker: RunningLoopWorld {
    var waiting: LoopWaiting
    let name: String
    let paths: AgentPaths
    var options: CycleOptions

    mutating func run(_ kind: CycleKind) async -> (ending: CycleEnding, settings: LoopSettings?) {
        var options = options
        options.kind = kind
        let report = await AgentCycles(paths: paths, options: options).run(broker: name)
        self.options.loggedFindings = report.findings ?? options.loggedFindings
        return (report.ending, report.loop)
    }

    func warn(_ sentence: String) {
        guard let broker = try? BrokerAgent(name, of: paths) else { return }
        LoopLog.warn(sentence, paths: broker.paths, options: options)
    }
}

/// The loops of the broker agents, beside the main agent's.
private struct BrokerLoops: Sendable {
    private struct Running: Sendable {
        let requests: LoopRequests
        let task: Task<Void, Never>
    }

    private let main: LoopRequests
    private var running: [String: Running] = [:]

    /// - Parameter main: What the main agent's loop is asked for; the others are asked for it too.
    init(following main: LoopRequests) {
        self.main = main
    }

    /// Begins the loops of agents that are new, and ends those of agents that are no longer configured.
    mutating func keep(_ names: [String], paths: AgentPaths, options: CycleOptions, settings: LoopSettings) async {
        for name in Set(running.keys).subtracting(names) {
            guard let agent = running.removeValue(forKey: name) else { continue }
            main.removeFollower(agent.requests)
            agent.requests.add(.end)
            await agent.task.value
        }
        for name in names where running[name] == nil {
            let requests = LoopRequests()
            // Until its own first cycle tells better, it goes by the main agent's settings; and that cycle is now, as the
            // main one's is.
            var settings = settings
            settings.delay = .zero
            settings.intensiveInterval = nil
            let loop = CycleLoop(
                LoopedBroker(waiting: LoopWaiting(requests), name: name, paths: paths, options: options),
                settings: settings)
            requests.add(.reload)
            main.addFollower(requests)
            let task = Task {
                var loop = loop
                _ = await loop.run()
            }
            running[name] = Running(requests: requests, task: task)
        }
    }

    /// Waits for the end of all loops, which come to it after their present cycles.
    func ended() async {
        for agent in running.values { await agent.task.value }
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
