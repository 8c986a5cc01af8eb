internal import DataFile
internal import HostProbes
internal import LogReading
internal import SystemPackage

/// `pandora_df`, `pandora_df_free` and `pandora_df_used`: a module for each file system.
///
/// Without arguments they are those that can run full. Each argument is a regular expression for whole mount points:
/// with some, all mounted file systems that one of them matches; an argument that begins with `-` leaves out what the
/// rest of it matches.
struct DiskPlugin: ModuleKind {
    /// Which share is reported.
    enum Face: String, CaseIterable {
        case free = "pandora_df_free"
        /// The older name of the same.
        case plain = "pandora_df"
        case used = "pandora_df_used"

        var usage: String { "\(rawValue) [MOUNT…] [-MOUNT…]" }
    }

    private let face: Face
    private let wanted: [LogPattern]
    private let unwanted: [LogPattern]

    init(_ face: Face, arguments: [String]) throws(PluginMisuse) {
        self.face = face
        var wanted: [LogPattern] = []
        var unwanted: [LogPattern] = []
        for (index, argument) in arguments.enumerated() {
            let isExclusion = argument.hasPrefix("-")
            do throws(LogPatternError) {
                let text = isExclusion ? String(argument.dropFirst()) : argument
                let pattern = try LogPattern("^(?:\(text))$", options: .caseSensitive)
                if isExclusion { unwanted.append(pattern) } else { wanted.append(pattern) }
            } catch {
                throw PluginMisuse("\(error)", usage: face.usage, argument: index)
            }
        }
        self.wanted = wanted
        self.unwanted = unwanted
    }

    func collect(in context: ModuleContext) async -> ModuleOutcome {
        var outcome = ModuleOutcome()
        do throws(Limitation) {
            let spaces = try await wanted.isEmpty ? context.host.realSpaces() : context.host.spaces { isWanted($0) }
            for (mount, answer) in spaces where !isUnwanted(mount) {
                switch answer {
                case .success(let space):
                    // A file system without blocks, such as /proc, has no share that is free.
                    if let module = module(mount, space) { outcome.elements.append(.module(module)) }
                case .failure(let limitation): outcome.failures.append("\(limitation)")
                }
            }
        } catch {
            outcome.failures.append("\(error)")
        }
        if outcome.elements.isEmpty, outcome.failures.isEmpty {
            outcome.notes = ["no file system is mounted that is meant"]
        }
        return outcome
    }

    private func isWanted(_ mount: Mount) -> Bool {
        wanted.contains { $0.search(mount.path.string.utf8) == .match }
    }

    private func isUnwanted(_ mount: Mount) -> Bool {
        unwanted.contains { $0.search(mount.path.string.utf8) == .match }
    }

    private func module(_ mount: Mount, _ space: FileSystemSpace) -> Module? {
        switch face {
        case .used:
            space.usedPercent.map { percent in
                Module(
                    percent, name: "DiskUsed_\(mount.path)",
                    description: "% used space. Filesystem mounted: \(mount.source)",
                    thresholds: [.minimumWarning: "90", .minimumCritical: "95"])
            }
        case .free, .plain:
            space.freePercent.map { percent in
                Module(
                    percent, name: "Disk_\(mount.path)",
                    description: "% free space. Filesystem mounted: \(mount.source)",
                    thresholds: [
                        .minimumWarning: "5", .maximumWarning: "10", .minimumCritical: "0", .maximumCritical: "5",
                    ])
            }
        }
    }
}

extension Module {
    /// A share of the host's resources in %, in the group System.
    init(_ percent: Double, name: String, description: String, thresholds: [Setting: String]) {
        self.init(
            name: name, type: "generic_data", description: description,
            settings: thresholds.merging([.unit: "%", .group: "System"]) { own, _ in own },
            data: .value(Array(decimalText(percent).utf8)))
    }
}
