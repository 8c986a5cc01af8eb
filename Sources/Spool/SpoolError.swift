public import SystemFiles
public import SystemPackage

/// Why the spool could not do what was asked. What was committed before is intact.
public enum SpoolError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Another agent works on the state folder.
    case heldByAnother(state: FilePath)
    /// A folder or file of the spool is not what it must be; the reason says what to change.
    case unsafe(FilePath, reason: String)
    /// A data file cannot have this name.
    case badName(String, reason: String)
    /// A system call failed.
    case system(SystemError)

    /// A sentence for an operator.
    public var description: String {
        switch self {
        case .heldByAnother(let state):
            "another agent works on the state folder \(state); wait for its end, or give this one a folder of its own"
        case .unsafe(let path, let reason): "\(path) \(reason)"
        case .badName(let name, let reason): "'\(name)' cannot be the name of a data file: \(reason)"
        case .system(let error): error.description
        }
    }
}

/// Something that was found while the spool was opened, and that did not stop it.
public enum SpoolWarning: Sendable, Hashable, CustomStringConvertible {
    /// The positions could not be used and were kept aside: all readers begin anew.
    case damagedPositions(FilePath, keptAs: FilePath, reason: String)
    /// Committed files were brought to their place after an interruption.
    case finished([String])
    /// Committed files could not be brought to their place yet.
    case notFinished([String], SystemError)
    /// Files of an interrupted cycle that were not committed were removed; what they held is collected again.
    case removed([String])
    /// Something could not be put in order.
    case notTidied(SystemError)

    /// A sentence for an operator.
    public var description: String {
        switch self {
        case .damagedPositions(let path, let keptAs, let reason):
            "\(path) cannot be used: \(reason); it was kept as \(keptAs), and every reader begins anew"
        case .finished(let names):
            "finished an interrupted commit: \(names.joined(separator: ", "))"
        case .notFinished(let names, let error):
            "\(error); committed and waiting to be moved into the outbox: \(names.joined(separator: ", "))"
        case .removed(let names):
            "removed files that were never committed: \(names.joined(separator: ", "))"
        case .notTidied(let error): error.description
        }
    }
}

/// Makes a failed system call the spool's error.
func inSpool<Result: ~Copyable>(_ body: () throws(SystemError) -> Result) throws(SpoolError) -> Result {
    do throws(SystemError) {
        return try body()
    } catch {
        throw .system(error)
    }
}
