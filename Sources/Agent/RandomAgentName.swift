internal import AgentConfiguration
internal import SystemFiles
internal import SystemPackage

/// `agent_name_cmd __rand__`: a name of 64 hexadecimal digits that is made once and written into the configuration.
struct RandomAgentName: Sendable {
    /// The value of `agent_name_cmd` that asks for it.
    static let request = "__rand__"

    /// The name.
    let name: String
    /// What must be committed so that the name stays the same where the configuration cannot be written.
    let stateChanges: [String: String]

    /// Finds the name or makes it.
    ///
    /// - Parameters:
    ///   - settings: The settings; an `agent_name` that is such a name already is kept.
    ///   - file: The main configuration.
    ///   - state: What was committed.
    ///   - problems: Takes a sentence where the name could not be written.
    init(_ settings: GeneralSettings, file: FilePath, state: [String: String], problems: (String) -> Void) {
        if let name = settings.agentName, Self.isRandom(name) {
            self.name = name
            stateChanges = [:]
            return
        }
        name = state[StateKey.randomName].flatMap { Self.isRandom($0) ? $0 : nil } ?? Self.make()
        stateChanges = [StateKey.randomName: name]
        do throws(SystemError) {
            let configuration = try ConfigurationFile(file)
            let old = try configuration.read()
            var new = old
            new.set("agent_name", to: name)
            if new != old { try configuration.replace(with: new) }
        } catch {
            problems(
                "agent_name_cmd: \(error); the name is kept in the state folder alone: write 'agent_name \(name)' into "
                    + "\(file)")
        }
    }

    static func isRandom(_ name: String) -> Bool {
        name.utf8.count == 64
            && name.utf8.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
            }
    }

    private static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<64).map { _ in String(Int.random(in: 0..<16, using: &generator), radix: 16) }.joined()
    }
}
