internal import Agent
internal import ArgumentParser
internal import SystemPackage

/// Prints the answer to what somebody asked. One that cannot be written ends the program with status 1, as nobody got it.
func printAnswer(_ text: some CustomStringConvertible) throws {
    do {
        try FileDescriptor.standardOutput.writeAll("\(text)\n".utf8)
    } catch {
        writeToStandardError("pandora-agent: error: the answer could not be written to standard output: \(error)\n")
        throw ExitCode(CycleEnding.failed.rawValue)
    }
}
