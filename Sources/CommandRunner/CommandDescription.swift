internal import CCommandLauncher
internal import Glibc
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
            texts = arguments + [path.string]
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

    /// The nice value of the first thread: that of the present one is what Dispatch gave its worker (setpriority(2)).
    private static var niceValue: Int32 { getpriority(__priority_which_t(PRIO_PROCESS.rawValue), id_t(getpid())) }

    /// The command as the launcher reads it (command_launcher.h).
    var launchDescription: [UInt8] {
        let candidates: [String]
        let arguments: [String]
        switch program {
        case .shell(let text):
            candidates = ["/bin/sh"]
            arguments = ["sh", "-c", text]
        case .file(let path, let values):
            candidates = isLookedUp(path) ? searchFolders.map { "\($0)/\(path)" } : [path.string]
            arguments = [path.string] + values
        }
        let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let limits = limits.values.sorted { $0.key.number < $1.key.number }
        let groups = user?.groups ?? []
        let header = launch_header(
            candidate_count: UInt32(clamping: candidates.count), argument_count: UInt32(clamping: arguments.count),
            variable_count: UInt32(clamping: variables.count), group_count: UInt32(clamping: groups.count),
            limit_count: UInt32(clamping: limits.count), flags: flags, user: user?.userID ?? 0,
            group: user?.groupID ?? 0, nice: Self.niceValue, reserved: 0)
        var bytes: [UInt8] = []
        withUnsafeBytes(of: header) { bytes += $0 }
        for (resource, value) in limits {
            let limit = launch_limit(resource: resource.number, reserved: 0, value: value)
            withUnsafeBytes(of: limit) { bytes += $0 }
        }
        groups.withUnsafeBytes { bytes += $0 }
        for text in [workingFolder?.string].compactMap({ $0 }) + candidates + arguments + variables {
            bytes += text.utf8
            bytes.append(0)
        }
        return bytes
    }

    /// What the launcher could not do, as a sentence.
    func sentence(stage: Int32, error: Int32) -> String {
        let reason = Errno(rawValue: error)
        return switch UInt32(bitPattern: stage) {
        case LAUNCH_EXECUTE.rawValue:
            switch program {
            case .shell: "cannot execute /bin/sh: \(reason)"
            case .file(let path, _) where isLookedUp(path) && reason == .noSuchFileOrDirectory:
                "there is no program \(path) on the command's PATH"
            case .file(let path, _): "cannot execute \(path): \(reason)"
            }
        case LAUNCH_FOLDER.rawValue: "cannot enter the folder \(workingFolder ?? "."): \(reason)"
        case LAUNCH_USER.rawValue: "cannot become user \(user?.userID ?? 0): \(reason)"
        case LAUNCH_LIMIT.rawValue: "cannot limit what it takes of the host: \(reason)"
        case LAUNCH_FORK.rawValue: "cannot make a process: \(reason)"
        default: "its description cannot be read: \(reason)"
        }
    }

    private var flags: UInt32 {
        (workingFolder == nil ? 0 : UInt32(LAUNCH_IN_FOLDER)) | (user == nil ? 0 : UInt32(LAUNCH_AS_USER))
    }

    /// The folders of PATH; an empty one is the present folder (POSIX.1-2017, Base Definitions, 8.3).
    private var searchFolders: [String] {
        (environment["PATH"] ?? "").split(separator: ":", omittingEmptySubsequences: false).map {
            $0.isEmpty ? "." : String($0)
        }
    }

    private func isLookedUp(_ path: FilePath) -> Bool { !path.string.contains("/") }
}
