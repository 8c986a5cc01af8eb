internal import Agent
internal import ArgumentParser
internal import Glibc
internal import Spool
internal import SystemPackage

/// `spool`
struct SpoolCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spool",
        abstract: "Look after the data files that wait or were refused.",
        discussion: "Example: pandora-agent spool list --conf /etc/pandora",
        subcommands: [List.self, Flush.self, Show.self, Retry.self, Purge.self])

    /// `spool list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Tell what waits, and what is in quarantine and why.",
            discussion: "Example: pandora-agent spool list --format json")

        @OptionGroup var common: CommonOptions

        @Option(help: "The form of the answer: text or json.")
        var format = OutputFormat.text

        func run() throws {
            let contents = try answering { try SpoolTools(common.paths, verbosity: common.verbosity).contents() }
            try printAnswer(
                format == .json ? SpoolList.json(contents) : SpoolList.text(contents, now: Int64(time(nil))))
        }
    }

    /// `spool flush`
    struct Flush: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "flush",
            abstract: "Send what waits, without collecting anything.",
            discussion: """
                Exit status: 0 nothing waits any more; 3 files still wait; 1 it could not be tried.

                Example: pandora-agent spool flush
                """)

        @OptionGroup var common: CommonOptions

        func run() async throws {
            let flush: SpoolTools.Flush
            do {
                flush = try await SpoolTools(common.paths, verbosity: common.verbosity).flush()
            } catch {
                writeToStandardError("pandora-agent: error: \(error)\n")
                throw ExitCode(1)
            }
            try printAnswer(
                "sent \(flush.deliveredCount), refused \(flush.quarantinedCount), waiting \(flush.waitingCount)")
            if !flush.failures.isEmpty { throw ExitCode(CycleEnding.notDelivered.rawValue) }
        }
    }

    /// `spool show`
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Print a data file.",
            discussion: "Example: pandora-agent spool show b33aed8f3134996703dc39f9a7c95783.1700000000123456789.data")

        @OptionGroup var common: CommonOptions

        @Argument(help: "The name, as list shows it.")
        var file: String

        func run() throws {
            let bytes = try answering { try SpoolTools(common.paths, verbosity: common.verbosity).show(file) }
            try FileDescriptor.standardOutput.writeAll(bytes)
        }
    }

    /// `spool retry`
    struct Retry: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "retry",
            abstract: "Bring files back from the quarantine; they go with the next cycle, or with flush.",
            discussion: "Example: pandora-agent spool retry")

        @OptionGroup var common: CommonOptions

        @Argument(help: "The files; all in quarantine where none is named.")
        var files: [String] = []

        func run() throws {
            let names = try answering { try SpoolTools(common.paths, verbosity: common.verbosity).retry(files) }
            for name in names { try printAnswer("waits again: \(name)") }
        }
    }

    /// `spool purge`
    struct Purge: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "purge",
            abstract: "Remove files from the quarantine for good.",
            discussion: "Example: pandora-agent spool purge")

        @OptionGroup var common: CommonOptions

        @Argument(help: "The files; all in quarantine where none is named.")
        var files: [String] = []

        func run() throws {
            let names = try answering { try SpoolTools(common.paths, verbosity: common.verbosity).purge(files) }
            for name in names { try printAnswer("removed: \(name)") }
        }
    }
}

/// What a spool holds, for people and for programs.
enum SpoolList {
    static func text(_ contents: SpoolContents, now: Int64) -> String {
        var lines = contents.waiting.map { waiting in
            let age = max(0, now - waiting.file.modificationTime)
            let settled = waiting.settled.map { ", not for the \($0.rawValue) server any more" }.joined()
            return "waiting     \(waiting.file.name)  \(waiting.file.byteCount) bytes, \(age) s old\(settled)"
        }
        lines += contents.quarantined.map {
            "quarantine  \($0.file.name)  \($0.file.byteCount) bytes: \($0.reason.shortened(to: 300))"
        }
        if lines.isEmpty { lines.append("nothing waits, nothing is in quarantine") }
        if contents.lostFileCount > 0 {
            lines.append(
                "given up at limits until now: \(contents.lostFileCount) files, \(contents.lostByteCount) bytes")
        }
        return lines.joined(separator: "\n")
    }

    static func json(_ contents: SpoolContents) -> String {
        func members(_ file: WaitingFile) -> [(String, JSONText)] {
            [
                ("name", .text(file.name)), ("bytes", .number(Double(file.byteCount))),
                ("modified", .number(Double(file.modificationTime))),
            ]
        }
        return JSONText.object([
            (
                "waiting",
                .list(
                    contents.waiting.map { waiting in
                        .object(
                            members(waiting.file) + [
                                ("folder", .text(waiting.folder.string)),
                                ("settled", .list(waiting.settled.map { .text($0.rawValue) })),
                            ])
                    })
            ),
            (
                "quarantine",
                .list(contents.quarantined.map { .object(members($0.file) + [("reason", .text($0.reason))]) })
            ),
            ("lost_files", .number(Double(contents.lostFileCount))),
            ("lost_bytes", .number(Double(contents.lostByteCount))),
        ]).description
    }
}
