import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import RemoteManagement

@Suite("A server whose folders are on this host")
struct FolderRemoteServerTests {
    @Test(
        "What root puts there becomes the named user's; what nobody may give away, or there is no user for, stays as it is",
        arguments: ["daemon", "no such user", ""])
    func owner(name: String) throws {
        try withTemporaryFolder { folder in
            var server = FolderRemoteServer(
                configurations: folder, digests: folder, collections: folder, owner: name)
            try server.send(Array("x".utf8), as: .configuration(agent: "x"))
            let file = try #require(try Files.names(in: folder).first)
            let status = try Files.status(folder.appending(file))
            let user = getpwnam(name)?.pointee
            let isGiven = geteuid() == 0 && user != nil
            #expect(status.userID.rawValue == (isGiven ? user?.pw_uid : geteuid()))
            #expect(status.groupID.rawValue == (isGiven ? user?.pw_gid : getegid()))
            #expect(status.permissions == [.ownerReadWrite, .groupRead])
        }
    }
}
