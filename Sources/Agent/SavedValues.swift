internal import AgentConfiguration

/// What `module_save` puts into the environment of the commands that come after, in this cycle and in all later ones.
struct SavedValues: Sendable {
    /// The most that a variable may hold, with its name and the `=`: MAX_ARG_STRLEN without the NUL (execve(2)).
    static let largestVariable = 128 * 1024 - 1
    /// The most that all together may hold: a quarter of what Linux gives to the arguments and the environment of a command
    /// where the stack may have its usual 8 MiB (execve(2)).
    static let largestEnvironment = 512 * 1024

    /// The names that modules of the configuration save under.
    private let names: Set<String>
    /// The values by their names.
    private(set) var variables: [String: String] = [:]
    private var byteCount = 0

    /// No values, for modules that save under some names.
    init(_ names: Set<String> = []) {
        self.names = names
    }

    /// The values that earlier cycles left for modules; those of names that none of them saves under are none any more.
    init(of modules: [ModuleDefinition], in state: [String: String]) {
        // By index, as a definition is large.
        self.init(Set(modules.indices.compactMap { modules[$0].savesAs }))
        for name in names.sorted() {
            if let value = state[StateKey.savedValue(name)] { _ = save(value, as: name) }
        }
    }

    /// Saves the first line of a value, which is what the Perl agent saves.
    ///
    /// What the environment cannot hold is not saved, and neither is the value before it kept: each command would fail with
    /// "Argument list too long", or get what is true no more.
    ///
    /// - Parameter value: The value; `nil` where the module has none, and then later commands get an empty one.
    /// - Returns: Why it is not saved, as a sentence; `nil` where it is.
    mutating func save(_ value: String?, as name: String) -> String? {
        if let earlier = variables.removeValue(forKey: name) { byteCount -= Self.size(name, earlier) }
        let bytes = Array((value ?? "").utf8).firstLine
        if bytes.contains(0) {
            return "its value is not saved as \(name): it holds a NUL byte, which the environment of a command cannot"
        }
        let line = String(decoding: bytes, as: UTF8.self)
        let size = Self.size(name, line)
        if size > Self.largestVariable {
            return "its value is not saved as \(name): with the name it has \(size) bytes, and a variable of the "
                + "environment at most \(Self.largestVariable)"
        }
        if byteCount + size > Self.largestEnvironment {
            return "its value is not saved as \(name): with its \(size) bytes all saved values would have "
                + "\(byteCount + size), and they have at most \(Self.largestEnvironment)"
        }
        variables[name] = line
        byteCount += size
        return nil
    }

    /// Puts the values into what is to be committed, and takes away what is saved no more.
    func store(in state: inout [String: String]) {
        for (key, name) in state.keys.compactMap({ key in StateKey.savedName(key).map { (key, $0) } })
        where variables[name] == nil {
            state[key] = nil
        }
        for (name, value) in variables { state[StateKey.savedValue(name)] = value }
    }

    private static func size(_ name: String, _ value: String) -> Int { name.utf8.count + 1 + value.utf8.count }
}
