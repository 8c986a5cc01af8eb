internal import Glibc

/// A thread of its own for work that waits, or computes for long, which the threads of a pool must not.
public enum WaitingThread {
    private static let stackSize = 512 << 10

    private final class Work {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    /// Begins work that nobody joins.
    ///
    /// - Returns: Whether there is a thread for it; otherwise nothing is done.
    public static func begin(_ body: @escaping @Sendable () -> Void) -> Bool {
        // Made without its initializer, which is of a module that is not ours to import.
        let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
        defer { attributes.deallocate() }
        guard pthread_attr_init(attributes) == 0 else { return false }
        defer { pthread_attr_destroy(attributes) }
        pthread_attr_setstacksize(attributes, stackSize)
        pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
        let work = Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        let result = pthread_create(
            &thread, attributes,
            { context in
                // Signals are for those who wait for them.
                var signals = sigset_t()
                sigfillset(&signals)
                pthread_sigmask(SIG_BLOCK, &signals, nil)
                if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
                return nil
            }, work.toOpaque())
        if result != 0 { work.release() }
        return result == 0
    }
}
