import SystemFiles
import SystemPackage
import TestSupport
import Testing

@testable import AgentConfiguration

@Suite struct IncludeTests {
    @Test func `Modules of included files come before those of the main file, in the order of the pattern`() throws {
        var files = MemoryFiles(
            main: "module_plugin main\ninclude conf.d/*.conf\nfile_collection m\n",
            others: [
                "/etc/pandora/conf.d/a.conf": "module_plugin a\nfile_collection c\n",
                "/etc/pandora/conf.d/b.conf": "module_plugin b\ninclude ../deep.conf\n",
                "/etc/pandora/deep.conf": "module_plugin deep\n",
            ])
        files.globs["/etc/pandora/conf.d/*.conf"] = ["/etc/pandora/conf.d/a.conf", "/etc/pandora/conf.d/b.conf"]
        let configuration = try files.load()
        #expect(configuration.modules.map(\.source) == ["a", "deep", "b", "main"].map { .plugin($0) })
        #expect(configuration.general.fileCollections == ["c", "m"])
        #expect(configuration.findings.isEmpty)
    }

    @Test func `General tokens of an included file are not used, and named`() throws {
        let configuration = try MemoryFiles(
            main: "include more.conf\n",
            others: ["/etc/pandora/more.conf": "interval 60\nread_only 1\nmacroA b\nnonsense\nmodule_plugin $A\n"]
        ).load()
        #expect(configuration.general == GeneralSettings())
        #expect(!configuration.policy.isReadOnly)
        #expect(
            configuration.findings == [
                "more.conf:1:1: warning: 'interval' has no effect in an included file: move it to \(MemoryFiles.main)",
                "more.conf:2:1: warning: 'read_only' has no effect in an included file: move it to \(MemoryFiles.main)",
                "more.conf:3:1: warning: 'macroA' has no effect in an included file: move it to \(MemoryFiles.main)",
                "more.conf:4:1: error: unknown token 'nonsense'",
            ])
    }

    @Test func `An include that matches nothing is named, and so is one that cannot be read`() throws {
        var files = MemoryFiles(main: "include none*.conf\ninclude gone.conf\ninterval 60\n")
        files.globs["/etc/pandora/gone.conf"] = ["/etc/pandora/gone.conf"]
        let configuration = try files.load()
        #expect(configuration.general.interval == .seconds(60))
        #expect(
            configuration.findings == [
                "1:1: warning: no file matches '/etc/pandora/none*.conf'",
                "2:1: error: '/etc/pandora/gone.conf' is left out: cannot open /etc/pandora/gone.conf: No such file or "
                    + "directory",
            ])
    }

    @Test func `A file that includes itself, or its includer, is read once`() throws {
        let configuration = try MemoryFiles(
            main: "module_plugin m\ninclude ./pandora_agent.conf\ninclude a.conf\n",
            others: [
                "/etc/pandora/a.conf": "module_plugin a\ninclude b.conf\n",
                "/etc/pandora/b.conf": "module_plugin b\ninclude ../pandora/a.conf\n",
            ]
        ).load()
        #expect(configuration.modules.map(\.source) == ["b", "a", "m"].map { .plugin($0) })
        #expect(
            configuration.findings == [
                "2:1: error: '/etc/pandora/pandora_agent.conf' is left out: it includes itself",
                "b.conf:2:1: error: '/etc/pandora/a.conf' is left out: it includes itself",
            ])
    }

    @Test func `Files that include each other without end are cut off`() throws {
        let main: FilePath = "/c/main.conf"
        let endless = try ConfigurationLoader(
            read: { path in
                if path.lastComponent == "read_only" { throw SystemError("open", path.string, .noSuchFileOrDirectory) }
                return Array("module_plugin x\ninclude down/next.conf\n".utf8)
            }, expand: { [$0] }
        ).load(main: main)
        #expect(endless.modules.count == ConfigurationLoader.deepestInclude + 1)
        #expect(endless.findings.count == 1)
        #expect(endless.findings.first?.contains("include each other more than 16 deep") == true)
        let many = try ConfigurationLoader(
            read: { path in
                if path.lastComponent == "read_only" { throw SystemError("open", path.string, .noSuchFileOrDirectory) }
                return Array((path == main ? "include *\n" : "module_plugin x\n").utf8)
            }, expand: { pattern in (0..<1500).map { pattern.removingLastComponent().appending("\($0)") } }
        ).load(main: main)
        #expect(many.modules.count == ConfigurationLoader.mostIncludes)
        #expect(many.findings.count == 500)
    }

    @Test func `Real files: patterns are expanded beside the file that includes, and a folder is no file`() throws {
        try withTemporaryFolder { folder in
            try Files.makeFolder(folder.appending("d"))
            try Files.makeFolder(folder.appending("d/z.conf"))
            try Files.create(folder.appending("d/b.conf"), "module_plugin b\n".utf8)
            try Files.create(folder.appending("d/a.conf"), "module_plugin a\n".utf8)
            let main = folder.appending("pandora_agent.conf")
            try Files.create(main, "include d/*.conf\ninclude \(folder)/d/[ab].conf\n".utf8)
            let configuration = try ConfigurationLoader().load(main: main, local: folder.appending("local.conf"))
            #expect(configuration.modules.map(\.source) == ["a", "b", "a", "b"].map { .plugin($0) })
            #expect(
                configuration.findings == [
                    "1:1: error: '\(folder)/d/z.conf' is left out: \(folder)/d/z.conf is not a regular file"
                ])
            #expect(configuration.folder == folder)
        }
    }

    @Test func `A main file that cannot be read is said to be`() throws {
        let error = #expect(throws: ConfigurationUnusable.self) {
            try ConfigurationLoader().load(main: "/nonexistent/pandora_agent.conf")
        }
        #expect(
            error?.description
                == "the configuration cannot be used: cannot open /nonexistent/pandora_agent.conf: No such file or "
                + "directory")
    }
}

@Suite struct MacroTests {
    @Test func `A macro is replaced in every setting of every module, also in names, conditions and types`() throws {
        let configuration = try load(
            """
            module_begin
            module_name Disk _disk_
            module_type _type_
            module_exec df _disk_ | grep _disk_
            module_description on _disk_
            module_interval _n_
            module_crontab 0 _n_ * * *
            module_precondition > _n_ test _disk_
            module_condition (_n_, 9) echo _disk_
            module_intensive_condition = _n_
            module_save V_n_
            module_end
            macro_disk_ /srv/data
            macro_type_ generic_data_string
            macro_n_ 3
            """)
        let module = try #require(configuration.modules.first)
        #expect(module.name == "Disk /srv/data")
        #expect(module.type.name == "generic_data_string")
        #expect(module.source == .command("df /srv/data | grep /srv/data"))
        #expect(module.attributes.map { [$0.element, $0.text] } == [["description", "on /srv/data"]])
        #expect(module.schedule.everyCycles == 3)
        #expect(module.schedule.crontab?.text == "0 3 * * *")
        #expect(module.preconditions == [CommandCondition(condition: .greater(3), command: "test /srv/data")])
        #expect(module.conditions == [CommandCondition(condition: .between(3, 9), command: "echo /srv/data")])
        #expect(module.intensiveConditions == [.equal(3)])
        #expect(module.savesAs == "V3")
        #expect(configuration.findings.isEmpty)
    }

    @Test func `A macro of a module counts there alone, and wins`() throws {
        let configuration = try load(
            """
            macroWHO all
            module_begin
            module_name a WHO
            module_exec true
            module_macroWHO one
            module_end
            module_begin
            module_name b WHO
            module_exec true
            module_end
            """)
        #expect(configuration.modules.map(\.name) == ["a one", "b all"])
    }

    @Test func `The longest name wins, and what was put in is not searched again`() throws {
        let configuration = try load(
            "macroA [AB]\nmacroAB {A}\nmacroABC x\nmodule_begin\nmodule_name A AB ABC ABCA\nmodule_exec A\nmodule_end\n"
        )
        #expect(configuration.modules.first?.name == "[AB] {A} x x[AB]")
        #expect(configuration.modules.first?.source == .command("[AB]"))
    }

    @Test func `A macro without a name is an unknown token, and one without a value removes its name`() throws {
        let configuration = try load(
            "macro x\nmacroGONE\nmodule_begin\nmodule_name aGONEb\nmodule_exec t\nmodule_end\n")
        #expect(configuration.modules.first?.name == "ab")
        #expect(configuration.findings.first?.hasPrefix("1:1: error: unknown token 'macro'") == true)
    }
}
