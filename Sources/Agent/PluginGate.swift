internal import AgentConfiguration
internal import Glibc
internal import Modules
internal import SystemFiles
internal import SystemPackage

/// Which plugins may run: what `plugin_manifest` and `strict_permissions` say of programs that are not built in.
struct PluginGate: Sendable {
    /// Why a plugin does not run, as a sentence.
    struct Closed: Error, Sendable, CustomStringConvertible {
        let description: String
    }

    private let manifest: Result<PluginManifest, Closed>?
    private let isStrict: Bool
    private let searchPath: String

    /// - Parameters:
    ///   - state: The state folder, below which checked plugins are kept; `nil` = nothing is to run.
    ///   - path: The PATH of commands.
    init(_ policy: LocalPolicy, state: FilePath?, path: String) {
        isStrict = policy.strictPermissions ?? (geteuid() == 0)
        searchPath = path
        manifest = policy.pluginManifest.map { file in
            Result { () throws(Closed) in
                let consequence = "no plugin runs that is not built in"
                do throws(SystemError) {
                    if let place = try Files.foreignWriteAccess(to: file, trusting: geteuid()).first {
                        throw SystemError("trust", "\(file), as \(place)", .permissionDenied)
                    }
                } catch {
                    throw Closed(description: "plugin_manifest: \(error); \(consequence)")
                }
                do throws(PluginManifest.Refusal) {
                    return try PluginManifest(file, copies: state?.appending("plugins"), path: path)
                } catch {
                    throw Closed(description: "\(error); \(consequence)")
                }
            }
        }
    }

    /// The module as it may run: a plugin with what was checked in the place of its program.
    func admit(_ module: ModuleDefinition) throws(Closed) -> ModuleDefinition {
        guard case .plugin(let command) = module.source else { return module }
        if isStrict, let place = foreignAccess(to: command) {
            throw Closed(description: "\(place), who could so have the agent run what they like (strict_permissions)")
        }
        guard let manifest else { return module }
        var module = module
        do {
            module.source = .plugin(try manifest.get().checked(command))
        } catch {
            throw Closed(description: "\(error)")
        }
        return module
    }

    private func foreignAccess(to command: String) -> ForeignWriteAccess? {
        // A shell would start a program, whatever its name.
        if case .inAgent? = BuiltInCall(command)?.way { return nil }
        guard let program = ProgramOfCommand.find(in: command) else { return nil }
        let folders = program.hasPrefix("/") ? [""] : searchPath.split(separator: ":").map { "\($0)/" }
        let found = folders.lazy.map { FilePath($0 + program) }.first { (try? Files.status($0))?.type == .regular }
        return found.flatMap { try? Files.foreignWriteAccess(to: $0, trusting: geteuid()).first }
    }
}
