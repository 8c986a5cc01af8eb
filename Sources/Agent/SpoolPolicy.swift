internal import AgentConfiguration
internal import Glibc
internal import Spool
internal import SystemFiles
internal import SystemPackage

/// Where files wait and how many: what `temporal`, `temporal_*` and `xml_buffer` mean.
struct SpoolPolicy: Sendable {
    /// The limits; the files of the newest cycle are kept whatever they say.
    let limits: SpoolLimits
    /// Whether what could not be sent is kept. The default is not that of the Perl agent: nothing that was read from a log
    /// is given up for a server that is away for a minute.
    let keepsUnsentFiles: Bool
    private let sentCopies: Int

    init(_ settings: GeneralSettings) {
        limits = SpoolLimits(
            files: settings.temporalMaximumFiles == 0 ? nil : settings.temporalMaximumFiles,
            bytes: settings.temporalMaximumSize == 0 ? nil : Self.bytes(settings.temporalMaximumSize),
            freeBytes: Self.bytes(settings.temporalMinimumFree))
        keepsUnsentFiles = settings.keepsUnsentFiles
        sentCopies = settings.temporalMaximumFiles == 0 ? .max : settings.temporalMaximumFiles
    }

    private static func bytes(_ megabytes: Int) -> Int64 {
        let (bytes, isOverflow) = Int64(megabytes).multipliedReportingOverflow(by: 1 << 20)
        return isOverflow ? .max : bytes
    }

    /// Gives up what may not wait.
    ///
    /// - Parameter undelivered: The servers that could not be given all that waits for them.
    /// - Returns: Sentences about what was lost.
    func apply(to spool: inout Spool, undelivered: [Recipient]) throws(SpoolError) -> [String] {
        var losses: [SpoolLoss] = []
        if !keepsUnsentFiles {
            for recipient in undelivered {
                if let loss = try spool.giveUpWaiting(for: recipient) { losses.append(loss) }
            }
        }
        losses += try spool.enforce(limits)
        try spool.removeSentCopies(keeping: sentCopies)
        return losses.map(sentence)
    }

    private func sentence(_ loss: SpoolLoss) -> String {
        let bytes = loss.files.reduce(0) { $0 &+ $1.byteCount }
        let cause =
            switch loss.reason {
            case .tooManyFiles: "temporal_max_files allows \(limits.files ?? 0)"
            case .tooManyBytes: "temporal_max_size allows \((limits.bytes ?? 0) >> 20) MB"
            case .tooLittleSpace: "temporal_min_size wants \(limits.freeBytes >> 20) MB free"
            case .notKept: "xml_buffer 0 keeps nothing that could not be sent"
            }
        let server = loss.recipient == .secondary ? " for the secondary server" : ""
        let count = loss.files.count == 1 ? "1 file" : "\(loss.files.count) files"
        return "lost: \(count)\(server) with \(bytes) bytes, the oldest \(loss.files.first?.name ?? ""): \(cause)"
    }
}

/// The folder where data files wait: `temporal` where only the agent's user can write there, else one in the state
/// folder.
struct Outbox: Sendable, Hashable {
    /// The folder.
    let folder: FilePath
    /// Why it is not `temporal`, as a sentence; `nil` where it is, or nobody asked for one.
    let complaint: String?

    /// Chooses the folder.
    ///
    /// - Parameter isShared: Whether it may be `temporal`; a broker agent's is not, as files of several agents in one folder
    ///   would be sent by each of them.
    init(_ settings: GeneralSettings, state: FilePath, isShared: Bool = true) {
        let fallback = Spool.defaultOutbox(of: state)
        let temporal = settings.temporal
        let reason: String?
        if !isShared {
            reason = ""
        } else if (try? Files.status(temporal))?.type != .directory {
            reason = temporal == GeneralSettings().temporal ? "" : "there is no folder \(temporal)"
        } else {
            reason = Self.objection(to: temporal)
        }
        folder = reason == nil ? temporal : fallback
        complaint = reason.flatMap { $0.isEmpty ? nil : "temporal: \($0); files wait in \(fallback)" }
    }

    private static func objection(to temporal: FilePath) -> String? {
        do throws(SystemError) {
            if let place = try Files.foreignWriteAccess(to: temporal, trusting: geteuid()).first {
                return place.description
            }
        } catch {
            return error.description
        }
        return access(temporal.string, W_OK | X_OK) == 0 ? nil : "this user cannot write to \(temporal)"
    }
}
