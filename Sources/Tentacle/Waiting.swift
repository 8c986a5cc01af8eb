internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// How long a step may take. Each wait ends after `idle` without progress and never goes past `end`.
struct Waiting {
    let step: TentacleStep
    private let idle: Duration
    private let end: ContinuousClock.Instant
    private let whole: Duration

    /// Starts the clock of a step that may take `whole` in all.
    init(_ step: TentacleStep, idle: Duration, whole: Duration) {
        self.init(step, idle: idle, whole: whole, end: .now + whole)
    }

    private init(_ step: TentacleStep, idle: Duration, whole: Duration, end: ContinuousClock.Instant) {
        self.step = step
        self.idle = idle
        self.whole = whole
        self.end = end
    }

    /// The next step of the same operation, on the same clock.
    func next(_ step: TentacleStep) -> Waiting {
        Waiting(step, idle: idle, whole: whole, end: end)
    }

    /// A step of the same operation that has a limit of its own as well.
    func next(_ step: TentacleStep, within limit: Duration) -> Waiting {
        let own = ContinuousClock.now + limit
        return own < end
            ? Waiting(step, idle: limit, whole: limit, end: own) : Waiting(step, idle: limit, whole: whole, end: end)
    }

    /// Waits until a descriptor is ready for some of the poll(2) events, or has failed.
    ///
    /// - Throws: ``TentacleError/timedOut(_:after:)``.
    func wait(for events: CInt, on descriptor: CInt) throws(TentacleError) {
        let idleEnd = ContinuousClock.now + idle
        let wakeUp = min(idleEnd, end)
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        let ready: CInt
        do throws(SystemError) {
            // The time left is computed anew after each signal.
            ready = try systemCall("wait for", "the server") { poll(&entry, 1, milliseconds(until: wakeUp)) }
        } catch {
            throw .lost(step, error.code)
        }
        if ready == 0 { throw .timedOut(step, after: idleEnd <= end ? idle : whole) }
    }

    private func milliseconds(until instant: ContinuousClock.Instant) -> CInt {
        let left = (instant - .now).components
        if left.seconds < 0 || left.attoseconds < 0 { return 0 }
        // Rounded up, so that the wait never ends a moment too early and then goes round once more.
        let milliseconds = min(left.seconds, 1_000_000) * 1000 + left.attoseconds / 1_000_000_000_000_000 + 1
        return CInt(milliseconds)
    }
}
