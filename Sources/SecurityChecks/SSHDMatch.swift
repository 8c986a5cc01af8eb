/// Who connects, as far as it is known; `nil` stands for "whoever".
struct SSHDConnection: Sendable, Hashable {
    var user: String?
    /// The names of the user's groups.
    var groups: [String]?
    var host: String?
    var address: String?
    var localAddress: String?
    var localPort: UInt16?
    var routingDomain: String?

    /// Nothing is known.
    init() {}
}

/// A `Match` line: all of its criteria have to hold for what follows it to count (sshd_config(5)).
struct SSHDMatch: Sendable, Hashable {
    /// One criterion.
    enum Criterion: Sendable, Hashable {
        case all
        case user(String)
        case group(String)
        case host(String)
        case address(String)
        case localAddress(String)
        case localPort(UInt16)
        case routingDomain(String)
        /// A user name that the system does not know (OpenSSH 9.9).
        case invalidUser
        /// A criterion of a newer OpenSSH than this evaluator knows.
        case unknown(String)
    }

    /// Why sshd would refuse a line.
    struct Refusal: Error, Hashable {
        let reason: String
    }

    let criteria: [Criterion]
    /// The criteria as they were written, for people: `User git`.
    let text: String

    /// Reads what follows the keyword `Match`.
    init(_ condition: ArraySlice<UInt8>) throws(Refusal) {
        var rest: ArraySlice<UInt8>? = condition
        var criteria: [Criterion] = []
        var words: [String] = []
        while let word = SSHDWords.next(&rest), !word.isEmpty, word.first != UInt8(ascii: "#") {
            let name = SSHDWords.text(word)
            words.append(name)
            switch name.lowercased() {
            case "all":
                let isAlone = Self.isEnd(SSHDWords.next(&rest))
                guard criteria.isEmpty, isAlone else {
                    throw Refusal(reason: "'all' cannot be combined with other criteria of Match")
                }
                self.criteria = [.all]
                self.text = name
                return
            case "invalid-user":
                criteria.append(.invalidUser)
            default:
                guard let argument = SSHDWords.next(&rest), !Self.isEnd(argument) else {
                    throw Refusal(reason: "Match \(name) has no argument")
                }
                let value = SSHDWords.text(argument)
                words.append(value)
                criteria.append(try Self.criterion(name, value))
            }
        }
        guard !criteria.isEmpty else { throw Refusal(reason: "Match has no criteria") }
        self.criteria = criteria
        self.text = words.joined(separator: " ")
    }

    private static func isEnd(_ word: [UInt8]?) -> Bool {
        word.map { $0.isEmpty || $0.first == UInt8(ascii: "#") } ?? true
    }

    private static func criterion(_ name: String, _ value: String) throws(Refusal) -> Criterion {
        switch name.lowercased() {
        case "user": return .user(value)
        case "group": return .group(value)
        case "host": return .host(value)
        case "rdomain": return .routingDomain(value)
        case "address", "localaddress":
            guard SSHDPatterns.outcome(address: nil, list: value) != nil else {
                throw Refusal(reason: "Match \(name) has the invalid address \(value)")
            }
            return name.lowercased() == "address" ? .address(value) : .localAddress(value)
        case "localport":
            guard let port = SSHDKeyword.port(value) else {
                throw Refusal(reason: "Match \(name) has the invalid port \(value)")
            }
            return .localPort(port)
        default:
            return .unknown(name)
        }
    }

    /// Whether the line matches whatever connects.
    var isAll: Bool { criteria == [.all] }

    /// Whether the line matches a connection; `nil` where that depends on what is not known of it.
    func matches(_ connection: SSHDConnection) -> Bool? {
        var isCertain = true
        for criterion in criteria {
            switch Self.holds(criterion, connection) {
            case false?: return false
            case nil: isCertain = false
            case true?: continue
            }
        }
        return isCertain ? true : nil
    }

    private static func holds(_ criterion: Criterion, _ connection: SSHDConnection) -> Bool? {
        func outcome(_ text: String?, _ list: String) -> Bool? {
            if list == "*" { return true }
            return text.map { SSHDPatterns.outcome($0, list: list) == .matches }
        }
        func outcome(address: String?, _ list: String) -> Bool? {
            address.map { SSHDPatterns.outcome(address: $0, list: list) == .matches }
        }
        switch criterion {
        case .all: return true
        case .user(let list): return outcome(connection.user, list)
        case .group(let list): return connection.groups.map { SSHDPatterns.anyMatches($0, list: list) }
        case .host(let list): return outcome(connection.host?.lowercased(), list.lowercased())
        case .address(let list): return outcome(address: connection.address, list)
        case .localAddress(let list): return outcome(address: connection.localAddress, list)
        case .localPort(let port): return connection.localPort.map { $0 == port }
        case .routingDomain(let list): return outcome(connection.routingDomain, list)
        case .invalidUser: return connection.user == nil ? nil : false
        case .unknown: return nil
        }
    }
}
