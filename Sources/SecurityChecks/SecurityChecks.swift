public import SystemPackage

/// The list of all checks: what an audit asks, in the order in which it reports.
public enum SecurityChecks {
    /// Every check there is. A new one is one line here.
    public static let all: [any SecurityCheck] =
        [
            SSHPortCheck(), SSHRootLoginCheck(), SSHForwardingCheck(), SSHTunnelCheck(), SSHBannerCheck(),
            SSHPasswordCheck(), SSHEmptyPasswordCheck(), RootKeysCheck(), AccountKeysCheck(), PrivateKeysCheck(),
            RootAccountsCheck(), EmptyPasswordsCheck(), WeakPasswordsCheck(), PasswordSchemeCheck(),
            UnusedAccountsCheck(),
            AllowedPortsCheck(), FTPPortCheck(), NeedlessServicesCheck(),
            DatabasePasswordCheck(), DatabaseAddressCheck(), DatabasePortCheck(),
            ApacheTokensCheck(),
        ] + PHPCookieCheck.all + IntegrityCheck.all + [
            AuthenticationLogCheck(), TimeCheck(), UpdatesCheck(isSecurity: true), UpdatesCheck(isSecurity: false),
            MandatoryAccessCheck(), PathCheck(),
        ] + KernelSettingCheck.all

    /// Whether a check compares with a baseline.
    public static func remembers(_ identifier: String) -> Bool { check(identifier) is IntegrityCheck }

    /// Whether nothing but allowed TCP ports listens; ``all`` has the same with UDP.
    public static var allowedTCPPorts: any SecurityCheck { AllowedPortsCheck(isTCPOnly: true) }

    /// Whether files of the caller's choice are as they were.
    public static func integrity(of files: [FilePath]) -> any SecurityCheck {
        IntegrityCheck("files", "Files are as they were") { _ in .init(files: files) }
    }

    /// The file of a baseline where somebody names one that may have another program's digests: those stay, and ours are
    /// beside them.
    public static func baselineFile(namedBy file: FilePath) -> FilePath {
        if case .unusable = FileBaseline.stored(at: file) { return FilePath("\(file).sha256") }
        return file
    }

    /// The check of an identifier; `nil` where there is none.
    public static func check(_ identifier: String) -> (any SecurityCheck)? {
        all.first { $0.identifier == identifier }
    }
}
