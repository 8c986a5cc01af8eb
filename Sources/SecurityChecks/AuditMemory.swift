internal import Synchronization

/// What several checks of one host ask alike, found out when the first of them asks.
final class AuditMemory: Sendable {
    private let sshd = Mutex<Task<SSHDFacts, Never>?>(nil)

    /// What is known of sshd.
    func sshd(of host: AuditedHost) async -> SSHDFacts {
        let task = sshd.withLock { known in
            let task = known ?? Task { await SSHDFacts(host) }
            known = task
            return task
        }
        return await task.value
    }
}

extension AuditedHost {
    /// What is known of sshd; the host is asked once.
    func sshd() async -> SSHDFacts { await memory.sshd(of: self) }
}
