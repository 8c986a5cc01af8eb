import CommandRunner
import Glibc
import SystemFiles
import SystemPackage
import TestSupport
import Testing

/// A service that systemd starts as a user, with a capability, has it as setpriv(1) gives it here.
@Suite("Capabilities that a service manager gives")
struct AmbientCapabilityTests {
    @Test("The agent can read what the capability is for, and its commands cannot")
    func withheld() async throws {
        try #require(geteuid() == 0, "this test needs root")
        try await withTemporaryFolder { folder in
            try folder.changeMode(0o755)
            let secret = folder.appending("secret.log")
            try Files.create(secret, "line\n".utf8, permissions: [])
            let agent = try AgentUnderTest(
                in: folder,
                "module_plugin grep_log_module \(secret) lines .* --from-start\n"
                    + "module_begin\nmodule_name command\nmodule_type generic_data_string\n"
                    + "module_exec cat \(secret) 2>&1; true\nmodule_end\n")
            try agent.server.changeMode(0o777)
            try Files.makeFolder(agent.state)
            #expect(chown(agent.state.string, 65534, 65534) == 0)
            let run = await AgentUnderTest.run(
                "/usr/bin/setpriv",
                [
                    "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all,+dac_read_search",
                    "--ambient-caps=-all,+dac_read_search", AgentUnderTest.program.string,
                ] + agent.words(["run"]))
            #expect(run.status == 0, "\(run.complaint)")
            let received = try await agent.received()
            #expect(received.contains { $0.text == "line\n" })
            #expect(received.last { $0.name == "command" }?.text.contains("Permission denied") == true)
        }
    }
}
