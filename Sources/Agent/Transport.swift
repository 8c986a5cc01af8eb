internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// A data file on its way.
struct OutgoingFile: Sendable, Hashable {
    /// The name that it has at the server.
    let name: String
    /// Where it waits.
    let path: FilePath

    /// Opens it; what is no file is refused.
    func open() throws(SystemError) -> OpenFile {
        let file = try OpenFile(path, options: [.noFollow, .nonBlocking])
        if try file.status().type != .regular { throw SystemError("send", path.string, .invalidArgument) }
        return file
    }
}

/// Who took a file, as far as the way there tells.
struct ServerFacts: Sendable, Hashable {
    /// The address and port, or the folder.
    var address: String
    /// The TLS version; `nil` without TLS.
    var version: String?
    /// The TLS cipher.
    var cipher: String?
    /// The digest of the server's public key.
    var key: String?
    /// The end of the validity of the server's certificate, in seconds since 1970.
    var certificateEnd: Int64?

    /// A few words for the log.
    var phrase: String {
        guard let version else { return address }
        return "\(address) (\(version)\(cipher.map { ", \($0)" } ?? ""))"
    }
}

/// What became of one file on its way.
struct Delivery: Sendable, Hashable {
    /// The answer of the server, or of the way to it. Reasons are sentences.
    enum Answer: Sendable, Hashable {
        /// The server has it.
        case delivered
        /// The server had it already: names are used once, so the last answer to an earlier attempt was lost.
        case alreadyThere
        /// The server never takes this file.
        case refused(String)
        /// The file cannot be read now; others can go.
        case unreadable(String)
        /// The way to the server is closed for now.
        case failed(String)
    }

    /// What became of it.
    let answer: Answer
    /// Who answered.
    let server: ServerFacts
    /// How long it took.
    let duration: Duration
}

/// A way to a server, open for several files.
protocol Transport {
    /// How many files go at a time.
    var batchSize: Int { get }
    /// Sends files in their order.
    ///
    /// - Returns: The answers for the first of the files; after a ``Delivery/Answer/failed(_:)`` none follows.
    mutating func send(_ files: [OutgoingFile]) async -> [Delivery]
    /// Ends the session.
    mutating func close()
}

/// A way that could not be opened; the reason as a sentence.
struct TransportUnavailable: Error, CustomStringConvertible {
    let description: String
}

/// `transfer_mode local`: a copy into a folder of this host.
///
/// Servers look for `*.data`, so a file is written under another name and renamed when it is whole.
struct LocalTransport: Transport {
    let folder: FilePath
    let batchSize = 1

    mutating func send(_ files: [OutgoingFile]) async -> [Delivery] {
        files.prefix(1).map { file in
            let start = ContinuousClock.now
            let answer = send(file)
            return Delivery(
                answer: answer, server: ServerFacts(address: folder.string), duration: .now - start)
        }
    }

    private func send(_ file: OutgoingFile) -> Delivery.Answer {
        let source: OpenFile
        do throws(SystemError) {
            source = try file.open()
        } catch {
            return .unreadable("\(error)")
        }
        if let problem = folderProblem { return .failed(problem) }
        let destination = folder.appending(file.name)
        let partial = folder.appending(".\(file.name).part")
        do throws(SystemError) {
            if Files.exists(destination) { return .alreadyThere }
            try Files.remove(partial, missingIsFine: true)
            let permissions: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
            let copy = try OpenFile(
                partial, .writeOnly, options: [.create, .exclusiveCreate, .noFollow], permissions: permissions)
            try source.forEachPiece { piece throws(SystemError) in try copy.write(piece) }
            try copy.sync()
            try Files.rename(partial, to: destination)
            try Files.syncFolder(folder)
            return .delivered
        } catch {
            try? Files.remove(partial)
            return .failed("\(error)")
        }
    }

    /// What is wrong with the folder, as a sentence; `nil` where files can be put there, or only trying tells.
    private var folderProblem: String? {
        do throws(SystemError) {
            guard try Files.status(folder).type == .directory else {
                return "server_path \(folder) is not a folder: name the folder into which data files go"
            }
        } catch {
            return "server_path \(folder) cannot be used: \(error); make it, or name another folder"
        }
        guard access(folder.string, W_OK | X_OK) != 0 else { return nil }
        return
            "server_path \(folder): no file can be put there (\(Errno(rawValue: errno))); let the agent's user write there, "
            + "or name another folder"
    }

    mutating func close() {}
}
