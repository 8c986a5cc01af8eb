/// One line of /proc/PID/cgroup: a hierarchy of control groups, and the process's place in it (cgroups(7)).
struct ControlGroupMembership: Sendable, Hashable {
    /// The controllers of a hierarchy of the first version, or its name as `name=systemd`; empty in the unified one.
    let controllers: [String]
    /// The group's path below the hierarchy's mount.
    let path: String

    /// Whether this is the hierarchy of the second version.
    var isUnified: Bool { controllers.isEmpty }

    static func parse(_ bytes: [UInt8]) -> [ControlGroupMembership] {
        bytes.lines.compactMap { line in
            guard let (number, rest) = line.cut(at: Byte.colon), number.decimal(as: UInt32.self) != nil,
                let (controllers, path) = rest.cut(at: Byte.colon)
            else { return nil }
            return ControlGroupMembership(
                controllers: controllers.split(separator: Byte.comma).map(\.text), path: path.text)
        }
    }
}
