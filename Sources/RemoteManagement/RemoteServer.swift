internal import Confinement
internal import Digests
internal import Glibc
internal import SystemFiles
public import SystemPackage
public import Tentacle

/// A file that the agent asks a server for, or gives it. There are no others: no name comes from the server.
public enum RemoteFile: Sendable, Hashable {
    /// The configuration of an agent: `<MD5 of its name>.conf`.
    case configuration(agent: String)
    /// The MD5 of that file, as 32 hexadecimal digits.
    case configurationDigest(agent: String)
    /// A collection: `NAME.zip`.
    case collection(String)
    /// The MD5 of that.
    case collectionDigest(String)

    /// Its name at the server.
    public var name: String {
        switch self {
        case .configuration(let agent): "\(Digest.md5(agent).hexadecimal).conf"
        case .configurationDigest(let agent): "\(Digest.md5(agent).hexadecimal).md5"
        case .collection(let name): "\(name).zip"
        case .collectionDigest(let name): "\(name).md5"
        }
    }

    /// The most bytes that are taken of it.
    public var limit: Int {
        switch self {
        case .configuration: 4 << 20
        case .collection: 32 << 20
        case .configurationDigest, .collectionDigest: 1024
        }
    }
}

/// Why the server gave nothing, as a sentence.
public enum RemoteFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// What it has cannot be used, and will not be usable until it changes.
    case unusable(String)
    /// It could not be asked, or something else failed that may pass.
    case passing(String)

    /// The sentence.
    public var description: String {
        switch self {
        case .unusable(let reason), .passing(let reason): reason
        }
    }
}

/// A server that manages configurations.
public protocol RemoteServer {
    /// The bytes of a file; `nil` where the server has none of that name.
    mutating func fetch(_ file: RemoteFile) throws(RemoteFailure) -> [UInt8]?
    /// Gives the server a file that it does not have.
    mutating func send(_ bytes: [UInt8], as file: RemoteFile) throws(RemoteFailure)
    /// Ends the connection.
    mutating func close()
}

/// A server that is reached over Tentacle.
public struct TentacleRemoteServer: RemoteServer {
    private let session: TentacleSession

    /// Prepares; the connection is made with the first file. Nothing is tried twice: the next cycle does.
    public init(_ server: TentacleServer) {
        session = TentacleSession(server, retry: .never)
    }

    /// Fetches with RECV.
    public mutating func fetch(_ file: RemoteFile) throws(RemoteFailure) -> [UInt8]? {
        do throws(TentacleError) {
            return try session.receive(TentacleFileName(file.name), limit: UInt64(file.limit)).bytes
        } catch {
            if error == .refused(.doesNotExist) { return nil }
            let sentence = "\(file.name) cannot be fetched: \(error)"
            throw error.consequence == .finalForFile ? .unusable(sentence) : .passing(sentence)
        }
    }

    /// Sends with SEND.
    public mutating func send(_ bytes: [UInt8], as file: RemoteFile) throws(RemoteFailure) {
        do throws(TentacleError) {
            try session.send(.bytes(bytes), as: TentacleFileName(file.name))
        } catch {
            throw .passing("\(file.name) cannot be sent: \(error)")
        }
    }

    /// Says QUIT.
    public mutating func close() { session.end() }
}

/// A server whose folders are on this host (`transfer_mode local`).
public struct FolderRemoteServer: RemoteServer {
    private let configurations: FilePath
    private let digests: FilePath
    private let collections: FilePath
    private let owner: String

    /// - Parameters:
    ///   - configurations: The folder of `*.conf`.
    ///   - digests: The folder of `*.md5`.
    ///   - collections: The folder of `*.zip`.
    ///   - owner: The user who gets files that are put there, where the agent may give them away.
    public init(configurations: FilePath, digests: FilePath, collections: FilePath, owner: String) {
        self.configurations = configurations
        self.digests = digests
        self.collections = collections
        self.owner = owner
    }

    /// Reads the file.
    public mutating func fetch(_ file: RemoteFile) throws(RemoteFailure) -> [UInt8]? {
        do throws(SystemError) {
            return try Files.read(path(of: file), limit: file.limit)
        } catch {
            switch error.code {
            case .noSuchFileOrDirectory: return nil
            case .fileTooLarge:
                throw .unusable("\(file.name) cannot be fetched: it holds more than \(file.limit) bytes")
            default: throw .passing("\(error)")
            }
        }
    }

    /// Makes the file.
    public mutating func send(_ bytes: [UInt8], as file: RemoteFile) throws(RemoteFailure) {
        let path = path(of: file)
        do throws(SystemError) {
            try Files.create(path, bytes, permissions: [.ownerReadWrite, .groupRead])
            if geteuid() == 0 { giveAway(path) }
            try Files.syncFolder(path.removingLastComponent())
        } catch {
            throw .passing("\(error)")
        }
    }

    /// Nothing is open.
    public mutating func close() {}

    private func path(of file: RemoteFile) -> FilePath {
        switch file {
        case .configuration: configurations.appending(file.name)
        case .collection: collections.appending(file.name)
        case .configurationDigest, .collectionDigest: digests.appending(file.name)
        }
    }

    /// A host without that user keeps the file as it is.
    private func giveAway(_ path: FilePath) {
        guard let account = UserAccount(named: owner) else { return }
        _ = path.withPlatformString { lchown($0, account.userID, account.groupID) }
    }
}
