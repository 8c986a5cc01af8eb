internal import HostProbes
internal import SystemFiles
internal import SystemPackage

/// The private keys below the homes of a host's accounts.
struct HomeKeys: Sendable {
    /// A file with a private key.
    struct Found: Sendable, Hashable {
        let path: FilePath
        let account: String
        let key: PrivateKeyFile
    }

    private(set) var keys: [Found] = []
    /// What could not be read, and why.
    private(set) var obstacles: [Evidence] = []

    private struct Place: Hashable {
        let device: DeviceID
        let inode: Inode
    }

    private var seen: Set<Place> = []

    /// Larger files hold no key.
    private static let fileLimit = 64 << 10
    /// More files than people keep beside their keys.
    private static let countLimit = 1000
    private static let depthLimit = 3
    /// The endings under which people keep keys outside of .ssh.
    private static let endings = [".pem", ".key", ".ppk", ".der", ".p8", ".pk8"]

    /// Looks at every file below `.ssh` and `.putty`, and at those in the home itself that are named like keys.
    ///
    /// - Throws: `Limitation` where the accounts are not visible.
    init(_ host: AuditedHost) throws(Limitation) {
        var homes: Set<String> = []
        for account in try host.homeOwners() {
            guard homes.insert(account.home).inserted else { continue }
            var left = Self.countLimit
            let home = FilePath(account.home)
            for name in [".ssh", ".putty"] {
                look(in: home.appending(name), account, host, depth: 0, &left) { _ in true }
            }
            // Homes of services, such as /, /bin and /var/lib/NAME, have no keys of people.
            if account.user == 0 || account.user >= 1000 {
                look(in: home, account, host, depth: Self.depthLimit, &left) { name in
                    name.hasPrefix("id_") || name == "identity" || Self.endings.contains { name.hasSuffix($0) }
                }
            }
        }
    }

    private mutating func look(
        in folder: FilePath, _ account: Account, _ host: AuditedHost, depth: Int, _ left: inout Int,
        where isWanted: (String) -> Bool
    ) {
        let names: [FilePath.Component]
        do throws(SystemError) {
            names = try Files.names(in: host.path(folder))
        } catch {
            refuse(folder, error)
            return
        }
        for name in names where isWanted(name.string) {
            if left == 0 {
                obstacles.append(Evidence(folder.string, value: "it has more than \(Self.countLimit) files"))
                return
            }
            left -= 1
            let path = folder.appending(name)
            do throws(SystemError) {
                let status = try Files.status(host.path(path), followingLinks: false)
                switch status.type {
                case .directory where depth < Self.depthLimit:
                    look(in: path, account, host, depth: depth + 1, &left, where: isWanted)
                case .regular: try read(path, account, host)
                // A link to a folder is not followed, so that there are no loops; nor is a device opened.
                case .symbolicLink where (try? Files.status(host.path(path)))?.type == .regular:
                    try read(path, account, host)
                default: continue
                }
            } catch {
                refuse(path, error)
            }
        }
    }

    private mutating func refuse(_ path: FilePath, _ error: SystemError) {
        if error.code == .noSuchFileOrDirectory || error.code == .notDirectory { return }
        obstacles.append(Evidence(path.string, value: "it cannot be read: \(error.code)"))
    }

    private mutating func read(_ path: FilePath, _ account: Account, _ host: AuditedHost) throws(SystemError) {
        let file = try OpenFile(host.path(path), options: .nonBlocking)
        let status = try file.status()
        // The file may be another one than a moment ago.
        guard status.type == .regular, status.size <= Self.fileLimit,
            seen.insert(Place(device: status.deviceID, inode: status.inode)).inserted
        else { return }
        let (bytes, isTruncated) = try file.readToEnd(limit: Self.fileLimit)
        if !isTruncated, let key = PrivateKeyFile.find(in: bytes) {
            keys.append(Found(path: path, account: account.name, key: key))
        }
    }
}
