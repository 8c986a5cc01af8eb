public import CommandRunner
public import Confinement
internal import Glibc

/// As whom a module's commands run, and what they may take of the host.
public struct CommandBounds: Sendable {
    /// `nil` means the agent's user.
    public let user: UserAccount?
    /// What each process may take.
    public let limits: ResourceLimits

    /// Why a user's commands cannot run, as a sentence.
    public struct Refusal: Error, Sendable, CustomStringConvertible {
        /// The sentence.
        public let description: String
    }

    /// - Parameters:
    ///   - name: `module_user`; `nil` means the agent's user.
    ///   - limits: What each process may take.
    public init(user name: String? = nil, limits: ResourceLimits = ResourceLimits()) throws(Refusal) {
        self.limits = limits
        guard let name else {
            user = nil
            return
        }
        guard let account = UserAccount(named: name) else {
            throw Refusal(description: "module_user: there is no user '\(name.prefix(60))'")
        }
        if account.userID == geteuid() {
            user = nil
            return
        }
        // An agent that became pandora_user is not root any more, for good.
        guard geteuid() == 0 else {
            throw Refusal(
                description: "module_user: only an agent that runs as root can run commands as '\(account.name)'")
        }
        user = account
    }

    private init() {
        user = nil
        limits = ResourceLimits()
    }

    /// The agent's user, and no limits.
    public static let none = CommandBounds()

    /// Sets the bounds of a command.
    public func bound(_ command: Command) -> Command {
        var command = command
        command.limits = limits
        guard let user else { return command }
        command.user = Command.User(userID: user.userID, groupID: user.groupID, groups: user.groups)
        command.environment.merge(
            ["HOME": user.home, "USER": user.name, "LOGNAME": user.name, "SHELL": user.shell]
        ) { $1 }
        // The agent's own.
        command.environment["XDG_RUNTIME_DIR"] = nil
        return command
    }
}
