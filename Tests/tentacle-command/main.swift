import Glibc
import SystemPackage
import Tentacle

// The command line as a program of its own, for tests that need a process and for measurements.
let status = TentacleCommand.run(
    Array(CommandLine.arguments.dropFirst()),
    .init(
        print: { _ = try? FileDescriptor.standardOutput.writeAll("\($0)\n".utf8) },
        complain: { _ = try? FileDescriptor.standardError.writeAll("\($0)\n".utf8) },
        askForPassPhrase: { _ in readLine().map { Secret($0) } }))
exit(status)
