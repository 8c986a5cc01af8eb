import AgentConfiguration
import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import RemoteManagement

@Suite("What a server may change")
struct ServerRightsTests {
    /// Why a change of the main file is refused under a local.conf.
    private func refusals(from old: String, to new: String, local: String = "") throws -> [String] {
        try withTemporaryFolder { folder in
            let main = folder.appending("pandora_agent.conf")
            try Files.create(main, old.utf8)
            try Files.create(folder.appending("local.conf"), local.utf8)
            try Files.create(folder.appending("more.inc"), module("elsewhere", "module_exec _CMD_").utf8)
            func load(_ text: String) throws -> Configuration {
                try ConfigurationLoader().load(
                    main: main, contents: Array(text.utf8), local: folder.appending("local.conf"))
            }
            let current = try load(old)
            let (before, after) = (Array(old.utf8), Array(new.utf8))
            let changes =
                current.tokenChanges(from: before, to: after)
                + current.moduleChanges(from: before, to: try load(new), from: after)
            return ServerRights.refusals(of: changes, under: current.policy)
        }
    }

    private func module(_ name: String, _ lines: String...) -> String {
        "module_begin\nmodule_name \(name)\n" + lines.map { "\($0)\n" }.joined() + "module_end\n"
    }

    @Test("Every token is denied that the table does not list, whether it is new, changed or gone")
    func tokens() throws {
        let values = ["secondary_mode": ("never", "always"), "agent_mode": ("learn", "no-learn")]
        for token in GeneralToken.all.map(\.name) {
            let name = token.replacing("*", with: "X").replacing("fieldN", with: "field1")
            let (one, other) = values[token] ?? ("1", "2")
            let isAllowed = ServerRights.tokens[token] != nil
            for (old, new) in [("", "\(name) \(one)"), ("\(name) \(one)", ""), ("\(name) \(one)", "\(name) \(other)")] {
                #expect(try refusals(from: old, to: new).isEmpty == isAllowed, "\(token): \(old) → \(new)")
            }
        }
        #expect(try refusals(from: "", to: "read_only 0") == ["it changes 'read_only', which no server may do"])
        #expect(try !refusals(from: "", to: "allow_command *").isEmpty)
    }

    @Test("Tokens of places, of identity and of protection are in no table")
    func missingTokens() {
        let missing = [
            "read_only", "include", "temporal", "logfile", "disable_logfile", "server_path", "server_path_conf",
            "transfer_mode", "server_opts", "server_ssl", "ssl_ca", "ssl_pin", "ssl_verify_name", "server_pwd",
            "debug", "logsize", "logrotate", "temporal_max_size", "temporal_max_files", "temporal_min_size",
            "pandora_user", "agent_name", "agent_name_cmd", "broker_agent", "ehorus_conf", "secondary_server_opts",
        ]
        for token in missing { #expect(ServerRights.tokens[token] == nil, "\(token)") }
        for token in ServerRights.tokens.keys { #expect(GeneralToken.all.contains { $0.name == token }, "\(token)") }
    }

    @Test("Each word of remote_may opens its part and no other")
    func scopes() throws {
        let base = module("a", "module_exec echo 1")
        let changes: [(scope: String, text: String)] = [
            ("modules", base + module("b", "module_freememory")),
            ("modules", base + "macroX 5\n"),
            ("modules", module("a", "module_exec echo 1", "module_interval 2")),
            ("general", base + "interval 60\n"),
            ("collections", base + "file_collection c\n"),
        ]
        for (scope, text) in changes {
            #expect(try refusals(from: base, to: text).isEmpty)
            for word in ["modules", "commands", "plugins", "collections", "general"] {
                let found = try refusals(from: base, to: text, local: "remote_may \(word)")
                #expect(found.isEmpty == (word == scope), "\(text) with \(word): \(found)")
            }
        }
        // A module that runs something new needs both.
        let command = base + module("b", "module_exec id")
        #expect(try refusals(from: base, to: command, local: "remote_may modules").count == 1)
        #expect(try refusals(from: base, to: command, local: "remote_may commands").count == 1)
        #expect(try refusals(from: base, to: command, local: "remote_may modules commands").isEmpty)
        let plugin = base + "module_plugin grep_log_module /etc/shadow X .*\n"
        #expect(try refusals(from: base, to: plugin, local: "remote_may modules commands").count == 1)
        #expect(try refusals(from: base, to: plugin, local: "remote_may modules plugins").isEmpty)
        #expect(try refusals(from: base, to: plugin, local: "remote_may x").count == 2)
    }

    @Test("A command gets in by no other door: preconditions, conditions, names, macros, saved values")
    func commands() throws {
        let base = module("a", "module_exec echo 1", "module_type generic_data")
        let doors = [
            module("a", "module_exec echo 1", "module_type generic_data", "module_precondition > 0 id"),
            module("a", "module_exec echo 1", "module_type generic_data", "module_condition > 0 id"),
            base + "agent_alias_cmd id\n", base + "gis_exec id\n",
            "macroecho id;\n" + base,
            module("a", "module_exec _X_", "module_macro_X_ id"),
            base + module("b", "module_exec echo 1", "module_save LD_PRELOAD"),
        ]
        for text in doors {
            let found = try refusals(from: base, to: text, local: "remote_may modules general plugins collections")
            #expect(!found.isEmpty, "\(text)")
        }
        // é in one character and in two is the same text, and another name for a shell.
        let accents = [
            module("a", "module_exec caf\u{E9}"), module("a", "module_exec caf\u{65}\u{301}"),
            module("a", "module_exec cafe"),
        ]
        for (before, after) in [(0, 1), (1, 0), (1, 2)] {
            let found = try refusals(
                from: accents[before], to: accents[after], local: "remote_may modules general plugins collections")
            #expect(!found.isEmpty, "\(before) to \(after)")
        }
        // The same command under another name is none that is new.
        #expect(
            try refusals(from: base, to: module("b", "module_exec echo 1"), local: "remote_may modules").isEmpty)
    }

    @Test("allow_command and deny_command hold for what a server adds; what runs already is not its doing")
    func rules() throws {
        let base = module("a", "module_exec rm -f /tmp/x")
        let local = "deny_command rm *\nallow_command grep *"
        #expect(try refusals(from: base, to: base + "interval 60\n", local: local).isEmpty)
        #expect(try refusals(from: base, to: base + module("b", "module_exec rm -r /"), local: local).count == 1)
        #expect(try refusals(from: base, to: base + module("b", "module_plugin id"), local: local).count == 1)
        #expect(try refusals(from: base, to: base + module("b", "module_exec grep x y"), local: local).isEmpty)
    }

    @Test("Pinned tokens keep their values, also those of modules, and also from tokens that would take their place")
    func pins() throws {
        let base = "interval 300\nagent_alias web\n" + module("a", "module_exec echo 1", "module_interval 2")
        let local = "pin interval agent_alias delayed_startup\npin module_interval"
        let changes = [
            base + "interval 60\n", base.replacing("interval 300\n", with: ""), base + "startup_delay 9\n",
            base + "agent_alias_cmd id\n", base.replacing("module_interval 2", with: "module_interval 3"),
            base + module("b", "module_exec echo 1", "module_interval 2"),
        ]
        for text in changes {
            let found = try refusals(from: base, to: text, local: local)
            #expect(found.contains { $0.contains("which local.conf pins") }, "\(text): \(found)")
        }
        #expect(try refusals(from: base, to: base + "group x\n", local: local).isEmpty)
    }

    @Test("Modules of included files and of local.conf stay as they are, whatever macros a server sets")
    func elsewhere() throws {
        let base = "include more.inc\n"
        let found = try refusals(from: base, to: base + "macro_CMD_ id\n")
        #expect(found.first == "it changes the module 'elsewhere' of another file, which no server may do")
        let local = module("l", "module_exec _CMD_")
        #expect(try !refusals(from: "", to: "macro_CMD_ id\n", local: local).isEmpty)
    }
}
