internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// Files of a host that match a path with wildcards (glob(7)), sorted by their paths' bytes.
enum HostGlob {
    /// More names than a configuration can mean.
    private static let limit = 4096

    /// Expands a pattern.
    ///
    /// - Parameter pattern: An absolute path of the host; `*`, `?` and `[…]` match neither `/` nor a leading dot, and a
    ///   backslash takes their meaning away.
    /// - Returns: The paths on the host, and the first folder on the way that this user cannot list.
    static func files(_ pattern: FilePath, on host: AuditedHost) -> (files: [FilePath], unreadable: FilePath?) {
        var places: [FilePath] = ["/"]
        var unreadable: FilePath?
        for component in pattern.components {
            let part = component.string
            var next: [FilePath] = []
            for place in places {
                guard part.utf8.contains(where: { "*?[".utf8.contains($0) }) else {
                    let path = place.appending(part.filter { $0 != "\\" })
                    do throws(SystemError) {
                        _ = try Files.status(host.path(path), followingLinks: false)
                        next.append(path)
                    } catch {
                        if error.code == .permissionDenied { unreadable = unreadable ?? place }
                    }
                    continue
                }
                do throws(SystemError) {
                    for name in try Files.names(in: host.path(place)) where next.count < limit {
                        if fnmatch(part, name.string, FNM_PERIOD) == 0 { next.append(place.appending(name)) }
                    }
                } catch {
                    if error.code == .permissionDenied { unreadable = unreadable ?? place }
                }
            }
            places = next
        }
        return (places.sorted { $0.string.utf8.lexicographicallyPrecedes($1.string.utf8) }, unreadable)
    }
}
