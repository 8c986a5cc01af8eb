internal import Agent
internal import ArgumentParser

/// A command that works with the agent's configuration and state, and so as the agent's user.
protocol ConfinedCommand {
    /// Whose files say how the process is confined.
    var paths: AgentPaths { get }
    /// What it will do.
    var extent: HostConfinement.Extent { get }
}

extension ConfinedCommand {
    var extent: HostConfinement.Extent { .tool }

    /// Confines the process, before anything else is done and while it has no other threads.
    func confine() throws {
        do throws(HostConfinement.Refusal) {
            try HostConfinement.begin(paths: paths, extent: extent)
        } catch {
            writeToStandardError("pandora-agent: error: \(error)\n")
            throw ExitCode(CycleEnding.unusableConfiguration.rawValue)
        }
    }
}

/// One whose files its common options name.
protocol CommonCommand: ConfinedCommand {
    var common: CommonOptions { get }
}

extension CommonCommand {
    var paths: AgentPaths { common.paths }
}

extension RunCommand: CommonCommand {
    var extent: HostConfinement.Extent { .cycles(makesState: !printsDocuments) }
}
extension DaemonCommand: CommonCommand {
    var extent: HostConfinement.Extent { .cycles(makesState: true) }
}
extension PredecessorCommand: ConfinedCommand {
    var extent: HostConfinement.Extent { .cycles(makesState: true) }
}
extension CheckCommand: CommonCommand {}
extension ModulesCommand: CommonCommand {}
extension StatusCommand: CommonCommand {}
extension DoctorCommand: CommonCommand {}
extension SpoolCommand.List: CommonCommand {}
extension SpoolCommand.Flush: CommonCommand {}
extension SpoolCommand.Show: CommonCommand {}
extension SpoolCommand.Retry: CommonCommand {}
extension SpoolCommand.Purge: CommonCommand {}
