/// The passwords that people choose most often, which everybody who guesses tries first.
enum CommonPasswords {
    /// The list, the same as in conf/passwords.txt; it is built in, so that no host is without it.
    static var all: [ArraySlice<UInt8>] { Array(text.utf8).split { $0 == 0x20 || $0 == 0x0A } }

    // Words have no space in them. One text is a tenth of the size of 500 strings.
    private static let text = """
        123456 password 12345678 qwerty 123456789 12345 1234 111111 1234567 dragon 123123 baseball abc123 football
        monkey letmein 696969 shadow master 666666 qwertyuiop 123321 mustang 1234567890 michael 654321 superman
        1qaz2wsx 7777777 121212 000000 qazwsx 123qwe killer trustno1 jordan jennifer zxcvbnm asdfgh hunter buster
        soccer harley batman andrew tigger sunshine iloveyou 2000 charlie robert thomas hockey ranger daniel starwars
        klaster 112233 george computer michelle jessica pepper 1111 zxcvbn 555555 11111111 131313 freedom 777777 pass
        maggie 159753 aaaaaa ginger princess joshua cheese amanda summer love ashley 6969 nicole chelsea matthew
        access yankees 987654321 dallas austin thunder taylor matrix william corvette hello martin heather secret
        merlin diamond 1234qwer gfhjkm hammer silver 222222 88888888 anthony justin test bailey q1w2e3r4t5 patrick
        internet scooter orange 11111 golfer cookie richard samantha bigdog guitar jackson whatever mickey chicken
        sparky snoopy maverick phoenix camaro peanut morgan welcome falcon cowboy ferrari samsung andrea smokey
        steelers joseph mercedes dakota arsenal eagles melissa boomer booboo spider nascar monster tigers yellow
        xxxxxx 123123123 gateway marina diablo bulldog qwer1234 compaq purple banana junior hannah 123654 porsche
        lakers iceman money cowboys 987654 london tennis 999999 ncc1701 coffee scooby 0000 miller boston q1w2e3r4
        brandon yamaha chester mother forever johnny edward 333333 oliver redsox player nikita knight fender barney
        midnight please brandy chicago badboy slayer rangers charles angel flower rabbit wizard jasper enter rachel
        chris steven winner adidas victoria natasha 1q2w3e4r jasmine winter prince marine ghbdtn fishing cocacola
        casper james 232323 raiders 888888 marlboro gandalf asdfasdf crystal 87654321 12344321 golden 8675309 panther
        lauren angela spanky thx1138 angels madison winston shannon mike toyota jordan23 canada sophie apples tiger
        razz 123abc pokemon qazxsw 55555 qwaszx muffin johnson murphy cooper jonathan liverpoo david danielle 159357
        jackie 1990 123456a 789456 turtle abcd1234 scorpion qazwsxedc 101010 butter carlos password1 dennis slipknot
        qwerty123 asdf 1991 black startrek 12341234 cameron newyork rainbow nathan john 1992 rocket viking redskins
        asdfghjkl 1212 sierra peaches gemini doctor wilson sandra helpme qwertyui victor florida dolphin captain
        tucker blue liverpool theman bandit dolphins maddog packers jaguar lovers nicholas united tiffany maxwell
        zzzzzz nirvana jeremy monica elephant giants debbie qwert success mountain admin root toor administrator
        changeme default guest user letmein1 welcome1 welcome123 password123 passw0rd p@ssw0rd P@ssw0rd Password
        Password1 Password123 Passw0rd admin123 admin1 root123 test123 test1234 testing demo oracle mysql postgres
        pandora pandorafms server linux ubuntu debian raspberry centos redhat vagrant ansible docker backup support
        system manager operator service ftp www webmaster nagios zabbix tomcat jenkins cisco public private secret123
        secret1 temp temp123 changeit changeme123 letmein123 qwerty1 qwerty12 qwertz qwertz123 azerty azerty123 1q2w3e
        1q2w3e4r5t 1qaz2wsx3edc 1qazxsw2 zaq12wsx zaq1zaq1 !qaz2wsx a123456 123456789a aa123456 abc12345 abcdef abcd
        abc 123 321 12 1 qwe123 qweasd qweasdzxc asd123 asdfgh1 zxc123 0123456789 01234567 012345 123456123 147258369
        147258 741852963 789456123 963852741 1234554321 12345qwert 123qweasd 1111111 1111111111 222222222 000000000
        00000000 99999999 5555555 123456q iloveyou1 sunshine1 princess1 football1 baseball1 monkey1 dragon1 master1
        shadow1 superman1 charlie1 michael1 jordan1 hello123 hello1 summer1 summer2020 summer2021 summer2022
        summer2023 summer2024 summer2025 winter2023 winter2024 Summer2024 Winter2024 Welcome1 Welcome123 Admin123
        Admin Root123 Qwerty123 Abc123 starwars1 pokemon1 minecraft fortnite roblox naruto google facebook apple
        microsoft windows android lovely
        """
}
