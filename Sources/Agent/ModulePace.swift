internal import AgentConfiguration

/// When the next module may begin: how many run side by side, and how long one is waited for before that.
struct ModulePace: Sendable, Hashable {
    /// How many run at the same time, at most.
    let width: Int
    /// How long the end of a module is waited for before the next one begins beside it; zero = not at all.
    let grace: Duration

    /// The pace of a configuration.
    ///
    /// Where nothing else is configured, modules run one after the other, since one may read what another wrote; what
    /// takes long is left to itself, so that a command that hangs does not cost the modules after it.
    init(_ settings: GeneralSettings) {
        if let threads = settings.threads {
            width = threads
            grace = .zero
        } else {
            width = Self.defaultWidth
            grace = min(Self.longestGrace, settings.interval / 10)
        }
    }

    /// A pace by itself.
    init(width: Int, grace: Duration = .zero) {
        self.width = max(1, width)
        self.grace = grace
    }

    /// The same with no more side by side than some number.
    func limited(to most: Int) -> ModulePace { ModulePace(width: min(width, most), grace: grace) }

    /// Enough that some commands may hang, without starting them all at once.
    private static let defaultWidth = 4
    private static let longestGrace = Duration.seconds(5)
}
