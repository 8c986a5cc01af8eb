internal import SystemFiles
internal import SystemPackage

/// Whether sshd listens on its default port, which every scanner tries first.
struct SSHPortCheck: SSHDCheck {
    let identifier = "ssh_port"
    let title = "SSH does not listen on its default port"
    let severity = Severity.low

    func result(_ sshd: SSHDFacts, on host: AuditedHost) -> CheckResult {
        let ports = sshd.configuration.ports()
        var evidence = ports.map { entry in
            guard let directive = entry.directive else { return Evidence("the default of sshd", value: "Port 22") }
            return Evidence(
                directive.file.string, line: directive.line, value: "\(directive.keyword.rawValue) \(directive.value)",
                changeableBy: host.whoCanChange(directive.file))
        }
        evidence += sshd.configuration.obstacles.map(\.evidence)
        var numbers = Set(ports.map(\.port))
        if let own = sshd.ownPorts, own != numbers {
            let list = own.sorted().map(String.init).joined(separator: ", ")
            evidence.append(Evidence("sshd -T", value: "listens on \(list), unlike what the files say"))
            numbers.formUnion(own)
        }
        let isComplete = sshd.configuration.obstacles.isEmpty
        let isFound = ports.contains { $0.port == 22 && ($0.directive != nil || isComplete) }
        if isFound || (isComplete && numbers.contains(22)) {
            return .fail(
                "sshd listens on port 22", evidence: evidence,
                advice: "Set Port to another one in \(Advice.file), which spares the log most of the scanners.")
        }
        guard isComplete else { return hidden("The port", sshd, evidence) }
        let list = numbers.sorted().map(String.init).joined(separator: ", ")
        return .pass("sshd listens on port \(list)", evidence: evidence)
    }
}

/// Whether root can log in, by whatever means.
struct SSHRootLoginCheck: SSHDCheck {
    let identifier = "ssh_root_login"
    let title = "Root cannot log in over SSH"
    let severity = Severity.high

    func result(_ sshd: SSHDFacts, on host: AuditedHost) -> CheckResult {
        judge(
            .permitRootLogin, sshd, on: host, for: sshd.root,
            advice: "Set 'PermitRootLogin no' in \(Advice.file), and become root by sudo or su."
        ) { $0 == "no" }
    }
}

/// Whether connections can be forwarded through the host.
struct SSHForwardingCheck: SSHDCheck {
    let identifier = "ssh_tcp_forwarding"
    let title = "SSH forwards no TCP connections"
    let severity = Severity.low

    func result(_ sshd: SSHDFacts, on host: AuditedHost) -> CheckResult {
        // DisableForwarding overrides all other options about it (sshd_config(5)).
        let all = judge(.disableForwarding, sshd, on: host, advice: "") { $0 == "yes" }
        if all.verdict == .pass { return all }
        return judge(
            .allowTCPForwarding, sshd, on: host,
            advice: "Set 'AllowTcpForwarding no' in \(Advice.file), and allow it in a Match block to those who need it."
        ) { $0 == "no" }
    }
}

/// Whether network interfaces can be tunnelled through the host.
struct SSHTunnelCheck: SSHDCheck {
    let identifier = "ssh_tunnel"
    let title = "SSH makes no tunnels"
    let severity = Severity.medium

    func result(_ sshd: SSHDFacts, on host: AuditedHost) -> CheckResult {
        judge(
            .permitTunnel, sshd, on: host, advice: "Set 'PermitTunnel no' in \(Advice.file)."
        ) { $0 == "no" }
    }
}

/// Whether those who connect are told whose host it is.
struct SSHBannerCheck: SSHDCheck {
    let identifier = "ssh_banner"
    let title = "SSH shows a banner before the log-in"
    let severity = Severity.low

    func result(_ sshd: SSHDFacts, on host: AuditedHost) -> CheckResult {
        let advice = "Write who may use the host into a file, and name it by 'Banner' in \(Advice.file)."
        let result = judge(.banner, sshd, on: host, advice: advice) { $0 != "none" }
        let banner = sshd.finding(.banner, for: SSHDConnection()).base.value
        guard result.verdict == .pass, banner.hasPrefix("/") else { return result }
        do throws(SystemError) {
            if try Files.status(host.path(FilePath(banner))).size > 0 { return result }
            return .fail("The banner \(banner) is empty", evidence: result.evidence, advice: advice)
        } catch {
            let isMissing = error.code == .noSuchFileOrDirectory
            return isMissing
                ? .fail("The banner \(banner) does not exist", evidence: result.evidence, advice: advice)
                : .cannotTell(
                    "The banner \(banner) cannot be seen: \(error.code)", evidence: result.evidence,
                    remedy: "Run the audit as root, or put the banner where everybody can read it.")
        }
    }
}

/// Whether passwords are refused, so that guessing them is of no use.
struct SSHPasswordCheck: SSHDCheck {
    let identifier = "ssh_password_authentication"
    let title = "SSH refuses passwords"
    let severity = Severity.medium

    func result(_ sshd: SSHDFacts, on host: AuditedHost) -> CheckResult {
        let advice =
            "Give the users keys, then set 'PasswordAuthentication no' and 'KbdInteractiveAuthentication no' in "
            + "\(Advice.file)."
        let result = judge(.passwordAuthentication, sshd, on: host, advice: advice) { $0 == "no" }
        guard result.verdict == .pass else { return result }
        // PAM asks for the password in the keyboard-interactive dialogue, which has a keyword of its own.
        let pam = sshd.finding(.usePAM, for: SSHDConnection())
        guard pam.base.value == "yes" else { return result }
        let dialogue = judge(.keyboardInteractiveAuthentication, sshd, on: host, advice: advice) { $0 == "no" }
        let evidence = result.evidence + [pam.base.evidence(.usePAM, host)] + dialogue.evidence
        switch dialogue.verdict {
        case .pass: return .pass(result.summary, evidence: evidence)
        case .cannotTell: return .cannotTell(dialogue.summary, evidence: evidence, remedy: dialogue.advice)
        default:
            return .fail(
                "\(result.summary), but PAM asks for passwords: \(dialogue.summary) and UsePAM is yes",
                evidence: evidence, advice: advice)
        }
    }
}

/// Whether accounts without a password can log in.
struct SSHEmptyPasswordCheck: SSHDCheck {
    let identifier = "ssh_empty_passwords"
    let title = "SSH accepts no empty passwords"
    let severity = Severity.critical

    func result(_ sshd: SSHDFacts, on host: AuditedHost) -> CheckResult {
        judge(
            .permitEmptyPasswords, sshd, on: host, advice: "Set 'PermitEmptyPasswords no' in \(Advice.file)."
        ) { $0 == "no" }
    }
}

private enum Advice {
    static let file = "sshd_config (above its first Match line and its Includes) and reload sshd"
}
