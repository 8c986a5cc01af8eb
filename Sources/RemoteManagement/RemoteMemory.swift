public import SystemFiles
public import SystemPackage

/// What is remembered of the server's configurations and collections: `remote/memory` in the state folder, a line of
/// fields between tabs for each fact.
public struct RemoteMemory: Sendable, Hashable {
    /// A version that came from the server.
    public struct Version: Sendable, Hashable {
        /// Its MD5, as the server gives it.
        public var digest: String
        /// When it was adopted or refused, in seconds since 1970.
        public var time: Int64
        /// Why it was refused; empty where it was adopted.
        public var reason: String

        /// A version, adopted unless there is a reason.
        public init(digest: String, time: Int64, reason: String = "") {
            self.digest = digest
            self.time = time
            self.reason = reason
        }
    }

    /// The last configuration that was adopted and completed a cycle.
    public var adopted: Version?
    /// The last configuration that was refused or rolled back, until the server has another one.
    public var refused: Version?
    /// When the server was given the configuration of this host.
    public var registered: Int64?
    /// What else stands in the way, as a sentence; empty = nothing.
    public var failure = ""
    /// The collections that are unpacked, by name.
    public var collections: [String: Version] = [:]
    /// Versions of collections that were refused, until the server has others.
    public var refusedCollections: [String: Version] = [:]

    /// Remembers nothing.
    public init() {}

    /// The folder for it in a state folder.
    public static func folder(in state: FilePath) -> FilePath { state.appending("remote") }

    /// Reads what was saved. What is missing or damaged is not remembered.
    public init(in state: FilePath) {
        guard let bytes = try? Files.read(Self.path(in: state), limit: 1 << 20) else { return }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            switch (fields.first, fields.count) {
            case ("adopted", 4): adopted = Version(fields[1...])
            case ("refused", 4): refused = Version(fields[1...])
            case ("registered", 2): registered = Int64(fields[1])
            case ("failure", 2): failure = fields[1]
            case ("collection", 5): collections[fields[4]] = Version(fields[1...3])
            case ("refused collection", 5): refusedCollections[fields[4]] = Version(fields[1...3])
            default: break
            }
        }
    }

    /// Saves.
    public func save(in state: FilePath) throws(SystemError) {
        var lines: [[String]] = []
        if let adopted { lines.append(["adopted"] + adopted.fields) }
        if let refused { lines.append(["refused"] + refused.fields) }
        if let registered { lines.append(["registered", String(registered)]) }
        if !failure.isEmpty { lines.append(["failure", failure.singleLine]) }
        for (name, version) in collections.sorted(by: { $0.key < $1.key }) {
            lines.append(["collection"] + version.fields + [name.singleLine])
        }
        for (name, version) in refusedCollections.sorted(by: { $0.key < $1.key }) {
            lines.append(["refused collection"] + version.fields + [name.singleLine])
        }
        try Files.makeFolder(Self.folder(in: state))
        let text = lines.map { $0.joined(separator: "\t") + "\n" }.joined()
        try Files.replace(Self.path(in: state), with: text.utf8)
    }

    private static func path(in state: FilePath) -> FilePath { folder(in: state).appending("memory") }
}

extension RemoteMemory.Version {
    fileprivate init?(_ fields: ArraySlice<String>) {
        let fields = Array(fields)
        guard fields.count == 3, let time = Int64(fields[1]) else { return nil }
        self.init(digest: fields[0], time: time, reason: fields[2])
    }

    fileprivate var fields: [String] { [digest.singleLine, String(time), reason.singleLine] }
}

extension String {
    /// The text with a space for each control character.
    fileprivate var singleLine: String {
        String(decoding: utf8.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }, as: UTF8.self)
    }
}
