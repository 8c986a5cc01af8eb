internal import HostProbes
internal import SystemFiles
internal import SystemPackage

/// A question about the keys that open accounts.
protocol AuthorizedKeysCheck: SecurityCheck {
    /// Answers by what was read.
    func result(_ keys: AuthorizedKeys, on host: AuditedHost) -> CheckResult
}

extension AuthorizedKeysCheck {
    var area: SecurityArea { .remoteAccess }

    func result(on host: AuditedHost) async -> CheckResult {
        switch await host.authorizedKeys() {
        case .success(let keys): result(keys, on: host)
        case .failure(let hidden):
            .cannotTell(hidden.reason, remedy: "Let the agent's user read /etc/passwd.")
        }
    }
}

extension CheckResult {
    /// Facts that are more than people read are told by their number.
    fileprivate static func shortened(_ evidence: [Evidence]) -> [Evidence] {
        let most = 200
        guard evidence.count > most else { return evidence }
        return evidence.prefix(most) + [Evidence("and more", value: "\(evidence.count - most) facts like these")]
    }

    /// The answer where files of accounts could not be read.
    fileprivate static func hidden(_ obstacles: [Evidence], _ evidence: [Evidence]) -> CheckResult {
        .cannotTell(
            "Not visible: \(obstacles.first?.source ?? "")\(obstacles.count > 1 ? " and \(obstacles.count - 1) more" : "")",
            evidence: shortened(evidence + obstacles),
            remedy: "Run the audit as root, or give it the capability CAP_DAC_READ_SEARCH.")
    }
}

extension AuthorizedKeysFile {
    /// What the file holds: a fact for itself, and one for each key.
    func evidence(on host: AuditedHost) -> [Evidence] {
        let garbage = unreadableLines == 0 ? "" : ", \(unreadableLines) lines that are no key"
        return [
            Evidence(
                path.string, value: "\(keys.count) \(keys.count == 1 ? "key" : "keys") of \(account)\(garbage)",
                changeableBy: host.whoCanChange(path))
        ] + keys.map { Evidence(path.string, line: $0.line, value: $0.description) }
    }
}

/// Whether a key lets somebody in as root, from anywhere and for everything.
struct RootKeysCheck: AuthorizedKeysCheck {
    let identifier = "ssh_root_keys"
    let title = "No key opens root without limits"
    let severity = Severity.medium

    func result(_ keys: AuthorizedKeys, on host: AuditedHost) -> CheckResult {
        let files = keys.files.filter { $0.user == 0 }
        let evidence = CheckResult.shortened(files.flatMap { $0.evidence(on: host) })
        let all = files.flatMap(\.keys)
        let open = all.filter { !$0.isRestricted }
        if !open.isEmpty {
            return .fail(
                "\(open.count) of \(all.count) keys open root from anywhere", evidence: evidence,
                advice:
                    "Log in as another user and use sudo; give keys for jobs 'from=' and 'command=' in authorized_keys."
            )
        }
        let obstacles = keys.obstacles.filter { $0.user == 0 }.map(\.evidence)
        if !obstacles.isEmpty { return .hidden(obstacles, evidence) }
        return .pass(
            all.isEmpty ? "No key opens root" : "All \(all.count) keys are bound to addresses or commands",
            evidence: evidence)
    }
}

/// Whether the keys that open accounts are strong, and in files that nobody else can add to.
struct AccountKeysCheck: AuthorizedKeysCheck {
    let identifier = "ssh_authorized_keys"
    let title = "Keys that open accounts are strong and nobody else can add one"
    let severity = Severity.high

    func result(_ keys: AuthorizedKeys, on host: AuditedHost) -> CheckResult {
        var bad: [Evidence] = []
        for file in keys.files {
            for key in file.keys {
                guard let weakness = key.key.weakness else { continue }
                bad.append(Evidence(file.path.string, line: key.line, value: "\(key.description): \(weakness)"))
            }
            for place in (try? Files.foreignWriteAccess(to: host.path(file.path), trusting: file.user)) ?? [] {
                bad.append(Evidence(file.path.string, value: "\(place)"))
            }
        }
        let facts = keys.files.flatMap { $0.evidence(on: host) }
        let count = keys.files.reduce(0) { $0 + $1.keys.count }
        let summary = "\(count) \(count == 1 ? "key" : "keys") in \(keys.files.count) files"
        if !bad.isEmpty {
            return .fail(
                "\(bad.count) of these are weak or open to others: \(summary)",
                evidence: CheckResult.shortened(bad + facts),
                advice:
                    "Replace weak keys by new ones of ssh-keygen(1); 'chmod go-w' the files and the folders above them."
            )
        }
        if !keys.obstacles.isEmpty { return .hidden(keys.obstacles.map(\.evidence), facts) }
        return .pass(count == 0 ? "No key opens an account" : summary, evidence: CheckResult.shortened(facts))
    }
}

/// Whether a private key in a home is of use to whoever gets hold of the file.
struct PrivateKeysCheck: SecurityCheck {
    let identifier = "private_keys"
    let title = "Private keys have a pass phrase"
    let area = SecurityArea.remoteAccess
    let severity = Severity.medium

    func result(on host: AuditedHost) async -> CheckResult {
        let found: HomeKeys
        do throws(Limitation) {
            found = try HomeKeys(host)
        } catch {
            return .cannotTell("\(error)", remedy: "Let the agent's user read /etc/passwd.")
        }
        let open = found.keys.filter { $0.key.protection == .none }
        let evidence =
            open.map {
                Evidence($0.path.string, value: "a key of \($0.account) without pass phrase (\($0.key.format))")
            }
            + found.keys.filter { $0.key.protection != .none }.map { found in
                let protection = found.key.protection == .device ? "a security device" : "a pass phrase"
                return Evidence(
                    found.path.string, value: "a key of \(found.account) with \(protection) (\(found.key.format))")
            }
        if !open.isEmpty {
            let accounts = Set(open.map(\.account)).sorted().joined(separator: ", ")
            return .fail(
                "\(open.count) of \(found.keys.count) private keys have no pass phrase: those of \(accounts)",
                evidence: CheckResult.shortened(evidence + found.obstacles),
                advice:
                    "Give each one by 'ssh-keygen -p -f FILE'; a key for jobs belongs to an account that can do no more."
            )
        }
        if !found.obstacles.isEmpty { return .hidden(found.obstacles, evidence) }
        return .pass(
            found.keys.isEmpty ? "No private key is in a home" : "All \(found.keys.count) private keys are protected",
            evidence: CheckResult.shortened(evidence))
    }
}
