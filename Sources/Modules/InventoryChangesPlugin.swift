internal import DataFile
internal import HostProbes

/// `inventory_changes [PART…]`: what came, went and changed since the last look, as a module of text for each part, so that
/// a server can alert on "a new port listens" or "a user appeared". The first look remembers, and reports nothing.
struct InventoryChangesPlugin: ModuleKind {
    static let name = "inventory_changes"
    static let usage = "inventory_changes [\(Watched.all.map(\.part).joined(separator: "] ["))]"

    /// A part whose changes are reported, and what of a row tells it from others.
    struct Watched: Sendable {
        let part: String
        /// The columns that say which thing a row is.
        let key: [String]
        /// The columns whose change is worth a line.
        let value: [String]

        static let all = [
            Watched(part: "software", key: ["name"], value: ["version"]),
            Watched(
                part: "users_all", key: ["name"], value: ["uid", "gid", "home", "shell", "password state", "groups"]),
            Watched(part: "ports", key: ["protocol", "address", "port"], value: ["program", "user"]),
            Watched(part: "services", key: ["name"], value: ["start", "state"]),
            Watched(part: "process", key: ["program"], value: []),
        ]
    }

    /// The most lines that a module tells; the number of the others is its last one.
    static let mostLines = 200
    /// The most bytes that are remembered of a part.
    static let mostRemembered = 4 << 20

    private let watched: [Watched]

    init(arguments: [String]) throws(PluginMisuse) {
        for (index, argument) in arguments.enumerated() where !Watched.all.contains(where: { $0.part == argument }) {
            throw PluginMisuse("it does not watch '\(argument)'", usage: Self.usage, argument: index)
        }
        watched = arguments.isEmpty ? Watched.all : Watched.all.filter { arguments.contains($0.part) }
    }

    func collect(in context: ModuleContext) async -> ModuleOutcome {
        var outcome = ModuleOutcome()
        for watched in watched {
            guard let part = InventoryPart.all.first(where: { $0.name == watched.part }) else { continue }
            let isProcess = watched.part == "process"
            let reading = isProcess ? await Self.settledPrograms(context) : await part.read(context)
            outcome.notes += reading.limitations.map(\.description)
            outcome.limitationCount += reading.limitations.count
            // What could not be seen at all has not gone.
            if reading.value.isEmpty, !reading.limitations.isEmpty { continue }
            let now = InventorySnapshot(
                reading.value, of: watched, columns: isProcess ? ["program"] : part.columns)
            let stateKey = "\(Self.name) \(watched.part)"
            if now.text.utf8.count > Self.mostRemembered {
                outcome.failures.append("\(part.title) has too many rows to be remembered")
                continue
            }
            outcome.stateChanges[stateKey] = now.text
            guard let before = context.state[stateKey] else { continue }
            var lines = now.changes(since: InventorySnapshot(text: before))
            if lines.isEmpty { continue }
            if lines.count > Self.mostLines {
                let surplus = lines.count - Self.mostLines
                lines = lines.prefix(Self.mostLines) + ["and \(surplus) more changes"]
            }
            outcome.elements.append(
                .module(
                    Module(
                        name: "Inventory changes - \(part.title)", type: "async_string",
                        description: "What came, went and changed since the last look",
                        data: .value(Array(lines.joined(separator: "\n").utf8)))))
        }
        return outcome
    }

    /// Processes younger than this, in seconds, are left for the next look: most are commands that end at once, those of
    /// this very cycle among them.
    private static let settledAge = 60.0

    /// The programs of which a process has been running for a while; without arguments, with which every run of a program
    /// would be a new one.
    private static func settledPrograms(_ context: ModuleContext) async -> Reading<[[String]]> {
        await rows { () throws(Limitation) in
            let uptime = try ProcessTable.uptime(context.host.roots)
            return try await context.host.processes().map { processes in
                processes.filter { process in
                    let age = uptime - Double(process.startTicks) / Double(ClockRate.ticksPerSecond)
                    return !process.isKernelThread && !process.isEnded && age >= settledAge
                }.map { [$0.program] }
            }
        }
    }
}

/// The things of one part at one time, with what is watched of each.
struct InventorySnapshot: Sendable, Hashable {
    /// What is watched, by which thing it is; things with the same key share an entry.
    private var values: [String: String] = [:]

    init(_ rows: [[String]], of watched: InventoryChangesPlugin.Watched, columns: [String]) {
        func fields(_ row: [String], _ names: [String]) -> String {
            names.compactMap { name in
                columns.firstIndex(of: name).flatMap { row.indices.contains($0) ? row[$0] : nil }
            }.map(Self.plain).joined(separator: " ")
        }
        var all: [String: Set<String>] = [:]
        for row in rows {
            let key = fields(row, watched.key)
            if !key.isEmpty { all[key, default: []].insert(fields(row, watched.value)) }
        }
        values = all.mapValues { $0.sorted().joined(separator: ", ") }
    }

    /// Reads what was remembered; lines of another form count as things without values.
    init(text: String) {
        // By scalars, as CR LF is one character.
        for line in text.unicodeScalars.split(separator: "\n") {
            let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
            values[String(parts[0])] = parts.count == 2 ? String(parts[1]) : ""
        }
    }

    /// The form in which it is remembered: a line for each thing, in order.
    var text: String {
        values.sorted { $0.key < $1.key }.map { "\($0.key)\t\($0.value)\n" }.joined()
    }

    /// A sentence for each thing that came, went or changed, in that order and by name.
    func changes(since before: InventorySnapshot) -> [String] {
        func shown(_ key: String, _ value: String) -> String { value.isEmpty ? key : "\(key) (\(value))" }
        let came = values.filter { before.values[$0.key] == nil }
        let went = before.values.filter { values[$0.key] == nil }
        let changed = values.filter { entry in before.values[entry.key].map { $0 != entry.value } ?? false }
        return came.sorted { $0.key < $1.key }.map { "came: \(shown($0.key, $0.value))" }
            + went.sorted { $0.key < $1.key }.map { "went: \(shown($0.key, $0.value))" }
            + changed.sorted { $0.key < $1.key }.map {
                "changed: \($0.key): \(before.values[$0.key] ?? "") → \($0.value)"
            }
    }

    /// What separates fields and lines cannot be part of one.
    private static func plain(_ field: String) -> String {
        String(String.UnicodeScalarView(field.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
    }
}
