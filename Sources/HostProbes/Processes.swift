internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// A process (proc(5), /proc/PID).
public struct HostProcess: Sendable, Hashable {
    /// The process's number.
    public let identifier: Int32
    /// Its parent's number; 0 for the first process, and for the kernel's.
    public let parent: Int32
    /// The name that the kernel knows, 15 bytes at most for programs.
    public let name: String
    /// The letter of its state: `R` running, `S` sleeping, `D` waiting for a device, `T` stopped, `Z` ended …
    public let state: Character
    /// The program and its arguments, with spaces between; empty for the kernel's own and for ended processes.
    public let commandLine: String
    /// The first of them without its folder; ``name`` where there is no command line.
    public let program: String
    /// The effective user; `nil` where it was not asked for.
    public let user: UInt32?
    /// Memory in use, in bytes, shared pages included.
    public let residentBytes: UInt64
    /// CPU time used, in ticks of ``ClockRate``.
    public let cpuTicks: UInt64
    /// When it started, in ticks since the boot; with the number, this tells a process from all others.
    public let startTicks: UInt64
    /// Whether it is a thread of the kernel.
    public let isKernelThread: Bool

    /// Whether the process has ended and waits for its parent to notice.
    public var isEnded: Bool { state == "Z" || state == "X" }

    /// Whether a running process is the one that a configuration names: by the whole command line, by its beginning up
    /// to a space, by the program with or without its folder, or by the kernel's name.
    public func matches(_ wanted: String) -> Bool {
        if isEnded || wanted.isEmpty { return false }
        if wanted == name || wanted == program || wanted == commandLine { return true }
        // The kernel cuts names at 15 bytes, and a program may have changed its command line.
        if wanted.utf8.count > 15, name.utf8.count == 15, commandLine.isEmpty { return wanted.hasPrefix(name) }
        func begins(_ text: some StringProtocol) -> Bool {
            text.utf8.starts(with: wanted.utf8)
                && (text.utf8.count == wanted.utf8.count || text.utf8.dropFirst(wanted.utf8.count).first == Byte.space)
        }
        if begins(commandLine) { return true }
        let first = commandLine.utf8.prefix { $0 != Byte.space }
        guard let slash = first.lastIndex(of: Byte.slash) else { return false }
        return begins(commandLine[commandLine.utf8.index(after: slash)...])
    }
}

/// How many ticks of process times make a second (sysconf(3)).
public enum ClockRate {
    /// Ticks per second, 100 on nearly every system.
    public static let ticksPerSecond = max(1, UInt64(clamping: sysconf(Int32(_SC_CLK_TCK))))
}

/// The processes that a reader of /proc finds.
public enum ProcessTable {
    /// What is read beside /proc/PID/stat, which costs a file each.
    public struct Details: OptionSet, Sendable {
        /// The set's bits.
        public let rawValue: UInt8
        /// Makes a set of bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// The command line, from /proc/PID/cmdline.
        public static let commandLine = Details(rawValue: 1)
        /// The effective user, from /proc/PID/status.
        public static let user = Details(rawValue: 2)
    }

    /// How many bytes of a command line are kept.
    public static let commandLineLimit = 32 << 10

    /// All processes that are visible.
    public static func all(
        _ roots: HostRoots = .system, details: Details = [.commandLine, .user]
    ) throws(Limitation) -> Reading<[HostProcess]> {
        var processes: [HostProcess] = []
        let limitations = try forEach(roots, details: details) { processes.append($0) }
        return Reading(processes, limitations: limitations)
    }

    /// Calls `body` with each visible process, so that a caller who keeps few of them holds few.
    ///
    /// Processes that end meanwhile are left out.
    ///
    /// - Returns: What could not be seen.
    public static func forEach(
        _ roots: HostRoots = .system, details: Details = [.commandLine, .user], _ body: (HostProcess) -> Void
    ) throws(Limitation) -> [Limitation] {
        do throws(SystemError) {
            var folder = try FolderReader(roots.proc)
            for identifier in try folder.numbers() {
                if let process = try? read(identifier, details, &folder) { body(process) }
            }
        } catch {
            throw Limitation("the processes", error)
        }
        return [hiding(roots)].compactMap { $0 }
    }

    private static func read(
        _ identifier: Int32, _ details: Details, _ folder: inout FolderReader
    ) throws(SystemError) -> HostProcess? {
        guard let status = try folder.read("\(identifier)/stat", limit: 4096, { ProcessStatus(parsing: $0) }) else {
            return nil
        }
        var arguments = ProcessArguments()
        if details.contains(.commandLine), !status.isKernelThread {
            arguments = try folder.read("\(identifier)/cmdline", limit: commandLineLimit) {
                ProcessArguments(parsing: $0)
            }
        }
        var user: UInt32?
        if details.contains(.user) {
            user = try folder.read("\(identifier)/status", limit: 16 << 10) { effectiveUser(inStatus: $0) }
        }
        return HostProcess(
            identifier: identifier, parent: status.parent, name: status.name, state: status.state,
            commandLine: arguments.commandLine, program: arguments.program ?? status.name, user: user,
            residentBytes: status.residentPages.multipliedSaturating(by: pageSize), cpuTicks: status.cpuTicks,
            startTicks: status.startTicks, isKernelThread: status.isKernelThread)
    }

    private static let pageSize = max(1, UInt64(clamping: sysconf(Int32(_SC_PAGESIZE))))

    /// The second number of the line `Uid:` (real, effective, saved, file system).
    static func effectiveUser(inStatus bytes: Bytes) -> UInt32? {
        for line in bytes.lines {
            guard let numbers = line.dropping(prefix: "Uid:")?.words, numbers.count > 1 else { continue }
            return numbers[1].decimal()
        }
        return nil
    }

    /// What the mount option `hidepid` hides from this user.
    private static func hiding(_ roots: HostRoots) -> Limitation? {
        guard geteuid() != 0, let mounts = try? Mount.all(roots),
            let options = mounts.first(where: { $0.type == "proc" && $0.path == roots.proc })?.fileSystemOptions,
            let hiding = options.first(where: { $0.hasPrefix("hidepid=") }),
            !["hidepid=0", "hidepid=off"].contains(hiding)
        else { return nil }
        let group = options.first { $0.hasPrefix("gid=") }.map { Permission.group(String($0.dropFirst(4))) }
        let need = PrivilegeNeed.hiddenProcesses
        return Limitation(
            need.subject, because: "\(roots.proc) is mounted with \(hiding)",
            allowedBy: need.allowedBy + [group].compactMap { $0 })
    }

    /// How long the host has been running, in seconds (/proc/uptime).
    public static func uptime(_ roots: HostRoots = .system) throws(Limitation) -> Double {
        do throws(SystemError) {
            let text = (try Files.value(roots.proc.appending("uptime"))).words.first?.text
            guard let seconds = text.flatMap(Double.init), seconds.isFinite, seconds >= 0 else {
                throw SystemError("understand", "\(roots.proc)/uptime", .invalidArgument)
            }
            return seconds
        } catch {
            throw Limitation("the host's time since its boot", error)
        }
    }
}

/// What /proc/PID/stat says (proc(5)).
struct ProcessStatus: Sendable, Hashable {
    var name = ""
    var state: Character = "?"
    var parent: Int32 = 0
    var isKernelThread = false
    var cpuTicks: UInt64 = 0
    var startTicks: UInt64 = 0
    var residentPages: UInt64 = 0

    /// The name stands in parentheses and may hold anything, parentheses too; the numbers follow the last one.
    init?(parsing bytes: Bytes) {
        guard let open = bytes.firstIndex(of: Byte.leftParenthesis),
            let close = bytes.lastIndex(of: Byte.rightParenthesis), open < close
        else { return nil }
        name = bytes[(open + 1)..<close].text
        let columns = bytes[(close + 1)...].trimmed.split(separator: Byte.space, maxSplits: 22)
        guard columns.count >= 22, let letter = columns[0].first, letter < 128,
            let parent = columns[1].decimal(as: Int32.self), let flags = columns[6].decimal(as: UInt64.self),
            let user = columns[11].decimal(as: UInt64.self), let system = columns[12].decimal(as: UInt64.self),
            let start = columns[19].decimal(as: UInt64.self), let pages = columns[21].decimal(as: Int64.self)
        else { return nil }
        state = Character(Unicode.Scalar(letter))
        self.parent = parent
        let kernelThreadFlag: UInt64 = 0x0020_0000
        isKernelThread = flags & kernelThreadFlag != 0
        cpuTicks = user.addingSaturating(system)
        startTicks = start
        residentPages = UInt64(clamping: pages)
    }
}

/// What /proc/PID/cmdline says: arguments that each end in a zero byte, or a text of the program's own making.
struct ProcessArguments: Sendable, Hashable {
    var commandLine = ""
    /// The first argument without its folder; `nil` where there is none.
    var program: String?

    init() {}

    init(parsing bytes: Bytes) {
        var end = bytes.endIndex
        while end > bytes.startIndex, bytes[end - 1] == 0 || bytes[end - 1] == Byte.space { end -= 1 }
        let arguments = bytes[..<end]
        guard !arguments.isEmpty else { return }
        commandLine = String(decoding: arguments.lazy.map { $0 == 0 ? Byte.space : $0 }, as: UTF8.self)
        let first = arguments.prefix { $0 != 0 }
        program = first.isEmpty ? nil : first.lastPathComponent.text
    }
}
