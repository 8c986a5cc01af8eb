public import SystemPackage

/// A system call that failed: which one, on what, and why.
///
/// Its description is a sentence for an operator, such as `cannot open /var/log/secure: Permission denied`.
public struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was tried, as a verb that follows "cannot": `open`, `read`, `rename` …
    public let operation: String
    /// The path or other name of the object; `nil` where there is none.
    public let subject: String?
    /// The error number that the system call left behind (errno(3)).
    public let code: Errno

    /// Describes a failed call.
    public init(_ operation: String, _ subject: String?, _ code: Errno) {
        self.operation = operation
        self.subject = subject
        self.code = code
    }

    /// The sentence for an operator.
    public var description: String {
        let object = subject.map { " \($0)" } ?? ""
        return "cannot \(operation)\(object): \(code)"
    }
}
