import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@Suite("The inventory by hand, and what a user cannot see")
struct InventoryCommandTests {
    private func run(_ words: String...) async -> (status: Int32, text: String, complaint: String) {
        let result = await AgentUnderTest.run(AgentUnderTest.program, words)
        return (result.status, result.text, result.complaint)
    }

    @Test("As a table, as JSON and as XML it says the same")
    func forms() async throws {
        let table = await run("inventory", "users_all")
        #expect(table.status == 0)
        let lines = table.text.split(separator: "\n")
        #expect(lines.first?.hasPrefix("Users all (") == true)
        #expect(lines.count > 2 && lines[1].contains("password state"))
        let passwd = await AgentUnderTest.run("/usr/bin/getent", ["passwd"])
        let users = passwd.text.split(separator: "\n").compactMap { $0.split(separator: ":").first.map(String.init) }
        let json = await run("inventory", "--format", "json", "users_all")
        let names = await AgentUnderTest.run(
            "/usr/bin/python3",
            [
                "-c", "import json,sys; print('\\n'.join(r['name'] for r in json.loads(sys.argv[1])['users_all']))",
                json.text,
            ])
        #expect(Set(names.text.split(separator: "\n").map(String.init)) == Set(users))
        let xml = await run("inventory", "--format", "xml", "users_all")
        #expect(xml.text.contains("<inventory>") && xml.text.contains("<name><![CDATA[Users all]]></name>"))
        #expect(lines.count == users.count + 2)
    }

    @Test("A part that there is not is wrong usage")
    func unknownPart() async {
        let result = await run("inventory", "nothing")
        #expect(result.status == 2)
        #expect(result.complaint.contains("There is no part 'nothing'"))
    }

    @Test("Root sees more than an ordinary user, who is told what would help")
    func privileges() async {
        let own = await run("explain-privileges")
        #expect(own.status == 0)
        guard geteuid() == 0 else { return }
        #expect(own.text.contains("seen: the password states of users\n"))
        let copy = "/tmp/pandora-agent-\(getpid())"
        defer { unlink(copy) }
        let other = await AgentUnderTest.run(
            "/bin/sh",
            [
                "-c",
                "cp '\(AgentUnderTest.program)' '\(copy)' && chmod 755 '\(copy)' && exec setpriv --reuid=65534 "
                    + "--regid=65534 --clear-groups '\(copy)' explain-privileges",
            ])
        #expect(other.status == 0)
        let line = other.text.split(separator: "\n").first { $0.contains("the password states of users") }
        #expect(line?.hasPrefix("not seen: ") == true)
        #expect(line?.hasSuffix("group shadow or capability CAP_DAC_READ_SEARCH would allow it") == true)
    }
}
