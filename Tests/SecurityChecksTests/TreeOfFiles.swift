import CommandRunner
import HostProbes
import SystemFiles
import SystemPackage

@testable import SecurityChecks

/// A host that is a folder with a few files.
struct TreeOfFiles {
    let folder: FilePath

    /// Writes files, over those that are there.
    func write(_ files: [String: String]) throws {
        for (name, text) in files {
            let path = folder.appending(FilePath(name).components)
            try Files.makeFolder(path.removingLastComponent())
            try Files.replace(path, with: text.utf8)
        }
    }

    /// The host of the files, with its state beside them.
    func host(
        _ use: BaselineUse = .compare, user: UInt32 = 0, runner: AuditedHost.Runner? = nil,
        settings change: (inout AuditSettings) -> Void = { _ in }
    ) -> AuditedHost {
        var settings = AuditSettings()
        settings.baselineUse = use
        change(&settings)
        return AuditedHost(
            roots: HostRoots(top: folder), settings: settings, stateFolder: folder.appending("state"),
            userIdentifier: user, runner: runner)
    }

    /// Answers of programs, by the beginning of their command lines; other ones say nothing and fail.
    static func programs(_ answers: [String: (status: Int32, output: String, complaint: String)]) -> AuditedHost.Runner
    {
        { command async -> CommandResult in
            var line = ""
            if case .file(let program, let arguments) = command.program {
                line = ([program.string] + arguments).joined(separator: " ")
            }
            let matching = answers.filter { line.hasPrefix($0.key) }.max { $0.key.count < $1.key.count }
            let answer = matching?.value ?? (status: 1, output: "", complaint: "")
            return await Command(
                .shell("printf '%s' \"$OUT\"; printf '%s' \"$ERR\" >&2; exit \(answer.status)"),
                environment: ["OUT": answer.output, "ERR": answer.complaint], timeLimit: .seconds(20)
            ).run()
        }
    }
}
