import CommandRunner
import DataFile
import SystemFiles
import SystemPackage
import TestSupport
import Testing

let header = DataFileHeader(
    agentName: "agent", agentAlias: "alias", operatingSystemName: "linux", operatingSystemVersion: "Debian",
    interval: 300,
    agentVersion: "0.1(Build 260101)", timestamp: .automatic)

/// What python3's xml.etree makes of documents: one line each, `ok` with the `repr` of the texts of all elements, or the
/// error. etree is built on expat.
func parsedByPython(_ documents: [[UInt8]]) async throws -> [String] {
    let script = """
        import sys, xml.etree.ElementTree as tree
        for path in sys.argv[1:]:
            try:
                root = tree.parse(path).getroot()
                print('ok', [(e.tag, e.text) for e in root.iter() if len(e) == 0])
            except Exception as error:
                print(error)
        """
    let result = try await run(["python3", "-c", script], on: documents)
    try #require(result.isSuccess, "python3 \(result.ending): \(String(decoding: result.errorOutput, as: UTF8.self))")
    return String(decoding: result.output, as: UTF8.self).split(separator: "\n").map(String.init)
}

/// What xmllint complains about in documents; nothing where all are well-formed.
func complaintsOfXmllint(_ documents: [[UInt8]]) async throws -> String {
    let result = try await run(["xmllint", "--noout", "--nonet"], on: documents)
    if case .exited(status: 0) = result.ending { return "" }
    return "\(result.ending): \(String(decoding: result.errorOutput, as: UTF8.self))"
}

private func run(_ words: [String], on documents: [[UInt8]]) async throws -> CommandResult {
    try await withTemporaryFolder { folder in
        var arguments = Array(words.dropFirst())
        for (index, document) in documents.enumerated() {
            let path = folder.appending("\(index).xml")
            try Files.create(path, document)
            arguments.append(path.string)
        }
        let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"]
        return await Command(
            .file(FilePath(words[0]), arguments: arguments), environment: environment, timeLimit: .seconds(50)
        ).run()
    }
}

extension FragmentCheck {
    /// The names of what was kept.
    var names: [String] { fragments.map { $0.moduleName ?? "<\($0.elementName)>" } }

    /// The problems as text.
    var complaints: [String] { problems.map(\.description) }
}
