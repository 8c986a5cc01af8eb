import Glibc
import SystemFiles
import SystemPackage
import Testing

@testable import Confinement

@Suite("Users")
struct UserAccountTests {
    @Test("A user is found by name and by number, with the primary group among the groups")
    func found() throws {
        let root = try #require(UserAccount(named: "root"))
        #expect(root.userID == 0 && root.groupID == 0 && root.groups.contains(0))
        #expect(UserAccount(named: "0") == root)
        let other = try #require(UserAccount(named: "nobody"))
        #expect(other.userID != 0 && other.groups.contains(other.groupID))
    }

    @Test("Who is not there is nobody", arguments: ["", "surely-nobody-of-this-name", "4000000000", "-1", "a\0b"])
    func missing(name: String) {
        #expect(UserAccount(named: name) == nil)
    }

    @Test("Root is not given up while other threads run, which would keep it")
    func threads() throws {
        let account = try #require(UserAccount(named: "nobody"))
        #expect(throws: SystemError.self) { try PrivilegeDrop(to: account).perform(tasks: "/proc") }
        #expect(getuid() == geteuid())
    }
}
