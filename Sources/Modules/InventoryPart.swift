public import HostProbes

/// One part of the inventory: a table of the server.
public struct InventoryPart: Sendable {
    /// The name in the plugin's arguments.
    public let name: String
    /// The name of the inventory module at the server.
    public let title: String
    /// The columns.
    public let columns: [String]
    /// Whether `all` asks for it: the parts of the Perl plugin. Others are sent only where they are named, as servers drop
    /// inventory modules that nobody registered.
    public let isPartOfAll: Bool
    /// A row as an example.
    public let example: [String]
    /// The rows, and what could not be seen.
    public let read: @Sendable (ModuleContext) async -> Reading<[[String]]>

    init(
        _ name: String, _ title: String, _ columns: [String], isPartOfAll: Bool = true, example: [String],
        read: @escaping @Sendable (ModuleContext) async -> Reading<[[String]]>
    ) {
        self.name = name
        self.title = title
        self.columns = columns
        self.isPartOfAll = isPartOfAll
        self.example = example
        self.read = read
    }

    /// Every part, in the order of the data file. The columns of the Perl plugin's parts are what they have always been.
    public static let all: [InventoryPart] = hardware + software + system + additions
}

/// The rows of a reading that may fail as a whole.
func rows(_ read: () async throws(Limitation) -> Reading<[[String]]>) async -> Reading<[[String]]> {
    do throws(Limitation) {
        return try await read()
    } catch {
        return Reading([], limitations: [error])
    }
}

extension Reading {
    /// The same limitations with another value.
    func map<Other>(_ transform: (Value) -> Other) -> Reading<Other> {
        Reading<Other>(transform(value), limitations: limitations)
    }
}

/// Bytes in the largest unit that leaves a whole number or one decimal, as people read them.
func sizeText(_ bytes: UInt64) -> String {
    let units = ["B", "KB", "MB", "GB", "TB", "PB"]
    var value = Double(bytes)
    var unit = 0
    while value >= 1024, unit < units.count - 1 {
        value /= 1024
        unit += 1
    }
    return "\(decimalText((value * 10).rounded() / 10)) \(units[unit])"
}
