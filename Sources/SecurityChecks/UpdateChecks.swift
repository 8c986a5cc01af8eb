internal import CommandRunner
internal import Digests
internal import Glibc
internal import HostProbes
internal import SystemFiles
internal import SystemPackage

/// Whether updates wait for the host's packages.
struct UpdatesCheck: SecurityCheck {
    /// Whether only updates that mend a security fault count.
    let isSecurity: Bool

    var identifier: String { isSecurity ? "security_updates" : "updates" }
    var title: String { isSecurity ? "No security update waits" : "No update waits" }
    let area = SecurityArea.updates
    var severity: Severity { isSecurity ? .high : .low }

    func result(on host: AuditedHost) async -> CheckResult {
        let answer = await host.waitingUpdates()
        let reason = isSecurity ? answer.reason ?? answer.securityReason : answer.reason
        if let reason, answer.names(isSecurity: isSecurity).isEmpty {
            return .cannotTell(reason, remedy: "Update the package lists, by 'apt-get update' for example.")
        }
        let names = answer.names(isSecurity: isSecurity)
        let evidence = names.prefix(50).map { Evidence(answer.source, value: $0) }
        if !names.isEmpty {
            let shown =
                names.prefix(5).joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
            return .fail(
                "\(names.count) wait: \(shown)", evidence: evidence,
                advice: isSecurity
                    ? "Install them now; unattended-upgrades or dnf-automatic would do it each night."
                    : "Install them with the next maintenance.")
        }
        return .pass("None waits, by the lists of \(answer.source)")
    }
}

/// The updates that wait, and how that is known.
struct WaitingUpdates: Sendable, Hashable {
    /// The packages, and whether the update mends a security fault.
    var updates: [String: Bool] = [:]
    /// Who says so.
    var source = ""
    /// Why it cannot be told.
    var reason: String?
    /// Why it cannot be told which of them mend security faults.
    var securityReason: String?

    /// The packages whose updates count, in order.
    func names(isSecurity: Bool) -> [String] { updates.filter { !isSecurity || $0.value }.keys.sorted() }

    /// Asks the package lists of apt, or dnf about what it has fetched; nothing is fetched for this.
    init(of host: AuditedHost) async {
        if Files.exists(host.path("/var/lib/dpkg/status")) {
            await apt(host)
        } else if let dnf = (["/usr/bin/dnf", "/usr/bin/yum"] as [FilePath]).first(where: {
            Files.exists(host.path($0))
        }) {
            await self.dnf(dnf, host)
        } else {
            reason = "The host has neither apt nor dnf"
        }
    }

    /// The lists are some 50 MB on a usual host, so what they said is remembered until they or the packages change.
    private mutating func apt(_ host: AuditedHost) async {
        source = "apt"
        let stamp = Self.stamp(host)
        let memory = host.stateFolder?.appending("audit/updates")
        if let memory, let bytes = try? Files.read(memory, limit: 4 << 20),
            let known = Self.remembered(String(decoding: bytes, as: UTF8.self), stamp: stamp)
        {
            updates = known
            return
        }
        let reading = PendingUpdate.all(host.roots)
        for update in reading.value {
            updates[update.name] = updates[update.name] == true || update.isSecurity
        }
        reason = reading.limitations.first?.description
        // Lists that are kept compressed are read by apt's own program, which takes a second of the processor.
        if reason != nil,
            let answer = await host.run(
                "/usr/bin/apt-get", ["-s", "-qq", "-o", "Debug::NoLocking=1", "dist-upgrade"], timeLimit: .seconds(60)),
            answer.isSuccess, !answer.isTruncated
        {
            updates = Self.simulated(answer.output)
            reason = nil
        }
        guard reason == nil, let memory else { return }
        // Where it cannot be kept, the next audit reads the lists again; nothing is lost but time.
        try? AuditNotes.keep(Self.text(updates, stamp: stamp), at: memory)
    }

    /// Reads what `apt-get --simulate` says: `Inst NAME [INSTALLED] (NEW ORIGIN …)`, where new packages have no version in
    /// brackets.
    static func simulated(_ output: [UInt8]) -> [String: Bool] {
        var updates: [String: Bool] = [:]
        for line in String(decoding: output, as: UTF8.self).split(separator: "\n") where line.hasPrefix("Inst ") {
            let words = line.split(separator: " ")
            guard words.count > 3, words[2].hasPrefix("[") else { continue }
            // The name of a package may have the word too.
            let origin = line.drop { $0 != "(" }
            updates[String(words[1])] = origin.contains("-Security:") || origin.contains("-security")
        }
        return updates
    }

    /// What is remembered: the stamp, then a line for each update, with `!` before security updates.
    static func text(_ updates: [String: Bool], stamp: String) -> String {
        "\(stamp)\n" + updates.sorted { $0.key < $1.key }.map { "\($0.value ? "!" : "")\($0.key)\n" }.joined()
    }

    /// Reads ``text(_:stamp:)``; `nil` where it is of other lists.
    static func remembered(_ text: String, stamp: String) -> [String: Bool]? {
        var lines = text.split(separator: "\n")[...]
        guard lines.popFirst() == stamp[...] else { return nil }
        var updates: [String: Bool] = [:]
        for line in lines { updates[String(line.drop { $0 == "!" })] = line.hasPrefix("!") }
        return updates
    }

    /// What tells the lists and the packages from those of another time: names, sizes and times of their files.
    private static func stamp(_ host: AuditedHost) -> String {
        let lists: FilePath = "/var/lib/apt/lists"
        var text = ""
        for file in ["/var/lib/dpkg/status"] + ((try? Files.names(in: host.path(lists))) ?? []).map(lists.appending) {
            guard let status = try? Files.status(host.path(file)) else { continue }
            text += "\(file) \(status.size) \(status.rawValue.st_mtim.tv_sec).\(status.rawValue.st_mtim.tv_nsec)\n"
        }
        return Digest.sha256(text).hexadecimal
    }

    /// What dnf knows without asking its mirrors.
    private mutating func dnf(_ program: FilePath, _ host: AuditedHost) async {
        source = program.lastComponent?.string ?? ""
        switch await listed(by: program, [], host) {
        case .failure(let unknown): reason = unknown.reason
        case .success(let names):
            for name in names { updates[name] = false }
            if names.isEmpty { return }
            switch await listed(by: program, ["--security"], host) {
            case .failure(let unknown): securityReason = unknown.reason
            case .success(let names): for name in names { updates[name] = true }
            }
        }
    }

    private struct Unknown: Error {
        let reason: String
    }

    /// The packages that `check-update` lists, which ends with 100 where updates wait.
    private func listed(
        by program: FilePath, _ options: [String], _ host: AuditedHost
    ) async -> Result<[String], Unknown> {
        let answer = await host.run(program, ["-q", "-C", "check-update"] + options, timeLimit: .seconds(30))
        guard let answer else { return .failure(Unknown(reason: "programs of this host cannot be asked")) }
        if answer.isSuccess { return .success([]) }
        guard answer.ending == .exited(status: 100) else {
            return .failure(Unknown(reason: "\(source) \(answer.ending)"))
        }
        let names = Self.names(answer.output)
        if names.isEmpty || answer.isTruncated {
            return .failure(Unknown(reason: "the answer of '\(source) check-update' is not understood"))
        }
        return .success(names)
    }

    /// The first words of lines with three: name, version, repository. A long name has a line of its own, and what belongs to
    /// it is on the next one.
    static func names(_ output: [UInt8]) -> [String] {
        var names: [String] = []
        var long: Substring?
        for line in String(decoding: output, as: UTF8.self).textLines {
            if line.hasPrefix("Obsoleting") { break }
            let words = line.split(separator: " ")
            if line.hasPrefix(" ") {
                if let long, words.count == 2 { names.append(String(long)) }
            } else if words.count == 3 {
                names.append(String(words[0]))
            }
            long = words.count == 1 && !line.hasPrefix(" ") ? words[0] : nil
        }
        return names
    }
}
