/// The list of all checks: what an audit asks, in the order in which it reports.
public enum SecurityChecks {
    /// Every check there is. A new one is one line here.
    public static let all: [any SecurityCheck] =
        [
            SSHPortCheck(), SSHRootLoginCheck(), SSHForwardingCheck(), SSHTunnelCheck(), SSHBannerCheck(),
            SSHPasswordCheck(), SSHEmptyPasswordCheck(), RootAccountsCheck(), EmptyPasswordsCheck(),
            RootKeysCheck(), AccountKeysCheck(), PrivateKeysCheck(), WeakPasswordsCheck(), PasswordSchemeCheck(),
            AllowedPortsCheck(),
            FTPPortCheck(), MandatoryAccessCheck(),
        ] + KernelSettingCheck.all

    /// The check of an identifier; `nil` where there is none.
    public static func check(_ identifier: String) -> (any SecurityCheck)? {
        all.first { $0.identifier == identifier }
    }
}
