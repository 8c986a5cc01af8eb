internal import Glibc
internal import Synchronization
internal import SystemFiles

/// A thread from before the process restricted itself, for what the restriction costs besides what it is for.
///
/// A process under Landlock may not look into processes outside of it (ptrace(2) access), and so not tell which of them has
/// a socket open, however much it may otherwise see. This thread may; nothing but reading belongs on it.
public final class EarlierThread: Sendable {
    private static let shared = EarlierThread()

    private typealias Work = @Sendable () -> Void

    private struct Queue {
        var isRunning = false
        var waiting: [Work] = []
    }

    private let queue = Mutex(Queue())
    private let signal = Semaphore()

    private init() {}

    /// Starts the thread. Without it, ``read(_:)`` reads where it is called.
    public static func start() {
        let isRunning = WaitingThread.begin { shared.serve() }
        shared.queue.withLock { $0.isRunning = isRunning }
    }

    /// Reads something on the earlier thread, and waits for it.
    public static func read<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value {
        #if DEBUG
            let body = FaultInjection.carried(into: body)
        #endif
        let result = Result<Value>()
        let isQueued = shared.queue.withLock { queue in
            if queue.isRunning { queue.waiting.append { result.set(body()) } }
            return queue.isRunning
        }
        guard isQueued else { return body() }
        shared.signal.signal()
        return result.wait() ?? body()
    }

    private func serve() {
        while true {
            signal.wait()
            let work = queue.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
            work?()
        }
    }

    private final class Result<Value: Sendable>: Sendable {
        private let value = Mutex<Value?>(nil)
        private let signal = Semaphore()

        func set(_ new: Value) {
            value.withLock { $0 = new }
            signal.signal()
        }

        func wait() -> Value? {
            signal.wait()
            return value.withLock { $0 }
        }
    }
}

/// A counting semaphore (sem_overview(7)).
private final class Semaphore: @unchecked Sendable {
    // Its address is its identity.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }

    func wait() { while sem_wait(semaphore) != 0 && errno == EINTR {} }
}
