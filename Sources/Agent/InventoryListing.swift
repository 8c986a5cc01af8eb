internal import DataFile
internal import Glibc
public import HostProbes
internal import LogReading
internal import Modules
internal import SystemPackage

/// What the inventory says now, for people and programs.
public struct InventoryListing: Sendable {
    /// One part.
    public struct Part: Sendable, Hashable {
        /// The name in the plugin's arguments.
        public let name: String
        /// The name at the server.
        public let title: String
        /// The columns.
        public let columns: [String]
        /// The rows; each has as many fields as there are columns.
        public let rows: [[String]]
    }

    /// The parts that were asked for.
    public let parts: [Part]
    /// What could not be seen, each thing once.
    public let limitations: [Limitation]

    /// The names of all parts.
    public static var names: [String] { InventoryPart.all.map(\.name) }

    /// Takes the inventory.
    ///
    /// - Parameter names: The parts; all where it is empty.
    public init(of names: [String]) async {
        let context = ModuleContext(
            host: HostReadings(), environment: ["PATH": CommandEnvironment.systemPath, "LC_ALL": "C.UTF-8"],
            state: [:], deadline: .now + .seconds(300), now: Int64(time(nil)))
        var parts: [Part] = []
        var limitations: [Limitation] = []
        for part in InventoryPart.all where names.isEmpty || names.contains(part.name) {
            let reading = await part.read(context)
            parts.append(Part(name: part.name, title: part.title, columns: part.columns, rows: reading.value))
            for limitation in reading.limitations where !limitations.contains(limitation) {
                limitations.append(limitation)
            }
        }
        self.parts = parts
        self.limitations = limitations
    }

    /// The element of a data file, as the plugin prints it.
    public var element: [UInt8] {
        let tables = parts.filter { !$0.rows.isEmpty }.map { Inventory.Table(name: $0.title, rows: $0.rows) }
        var bytes: [UInt8] = []
        DataFileElement.inventory(Inventory(tables: tables)).encode { bytes += $0 }
        return bytes
    }
}

/// What this user cannot see of the host, and what would allow it.
public struct PrivilegeReport: Sendable {
    /// A thing that the agent looks at.
    public struct Entry: Sendable, Hashable {
        /// What it is, as a phrase.
        public let subject: String
        /// Why it cannot be seen; `nil` where it can.
        public let reason: String?
        /// The permissions each of which would be enough.
        public let allowedBy: [String]
    }

    /// Everything that needs a privilege, and everything else that could not be seen.
    public let entries: [Entry]

    /// Tries to see everything.
    public init() async {
        let limitations = await InventoryListing(of: []).limitations + Self.logs
        var entries = PrivilegeNeed.all.filter { need in !limitations.contains { $0.subject == need.subject } }
            .map { Entry(subject: $0.subject, reason: nil, allowedBy: $0.allowedBy.map(\.description)) }
        entries += limitations.map {
            Entry(subject: $0.subject, reason: $0.reason, allowedBy: $0.allowedBy.map(\.description))
        }
        self.entries = entries
    }

    /// The usual logs of the host that this user cannot read.
    private static var logs: [Limitation] {
        let usual = ["messages", "syslog", "secure", "auth.log", "audit/audit.log", "journal"]
        return usual.compactMap { name in
            guard let failure = LogFailure.ofOpening(FilePath("/var/log/\(name)")) else { return nil }
            guard case .permissionDenied(let group) = failure.reason else {
                return Limitation("the log \(failure.path)", because: "\(failure)")
            }
            // Nobody should join root's group for a log.
            let groups = group.map { $0 == "root" ? [] : [Permission.group($0)] } ?? []
            return Limitation(
                "the log \(failure.path)", because: "Permission denied",
                allowedBy: groups + [.capability("CAP_DAC_READ_SEARCH")])
        }
    }
}
