internal import AgentConfiguration
internal import Modules

/// What a cycle runs.
public enum CycleKind: Sendable, Hashable {
    /// Every module that is due.
    case full
    /// Between two full ones: the modules with an intensive condition alone.
    case intensive
}

/// A module that runs in a cycle, and whether what it finds is told whatever it is.
struct PlannedModule: Sendable {
    /// When a module's value goes into the data file.
    enum Reporting: Sendable, Hashable {
        /// Whatever it is: the module's own time has come.
        case always
        /// Only if its intensive conditions begin or cease to hold.
        case changeOfMatch(from: Bool)
    }

    let definition: ModuleDefinition
    /// What the names of its values in the state have in common.
    let stateKey: String
    let reporting: Reporting

    /// The name at the server.
    var name: String { definition.name }

    /// The name of the value that remembers whether the intensive conditions held.
    static func matchKey(_ stateKey: String) -> String { "intensive \(stateKey)" }

    /// What remains of an outcome: all of it, or nothing that is sent or committed.
    ///
    /// What was read for a value that nobody is told, such as lines of a log, is left to be read again. The value itself
    /// stays, for later modules that ask for it.
    ///
    /// - Returns: The outcome, and whether it is told.
    func reported(_ outcome: ModuleOutcome) -> (outcome: ModuleOutcome, isReported: Bool) {
        // A value that is not there neither begins nor ceases to match.
        guard !definition.intensiveConditions.isEmpty, let value = outcome.value else { return (outcome, true) }
        var outcome = outcome
        // A log without new lines matches nothing, not even what matches an empty line.
        var matches = !value.isEmpty
        do throws(ConditionUnanswered) {
            for condition in definition.intensiveConditions where matches { matches = try condition.holds(for: value) }
        } catch {
            // Said when the module's own time has come, and not once a second.
            if reporting == .always {
                outcome.failures.append("its intensive condition could not be asked: \(error)")
                return (outcome, true)
            }
            outcome.elements = []
            outcome.stateChanges = [:]
            return (outcome, false)
        }
        if reporting == .changeOfMatch(from: matches) {
            outcome.elements = []
            outcome.warnings = []
            outcome.stateChanges = [:]
            return (outcome, false)
        }
        outcome.stateChanges[Self.matchKey(stateKey)] = matches ? "1" : "0"
        return (outcome, true)
    }
}
