internal import Agent

/// What a cycle did, for people and for programs.
enum CycleSummary {
    static func text(_ report: CycleReport) -> String {
        var lines: [String] = []
        let named = report.modules.map { ($0, $0.name.shortened(to: 40)) }
        let width = named.map(\.1.count).max() ?? 0
        lines.append("Modules")
        for (module, name) in named {
            let padding = String(repeating: " ", count: width - name.count)
            lines.append("  \(name)\(padding)  \(module.resultText)")
        }
        let problems = report.modules.flatMap { module in
            (module.failures + module.notes).map { "  \(module.name.shortened(to: 40)): \($0)" }
        }
        if !problems.isEmpty { lines += ["", "Not collected, or worth knowing"] + problems }
        if !report.diagnostics.isEmpty { lines += ["", "Configuration"] + report.diagnostics.map { "  \($0)" } }
        lines += ["", "Data"]
        for name in report.committedFiles { lines.append("  \(name)") }
        lines.append("  \(report.committedBytes) bytes in \(report.committedFiles.count) files")
        lines.append(
            "  delivered to \(report.destination): \(report.deliveredFiles.count), waiting: \(report.waitingFiles)")
        for name in report.quarantinedFiles { lines.append("  refused by the server, in quarantine: \(name)") }
        for failure in report.failures { lines.append("  problem: \(failure)") }
        if !report.readOnly.isEmpty { lines.append("  read-only: \(report.readOnly.joined(separator: ", "))") }
        for broker in report.brokers { lines += ["", "Broker agent \(broker.name)", text(broker.report)] }
        return lines.joined(separator: "\n")
    }

    static func json(_ report: CycleReport) -> String { value(report).description }

    private static func value(_ report: CycleReport) -> JSONText {
        .object([
            ("ending", .text("\(report.ending)")),
            ("seconds", .number(report.duration / .seconds(1))),
            (
                "modules",
                .list(
                    report.modules.map { module in
                        .object([
                            ("name", .text(module.name)), ("value", module.value.map { .text($0) } ?? .null),
                            ("elements", .number(Double(module.elementCount))),
                            ("failures", .list(module.failures.map { .text($0) })),
                            ("notes", .list(module.notes.map { .text($0) })),
                            ("seconds", .number(module.duration / .seconds(1))),
                        ])
                    })
            ),
            ("diagnostics", .list(report.diagnostics.map { .text($0) })),
            ("failures", .list(report.failures.map { .text($0) })),
            ("committed", .list(report.committedFiles.map { .text($0) })),
            ("committed_bytes", .number(Double(report.committedBytes))),
            ("delivered", .list(report.deliveredFiles.map { .text($0) })),
            ("quarantined", .list(report.quarantinedFiles.map { .text($0) })),
            ("waiting", .number(Double(report.waitingFiles))),
            ("destination", .text(report.destination)),
            ("read_only", .list(report.readOnly.map { .text($0) })),
            (
                "brokers",
                .list(report.brokers.map { .object([("name", .text($0.name)), ("report", value($0.report))]) })
            ),
        ])
    }
}

extension ModuleReport {
    /// The value, or how much there is of what has no value of its own.
    fileprivate var resultText: String {
        if let value {
            let lines = value.split(separator: "\n")
            let first = lines.first.map { String($0).shortened(to: 60) } ?? ""
            return lines.count > 1 ? "\(first) (and \(lines.count - 1) more lines)" : first
        }
        if elementCount > 0 { return elementCount == 1 ? "1 element" : "\(elementCount) elements" }
        return failures.isEmpty ? "no data" : "failed"
    }
}

extension String {
    /// At most so many characters, control characters made visible.
    func shortened(to length: Int) -> String {
        let printable = String(map { $0.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F } ? "�" : $0 })
        return printable.count > length ? printable.prefix(length - 1) + "…" : printable
    }
}
