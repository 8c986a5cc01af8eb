internal import Digests
internal import RemoteManagement
internal import SystemFiles
internal import SystemPackage

/// A configuration from the server that has replaced the host's and has not completed a cycle yet.
///
/// The one before it is kept as `remote/good.conf` in the state folder, and `remote/trial` names both, before the new one
/// takes its place by a rename. So whenever the agent is ended, the next start can tell what it finds.
struct ConfigurationTrial {
    private let configuration: FilePath
    private let folder: FilePath

    private var good: FilePath { folder.appending("good.conf") }
    private var recordFile: FilePath { folder.appending("trial") }

    /// What is on trial.
    struct Record: Sendable, Hashable {
        /// MD5 of the new configuration, as the server calls it.
        let new: String
        /// MD5 of the one before it.
        let old: String
        /// Whether the way to the server is another one.
        let changesServer: Bool
    }

    /// What an agent finds that starts.
    enum Leftover: Sendable, Hashable {
        /// Nothing is on trial.
        case nothing
        /// The new configuration never took its place.
        case neverAdopted
        /// The new configuration did not complete its cycle.
        case unfinished(Record)
        /// Somebody has changed the configuration since.
        case changedSince
    }

    init(of configuration: FilePath, state: FilePath) {
        self.configuration = configuration
        folder = RemoteMemory.folder(in: state)
    }

    /// What is on trial; `nil` = nothing.
    func record() -> Record? {
        guard let bytes = try? Files.read(recordFile, limit: 1024) else { return nil }
        let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
        return words.count == 3 ? Record(new: words[0], old: words[1], changesServer: words[2] == "1") : nil
    }

    /// Looks at what is left of an earlier run.
    func leftover() -> Leftover {
        guard let record = record() else { return .nothing }
        guard let present = try? ConfigurationFile(configuration).bytes() else { return .unfinished(record) }
        switch Digest.md5(present).hexadecimal {
        case record.new: return .unfinished(record)
        case record.old: return .neverAdopted
        default: return .changedSince
        }
    }

    /// Puts a new configuration into the place of the old one, in one step. Where that fails the old one stays.
    func begin(_ contents: [UInt8], insteadOf old: [UInt8], _ record: Record) throws(SystemError) {
        try Files.makeFolder(folder)
        try Files.replace(good, with: old)
        let line = "\(record.new) \(record.old) \(record.changesServer ? 1 : 0)\n"
        try Files.replace(recordFile, with: line.utf8)
        do throws(SystemError) {
            try ConfigurationFile(configuration).replace(with: contents)
        } catch {
            try? Files.remove(recordFile)
            throw error
        }
    }

    /// The new configuration stays.
    func end() throws(SystemError) {
        try Files.remove(recordFile, missingIsFine: true)
        try Files.syncFolder(folder)
    }

    /// The configuration before it comes back.
    func rollBack() throws(SystemError) {
        try ConfigurationFile(configuration).replace(with: try Files.read(good, limit: 64 << 20))
        try end()
    }
}
