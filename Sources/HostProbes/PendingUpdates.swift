internal import SystemFiles
internal import SystemPackage

/// An update that waits for an installed package.
public struct PendingUpdate: Sendable, Hashable {
    /// The package's name.
    public let name: String
    /// The processor that it is for.
    public let architecture: String
    /// The version that is installed.
    public let installedVersion: String
    /// The newest version that the package lists offer.
    public let availableVersion: String
    /// Whether a newer version than the installed one comes from a list of security updates.
    public let isSecurity: Bool

    /// The updates that apt's package lists offer, as of their last update, sorted by name.
    ///
    /// Lists that are not installed from on their own (backports, experimental) do not count. Pins of the administrator and
    /// phased updates are not looked at. Other managers keep their lists compressed or in databases, which only their own
    /// programs read.
    public static func all(_ roots: HostRoots = .system) -> Reading<[PendingUpdate]> {
        let subject = "the updates that wait"
        let folder = roots.top.appending("var/lib/apt/lists")
        let names: [String]
        do throws(SystemError) {
            names = try Files.names(in: folder).map(\.string)
        } catch {
            return Reading(
                [],
                limitations: [
                    error.code == .noSuchFileOrDirectory
                        ? Limitation(subject, because: "the host has no package lists of apt")
                        : Limitation(subject, error)
                ])
        }
        var search = UpdateSearch(installed: [])
        var limitations = PackageDatabase.forEach(roots) { if $0.manager == .dpkg { search.add($0) } }
        var lists = 0
        for name in names {
            if ["gz", "xz", "lz4", "zst", "bz2"].contains(where: { name.hasSuffix("_Packages.\($0)") }) {
                limitations.append(
                    Limitation(
                        subject,
                        because:
                            "the package list \(folder)/\(name) is compressed; Acquire::GzipIndexes \"false\" in apt's configuration would leave it readable"
                    ))
            }
            guard name.hasSuffix("_Packages") else { continue }
            lists += 1
            do throws(SystemError) {
                if try isManual(name, among: names, in: folder) { continue }
                search.begin(isSecurity: name.contains("-security") || name.contains("security.debian.org"))
                try Files.forEachLine(of: folder.appending(name)) { search.take($0) }
            } catch {
                limitations.append(Limitation(subject, error))
            }
            search.take([])
        }
        if lists == 0, limitations.isEmpty {
            limitations.append(
                Limitation(subject, because: "\(folder) holds no package list; apt-get update makes them"))
        }
        return Reading(search.updates, limitations: limitations)
    }

    /// Whether the release that a list belongs to says `NotAutomatic`: the release's file has the beginning of the list's name.
    private static func isManual(_ list: String, among names: [String], in folder: FilePath) throws(SystemError) -> Bool
    {
        for name in names where name.hasSuffix("_InRelease") || name.hasSuffix("_Release") {
            let end = name.hasSuffix("_InRelease") ? "InRelease" : "Release"
            guard list.hasPrefix(name.dropLast(end.count)) else { continue }
            let bytes = try Files.read(folder.appending(name), limit: SizeLimit.table)
            if bytes.lines.contains(where: { $0.dropping(prefix: "NotAutomatic:")?.trimmed.equals("yes") ?? false }) {
                return true
            }
        }
        return false
    }
}

/// Goes through package lists, which are paragraphs of fields as in dpkg's status file, for newer versions.
struct UpdateSearch {
    private struct Candidate {
        let package: Package
        let installed: DebianVersion
        var best: DebianVersion
        var bestText: String?
        var isSecurity = false
    }

    private var candidates: [String: [Candidate]] = [:]
    private var isSecurity = false
    private var name = ""
    private var version = ""
    private var architecture = ""

    init(installed: [Package]) {
        for package in installed { add(package) }
    }

    /// Adds an installed package to those that are looked for.
    mutating func add(_ package: Package) {
        let version = DebianVersion(package.version)
        candidates[package.name, default: []].append(Candidate(package: package, installed: version, best: version))
    }

    /// Says what the lines that follow belong to.
    mutating func begin(isSecurity: Bool) {
        self.isSecurity = isSecurity
    }

    /// Takes a line; an empty one ends a paragraph.
    mutating func take(_ line: Bytes) {
        guard let first = line.first else { return finish() }
        switch first {
        case UInt8(ascii: "P"):
            if let value = line.dropping(prefix: "Package:") { name = value.trimmed.text }
        case UInt8(ascii: "V"):
            if let value = line.dropping(prefix: "Version:") { version = value.trimmed.text }
        case UInt8(ascii: "A"):
            if let value = line.dropping(prefix: "Architecture:") { architecture = value.trimmed.text }
        default:
            break
        }
    }

    private mutating func finish() {
        defer {
            name = ""
            version = ""
            architecture = ""
        }
        guard !version.isEmpty, let known = candidates[name] else { return }
        let offered = DebianVersion(version)
        for index in known.indices where known[index].installed < offered && fits(known[index].package.architecture) {
            if isSecurity { candidates[name]?[index].isSecurity = true }
            guard known[index].best < offered else { continue }
            candidates[name]?[index].best = offered
            candidates[name]?[index].bestText = version
        }
    }

    /// A package may change to all processors, or from them, with an update.
    private func fits(_ installed: String) -> Bool {
        architecture == installed || architecture == "all" || installed == "all"
    }

    /// The packages for which something newer was found, sorted by name and processor.
    var updates: [PendingUpdate] {
        candidates.values.joined().compactMap { candidate in
            candidate.bestText.map { text in
                PendingUpdate(
                    name: candidate.package.name, architecture: candidate.package.architecture,
                    installedVersion: candidate.package.version, availableVersion: text,
                    isSecurity: candidate.isSecurity)
            }
        }.sorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
    }
}
