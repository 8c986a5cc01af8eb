internal import Glibc

/// Whether something matches a list of patterns, as in the section PATTERNS of ssh_config(5).
enum SSHDPatternOutcome {
    case matches
    case doesNotMatch
    /// A pattern with `!` matches, which decides against the whole list.
    case isExcluded
}

/// Patterns of sshd_config: `*`, `?`, lists separated by commas, and `!`.
enum SSHDPatterns {
    /// Whether the text matches one pattern. The time is linear in the text for each `*`, whatever the pattern.
    static func matches(_ text: String, _ pattern: some StringProtocol) -> Bool {
        let text = Array(text.utf8)
        let pattern = Array(pattern.utf8)
        var (position, place) = (0, 0)
        var resume: (position: Int, place: Int)?
        while position < text.count {
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                resume = (position, place)
                place += 1
            } else if place < pattern.count, pattern[place] == UInt8(ascii: "?") || pattern[place] == text[position] {
                position += 1
                place += 1
            } else if let last = resume {
                resume = (last.position + 1, last.place)
                position = last.position + 1
                place = last.place + 1
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// Whether the text matches a list of patterns.
    static func outcome(_ text: String, list: String) -> SSHDPatternOutcome {
        var outcome = SSHDPatternOutcome.doesNotMatch
        for entry in list.split(separator: ",", omittingEmptySubsequences: true) {
            if entry.hasPrefix("!") {
                if matches(text, entry.dropFirst()) { return .isExcluded }
            } else if matches(text, entry) {
                outcome = .matches
            }
        }
        return outcome
    }

    /// Whether a member of these groups matches a list: one group does, and none is excluded.
    static func anyMatches(_ groups: [String], list: String) -> Bool {
        var isFound = false
        for group in groups {
            switch outcome(group, list: list) {
            case .isExcluded: return false
            case .matches: isFound = true
            case .doesNotMatch: continue
            }
        }
        return isFound
    }

    /// Whether an address matches a list of addresses, networks in CIDR notation and patterns.
    ///
    /// - Returns: `nil` where the list is one that sshd refuses: an empty entry, or a mask that does not fit the address.
    static func outcome(address: String?, list: String) -> SSHDPatternOutcome? {
        let parsed = address.flatMap { SSHDAddress($0) }
        var outcome = SSHDPatternOutcome.doesNotMatch
        for entry in list.split(separator: ",", omittingEmptySubsequences: false) {
            let isNegated = entry.hasPrefix("!")
            let pattern = isNegated ? entry.dropFirst() : entry
            guard !pattern.isEmpty else { return nil }
            let isMatch: Bool
            switch SSHDNetwork.parse(pattern) {
            case .inconsistent: return nil
            case .network(let network): isMatch = parsed.map(network.contains) ?? false
            case .notANetwork: isMatch = address.map { matches($0, pattern) } ?? false
            }
            if isMatch, isNegated { return .isExcluded }
            if isMatch { outcome = .matches }
        }
        return outcome
    }
}

/// An IPv4 address (4 bytes) or an IPv6 address (16 bytes).
struct SSHDAddress: Sendable, Hashable {
    let bytes: [UInt8]

    /// Reads an address in its textual form; `nil` where it is none.
    init?(_ text: some StringProtocol) {
        let text = String(text)
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self.bytes = [UInt8](bytes[..<4])
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            self.bytes = bytes
        } else {
            return nil
        }
    }
}

/// A network in CIDR notation, or one address.
struct SSHDNetwork: Sendable, Hashable {
    /// What an entry of a list of addresses is.
    enum Entry {
        case network(SSHDNetwork)
        /// The mask is too long for the address, or the address has bits set behind it.
        case inconsistent
        case notANetwork
    }

    let address: SSHDAddress
    let maskLength: Int

    static func parse(_ text: some StringProtocol) -> Entry {
        guard let slash = text.firstIndex(of: "/") else {
            guard let address = SSHDAddress(text) else { return .notANetwork }
            return .network(SSHDNetwork(address: address, maskLength: address.bytes.count * 8))
        }
        guard let address = SSHDAddress(text[..<slash]), let length = Int(text[text.index(after: slash)...]),
            length >= 0
        else { return .notANetwork }
        let network = SSHDNetwork(address: address, maskLength: length)
        guard length <= address.bytes.count * 8, network.masked(address) == address.bytes else { return .inconsistent }
        return .network(network)
    }

    /// Whether an address of the same family is in the network.
    func contains(_ other: SSHDAddress) -> Bool {
        other.bytes.count == address.bytes.count && masked(other) == address.bytes
    }

    private func masked(_ other: SSHDAddress) -> [UInt8] {
        other.bytes.enumerated().map { index, byte in
            let bits = min(max(maskLength - index * 8, 0), 8)
            return byte & UInt8(truncatingIfNeeded: 0xFF00 >> bits)
        }
    }
}
