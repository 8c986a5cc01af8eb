internal import SystemFiles
public import SystemPackage

/// A mounted file system (proc(5), /proc/PID/mountinfo).
public struct Mount: Sendable, Hashable {
    /// The device's number as `major:minor`, which all mounts of one file system share.
    public let device: String
    /// The folder of the file system that is mounted, `/` but for bind mounts and subvolumes.
    public let root: String
    /// Where it is mounted.
    public let path: FilePath
    /// The options of the mount.
    public let options: [String]
    /// The file system's type, such as `ext4`.
    public let type: String
    /// The device's file or the remote name; `none` and the like for file systems without one.
    public let source: String
    /// The options of the file system.
    public let fileSystemOptions: [String]

    /// Whether the file system is kept by another host, or by a program, and may stop answering.
    public var isRemote: Bool {
        Self.remoteTypes.contains(type) || type.hasPrefix("fuse")
    }

    /// Whether people store files in the file system, so that it can run full: not one that the kernel makes up, not one
    /// in memory, not a read-only image (which is always full), and an overlay only where it is the root.
    public var isReal: Bool {
        if type == "overlay" || type == "aufs" { return path == "/" }
        // Engines put these files into their containers, each as a mount of the host's disk.
        if root != "/", ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf"].contains(path) { return false }
        if type == "fuse" || type == "fuseblk" { return true }
        return !Self.madeUpTypes.contains(type)
    }

    private static let remoteTypes: Set<String> = [
        "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs",
        "nfs4", "ocfs2", "orangefs", "panfs", "smb3", "smbfs", "virtiofs",
    ]
    private static let madeUpTypes: Set<String> = [
        "anon_inodefs", "autofs", "bdev", "binder", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "cpuset",
        "cramfs", "debugfs", "devfs", "devpts", "devtmpfs", "ecryptfs", "efivarfs", "erofs", "fuse.gvfsd-fuse",
        "fuse.lxcfs", "fuse.portal", "fuse.snapfuse", "fuse.squashfuse", "fusectl", "hugetlbfs", "inotifyfs", "iso9660",
        "mqueue", "nfsd", "none", "nsfs", "pipefs", "proc", "pstore", "ramfs", "rootfs", "rpc_pipefs", "securityfs",
        "selinuxfs", "smackfs", "sockfs", "squashfs", "sysfs", "tmpfs", "tracefs", "udf", "usbfs",
    ]
}

extension Mount {
    /// The mounts that this process sees, in the order of the kernel; where one hides another at the same path, the one
    /// that is seen.
    public static func all(_ roots: HostRoots = .system) throws(Limitation) -> [Mount] {
        do throws(SystemError) {
            return parse(try Files.read(roots.proc.appending("self/mountinfo"), limit: SizeLimit.table))
        } catch {
            throw Limitation("the mounted file systems", error)
        }
    }

    /// The file systems that can run full, each once: where one is mounted at several places, at its own root rather
    /// than a part of it, and then at the shortest path.
    public static func real(among mounts: [Mount]) -> [Mount] {
        var best: [String: Mount] = [:]
        for mount in mounts where mount.isReal {
            if let other = best[mount.device], !mount.isBetter(than: other) { continue }
            best[mount.device] = mount
        }
        return mounts.filter { best[$0.device] == $0 }
    }

    /// The mount that holds a path: the one whose own path is the longest part of it.
    public static func holding(_ path: FilePath, among mounts: [Mount]) -> Mount? {
        mounts.filter { path.starts(with: $0.path) }.max { $0.path.components.count < $1.path.components.count }
    }

    private func isBetter(than other: Mount) -> Bool {
        if (root == "/") != (other.root == "/") { return root == "/" }
        return path.length < other.path.length
    }

    static func parse(_ bytes: [UInt8]) -> [Mount] {
        var mounts: [Mount] = []
        var places: [FilePath: Int] = [:]
        bytes.forEachLine { line in
            guard let mount = Mount(line: line) else { return }
            if let place = places[mount.path] {
                mounts[place] = mount
            } else {
                places[mount.path] = mounts.count
                mounts.append(mount)
            }
        }
        return mounts
    }

    /// Columns: id, parent, device, root, path, options, any number of optional ones, `-`, type, source, options.
    private init?(line: Bytes) {
        let columns = line.split(separator: Byte.space)
        guard columns.count >= 9, let dash = columns.dropFirst(6).firstIndex(where: { $0.equals("-") }),
            columns.count > dash + 2
        else { return nil }
        device = columns[2].text
        root = Self.unescaped(columns[3]).text
        path = Self.path(Self.unescaped(columns[4]))
        options = columns[5].split(separator: Byte.comma).map(\.text)
        type = columns[dash + 1].text
        source = Self.unescaped(columns[dash + 2]).text
        fileSystemOptions = columns.count > dash + 3 ? columns[dash + 3].split(separator: Byte.comma).map(\.text) : []
    }

    private static func path(_ bytes: Bytes) -> FilePath {
        let characters = bytes.map { CInterop.PlatformChar(bitPattern: $0) }.filter { $0 != 0 } + [0]
        return characters.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { FilePath(platformString: $0) } ?? ""
        }
    }

    /// Undoes the kernel's octal escapes, `\040` for a space.
    static func unescaped(_ bytes: Bytes) -> Bytes {
        guard bytes.contains(Byte.backslash) else { return bytes }
        var result: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            let isEscape = byte == Byte.backslash && digits.count == 3 && digits.allSatisfy { (48...55).contains($0) }
            let value = digits.reduce(0) { ($0 << 3) | (Int($1) & 7) }
            guard isEscape, value < 256 else {
                result.append(byte)
                continue
            }
            result.append(UInt8(truncatingIfNeeded: value))
            rest = rest.dropFirst(3)
        }
        return result[...]
    }
}
