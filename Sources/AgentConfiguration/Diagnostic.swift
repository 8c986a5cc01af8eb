public import SystemPackage

/// A place in a configuration file.
public struct SourcePosition: Sendable, Hashable, CustomStringConvertible {
    /// The file.
    public let file: FilePath
    /// The line, from 1.
    public let line: Int
    /// The column, from 1, counted in bytes as compilers do.
    public let column: Int

    /// Names a place.
    public init(file: FilePath, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// The beginning of a file, for what is about all of it, or about what it does not say.
    public init(startOf file: FilePath) {
        self.init(file: file, line: 1, column: 1)
    }

    /// `file:line:column`
    public var description: String { "\(file):\(line):\(column)" }
}

/// Something that the reading of a configuration has to tell its administrator.
public struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
    /// How much was lost.
    public enum Severity: String, Sendable, Hashable, Comparable {
        /// Everything runs, but perhaps not as meant.
        case warning
        /// A line, or the module that it belongs to, has no effect.
        case error

        /// A warning is less than an error.
        public static func < (left: Self, right: Self) -> Bool { left == .warning && right == .error }
    }

    /// How much was lost.
    public let severity: Severity
    /// Where.
    public let position: SourcePosition
    /// What is wrong and what to do, as one sentence without a full stop.
    public let text: String

    /// Describes a finding.
    public init(_ severity: Severity, at position: SourcePosition, _ text: String) {
        self.severity = severity
        self.position = position
        self.text = text
    }

    /// `file:line:column: severity: text`, the form that editors and CI systems understand.
    public var description: String { "\(position): \(severity.rawValue): \(text)" }
}
