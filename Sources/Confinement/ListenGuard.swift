internal import CConfinement
internal import Glibc
internal import Synchronization
public import SystemFiles
internal import SystemPackage

/// Somebody's try to listen, which was refused.
public struct ListenAttempt: Sendable, Hashable, CustomStringConvertible {
    /// The process that tried.
    public let process: UInt32
    /// The name of its program, 15 bytes at most (comm in proc(5)); `nil` where it had ended when it was asked for.
    public let program: String?
    /// How many more there were than are kept; only the last of a list has any.
    public internal(set) var furtherCount = 0

    /// A sentence for an operator.
    public var description: String {
        let name = program.map { "'\($0)'" } ?? "that has ended"
        let further = furtherCount > 0 ? "; so were \(furtherCount) more tries" : ""
        return "process \(process) \(name) tried to listen for connections and was refused (deny_listen)\(further)"
    }
}

/// Refuses listening to this process and to all that it starts, and remembers who tried.
public final class ListenGuard: Sendable {
    /// The one of this process: a filter cannot be taken back.
    public static let shared = ListenGuard()

    /// How the filter is in force.
    public enum Force: Sendable, Hashable {
        /// It is, and tries come to ``takeAttempts()``.
        case watched
        /// It is, and tries are seen by the kernel's audit log alone.
        case unwatched
    }

    private struct Attempts {
        var kept: [ListenAttempt] = []
        var furtherCount = 0
    }

    private let attempts = Mutex(Attempts())
    private static let mostKept = 50

    /// Installs the filter in all threads, or, where only prctl(2) may be called for it, in the calling one and those that it
    /// makes later.
    ///
    /// Without CAP_SYS_ADMIN the kernel wants `no_new_privs` first, so that setuid programs have no effect in
    /// commands; it is set then.
    ///
    /// - Throws: ``SystemError`` where the kernel has no such filter, or may not be asked.
    public func install() throws(SystemError) -> Force {
        guard ListenFilter.isKnownHere else {
            throw SystemError("refuse listening on", "this processor", .notSupported)
        }
        let listened = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH | SECCOMP_FILTER_FLAG_NEW_LISTENER
        if let listener = try? install(.notice, with: { confinement_install_filter(UInt32(listened), $0, $1) }) {
            if watch(listener) { return .watched }
            // Without anybody who answers, calls fail with ENOSYS, which is a refusal as well.
            close(listener)
            return .unwatched
        }
        // Older kernels have no listeners; and one for a whole process tree is all that there can be.
        let logged = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG
        if (try? install(.error, with: { confinement_install_filter(UInt32(logged), $0, $1) })) != nil {
            return .unwatched
        }
        _ = try install(.error, with: confinement_install_filter_in_thread)
        return .unwatched
    }

    private func install(
        _ refusal: ListenFilter.Refusal, with call: (UInt16, UnsafeMutablePointer<sock_filter>) -> Int32
    ) throws(SystemError) -> Int32 {
        var program = ListenFilter.program(refusal: refusal)
        func tryOnce() throws(SystemError) -> Int32 {
            try systemCall("refuse", "listening") {
                program.withUnsafeMutableBufferPointer { buffer in
                    buffer.baseAddress.map { call(UInt16(clamping: buffer.count), $0) } ?? -1
                }
            }
        }
        do throws(SystemError) {
            return try tryOnce()
        } catch {
            guard error.code == .permissionDenied else { throw error }
            try systemCall("forbid", "new privileges") { confinement_no_new_privileges() }
            return try tryOnce()
        }
    }

    /// Takes what was tried since this was called before.
    public func takeAttempts() -> [ListenAttempt] {
        attempts.withLock { attempts in
            var taken = attempts.kept
            if !taken.isEmpty { taken[taken.count - 1].furtherCount = attempts.furtherCount }
            attempts = Attempts()
            return taken
        }
    }

    /// Answers the filter's questions from a thread of its own, for as long as the process lives.
    private func watch(_ listener: Int32) -> Bool {
        WaitingThread.begin { ListenGuard.shared.answer(listener) }
    }

    private func answer(_ listener: Int32) {
        var notice = confinement_notice()
        while true {
            guard confinement_next_notice(listener, &notice) == 0 else {
                // Whoever asked was killed meanwhile.
                if errno == EINTR || errno == ENOENT { continue }
                return
            }
            let program = Self.program(of: notice.process)
            // The number may have become another process's while its name was read.
            let isSame = confinement_is_valid(listener, notice.id) == 1
            let attempt = ListenAttempt(process: notice.process, program: isSame ? program : nil)
            attempts.withLock { attempts in
                if attempts.kept.count < Self.mostKept {
                    attempts.kept.append(attempt)
                } else {
                    attempts.furtherCount += 1
                }
            }
            _ = confinement_refuse(listener, notice.id)
        }
    }

    private static func program(of process: UInt32) -> String? {
        guard let bytes = try? Files.read(FilePath("/proc/\(process)/comm"), limit: 64) else { return nil }
        return String(decoding: bytes.filter { $0 >= 0x20 && $0 != 0x7F }, as: UTF8.self)
    }
}
