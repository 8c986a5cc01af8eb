internal import SystemFiles
internal import SystemPackage

/// Whether passwords are stored so that a stolen file does not give them away at once.
struct PasswordSchemeCheck: SecurityCheck {
    let identifier = "password_hashes"
    let title = "Passwords are stored by a method that resists guessing"
    let area = SecurityArea.accounts
    let severity = Severity.high

    func result(on host: AuditedHost) async -> CheckResult {
        let read = PasswordEntries(host)
        let hashed = read.entries.compactMap { entry in entry.hash.map { (entry, PasswordScheme(of: $0)) } }
        let outdated = hashed.filter { $0.1.isOutdated }
        if !outdated.isEmpty {
            let names = outdated.map(\.0.name).joined(separator: ", ")
            return .fail(
                "Stored by a method of the past: \(names)",
                evidence: outdated.map {
                    Evidence(
                        $0.0.file.string, line: $0.0.line,
                        value: "the password of \($0.0.name) is hashed by \($0.1.name)")
                },
                advice:
                    "Set ENCRYPT_METHOD to YESCRYPT or SHA512 in /etc/login.defs and the same in PAM, then set new passwords."
            )
        }
        if let obstacle = read.obstacle { return .hidden(obstacle) }
        if hashed.isEmpty { return .notApplicable("no account has a password") }
        return .pass("By \(Set(hashed.map(\.1.name)).sorted().joined(separator: ", "))")
    }
}

extension CheckResult {
    /// The answer where the shadow file cannot be read.
    fileprivate static func hidden(_ error: SystemError, evidence: [Evidence] = []) -> CheckResult {
        .cannotTell(
            "The passwords are not visible: \(error)", evidence: evidence,
            remedy: "Run the audit as root, or put the agent's user into the group shadow.")
    }
}

/// Whether a password is one that everybody tries first: one of the most common ones, one of the site's list, or the
/// user's name.
///
/// No answer holds a hash or a word, nor says which kind of word it was.
struct WeakPasswordsCheck: SecurityCheck {
    let identifier = "weak_passwords"
    let title = "No password is easily guessed"
    let area = SecurityArea.accounts
    let severity = Severity.critical

    /// The words that are tried before those of the site.
    var common: [ArraySlice<UInt8>] = CommonPasswords.all

    /// How long is tried before what was found out is written down.
    private static let interval = Duration.seconds(10)
    /// The memory that all threads may take together.
    private static let memoryLimit = 512 << 20

    /// An account with a password that is tried.
    private struct Candidate {
        let entry: PasswordEntry
        let scheme: PasswordScheme
        let digest: String?
        var target: PasswordTrial.Target
    }

    func result(on host: AuditedHost) async -> CheckResult {
        let read = PasswordEntries(host)
        let words = PasswordWords(host, common: common)
        let memory = PasswordMemory(in: host.stateFolder, words: words.words)
        var candidates: [Candidate] = []
        var costly: [PasswordEntry] = []
        for entry in read.entries {
            guard let hash = entry.hash else { continue }
            let scheme = PasswordScheme(of: hash)
            guard scheme.isAffordable else {
                costly.append(entry)
                continue
            }
            let digest = memory.digest(of: entry)
            let known = memory.progress(of: digest)
            candidates.append(
                Candidate(
                    entry: entry, scheme: scheme, digest: digest,
                    target: PasswordTrial.Target(
                        hash: PasswordWords.terminated(hash),
                        variants: PasswordWords.variants(ofName: entry.name, comment: entry.comment),
                        tried: known.tried, ending: known.isFound ? .isFound : nil)))
        }
        var notes = words.obstacles
        if candidates.contains(where: { !isDone($0, words) }) {
            do throws(SystemCrypt.Missing) {
                let crypt = try SystemCrypt()
                if let error = await attempt(&candidates, words, crypt, memory, host) {
                    notes.append(Evidence("the state folder", value: "nothing is remembered: \(error)"))
                }
            } catch {
                return .cannotTell(
                    "Passwords cannot be tried: \(error.reason)",
                    remedy: "Install the system's crypt(3): libcrypt1 on Debian, libxcrypt on Fedora.")
            }
        }
        return answer(read, candidates, costly, words, notes)
    }

    private func isDone(_ candidate: Candidate, _ words: PasswordWords) -> Bool {
        candidate.target.ending != nil
            || candidate.target.tried >= candidate.target.variants.count + words.words.count
    }

    /// Tries until all is done or the time is up, and remembers it from time to time.
    ///
    /// - Returns: Why it could not be remembered; `nil` where it was, or where nothing may be.
    private func attempt(
        _ candidates: inout [Candidate], _ words: PasswordWords, _ crypt: SystemCrypt, _ memory: PasswordMemory,
        _ host: AuditedHost
    ) async -> SystemError? {
        let end = host.settings.passwordTimeLimit.map { ContinuousClock.now + $0 }
        let largest = candidates.map(\.scheme.memory).max() ?? 0
        let threads = max(1, min(PasswordTrial.cores, largest == 0 ? .max : Self.memoryLimit / largest))
        var failure: SystemError?
        while true {
            let pause = ContinuousClock.now + Self.interval
            let trial = PasswordTrial(
                candidates.map(\.target), words: words.words, crypt: crypt,
                deadline: end.map { min($0, pause) } ?? pause,
                progress: host.progress)
            for (index, target) in await trial.run(threads: threads).enumerated() { candidates[index].target = target }
            var known: [String: PasswordMemory.Progress] = [:]
            for candidate in candidates {
                guard let digest = candidate.digest else { continue }
                switch candidate.target.ending {
                case nil: known[digest] = .init(tried: candidate.target.tried)
                // How many words it took would tell which one it was.
                case .isFound: known[digest] = .init(isFound: true)
                // What is wrong now may be right the next time.
                case .isUnknownMethod, .failed: continue
                }
            }
            do throws(SystemError) {
                try memory.save(known)
            } catch {
                failure = error
            }
            if candidates.allSatisfy({ isDone($0, words) }) { return failure }
            if let end, ContinuousClock.now >= end { return failure }
        }
    }

    private func answer(
        _ read: PasswordEntries, _ candidates: [Candidate], _ costly: [PasswordEntry], _ words: PasswordWords,
        _ notes: [Evidence]
    ) -> CheckResult {
        func fact(_ entry: PasswordEntry, _ text: String) -> Evidence {
            Evidence(entry.file.string, line: entry.line, value: "the password of \(entry.name) \(text)")
        }
        let found = candidates.filter { $0.target.ending == .isFound }
        let open = found.filter { !$0.entry.isLocked }.map(\.entry)
        let locked = found.filter { $0.entry.isLocked }.map(\.entry)
        let empty = read.entries.filter { $0.state == .empty }
        let unfinished = candidates.filter { !isDone($0, words) }.map(\.entry)
        var unknown: [PasswordEntry] = []
        var failed: [Evidence] = []
        for candidate in candidates {
            switch candidate.target.ending {
            case .isUnknownMethod?: unknown.append(candidate.entry)
            case .failed(let code)?: failed.append(fact(candidate.entry, "could not be tried: \(code)"))
            case nil, .isFound?: continue
            }
        }
        var evidence = open.map { fact($0, "is easily guessed") } + empty.map { fact($0, "is empty") }
        evidence += locked.map { fact($0, "is locked, and easily guessed once it is unlocked") }
        evidence += candidates.filter { $0.entry.isLocked && $0.target.ending != .isFound }
            .map { fact($0.entry, "is locked and set") }
        evidence += unfinished.map { fact($0, "is not tried with all words yet") }
        evidence += costly.map { fact($0, "takes too long or too much memory to be tried") }
        evidence += unknown.map {
            fact($0, "has a method that this system does not know, so that nobody gets in by it")
        }
        evidence += failed + notes
        if !open.isEmpty || !empty.isEmpty {
            let parts = [("Easily guessed", open), ("Empty", empty)].filter { !$0.1.isEmpty }.map {
                "\($0.0): \($0.1.map(\.name).joined(separator: ", "))"
            }
            return .fail(
                parts.joined(separator: "; "), evidence: evidence,
                advice: "Set a new password for each by passwd(1), or lock it by 'passwd -l NAME'.")
        }
        if let obstacle = read.obstacle { return .hidden(obstacle, evidence: evidence) }
        let count = candidates.count - unfinished.count - unknown.count - failed.count
        let tried = "\(count) of \(candidates.count + costly.count) passwords are tried with all words"
        if !unfinished.isEmpty {
            return .cannotTell(tried, evidence: evidence, remedy: "Run the audit again; it goes on where it ended.")
        }
        if !costly.isEmpty || !failed.isEmpty || !words.obstacles.isEmpty {
            return .cannotTell(
                tried + (words.obstacles.isEmpty ? "" : ", but not with all lists"), evidence: evidence,
                remedy: "See the evidence for what is in the way of the others.")
        }
        if candidates.isEmpty { return .pass("No account has a password that could be guessed", evidence: evidence) }
        let behind =
            locked.isEmpty ? "" : "; easily guessed behind a lock: \(locked.map(\.name).joined(separator: ", "))"
        return .pass(
            "Of \(candidates.count), none is among \(words.words.count) words or made of its user's name\(behind)",
            evidence: evidence)
    }
}
