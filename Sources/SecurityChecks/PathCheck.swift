internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// Whether nobody but root can change or replace the programs that root's shell finds.
struct PathCheck: SecurityCheck {
    let identifier = "writable_programs"
    let title = "Only root can change programs on the path"
    let area = SecurityArea.system
    let severity = Severity.critical

    func result(on host: AuditedHost) async -> CheckResult {
        var writable: [Evidence] = []
        var unseen: SystemError?
        var count = 0
        var seen: Set<[UInt64]> = []
        for folder in PathFolders.all {
            do throws(SystemError) {
                let status = try Files.status(host.path(folder))
                // /bin is often a link to /usr/bin.
                let place = [UInt64(status.rawValue.st_dev), UInt64(status.rawValue.st_ino)]
                guard seen.insert(place).inserted else { continue }
                if let reason = Self.foreignWriter(status) { writable.append(Evidence(folder.string, value: reason)) }
                for name in try Files.names(in: host.path(folder)) {
                    let program = folder.appending(name)
                    // A link whose goal is not there is nobody's program.
                    guard let status = try? Files.status(host.path(program)), status.type == .regular else { continue }
                    count += 1
                    if let reason = Self.foreignWriter(status) {
                        writable.append(Evidence(program.string, value: reason))
                    }
                }
            } catch {
                if error.code != .noSuchFileOrDirectory { unseen = unseen ?? error }
            }
        }
        if !writable.isEmpty {
            return .fail(
                "Others than root can change \(writable.count) of them, \(writable[0].source) among them",
                evidence: Array(writable.prefix(50)),
                advice:
                    "Take the right away with 'chmod go-w' and 'chown root', and check that the programs are genuine.")
        }
        if let unseen { return .cannotTell("\(unseen)", remedy: "Let the agent's user list the folder.") }
        return .pass("\(count) programs can be changed by root alone")
    }

    /// Who else than root can write; `nil` where nobody can. The group `staff` of Debian's /usr/local counts, as its
    /// members do become root by it.
    private static func foreignWriter(_ status: Stat) -> String? {
        if status.userID.rawValue != 0 { return "belongs to user \(status.userID.rawValue)" }
        if status.permissions.contains(.otherWrite) { return "can be written by everybody" }
        let group = status.groupID.rawValue
        if status.permissions.contains(.groupWrite), group != 0 {
            return "can be written by the members of group \(group)"
        }
        return nil
    }
}
