internal import CFileExchange
internal import Glibc
public import SystemFiles
public import SystemPackage

/// The folder of a collection beside the configuration: `collections/NAME`.
///
/// A new version is unpacked into a folder beside it, and the two change places in one step. So whoever looks sees the old
/// version or the new one, and what cannot be unpacked changes nothing.
public struct CollectionFolder: Sendable {
    /// Why a version of a collection is refused, as a phrase.
    public enum Refusal: Error, Sendable, CustomStringConvertible {
        /// Something is wrong with it.
        case unacceptable(String)
        /// It cannot be stored here and now.
        case notStored(SystemError)

        /// The phrase.
        public var description: String {
            switch self {
            case .unacceptable(let reason): reason
            case .notStored(let error): error.description
            }
        }
    }

    private let collections: FilePath
    private let name: String

    /// Everything of a collection can be read and run by the agent's user and group.
    private static let permissions = FilePermissions(rawValue: 0o750)

    /// - Parameters:
    ///   - name: Its name, which must be one of a file.
    ///   - collections: The folder of all collections.
    public init?(_ name: String, in collections: FilePath) {
        let isPlain = name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }
        guard isPlain, !name.isEmpty, name.utf8.count <= 200, !name.hasPrefix("."), !name.contains("..") else {
            return nil
        }
        self.name = name
        self.collections = collections
    }

    /// Where it is.
    public var path: FilePath { collections.appending(name) }

    private var beside: FilePath { collections.appending(".\(name).new") }

    /// Replaces it by the contents of an archive.
    ///
    /// - Parameter signatureKey: The file of the key that must have signed it; `nil` = none need have.
    public func replace(with bytes: [UInt8], signatureKey: FilePath?) throws(Refusal) {
        let archive: StrictArchive
        do throws(StrictArchive.Defect) {
            archive = try StrictArchive(bytes)
            if let signatureKey, let problem = try signatureProblem(archive, signatureKey) {
                throw StrictArchive.Defect(problem)
            }
        } catch {
            throw .unacceptable(error.description)
        }
        do throws(Refusal) {
            do throws(SystemError) {
                try Files.removeTree(beside)
                try makeFolder(beside)
            } catch {
                throw Refusal.notStored(error)
            }
            for member in archive.members where member.path != CollectionSignature.member {
                try unpack(member, of: archive)
            }
            do throws(SystemError) { try takePlace() } catch { throw Refusal.notStored(error) }
        } catch {
            try? Files.removeTree(beside)
            throw error
        }
        // The version before.
        try? Files.removeTree(beside)
    }

    /// Removes it.
    public func remove() throws(SystemError) { try Files.removeTree(path) }

    private func signatureProblem(
        _ archive: StrictArchive, _ file: FilePath
    ) throws(StrictArchive.Defect) -> String? {
        let key: SignatureKey
        do throws(SignatureKey.Unusable) {
            key = try SignatureKey(verifyingWith: file)
        } catch {
            return "require_signature in local.conf: \(error)"
        }
        return try CollectionSignature.problem(with: archive, named: name, key)
    }

    private func unpack(_ member: StrictArchive.Member, of archive: StrictArchive) throws(Refusal) {
        let contents: [UInt8]
        do throws(StrictArchive.Defect) {
            contents = member.isFolder ? [] : try archive.contents(of: member)
        } catch {
            throw .unacceptable(error.description)
        }
        do throws(SystemError) {
            var folder = beside
            let components = member.path.split(separator: "/").map(String.init)
            for component in member.isFolder ? components[...] : components.dropLast() {
                folder.append(component)
                if !Files.exists(folder) { try makeFolder(folder) }
            }
            guard !member.isFolder, let last = components.last else { return }
            let file = try OpenFile(
                folder.appending(last), .writeOnly, options: [.create, .exclusiveCreate, .noFollow])
            try file.write(contents)
            try systemCall("set the mode of", file.path.string) {
                fchmod(file.descriptor.rawValue, Self.permissions.rawValue)
            }
            try file.sync()
        } catch {
            throw .notStored(error)
        }
    }

    private func makeFolder(_ folder: FilePath) throws(SystemError) {
        try Files.makeFolder(folder, permissions: Self.permissions)
        try systemCall("set the mode of", folder.string) {
            folder.withPlatformString { chmod($0, Self.permissions.rawValue) }
        }
    }

    private func takePlace() throws(SystemError) {
        let (path, beside) = (path, beside)
        if (try? Files.status(path, followingLinks: false)) == nil {
            try Files.rename(beside, to: path)
        } else {
            do throws(SystemError) {
                try systemCall("exchange", "\(path) and \(beside)") {
                    path.withPlatformString { one in
                        beside.withPlatformString { file_exchange_names(one, $0) }
                    }
                }
            } catch {
                // File systems that cannot do it in one step, such as NFS.
                guard error.code == .invalidArgument || error.code == .noFunction else { throw error }
                try Files.removeTree(path)
                try Files.rename(beside, to: path)
            }
        }
        try Files.syncFolder(collections)
    }
}

extension Files {
    /// Removes a file, or a folder with all below it; links are removed and not followed. Nothing there is fine.
    static func removeTree(_ path: FilePath) throws(SystemError) {
        let kind: FileType
        do throws(SystemError) {
            kind = try status(path, followingLinks: false).type
        } catch {
            if error.code == .noSuchFileOrDirectory { return }
            throw error
        }
        guard kind == .directory else { return try remove(path) }
        for name in try names(in: path) { try removeTree(path.appending(name)) }
        try systemCall("remove", path.string) { path.withPlatformString { rmdir($0) } }
    }
}
