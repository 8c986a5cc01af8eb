internal import HostProbes
internal import Synchronization

/// Something that is found out when somebody first asks for it.
final class Once<Value: Sendable>: Sendable {
    private let known = Mutex<Value?>(nil)

    /// The value; `find` is called for the first who asks, and others wait for it.
    func callAsFunction(_ find: () -> Value) -> Value {
        known.withLock { known in
            let value = known ?? find()
            known = value
            return value
        }
    }
}

/// What several checks of one host ask alike, found out when the first of them asks.
final class AuditMemory: Sendable {
    fileprivate let sshd = Once<Task<SSHDFacts, Never>>()
    fileprivate let updates = Once<Task<WaitingUpdates, Never>>()
    fileprivate let ports = Once<Result<Reading<[ListeningPort]>, Limitation>>()
    fileprivate let processes = Once<Result<Reading<[HostProcess]>, Limitation>>()
    fileprivate let accounts = Once<Result<Reading<[Account]>, Limitation>>()
    fileprivate let rsyslog = Once<RsyslogConfiguration?>()
    fileprivate let php = Once<[PHPSettings]>()
    /// The baseline as it is now; checks that take it anew change it.
    let baseline = Mutex<FileBaseline.Stored?>(nil)
}

extension AuditedHost {
    /// What is known of sshd; the host is asked once.
    func sshd() async -> SSHDFacts {
        await memory.sshd { Task { await SSHDFacts(self) } }.value
    }

    /// The updates that wait; package lists and programs are asked once.
    func waitingUpdates() async -> WaitingUpdates {
        await memory.updates { Task { await WaitingUpdates(of: self) } }.value
    }

    /// The ports that listen; the host is asked once.
    func listeningPorts() throws(Limitation) -> Reading<[ListeningPort]> {
        try memory.ports { Result { () throws(Limitation) in try ListeningPort.all(roots) } }.get()
    }

    /// The processes with their users; the host is asked once.
    func processes() throws(Limitation) -> Reading<[HostProcess]> {
        try memory.processes {
            Result { () throws(Limitation) in try ProcessTable.all(roots, details: .user) }
        }.get()
    }

    /// The accounts; the host is asked once.
    func accounts() throws(Limitation) -> Reading<[Account]> {
        try memory.accounts { Result { () throws(Limitation) in try Account.all(roots) } }.get()
    }

    /// The configuration of rsyslog; `nil` where there is none.
    func rsyslog() -> RsyslogConfiguration? { memory.rsyslog { RsyslogConfiguration(of: self) } }

    /// The settings of PHP in each place where it serves pages.
    func php() -> [PHPSettings] { memory.php { PHPSettings.all(on: self) } }
}
