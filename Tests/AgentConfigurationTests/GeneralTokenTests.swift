import Testing

@testable import AgentConfiguration

@Suite struct GeneralTokenTests {
    /// A row of the specification's table: a line, and what it sets.
    struct Row: Sendable, CustomTestStringConvertible {
        let line: String
        let value: @Sendable (GeneralSettings) -> String
        let initial: String
        let set: String
        var testDescription: String { line }

        init<Value>(
            _ line: String, _ initial: String, _ set: String,
            _ path: any KeyPath<GeneralSettings, Value> & Sendable
        ) {
            self.line = line
            self.initial = initial
            self.set = set
            value = { "\($0[keyPath: path])" }
        }
    }

    static let server: [Row] = [
        Row("server_ip 192.0.2.1", "localhost", "192.0.2.1", \.primary.address),
        Row("server_port 41122", "41121", "41122", \.primary.port),
        Row("server_path /in", "/var/spool/pandora/data_in", "/in", \.primary.path),
        Row("server_path_md5 digests", "md5", "digests", \.serverPathMD5),
        Row("server_path_conf c", "conf", "c", \.serverPathConfigurations),
        Row("server_path_zip z", "collections", "z", \.serverPathCollections),
        Row("server_path_ref r", "ref", "r", \.serverPathReferences),
        Row("transfer_mode local", "tentacle", "local", \.primary.transferMode),
        Row("transfer_mode SSH", "tentacle", "ssh", \.primary.transferMode),
        Row("transfer_mode ftp", "tentacle", "ftp", \.primary.transferMode),
        Row("transfer_mode_user www-data", "apache", "www-data", \.transferModeUser),
        Row("transfer_timeout 60", "30.0 seconds", "60.0 seconds", \.primary.transferTimeout),
        Row("server_user u", "pandora", "u", \.primary.user),
        Row("server_pwd secret", "(empty)", "(hidden)", \.primary.password),
        Row("server_ssl 1", "false", "true", \.primary.usesTLS),
        Row("server_ssl yes", "false", "true", \.primary.usesTLS),
        Row("server_opts -c -e 'a b'", "", "-c -e 'a b'", \.primary.options),
        Row("secondary_mode on_error", "never", "onError", \.secondaryMode),
        Row("secondary_mode always", "never", "always", \.secondaryMode),
        Row("secondary_server_ip other", "localhost", "other", \.secondary.address),
        Row("secondary_server_path /in2", "/var/spool/pandora/data_in", "/in2", \.secondary.path),
        Row("secondary_server_port 1", "41121", "1", \.secondary.port),
        Row("secondary_transfer_mode ftp", "tentacle", "ftp", \.secondary.transferMode),
        Row("secondary_transfer_timeout 5", "30.0 seconds", "5.0 seconds", \.secondary.transferTimeout),
        Row("secondary_server_user u2", "pandora", "u2", \.secondary.user),
        Row("secondary_server_pwd x", "(empty)", "(hidden)", \.secondary.password),
        Row("secondary_server_ssl 1", "false", "true", \.secondary.usesTLS),
        Row("secondary_server_opts -v", "", "-v", \.secondary.options),
    ]

    static let security: [Row] = [
        Row("ssl_cert /c.pem", "nil", "Optional(\"/c.pem\")", \.primary.security.certificate),
        Row("ssl_key /k.pem", "nil", "Optional(\"/k.pem\")", \.primary.security.key),
        Row("ssl_key_password_file /p", "nil", "Optional(\"/p\")", \.primary.security.keyPasswordFile),
        Row("ssl_ca /ca", "nil", "Optional(\"/ca\")", \.primary.security.authorities),
        Row("ssl_verify_name 0", "host", "off", \.primary.security.verifiedName),
        Row("ssl_verify_name m.example", "host", "name(\"m.example\")", \.primary.security.verifiedName),
        Row(
            "ssl_pin sha256:\(String(repeating: "AB:", count: 31))ab", "nil",
            "Optional(\"\(String(repeating: "ab", count: 32))\")", \.primary.security.pin),
        Row("ssl_min_version 1.3", "nil", "Optional(\"1.3\")", \.primary.security.minimumVersion?.rawValue),
        Row("secondary_ssl_cert /c2", "nil", "Optional(\"/c2\")", \.secondary.security.certificate),
        Row("secondary_ssl_verify_name 0", "host", "off", \.secondary.security.verifiedName),
        Row("secondary_ssl_key /k2", "nil", "Optional(\"/k2\")", \.secondary.security.key),
        Row("secondary_ssl_key_password_file /p", "nil", "Optional(\"/p\")", \.secondary.security.keyPasswordFile),
        Row("secondary_ssl_ca /ca", "nil", "Optional(\"/ca\")", \.secondary.security.authorities),
        Row(
            "secondary_ssl_pin \(String(repeating: "0f", count: 32))", "nil",
            "Optional(\"\(String(repeating: "0f", count: 32))\")", \.secondary.security.pin),
        Row("secondary_ssl_min_version 1.0", "nil", "Optional(\"1.0\")", \.secondary.security.minimumVersion?.rawValue),
    ]

    static let files: [Row] = [
        Row("temporal /data", "/var/spool/pandora", "/data", \.temporal),
        Row("temporal_min_size 0", "1024", "0", \.temporalMinimumFree),
        Row("temporal_max_size 5", "1024", "5", \.temporalMaximumSize),
        Row("temporal_max_files 7", "1024", "7", \.temporalMaximumFiles),
        Row("xml_buffer 0", "true", "false", \.keepsUnsentFiles),
        Row("logfile syslog", "/var/log/pandora/pandora_agent.log", "syslog", \.logFile),
        Row("logsize 10", "600000", "10", \.logSize),
        Row("logrotate 9", "3", "9", \.logRotations),
        Row("disable_logfile 1", "false", "true", \.logFileIsDisabled),
        Row("interval 60", "300.0 seconds", "60.0 seconds", \.interval),
        Row("intensive_interval 10", "nil", "Optional(10.0 seconds)", \.intensiveInterval),
        Row("agent_threads 8", "nil", "Optional(8)", \.threads),
        Row("delayed_startup 30", "0.0 seconds", "30.0 seconds", \.delayedStartup),
        Row("startup_delay 30", "0.0 seconds", "30.0 seconds", \.delayedStartup),
        Row("pandora_nice -5", "10", "-5", \.nice),
        Row("pandora_user pandora", "nil", "Optional(\"pandora\")", \.user),
        Row("cron_mode 1", "false", "true", \.runsOnce),
        Row("standby 1", "false", "true", \.isStandby),
        Row("own_modules 0", "true", "false", \.reportsItself),
        Row("debug 1", "false", "true", \.keepsSentFiles),
        Row("remote_config 1", "false", "true", \.remoteConfiguration),
    ]

    static let identity: [Row] = [
        Row("agent_name web 1", "nil", "Optional(\"web 1\")", \.agentName),
        Row("agent_name_cmd __rand__", "nil", "Optional(\"__rand__\")", \.agentNameCommand),
        Row("agent_alias Web", "nil", "Optional(\"Web\")", \.agentAlias),
        Row("agent_alias_cmd hostname -s", "nil", "Optional(\"hostname -s\")", \.agentAliasCommand),
        Row("description # 1 of two", "", "# 1 of two", \.description),
        Row("group Servers", "", "Servers", \.group),
        Row("group_id 12", "nil", "Optional(12)", \.groupIdentifier),
        Row("group_password x", "(empty)", "(hidden)", \.groupPassword),
        Row("secondary_groups a,b", "", "a,b", \.secondaryGroups),
        Row("parent_agent_name p", "", "p", \.parentAgentName),
        Row("custom_id 42", "", "42", \.customIdentifier),
        Row("url_address https://example.org", "", "https://example.org", \.urlAddress),
        Row("address auto", "nil", "Optional(\"auto\")", \.address),
        Row("agent_mode no-learn", "1", "0", \.agentMode.number),
        Row("agent_mode autodisable", "1", "2", \.agentMode.number),
        Row("agent_mode learn", "1", "1", \.agentMode.number),
        Row("timezone_offset -12", "0", "-12", \.timezoneOffset),
        Row("autotime 1", "false", "true", \.leavesTimeToServer),
        Row("encoding ISO-8859-1", "UTF-8", "ISO-8859-1", \.encoding),
        Row("latitude 40.4", "nil", "Optional(40.4)", \.latitude),
        Row("longitude -3.7", "nil", "Optional(-3.7)", \.longitude),
        Row("altitude 667", "nil", "Optional(667.0)", \.altitude),
        Row("position_description Madrid, Spain", "", "Madrid, Spain", \.positionDescription),
        Row("gis_exec /opt/where", "nil", "Optional(\"/opt/where\")", \.positionCommand),
        Row("ehorus_conf /etc/ehorus.conf", "nil", "Optional(\"/etc/ehorus.conf\")", \.ehorusConfiguration),
        Row("broker_agent b", "[]", "[\"b\"]", \.brokerAgents),
        Row("file_collection fc_1", "[]", "[\"fc_1\"]", \.fileCollections),
    ]

    @Test(arguments: server + security + files + identity) func `Each token sets its value and has its default`(
        _ row: Row
    ) throws {
        let configuration = try load(row.line + "\n")
        #expect(row.value(GeneralSettings()) == row.initial)
        #expect(row.value(configuration.general) == row.set)
        #expect(configuration.diagnostics.isEmpty)
    }

    @Test func `No token that is used is left out of the rows above`() {
        let rows = (Self.server + Self.security + Self.files + Self.identity).map { $0.line.prefix { $0 != " " } }
        let resolvedElsewhere = ["include", "custom_fieldN_name", "custom_fieldN_value", "macro*"]
        for token in GeneralToken.all where token.support == .used && !resolvedElsewhere.contains(token.name) {
            #expect(rows.contains(Substring(token.name)), "\(token.name)")
        }
    }

    @Test(arguments: [
        "server_port 0", "server_port 65536", "server_port 41121x", "server_ssl maybe", "transfer_mode scp",
        "transfer_timeout 0", "secondary_mode sometimes", "temporal_max_size -1", "temporal", "interval 0",
        "interval five", "interval 9223372036854775808", "agent_threads 0", "encoding KOI8-R", "pandora_nice 20",
        "agent_mode unlearn",
        "timezone_offset 13", "timezone_offset -13", "latitude north", "latitude nan", "group_id -1", "cron_mode 2",
        "broker_agent ../x", "broker_agent", "file_collection a/b", "file_collection ..", "agent_name", "include",
        "ssl_min_version 1.4", "ssl_pin abc", "ssl_verify_name", "ssl_cert",
    ])
    func `A value out of range costs its line and is pointed at`(_ line: String) throws {
        let configuration = try load("description kept\n\(line)\n")
        var expected = GeneralSettings()
        expected.description = "kept"
        #expect(configuration.general == expected)
        let diagnostic = try #require(configuration.diagnostics.first)
        #expect(configuration.diagnostics.count == 1)
        #expect(diagnostic.severity == .error)
        let tokenLength = line.utf8.firstIndex(of: UInt8(ascii: " ")).map {
            line.utf8.distance(from: line.startIndex, to: $0)
        }
        #expect(diagnostic.position.line == 2)
        #expect(diagnostic.position.column == tokenLength.map { $0 + 2 } ?? line.utf8.count + 1)
        #expect(diagnostic.text.contains("expected"))
    }

    @Test func `A later value replaces an earlier one, and a wrong later value does not`() throws {
        let settings = try load("interval 60\ninterval 120\ninterval never\n").general
        #expect(settings.interval == .seconds(120))
    }

    @Test func `Tokens that list add up in their order`() throws {
        let settings = try load("broker_agent a\nbroker_agent b\nfile_collection c\nfile_collection d\n").general
        #expect(settings.brokerAgents == ["a", "b"])
        #expect(settings.fileCollections == ["c", "d"])
    }

    @Test func `Custom fields are joined by their number, in its order`() throws {
        let settings = try load(
            """
            custom_field10_name Rack
            custom_field2_value 3
            custom_field2_name Floor
            custom_field10_value R 7
            custom_field3_value nameless
            """
        ).general
        #expect(
            settings.customFields == [
                ConfiguredField(name: "Floor", value: "3"), ConfiguredField(name: "Rack", value: "R 7"),
            ])
    }

    @Test func `What is not said of the second server is as at the first, wherever in the file it stands`() throws {
        let settings = try load(
            """
            secondary_mode always
            secondary_server_port 5
            server_ip first
            server_port 4
            server_pwd secret
            server_ssl 1
            server_opts -v
            transfer_mode ftp
            """
        ).general
        var expected = settings.primary
        expected.port = 5
        #expect(settings.secondary == expected)
        #expect(settings.secondary.password.reveal() == "secret")
    }

    @Test(arguments: [
        "udp_server 1", "udp_server_port 41122", "udp_server_auth_address 192.0.2.1", "process_httpd_start /etc/x",
        "process_httpd_stop /etc/x", "proxy_mode 1", "proxy_max_connection 10", "proxy_timeout 1", "proxy_address a",
        "proxy_port 41121",
    ])
    func `What would make the agent listen is refused with the reason`(_ line: String) throws {
        let token = line.prefix { $0 != " " }
        let (feature, transport) = token.hasPrefix("proxy") ? ("proxy_mode", "TCP") : ("udp_server", "UDP")
        let configuration = try load(line + "\n\(feature) 1\n")
        #expect(
            configuration.findings.first
                == "1:1: warning: '\(token)' is refused: it would listen on \(transport), and this agent never listens")
        #expect(configuration.findings.count == 2)
        #expect(configuration.general == GeneralSettings())
    }

    @Test(arguments: ["cmd_file /x", "commands /y"]) func `Remote commands are refused`(_ line: String) throws {
        #expect(try load(line).findings.first?.contains("is refused: this agent runs no command") == true)
    }

    @Test(arguments: [
        "udp_server 0", "proxy_mode 0", "udp_server_port 41122\nudp_server 0\nudp_server_auth_address 192.0.2.1",
        "process_httpd_start /etc/x", "proxy_port 41121", "udp_server 1\nudp_server 0",
    ])
    func `What is refused may stand switched off, with its details`(_ lines: String) throws {
        #expect(try load(lines).findings.isEmpty)
    }

    @Test func `A place that is none, and the value of a field that has no name`() throws {
        #expect(try load("latitude -90\nlongitude 180\n").findings.isEmpty)
        #expect(
            try load("latitude 90.1\nlongitude -181\ncustom_field3_value x\n").findings == [
                "1:10: error: latitude: '90.1', expected a number from -90 to 90; the line has no effect",
                "2:11: error: longitude: '-181', expected a number from -180 to 180; the line has no effect",
                "3:1: warning: 'custom_field3_value' has no effect without 'custom_field3_name'",
            ])
    }

    @Test(arguments: ["timestamp 0", "pandora_exec /usr/bin/pandora_agent_exec"])
    func `Tokens without effect are named`(_ line: String) throws {
        #expect(try load(line).findings.first?.contains("has no effect: ") == true)
    }

    @Test func `Passwords are in no description, debug description or dump`() throws {
        let configuration = try load(
            "server_pwd hunter2\nsecondary_server_pwd hunter2\ngroup_password hunter2\nserver_pwd=hunter2\n"
                + "server_pasword hunter2\nmodule_begin\nserver_pwd hunter2\nmodule_end\n")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in [dumped, "\(configuration)", String(reflecting: configuration), configuration.findings.joined()] {
            #expect(!text.contains("hunter2"))
        }
        #expect(configuration.general.primary.password.reveal() == "hunter2")
    }
}
