internal import Dispatch
internal import Glibc
internal import Synchronization

/// What a signal does to a single cycle.
enum Interruption {
    /// Does work that SIGTERM, SIGINT and SIGHUP cancel, so that commands are killed with all that they started; then the
    /// signal ends the program, as it would have without this.
    ///
    /// Only what collects is watched: it holds nothing that a crash could lose. What comes after it is safe against
    /// the sudden end that the signal then is.
    static func watching<Value: Sendable>(_ work: @Sendable @escaping () async -> Value) async -> Value {
        let task = Task { await work() }
        let box = Received()
        let watches = [SIGTERM, SIGINT, SIGHUP].compactMap { number in
            watch(number) {
                box.signal.withLock { $0 = number }
                task.cancel()
            }
        }
        let value = await task.value
        for watch in watches { watch.end() }
        if let number = box.signal.withLock({ $0 }) {
            // Threads of the pool block all signals.
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, number)
            pthread_sigmask(SIG_UNBLOCK, &signals, nil)
            raise(number)
        }
        return value
    }

    private final class Received: Sendable {
        let signal = Mutex<Int32?>(nil)
    }

    private struct Watch {
        let number: Int32
        let source: any DispatchSourceSignal

        func end() {
            source.cancel()
            signal(number, SIG_DFL)
        }
    }

    /// - Returns: `nil` for a signal that whoever started the program wants ignored, as nohup(1) does.
    private static func watch(_ number: Int32, handler: @escaping @Sendable () -> Void) -> Watch? {
        var present = sigaction()
        guard sigaction(number, nil, &present) == 0, !isIgnored(present) else { return nil }
        // A handler, unlike SIG_IGN, is not inherited by commands.
        signal(number) { _ in }
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler(handler: handler)
        source.resume()
        return Watch(number: number, source: source)
    }

    private static func isIgnored(_ action: sigaction) -> Bool {
        // SIG_IGN is the address 1 (signal.h), which no function has.
        unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }
}
