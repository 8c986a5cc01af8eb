internal import Agent
internal import AgentConfiguration
internal import ArgumentParser
internal import Glibc

/// `modules`
struct ModulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "modules",
        abstract: "Tell what is configured, when it runs next, and what came of its last run.",
        discussion: """
            With --run the named module runs now, whether due or not; nothing is sent or remembered. Exit status: 0 done; \
            1 the module failed, or there is none of that name; 2 the configuration cannot be used.

            Example: pandora-agent modules 'CPU load' --run
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "Only the modules of this name.")
    var name: String?

    @Flag(name: .customLong("run"), help: "Run the module and show its value, duration, status and standard error.")
    var runsNow = false

    @Option(help: "The form of the answer: text or json.")
    var format = OutputFormat.text

    func validate() throws {
        if runsNow, name == nil { throw ValidationError("--run needs the name of a module") }
    }

    func run() async throws {
        let list: ModuleList
        do throws(ConfigurationUnusable) {
            list = try ModuleList(of: common.paths, isReadOnly: common.readOnly)
        } catch {
            writeToStandardError("pandora-agent: error: \(error)\n")
            throw ExitCode(CycleEnding.unusableConfiguration.rawValue)
        }
        let entries = list.entries.filter { name == nil || $0.name == name }
        let skipped = list.skipped.filter { name == nil || $0.name == name }
        if let name, entries.isEmpty, skipped.isEmpty || runsNow {
            let reason = skipped.first.map { "is skipped: \($0.reason)" } ?? "is not in the configuration"
            writeToStandardError("pandora-agent: error: module '\(name)' \(reason)\n")
            throw ExitCode(1)
        }
        if runsNow, let name {
            let trials = await list.run(name)
            try printAnswer(format == .json ? ModuleText.json(trials) : ModuleText.text(trials))
            if trials.contains(where: { !$0.failures.isEmpty }) { throw ExitCode(1) }
        } else {
            try printAnswer(format == .json ? ModuleText.json(entries, skipped) : ModuleText.text(entries, skipped))
        }
    }
}

/// Modules, for people and for programs.
private enum ModuleText {
    static func text(_ entries: [ModuleList.Entry], _ skipped: [SkippedModule]) -> String {
        let now = Int64(time(nil))
        let heading = ["NAME", "KIND", "NEXT", "TOOK", "LAST VALUE"]
        let rows =
            entries.map { entry in
                [
                    entry.name.shortened(to: 40), entry.kind, next(entry, now), entry.last.map(took) ?? "-",
                    last(entry.last),
                ]
            } + skipped.map { [$0.name.shortened(to: 40), "-", "skipped", "-", $0.reason.shortened(to: 70)] }
        return table([heading] + rows)
    }

    static func json(_ entries: [ModuleList.Entry], _ skipped: [SkippedModule]) -> String {
        JSONText.object([
            ("modules", .list(entries.map(value))),
            (
                "skipped",
                .list(skipped.map { .object([("name", .text($0.name)), ("reason", .text($0.reason))]) })
            ),
        ]).description
    }

    static func text(_ trials: [ModuleList.Trial]) -> String {
        trials.map { trial in
            var lines = ["module: \(trial.name)"]
            if let value = trial.value { lines.append("value: \(value)") }
            if trial.value == nil, trial.failures.isEmpty {
                lines.append(trial.elements.isEmpty ? "no data" : "elements: \(trial.elements.count)")
            }
            lines += trial.failures.map { "failed: \($0)" } + trial.notes.map { "note: \($0)" }
            if let status = trial.exitStatus { lines.append("exit status: \(status)") }
            lines.append("duration: \(Int((trial.duration / .milliseconds(1)).rounded())) ms")
            if !trial.errorOutput.isEmpty { lines += ["standard error:", trial.errorOutput] }
            if !trial.elements.isEmpty {
                lines.append("data file:")
                lines += trial.elements.map { String(decoding: $0, as: UTF8.self) }
            }
            return lines.map(trimmed).joined(separator: "\n")
        }.joined(separator: "\n\n")
    }

    static func json(_ trials: [ModuleList.Trial]) -> String {
        JSONText.list(
            trials.map { trial in
                .object([
                    ("name", .text(trial.name)), ("value", trial.value.map { .text($0) } ?? .null),
                    ("elements", .list(trial.elements.map { .text(String(decoding: $0, as: UTF8.self)) })),
                    ("failures", .list(trial.failures.map { .text($0) })),
                    ("notes", .list(trial.notes.map { .text($0) })),
                    ("exit_status", trial.exitStatus.map { .number(Double($0)) } ?? .null),
                    ("standard_error", .text(trial.errorOutput)),
                    ("seconds", .number(trial.duration / .seconds(1))),
                ])
            }
        ).description
    }

    private static func value(_ entry: ModuleList.Entry) -> JSONText {
        let next: JSONText =
            switch entry.next {
            case .from(let time): .number(Double(time))
            case .never: .null
            }
        let last: JSONText =
            entry.last.map { run in
                .object([
                    ("time", .number(Double(run.time))), ("seconds", .number(Double(run.milliseconds) / 1000)),
                    ("result", .text(run.result.rawValue)), ("text", .text(run.text)),
                ])
            } ?? .null
        return .object([
            ("name", .text(entry.name)), ("kind", .text(entry.kind)), ("next", next),
            ("intensive", .flag(entry.isIntensive)), ("last", last),
        ])
    }

    private static func next(_ entry: ModuleList.Entry, _ now: Int64) -> String {
        let own: String =
            switch entry.next {
            case .never: "never again"
            case .from(let time) where time <= now: "next cycle"
            case .from(let time): TimeOfDay.local(time)
            }
        return entry.isIntensive ? "\(own), intensive" : own
    }

    private static func took(_ run: ModuleRun) -> String { "\(run.milliseconds) ms" }

    private static func last(_ run: ModuleRun?) -> String {
        guard let run else { return "never ran" }
        let what =
            switch run.result {
            case .failed: "failed: \(run.text)"
            case .noData: "no data"
            case .data: run.text.isEmpty ? "elements" : run.text
            }
        return "\(what.shortened(to: 50)) (\(TimeOfDay.local(run.time)))"
    }

    private static func table(_ rows: [[String]]) -> String {
        let widths = rows.first?.indices.map { column in rows.map { $0[column].count }.max() ?? 0 } ?? []
        return rows.map { row in
            let cells = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            return trimmed(cells.joined(separator: "  "))
        }.joined(separator: "\n")
    }

    private static func trimmed(_ line: String) -> String {
        guard let last = line.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(line[...last])
    }
}
