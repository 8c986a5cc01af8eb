internal import Agent
internal import ArgumentParser
internal import CommandRunner
internal import Glibc
internal import HostProbes
internal import SecurityChecks
internal import SystemPackage

/// `audit`
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Check what can be hardened on this host.",
        discussion: """
            It changes nothing but its own notes in the state folder. What this user cannot see is "cannot tell", with what it would take.
            Exit status: 0 nothing failed; 1 a check failed; 2 there is no such check.

            Example: pandora-agent audit --allow-port 443 --format json
            """)

    @Option(name: .customLong("allow-port"), help: "A port that may listen, besides 22 and 80; may be repeated.")
    var allowedPorts: [UInt16] = []

    @Option(
        name: .customLong("password-list"),
        help: "A file of passwords to try, one a line, besides the usual ones; may be repeated.")
    var passwordLists: [String] = []

    @Option(help: "Look at the system below a folder, such as a mounted image, and run none of its programs.")
    var root: String?

    @Option(help: "The folder in which it remembers what it has tried.")
    var state: String?

    @Flag(help: "Show what each answer rests on.")
    var evidence = false

    @Option(help: "The form of the answer: text or json.")
    var format = OutputFormat.text

    @Argument(help: "The checks by their names; all of them where none is named.")
    var checks: [String] = []

    func validate() throws {
        for name in checks where SecurityChecks.check(name) == nil {
            let names = SecurityChecks.all.map(\.identifier).joined(separator: ", ")
            throw ValidationError("There is no check '\(name)'; there are \(names).")
        }
    }

    func run() async throws {
        var settings = AuditSettings()
        settings.allowedPorts.formUnion(allowedPorts)
        settings.passwordLists = passwordLists.map { FilePath($0) }
        settings.passwordTimeLimit = nil
        let run: AuditedHost.Runner = { await $0.run() }
        let runner = root == nil ? run : nil
        let roots = root.map { HostRoots(top: FilePath($0)) } ?? .system
        var host = AuditedHost(
            roots: roots, settings: settings,
            stateFolder: AgentPaths(configuration: nil, local: nil, state: state).state, userIdentifier: geteuid(),
            runner: runner)
        let bar = AuditProgressBar()
        if let bar { host.progress = { bar.show($0) } }
        let chosen = checks.isEmpty ? SecurityChecks.all : checks.compactMap { SecurityChecks.check($0) }
        let report = await AuditReport(of: host, checks: chosen)
        bar?.remove()
        switch format {
        case .json: try printAnswer(json(report))
        case .text: try printText(report)
        }
        if report.count(.fail) > 0 { throw ExitCode(1) }
    }

    private func printText(_ report: AuditReport) throws {
        for area in SecurityArea.allCases {
            let entries = report.entries.filter { $0.check.area == area }
            if entries.isEmpty { continue }
            try printAnswer(area.rawValue)
            for entry in entries {
                let verdict = entry.result.verdict.words
                let space = String(repeating: " ", count: max(1, 15 - verdict.count))
                try printAnswer(
                    "  \(verdict)\(space)\(entry.check.title): \(TerminalText.visible(entry.result.summary))")
                if evidence {
                    for fact in entry.result.evidence { try printAnswer("    \(TerminalText.visible("\(fact)"))") }
                }
            }
        }
        let failures = report.failures
        if !failures.isEmpty {
            try printAnswer("\nWhat to do, the gravest first")
            for (index, entry) in failures.enumerated() {
                try printAnswer("  \(index + 1). \(entry.check.title): \(entry.result.advice ?? entry.result.summary)")
            }
        }
        let score = report.score.map { ", score \($0) of 100" } ?? ""
        try printAnswer(
            "\n\(report.count(.pass)) pass, \(report.count(.fail)) fail, \(report.count(.cannotTell)) cannot tell, "
                + "\(report.count(.notApplicable)) not applicable\(score)")
    }

    private func json(_ report: AuditReport) -> JSONText {
        .object([
            ("score", report.score.map { .number(Double($0)) } ?? .null),
            (
                "checks",
                .list(
                    report.entries.map { entry in
                        .object([
                            ("check", .text(entry.check.identifier)), ("title", .text(entry.check.title)),
                            ("area", .text(entry.check.area.rawValue)), ("severity", .text("\(entry.check.severity)")),
                            ("verdict", .text(entry.result.verdict.words)), ("summary", .text(entry.result.summary)),
                            ("advice", entry.result.advice.map { .text($0) } ?? .null),
                            ("evidence", .list(entry.result.evidence.map { .text("\($0)") })),
                        ])
                    })
            ),
        ])
    }
}
