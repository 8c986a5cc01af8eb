internal import AgentConfiguration
internal import DataFile
internal import Digests
internal import Glibc
internal import RemoteManagement
internal import Spool
internal import SystemFiles
internal import SystemPackage

/// The modules by which the agent tells the server how it is itself, in every full cycle; `own_modules 0` turns them off.
struct OwnModules {
    /// One of them, as documents describe it.
    struct Description: Sendable, Hashable {
        /// Without the prefix.
        let name: String
        let unit: String
        let meaning: String
        var type: ModuleType = "generic_data"
        var thresholds: [Module.Setting: String] = [:]
    }

    /// The beginning of all names.
    static let prefix = "Agent - "

    /// All of them, in the order of the data file.
    static let all: [Description] = [
        cycleDuration, modulesFailed, thingsNotSeen, filesWaiting, bytesWaiting, oldestWaiting, filesLost, quarantined,
        logBytesMissed, memory, certificateDays, readOnly, configurationDigest, remoteConfiguration,
    ]

    private static let cycleDuration = Description(
        name: "Cycle duration", unit: "s", meaning: "how long the last cycle took, with delivery")
    private static let modulesFailed = Description(
        name: "Modules failed", unit: "", meaning: "modules of this cycle that failed",
        thresholds: [.minimumWarning: "1"])
    private static let thingsNotSeen = Description(
        name: "Things not seen", unit: "",
        meaning: "what probes of this cycle had no right or no way to see; the log names each")
    private static let filesWaiting = Description(
        name: "Files waiting", unit: "", meaning: "data files that waited for a server when this cycle began")
    private static let bytesWaiting = Description(
        name: "Bytes waiting", unit: "bytes", meaning: "the size of those files")
    private static let oldestWaiting = Description(
        name: "Oldest file waiting", unit: "s", meaning: "the age of the oldest of those files; 0 without any")
    private static let filesLost = Description(
        name: "Files lost", unit: "", meaning: "data files that were ever given up at a limit of the spool")
    private static let quarantined = Description(
        name: "Files in quarantine", unit: "", meaning: "data files that a server refused for good",
        thresholds: [.minimumWarning: "1"])
    private static let logBytesMissed = Description(
        name: "Log bytes missed", unit: "bytes", meaning: "bytes of logs that rotation ever made unreadable")
    private static let memory = Description(
        name: "Memory", unit: "MiB", meaning: "the most memory that the agent itself has held so far")
    private static let certificateDays = Description(
        name: "Certificate days left", unit: "days",
        meaning: "until the first certificate ends that the last delivery depended on; absent without TLS",
        thresholds: [.minimumWarning: "7", .maximumWarning: "30", .minimumCritical: "-100000", .maximumCritical: "7"])
    private static let readOnly = Description(
        name: "Read-only", unit: "", meaning: "1 where no server can change the configuration, 0 else")
    private static let configurationDigest = Description(
        name: "Configuration digest", unit: "", meaning: "SHA-256 of the files of the configuration",
        type: "generic_data_string")
    private static let remoteConfiguration = Description(
        name: "Remote configuration", unit: "",
        meaning: "what became of the configuration that the server has for this host; absent without remote_config",
        type: "generic_data_string")

    /// What the cycle knows.
    struct Facts {
        let configuration: Configuration
        /// The state folder's last cycle; `nil` before the first.
        let lastCycle: LastCycle?
        let failedCount: Int
        let limitationCount: Int
        /// The spool as the cycle found it; `nil` where nothing may be looked at.
        let spool: SpoolFacts?
        let missedLogBytes: Int64
        /// What is remembered of the server's configuration; `nil` where it manages none here.
        let remote: RemoteMemory?
        /// The committed state, for what need not be found out anew.
        let state: [String: String]
        let now: Int64
    }

    private(set) var elements: [DataFileElement] = []
    /// What must be committed with them.
    private(set) var stateChanges: [String: String] = [:]

    init(_ facts: Facts) {
        if let duration = facts.lastCycle?.duration {
            add(Self.cycleDuration, duration.text.dropLast(" s".count))
        }
        add(Self.modulesFailed, facts.failedCount)
        add(Self.thingsNotSeen, facts.limitationCount)
        if let spool = facts.spool {
            add(Self.filesWaiting, spool.summary.waitingCount)
            add(Self.bytesWaiting, spool.summary.waitingByteCount)
            add(Self.oldestWaiting, spool.summary.oldestTime.map { max(0, facts.now - $0) } ?? 0)
            add(Self.filesLost, spool.lostFileCount)
            add(Self.quarantined, spool.summary.quarantinedCount)
        }
        add(Self.logBytesMissed, facts.missedLogBytes)
        if let memory = Self.peakMemory { add(Self.memory, memory >> 20) }
        if let certificate = facts.lastCycle?.certificate {
            add(Self.certificateDays, certificate.daysLeft(at: facts.now))
        }
        add(Self.readOnly, facts.configuration.policy.isReadOnly ? 1 : 0)
        if let (stamp, digest) = ConfigurationDigest.current(
            facts.configuration.files, known: facts.state[StateKey.configurationDigest])
        {
            add(Self.configurationDigest, digest)
            stateChanges[StateKey.configurationDigest] = "\(stamp) \(digest)"
        }
        if let remote = facts.remote {
            add(Self.remoteConfiguration, remote.sentences(at: facts.now).joined(separator: "; "))
        }
    }

    private mutating func add(_ description: Description, _ value: some CustomStringConvertible) {
        var settings = description.thresholds
        if !description.unit.isEmpty { settings[.unit] = description.unit }
        elements.append(
            .module(
                Module(
                    name: Self.prefix + description.name, type: description.type, description: description.meaning,
                    settings: settings, data: .value(Array(value.description.utf8)))))
    }

    /// The largest resident size of this process, in bytes (getrusage(2)); commands do not count.
    private static var peakMemory: Int64? {
        var usage = rusage()
        return getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 ? Int64(usage.ru_maxrss) << 10 : nil
    }
}

/// The spool as a cycle finds it.
struct SpoolFacts: Sendable {
    let summary: SpoolSummary
    /// How many data files were ever given up.
    let lostFileCount: Int

    /// Looks at a spool; `nil` where it cannot be seen.
    init?(_ spool: borrowing Spool) {
        guard let summary = try? spool.summary() else { return nil }
        self.summary = summary
        lostFileCount = spool.lostFileCount
    }
}

/// The digest of a configuration's files, made anew only when one of them has changed.
enum ConfigurationDigest {
    /// The digest of the files as they are.
    ///
    /// - Parameter known: What was found out before, as `STAMP DIGEST`; taken where the stamp is the present one.
    /// - Returns: The stamp, which is a digest of sizes, times and inodes, and the digest; `nil` where a file cannot be
    ///   read.
    static func current(_ files: [FilePath], known: String?) -> (stamp: String, digest: String)? {
        var facts = ""
        for file in files {
            guard let status = try? Files.status(file) else { continue }
            let raw = status.rawValue
            facts += "\(file) \(raw.st_size) \(raw.st_ino) \(raw.st_mtim.tv_sec).\(raw.st_mtim.tv_nsec)\n"
        }
        let stamp = Digest.sha256(facts).hexadecimal
        if let words = known?.split(separator: " "), words.count == 2, words[0] == stamp {
            return (stamp, String(words[1]))
        }
        var stream = DigestStream(.sha256)
        do throws(SystemError) {
            for file in files where Files.exists(file) {
                try OpenFile(file, options: .nonBlocking).forEachPiece { stream.update($0) }
            }
        } catch {
            return nil
        }
        return (stamp, stream.finish().hexadecimal)
    }
}
