import HostProbes
import SystemPackage

/// The trees beside the tests, each the part of a host that the probes look at.
enum Fixture {
    static let folder = FilePath(#filePath).removingLastComponent().appending("Fixtures")

    /// Debian 12 with systemd, users of every kind and a hidden /proc.
    static let debian = HostRoots(top: folder.appending("debian12"))
    /// Like Red Hat Enterprise Linux 9.
    static let redHat = HostRoots(top: folder.appending("rhel9"))
    /// Like Alpine Linux: OpenRC, apk, no swap, an old kernel.
    static let alpine = HostRoots(top: folder.appending("alpine"))
    /// Like Arch Linux.
    static let arch = HostRoots(top: folder.appending("arch"))
    /// An ARM server, of which the processors alone.
    static let arm = HostRoots(top: folder.appending("arm64"))
    /// A container with a limit of memory, control groups of the second version.
    static let container = HostRoots(top: folder.appending("container"))
    /// A container with a limit of memory, control groups of the first version.
    static let oldContainer = HostRoots(top: folder.appending("container-v1"))
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

func slice(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }
