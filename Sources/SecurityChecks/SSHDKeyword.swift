internal import Glibc

/// The keywords of sshd_config(5) whose value in force the checks ask for.
enum SSHDKeyword: String, Sendable, Hashable, CaseIterable {
    case port = "Port"
    case listenAddress = "ListenAddress"
    case permitRootLogin = "PermitRootLogin"
    case allowTCPForwarding = "AllowTcpForwarding"
    case disableForwarding = "DisableForwarding"
    case permitTunnel = "PermitTunnel"
    case banner = "Banner"
    case passwordAuthentication = "PasswordAuthentication"
    case permitEmptyPasswords = "PermitEmptyPasswords"
    case keyboardInteractiveAuthentication = "KbdInteractiveAuthentication"
    case usePAM = "UsePAM"
    /// Several paths, here joined by spaces.
    case authorizedKeysFile = "AuthorizedKeysFile"

    /// The keyword of a name, in whatever case; a former name of it counts too.
    init?(named name: String) {
        let name = name.lowercased()
        switch name {
        case "challengeresponseauthentication", "skeyauthentication": self = .keyboardInteractiveAuthentication
        default:
            guard let keyword = Self.byLowercasedName[name] else { return nil }
            self = keyword
        }
    }

    private static let byLowercasedName = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0.rawValue.lowercased(), $0) })

    /// Whether a `Match` block may set it.
    var isAllowedInMatch: Bool {
        switch self {
        case .port, .listenAddress, .usePAM: false
        default: true
        }
    }

    /// The value in its usual spelling; `nil` where sshd refuses it.
    ///
    /// - Parameter argument: The first argument of the keyword, not empty.
    func value(_ argument: String) -> String? {
        let lowercased = argument.lowercased()
        switch self {
        case .port: return Self.port(argument).map(String.init)
        case .listenAddress, .authorizedKeysFile: return argument
        case .banner: return lowercased == "none" ? "none" : argument
        case .permitRootLogin:
            switch lowercased {
            case "without-password": return "prohibit-password"
            case "prohibit-password", "forced-commands-only", "yes", "no": return lowercased
            default: return nil
            }
        case .allowTCPForwarding:
            switch lowercased {
            case "all": return "yes"
            case "yes", "no", "local", "remote": return lowercased
            default: return nil
            }
        // The one whose argument sshd compares with its case.
        case .permitTunnel: return ["yes", "no", "point-to-point", "ethernet"].contains(argument) ? argument : nil
        default: return ["yes", "no"].contains(lowercased) ? lowercased : nil
        }
    }

    /// The value where nothing sets it.
    ///
    /// - Parameter version: The version of OpenSSH; `nil` is taken for a current one.
    func defaultValue(_ version: SSHDVersion?) -> String {
        switch self {
        case .port: "22"
        case .listenAddress: "any"
        case .permitRootLogin:
            version.map { $0 < SSHDVersion(major: 7, minor: 0) } == true ? "yes" : "prohibit-password"
        case .banner: "none"
        case .authorizedKeysFile: ".ssh/authorized_keys .ssh/authorized_keys2"
        case .allowTCPForwarding, .passwordAuthentication, .keyboardInteractiveAuthentication: "yes"
        case .disableForwarding, .permitTunnel, .permitEmptyPasswords, .usePAM: "no"
        }
    }

    /// A port by its number or by the name of its service (services(5)); `nil` where it is neither, or 0.
    static func port(_ text: String) -> UInt16? {
        if let number = UInt16(text) { return number == 0 ? nil : number }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !text.isEmpty, text.first?.isNumber == false else {
            return nil
        }
        var entry = servent()
        var found: UnsafeMutablePointer<servent>?
        var buffer = [CChar](repeating: 0, count: 4096)
        guard getservbyname_r(text, "tcp", &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return UInt16(truncatingIfNeeded: entry.s_port).byteSwapped
    }
}

/// A version of OpenSSH.
struct SSHDVersion: Sendable, Hashable, Comparable {
    let major: Int
    let minor: Int

    /// A version by its numbers.
    init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Finds the version in what `sshd -V` prints, or in the complaint about -V of those that do not know it:
    /// `OpenSSH_9.2p1 Debian-2, OpenSSL 3.0 …`.
    init?(parsing output: String) {
        for word in output.split(whereSeparator: \.isWhitespace) where word.hasPrefix("OpenSSH_") {
            let numbers = word.dropFirst("OpenSSH_".count).split(separator: ".", maxSplits: 1)
            guard numbers.count == 2, let major = Int(numbers[0]), let minor = Int(numbers[1].prefix { $0.isNumber })
            else { continue }
            self.init(major: major, minor: minor)
            return
        }
        return nil
    }

    static func < (first: SSHDVersion, second: SSHDVersion) -> Bool {
        (first.major, first.minor) < (second.major, second.minor)
    }
}
