internal import Glibc

extension LocalPolicy {
    /// Whether a command of a configuration may run: the first rule whose shell wildcards match the whole of it decides.
    /// Where none matches, it may, unless the last rule is one that allows: then the rules are a list of what is
    /// allowed.
    public func allows(command: String) -> Bool {
        for rule in commandRules where fnmatch(rule.pattern, command, 0) == 0 { return rule.allows }
        return commandRules.last?.allows != true
    }
}
