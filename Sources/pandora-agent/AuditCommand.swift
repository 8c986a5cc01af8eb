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
            It changes nothing but its own notes in the state folder. What this user cannot see is "cannot tell", with
            what it would take. --baseline remembers what the watched files are like now; what changes later fails until
            --acknowledge says that it was right.
            Exit status: 0 nothing failed; 1 a check failed; 2 there is no such check.

            Example: pandora-agent audit --allow-port 443 --format html >audit.html
            """)

    /// How the answers are printed.
    enum Form: String, ExpressibleByArgument, CaseIterable {
        case text, json, html
    }

    @OptionGroup var common: CommonOptions

    @Option(name: .customLong("allow-port"), help: "A port that may listen, besides 22 and 80; may be repeated.")
    var allowedPorts: [UInt16] = []

    @Option(
        name: .customLong("password-list"),
        help: "A file of passwords to try, one a line, besides the usual ones; may be repeated.")
    var passwordLists: [String] = []

    @Option(name: .customLong("watch"), help: "A file that must not change; may be repeated.")
    var watchedFiles: [String] = []

    @Option(help: "Look at the system below a folder, such as a mounted image, and run none of its programs.")
    var root: String?

    @Flag(help: "Remember what all watched files are like now, and check nothing else.")
    var baseline = false

    @Flag(help: "The same for the checks that are named; all of them where none is.")
    var acknowledge = false

    @Flag(help: "Show what each answer rests on.")
    var evidence = false

    @Option(help: "The form of the answer: text, json, or html for a page.")
    var format = Form.text

    @Argument(help: "The checks by their names; all of them where none is named.")
    var checks: [String] = []

    func validate() throws {
        for name in checks where SecurityChecks.check(name) == nil {
            let names = SecurityChecks.all.map(\.identifier).joined(separator: ", ")
            throw ValidationError("There is no check '\(name)'; there are \(names).")
        }
        if baseline, acknowledge || !checks.isEmpty {
            throw ValidationError("--baseline takes all files anew; --acknowledge takes those of the named checks.")
        }
        for name in checks where acknowledge && !SecurityChecks.remembers(name) {
            throw ValidationError("The check '\(name)' remembers nothing that could be acknowledged.")
        }
    }

    func run() async throws {
        var settings = AuditSettings()
        settings.allowedPorts.formUnion(allowedPorts)
        settings.passwordLists = passwordLists.map { FilePath($0) }
        settings.passwordTimeLimit = nil
        settings.watchedFiles = watchedFiles.map { FilePath($0) }
        let takes = baseline || acknowledge
        if takes { settings.baselineUse = .take }
        var host: AuditedHost
        if let root {
            // What is remembered is of the system that runs, unless somebody names a folder for this one.
            host = AuditedHost(
                roots: HostRoots(top: FilePath(root)), settings: settings,
                stateFolder: common.state.map { FilePath($0) }, userIdentifier: geteuid())
        } else {
            host = AuditedHost(
                settings: settings, stateFolder: common.paths.state, userIdentifier: geteuid(),
                runner: { await $0.run() })
            host.agentFiles = { [paths = common.paths] in paths.agentFiles }
        }
        let bar = AuditProgressBar()
        if let bar { host.progress = { bar.show($0) } }
        let named = checks.isEmpty ? SecurityChecks.all : checks.compactMap { SecurityChecks.check($0) }
        let report = await AuditReport(
            of: host, checks: takes ? named.filter { SecurityChecks.remembers($0.identifier) } : named)
        bar?.remove()
        switch format {
        case .json: try printAnswer(json(report))
        case .html:
            try printAnswer(
                AuditPage(
                    report: report, host: OperatingSystem().kernel.hostName, time: TimeOfDay.local(Int64(time(nil))),
                    version: AgentVersion.number
                ).text)
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
                if evidence || baseline || acknowledge {
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
