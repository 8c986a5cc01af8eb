internal import CommandRunner
internal import DataFile
internal import Glibc
internal import HostProbes
internal import SecurityChecks
internal import SystemFiles
internal import SystemPackage

/// What the plugins that check security have in common: how they ask, and how an answer becomes a module.
struct SecurityFace {
    private let host: AuditedHost
    private(set) var outcome = ModuleOutcome()

    /// Prepares for asking the host of a cycle. What its files should be like is remembered at the first look.
    init(_ context: ModuleContext, _ settings: AuditSettings) {
        var settings = settings
        settings.baselineUse = .compareOrTake
        let run: AuditedHost.Runner = { await $0.run() }
        let runner = context.host.roots.isRunningSystem ? run : nil
        var host = AuditedHost(
            roots: context.host.roots, settings: settings, stateFolder: context.stateFolder, userIdentifier: geteuid(),
            runner: runner)
        host.agentFiles = context.agentFiles
        self.host = host
    }

    /// Asks, and adds the answer as a module of 1 or 0 with the reason. An answer that is not visible is told to the operator,
    /// and the server hears nothing; a question that does not arise leaves nothing.
    @discardableResult
    mutating func add(_ check: (any SecurityCheck)?, as name: String, group: String? = "Security") async -> AuditReport
        .Entry?
    {
        guard let check else { return nil }
        let answer = await check.result(on: host)
        let isGood: Bool
        switch answer.verdict {
        case .pass: isGood = true
        case .fail: isGood = false
        case .notApplicable: return AuditReport.Entry(check: check, result: answer)
        case .cannotTell:
            outcome.notes.append("\(name): cannot tell: \(answer.summary)" + (answer.advice.map { "; \($0)" } ?? ""))
            outcome.limitationCount += 1
            return AuditReport.Entry(check: check, result: answer)
        }
        add(
            name, type: "generic_proc", value: isGood ? "1" : "0", group: group,
            description: isGood ? answer.summary : "\(answer.summary). \(answer.advice ?? "")")
        return AuditReport.Entry(check: check, result: answer)
    }

    /// Adds a module.
    mutating func add(
        _ name: String, type: ModuleType, value: String, group: String? = "Security",
        settings: [Module.Setting: String] = [:], description: String
    ) {
        var settings = settings
        settings[.group] = group
        outcome.elements.append(
            .module(
                Module(
                    name: name, type: type, description: description, settings: settings,
                    data: .value(Array(value.utf8)))))
    }

    /// Adds what went wrong.
    mutating func fail(_ sentence: String) { outcome.failures.append(sentence) }

    /// How many files of authorized keys the homes below a folder have; `nil` where one cannot be looked into.
    func keyFileCount(inHomesOf folder: FilePath) -> Int? {
        var homes: [FilePath] = [folder]
        if folder == "/home" {
            do throws(SystemError) {
                homes = try Files.names(in: host.path(folder)).map(folder.appending)
            } catch {
                return error.code == .noSuchFileOrDirectory ? 0 : nil
            }
        }
        var count = 0
        for home in homes {
            for name in [".ssh/authorized_keys", ".ssh/authorized_keys2"] {
                do throws(SystemError) {
                    if try Files.status(host.path(home.appending(FilePath(name).components))).size > 0 { count += 1 }
                } catch {
                    if error.code == .permissionDenied { return nil }
                }
            }
        }
        return count
    }
}

/// `audit`: every check as a module, and a score.
struct AuditPlugin: ModuleKind {
    static let name = "audit"
    static let usage = "audit [CHECK…] [--allow-port PORT] [--password-list FILE] [--watch FILE]"

    private var settings = AuditSettings()
    private var names: [String] = []

    init(arguments: [String]) throws(PluginMisuse) {
        var index = 0
        while index < arguments.count {
            let word = arguments[index]
            func value() throws(PluginMisuse) -> String {
                guard arguments.indices.contains(index + 1) else {
                    throw PluginMisuse("\(word) takes a value", usage: Self.usage, argument: index)
                }
                return arguments[index + 1]
            }
            switch word {
            case "--allow-port":
                guard let port = UInt16(try value()) else {
                    throw PluginMisuse("a port is a number up to 65535", usage: Self.usage, argument: index + 1)
                }
                settings.allowedPorts.insert(port)
            case "--password-list": settings.passwordLists.append(FilePath(try value()))
            case "--watch": settings.watchedFiles.append(FilePath(try value()))
            default:
                guard SecurityChecks.check(word) != nil else {
                    throw PluginMisuse("there is no check '\(word)'", usage: Self.usage, argument: index)
                }
                names.append(word)
                index -= 1
            }
            index += 2
        }
    }

    func collect(in context: ModuleContext) async -> ModuleOutcome {
        var face = SecurityFace(context, settings)
        var entries: [AuditReport.Entry] = []
        for check in SecurityChecks.all where names.isEmpty || names.contains(check.identifier) {
            if let entry = await face.add(check, as: "Audit[\(check.identifier)]") { entries.append(entry) }
        }
        let report = AuditReport(entries)
        if let score = report.score {
            face.add(
                "Audit score", type: "generic_data", value: "\(score)", settings: [.unit: "%"],
                description: "\(report.count(.pass)) of \(report.count(.pass) + report.count(.fail)) checks passed; "
                    + "\(report.count(.cannotTell)) cannot be told")
        }
        return face.outcome
    }
}

/// `basic_security`: the modules of the plugin that the security guide describes, with answers by what is in force.
struct BasicSecurityPlugin: ModuleKind {
    static let name = "basic_security"
    static let usage = "basic_security [PASSWORD-LIST]"

    /// Where the site's own list of passwords has been looked for ever since, besides where every audit looks.
    private static let lists: [FilePath] = [
        "/etc/pandora/plugins/password-list", "/usr/share/pandora_agent/plugins/password-list",
    ]

    private static let modules: [(name: String, check: String)] = [
        ("ssh_port", "ssh_port"), ("ftp_port", "ftp_port"), ("ssh_allow_root", "ssh_root_login"),
        ("mysql_without_pass", "mysql_root_password"), ("mysql_bind", "mysql_bind"), ("mysql_port", "mysql_port"),
        ("SELinux_status", "mandatory_access_control"), ("shadow_integrity", "integrity_shadow"),
        ("passwd_integrity", "integrity_passwd"), ("hosts_integrity", "integrity_hosts"),
        ("resolv_integrity", "integrity_resolv"), ("ssh_config_integrity", "integrity_sshd"),
        ("rsyslog_integrity", "integrity_rsyslog"), ("password_audit", "weak_passwords"),
    ]

    private let list: FilePath?

    init(arguments: [String]) throws(PluginMisuse) {
        if arguments.count > 1 { throw PluginMisuse("it takes one list", usage: Self.usage, argument: 1) }
        list = arguments.first.map { FilePath($0) }
    }

    func collect(in context: ModuleContext) async -> ModuleOutcome {
        var settings = AuditSettings()
        let lists =
            list.map { [$0] }
            ?? Self.lists.filter { path in
                Files.exists(context.host.roots.top.appending(path.components))
            }
        settings.passwordLists = lists
        var face = SecurityFace(context, settings)
        for module in Self.modules {
            await face.add(SecurityChecks.check(module.check), as: "SEC[\(module.name)]", group: nil)
        }
        for folder in ["/home", "/root"] as [FilePath] {
            guard let count = face.keyFileCount(inHomesOf: folder) else {
                face.hide(
                    "SEC[authorized_keys_\(folder)]: cannot look into \(folder); group root or CAP_DAC_READ_SEARCH would allow it"
                )
                continue
            }
            face.add(
                "SEC[authorized_keys_\(folder)]", type: "generic_data", value: "\(count)", group: nil,
                settings: [.minimumCritical: "1"], description: "How many files of authorized keys \(folder) has")
        }
        return face.outcome
    }
}

extension SecurityFace {
    /// Tells what is not visible.
    mutating func hide(_ sentence: String) {
        outcome.notes.append(sentence)
        outcome.limitationCount += 1
    }
}

/// `pandora_security_check`: the modules, options and configuration blocks of the plugin of that name.
struct SecurityCheckPlugin: ModuleKind {
    static let name = "pandora_security_check"
    static let usage =
        "pandora_security_check [--check_selinux {0,1}] [--check_ssh_root_access {0,1}] [--check_ssh_root_keys {0,1}] "
        + "[--check_ports {0,1}] [--check_files {0,1}] [--check_passwords {0,1}] [--include_defaults {0,1}] "
        + "[--integrity_file FILE] [--conf FILE]"

    private static let switches = [
        "--check_selinux", "--check_ssh_root_access", "--check_ssh_root_keys", "--check_ports", "--check_files",
        "--check_passwords", "--include_defaults",
    ]
    private static let usualFiles: [FilePath] = [
        "/etc/shadow", "/etc/passwd", "/etc/hosts", "/etc/resolv.conf", "/etc/ssh/sshd_config", "/etc/rsyslog.conf",
    ]
    private static let largestConfiguration = 4 << 20

    /// The switches that are off.
    private var off: Set<String> = []
    private var integrityFile: FilePath?
    private var configuration: FilePath?

    init(arguments: [String]) throws(PluginMisuse) {
        var index = 0
        while index < arguments.count {
            // --name value and --name=value are the same.
            let parts = arguments[index].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            let isJoined = parts.count == 2
            guard isJoined || arguments.indices.contains(index + 1) else {
                throw PluginMisuse("\(name) takes a value", usage: Self.usage, argument: index)
            }
            let value = isJoined ? String(parts[1]) : arguments[index + 1]
            switch name {
            case "--integrity_file": integrityFile = FilePath(value)
            case "--conf": configuration = FilePath(value)
            case _ where Self.switches.contains(name):
                guard value == "0" || value == "1" else {
                    throw PluginMisuse("\(name) is 0 or 1", usage: Self.usage, argument: isJoined ? index : index + 1)
                }
                if value == "0" { off.insert(name) } else { off.remove(name) }
            default: throw PluginMisuse("there is no option '\(name)'", usage: Self.usage, argument: index)
            }
            index += isJoined ? 1 : 2
        }
    }

    func collect(in context: ModuleContext) async -> ModuleOutcome {
        let hasDefaults = !off.contains("--include_defaults")
        var settings = AuditSettings(allowedPorts: hasDefaults ? [22, 80] : [])
        settings.usesShippedPasswords = hasDefaults
        var files = hasDefaults ? Self.usualFiles : []
        var problems: [String] = []
        if let configuration {
            do throws(SystemError) {
                let text = String(
                    decoding: try Files.read(configuration, limit: Self.largestConfiguration), as: UTF8.self)
                let blocks = SecurityCheckBlocks(parsing: text)
                settings.allowedPorts.formUnion(blocks.ports)
                settings.passwords += blocks.passwords
                files += blocks.files.filter { !files.contains($0) }
                problems = blocks.problems.map { "\(configuration): \($0)" }
            } catch {
                problems = ["\(error)"]
            }
        }
        settings.baselineFile = integrityFile.map { SecurityChecks.baselineFile(namedBy: $0) }
        var face = SecurityFace(context, settings)
        for problem in problems { face.fail(problem) }
        let modules: [(option: String, name: String, check: (any SecurityCheck)?)] = [
            ("--check_selinux", "SELinux status", SecurityChecks.check("mandatory_access_control")),
            ("--check_ssh_root_access", "SSH root access status", SecurityChecks.check("ssh_root_login")),
            ("--check_ssh_root_keys", "SSH root keys status", SecurityChecks.check("ssh_root_keys")),
            ("--check_ports", "Authorized ports status", SecurityChecks.allowedTCPPorts),
            ("--check_files", "Files check status", SecurityChecks.integrity(of: files)),
            ("--check_passwords", "Insecure passwords status", SecurityChecks.check("weak_passwords")),
        ]
        for module in modules where !off.contains(module.option) { await face.add(module.check, as: module.name) }
        return face.outcome
    }
}

/// The blocks of the configuration of `pandora_security_check`: `[PORTS]`, `[FILES]` and `[PASSWORDS]`, one entry a line.
struct SecurityCheckBlocks: Sendable, Hashable {
    /// Ports that may listen.
    private(set) var ports: Set<UInt16> = []
    /// Files that must not change.
    private(set) var files: [FilePath] = []
    /// Words that are no passwords.
    private(set) var passwords: [String] = []
    /// What is wrong, with its line.
    private(set) var problems: [String] = []

    /// Reads the text. Lines that begin with `#` are comments, but for passwords, which may begin so.
    init(parsing text: String) {
        var block = ""
        // A carriage return and a line feed are one Character, so that lines are split by bytes.
        let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
        for (index, raw) in lines.enumerated() {
            let line = Substring(raw.last == 0x0D ? raw.dropLast() : raw)
            if line.hasPrefix("["), line.hasSuffix("]") {
                block = line.dropFirst().dropLast().uppercased()
                if !["PORTS", "FILES", "PASSWORDS"].contains(block) {
                    problems.append("\(index + 1): there is no block \(line)")
                }
                continue
            }
            if block == "PASSWORDS" {
                if !line.isEmpty { passwords.append(String(line)) }
                continue
            }
            guard let word = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).first, !word.hasPrefix("#") else {
                continue
            }
            switch block {
            case "PORTS":
                if let port = UInt16(word) {
                    ports.insert(port)
                } else {
                    problems.append("\(index + 1): '\(word)' is no port")
                }
            case "FILES":
                if word.hasPrefix("/") {
                    files.append(FilePath(String(word)))
                } else {
                    problems.append("\(index + 1): '\(word)' is no absolute path")
                }
            case "": problems.append("\(index + 1): '\(word)' stands in no block")
            // The block's name was told already.
            default: continue
            }
        }
    }
}
