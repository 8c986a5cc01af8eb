internal import SystemFiles
internal import SystemPackage

/// A service that the host knows.
public struct Service: Sendable, Hashable {
    /// Whether it starts with the host.
    public enum Start: String, Sendable, Hashable {
        /// It does.
        case enabled
        /// It does not, and could.
        case disabled
        /// It starts only where another one wants it.
        case `static`
        /// It cannot be started at all.
        case masked
    }

    /// The name, without `.service`.
    public let name: String
    /// Whether it starts with the host.
    public let start: Start
    /// Whether it runs now.
    public let state: ServiceState
}

extension ServiceDirectory {
    /// The services that start with the host, by name.
    public func enabled() -> [String] {
        hasUnits ? enabledUnits.sorted() : enabledScripts.sorted()
    }

    /// All services that the host knows, by name: systemd's units of type service, but for templates without an instance; init
    /// scripts where there are no units.
    ///
    /// - Parameter processes: The processes, for ``state(of:among:)``.
    public func all(among processes: [HostProcess]) -> [Service] {
        if hasUnits {
            let enabled = enabledUnits
            return Set(unitFiles.keys).union(enabled).sorted().map { name in
                Service(name: name, start: start(name, enabled), state: state(of: name, among: processes))
            }
        }
        let enabled = enabledScripts
        return Set(initScripts).union(enabled).sorted().map { name in
            Service(
                name: name, start: enabled.contains(name) ? .enabled : .disabled,
                state: state(of: name, among: processes))
        }
    }

    // MARK: units

    /// Whether the host is managed by systemd, or at least set up for it: an image that does not run has only files.
    private var hasUnits: Bool { hasSystemd || !enabledUnits.isEmpty }

    /// The file of each unit that is no template, by the unit's name without `.service`; aliases are left out.
    private var unitFiles: [String: FilePath] {
        var files: [String: FilePath] = [:]
        for folder in unitFolders {
            for file in (try? Files.names(in: folder)) ?? [] {
                guard let name = Self.serviceName(file.string), !name.hasSuffix("@"), files[name] == nil else {
                    continue
                }
                let path = folder.appending(file)
                if let target = path.linkTarget?.lastComponent?.string, target.hasSuffix(".service"),
                    target != file.string
                {
                    continue
                }
                files[name] = path
            }
        }
        return files
    }

    /// The services that a unit wants at start: the links in folders NAME.wants and NAME.requires of the administrator.
    private var enabledUnits: Set<String> {
        var enabled: Set<String> = []
        let folder = roots.etc.appending("systemd/system")
        for name in (try? Files.names(in: folder)) ?? [] where ["wants", "requires"].contains(name.extension) {
            for link in (try? Files.names(in: folder.appending(name))) ?? [] {
                if let name = Self.serviceName(link.string) { enabled.insert(name) }
            }
        }
        return enabled
    }

    private func start(_ name: String, _ enabled: Set<String>) -> Service.Start {
        guard let path = unitFile(named: name) else { return enabled.contains(name) ? .enabled : .disabled }
        if path.linkTarget == "/dev/null" { return .masked }
        if enabled.contains(name) { return .enabled }
        let bytes = (try? Files.read(path, limit: SizeLimit.table)) ?? []
        return bytes.lines.contains { $0.trimmed.equals("[Install]") } ? .disabled : .static
    }

    private func unitFile(named name: String) -> FilePath? {
        unitFolders.map { $0.appending("\(name).service") }.first(where: Files.isLinkOrFile)
    }

    private static func serviceName(_ file: String) -> String? {
        file.hasSuffix(".service") && file.utf8.count > 8 ? String(file.dropLast(8)) : nil
    }

    // MARK: scripts

    private var initScripts: [String] {
        let names = (try? Files.names(in: roots.etc.appending("init.d"))) ?? []
        // What lies among the scripts and is none.
        return names.map(\.string).filter {
            !["README", "functions", "skeleton", "rcS", "rc", "functions.sh"].contains($0)
        }
    }

    /// The scripts that the usual run levels start: links S01NAME, or those of OpenRC.
    private var enabledScripts: Set<String> {
        var enabled: Set<String> = []
        for folder in ["rc2.d", "rc3.d", "rc5.d", "rc.d/rc3.d", "rc.d/rc5.d"] {
            for link in (try? Files.names(in: roots.etc.appending(folder))) ?? [] {
                let name = Array(link.string.utf8)[...]
                guard let rest = name.dropping(prefix: "S"), rest.prefix(2).decimal(as: UInt8.self) != nil,
                    rest.count > 2
                else { continue }
                enabled.insert(rest.dropFirst(2).text)
            }
        }
        for level in ["sysinit", "boot", "default"] {
            for name in (try? Files.names(in: roots.etc.appending("runlevels").appending(level))) ?? [] {
                enabled.insert(name.string)
            }
        }
        return enabled
    }
}
