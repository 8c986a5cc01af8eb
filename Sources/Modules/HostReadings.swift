public import HostProbes
internal import SystemPackage

/// Readings of the host that are taken at most once in a cycle, whoever asks for them.
public actor HostReadings {
    /// Where the host's files are.
    public nonisolated let roots: HostRoots
    private let spaces = FileSystemSpaces()
    private let earlierCPU: CPUCounters?
    private var processReading: Result<Reading<[HostProcess]>, Limitation>?
    private var cpuReading: (now: Result<CPUCounters, Limitation>, before: CPUCounters?)?

    /// How long a first reading of the CPU counters waits for a second one, where no earlier cycle left one.
    private static let firstCPUInterval = Duration.milliseconds(200)

    /// Readings below some roots.
    ///
    /// - Parameter earlierCPU: The counters of the last cycle, as ``cpuCounters()`` gave them.
    public init(roots: HostRoots = .system, earlierCPU: String? = nil) {
        self.roots = roots
        self.earlierCPU = earlierCPU.flatMap { CPUCounters(text: $0) }
    }

    /// The processes.
    func processes() throws(Limitation) -> Reading<[HostProcess]> {
        if let processReading { return try processReading.get() }
        let reading = Result<Reading<[HostProcess]>, Limitation> { () throws(Limitation) in
            try ProcessTable.all(roots)
        }
        processReading = reading
        return try reading.get()
    }

    /// What the processes of a name use.
    func use(ofProcesses name: String) throws(Limitation) -> ProcessUse {
        ProcessUse(of: name, among: try processes().value, uptime: try ProcessTable.uptime(roots))
    }

    /// The state of a service.
    func service(_ name: String) throws(Limitation) -> ServiceState {
        ServiceDirectory(roots).state(of: name, among: try processes().value)
    }

    /// The memory.
    func memory() throws(Limitation) -> Memory {
        try Memory(roots)
    }

    /// The space of the file system that a path is on.
    func space(of path: String) throws(Limitation) -> FileSystemSpace {
        try spaces.space(of: roots.top.appending(FilePath(path).components))
    }

    /// The file systems that are chosen among all, and their space, in the order of the mounts.
    func spaces(
        where isWanted: @Sendable (Mount) -> Bool
    ) throws(Limitation) -> [(Mount, Result<FileSystemSpace, Limitation>)] {
        let mounts = try Mount.all(roots).filter(isWanted)
        let answers = spaces.spaces(of: mounts)
        return mounts.compactMap { mount in answers[mount.path].map { (mount, $0) } }
    }

    /// Every real file system and its space, in the order of the mounts.
    func realSpaces() throws(Limitation) -> [(Mount, Result<FileSystemSpace, Limitation>)] {
        let mounts = Mount.real(among: try Mount.all(roots))
        let answers = spaces.spaces(of: mounts)
        return mounts.compactMap { mount in answers[mount.path].map { (mount, $0) } }
    }

    /// CPU use in percent, and what it is measured over.
    ///
    /// Two readings are needed: the last cycle's and this one's, so that nobody waits; where there is none of the last
    /// cycle, or the host was started since, a second one a moment later.
    func cpuUse(_ selection: CPUCounters.Selection) async throws(Limitation) -> (
        percent: Double?, isSinceLastCycle: Bool
    ) {
        let reading = try await cpuReadings()
        guard let before = reading.before else { return (nil, false) }
        return (reading.now.usage(of: selection, since: before), before == earlierCPU)
    }

    /// The counters to remember for the next cycle; `nil` where nobody asked for them.
    public func cpuCounters() -> String? {
        guard case .success(let counters)? = cpuReading?.now else { return nil }
        return counters.text
    }

    private func cpuReadings() async throws(Limitation) -> (now: CPUCounters, before: CPUCounters?) {
        if let cpuReading { return (try cpuReading.now.get(), cpuReading.before) }
        let first = Result<CPUCounters, Limitation> { () throws(Limitation) in try CPUCounters(roots) }
        if case .success(let now) = first, let earlierCPU, now.usage(since: earlierCPU) != nil {
            cpuReading = (first, earlierCPU)
            return (now, earlierCPU)
        }
        guard case .success(let before) = first else { return (try first.get(), nil) }
        try? await Task.sleep(for: Self.firstCPUInterval)
        // Another module may have read them while this one waited.
        if let cpuReading { return (try cpuReading.now.get(), cpuReading.before) }
        let second = Result<CPUCounters, Limitation> { () throws(Limitation) in try CPUCounters(roots) }
        cpuReading = (second, before)
        return (try second.get(), before)
    }
}
