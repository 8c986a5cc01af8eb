/// What an audit found out: the answer of each check, and a score.
public struct AuditReport: Sendable {
    /// A check and its answer.
    public struct Entry: Sendable {
        /// What was asked.
        public let check: any SecurityCheck
        /// The answer.
        public let result: CheckResult

        /// Joins a question with its answer.
        public init(check: any SecurityCheck, result: CheckResult) {
            self.check = check
            self.result = result
        }
    }

    /// The answers, in the order of the checks.
    public let entries: [Entry]

    /// Asks a host.
    public init(of host: AuditedHost, checks: [any SecurityCheck] = SecurityChecks.all) async {
        var entries: [Entry] = []
        for check in checks { entries.append(Entry(check: check, result: await check.result(on: host))) }
        self.entries = entries
    }

    /// Gathers answers.
    public init(_ entries: [Entry]) {
        self.entries = entries
    }

    /// How much of what could be checked is as it should be, from 0 to 100, each check by the weight of its severity;
    /// `nil` where nothing could be checked.
    public var score: Int? { Self.score(of: entries) }

    /// The same of one area.
    public func score(of area: SecurityArea) -> Int? { Self.score(of: entries.filter { $0.check.area == area }) }

    private static func score(of entries: [Entry]) -> Int? {
        var good = 0
        var all = 0
        for entry in entries where entry.result.verdict == .pass || entry.result.verdict == .fail {
            let weight = entry.check.severity.rawValue
            all += weight
            if entry.result.verdict == .pass { good += weight }
        }
        return all == 0 ? nil : good * 100 / all
    }

    /// What to do, the gravest first.
    public var failures: [Entry] {
        entries.filter { $0.result.verdict == .fail }.enumerated().sorted {
            ($0.element.check.severity, -$0.offset) > ($1.element.check.severity, -$1.offset)
        }.map(\.element)
    }

    /// How many checks have an answer.
    public func count(_ verdict: Verdict) -> Int { entries.filter { $0.result.verdict == verdict }.count }
}
