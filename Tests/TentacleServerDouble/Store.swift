import SystemFiles
import SystemPackage

extension TentacleServerDouble {
    /// The place of a name: files are routed by what their name holds.
    private func place(_ name: String) -> String {
        for (part, folder) in [(".conf", "conf"), (".md5", "md5"), (".zip", "collections")] where name.contains(part) {
            return "\(folder)/\(name)"
        }
        return name
    }

    func hasFile(_ name: String) -> Bool {
        switch behaviour.store {
        case .memory: files[place(name)] != nil
        case .folder(let folder): Files.exists(folder.appending(place(name)))
        case .nowhere: false
        }
    }

    func contents(_ name: String) -> [UInt8]? {
        switch behaviour.store {
        case .memory: files[place(name)]
        case .folder(let folder): try? Files.read(folder.appending(place(name)), limit: 1 << 31)
        case .nowhere: nil
        }
    }

    func store(_ bytes: [UInt8], _ name: String) throws {
        switch behaviour.store {
        case .memory:
            storeInMemory(bytes, place(name))
        case .folder(let folder):
            let path = folder.appending(place(name))
            try Files.makeFolder(path.removingLastComponent())
            try Files.replace(path, with: bytes)
        case .nowhere:
            break
        }
    }
}
