internal import DataFile
internal import HostProbes
internal import SystemFiles
internal import SystemPackage

/// `pandora_netusage`: the octets that all interfaces but the loopback have sent and received; the server makes a rate of
/// it.
struct NetworkUsagePlugin: ModuleKind {
    func collect(in context: ModuleContext) async -> ModuleOutcome {
        do throws(Limitation) {
            let interfaces = try NetworkInterface.all(context.host.roots)
            var outcome = ModuleOutcome()
            outcome.elements = [
                .module(
                    Module(
                        name: "Network_Usage_Bytes", type: "generic_data_inc",
                        description: "Octets in and out of all interfaces",
                        settings: [
                            .unit: "bytes/sec", .group: "Networking",
                        ], data: .value(Array(String(NetworkInterface.totalBytes(of: interfaces)).utf8))))
            ]
            return outcome
        } catch {
            return ModuleOutcome(failure: "\(error)")
        }
    }
}

/// Counts of the kernel, each as a module.
struct KernelCountsPlugin: ModuleKind {
    /// A count, and what the server is told about it.
    typealias Count = (name: String, count: UInt64, description: String)

    private let read: @Sendable (HostRoots) throws(Limitation) -> [Count]

    /// `file-nr.sh`: the counts of file handles.
    static let fileHandles = KernelCountsPlugin { (roots) throws(Limitation) in
        let counts = try FileHandleCounts(roots)
        return [
            ("FileHandles_Allocated", counts.allocated, "File handles that are allocated"),
            ("FileHandles_Free", counts.free, "Allocated file handles that are free"),
            ("FileHandles_Max", counts.maximum, "The most file handles that there may be"),
        ]
    }

    /// `sockstat.sh`: the counts of TCP sockets.
    static let sockets = KernelCountsPlugin { (roots) throws(Limitation) in
        let counts = try SocketCounts(roots)
        return [
            ("TCP_Sockets_InUse", counts.tcpInUse, "TCP sockets of IPv4 that are connected or listen"),
            ("TCP6_Sockets_InUse", counts.tcp6InUse, "TCP sockets of IPv6 that are connected or listen"),
            ("TCP_Sockets_Orphan", counts.tcpOrphaned, "TCP sockets that no process holds any longer"),
            ("TCP_Sockets_TimeWait", counts.tcpTimeWait, "TCP connections that wait to be forgotten"),
            ("TCP_Sockets_Allocated", counts.tcpAllocated, "TCP sockets in any state"),
        ]
    }

    func collect(in context: ModuleContext) async -> ModuleOutcome {
        do throws(Limitation) {
            var outcome = ModuleOutcome()
            outcome.elements = try read(context.host.roots).map { entry in
                .module(
                    Module(
                        name: entry.name, type: "generic_data", description: entry.description,
                        settings: [.group: "System"], data: .value(Array(String(entry.count).utf8))))
            }
            return outcome
        } catch {
            return ModuleOutcome(failure: "\(error)")
        }
    }
}

/// `files_indir DIR…`: whether folders can be listed, and how many entries they have, hidden ones included.
struct FolderPlugin: ModuleKind {
    static let name = "files_indir"
    static let usage = "files_indir DIR…"

    private let folders: [String]

    init(arguments: [String]) throws(PluginMisuse) {
        if arguments.isEmpty || arguments.contains("") { throw PluginMisuse("a folder is missing", usage: Self.usage) }
        folders = arguments
    }

    func collect(in context: ModuleContext) async -> ModuleOutcome {
        var outcome = ModuleOutcome()
        for folder in folders {
            var count: Int?
            do throws(SystemError) {
                count = try Files.names(in: context.host.roots.top.appending(FilePath(folder).components)).count
            } catch {
                outcome.notes.append("\(error)")
            }
            outcome.elements.append(
                .module(
                    Module(
                        name: "FS_\(folder)", type: "generic_proc", description: "Whether the folder can be listed",
                        data: .value([UInt8(ascii: count == nil ? "0" : "1")]))))
            guard let count else { continue }
            outcome.elements.append(
                .module(
                    Module(
                        name: "NumFiles_FS_\(folder)", type: "generic_data", description: "Number of files",
                        data: .value(Array(String(count).utf8)))))
        }
        return outcome
    }
}
