internal import CConfinement
internal import Glibc
internal import Synchronization
public import SystemFiles
public import SystemPackage

/// Keeps the calling thread, and the threads and processes that it makes later, from writing elsewhere than in some places
/// (Landlock, landlock(7)).
///
/// Writing is: to open a file for it, to make, remove, rename, link or cut one. What is open already stays so.
public enum WriteRestriction {
    /// Kernels before 5.19 let nobody who is restricted rename from one folder into another, which the spool must.
    static let oldestVersion: Int32 = 2

    /// What has a meaning in folders alone; the numbers are bits of linux/landlock.h.
    private static let folderRights: [UInt64] = [
        4,  // remove a folder
        5,  // remove a file
        7,  // make a folder
        8,  // make a file
        9,  // make a socket
        10,  // make a FIFO
        12,  // make a link
        13,  // rename or link from or to another folder
    ]
    /// Devices, which nobody may make.
    private static let deviceRights: [UInt64] = [6, 11]
    private static let writeRight: UInt64 = 1
    private static let cutRight: UInt64 = 14

    /// Restricts.
    ///
    /// - Parameter places: Files and folders that can be written, with all below them; what is not there is passed over.
    /// - Throws: ``SystemError``; `ENOSYS` or `EOPNOTSUPP` where the kernel cannot do it, or is too old.
    public static func begin(allowing places: [FilePath]) throws(SystemError) {
        let version = try systemCall("restrict", "writing") { confinement_write_restriction_version() }
        guard version >= oldestVersion else { throw SystemError("restrict", "writing", .notSupported) }
        let cut = version >= 3 ? [cutRight] : []
        let ofFile = bits([writeRight] + cut)
        let ofFolder = ofFile | bits(folderRights)
        let all = ofFolder | bits(deviceRights)
        let rules = try systemCall("restrict", "writing") { confinement_make_write_rules(all) }
        defer { close(rules) }
        for place in places {
            do throws(SystemError) {
                try allow(place, rules, ofFile: ofFile, ofFolder: ofFolder)
            } catch {
                if error.code != .noSuchFileOrDirectory { throw error }
            }
        }
        do throws(SystemError) {
            try restrict(rules)
        } catch {
            // Without CAP_SYS_ADMIN.
            guard error.code == .notPermitted else { throw error }
            try systemCall("forbid", "new privileges") { confinement_no_new_privileges() }
            try restrict(rules)
        }
    }

    private static func restrict(_ rules: Int32) throws(SystemError) {
        try systemCall("restrict", "writing") { confinement_restrict_writing(rules) }
    }

    private static func allow(
        _ place: FilePath, _ rules: Int32, ofFile: UInt64, ofFolder: UInt64
    ) throws(SystemError) {
        let path = try systemCall("open", place.string) {
            place.withPlatformString { confinement_open_path($0) }
        }
        defer { close(path) }
        let isFolder = try Files.status(place).type == .directory
        try systemCall("allow writing to", place.string) {
            confinement_allow_writing(rules, path, isFolder ? ofFolder : ofFile)
        }
    }

    private static func bits(_ numbers: [UInt64]) -> UInt64 { numbers.reduce(0) { $0 | 1 << $1 } }
}
