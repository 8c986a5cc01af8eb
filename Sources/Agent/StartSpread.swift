internal import HostProbes

/// Keeps hosts apart whose schedulers begin their cycles at the same moment, as cron does.
public enum StartSpread {
    /// Waits for a part of a time that is always the same on a host and differs between hosts, as it follows from the
    /// host's name.
    ///
    /// - Throws: `CancellationError` where the task is cancelled.
    public static func wait(upTo longest: Duration) async throws {
        if longest <= .zero { return }
        try await Task.sleep(for: delay(upTo: longest, hostName: OperatingSystem().kernel.hostName))
    }

    /// The time that a host of a name waits.
    static func delay(upTo longest: Duration, hostName: String) -> Duration {
        LoopRhythm.part(LoopSettings.share(of: "\n\(hostName)"), of: longest)
    }
}
