internal import SystemPackage

/// A check of sshd's configuration.
protocol SSHDCheck: SecurityCheck {
    /// Answers by what is known of a configured sshd whose configuration lets it start.
    func result(_ sshd: SSHDFacts, on host: AuditedHost) -> CheckResult
}

extension SSHDCheck {
    var area: SecurityArea { .remoteAccess }

    func result(on host: AuditedHost) async -> CheckResult {
        let sshd = await host.sshd()
        switch sshd.presence {
        case .absent: return .notApplicable("sshd is not installed")
        case .unconfigured: return .notApplicable("sshd has no configuration, and so does not start")
        case .configured: break
        }
        if let obstacle = sshd.configuration.obstacles.first(where: \.stopsSSHD) {
            return .cannotTell(
                "sshd would not start with its configuration: \(obstacle.place): \(obstacle.reason)",
                evidence: [obstacle.evidence],
                remedy: "Correct it; 'sshd -t' tells whether sshd starts.")
        }
        return result(sshd, on: host)
    }

    /// Judges a keyword with one value, for everybody who may connect.
    ///
    /// - Parameters:
    ///   - connection: Whom the keyword is about.
    ///   - isGood: Whether a value is as it should be.
    ///   - advice: What to do about one that is not.
    func judge(
        _ keyword: SSHDKeyword, _ sshd: SSHDFacts, on host: AuditedHost,
        for connection: SSHDConnection = SSHDConnection(), advice: String, isGood: (String) -> Bool
    ) -> CheckResult {
        let finding = sshd.finding(keyword, for: connection)
        var evidence = [finding.base.evidence(keyword, host, ownValue: finding.contradiction)]
        evidence += finding.exceptions.map { $0.evidence(keyword, host) }
        if let own = finding.contradiction {
            evidence.append(
                Evidence("sshd -T", value: "\(keyword.rawValue.lowercased()) \(own), unlike what the files say"))
        }
        if case .failed(let complaint) = sshd.ownAnswer {
            evidence.append(Evidence("sshd -T", value: "no answer: \(complaint)"))
        }
        evidence += sshd.configuration.obstacles.map(\.evidence)
        var text = "\(keyword.rawValue) is \(finding.base.value)"
        let others = finding.exceptions.filter { isGood($0.value) != isGood(finding.base.value) }
        if !others.isEmpty {
            text += ", but " + others.map { "\($0.value) for \($0.who)" }.joined(separator: " and ")
        }
        let isContradicted = finding.contradiction.map { !isGood($0) } ?? false
        let isBad = finding.isBaseCertain && !isGood(finding.base.value)
        if isBad || isContradicted || finding.exceptions.contains(where: { !isGood($0.value) }) {
            if isContradicted, !isBad { text += "; sshd itself says \(finding.contradiction ?? "")" }
            return .fail(text, evidence: evidence, advice: advice)
        }
        guard finding.isBaseCertain, finding.isComplete else {
            return hidden("\(keyword.rawValue)", sshd, evidence)
        }
        return .pass(text, evidence: evidence)
    }

    /// The answer where a part of the configuration could not be read.
    func hidden(_ subject: String, _ sshd: SSHDFacts, _ evidence: [Evidence]) -> CheckResult {
        let places = sshd.configuration.obstacles.map { "\($0.place): \($0.reason)" }.joined(separator: "; ")
        return .cannotTell(
            "\(subject) is not settled by what could be read: \(places)", evidence: evidence,
            remedy: "Run the audit as root, or let the agent's user read these files.")
    }
}

extension SSHDConfiguration.Obstacle {
    /// The position as compilers print it.
    var place: String { file.string + (line.map { ":\($0)" } ?? "") }

    var evidence: Evidence { Evidence(file.string, line: line, value: reason) }
}

extension SSHDSetting {
    /// To whom the value applies, as a phrase.
    var who: String {
        directive.map { $0.conditions.map { "Match \($0.text)" }.joined(separator: " within ") } ?? "everybody"
    }

    /// The setting as a fact.
    ///
    /// - Parameter ownValue: What sshd itself says against the files, where the default is its own.
    func evidence(_ keyword: SSHDKeyword, _ host: AuditedHost, ownValue: String? = nil) -> Evidence {
        guard let directive else {
            let source = ownValue == value ? "the default of this sshd" : "the default of sshd"
            return Evidence(source, value: "\(keyword.rawValue) \(value)")
        }
        let condition = directive.isForAll ? "" : " (\(who))"
        return Evidence(
            directive.file.string, line: directive.line, value: "\(keyword.rawValue) \(value)\(condition)",
            changeableBy: host.whoCanChange(directive.file))
    }
}
