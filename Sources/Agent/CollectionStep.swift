internal import AgentConfiguration
internal import Digests
internal import Glibc
internal import Logging
internal import RemoteManagement
internal import SystemFiles
internal import SystemPackage

/// The collections of a configuration: each is compared, fetched, verified and unpacked; those that are named no longer go.
struct CollectionStep {
    let configuration: Configuration
    /// Whose cycle it is: the folders are those of the main agent, and only it removes any.
    let role: AgentRole
    let logger: Logger?

    private var folder: FilePath { configuration.folder.appending("collections") }

    /// Whether there is anything to ask or to remove.
    func isNeeded(_ memory: RemoteMemory) -> Bool {
        configuration.policy.remoteMay.contains(.collections)
            && !(configuration.general.fileCollections.isEmpty && memory.collections.isEmpty)
    }

    /// Brings the collections up to date. What fails with one costs that one.
    func update(from server: inout any RemoteServer, _ memory: inout RemoteMemory) throws(RemoteFailure) {
        let lock: CollectionLock
        do throws(SystemError) {
            try Files.makeFolder(folder, permissions: [.ownerReadWriteExecute, .groupRead, .groupExecute])
            guard let taken = try CollectionLock(folder.appending(".lock")) else { return }
            lock = taken
        } catch {
            throw .passing("no collection can be stored: \(error)")
        }
        defer { lock.release() }
        var problems: [String] = []
        var wanted: Set<String> = []
        for name in configuration.general.fileCollections where wanted.insert(name).inserted {
            do throws(RemoteFailure) {
                try update(name, from: &server, &memory)
            } catch {
                problems.append("collection '\(name.prefix(80))': \(error)")
            }
        }
        memory.refusedCollections = memory.refusedCollections.filter { wanted.contains($0.key) }
        for name in memory.collections.keys.sorted() where !wanted.contains(name) { remove(name, &memory) }
        if !problems.isEmpty { throw .passing(problems.joined(separator: "; ")) }
    }

    private func update(
        _ name: String, from server: inout any RemoteServer, _ memory: inout RemoteMemory
    ) throws(RemoteFailure) {
        guard let collection = CollectionFolder(name, in: folder) else {
            throw .unusable("this is no name for a folder: use one without '/' and '..', not beginning with '.'")
        }
        guard let answer = try server.fetch(.collectionDigest(name)) else {
            throw .passing("the server has none of this name")
        }
        guard let digest = RemoteDigest(answer)?.text else {
            throw .passing("its file .md5 at the server holds no MD5")
        }
        let isPresent = memory.collections[name]?.digest == digest && Files.exists(collection.path)
        if isPresent || memory.refusedCollections[name]?.digest == digest { return }
        do throws(RemoteFailure) {
            guard let archive = try server.fetch(.collection(name)) else {
                throw .passing("the server has its digest, and not the collection")
            }
            guard Digest.md5(archive).hexadecimal == digest else {
                throw .unusable("what the server sent has another MD5: it is damaged or cut")
            }
            do throws(CollectionFolder.Refusal) {
                try collection.replace(with: archive, signatureKey: configuration.policy.signatureKey)
            } catch {
                switch error {
                case .unacceptable(let reason): throw RemoteFailure.unusable(reason)
                case .notStored(let error): throw RemoteFailure.passing("it cannot be stored: \(error)")
                }
            }
        } catch {
            guard case .unusable(let reason) = error else { throw error }
            memory.refusedCollections[name] = .init(digest: digest, time: Int64(time(nil)), reason: reason)
            logger?.error("remote_config: the collection '\(name)' of the server, \(digest), is refused: \(reason)")
            return
        }
        memory.collections[name] = .init(digest: digest, time: Int64(time(nil)))
        memory.refusedCollections[name] = nil
        logger?.notice("remote_config: the collection '\(name)' of the server, \(digest), is in \(collection.path)")
    }

    /// Removes a folder that was unpacked here and is named no longer; others are left alone.
    private func remove(_ name: String, _ memory: inout RemoteMemory) {
        do throws(SystemError) {
            if role == .main { try CollectionFolder(name, in: folder)?.remove() }
            memory.collections[name] = nil
            logger?.notice("remote_config: the collection '\(name)' is named no longer and removed")
        } catch {
            logger?.warning("remote_config: the collection '\(name)' is named no longer: \(error)")
        }
    }
}

/// The lock of the folder of collections, which broker agents share.
private final class CollectionLock {
    private var lock: FileLock?

    /// `nil` where another agent has it.
    init?(_ path: FilePath) throws(SystemError) {
        guard let lock = try FileLock(path) else { return nil }
        self.lock = consume lock
    }

    func release() { lock = nil }
}
