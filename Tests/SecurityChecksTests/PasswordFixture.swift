import CommandRunner
import HostProbes
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import SecurityChecks

/// Runs a real program and hands on what it prints, without the last line break.
func output(of program: FilePath, _ arguments: [String], in folder: FilePath? = nil) async throws -> String {
    var command = Command(
        .file(program, arguments: arguments),
        environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": folder?.string ?? "/"],
        timeLimit: .seconds(60), outputLimit: 1 << 20)
    if let folder { command.workingFolder = folder }
    let result = await command.run()
    try #require(result.isSuccess, "\(program) \(arguments): \(String(decoding: result.errorOutput, as: UTF8.self))")
    return String(decoding: result.output, as: UTF8.self).split(separator: "\n").joined(separator: "\n")
}

/// A tree with accounts and their passwords.
struct PasswordFixture {
    let folder: FilePath
    var settings = AuditSettings(passwordTimeLimit: nil)
    var remembers = false
    var progress: (@Sendable (AuditProgress) -> Void)?

    var state: FilePath { folder.appending("state") }

    init(_ folder: FilePath) { self.folder = folder }

    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws {
        let path = folder.appending(name)
        try Files.makeFolder(path.removingLastComponent())
        try Files.replace(path, with: bytes)
    }

    /// Writes /etc/passwd and /etc/shadow with accounts of these names and password fields.
    func write(_ fields: KeyValuePairs<String, String>, comment: String = "") throws {
        var passwd = ""
        var shadow = ""
        for (index, (name, field)) in fields.enumerated() {
            passwd += "\(name):x:\(1000 + index):1000:\(comment):/home/\(name):/bin/sh\n"
            shadow += "\(name):\(field):19000:0:99999:7:::\n"
        }
        try write("etc/passwd", passwd.utf8)
        try write("etc/shadow", shadow.utf8)
    }

    func host() -> AuditedHost {
        var host = AuditedHost(
            roots: HostRoots(top: folder), settings: settings, stateFolder: remembers ? state : nil, userIdentifier: 0)
        host.progress = progress
        return host
    }

    /// Asks whether a password is weak, with a list of these common words.
    func weak(_ common: [String] = ["dragon", "letmein"]) async -> CheckResult {
        await WeakPasswordsCheck(common: common.map { Array($0.utf8)[...] }).result(on: host())
    }
}
