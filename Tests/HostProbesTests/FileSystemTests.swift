import Synchronization
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import HostProbes

@Suite("File systems")
struct FileSystemTests {
    @Test("Mounts are read with their escapes undone")
    func parse() throws {
        let mounts = try Mount.all(Fixture.debian)
        #expect(mounts.count == 9)
        let disk = try #require(mounts.first { $0.device == "8:17" })
        #expect(disk.path == "/srv/data disk")
        #expect(disk.source == "/dev/sdb1")
        #expect(disk.type == "xfs")
        #expect(disk.fileSystemOptions == ["rw", "attr2"])
        #expect(Mount.unescaped(slice(#"a\040b\134c\011\12"#)).text == "a b\\c\t\\12")
        #expect(Mount.unescaped(slice(#"\777\"#)).text == #"\777\"#)
    }

    @Test("Real file systems are those that can run full, each once and at its own root")
    func real() throws {
        let real = Mount.real(among: try Mount.all(Fixture.debian))
        #expect(real.map(\.path) == ["/", "/srv/data disk", "/mnt/nas"])
        #expect(real.map(\.isRemote) == [false, false, true])
    }

    @Test("A mount over another hides it, an overlay is real as the root only, and a container's file of names is not")
    func hiding() {
        let mounts = Mount.parse(
            bytes(
                """
                1 0 0:1 / / rw - rootfs none rw
                2 1 0:2 / / rw - overlay overlay rw
                3 2 0:3 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw
                4 2 8:1 /etc/hosts /etc/hosts rw - ext4 /dev/sda1 rw
                broken line
                5 2 8:1 / rw
                """))
        #expect(Mount.real(among: mounts).map(\.path) == ["/"])
        #expect(Mount.holding("/etc/hosts/x", among: mounts)?.device == "8:1")
        #expect(Mount.holding("/etc/hostsx", among: mounts)?.device == "0:2")
    }

    @Test("Space is counted as df does: what is reserved for root is neither used nor available")
    func space() {
        let space = FileSystemSpace(total: 1000, free: 300, available: 250)
        #expect(space.used == 700)
        #expect(space.usedPercent == 700.0 / 950 * 100)
        #expect(FileSystemSpace(total: 0, free: 0, available: 0).usedPercent == nil)
        #expect(FileSystemSpace(total: 10, free: .max, available: .max).available == 10)
    }

    @Test("A file system that does not answer costs its own answer, and is not asked again while it blocks")
    func deadMount() throws {
        let (blocking, release) = try FileDescriptor.pipe()
        let asked = Mutex<[FilePath]>([])
        let spaces = FileSystemSpaces { path in
            asked.withLock { $0.append(path) }
            if path == "/dead" || path == "/stuck" {
                _ = try? withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { try blocking.read(into: $0) }
            }
            return .success(FileSystemSpace(total: 10, free: 5, available: 5))
        }
        defer { try? release.close() }
        func mount(_ path: FilePath, _ type: String) -> Mount {
            Mount(
                device: path.string, root: "/", path: path, options: [], type: type, source: "x", fileSystemOptions: [])
        }
        let mounts = [
            mount("/", "ext4"), mount("/stuck", "ext4"), mount("/after", "ext4"), mount("/dead", "nfs"),
            mount("/nas", "nfs4"),
        ]
        let first = spaces.spaces(of: mounts, timeLimit: .milliseconds(300))
        #expect(first.count == 5)
        for path: FilePath in ["/", "/after", "/nas"] { #expect(throws: Never.self) { try first[path]?.get() } }
        for path: FilePath in ["/stuck", "/dead"] {
            #expect(throws: Limitation.self) { try first[path]?.get() }
        }
        _ = spaces.spaces(of: mounts, timeLimit: .milliseconds(300))
        #expect(asked.withLock { asked in asked.filter { $0 == "/dead" }.count } == 1)
    }

    @Test("The space of a path that is not there says so")
    func missing() {
        #expect(throws: Limitation.self) { try FileSystemSpaces().space(of: "/nonexistent/path") }
    }

    @Test("200 mounts are read, each once")
    func manyMounts() {
        let lines = (0..<200).map { "\($0) 1 8:\($0) / /mnt/\($0) rw,relatime shared:\($0) - ext4 /dev/sd\($0) rw" }
        let mounts = Mount.parse(bytes(lines.joined(separator: "\n")))
        #expect(Mount.real(among: mounts).count == 200)
        let spaces = FileSystemSpaces { _ in .success(FileSystemSpace(total: 2, free: 1, available: 1)) }
        #expect(spaces.spaces(of: mounts).count == 200)
    }
}
