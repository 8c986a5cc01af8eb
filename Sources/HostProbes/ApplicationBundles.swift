internal import SystemFiles
internal import SystemPackage

/// snap's packages: each is mounted, and `current` leads to the version in use.
enum SnapDatabase {
    static func forEach(_ roots: HostRoots, _ body: (Package) -> Void) throws(SystemError) {
        let places = ["snap", "var/lib/snapd/snap"].map { roots.top.appending($0) }
        let folder = places.first(where: Files.exists) ?? roots.top.appending("snap")
        for name in try Files.names(in: folder) {
            let path = folder.appending(name).appending("current/meta/snap.yaml")
            guard let bytes = try? Files.read(path, limit: SizeLimit.table), let package = parse(bytes) else {
                continue
            }
            body(package)
        }
    }

    /// The plain values at the outermost level of the file, which is all that is needed of YAML.
    static func parse(_ bytes: [UInt8]) -> Package? {
        var fields: [String: String] = [:]
        bytes.forEachLine { line in
            guard let first = line.first, first != Byte.space, first != UInt8(ascii: "#"),
                let (key, value) = line.cut(at: Byte.colon)
            else { return }
            var text = value.trimmed
            let quotes = [UInt8(ascii: "'"), UInt8(ascii: "\"")]
            if text.count >= 2, let quote = text.first, quotes.contains(quote), text.last == quote {
                text = text.dropFirst().dropLast()
            }
            fields[key.text] = text.text
        }
        guard let name = fields["name"], !name.isEmpty else { return nil }
        return Package(
            name: name, version: fields["version"] ?? "", architecture: "", description: fields["summary"] ?? "",
            manager: .snap)
    }
}

/// Flatpak's applications: a folder for each, in which `current` leads to ARCHITECTURE/BRANCH and holds `active`. The
/// branch stands for the version, which Flatpak itself does not keep.
enum FlatpakDatabase {
    static func forEach(_ roots: HostRoots, _ body: (Package) -> Void) throws(SystemError) {
        let folder = roots.top.appending("var/lib/flatpak/app")
        for name in try Files.names(in: folder) {
            guard let target = folder.appending(name).appending("current").linkTarget,
                let branch = target.components.last?.string,
                let architecture = target.components.dropLast().last?.string
            else { continue }
            body(
                Package(
                    name: name.string, version: branch, architecture: architecture, description: "",
                    manager: .flatpak))
        }
    }
}
