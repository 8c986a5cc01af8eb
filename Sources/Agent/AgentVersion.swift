/// The version of this program.
public enum AgentVersion {
    /// Version number (semver.org).
    public static let number = "0.1.0"
    /// As data files carry it: `NAME(Build NNNNNN)`, the build being the date of the release.
    static let inDataFiles = "\(number)(Build 261123)"
}
