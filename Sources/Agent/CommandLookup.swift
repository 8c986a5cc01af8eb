internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// Finds programs as the shell of a command will, and who else could change them. Each program is looked at once.
struct CommandLookup {
    private let searchPath: [FilePath]
    private let user: UInt32
    private var answers: [String: String?] = [:]

    /// - Parameters:
    ///   - path: The PATH of commands.
    ///   - user: Who runs them, and is trusted beside root.
    init(path: String, user: UInt32) {
        searchPath = path.split(separator: ":").map { FilePath(String($0)) }
        self.user = user
    }

    /// What is wrong with the program of a command, as a sentence; `nil` where nothing is, or nothing can be told.
    mutating func problem(with program: String) -> String? {
        if let answer = answers[program] { return answer }
        let answer = lookUp(program)
        answers[program] = .some(answer)
        return answer
    }

    private func lookUp(_ program: String) -> String? {
        // Where a relative path leads depends on where the agent is started.
        if program.contains("/"), !program.hasPrefix("/") { return nil }
        let candidates = program.hasPrefix("/") ? [FilePath(program)] : searchPath.map { $0.appending(program) }
        guard let found = candidates.first(where: { isFile($0) && isExecutable($0) }) else {
            if let file = candidates.first(where: isFile) { return "\(file) is not executable for this user" }
            return program.hasPrefix("/") ? "there is no program \(program)" : "no program '\(program)' is on PATH"
        }
        do throws(SystemError) {
            guard let place = try Files.foreignWriteAccess(to: found, trusting: user).first else { return nil }
            return "\(place), who could so have the agent run what they like"
        } catch {
            return "\(error)"
        }
    }

    private func isFile(_ path: FilePath) -> Bool { (try? Files.status(path))?.type == .regular }

    private func isExecutable(_ path: FilePath) -> Bool { path.withPlatformString { access($0, X_OK) } == 0 }
}
