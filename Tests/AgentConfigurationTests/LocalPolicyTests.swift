import Confinement
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import AgentConfiguration

@Suite struct LocalPolicyTests {
    private func policy(_ local: String) throws -> LocalPolicy {
        try load("", local: local).policy
    }

    @Test func `A general token of local.conf wins, wherever it stands`() throws {
        let configuration = try load(
            "interval 60\nserver_ip a\ncustom_field1_name main\nmacroM main\n",
            local: "interval 120\ncustom_field1_name local\nmacroM local\nmodule_plugin M\n")
        #expect(configuration.general.interval == .seconds(120))
        #expect(configuration.general.primary.address == "a")
        #expect(configuration.general.customFields.map(\.name) == ["local"])
        #expect(configuration.modules.map(\.source) == [.plugin("local")])
    }

    @Test func `The second server follows what local.conf says of the first`() throws {
        let settings = try load("server_ip a\nsecondary_server_port 5\n", local: "server_ip b\n").general
        #expect(settings.secondary.address == "b")
        #expect(settings.secondary.port == 5)
    }

    @Test func `Modules of local.conf stand beside the others`() throws {
        let configuration = try load(
            "module_plugin a\n", local: "module_begin\nmodule_name b\nmodule_exec b\nmodule_end\n")
        #expect(configuration.modules.map(\.source) == [.plugin("a"), .command("b")])
    }

    @Test func `Tokens of the policy`() throws {
        let policy = try policy(
            """
            pin server_ip  server_port
            pin interval
            remote_may modules general
            allow_command /opt/checks/*
            deny_command *
            plugin_manifest /etc/pandora/plugins.sha256
            require_signature /etc/pandora/key.pem
            strict_permissions 0
            """)
        #expect(policy.pinnedTokens == ["server_ip", "server_port", "interval"])
        #expect(policy.remoteMay == [.modules, .general])
        #expect(
            policy.commandRules == [
                CommandRule(allows: true, pattern: "/opt/checks/*"), CommandRule(allows: false, pattern: "*"),
            ])
        #expect(policy.pluginManifest == "/etc/pandora/plugins.sha256")
        #expect(policy.signatureKey == "/etc/pandora/key.pem")
        #expect(policy.strictPermissions == false)
        #expect(!policy.isReadOnly)
        #expect(try self.policy("") == LocalPolicy())
        #expect(LocalPolicy().remoteMay == Set(RemoteScope.allCases))
        #expect(LocalPolicy().strictPermissions == nil)
    }

    @Test func `Tokens of the policy do not count in the main file, and include not in local.conf`() throws {
        let configuration = try load("deny_command *\npin interval\n", local: "include x\nintervall 1\n")
        #expect(configuration.policy == LocalPolicy())
        #expect(
            configuration.findings == [
                "1:1: error: 'deny_command' counts in local.conf alone",
                "2:1: error: 'pin' counts in local.conf alone",
                "local.conf:1:1: error: 'include' has no effect in local.conf: move it to \(MemoryFiles.main)",
                "local.conf:2:1: error: unknown token 'intervall': did you mean 'interval'?",
            ])
    }

    @Test func `A wrong value of the policy closes rather than opens`() throws {
        let configuration = try load(
            "", local: "read_only ture\nremote_may modlues\nstrict_permissions x\ndeny_command\n")
        #expect(configuration.policy.isReadOnly)
        #expect(configuration.policy.remoteMay == [])
        #expect(configuration.policy.strictPermissions == true)
        #expect(!configuration.policy.allows(command: "true"))
        #expect(
            configuration.findings == [
                "local.conf:1:11: error: read_only: 'ture', expected 0 or 1; the agent is read-only",
                "local.conf:2:12: error: remote_may: 'modlues', expected any of modules, commands, plugins, collections, "
                    + "general; a server may change nothing",
                "local.conf:3:20: error: strict_permissions: 'x', expected 0 or 1; it counts as 1",
                "local.conf:4:13: error: deny_command: no value, expected a value; no command runs",
            ])
        #expect(try policy("require_signature\n").remoteMay == [])
        #expect(try policy("remote_may\n").remoteMay == [])
    }

    @Test func `A local.conf that is there and cannot be read makes the configuration unusable`() throws {
        let loader = ConfigurationLoader(
            read: { path in
                switch path.lastComponent?.string {
                case "local.conf": throw SystemError("open", path.string, .permissionDenied)
                case "read_only": throw SystemError("open", path.string, .noSuchFileOrDirectory)
                default: return []
                }
            }, expand: { [$0] })
        let error = #expect(throws: ConfigurationUnusable.self) {
            try loader.load(main: "/c/pandora_agent.conf", local: "/c/local.conf")
        }
        #expect(error?.description.contains("cannot open /c/local.conf: Permission denied") == true)
        #expect(throws: Never.self) { try loader.load(main: "/c/pandora_agent.conf") }
    }
}

@Suite struct ReadOnlyTests {
    @Test func `It is on if any place says so, and each place is named`() throws {
        var files = MemoryFiles(main: "read_only 1\n", local: "\nread_only 1\n")
        files.files["/etc/pandora/read_only"] = Array("change freeze\nsecond line\n".utf8)
        let configuration = try files.load(readOnlyOption: true)
        #expect(
            configuration.policy.readOnly.map(\.description) == [
                "read_only 1 at /etc/pandora/pandora_agent.conf:1:1", "read_only 1 at /etc/pandora/local.conf:2:1",
                "file /etc/pandora/read_only (change freeze)", "option --read-only",
            ])
    }

    @Test func `Each place alone is enough, and none clears another`() throws {
        #expect(try load("read_only 1\n", local: "read_only 0\n").policy.isReadOnly)
        #expect(try load("read_only 0\n", local: "read_only 1\n").policy.isReadOnly)
        #expect(try load("read_only 1\nread_only 0\n").policy.isReadOnly)
        #expect(try !load("read_only 0\n", local: "read_only 0\n").policy.isReadOnly)
        #expect(try MemoryFiles(main: "").load(readOnlyOption: true).policy.isReadOnly)
        var files = MemoryFiles(main: "read_only 0\n")
        files.files["/etc/pandora/read_only"] = []
        #expect(try files.load().policy.readOnly.map(\.description) == ["file /etc/pandora/read_only"])
    }

    @Test func `The file counts by being there, readable or not`() throws {
        try withTemporaryFolder { folder in
            let main = folder.appending("pandora_agent.conf")
            try Files.create(main, [])
            #expect(try !ConfigurationLoader().load(main: main).policy.isReadOnly)
            try Files.makeFolder(folder.appending("read_only"))
            #expect(try ConfigurationLoader().load(main: main).policy.isReadOnly)
        }
    }
}

@Suite struct CommandRuleTests {
    private func allowed(_ rules: String, _ commands: [String]) throws -> [Bool] {
        let policy = try load("", local: rules).policy
        return commands.map { policy.allows(command: $0) }
    }

    @Test func `Without a rule every command may run`() throws {
        #expect(try allowed("", ["rm -rf /"]) == [true])
    }

    @Test func `The first rule that matches decides`() throws {
        #expect(
            try allowed("allow_command df *\ndeny_command d*\n", ["df /", "du /", "df", "ls"]) == [
                true, false, false, true,
            ])
    }

    @Test func `Where the last rule allows, what matches nothing is denied`() throws {
        #expect(
            try allowed("deny_command *;*\nallow_command df*\n", ["df /", "df /; id", "id"]) == [true, false, false])
    }

    @Test func `A pattern is about the whole text, slashes and leading dots included`() throws {
        #expect(
            try allowed("deny_command *passwd*\n", ["cat /etc/passwd", "/bin/passwd", ".passwd", "cat /etc/shadow"])
                == [
                    false, false, false, true,
                ])
        #expect(try allowed("allow_command df\n", ["df", "df ", "/bin/df"]) == [true, false, false])
        #expect(try allowed("deny_command [dl]?\n", ["df", "ls", "ps"]) == [false, false, true])
    }
}

/// What local.conf says of the process itself.
@Suite struct ConfinementPolicyTests {
    private func policy(_ local: String) throws -> (LocalPolicy, [String]) {
        let configuration = try load("", local: local)
        return (configuration.policy, configuration.diagnostics.map { "\($0)" })
    }

    @Test func `By default nothing is kept, listening is refused, writing is restricted, commands are not limited`()
        throws
    {
        let (policy, diagnostics) = try policy("")
        #expect(policy.keptCapabilities.isEmpty && policy.refusesListening && policy.restrictsWriting)
        #expect(policy.commandLimits.isEmpty && diagnostics.isEmpty)
    }

    @Test func `Each can be said otherwise`() throws {
        let (policy, diagnostics) = try policy(
            """
            keep_capabilities CAP_DAC_READ_SEARCH
            deny_listen 0
            confine_writes 0
            command_limits memory=512M cpu=60
            command_limits files=20 file_size=1G processes=3 cpu=5K
            """)
        #expect(policy.keptCapabilities == [.readEverything])
        #expect(!policy.refusesListening && !policy.restrictsWriting)
        #expect(
            policy.commandLimits == [
                .memory: 512 << 20, .cpu: 5 << 10, .files: 20, .fileSize: 1 << 30, .processes: 3,
            ])
        #expect(diagnostics.isEmpty)
    }

    @Test(arguments: [
        "", "memory", "memory=", "memory=0", "memory=-1", "memory=1T", "memory=99999999999999999999", "x=1",
        "memory=18446744073709551615K", "memory=1 cpu",
    ])
    func `Limits that cannot be read let no command run`(_ text: String) throws {
        let (policy, diagnostics) = try policy("allow_command *\ncommand_limits \(text)")
        #expect(!policy.allows(command: "true"))
        #expect(diagnostics.count == 1 && diagnostics.first?.contains("no command runs") == true)
    }

    @Test func `What cannot be read keeps what is stricter`() throws {
        let (policy, diagnostics) = try policy("keep_capabilities all\ndeny_listen maybe\nconfine_writes -\n")
        #expect(policy.keptCapabilities.isEmpty && policy.refusesListening && policy.restrictsWriting)
        #expect(diagnostics.count == 3)
    }
}
