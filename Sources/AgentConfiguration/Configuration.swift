public import SystemPackage

/// A module that is configured and does not run.
public struct SkippedModule: Sendable, Hashable {
    /// Its name; empty where it has none.
    public let name: String
    /// Where it begins.
    public let position: SourcePosition
    /// Why, as a phrase.
    public let reason: String
}

/// What a host's configuration says: the value that the rest of the cycle works from.
public struct Configuration: Sendable {
    /// The main file.
    public let file: FilePath
    /// All files that it was read from, in the order in which people read them.
    public let files: [FilePath]
    /// The settings that are not about one module.
    public let general: GeneralSettings
    /// Where the value of a general token comes from; a token that keeps its default is absent. Those of `broker_agent`,
    /// which adds up, are each under `broker_agent NAME` too.
    public let generalPositions: [String: SourcePosition]
    /// The modules to run, in the order of the data file.
    public let modules: [ModuleDefinition]
    /// The modules that do not run, and why.
    public let skippedModules: [SkippedModule]
    /// What the host's administrator decided.
    public let policy: LocalPolicy
    /// What there is to tell, in the order of the files and lines.
    public let diagnostics: [Diagnostic]

    /// Where to look for the value of a general token: where it is set, and the beginning of the main file where it keeps
    /// its default. The names are those of ``generalPositions``.
    public func position(of token: String) -> SourcePosition {
        generalPositions[token] ?? SourcePosition(startOf: file)
    }

    /// The folder of the main file (`PANDORA_HOME`).
    public var folder: FilePath {
        let folder = file.removingLastComponent()
        return folder.isEmpty ? "." : folder
    }
}

/// A configuration that cannot be used at all, with the reason as a sentence.
public struct ConfigurationUnusable: Error, Sendable, Hashable, CustomStringConvertible {
    /// The reason.
    public let description: String

    /// Gives a reason.
    public init(_ description: String) {
        self.description = description
    }
}
