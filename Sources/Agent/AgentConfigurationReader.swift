internal import AgentConfiguration
internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// Reads the configuration of an agent and checks who else could change it.
struct AgentConfigurationReader: Sendable {
    let paths: AgentPaths
    let options: CycleOptions

    /// Reads.
    ///
    /// - Throws: ``ConfigurationUnusable``; also where others can write local.conf, or, with `strict_permissions`, the
    ///   configuration.
    func read() throws(ConfigurationUnusable) -> Configuration {
        if paths.isLocalNamed, !Files.exists(paths.local) {
            throw ConfigurationUnusable(
                "\(paths.local), which --local names, cannot be found: what this host decides would be left out")
        }
        if Files.exists(paths.local) {
            if let place = try foreignAccess(to: paths.local) {
                throw ConfigurationUnusable(
                    "\(paths.local) holds what this host decides and is not safe: \(place); make it writable by its "
                        + "owner alone")
            }
        }
        let configuration = try ConfigurationLoader().load(
            main: paths.configuration, local: paths.local, readOnlyOption: options.isReadOnly)
        try checkPermissions(of: configuration)
        return configuration
    }

    /// As root, a configuration that others can write is their way to become root, so it is refused.
    private func checkPermissions(of configuration: Configuration) throws(ConfigurationUnusable) {
        guard configuration.policy.strictPermissions ?? (geteuid() == 0) else { return }
        for file in configuration.files where file != paths.local {
            guard let place = try foreignAccess(to: file) else { continue }
            throw ConfigurationUnusable(
                "\(file) is not used: \(place), who could so run commands as the agent's user; change that, or set "
                    + "'strict_permissions 0' in \(paths.local)")
        }
    }

    private func foreignAccess(to path: FilePath) throws(ConfigurationUnusable) -> ForeignWriteAccess? {
        do {
            return try Files.foreignWriteAccess(to: path, trusting: geteuid()).first
        } catch {
            throw ConfigurationUnusable("\(error)")
        }
    }
}
