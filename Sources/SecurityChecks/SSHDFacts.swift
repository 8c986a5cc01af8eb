internal import CommandRunner
internal import HostProbes
internal import SystemFiles
internal import SystemPackage

/// What the checks of sshd ask, found out once for all of them.
struct SSHDFacts: Sendable {
    /// What is there of sshd.
    enum Presence: Sendable, Hashable {
        case absent
        /// The program without its configuration, without which it does not start.
        case unconfigured
        case configured
    }

    /// What sshd itself says of its configuration.
    enum OwnAnswer: Sendable, Hashable {
        /// Keywords in lower case, each with its values.
        case values([String: [String]])
        /// It gave none; the phrase says why.
        case failed(String)
        /// It was not asked, as only root can read the host keys, or as this is a tree of files.
        case notAsked
    }

    let presence: Presence
    let configuration: SSHDConfiguration
    /// `nil` where it is not known.
    let version: SSHDVersion?
    let ownAnswer: OwnAnswer
    /// The connection that sshd was asked about.
    let askedConnection: SSHDConnection
    /// Root as somebody who connects, from wherever.
    let root: SSHDConnection

    private static let programs: [FilePath] = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"]
    // The second one is where distributions with an empty /etc have it, such as openSUSE.
    private static let configurations: [FilePath] = ["/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config"]

    /// Looks at a host.
    init(_ host: AuditedHost) async {
        let program = Self.programs.first { Files.exists(host.path($0)) }
        // What cannot be reached is taken to be there: the reading will say what is in the way.
        let file = Self.configurations.first {
            do throws(SystemError) {
                _ = try Files.status(host.path($0))
                return true
            } catch {
                return error.code == .permissionDenied
            }
        }
        var root = SSHDConnection()
        root.user = "root"
        root.groups = (try? host.accounts())?.value.first { $0.name == "root" }?.groups
        self.root = root
        guard let file else {
            presence = program == nil ? .absent : .unconfigured
            configuration = SSHDConfiguration()
            version = nil
            ownAnswer = .notAsked
            askedConnection = SSHDConnection()
            return
        }
        presence = .configured
        configuration = SSHDConfigurationReader.read(file, on: host)
        version = await Self.version(program, host)
        var asked = SSHDConnection()
        if configuration.hasConditions {
            asked = root
            (asked.host, asked.address, asked.localAddress, asked.localPort) = (
                "localhost", "127.0.0.1", "127.0.0.1", 22
            )
        }
        askedConnection = asked
        ownAnswer = await Self.ownAnswer(program, hasConditions: configuration.hasConditions, host)
    }

    private static func version(_ program: FilePath?, _ host: AuditedHost) async -> SSHDVersion? {
        guard let program, let result = await host.run(program, ["-V"]) else { return nil }
        return SSHDVersion(parsing: String(decoding: result.errorOutput + [0x0A] + result.output, as: UTF8.self))
    }

    private static func ownAnswer(_ program: FilePath?, hasConditions: Bool, _ host: AuditedHost) async -> OwnAnswer {
        guard let program, host.userIdentifier == 0 else { return .notAsked }
        let connection = "user=root,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22"
        guard let result = await host.run(program, ["-T"] + (hasConditions ? ["-C", connection] : [])) else {
            return .notAsked
        }
        guard result.isSuccess, !result.isTruncated else {
            let complaint = result.errorOutput.split(separator: 0x0A).first.map(SSHDWords.text)
            return .failed(complaint ?? "it \(result.ending)")
        }
        return .values(parse(result.output))
    }

    /// Reads what `sshd -T` prints: a keyword in lower case and its value on each line.
    static func parse(_ output: [UInt8]) -> [String: [String]] {
        var values: [String: [String]] = [:]
        for line in output.split(separator: 0x0A) {
            guard let space = line.firstIndex(of: 0x20) else { continue }
            let value = SSHDWords.text(line[(space + 1)...])
            values[SSHDWords.text(line[..<space]), default: []].append(value)
        }
        return values
    }

    /// What sshd says of a keyword, in the usual spelling; `nil` where it was not asked or did not answer.
    func ownValue(_ keyword: SSHDKeyword) -> String? {
        guard case .values(let values) = ownAnswer, let value = values[keyword.rawValue.lowercased()]?.first else {
            return nil
        }
        return keyword.value(value) ?? value
    }

    /// The ports on which sshd says that it listens; `nil` where it does not say.
    var ownPorts: Set<UInt16>? {
        guard case .values(let values) = ownAnswer, let addresses = values["listenaddress"] else { return nil }
        return Set(addresses.compactMap(SSHDConfiguration.port(ofAddress:)))
    }
}

extension SSHDFacts {
    /// A keyword's value in force, and what sshd itself says against it.
    struct Finding: Sendable {
        var base: SSHDSetting
        var exceptions: [SSHDSetting]
        let isBaseCertain: Bool
        let isComplete: Bool
        /// What sshd says, where that is another value than was read.
        let contradiction: String?
    }

    /// Evaluates a keyword, and compares with sshd's own answer. Where that differs from a default, it counts: programs are
    /// built with other defaults than the manual's.
    func finding(_ keyword: SSHDKeyword, for connection: SSHDConnection) -> Finding {
        let answer = configuration.answer(keyword, for: connection, version)
        var finding = Finding(
            base: answer.base, exceptions: answer.exceptions, isBaseCertain: answer.isBaseCertain,
            isComplete: answer.isComplete, contradiction: contradiction(keyword))
        if let own = finding.contradiction, finding.base.directive == nil {
            finding.base = SSHDSetting(value: own, directive: nil)
        }
        return finding
    }

    private func contradiction(_ keyword: SSHDKeyword) -> String? {
        guard let own = ownValue(keyword) else { return nil }
        let read = configuration.answer(keyword, for: askedConnection, version)
        // sshd makes a relative path absolute by a folder that is not known here.
        if keyword == .banner, !read.base.value.hasPrefix("/"), own.hasSuffix(read.base.value) { return nil }
        return read.values.contains { $0.value == own } ? nil : own
    }
}
