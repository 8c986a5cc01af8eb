@testable import SecurityChecks

private let root = "user=root,host=gate.example.org,addr=10.1.2.3,laddr=192.0.2.1,lport=22"
private let alice = "user=alice,host=pc.example.org,addr=2001:db8::7,laddr=::1,lport=2222"
private let bob = "user=bob,host=bob.example.com,addr=192.0.2.77,laddr=192.0.2.1,lport=22"

extension SSHDFixture {
    static let all = lines + includes + matches + refusals

    /// Keywords, arguments, quotes, and the first value.
    static let lines: [SSHDFixture] = [
        SSHDFixture("nothing", ""),
        SSHDFixture("comments alone", "# PermitRootLogin no\n   # Port 23\n\n\t\n"),
        SSHDFixture("a keyword", "PermitRootLogin no\n", [.permitRootLogin: "no"]),
        SSHDFixture("no line end", "PermitRootLogin no", [.permitRootLogin: "no"]),
        SSHDFixture("the first value wins", "PermitRootLogin no\nPermitRootLogin yes\n", [.permitRootLogin: "no"]),
        SSHDFixture(
            "keywords in whatever case", "pERMITrootLOGIN no\nPORT 23\n", [.permitRootLogin: "no"], ports: [23]),
        SSHDFixture(
            "values in whatever case", "PermitRootLogin NO\nAllowTcpForwarding Local\n",
            [.permitRootLogin: "no", .allowTCPForwarding: "local"]),
        SSHDFixture(
            "equals sign", "PermitRootLogin=no\nPasswordAuthentication = no\nPermitTunnel= yes\nBanner =/etc/issue\n",
            [.permitRootLogin: "no", .passwordAuthentication: "no", .permitTunnel: "yes", .banner: "/etc/issue"]),
        SSHDFixture("double quotes", "PermitRootLogin \"no\"\n", [.permitRootLogin: "no"]),
        SSHDFixture("single quotes", "PermitRootLogin 'no'\n", [.permitRootLogin: "no"]),
        SSHDFixture("equals sign and quotes", "PermitRootLogin=\"no\"\n", [.permitRootLogin: "no"]),
        SSHDFixture("quotes around the keyword", "\"PermitRootLogin\" no\n", [.permitRootLogin: "no"]),
        SSHDFixture("quotes inside of a word", "PermitRootLogin n\"o\"\n", [.permitRootLogin: "no"]),
        SSHDFixture("a space in quotes", "Banner \"/etc/my banner\"\n", [.banner: "/etc/my banner"]),
        SSHDFixture("an escaped space", "Banner /etc/my\\ banner\n", [.banner: "/etc/my banner"]),
        SSHDFixture("an escaped quote", "Banner /etc/\\\"x\\\"\n", [.banner: "/etc/\"x\""]),
        SSHDFixture("a comment behind", "PermitRootLogin no # for good\n", [.permitRootLogin: "no"]),
        SSHDFixture("a hash inside of a word is no comment", "Banner /etc/is#sue\n", [.banner: "/etc/is#sue"]),
        SSHDFixture("space before and behind", " \t PermitRootLogin \t no \t \r\n", [.permitRootLogin: "no"]),
        SSHDFixture("a form feed at the end", "PermitRootLogin no\u{0C}\n", [.permitRootLogin: "no"]),
        SSHDFixture(
            "lines of another system", "PermitRootLogin no\r\nPasswordAuthentication no\r\n",
            [.permitRootLogin: "no", .passwordAuthentication: "no"]),
        SSHDFixture("the old name of a value", "PermitRootLogin without-password\n", [:]),
        SSHDFixture(
            "forced commands", "PermitRootLogin forced-commands-only\n", [.permitRootLogin: "forced-commands-only"]),
        SSHDFixture("forwarding to all", "AllowTcpForwarding all\n", [:]),
        SSHDFixture("forwarding remote", "AllowTcpForwarding remote\n", [.allowTCPForwarding: "remote"]),
        SSHDFixture("no forwarding of any kind", "DisableForwarding yes\n", [.disableForwarding: "yes"]),
        SSHDFixture("tunnels point to point", "PermitTunnel point-to-point\n", [.permitTunnel: "point-to-point"]),
        SSHDFixture("tunnels ethernet", "PermitTunnel ethernet\n", [.permitTunnel: "ethernet"]),
        SSHDFixture("banner none", "Banner NONE\nBanner /etc/issue\n", [:]),
        SSHDFixture(
            "the old name of a keyword", "ChallengeResponseAuthentication no\n",
            [.keyboardInteractiveAuthentication: "no"]),
        SSHDFixture("empty passwords", "PermitEmptyPasswords yes\n", [.permitEmptyPasswords: "yes"]),
        SSHDFixture("PAM", "UsePAM yes\n", [.usePAM: "yes"]),
        SSHDFixture(
            "a deprecated keyword", "UsePrivilegeSeparation yes\nPermitRootLogin no\n", [.permitRootLogin: "no"]),
        SSHDFixture("a port", "Port 2222\n", ports: [2222]),
        SSHDFixture("ports add up", "Port 22\nPort 2222\n", ports: [22, 2222]),
        SSHDFixture("a port by its service", "Port telnet\n", ports: [23]),
        SSHDFixture("an address with a port", "ListenAddress 127.0.0.1:2222\n", ports: [2222]),
        SSHDFixture(
            "addresses with and without", "Port 24\nListenAddress 127.0.0.1:2222\nListenAddress 127.0.0.2\n",
            ports: [24, 2222]),
        SSHDFixture("IPv6 without brackets", "ListenAddress ::1\nPort 25\n", ports: [25]),
        SSHDFixture("IPv6 in brackets", "ListenAddress [::1]:26\nListenAddress [::1]\n", ports: [22, 26]),
    ]

    /// Include.
    static let includes: [SSHDFixture] = [
        SSHDFixture(
            "a relative file", "Include extra.conf\nPermitRootLogin yes\n",
            files: ["extra.conf": "PermitRootLogin no\n"], [.permitRootLogin: "no"]),
        SSHDFixture(
            "an absolute file", "Include /etc/ssh/extra.conf\n",
            files: ["extra.conf": "PermitRootLogin no\n"], [.permitRootLogin: "no"]),
        SSHDFixture(
            "after the value it changes nothing", "PermitRootLogin yes\nInclude extra.conf\n",
            files: ["extra.conf": "PermitRootLogin no\n"], [.permitRootLogin: "yes"]),
        SSHDFixture(
            "globs in lexical order", "Include /etc/ssh/sshd_config.d/*.conf\n",
            files: [
                "sshd_config.d/20.conf": "PermitRootLogin yes\n", "sshd_config.d/10.conf": "PermitRootLogin no\n",
                "sshd_config.d/5.conf": "PermitRootLogin forced-commands-only\nPort 5\n",
                "sshd_config.d/00.off": "PermitRootLogin yes\n",
            ],
            [.permitRootLogin: "no"], ports: [5]),
        SSHDFixture(
            "capitals are before small letters", "Include d/*\n",
            files: ["d/a": "Banner /a\n", "d/B": "Banner /B\n"], [.banner: "/B"]),
        SSHDFixture("hidden files are no match", "Include d/*\n", files: ["d/.hidden": "PermitRootLogin no\n"], [:]),
        SSHDFixture(
            "globs in folders", "Include d*/x.conf\n",
            files: ["d2/x.conf": "Banner /two\n", "d1/x.conf": "Banner /one\n"], [.banner: "/one"]),
        SSHDFixture(
            "sets of characters", "Include [b-c]?.conf\n",
            files: ["a1.conf": "Banner /a\n", "b1.conf": "Banner /b\n", "c1.conf": "Banner /c\n"], [.banner: "/b"]),
        SSHDFixture(
            "several files on a line", "Include b.conf a.conf\n",
            files: ["a.conf": "Banner /a\n", "b.conf": "Banner /b\n"], [.banner: "/b"]),
        SSHDFixture(
            "a file that is not there", "Include nothing.conf none.d/*.conf\nPermitRootLogin no\n",
            [.permitRootLogin: "no"]),
        SSHDFixture(
            "a folder", "Include d\nPermitRootLogin no\n", files: ["d/x": "PermitRootLogin yes\n"],
            [.permitRootLogin: "no"]),
        SSHDFixture(
            "files that include", "Include a.conf\n",
            files: ["a.conf": "Include b.conf\nBanner /a\n", "b.conf": "PermitRootLogin no\nBanner /b\n"],
            [.permitRootLogin: "no", .banner: "/b"]),
        SSHDFixture(
            "a quoted name", "Include \"my files/*.conf\"\n",
            files: ["my files/a.conf": "PermitRootLogin no\n"], [.permitRootLogin: "no"]),
        SSHDFixture(
            "a block ends with its file", "Include a.conf\nPasswordAuthentication no\n",
            files: ["a.conf": "Match User alice\nPermitRootLogin yes\n"], from: root, [.passwordAuthentication: "no"]),
        SSHDFixture(
            "inside of a block that matches", "Match User root\nInclude a.conf\n",
            files: ["a.conf": "PermitRootLogin no\n"], from: root, [.permitRootLogin: "no"]),
        SSHDFixture(
            "inside of a block that does not match", "Match User alice\nInclude a.conf\n",
            files: ["a.conf": "PermitRootLogin no\n"], from: root, [:]),
        SSHDFixture(
            "a block inside of a block that does not match", "Match User alice\nInclude a.conf\n",
            files: ["a.conf": "Match User root\nPermitRootLogin no\nMatch all\nBanner /x\n"], from: root, [:]),
        SSHDFixture(
            "a block inside of a block that matches", "Match User root\nInclude a.conf\nBanner /after\n",
            files: [
                "a.conf": "Match Address 10.0.0.0/8\nPermitRootLogin no\nMatch Address 192.168.0.0/16\nBanner /x\n"
            ],
            from: root,
            [.permitRootLogin: "no", .banner: "/after"]),
    ]

    /// Match.
    static let matches: [SSHDFixture] = [
        SSHDFixture(
            "another user", "PermitRootLogin no\nMatch User root\nPermitRootLogin yes\n", from: alice,
            [.permitRootLogin: "no"]),
        SSHDFixture(
            "this user", "PermitRootLogin no\nMatch User root\nPermitRootLogin yes\n", from: root,
            [.permitRootLogin: "yes"]),
        SSHDFixture("nobody in particular", "Match User root\nPermitRootLogin yes\n", [:]),
        SSHDFixture(
            "the first block wins",
            "Match User r*\nPermitRootLogin no\nMatch User root\nPermitRootLogin yes\nBanner /x\n",
            from: root, [.permitRootLogin: "no", .banner: "/x"]),
        SSHDFixture(
            "all, over what is before", "PermitRootLogin yes\nMatch all\nPermitRootLogin no\n", [.permitRootLogin: "no"]
        ),
        SSHDFixture(
            "all, after another block", "Match User alice\nPermitRootLogin no\nMatch all\nPasswordAuthentication no\n",
            from: bob, [.passwordAuthentication: "no"]),
        SSHDFixture("a port under all", "Match all\nPort 2222\n", ports: [2222]),
        SSHDFixture("a list", "Match User carol,bob\nAllowTcpForwarding no\n", from: bob, [.allowTCPForwarding: "no"]),
        SSHDFixture("a negated user", "Match User *,!bob\nAllowTcpForwarding no\n", from: bob, [:]),
        SSHDFixture("negation alone matches nobody", "Match User !bob\nAllowTcpForwarding no\n", from: alice, [:]),
        SSHDFixture("names of users have case", "Match User BOB\nAllowTcpForwarding no\n", from: bob, [:]),
        SSHDFixture("a group", "Match Group sftp\nAllowTcpForwarding no\n", from: bob, [.allowTCPForwarding: "no"]),
        SSHDFixture("a group of another", "Match Group admins\nAllowTcpForwarding no\n", from: bob, [:]),
        SSHDFixture("a negated group", "Match Group sftp,!admins\nAllowTcpForwarding no\n", from: alice, [:]),
        SSHDFixture(
            "a negated group and another user", "Match Group sftp,!admins\nAllowTcpForwarding no\n", from: bob,
            [.allowTCPForwarding: "no"]),
        SSHDFixture(
            "the primary group", "Match Group alice\nAllowTcpForwarding no\n", from: alice, [.allowTCPForwarding: "no"]),
        SSHDFixture(
            "a network", "Match Address 10.0.0.0/8\nPasswordAuthentication no\n", from: root,
            [.passwordAuthentication: "no"]),
        SSHDFixture(
            "another network", "Match Address 10.2.0.0/16,192.168.0.0/16\nPasswordAuthentication no\n", from: root, [:]),
        SSHDFixture(
            "a network of IPv6", "Match Address 2001:db8::/32\nPasswordAuthentication no\n", from: alice,
            [.passwordAuthentication: "no"]),
        SSHDFixture(
            "a pattern of addresses", "Match Address 10.1.*\nPasswordAuthentication no\n", from: root,
            [.passwordAuthentication: "no"]),
        SSHDFixture("a negated network", "Match Address *,!10.0.0.0/8\nPasswordAuthentication no\n", from: root, [:]),
        SSHDFixture(
            "all but a network", "Match Address *,!10.0.0.0/8\nPasswordAuthentication no\n", from: bob,
            [.passwordAuthentication: "no"]),
        SSHDFixture("a host", "Match Host *.EXAMPLE.org\nPermitTunnel yes\n", from: root, [.permitTunnel: "yes"]),
        SSHDFixture("another host", "Match Host *.example.org,!gate.*\nPermitTunnel yes\n", from: root, [:]),
        SSHDFixture(
            "the local side", "Match LocalAddress 192.0.2.0/24 LocalPort 22\nPermitTunnel yes\n", from: root,
            [.permitTunnel: "yes"]),
        SSHDFixture("another local port", "Match LocalPort 22\nPermitTunnel yes\n", from: alice, [:]),
        SSHDFixture(
            "several criteria, one missing", "Match User root Address 192.168.0.0/16\nPermitTunnel yes\n", from: root,
            [:]),
        SSHDFixture(
            "criteria with equals signs", "Match User=root Address=10.0.0.0/8\nPermitTunnel yes\n", from: root,
            [.permitTunnel: "yes"]),
        SSHDFixture(
            "criteria in quotes", "Match \"User\" \"root\"\nPermitTunnel yes\n", from: root, [.permitTunnel: "yes"]),
        SSHDFixture(
            "criteria in whatever case", "mATCH uSER root\nPermitTunnel yes\n", from: root, [.permitTunnel: "yes"]),
        SSHDFixture(
            "a comment behind criteria", "Match User root # him\nPermitTunnel yes\n", from: root, [.permitTunnel: "yes"]
        ),
        SSHDFixture(
            "indentation means nothing", "Match User alice\n    PermitTunnel yes\nPasswordAuthentication no\n",
            from: root, [:]),
    ]

    /// Configurations with which sshd does not start.
    static let refusals: [SSHDFixture] = [
        SSHDFixture("a value that is none", "PermitRootLogin perhaps\n", refused: true),
        SSHDFixture("true is not yes", "PasswordAuthentication true\n", refused: true),
        SSHDFixture("two values", "PermitRootLogin no yes\n", refused: true),
        SSHDFixture("no value", "PermitRootLogin\n", refused: true),
        SSHDFixture("an empty value", "PermitRootLogin \"\"\n", refused: true),
        SSHDFixture("two equals signs", "PermitRootLogin == no\n", refused: true),
        SSHDFixture("an open quote", "PermitRootLogin \"no\n", refused: true),
        SSHDFixture("capitals where case counts", "PermitTunnel Ethernet\n", refused: true),
        SSHDFixture("port 0", "Port 0\n", refused: true),
        SSHDFixture("a port beyond all", "Port 65536\n", refused: true),
        SSHDFixture("a port in a block", "Match User root\nPort 2222\n", refused: true),
        SSHDFixture("Match without criteria", "Match\nPermitRootLogin no\n", refused: true),
        SSHDFixture("Match without an argument", "Match User\nPermitRootLogin no\n", refused: true),
        SSHDFixture("all and another", "Match all User root\nPermitRootLogin no\n", refused: true),
        SSHDFixture("another and all", "Match User root all\nPermitRootLogin no\n", refused: true),
        SSHDFixture("a mask that does not fit", "Match Address 10.1.0.0/8\nPermitRootLogin no\n", refused: true),
        SSHDFixture("a mask beyond the address", "Match Address 10.0.0.0/33\nPermitRootLogin no\n", refused: true),
        SSHDFixture("an empty entry", "Match Address 10.0.0.0/8,,::1\nPermitRootLogin no\n", refused: true),
        SSHDFixture("a file that includes itself", "Include sshd_config\n", refused: true),
        SSHDFixture(
            "two files that include each other", "Include a.conf\n",
            files: ["a.conf": "Include b.conf\n", "b.conf": "Include a.conf\n"], refused: true),
        SSHDFixture(
            "an error in an included file", "Include a.conf\n", files: ["a.conf": "PermitRootLogin maybe\n"],
            refused: true),
        SSHDFixture("a line cut by a NUL", "PermitRootLogin\0 no\n no\nBanner /x\n", refused: true),
    ]
}
