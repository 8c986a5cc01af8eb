internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// Whether a service runs, as far as the files of its manager and the processes tell.
public enum ServiceState: Sendable, Hashable {
    /// It runs.
    case active(Evidence)
    /// The host knows a service of that name, and it does not run.
    case inactive
    /// The host knows no service of that name.
    case absent

    /// What shows that a service runs.
    public enum Evidence: Sendable, Hashable {
        /// systemd holds the unit of this name as active.
        case unit(String)
        /// OpenRC has it among its started services.
        case openRC
        /// The process whose number its file below /run holds is alive.
        case processFile(Int32)
        /// A process of that name runs.
        case process(Int32)
    }

    /// Whether the service runs.
    public var isActive: Bool {
        if case .active = self { return true }
        return false
    }
}

/// Finds services by their files: systemd's state below /run and its units, OpenRC's, the init scripts and their process
/// files. No program is run and no bus is asked, so this works the same for every user and in every container.
public struct ServiceDirectory: Sendable {
    let roots: HostRoots

    /// Looks at the given tree.
    public init(_ roots: HostRoots = .system) {
        self.roots = roots
    }

    /// Whether systemd manages the host (sd_booted(3)).
    public var hasSystemd: Bool { Files.exists(roots.top.appending("run/systemd/system")) }

    /// Whether a service runs.
    ///
    /// - Parameters:
    ///   - name: The service's name, with or without `.service`; a name that could lead out of the folders is absent.
    ///   - processes: The processes, of which one with the service's name counts where no manager knows the service.
    public func state(of name: String, among processes: [HostProcess]) -> ServiceState {
        let name = name.hasSuffix(".service") ? String(name.dropLast(8)) : name
        guard !name.isEmpty, !name.utf8.contains(Byte.slash), !name.hasPrefix("."), !name.utf8.contains(0) else {
            return .absent
        }
        if hasSystemd, let unit = unitName(of: name) {
            return isRunningUnit(unit) ? .active(.unit(unit)) : .inactive
        }
        if Files.isLinkOrFile(roots.top.appending("run/openrc/started").appending(name)) { return .active(.openRC) }
        if let process = processOfFile(name, among: processes) { return .active(.processFile(process)) }
        if let process = processes.first(where: { $0.matches(name) }) {
            return .active(.process(process.identifier))
        }
        return Files.exists(roots.etc.appending("init.d").appending(name)) ? .inactive : .absent
    }

    // MARK: systemd

    /// The folders of units, in the order in which the first one wins (systemd.unit(5)).
    var unitFolders: [FilePath] {
        [roots.etc.appending("systemd/system"), roots.top.appending("run/systemd/system")]
            + ["run/systemd/generator", "usr/local/lib/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"]
            .map { roots.top.appending($0) }
    }

    /// The unit's own name: that of the file to which an alias leads. `nil` where there is no such unit.
    private func unitName(of name: String) -> String? {
        let file = "\(name).service"
        for folder in unitFolders {
            let path = folder.appending(file)
            guard let status = try? Files.status(path, followingLinks: false) else { continue }
            guard status.type == .symbolicLink, let target = path.linkTarget?.lastComponent?.string,
                target.hasSuffix(".service"), target != file
            else { return file }
            return target
        }
        // An instance of a template has no file of its own.
        guard let at = name.firstIndex(of: "@") else {
            return isRunningUnit(file) ? file : nil
        }
        let template = "\(name[...at]).service"
        return unitFolders.contains { Files.exists($0.appending(template)) } ? file : nil
    }

    /// systemd keeps a link below /run for each unit that is active, also for those whose programs are done
    /// ("active (exited)"), and removes it when the unit becomes inactive; versions before 235 do not, but any has a
    /// control group for units with processes.
    private func isRunningUnit(_ unit: String) -> Bool {
        if Files.isLinkOrFile(roots.top.appending("run/systemd/units/invocation:\(unit)")) { return true }
        var slice = roots.sys.appending("fs/cgroup")
        for hierarchy in ["systemd", "unified"] where Files.exists(slice.appending(hierarchy).appending("system.slice"))
        {
            slice = slice.appending(hierarchy)
            break
        }
        slice = slice.appending("system.slice")
        var folders = [slice.appending(unit)]
        if let at = unit.firstIndex(of: "@") {
            // systemd puts the instances of a template into a slice of their own, with `-` escaped in its name.
            let template = unit[..<at].split(separator: "-", omittingEmptySubsequences: false).joined(
                separator: #"\x2d"#)
            folders.append(slice.appending("system-\(template).slice").appending(unit))
        }
        return folders.contains { hasProcesses($0) }
    }

    private func hasProcesses(_ group: FilePath) -> Bool {
        if let events = try? Files.read(group.appending("cgroup.events"), limit: SizeLimit.value) {
            return events.lines.contains { $0.equals("populated 1") }
        }
        // The first version has no events; a service's own group holds its processes but for those in groups below.
        guard let own = try? Files.read(group.appending("cgroup.procs"), limit: SizeLimit.table) else { return false }
        return !own.isEmpty
    }

    // MARK: process files

    /// The process whose number stands in /run/NAME.pid, if it is alive and not younger than the file: else the number
    /// belongs to another one by now.
    private func processOfFile(_ name: String, among processes: [HostProcess]) -> Int32? {
        for place in ["run/\(name).pid", "run/\(name)/\(name).pid", "var/run/\(name).pid"] {
            let path = roots.top.appending(place)
            guard let number = (try? Files.value(path))?.decimal(as: Int32.self),
                let process = processes.first(where: { $0.identifier == number }), !process.isEnded
            else { continue }
            guard let status = try? Files.status(path), let boot = bootTime else { return number }
            let started = boot.addingSaturating(process.startTicks / ClockRate.ticksPerSecond)
            let written = UInt64(clamping: status.rawValue.st_mtim.tv_sec)
            // The clock may have been set between the two; programs write their file within moments of their start.
            if started <= written.addingSaturating(5) { return number }
        }
        return nil
    }

    /// When the host was booted, in seconds since 1970 (/proc/stat).
    private var bootTime: UInt64? {
        guard let bytes = try? Files.read(roots.proc.appending("stat"), limit: SizeLimit.table) else { return nil }
        for line in bytes.lines {
            if let rest = line.dropping(prefix: "btime ") { return rest.trimmed.decimal() }
        }
        return nil
    }
}

extension Files {
    /// Whether something has this name, be it a link that leads nowhere.
    static func isLinkOrFile(_ path: FilePath) -> Bool {
        (try? status(path, followingLinks: false)) != nil
    }
}

extension FilePath {
    /// What a symbolic link holds (readlink(2)); `nil` where this is none.
    var linkTarget: FilePath? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = withPlatformString { readlink($0, &buffer, Int(PATH_MAX)) }
        return count > 0 ? FilePath(platformString: buffer) : nil
    }
}
