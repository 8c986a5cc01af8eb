internal import AgentConfiguration
internal import Glibc
internal import SystemFiles
internal import SystemPackage
internal import Tentacle

/// What is wrong with the files and folders that a configuration names, and with its way to the server.
struct PlaceCheck {
    private let configuration: Configuration
    private let user: UInt32
    private(set) var diagnostics: [Diagnostic] = []

    /// - Parameter user: Who runs the agent, and is trusted beside root.
    init(_ configuration: Configuration, user: UInt32) {
        self.configuration = configuration
        self.user = user
        checkConfigurationFiles()
        checkTemporal()
        checkLogFile()
        checkServer()
    }

    private var settings: GeneralSettings { configuration.general }

    private mutating func checkConfigurationFiles() {
        for file in configuration.files {
            guard let place = foreignAccess(to: file) else { continue }
            diagnostics.append(
                Diagnostic(
                    .warning, at: SourcePosition(startOf: file),
                    "\(place), who could so have the agent run what they like"))
        }
    }

    private mutating func checkTemporal() {
        // The state folder takes the place of a default that is not there.
        if configuration.generalPositions["temporal"] == nil, !Files.exists(settings.temporal) { return }
        if let problem = problem(withFolder: settings.temporal) {
            report("temporal", "temporal: \(problem); files wait in the state folder instead")
        } else if let place = foreignAccess(to: settings.temporal) {
            report("temporal", "temporal: \(place); files wait in the state folder instead")
        }
    }

    private mutating func checkLogFile() {
        guard !settings.logFileIsDisabled, settings.logFile != "syslog",
            configuration.generalPositions["logfile"] != nil
        else { return }
        let folder = settings.logFile.removingLastComponent()
        if let problem = problem(withFolder: folder.isEmpty ? "." : folder) { report("logfile", "logfile: \(problem)") }
    }

    private mutating func checkServer() {
        let server = settings.primary
        switch server.transferMode {
        case .local:
            if let problem = problem(withFolder: server.path) {
                report("server_path", "server_path: \(problem), and transfer_mode is local: files would wait")
            }
        case .tentacle:
            do throws(TentacleOptions.Mistake) {
                let tentacle = try TentacleTransport.server(server)
                guard case .plain = tentacle.security, tentacle.password != nil else { return }
                let token = server.password.isEmpty ? "server_opts" : "server_pwd"
                report(
                    token,
                    "the password crosses the network in the clear: set 'server_ssl 1', or -c or -e in server_opts")
            } catch {
                report("server_opts", "server_opts: \(error)", .error)
            }
        case .ssh, .ftp: break
        }
    }

    /// Why files cannot be made in a folder, as a sentence.
    private func problem(withFolder folder: FilePath) -> String? {
        do throws(SystemError) {
            guard try Files.status(folder).type == .directory else { return "\(folder) is not a folder" }
        } catch {
            return "\(error)"
        }
        let isWritable = folder.withPlatformString { access($0, W_OK | X_OK) } == 0
        return isWritable ? nil : "this user cannot write to \(folder)"
    }

    private func foreignAccess(to path: FilePath) -> ForeignWriteAccess? {
        (try? Files.foreignWriteAccess(to: path, trusting: user))?.first
    }

    private mutating func report(_ token: String, _ text: String, _ severity: Diagnostic.Severity = .warning) {
        diagnostics.append(Diagnostic(severity, at: configuration.position(of: token), text))
    }
}
