internal import SystemFiles
internal import SystemPackage

extension AuditedHost {
    /// Who can change a file, by its own mode or by that of a folder above it, as a phrase such as `root` or
    /// `root; /etc/ssh can be written by everybody`; `nil` where that is not visible.
    func whoCanChange(_ file: FilePath) -> String? {
        guard let places = try? Files.foreignWriteAccess(to: path(file), trusting: 0) else { return nil }
        return (["root"] + places.map(\.description)).joined(separator: "; ")
    }
}
