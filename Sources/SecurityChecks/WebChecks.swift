internal import SystemFiles
internal import SystemPackage

/// Whether Apache tells visitors no more than its name.
struct ApacheTokensCheck: SecurityCheck {
    let identifier = "apache_server_tokens"
    let title = "Apache does not tell its version"
    let area = SecurityArea.web
    let severity = Severity.low

    func result(on host: AuditedHost) async -> CheckResult {
        guard let configuration = ApacheConfiguration("ServerTokens", of: host) else {
            return .notApplicable("Apache is not installed")
        }
        let certain = configuration.settings.last { !$0.isConditional }
        let value = certain?.value ?? "Full"
        let evidence = configuration.settings.reversed().map {
            Evidence(
                $0.file.string, line: $0.line,
                value: "ServerTokens \($0.value)" + ($0.isConditional ? " (under a condition)" : ""),
                changeableBy: host.whoCanChange($0.file))
        }
        let isGood = ["prod", "productonly"].contains(value.lowercased())
        // A line behind the certain one counts where its condition holds.
        let behind = configuration.settings.lastIndex { !$0.isConditional }.map { configuration.settings[($0 + 1)...] }
        let open = (behind ?? configuration.settings[...]).filter {
            ["prod", "productonly"].contains($0.value.lowercased()) != isGood
        }
        if let obstacle = configuration.obstacles.first {
            return .cannotTell(
                "Not all of Apache's configuration can be read: \(obstacle)", evidence: evidence,
                remedy: "Let the agent's user read it.")
        }
        if let line = open.last {
            return .cannotTell(
                "ServerTokens is \(value), or \(line.value) where a condition holds", evidence: evidence,
                remedy: "Take the line out of its condition.")
        }
        if isGood { return .pass("ServerTokens is \(value)", evidence: evidence) }
        return .fail(
            "ServerTokens is \(value)" + (certain == nil ? ", the default" : ""), evidence: evidence,
            advice: "Set 'ServerTokens Prod', and 'ServerSignature Off' beside it.")
    }
}

/// Whether scripts of a page cannot read the cookies of PHP's sessions, or whether those are sent encrypted alone.
struct PHPCookieCheck: SecurityCheck {
    /// `session.cookie_httponly` or `session.cookie_secure`.
    let setting: String
    let title: String

    var identifier: String { "php_" + (setting.split(separator: ".").last.map(String.init) ?? setting) }
    let area = SecurityArea.web
    let severity = Severity.medium

    static let all = [
        PHPCookieCheck(setting: "session.cookie_httponly", title: "Scripts cannot read PHP's session cookies"),
        PHPCookieCheck(setting: "session.cookie_secure", title: "PHP's session cookies are sent encrypted alone"),
    ]

    func result(on host: AuditedHost) async -> CheckResult {
        let places = host.php()
        if places.isEmpty { return .notApplicable("PHP serves no pages here") }
        var evidence: [Evidence] = []
        var offending: [String] = []
        for place in places {
            let value = place.values[setting]
            let shown = "\(setting) = \(value?.text ?? "0, the default")"
            evidence.append(
                Evidence(
                    value?.file.string ?? place.name, line: value?.line, value: shown,
                    changeableBy: value.flatMap { host.whoCanChange($0.file) }))
            if !(value?.isOn ?? false) { offending.append(place.name) }
        }
        if let obstacle = places.compactMap(\.obstacle).first {
            return .cannotTell(
                "Not all of PHP's settings can be read: \(obstacle)", evidence: evidence,
                remedy: "Let the agent's user read them.")
        }
        if offending.isEmpty { return .pass("\(setting) is on", evidence: evidence) }
        return .fail(
            "\(setting) is off in \(offending.joined(separator: ", "))", evidence: evidence,
            advice: "Set '\(setting) = 1' in php.ini, or in a file of its conf.d.")
    }
}

/// The settings of PHP where it serves pages: its ini files, then those of a pool.
struct PHPSettings: Sendable, Hashable {
    /// A value in force.
    struct Value: Sendable, Hashable {
        let text: String
        let file: FilePath
        let line: Int

        /// Whether PHP takes it for true.
        var isOn: Bool { ["1", "on", "yes", "true"].contains(text.lowercased()) }
    }

    /// The ini file, or the pool.
    let name: String
    /// The last value of each setting.
    private(set) var values: [String: Value] = [:]
    /// What keeps the rest from being read.
    private(set) var obstacle: String?

    private static let limit = 1 << 20

    /// Each place where PHP serves pages: Debian's folders for Apache, FPM and CGI; Red Hat's single file; the pools of FPM, each
    /// a place of its own.
    static func all(on host: AuditedHost) -> [PHPSettings] {
        var places: [PHPSettings] = []
        let inis = ["/etc/php/*/apache2/php.ini", "/etc/php/*/fpm/php.ini", "/etc/php/*/cgi/php.ini", "/etc/php.ini"]
        for ini in inis.flatMap({ HostGlob.files(FilePath($0), on: host).files }) {
            let folder = ini.removingLastComponent()
            let additions = folder.string == "/etc" ? "/etc/php.d/*.ini" : "\(folder)/conf.d/*.ini"
            let place = PHPSettings(ini, additions: additions, on: host)
            let pools = folder.string == "/etc" ? "/etc/php-fpm.d/*.conf" : "\(folder)/pool.d/*.conf"
            let found = HostGlob.files(FilePath(pools), on: host)
            if found.files.isEmpty || found.unreadable != nil { places.append(place.hiding(found.unreadable)) }
            for file in found.files { places.append(PHPSettings(pool: file, after: place, on: host)) }
        }
        return places
    }

    private init(_ ini: FilePath, additions: String, on host: AuditedHost) {
        name = ini.string
        let found = HostGlob.files(FilePath(additions), on: host)
        obstacle = found.unreadable.map { "\($0): its files cannot be listed by this user" }
        for file in [ini] + found.files {
            read(file, on: host) { line in
                guard let equals = line.firstIndex(of: "=") else { return nil }
                return (line[..<equals], line[line.index(after: equals)...])
            }
        }
    }

    /// The same with a folder whose files this user cannot list, if there is one.
    private func hiding(_ folder: FilePath?) -> PHPSettings {
        var settings = self
        if let folder { settings.obstacle = obstacle ?? "\(folder): its files cannot be listed by this user" }
        return settings
    }

    /// A pool sets `php_value[NAME]`, `php_admin_value[NAME]` and the same with `flag`.
    private init(pool: FilePath, after ini: PHPSettings, on host: AuditedHost) {
        name = pool.string
        values = ini.values
        obstacle = ini.obstacle
        read(pool, on: host) { line in
            guard line.hasPrefix("php_"), let open = line.firstIndex(of: "["), let close = line.firstIndex(of: "]"),
                open < close, let equals = line[close...].firstIndex(of: "=")
            else { return nil }
            return (line[line.index(after: open)..<close], line[line.index(after: equals)...])
        }
    }

    private mutating func read(
        _ file: FilePath, on host: AuditedHost, _ entry: (Substring) -> (name: Substring, value: Substring)?
    ) {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try Files.read(host.path(file), limit: Self.limit)
        } catch {
            obstacle = obstacle ?? "\(file): \(error.code)"
            return
        }
        func trimmed(_ text: Substring) -> Substring {
            var text = text.drop { $0 == " " || $0 == "\t" }
            while let last = text.last, last == " " || last == "\t" { text.removeLast() }
            return text
        }
        var isGeneral = true
        for (index, raw) in String(decoding: bytes, as: UTF8.self).textLines.enumerated() {
            let line = trimmed(raw)
            if line.isEmpty || line.hasPrefix(";") || line.hasPrefix("#") { continue }
            // Sections of a path or a host count there alone.
            if line.hasPrefix("[") { isGeneral = !line.hasPrefix("[PATH") && !line.hasPrefix("[HOST") }
            guard isGeneral, let (name, value) = entry(line) else { continue }
            let bare = trimmed(value.prefix { $0 != ";" })
            let text = bare.count > 1 && bare.first == "\"" && bare.last == "\"" ? bare.dropFirst().dropLast() : bare
            values[String(trimmed(name)).lowercased()] = Value(text: String(text), file: file, line: index + 1)
        }
    }
}
