internal import Glibc
internal import Synchronization
internal import SystemFiles
internal import SystemPackage

/// Tries words against hashes on all cores, with threads of the lowest priority, so that whatever else the host does goes
/// first.
final class PasswordTrial: Sendable {
    /// A hash, and what is tried against it.
    struct Target: Sendable {
        /// The hash with a NUL behind it.
        let hash: [CChar]
        /// The words for this account, which come before those for all.
        let variants: [[CChar]]
        /// How many words were tried, in their order.
        var tried = 0
        /// What came of it; `nil` while no word was the password.
        var ending: Ending?
    }

    /// Why no more words are tried.
    enum Ending: Sendable, Hashable {
        case isFound
        case isUnknownMethod
        case failed(Errno)
    }

    private struct State {
        var targets: [Target]
        var first = 0
        var running = 0
        var done: Int
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let words: [[CChar]]
    private let crypt: SystemCrypt
    private let total: Int
    private let deadline: ContinuousClock.Instant?
    private let progress: (@Sendable (AuditProgress) -> Void)?
    private let state: Mutex<State>

    /// Prepares a trial.
    ///
    /// - Parameters:
    ///   - targets: What is tried, with what was tried before.
    ///   - words: The words for all accounts.
    ///   - deadline: When no more words are begun; `nil` for never.
    init(
        _ targets: [Target], words: [[CChar]], crypt: SystemCrypt, deadline: ContinuousClock.Instant?,
        progress: (@Sendable (AuditProgress) -> Void)?
    ) {
        self.words = words
        self.crypt = crypt
        self.deadline = deadline
        self.progress = progress
        total = targets.reduce(0) { $0 + $1.variants.count + words.count }
        let done = targets.reduce(0) { $0 + ($1.ending == nil ? $1.tried : $1.variants.count + words.count) }
        state = Mutex(State(targets: targets, done: done))
    }

    /// Tries until nothing is left or the deadline has come.
    ///
    /// - Parameter threads: How many words are tried side by side, at least 1.
    func run(threads: Int) async -> [Target] {
        await withCheckedContinuation { continuation in
            state.withLock {
                $0.waiting = continuation
                $0.running = threads
            }
            for _ in 0..<threads where !Self.begin({ self.work() }) { self.work() }
        }
        return state.withLock { $0.targets }
    }

    private func work() {
        let scratch = SystemCrypt.Scratch()
        while let (index, word, hash, isFirst) = take() {
            switch crypt.compare(word, with: hash, scratch) {
            case .isOther: continue
            case .isPassword: end(index, .isFound)
            case .failed(let code): end(index, .failed(code))
            // A method that took the first word is not unknown; it only refuses this one.
            case .isUnknownMethod: if isFirst { end(index, .isUnknownMethod) }
            }
        }
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.running -= 1
            return state.running == 0 ? state.waiting.take() : nil
        }
        waiting?.resume()
    }

    /// The next word. One that is taken is always tried, so that those before the next one have been when all threads
    /// are done.
    private func take() -> (index: Int, word: [CChar], hash: [CChar], isFirst: Bool)? {
        if let deadline, ContinuousClock.now >= deadline { return nil }
        return state.withLock { state in
            while state.first < state.targets.count {
                let target = state.targets[state.first]
                let place = target.tried
                if target.ending != nil || place >= target.variants.count + words.count {
                    state.first += 1
                    continue
                }
                state.targets[state.first].tried += 1
                state.done += 1
                progress?(AuditProgress(subject: "passwords", done: state.done, total: total))
                let count = target.variants.count
                let word = place < count ? target.variants[place] : words[place - count]
                return (state.first, word, target.hash, place == 0)
            }
            return nil
        }
    }

    private func end(_ index: Int, _ ending: Ending) {
        state.withLock { state in
            let target = state.targets[index]
            if target.ending == nil { state.done += target.variants.count + words.count - target.tried }
            // Another thread may have tried a later word at the same time.
            if target.ending != .isFound { state.targets[index].ending = ending }
        }
    }

    // MARK: Threads

    /// How many cores this process may use: the bits of its mask (proc_pid_status(5)), or all cores where it is not
    /// visible.
    static var cores: Int {
        let status = (try? Files.read("/proc/self/status", limit: 1 << 16)) ?? []
        for line in status.split(separator: 0x0A) where line.starts(with: "Cpus_allowed:".utf8) {
            let digits = line.dropFirst("Cpus_allowed:".utf8.count)
            let count = digits.reduce(0) { $0 + (Character(Unicode.Scalar($1)).hexDigitValue ?? 0).nonzeroBitCount }
            if count > 0 { return count }
        }
        return max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }

    /// Begins work on a thread of the lowest priority, one of its own, as those of Swift's pool are for work that gives way to
    /// others.
    ///
    /// - Returns: Whether there is a thread for it; otherwise nothing is done.
    private static func begin(_ work: @escaping @Sendable () -> Void) -> Bool {
        WaitingThread.begin {
            // On Linux a nice value is a thread's own, and 0 stands for the one that calls (setpriority(2)).
            _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, 19)
            work()
        }
    }
}
