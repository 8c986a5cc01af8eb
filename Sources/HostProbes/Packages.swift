internal import SystemFiles
internal import SystemPackage

/// An installed package.
public struct Package: Sendable, Hashable {
    /// What installs it.
    public enum Manager: String, Sendable, Hashable, CaseIterable {
        /// Debian's dpkg.
        case dpkg
        /// Red Hat's and SUSE's rpm.
        case rpm
        /// Alpine's apk.
        case apk
        /// Arch's pacman.
        case pacman
        /// Canonical's snap.
        case snap
        /// Flatpak.
        case flatpak
    }

    /// The package's name.
    public let name: String
    /// The version, with the epoch and the release where the manager has them.
    public let version: String
    /// The processor that it is for, as the manager calls it; empty where it does not say.
    public let architecture: String
    /// What it is, in one line.
    public let description: String
    /// What installed it.
    public let manager: Manager

    /// Describes a package.
    public init(name: String, version: String, architecture: String, description: String, manager: Manager) {
        self.name = name
        self.version = version
        self.architecture = architecture
        self.description = description
        self.manager = manager
    }
}

/// The packages that the managers with readable files have installed: dpkg, apk, pacman, snap and
/// Flatpak. For rpm see ``RPMQuery``.
public enum PackageDatabase {
    /// All of them, in the order of the databases.
    public static func installed(_ roots: HostRoots = .system) -> Reading<[Package]> {
        var packages: [Package] = []
        let limitations = forEach(roots) { packages.append($0) }
        return Reading(packages, limitations: limitations)
    }

    /// Calls `body` with each, so that memory does not grow with their number.
    ///
    /// - Returns: What could not be seen; a manager that the host does not have is nothing missing.
    public static func forEach(_ roots: HostRoots = .system, _ body: (Package) -> Void) -> [Limitation] {
        let sources: [(String, (HostRoots, (Package) -> Void) throws(SystemError) -> Void)] = [
            ("the packages of dpkg", DpkgStatus.forEach), ("the packages of apk", ApkDatabase.forEach),
            ("the packages of pacman", PacmanDatabase.forEach), ("the packages of snap", SnapDatabase.forEach),
            ("the packages of Flatpak", FlatpakDatabase.forEach),
        ]
        var limitations: [Limitation] = []
        for (subject, read) in sources {
            do throws(SystemError) {
                try read(roots, body)
            } catch {
                if error.code != .noSuchFileOrDirectory { limitations.append(Limitation(subject, error)) }
            }
        }
        return limitations
    }

    /// The folder of the host's database of rpm, below its root; `nil` where it has none. Only the program rpm can read
    /// it, and has to be told of the folder: what it takes by itself depends on the distribution that it comes from.
    public static func rpmFolder(_ roots: HostRoots = .system) -> String? {
        ["/usr/lib/sysimage/rpm", "/var/lib/rpm"].first { folder in
            ["rpmdb.sqlite", "Packages", "Packages.db"].contains { file in
                Files.exists(roots.top.appending(FilePath(folder).components).appending(file))
            }
        }
    }
}

/// dpkg's status file: paragraphs of fields (deb-control(5)), one for each package that is or was installed.
struct DpkgStatus {
    private var name: Bytes = []
    private var version: Bytes = []
    private var architecture: Bytes = []
    private var description: Bytes = []
    private var isInstalled = false

    static func forEach(_ roots: HostRoots, _ body: (Package) -> Void) throws(SystemError) {
        var parser = DpkgStatus()
        let top = roots.top.appending("var/lib/dpkg")
        try Files.forEachLine(of: top.appending("status")) { line in
            if let package = parser.take(line) { body(package) }
        }
        if let package = parser.take([]) { body(package) }
    }

    /// Takes a line. An empty one ends a paragraph: then the package, if it is installed.
    mutating func take(_ line: Bytes) -> Package? {
        guard let first = line.first else { return finish() }
        switch first {
        case UInt8(ascii: "P"):
            if let value = line.dropping(prefix: "Package:") { name = copy(value) }
        case UInt8(ascii: "V"):
            if let value = line.dropping(prefix: "Version:") { version = copy(value) }
        case UInt8(ascii: "A"):
            if let value = line.dropping(prefix: "Architecture:") { architecture = copy(value) }
        case UInt8(ascii: "D"):
            if let value = line.dropping(prefix: "Description:") { description = copy(value) }
        case UInt8(ascii: "S"):
            // Want, error flag, state: only the last says what is on the disk.
            if let value = line.dropping(prefix: "Status:") {
                isInstalled = value.words.last?.equals("installed") ?? false
            }
        default:
            break
        }
        return nil
    }

    /// The line's own bytes are gone when the next one is read.
    private func copy(_ value: Bytes) -> Bytes { Array(value.trimmed)[...] }

    private mutating func finish() -> Package? {
        defer { self = DpkgStatus() }
        guard isInstalled, !name.isEmpty else { return nil }
        return Package(
            name: name.text, version: version.text, architecture: architecture.text, description: description.text,
            manager: .dpkg)
    }
}

/// apk's database: paragraphs of lines with a letter and a colon.
struct ApkDatabase {
    private var fields: [UInt8: String] = [:]

    static func forEach(_ roots: HostRoots, _ body: (Package) -> Void) throws(SystemError) {
        var parser = ApkDatabase()
        let places = ["lib/apk/db/installed", "usr/lib/apk/db/installed"].map { roots.top.appending($0) }
        let path = places.first(where: Files.exists) ?? roots.top.appending("lib/apk/db/installed")
        try Files.forEachLine(of: path) { line in
            if let package = parser.take(line) { body(package) }
        }
        if let package = parser.take([]) { body(package) }
    }

    /// Takes a line. An empty one ends a paragraph: then the package.
    mutating func take(_ line: Bytes) -> Package? {
        guard !line.isEmpty else {
            defer { fields = [:] }
            guard let name = fields[UInt8(ascii: "P")], !name.isEmpty else { return nil }
            return Package(
                name: name, version: fields[UInt8(ascii: "V")] ?? "", architecture: fields[UInt8(ascii: "A")] ?? "",
                description: fields[UInt8(ascii: "T")] ?? "", manager: .apk)
        }
        guard let (letter, value) = line.cut(at: Byte.colon), letter.count == 1, let letter = letter.first,
            [UInt8(ascii: "P"), UInt8(ascii: "V"), UInt8(ascii: "A"), UInt8(ascii: "T")].contains(letter)
        else { return nil }
        fields[letter] = value.trimmed.text
        return nil
    }
}

/// pacman's database: a folder for each package with a file `desc`, in which a line `%NAME%` precedes the value.
enum PacmanDatabase {
    static func forEach(_ roots: HostRoots, _ body: (Package) -> Void) throws(SystemError) {
        let folder = roots.top.appending("var/lib/pacman/local")
        for name in try Files.names(in: folder) {
            // A package that is being removed, and the file with the database's version, have none.
            guard let bytes = try? Files.read(folder.appending(name).appending("desc"), limit: SizeLimit.table) else {
                continue
            }
            if let package = parse(bytes) { body(package) }
        }
    }

    static func parse(_ bytes: [UInt8]) -> Package? {
        var fields: [String: String] = [:]
        var heading: String?
        bytes.forEachLine { line in
            if line.count > 2, line.first == UInt8(ascii: "%"), line.last == UInt8(ascii: "%") {
                heading = line.dropFirst().dropLast().text
            } else if let field = heading {
                if fields[field] == nil { fields[field] = line.trimmed.text }
                heading = nil
            }
        }
        guard let name = fields["NAME"], !name.isEmpty else { return nil }
        return Package(
            name: name, version: fields["VERSION"] ?? "", architecture: fields["ARCH"] ?? "",
            description: fields["DESC"] ?? "", manager: .pacman)
    }
}

/// How to ask the program rpm for the installed packages, and how to read what it prints (rpm(8)).
public enum RPMQuery {
    /// The arguments of the program `rpm`: one line for each package with name, version, architecture and summary,
    /// with tabs between.
    public static let arguments = [
        "--query", "--all", "--queryformat",
        #"%{NAME}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\t%|ARCH?{%{ARCH}}:{}|\t%{SUMMARY}\n"#,
    ]

    /// The packages in what it prints. The keys of signatures, which rpm keeps as packages, are left out, and so is a line
    /// that lacks a column.
    public static func parse(_ output: [UInt8]) -> [Package] {
        var packages: [Package] = []
        output.forEachLine { line in
            let columns = line.split(separator: Byte.tab, maxSplits: 3, omittingEmptySubsequences: false)
            guard columns.count == 4, !columns[0].isEmpty, !columns[0].equals("gpg-pubkey") else { return }
            packages.append(
                Package(
                    name: columns[0].text, version: columns[1].text, architecture: columns[2].text,
                    description: columns[3].trimmed.text, manager: .rpm))
        }
        return packages
    }
}
