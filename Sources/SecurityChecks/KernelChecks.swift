internal import HostProbes
internal import SystemFiles
internal import SystemPackage

/// Whether SELinux or AppArmor confines programs beyond the rights of their users.
struct MandatoryAccessCheck: SecurityCheck {
    let identifier = "mandatory_access_control"
    let title = "SELinux or AppArmor is in force"
    let area = SecurityArea.system
    let severity = Severity.medium

    func result(on host: AuditedHost) async -> CheckResult {
        let advice =
            "Switch on the one that the distribution supports: SELinux enforcing, or AppArmor with its profiles."
        if let enforcing = host.firstWord(of: "/sys/fs/selinux/enforce") {
            let evidence = [Evidence("/sys/fs/selinux/enforce", value: enforcing)]
            return enforcing == "1"
                ? .pass("SELinux is enforcing", evidence: evidence)
                : .fail("SELinux is loaded and only writes to the log", evidence: evidence, advice: advice)
        }
        guard host.firstWord(of: "/sys/module/apparmor/parameters/enabled") == "Y" else {
            return .fail("Neither SELinux nor AppArmor is in force", advice: advice)
        }
        let profiles: FilePath = "/sys/kernel/security/apparmor/profiles"
        do throws(SystemError) {
            let lines = try Files.read(host.path(profiles), limit: 1 << 20).split(separator: UInt8(ascii: "\n"))
            let enforced = lines.filter { $0.suffix(9).elementsEqual("(enforce)".utf8) }.count
            let evidence = [Evidence(profiles.string, value: "\(enforced) of \(lines.count) profiles are enforced")]
            return enforced > 0
                ? .pass("AppArmor enforces \(enforced) profiles", evidence: evidence)
                : .fail("AppArmor is on and enforces no profile", evidence: evidence, advice: advice)
        } catch {
            return .cannotTell(
                "AppArmor is on, and its profiles are not visible: \(error.code)", remedy: "Run the audit as root.")
        }
    }
}

/// Whether a setting of the kernel is as the usual guides want it.
struct KernelSettingCheck: SecurityCheck {
    /// The name as sysctl(8) has it.
    let setting: String
    let title: String
    /// The values that are fine, the best one first.
    let good: [String]
    let severity: Severity
    /// Where the setting is explained.
    let source: String

    var identifier: String { "sysctl_" + String(setting.map { $0 == "." ? "_" : $0 }) }
    let area = SecurityArea.system

    private var file: FilePath { FilePath("/proc/sys/" + String(setting.map { $0 == "." ? "/" : $0 })) }

    func result(on host: AuditedHost) async -> CheckResult {
        do throws(SystemError) {
            let bytes = try Files.read(host.path(file), limit: 4096)
            let value = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(
                separator: " ")
            let evidence = [Evidence(file.string, value: "\(setting) = \(value)")]
            if good.contains(value) { return .pass("\(setting) is \(value)", evidence: evidence) }
            return .fail(
                "\(setting) is \(value)", evidence: evidence,
                advice:
                    "Put '\(setting) = \(good.first ?? "")' into a file of /etc/sysctl.d, then run 'sysctl --system' (\(source))."
            )
        } catch {
            if error.code == .noSuchFileOrDirectory { return .notApplicable("this kernel has no \(setting)") }
            return .cannotTell("\(setting) is not visible: \(error.code)", remedy: "Run the audit as root.")
        }
    }

    /// The settings that the usual guides name (CIS Benchmarks for Linux distributions, "Network Configuration" and
    /// "Additional Process Hardening"), with the kernel's own documents as sources.
    static let all: [KernelSettingCheck] = [
        KernelSettingCheck(
            setting: "kernel.randomize_va_space", title: "Addresses of programs are random", good: ["2"],
            severity: .high, source: "sysctl/kernel.rst"),
        KernelSettingCheck(
            setting: "kernel.kptr_restrict", title: "Addresses of the kernel are hidden", good: ["1", "2"],
            severity: .low, source: "sysctl/kernel.rst"),
        KernelSettingCheck(
            setting: "kernel.dmesg_restrict", title: "Only root reads the kernel's messages", good: ["1"],
            severity: .low, source: "sysctl/kernel.rst"),
        KernelSettingCheck(
            setting: "kernel.yama.ptrace_scope", title: "Programs cannot look into others of their user",
            good: ["1", "2", "3"], severity: .low, source: "LSM/Yama.rst"),
        KernelSettingCheck(
            setting: "fs.suid_dumpable", title: "Privileged programs leave no core dump", good: ["0"],
            severity: .medium, source: "sysctl/fs.rst"),
        KernelSettingCheck(
            setting: "fs.protected_symlinks", title: "Links of others in /tmp are not followed", good: ["1"],
            severity: .medium, source: "sysctl/fs.rst"),
        KernelSettingCheck(
            setting: "fs.protected_hardlinks", title: "Nobody links files that are not his", good: ["1"],
            severity: .medium, source: "sysctl/fs.rst"),
        KernelSettingCheck(
            setting: "net.ipv4.tcp_syncookies", title: "Floods of connections are warded off", good: ["1", "2"],
            severity: .medium, source: "networking/ip-sysctl.rst"),
        KernelSettingCheck(
            setting: "net.ipv4.conf.all.accept_source_route", title: "Senders do not choose routes", good: ["0"],
            severity: .medium, source: "networking/ip-sysctl.rst"),
        KernelSettingCheck(
            setting: "net.ipv4.conf.all.accept_redirects", title: "Nobody redirects traffic by ICMP", good: ["0"],
            severity: .medium, source: "networking/ip-sysctl.rst"),
        KernelSettingCheck(
            setting: "net.ipv6.conf.all.accept_redirects", title: "Nobody redirects IPv6 traffic by ICMP", good: ["0"],
            severity: .medium, source: "networking/ip-sysctl.rst"),
        KernelSettingCheck(
            setting: "net.ipv4.conf.all.rp_filter", title: "Forged sender addresses are dropped", good: ["1", "2"],
            severity: .low, source: "networking/ip-sysctl.rst"),
    ]
}

extension AuditedHost {
    /// The first word of a small file of the kernel; `nil` where it is not there or not visible.
    fileprivate func firstWord(of file: FilePath) -> String? {
        guard let bytes = try? Files.read(path(file), limit: 4096) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
    }
}
