internal import Digests

/// The name of a data file, `<md5 of agent_name>.<digits>.data`: the part before the digits is the agent's queue at the
/// server, which refuses a name that it has already.
public struct DataFileName: Sendable, Hashable, CustomStringConvertible {
    /// The digest of the agent's name, 32 hexadecimal digits.
    public let agentDigest: String
    /// The number that makes the name unique; a later file has a greater one.
    public let number: UInt64

    /// The name.
    public var description: String { "\(agentDigest).\(number).data" }
}

/// Gives out names of data files: unique, and increasing whatever the clock does.
public struct DataFileNames: Sendable {
    private let agentDigest: String
    /// The greatest number given out; it belongs into the state that outlives the process.
    public private(set) var last: UInt64
    private let now: @Sendable () -> UInt64

    /// Names for one agent.
    ///
    /// - Parameters:
    ///   - agentName: The agent's unique name.
    ///   - last: The greatest number that was ever given out, or 0.
    ///   - now: The clock: nanoseconds since 1970.
    public init(agentName: String, last: UInt64, now: @escaping @Sendable () -> UInt64) {
        agentDigest = Digest.md5(agentName).hexadecimal
        self.last = last
        self.now = now
    }

    /// The next name: by the clock, or one after the last where the clock stands still or went back.
    public mutating func next() -> DataFileName {
        // The sum cannot overflow before the year 2554 unless the stored number was tampered with; then the clock is
        // all that is left to go by.
        let (successor, isOverflow) = last.addingReportingOverflow(1)
        last = isOverflow ? now() : max(now(), successor)
        return DataFileName(agentDigest: agentDigest, number: last)
    }
}

/// The unique name of an agent.
public enum AgentName {
    /// The most characters that a server keeps of a name in its own encoding. Of a longer one it makes a new agent at
    /// every file.
    public static let encodedLengthLimit = 600

    /// How many characters the server may need for a name: it writes a character that is not plain ASCII as an entity
    /// such as `&Eacute;`, and one that means something to XML or HTML as one such as `&#x20;`.
    public static func encodedLength(_ name: String) -> Int {
        name.unicodeScalars.reduce(0) { length, scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".", ":", "/", "@": length + 1
            case _ where scalar.isASCII: length + 6
            default: length + 8
            }
        }
    }

    /// Whether a server can keep the name.
    public static func isAcceptable(_ name: String) -> Bool {
        !name.isEmpty && encodedLength(name) <= encodedLengthLimit
    }
}
