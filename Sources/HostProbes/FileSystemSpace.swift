internal import Glibc
internal import Synchronization
internal import SystemFiles
public import SystemPackage

/// The space of a file system, in bytes (statvfs(3)), counted as df(1) does: what is reserved for root is neither used
/// nor available.
public struct FileSystemSpace: Sendable, Hashable {
    /// All space.
    public let total: UInt64
    /// What is not used, with what is reserved for root.
    public let free: UInt64
    /// What ordinary users can still write.
    public let available: UInt64

    /// Describes a file system.
    public init(total: UInt64, free: UInt64, available: UInt64) {
        self.total = total
        self.free = min(free, total)
        self.available = min(available, self.free)
    }

    /// What is used.
    public var used: UInt64 { total.subtractingSaturating(free) }

    /// Used space in % of what ordinary users can use: 100 when they can write nothing more. df(1) shows it rounded up.
    /// `nil` where the file system has no size.
    public var usedPercent: Double? {
        let usable = Double(used) + Double(available)
        return usable == 0 ? nil : Double(used) / usable * 100
    }

    /// 100 less ``usedPercent``.
    public var freePercent: Double? { usedPercent.map { 100 - $0 } }

    /// Asks the kernel, without a time limit.
    static func asked(_ path: FilePath) -> Result<FileSystemSpace, SystemError> {
        var answer = statvfs()
        do throws(SystemError) {
            try systemCall("inspect the file system at", path.string) {
                path.withPlatformString { statvfs($0, &answer) }
            }
        } catch {
            return .failure(error)
        }
        let unit = UInt64(answer.f_frsize)
        return .success(
            FileSystemSpace(
                total: UInt64(answer.f_blocks).multipliedSaturating(by: unit),
                free: UInt64(answer.f_bfree).multipliedSaturating(by: unit),
                available: UInt64(answer.f_bavail).multipliedSaturating(by: unit)))
    }
}

/// Asks file systems for their space without ever waiting longer than a limit: a file system whose server is gone
/// (a dead NFS mount) blocks the call for good, and nothing can interrupt it.
///
/// Each remote file system is asked by a thread of its own, the others by one thread together. A thread that does not come
/// back is left alone; its file system is not asked again through this value until the kernel answers, so keep one value
/// for the life of the process: then each dead mount costs one sleeping thread, not one per cycle.
public final class FileSystemSpaces: Sendable {
    /// Asks one file system; may block.
    typealias Question = @Sendable (FilePath) -> Result<FileSystemSpace, SystemError>

    private let ask: Question
    private let unanswered = Mutex<Set<FilePath>>([])

    /// Makes a value that asks the kernel.
    public convenience init() {
        self.init(ask: FileSystemSpace.asked)
    }

    init(ask: @escaping Question) {
        self.ask = ask
    }

    /// The space of each mount, or what kept it from being seen.
    ///
    /// - Parameters:
    ///   - mounts: The mounts.
    ///   - timeLimit: How long to wait for remote file systems, and again each time one of the others does not answer.
    public func spaces(
        of mounts: [Mount], timeLimit: Duration = .seconds(5)
    ) -> [FilePath: Result<FileSystemSpace, Limitation>] {
        var answers: [FilePath: Result<FileSystemSpace, Limitation>] = [:]
        var local: [FilePath] = []
        var groups: [[FilePath]] = []
        for mount in mounts {
            if unanswered.withLock({ $0.contains(mount.path) }) {
                answers[mount.path] = .failure(Self.silence(mount.path, "it has not answered an earlier call yet"))
            } else if mount.isRemote {
                groups.append([mount.path])
            } else {
                local.append(mount.path)
            }
        }
        if !local.isEmpty { groups.append(local) }
        while !groups.isEmpty {
            let board = AnswerBoard()
            for group in groups { start(group, board) }
            let received = board.wait(for: groups.joined().count, timeLimit: timeLimit)
            for (path, answer) in received {
                answers[path] = answer.mapError { Limitation("the space of \(path)", $0) }
            }
            // The first of a group that did not answer is the one that blocks; those behind it were not asked.
            groups = groups.compactMap { group in
                guard let stuck = group.firstIndex(where: { received[$0] == nil }) else { return nil }
                answers[group[stuck]] = .failure(
                    Self.silence(group[stuck], "the file system did not answer within \(timeLimit)"))
                let rest = group[(stuck + 1)...].filter { received[$0] == nil }
                return rest.isEmpty ? nil : rest
            }
        }
        return answers
    }

    /// The space of the file system that holds a path.
    public func space(of path: FilePath, timeLimit: Duration = .seconds(5)) throws(Limitation) -> FileSystemSpace {
        let mount = Mount(
            device: "", root: "/", path: path, options: [], type: "", source: "", fileSystemOptions: [])
        switch spaces(of: [mount], timeLimit: timeLimit)[path] {
        case .success(let space): return space
        case .failure(let limitation): throw limitation
        case nil: throw Self.silence(path, "it was not asked")
        }
    }

    private static func silence(_ path: FilePath, _ reason: String) -> Limitation {
        Limitation("the space of \(path)", because: reason)
    }

    /// Asks the file systems one after the other on a thread of its own.
    private func start(_ paths: [FilePath], _ board: AnswerBoard) {
        let isStarted = WaitingThread.begin { [self] in
            for path in paths {
                if board.isClosed { return }
                unanswered.withLock { _ = $0.insert(path) }
                let answer = ask(path)
                unanswered.withLock { _ = $0.remove(path) }
                board.put(path, answer)
            }
        }
        if !isStarted {
            for path in paths {
                board.put(
                    path,
                    .failure(SystemError("start a thread to inspect", path.string, .resourceTemporarilyUnavailable)))
            }
        }
    }
}

/// Where threads put their answers, and one waits for them.
private final class AnswerBoard: @unchecked Sendable {
    typealias Answers = [FilePath: Result<FileSystemSpace, SystemError>]

    // Both are read and written only while the lock is held.
    private var answers: Answers = [:]
    private var isAbandoned = false
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrival = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        lock.initialize(to: pthread_mutex_t())
        arrival.initialize(to: pthread_cond_t())
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // A clock that nobody can set.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(arrival, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(arrival)
        pthread_mutex_destroy(lock)
        arrival.deallocate()
        lock.deallocate()
    }

    private func withLock<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return body()
    }

    /// Whether nobody waits any longer.
    var isClosed: Bool { withLock { isAbandoned } }

    func put(_ path: FilePath, _ answer: Result<FileSystemSpace, SystemError>) {
        withLock {
            answers[path] = answer
            pthread_cond_signal(arrival)
        }
    }

    /// The answers, when there are as many as wanted, or when the time is over.
    func wait(for count: Int, timeLimit: Duration) -> Answers {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let (seconds, attoseconds) = timeLimit.components
        let nanoseconds = deadline.tv_nsec + Int(attoseconds / 1_000_000_000)
        deadline.tv_sec += Int(min(max(seconds, 0), 1_000_000)) + nanoseconds / 1_000_000_000
        deadline.tv_nsec = nanoseconds % 1_000_000_000
        return withLock {
            while answers.count < count {
                if pthread_cond_timedwait(arrival, lock, &deadline) != 0 { break }
            }
            isAbandoned = true
            return answers
        }
    }
}
