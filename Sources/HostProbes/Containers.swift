internal import SystemFiles
internal import SystemPackage

/// A container of the host.
public struct Container: Sendable, Hashable {
    /// What runs it.
    public enum Engine: String, Sendable, Hashable {
        /// Docker.
        case docker
        /// Podman.
        case podman
        /// A Kubernetes runtime: containerd or CRI-O.
        case kubernetes
        /// LXC and what builds on it.
        case lxc
        /// systemd-nspawn.
        case nspawn
    }

    /// What runs it.
    public let engine: Engine
    /// Its identifier, or its name where the engine has no other.
    public let identifier: String
    /// Its name; empty where it could not be seen.
    public internal(set) var name: String
    /// The image that it was made from; empty where there is none or it could not be seen.
    public internal(set) var image: String
    /// How many of its processes are visible; 0 where it does not run.
    public internal(set) var processes: Int

    /// Whether it runs.
    public var isRunning: Bool { processes > 0 }
}

extension Container {
    /// The containers that run, from the control groups of the processes, and those that the engines' state folders name, which
    /// are readable for root only. Sorted by engine and identifier.
    ///
    /// Inside a container the others are not visible, and its own is not counted.
    public static func all(_ roots: HostRoots = .system) throws(Limitation) -> Reading<[Container]> {
        var containers: [String: Container] = [:]
        do throws(SystemError) {
            var folder = try FolderReader(roots.proc)
            for process in try folder.numbers() {
                let found = try? folder.read("\(process)/cgroup", limit: SizeLimit.value) { ofProcess($0) }
                guard let container = found ?? nil else { continue }
                containers[container.key, default: container].processes += 1
            }
        } catch {
            throw Limitation("the containers", error)
        }
        var limitations: [Limitation] = []
        for engine in [Engine.docker, .podman, .lxc] {
            do throws(SystemError) {
                for known in try known(to: engine, roots) {
                    containers[known.key, default: known].name = known.name
                    containers[known.key, default: known].image = known.image
                }
            } catch {
                if error.code != .noSuchFileOrDirectory { limitations.append(Limitation(.containerStates, error)) }
            }
        }
        let sorted = containers.values.sorted {
            ($0.engine.rawValue, $0.identifier) < ($1.engine.rawValue, $1.identifier)
        }
        return Reading(sorted, limitations: limitations)
    }

    private var key: String { "\(engine.rawValue) \(identifier)" }

    private init(_ engine: Engine, _ identifier: String, name: String = "", image: String = "") {
        self.engine = engine
        self.identifier = identifier
        self.name = name
        self.image = image
        processes = 0
    }

    // MARK: control groups

    /// The container that a process's control groups (/proc/PID/cgroup) put it in; the innermost where they are nested.
    static func ofProcess(_ bytes: Bytes) -> Container? {
        for membership in ControlGroupMembership.parse(Array(bytes)) {
            let components = membership.path.split(separator: "/").map(String.init)
            for (index, component) in components.enumerated().reversed() {
                let parent = index > 0 ? components[index - 1] : ""
                if let container = ofGroup(component, parent: parent) { return container }
            }
        }
        return nil
    }

    private static func ofGroup(_ group: String, parent: String) -> Container? {
        func middle(_ prefix: String, _ suffix: String) -> String? {
            guard group.hasPrefix(prefix), group.hasSuffix(suffix),
                group.utf8.count > prefix.utf8.count + suffix.utf8.count
            else { return nil }
            return String(group.dropFirst(prefix.count).dropLast(suffix.count))
        }
        func identifier(_ text: String?) -> String? {
            guard let text, text.utf8.count == 64, Array(text.utf8).allSatisfy(isHexadecimal) else { return nil }
            return text
        }
        if let found = identifier(middle("docker-", ".scope")) { return Container(.docker, found) }
        if let found = identifier(middle("libpod-", ".scope")) { return Container(.podman, found) }
        if let found = identifier(middle("cri-containerd-", ".scope")) { return Container(.kubernetes, found) }
        if let found = identifier(middle("crio-", ".scope")) { return Container(.kubernetes, found) }
        if let found = middle("lxc.payload.", "") { return Container(.lxc, found, name: found) }
        if let found = middle("systemd-nspawn@", ".service") { return Container(.nspawn, found, name: found) }
        if parent == "docker", let found = identifier(group) { return Container(.docker, found) }
        if parent == "lxc", !group.isEmpty { return Container(.lxc, group, name: group) }
        if parent.hasPrefix("pod"), let found = identifier(group) { return Container(.kubernetes, found) }
        return nil
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    // MARK: state folders

    /// The containers that an engine keeps, running or not; kubelets and systemd keep none of their own.
    private static func known(to engine: Engine, _ roots: HostRoots) throws(SystemError) -> [Container] {
        switch engine {
        case .docker: try docker(roots)
        case .podman: try podman(roots)
        case .lxc: try lxc(roots)
        case .kubernetes, .nspawn: []
        }
    }

    /// Docker keeps a folder for each container, with a file of its settings.
    private static func docker(_ roots: HostRoots) throws(SystemError) -> [Container] {
        let folder = roots.top.appending("var/lib/docker/containers")
        return try Files.names(in: folder).compactMap { identifier in
            let path = folder.appending(identifier).appending("config.v2.json")
            guard let bytes = try? Files.read(path, limit: SizeLimit.table) else { return nil }
            let settings = JSONText(parsing: bytes)
            // The name is written as a path.
            let name = settings?["Name"]?.text.map { $0.hasPrefix("/") ? String($0.dropFirst()) : $0 }
            return Container(
                .docker, identifier.string, name: name ?? "", image: settings?["Config"]?["Image"]?.text ?? "")
        }
    }

    /// Podman keeps one list of the containers of root; those of other users are in their homes.
    private static func podman(_ roots: HostRoots) throws(SystemError) -> [Container] {
        let path = roots.top.appending("var/lib/containers/storage/overlay-containers/containers.json")
        let list = JSONText(parsing: try Files.read(path, limit: SizeLimit.table))
        return (list?.elements ?? []).compactMap { entry in
            guard let identifier = entry["id"]?.text else { return nil }
            // What podman keeps about a container is a JSON text inside the list's.
            let metadata = entry["metadata"]?.text.flatMap { JSONText(parsing: Array($0.utf8)) }
            return Container(
                .podman, identifier, name: entry["names"]?.elements.first?.text ?? "",
                image: metadata?["image-name"]?.text ?? "")
        }
    }

    /// LXC keeps a folder for each container, named for it.
    private static func lxc(_ roots: HostRoots) throws(SystemError) -> [Container] {
        let folder = roots.top.appending("var/lib/lxc")
        return try Files.names(in: folder).compactMap { name in
            Files.exists(folder.appending(name).appending("config"))
                ? Container(.lxc, name.string, name: name.string) : nil
        }
    }
}
