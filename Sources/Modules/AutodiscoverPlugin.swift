internal import DataFile
internal import HostProbes

/// `autodiscover --default | --list "a,b,c" [--usage]`: the services that exist on the host, and what they use.
struct AutodiscoverPlugin: ModuleKind {
    static let name = "autodiscover"
    static let usage = "autodiscover --default | --list \"NAME,NAME…\" [--usage]"

    private static let defaultNames = [
        "httpd", "apache2", "nginx", "ldap", "docker", "postfix", "mysqld", "postgres", "oracle", "mongod",
    ]

    private let names: [String]
    private let reportsUsage: Bool

    init(arguments: [String]) throws(PluginMisuse) {
        var names: [String] = []
        var reportsUsage = false
        var index = 0
        while index < arguments.count {
            switch arguments[index] {
            case "--default": names += Self.defaultNames
            case "--usage": reportsUsage = true
            case "--list":
                index += 1
                guard index < arguments.count else { throw PluginMisuse("--list needs names", usage: Self.usage) }
                names += arguments[index].split(whereSeparator: { $0 == "," || $0 == " " }).map(String.init)
            default: throw PluginMisuse("unknown argument '\(arguments[index])'", usage: Self.usage, argument: index)
            }
            index += 1
        }
        if names.isEmpty { throw PluginMisuse("no service is named", usage: Self.usage) }
        var seen: Set<String> = []
        self.names = names.filter { seen.insert($0).inserted }
        self.reportsUsage = reportsUsage
    }

    func collect(in context: ModuleContext) async -> ModuleOutcome {
        var outcome = ModuleOutcome()
        for name in names {
            do throws(Limitation) {
                let state = try await context.host.service(name)
                if state == .absent { continue }
                let status = "Service \(name) - Status"
                outcome.elements.append(
                    .module(
                        Module(
                            name: status, type: "generic_proc", description: "Whether the service runs",
                            data: .value([UInt8(ascii: state.isActive ? "1" : "0")]))))
                guard reportsUsage else { continue }
                let use = try await context.host.use(ofProcesses: name)
                let memory = try await context.host.memory()
                let share = memory.total == 0 ? 0 : use.residentMegabytes * 1_048_576 / Double(memory.total) * 100
                for (title, percent) in [("Memory usage", share), ("CPU usage", use.cpuPercent)] {
                    outcome.elements.append(
                        .module(
                            Module(
                                name: "Service \(name) - \(title)", type: "generic_data",
                                settings: [.unit: "%", .parent: status],
                                data: .value(Array(decimalText(percent).utf8)))))
                }
            } catch {
                outcome.failures.append("\(error)")
            }
        }
        if outcome.elements.isEmpty, outcome.failures.isEmpty {
            outcome.notes = ["none of the services is on this host"]
        }
        return outcome
    }
}
