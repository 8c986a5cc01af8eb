internal import DataFile
internal import HostProbes

/// `pandora_mem` and `pandora_mem_used`: shares of the memory. A host without swap space has no module for it, since
/// none of it is neither full nor empty.
struct MemoryPlugin: ModuleKind {
    /// Which shares are reported.
    enum Face: String, CaseIterable {
        case free = "pandora_mem"
        case used = "pandora_mem_used"
    }

    let face: Face

    func collect(in context: ModuleContext) async -> ModuleOutcome {
        do throws(Limitation) {
            let memory = try await context.host.memory()
            var outcome = ModuleOutcome()
            outcome.elements = modules(memory).map { .module($0) }
            return outcome
        } catch {
            return ModuleOutcome(failure: "\(error)")
        }
    }

    private func modules(_ memory: Memory) -> [Module] {
        func module(_ name: String, _ percent: Double, _ description: String, critical: (String, String)) -> Module {
            Module(
                percent, name: name, description: description,
                thresholds: [.minimumCritical: critical.0, .maximumCritical: critical.1])
        }
        switch face {
        case .free:
            var modules = [module("FreeMemory", memory.freePercent, "% free memory", critical: ("0", "2"))]
            if let swap = memory.swapFreePercent {
                modules.append(module("FreeSwap", swap, "% free swap space", critical: ("0", "5")))
            }
            modules.append(
                module("AvailableMemory", memory.availablePercent, "% available memory", critical: ("0", "10")))
            return modules
        case .used:
            let used = 100 - memory.availablePercent
            var modules = [module("Memory_Used", used, "% used memory", critical: ("95", "100"))]
            if let swap = memory.swapFreePercent {
                modules.append(module("Swap_Used", 100 - swap, "% used swap space", critical: ("95", "100")))
            }
            return modules
        }
    }
}
