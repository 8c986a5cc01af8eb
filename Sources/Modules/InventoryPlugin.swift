internal import DataFile
internal import HostProbes

/// `inventory DAYS [PART…]`: what the host has, at most once in DAYS days (a fraction is allowed; 0 = always).
struct InventoryPlugin: ModuleKind {
    static let usage = "inventory DAYS [\(InventoryPart.all.map(\.name).joined(separator: "] ["))] [all]"

    private let interval: Double
    private let parts: [InventoryPart]
    private let unknownParts: [String]
    private let stateKey: String

    init(arguments: [String]) throws(PluginMisuse) {
        guard let first = arguments.first, let days = Double(first), days >= 0, days.isFinite else {
            throw PluginMisuse("the first argument must be a number of days", usage: Self.usage)
        }
        interval = days * 86400
        let names = arguments.dropFirst().map { $0.lowercased() }
        let wantsAll = names.isEmpty || names.contains("all")
        // Servers drop inventory modules that they do not know, so those are sent only where somebody asks for them.
        parts = InventoryPart.all.filter { names.contains($0.name) || wantsAll && $0.isPartOfAll }
        unknownParts = names.filter { name in name != "all" && !InventoryPart.all.contains { $0.name == name } }
        stateKey = "inventory \(arguments.joined(separator: " "))"
    }

    func collect(in context: ModuleContext) async -> ModuleOutcome {
        var outcome = ModuleOutcome()
        if let last = context.state[stateKey].flatMap(Int64.init) {
            let elapsed = Double(context.now) - Double(last)
            // A clock that was set back must not silence the inventory.
            if elapsed >= 0, elapsed < interval { return outcome }
        }
        outcome.failures = unknownParts.map { "it has no part '\($0)'; usage: \(Self.usage)" }
        var tables: [Inventory.Table] = []
        for part in parts {
            let reading = await part.read(context)
            outcome.notes += reading.limitations.map(\.description)
            outcome.limitationCount += reading.limitations.count
            if !reading.value.isEmpty { tables.append(.init(name: part.title, rows: reading.value)) }
        }
        if !tables.isEmpty { outcome.elements = [.inventory(Inventory(tables: tables))] }
        // Where nothing at all could be seen, the next cycle looks again.
        if !tables.isEmpty, interval > 0 { outcome.stateChanges[stateKey] = String(context.now) }
        return outcome
    }
}
