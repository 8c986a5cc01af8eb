import Glibc
import SystemFiles
import SystemPackage

/// Runs programs of the system, as a user would.
enum Program {
    /// A program that could not be run, or failed although it must not.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// What a program did.
    struct Outcome {
        let status: CInt
        /// Standard output and standard error together.
        let output: String
    }

    /// Runs a program that is found by its name and waits for its end.
    ///
    /// - Parameters:
    ///   - words: The name and the arguments.
    ///   - folder: Where its output is kept meanwhile, and where it runs.
    static func run(_ words: [String], in folder: FilePath) throws -> Outcome {
        let log = folder.appending("output-\(getpid())-\(UInt64.random(in: 0 ... .max))")
        defer { unlink(log.string) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log.string, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var arguments: [UnsafeMutablePointer<CChar>?] =
            (["env", "--chdir", folder.string] + words).map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var process = pid_t()
        let code = posix_spawnp(&process, "env", &actions, nil, &arguments, environ)
        guard code == 0 else { throw Failure(description: "cannot run env: \(Errno(rawValue: code))") }
        var status: CInt = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        let output = String(decoding: try Files.read(log, limit: 1 << 20), as: UTF8.self)
        // WIFEXITED and WEXITSTATUS of wait(2).
        return Outcome(status: status & 0x7F == 0 ? status >> 8 & 0xFF : -1, output: output)
    }

    /// The same for a program that must succeed.
    @discardableResult
    static func succeed(_ words: [String], in folder: FilePath) throws -> String {
        let outcome = try run(words, in: folder)
        if outcome.status == 0 { return outcome.output }
        throw Failure(description: "\(words.joined(separator: " ")) failed with \(outcome.status): \(outcome.output)")
    }
}
