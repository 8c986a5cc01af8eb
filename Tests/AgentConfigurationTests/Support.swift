import SystemFiles
import SystemPackage

@testable import AgentConfiguration

/// Files in memory, for a loader.
struct MemoryFiles: Sendable {
    var files: [FilePath: [UInt8]] = [:]
    /// What patterns expand to; a pattern that is not here expands to itself where such a file exists.
    var globs: [FilePath: [FilePath]] = [:]

    static let main: FilePath = "/etc/pandora/pandora_agent.conf"
    static let local: FilePath = "/etc/pandora/local.conf"

    init(main: String, local: String? = nil, others: [FilePath: String] = [:]) {
        files[Self.main] = Array(main.utf8)
        files[Self.local] = local.map { Array($0.utf8) }
        for (path, text) in others { files[path] = Array(text.utf8) }
    }

    func load(readOnlyOption: Bool = false) throws(ConfigurationUnusable) -> Configuration {
        let files = files
        let globs = globs
        return try ConfigurationLoader(
            read: { path in
                guard let bytes = files[path.lexicallyNormalized()] else {
                    throw SystemError("open", path.string, .noSuchFileOrDirectory)
                }
                return bytes
            },
            expand: { globs[$0] ?? (files[$0.lexicallyNormalized()] == nil ? [] : [$0]) }
        ).load(main: Self.main, local: Self.local, readOnlyOption: readOnlyOption)
    }
}

func load(_ main: String, local: String? = nil) throws -> Configuration {
    try MemoryFiles(main: main, local: local).load()
}

func load(bytes: [UInt8]) throws -> Configuration {
    var files = MemoryFiles(main: "")
    files.files[MemoryFiles.main] = bytes
    return try files.load()
}

/// The module that some lines define.
func module(_ lines: String) throws -> ModuleDefinition? {
    try load("module_begin\n\(lines)\nmodule_end\n").modules.first
}

/// The lines of a text that are neither blank nor comments.
func lines(of text: ConfigurationText) -> [ConfigurationLine] {
    var lines: [ConfigurationLine] = []
    text.forEachLine { line, _ in lines.append(line) }
    return lines
}

extension Configuration {
    /// The diagnostics as `line:column: severity: text`, and the file's name before those of another than the main one.
    var findings: [String] {
        diagnostics.map { diagnostic in
            let position = diagnostic.position
            let file = position.file == file ? "" : "\(position.file.lastComponent?.string ?? ""):"
            return "\(file)\(position.line):\(position.column): \(diagnostic.severity.rawValue): \(diagnostic.text)"
        }
    }
}
