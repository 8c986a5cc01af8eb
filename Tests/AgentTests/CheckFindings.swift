import AgentConfiguration
import SystemFiles
import SystemPackage
import TestSupport

@testable import Agent

/// Checks a configuration in a folder of its own; `FOLDER` in its text stands for that folder.
func findings(
    _ text: String, local: String = "", prepare: (FilePath) throws -> Void = { _ in }
) throws -> [String] {
    try withTemporaryFolder { folder in
        func filled(_ text: String) -> [UInt8] {
            Array(
                text.split(separator: "FOLDER", omittingEmptySubsequences: false).joined(separator: folder.string).utf8)
        }
        try prepare(folder)
        let main = folder.appending("pandora_agent.conf")
        try Files.create(main, filled("transfer_mode local\nserver_path FOLDER\n" + text))
        if !local.isEmpty { try Files.create(folder.appending("local.conf"), filled(local)) }
        let paths = AgentPaths(configuration: main.string, local: nil, state: folder.appending("state").string)
        return try ConfigurationCheck(paths).diagnostics.map { diagnostic in
            let position = diagnostic.position
            let file = position.file == main ? "" : "\(position.file.lastComponent?.string ?? ""):"
            let sentence = diagnostic.text.split(separator: folder.string, omittingEmptySubsequences: false)
                .joined(separator: "FOLDER")
            return "\(file)\(position.line):\(position.column): \(diagnostic.severity.rawValue): \(sentence)"
        }
    }
}

/// A module with one line, which stands at line 5 of the file.
func findings(ofModule line: String, local: String = "", prepare: (FilePath) throws -> Void = { _ in }) throws
    -> [String]
{
    try findings("module_begin\nmodule_name n\n\(line)\nmodule_end\n", local: local, prepare: prepare)
}
