internal import SystemFiles
public import SystemPackage

/// The file beside the configuration whose presence makes the agent read-only.
public struct ReadOnlyFlag: Sendable, Hashable {
    /// The file.
    public let path: FilePath

    /// The flag of an agent; `nil` where the agent has no configuration.
    public init?(of paths: AgentPaths) {
        guard Files.exists(paths.configuration) else { return nil }
        path = paths.readOnlyFlag
    }

    /// Whether the flag is set.
    public var isSet: Bool { (try? Files.status(path, followingLinks: false)) != nil }

    /// Sets the flag; one that is set already keeps its reason.
    ///
    /// - Parameter reason: One line for whoever wonders later; may be empty.
    /// - Returns: Whether it was not set before.
    /// - Throws: A sentence about what was not possible.
    @discardableResult
    public func set(reason: String) throws -> Bool {
        do throws(SystemError) {
            let line = reason.split(separator: "\n").first.map { "\($0)\n" } ?? ""
            try Files.create(path, line.utf8, permissions: [.ownerRead, .groupRead, .otherRead])
            try Files.syncFolder(path.removingLastComponent().isEmpty ? "." : path.removingLastComponent())
            return true
        } catch {
            if error.code == .fileExists { return false }
            throw error
        }
    }

    /// Clears the flag.
    ///
    /// - Returns: Whether it was set before.
    /// - Throws: A sentence about what was not possible.
    @discardableResult
    public func clear() throws -> Bool {
        do throws(SystemError) {
            try Files.remove(path)
            return true
        } catch {
            if error.code == .noSuchFileOrDirectory { return false }
            throw error
        }
    }
}
