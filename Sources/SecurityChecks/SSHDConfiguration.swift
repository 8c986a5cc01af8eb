internal import SystemPackage

/// The lines of sshd_config and of all files that it includes, in the order in which sshd takes them, each with the
/// `Match` lines under which it stands.
struct SSHDConfiguration: Sendable, Hashable {
    /// A line that sets a keyword the checks ask for.
    struct Directive: Sendable, Hashable {
        let keyword: SSHDKeyword
        /// The value in its usual spelling.
        let value: String
        /// The file, by its path on the host.
        let file: FilePath
        /// The line, counted from 1.
        let line: Int
        /// The `Match` lines that must all match, the outermost first: more than one where a file is included inside
        /// of a block.
        let conditions: [SSHDMatch]

        /// Whether it stands outside of every `Match` block, or inside of `Match all`.
        var isForAll: Bool { conditions.allSatisfy(\.isAll) }
    }

    /// Something that keeps the rest of the configuration from being read.
    struct Obstacle: Sendable, Hashable {
        let file: FilePath
        /// `nil` where the whole file is the obstacle.
        let line: Int?
        /// What is wrong, as a phrase.
        let reason: String
        /// Whether sshd, too, stops here, and so does not start; otherwise it is only not visible to this user.
        let stopsSSHD: Bool
        /// How many directives were read before.
        let position: Int
    }

    /// What was read.
    var directives: [Directive] = []
    /// What was not; those that stop sshd end the reading.
    var obstacles: [Obstacle] = []
    /// Every file that was read, in the order of the first reading.
    var files: [FilePath] = []
}

/// A value in force, and where it comes from.
struct SSHDSetting: Sendable, Hashable {
    let value: String
    /// The line that sets it; `nil` for a default.
    let directive: SSHDConfiguration.Directive?
}

extension SSHDConfiguration {
    /// What a keyword's value is for a connection.
    struct Answer: Sendable, Hashable {
        /// The value where none of the exceptions applies.
        let base: SSHDSetting
        /// Lines that set another value for some of the connections that the question is about.
        let exceptions: [SSHDSetting]
        /// Whether the base is settled by what was read.
        let isBaseCertain: Bool
        /// Whether nothing that could set another exception was left unread.
        let isComplete: Bool

        /// Every value that is possible.
        var values: [SSHDSetting] { [base] + exceptions }
    }

    /// Evaluates a keyword: the first matching `Match` block that sets it wins; where none does, the first line outside
    /// of blocks wins; where there is none, the default.
    ///
    /// - Parameters:
    ///   - keyword: One with a single value.
    ///   - connection: What is known of who connects; what is not known makes exceptions.
    func answer(_ keyword: SSHDKeyword, for connection: SSHDConnection, _ version: SSHDVersion?) -> Answer {
        var exceptions: [SSHDSetting] = []
        var seen: Set<[SSHDMatch]> = []
        var base: SSHDSetting?
        var position = Int.max
        for (index, directive) in directives.enumerated()
        where directive.keyword == keyword && !directive.conditions.isEmpty && base == nil {
            var isCertain = true
            var isPossible = true
            for condition in directive.conditions {
                switch condition.matches(connection) {
                case true?: continue
                case nil: isCertain = false
                case false?: isPossible = false
                }
            }
            guard isPossible, seen.insert(directive.conditions).inserted else { continue }
            let setting = SSHDSetting(value: directive.value, directive: directive)
            if isCertain {
                base = setting
                position = index
            } else {
                exceptions.append(setting)
            }
        }
        let isFromBlock = base != nil
        if base == nil, let index = directives.firstIndex(where: { $0.keyword == keyword && $0.isForAll }) {
            base = SSHDSetting(value: directives[index].value, directive: directives[index])
            position = index
        }
        let firstObstacle = obstacles.map(\.position).min()
        let setting = base ?? SSHDSetting(value: keyword.defaultValue(version), directive: nil)
        return Answer(
            base: setting, exceptions: exceptions.filter { $0.value != setting.value },
            isBaseCertain: firstObstacle.map { position < $0 } ?? true,
            isComplete: firstObstacle.map { isFromBlock && position < $0 } ?? true)
    }

    /// Whether any line depends on who connects.
    var hasConditions: Bool { directives.contains { !$0.isForAll } }

    /// The ports on which sshd listens: those of addresses with a port, and those of `Port` where an address has none,
    /// or where there is no address.
    func ports() -> [(port: UInt16, directive: Directive?)] {
        var ports = directives.filter { $0.keyword == .port && $0.isForAll }
            .compactMap { directive in UInt16(directive.value).map { (port: $0, directive: Directive?.some(directive)) }
            }
        if ports.isEmpty { ports = [(22, nil)] }
        let addresses = directives.filter { $0.keyword == .listenAddress && $0.isForAll }
        guard !addresses.isEmpty else { return ports }
        var all: [(port: UInt16, directive: Directive?)] = []
        for directive in addresses {
            if let port = Self.port(ofAddress: directive.value) { all.append((port, directive)) } else { all += ports }
        }
        var seen: Set<UInt16> = []
        return all.filter { seen.insert($0.port).inserted }
    }

    /// The port of `host:port` or `[address]:port`; `nil` where there is none, as in an IPv6 address without brackets.
    static func port(ofAddress text: String) -> UInt16? {
        let colons = text.utf8.filter { $0 == UInt8(ascii: ":") }.count
        guard text.hasPrefix("[") || colons == 1, let colon = text.lastIndex(of: ":"),
            !text[colon...].contains("]")
        else { return nil }
        return SSHDKeyword.port(String(text[text.index(after: colon)...]))
    }
}
