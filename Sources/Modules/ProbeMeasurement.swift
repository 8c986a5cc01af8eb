internal import AgentConfiguration
internal import HostProbes

/// The modules that ask the host itself instead of running a command.
struct ProbeMeasurement: Sendable {
    let source: ModuleSource

    func measure(on host: HostReadings) async -> Measurement {
        do throws(Limitation) {
            switch source {
            case .cpuUsage(let core):
                let use = try await host.cpuUse(core.map { .core($0) } ?? .all)
                guard let percent = use.percent else {
                    return .failure("there is no CPU core of that number, or it was not there before")
                }
                return .number(
                    percent,
                    explanation: use.isSinceLastCycle ? "CPU use since the last cycle, %" : "CPU use over 0.2 s, %")
            case .processRunning(let name):
                return .flag(try await host.use(ofProcesses: name).count > 0)
            case .processCPU(let name):
                return .number(try await host.use(ofProcesses: name).cpuPercent)
            case .processMemory(let name):
                return .number(try await host.use(ofProcesses: name).residentMegabytes)
            case .serviceRunning(let name):
                return .flag(try await host.service(name).isActive)
            case .freeDisk(let mount):
                return .number((Double(try await host.space(of: mount).available) / 1_048_576).rounded(.down))
            case .freePercentDisk(let mount):
                return percent(try await host.space(of: mount).freePercent, of: mount)
            case .occupiedPercentDisk(let mount):
                return percent(try await host.space(of: mount).usedPercent, of: mount)
            case .freeMemory:
                return .number((Double(try await host.memory().available) / 1_048_576).rounded(.down))
            case .freePercentMemory:
                return .number(try await host.memory().availablePercent)
            case .command, .plugin, .logPattern, .tcpCheck, .ping:
                return .noData(nil)
            }
        } catch {
            return .failure("\(error)")
        }
    }

    private func percent(_ percent: Double?, of mount: String) -> Measurement {
        percent.map { .number($0) } ?? .failure("the file system at \(mount) has no blocks to count")
    }
}
