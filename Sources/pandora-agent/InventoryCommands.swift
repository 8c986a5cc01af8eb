internal import Agent
internal import ArgumentParser
internal import SystemPackage

/// `inventory`
struct InventoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inventory",
        abstract: "Show what the inventory says of this host now.",
        discussion: """
            Nothing is sent or remembered. What this user cannot see is told on standard error.
            Exit status: 0 done; 2 there is no such part.

            Example: pandora-agent inventory users ports
            """)

    /// How an inventory is printed.
    enum Form: String, ExpressibleByArgument, CaseIterable {
        case table, json, xml
    }

    @Option(help: "The form of the answer: table, json, or xml as the plugin prints it.")
    var format = Form.table

    @Argument(help: "The parts; all of them where none is named.")
    var parts: [String] = []

    func validate() throws {
        for part in parts where !InventoryListing.names.contains(part) {
            throw ValidationError(
                "There is no part '\(part)'; there are \(InventoryListing.names.joined(separator: ", ")).")
        }
    }

    func run() async throws {
        let listing = await InventoryListing(of: parts)
        switch format {
        case .table:
            for part in listing.parts { try printAnswer(Self.table(part)) }
        case .json: try printAnswer(json(listing))
        case .xml: try printAnswer(String(decoding: listing.element, as: UTF8.self))
        }
        for limitation in listing.limitations { writeToStandardError("pandora-agent: \(limitation)\n") }
    }

    private func json(_ listing: InventoryListing) -> JSONText {
        .object(
            listing.parts.map { part in
                (
                    part.name,
                    .list(
                        part.rows.map { row in
                            .object(zip(part.columns, row).map { ($0, .text($1)) })
                        })
                )
            })
    }

    /// A heading, then columns as wide as their widest field.
    private static func table(_ part: InventoryListing.Part) -> String {
        let rows = [part.columns] + part.rows.map { $0.map(TerminalText.visible) }
        var widths = [Int](repeating: 0, count: part.columns.count)
        for row in rows {
            for (index, field) in row.enumerated().prefix(widths.count) {
                widths[index] = max(widths[index], min(60, field.count))
            }
        }
        var text = "\(part.title) (\(part.rows.count))\n"
        for row in rows {
            let fields = row.enumerated().map { index, field in
                let isLast = index == row.count - 1
                let width = index < widths.count ? widths[index] : 0
                return isLast ? field : field + String(repeating: " ", count: max(0, width - field.count))
            }
            text += "  \(fields.joined(separator: "  "))\n"
        }
        return text
    }
}

/// `explain-privileges`
struct ExplainPrivilegesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain-privileges",
        abstract: "Tell what this user cannot see, and what would allow it.",
        discussion: """
            Run it as the user that the agent runs as.

            Example: sudo -u pandora pandora-agent explain-privileges
            """)

    @Option(help: "The form of the answer: text or json.")
    var format = OutputFormat.text

    func run() async throws {
        let report = await PrivilegeReport()
        switch format {
        case .json:
            try printAnswer(
                JSONText.list(
                    report.entries.map { entry in
                        .object([
                            ("subject", .text(entry.subject)), ("seen", .flag(entry.reason == nil)),
                            ("reason", entry.reason.map { .text($0) } ?? .null),
                            ("allowed_by", .list(entry.allowedBy.map { .text($0) })),
                        ])
                    }))
        case .text:
            for entry in report.entries {
                guard let reason = entry.reason else {
                    try printAnswer("seen: \(entry.subject)")
                    continue
                }
                let remedy = entry.allowedBy.joined(separator: " or ")
                try printAnswer(
                    "not seen: \(entry.subject): \(TerminalText.visible(reason))"
                        + (remedy.isEmpty ? "" : "; \(remedy) would allow it"))
            }
        }
    }
}
