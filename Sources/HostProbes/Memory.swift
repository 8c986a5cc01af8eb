internal import SystemFiles
internal import SystemPackage

/// The host's memory, in bytes (proc(5), /proc/meminfo). Inside a container that is limited, the container's.
///
/// The limit that counts is that of the control group of process 1: in a container it is the container's, on a host
/// there is none. A limit on the agent's own service therefore does not pass for the host's memory.
public struct Memory: Sendable, Hashable {
    /// All memory.
    public let total: UInt64
    /// What no one uses, not even the caches.
    public let free: UInt64
    /// What programs can get without swapping: free memory, and caches that can be dropped.
    public let available: UInt64
    /// All swap space; 0 where there is none.
    public let swapTotal: UInt64
    /// Unused swap space.
    public let swapFree: UInt64
    /// Whether a container's limit stands in place of the host's memory.
    public let isLimited: Bool

    /// Unused memory in % of all, without the caches.
    public var freePercent: Double { percent(free, of: total) }
    /// Available memory in % of all.
    public var availablePercent: Double { percent(available, of: total) }
    /// Unused swap space in % of all; `nil` where there is no swap space.
    public var swapFreePercent: Double? { swapTotal == 0 ? nil : percent(swapFree, of: swapTotal) }

    /// Reads /proc/meminfo and the limits of the control group of process 1.
    public init(_ roots: HostRoots = .system) throws(Limitation) {
        let subject = "the memory"
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try Files.read(roots.proc.appending("meminfo"), limit: SizeLimit.table)
        } catch {
            throw Limitation(subject, error)
        }
        guard let host = Memory(parsing: bytes) else {
            throw Limitation(subject, because: "\(roots.proc)/meminfo does not say the total and the free memory")
        }
        self = ControlGroupMemory.ofProcessOne(roots).reduce(host) { $0.limited(by: $1) }
    }

    /// Parses /proc/meminfo. Kernels before 3.14 do not say what is available: then it is what is free, the buffers, the
    /// page cache and the reclaimable kernel memory, without shared memory, which is in the page cache but cannot be dropped.
    init?(parsing bytes: [UInt8]) {
        var sizes: [String: UInt64] = [:]
        bytes.forEachLine { line in
            guard let (name, rest) = line.cut(at: Byte.colon) else { return }
            let words = rest.words
            guard let number = words.first?.decimal(as: UInt64.self) else { return }
            let isKilobytes = words.count > 1 && words[1].trimmed.equals("kB")
            sizes[name.text] = isKilobytes ? number.multipliedSaturating(by: 1024) : number
        }
        guard let total = sizes["MemTotal"], let free = sizes["MemFree"] else { return nil }
        func size(_ name: String) -> UInt64 { sizes[name] ?? 0 }
        let estimate = free.addingSaturating(size("Buffers")).addingSaturating(size("Cached"))
            .addingSaturating(size("SReclaimable")).subtractingSaturating(size("Shmem"))
        self.init(
            total: total, free: min(free, total), available: min(sizes["MemAvailable"] ?? estimate, total),
            swapTotal: size("SwapTotal"), swapFree: min(size("SwapFree"), size("SwapTotal")), isLimited: false)
    }

    init(
        total: UInt64, free: UInt64, available: UInt64, swapTotal: UInt64, swapFree: UInt64, isLimited: Bool
    ) {
        self.total = total
        self.free = free
        self.available = available
        self.swapTotal = swapTotal
        self.swapFree = swapFree
        self.isLimited = isLimited
    }

    /// What is left of the memory inside a control group.
    func limited(by group: ControlGroupMemory) -> Memory {
        var result = self
        if let limit = group.limit, limit < total {
            let unused = limit.subtractingSaturating(group.used)
            let reachable = limit.subtractingSaturating(group.used.subtractingSaturating(group.droppable))
            result = Memory(
                total: limit, free: min(unused, free), available: min(reachable, available), swapTotal: swapTotal,
                swapFree: swapFree, isLimited: true)
        }
        guard let limit = group.swapLimit, limit < swapTotal else { return result }
        return Memory(
            total: result.total, free: result.free, available: result.available, swapTotal: limit,
            swapFree: min(limit.subtractingSaturating(group.swapUsed), swapFree), isLimited: true)
    }
}

private func percent(_ part: UInt64, of whole: UInt64) -> Double {
    whole == 0 ? 0 : Double(part) / Double(whole) * 100
}

/// The memory of a control group, in bytes (cgroups(7)).
struct ControlGroupMemory: Sendable, Hashable {
    /// The limit; `nil` where there is none.
    var limit: UInt64?
    /// What the group uses, with its page cache.
    var used: UInt64 = 0
    /// The part of what it uses that can be dropped without writing: file pages not used lately.
    var droppable: UInt64 = 0
    /// The limit of its swap space; `nil` where there is none.
    var swapLimit: UInt64?
    /// The swap space that it uses.
    var swapUsed: UInt64 = 0

    /// The groups of process 1, from its own up to the root, that have a limit.
    static func ofProcessOne(_ roots: HostRoots) -> [ControlGroupMemory] {
        guard let bytes = try? Files.read(roots.proc.appending("1/cgroup"), limit: SizeLimit.value) else { return [] }
        let memberships = ControlGroupMembership.parse(bytes)
        if let membership = memberships.first(where: { $0.controllers.contains("memory") }) {
            let mount = roots.sys.appending("fs/cgroup/memory")
            return folders(of: membership, below: mount).compactMap(firstVersion)
        }
        guard let membership = memberships.first(where: \.isUnified) else { return [] }
        return folders(of: membership, below: roots.sys.appending("fs/cgroup")).compactMap(secondVersion)
    }

    /// The folders of a group and of those above it. Where the group's path is that of the host and only the container's
    /// part of the tree is mounted, they are missing but for the mount itself, which is then the container's group.
    private static func folders(of membership: ControlGroupMembership, below mount: FilePath) -> [FilePath] {
        var folders = [mount]
        for component in FilePath(membership.path).components where component.kind == .regular {
            folders.append((folders.last ?? mount).appending(component))
        }
        return folders.reversed()
    }

    private static func secondVersion(_ folder: FilePath) -> ControlGroupMemory? {
        var group = ControlGroupMemory()
        group.limit = number(folder, "memory.max")
        group.swapLimit = number(folder, "memory.swap.max")
        guard group.limit != nil || group.swapLimit != nil else { return nil }
        group.used = number(folder, "memory.current") ?? 0
        group.swapUsed = number(folder, "memory.swap.current") ?? 0
        group.droppable = statistic(folder, "inactive_file")
        return group
    }

    private static func firstVersion(_ folder: FilePath) -> ControlGroupMemory? {
        var group = ControlGroupMemory()
        group.limit = number(folder, "memory.limit_in_bytes")
        guard let limit = group.limit else { return nil }
        group.used = number(folder, "memory.usage_in_bytes") ?? 0
        group.droppable = statistic(folder, "total_inactive_file")
        // Here the limit and the use of swap include the memory.
        group.swapLimit = number(folder, "memory.memsw.limit_in_bytes").map { $0.subtractingSaturating(limit) }
        group.swapUsed = (number(folder, "memory.memsw.usage_in_bytes") ?? 0).subtractingSaturating(group.used)
        return group
    }

    private static func number(_ folder: FilePath, _ file: String) -> UInt64? {
        (try? Files.value(folder.appending(file)))?.decimal()
    }

    private static func statistic(_ folder: FilePath, _ name: String) -> UInt64 {
        guard let bytes = try? Files.read(folder.appending("memory.stat"), limit: SizeLimit.value) else { return 0 }
        for line in bytes.lines {
            let words = line.words
            if words.count == 2, words[0].text == name { return words[1].decimal() ?? 0 }
        }
        return 0
    }
}
