internal import Subprocess
internal import SystemPackage

extension Command {
    /// Why the command cannot be started as it is described, without a word of any value of the environment; `nil`
    /// where nothing speaks against it.
    var objection: String? {
        let texts: [String]
        switch program {
        case .shell(let text):
            texts = [text]
        case .file(let path, let arguments):
            texts = arguments
            if path.isEmpty { return "it has no name" }
            if isLookedUp(path), environment["PATH"] == nil {
                return "\(path) is not a path, and the command's environment has no PATH to look it up in"
            }
        }
        if texts.contains(where: { $0.utf8.contains(0) }) { return "its text contains a NUL byte" }
        for (name, value) in environment {
            let isName = !name.isEmpty && !name.utf8.contains { $0 == 0 || $0 == UInt8(ascii: "=") }
            let hasDigitFirst = name.utf8.first.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
            if !isName || hasDigitFirst { return "'\(name)' cannot be the name of an environment variable" }
            if value.utf8.contains(0) { return "the value of its environment variable \(name) contains a NUL byte" }
        }
        return nil
    }

    /// The command in the words of swift-subprocess.
    var configuration: Configuration {
        let executable: Executable
        let arguments: Arguments
        switch program {
        case .shell(let text):
            executable = .path("/bin/sh")
            arguments = Arguments(executablePathOverride: "sh", remainingValues: ["-c", text])
        case .file(let path, let values):
            executable = isLookedUp(path) ? .name(path.string) : .path(path)
            arguments = Arguments(executablePathOverride: path.string, remainingValues: values)
        }
        var options = PlatformOptions()
        options.createSession = true
        return Configuration(
            executable: executable, arguments: arguments, environment: .custom(environmentEntries),
            workingDirectory: workingFolder, platformOptions: options)
    }

    /// `NAME=value` with the NUL byte that ends it, in the order of the names.
    private var environmentEntries: [[UInt8]] {
        environment.sorted { $0.key < $1.key }.map { Array("\($0.key)=\($0.value)".utf8) + [0] }
    }

    private func isLookedUp(_ path: FilePath) -> Bool {
        !path.string.contains("/")
    }
}
