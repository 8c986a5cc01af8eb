/// What a security check found out.
public enum Verdict: String, Sendable, Hashable, CaseIterable {
    /// The host is as it should be.
    case pass
    /// Something can be hardened.
    case fail
    /// The answer is not visible from here; ``CheckResult/summary`` says what it would take.
    case cannotTell
    /// There is nothing to check, such as a setting of a program that is not installed.
    case notApplicable

    /// The words for people.
    public var words: String {
        switch self {
        case .pass: "pass"
        case .fail: "fail"
        case .cannotTell: "cannot tell"
        case .notApplicable: "not applicable"
        }
    }
}

/// One fact that a verdict rests on, and where to look it up.
///
/// It holds no secret: no hash, no password, no key.
public struct Evidence: Sendable, Hashable {
    /// The file, or what was asked instead, such as `sshd -T`.
    public let source: String
    /// The line of the file, counted from 1; `nil` where there is none, as for a default.
    public let line: Int?
    /// What stands there or was answered: the value in force.
    public let value: String
    /// Who can change it, such as `root` or `group adm`; `nil` where nobody looked.
    public let changeableBy: String?

    /// Describes one fact.
    public init(_ source: String, line: Int? = nil, value: String, changeableBy: String? = nil) {
        self.source = source
        self.line = line
        self.value = value
        self.changeableBy = changeableBy
    }
}

extension Evidence: CustomStringConvertible {
    /// The fact in one line, as compilers print positions: `/etc/ssh/sshd_config:12: PermitRootLogin yes`.
    public var description: String {
        source + (line.map { ":\($0)" } ?? "") + ": " + value
            + (changeableBy.map { " (can be changed by \($0))" } ?? "")
    }
}

/// The answer of a security check: the verdict, what it rests on, and what to do.
public struct CheckResult: Sendable, Hashable {
    /// What was found out.
    public let verdict: Verdict
    /// One sentence that says what is the case or, where the answer is not visible, why not and what it would take.
    public let summary: String
    /// What the verdict rests on, most telling first.
    public let evidence: [Evidence]
    /// What to do, as a sentence; `nil` where there is nothing to do.
    public let advice: String?

    /// Joins a verdict with what it rests on.
    public init(_ verdict: Verdict, _ summary: String, evidence: [Evidence] = [], advice: String? = nil) {
        self.verdict = verdict
        self.summary = summary
        self.evidence = evidence
        self.advice = advice
    }

    /// The host is as it should be.
    public static func pass(_ summary: String, evidence: [Evidence] = []) -> CheckResult {
        CheckResult(.pass, summary, evidence: evidence)
    }

    /// Something can be hardened.
    public static func fail(_ summary: String, evidence: [Evidence] = [], advice: String) -> CheckResult {
        CheckResult(.fail, summary, evidence: evidence, advice: advice)
    }

    /// The answer is not visible.
    ///
    /// - Parameter remedy: What would make it visible, as a sentence.
    public static func cannotTell(
        _ summary: String, evidence: [Evidence] = [], remedy: String? = nil
    ) -> CheckResult {
        CheckResult(.cannotTell, summary, evidence: evidence, advice: remedy)
    }

    /// There is nothing to check.
    public static func notApplicable(_ summary: String) -> CheckResult {
        CheckResult(.notApplicable, summary)
    }
}
