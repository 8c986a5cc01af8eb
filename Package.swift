// swift-tools-version: 6.2

import PackageDescription

/// Settings of every target: the strictest language mode, and no warning survives a build.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let systemPackage: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

/// One room of docs/architecture.md: a library target under Sources/ and, beside it, its tests under Tests/.
func room(_ name: String, knows dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies + [systemPackage], swiftSettings: strict)
}

/// The tests of one room.
///
/// - Parameter excluded: Folders of files that the tests read by path.
func tests(
    of name: String, with dependencies: [Target.Dependency] = [], excluding excluded: [String] = []
) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.init(stringLiteral: name), "TestSupport"] + dependencies + [systemPackage],
        exclude: excluded,
        swiftSettings: strict)
}

let package = Package(
    name: "pandora-agent",
    products: [
        .executable(name: "pandora-agent", targets: ["pandora-agent"]),
        .library(name: "Tentacle", targets: ["Tentacle"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
    ],
    targets: [
        // System libraries: module maps and shims for macros, nothing else.
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"]), .yum(["openssl-devel"])]),
        .systemLibrary(
            name: "CZlib", pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"]), .yum(["zlib-devel"])]),
        .systemLibrary(
            name: "CPCRE2", pkgConfig: "libpcre2-8",
            providers: [.apt(["libpcre2-dev"]), .yum(["pcre2-devel"])]),
        .systemLibrary(
            name: "CExpat", pkgConfig: "expat",
            providers: [.apt(["libexpat1-dev"]), .yum(["expat-devel"])]),
        .systemLibrary(name: "CByteShuffle"),
        .systemLibrary(name: "CGlibcHeaders"),
        // In C, since it needs variadic functions and bare system calls, or may use nothing of Swift's runtime.
        .target(name: "CFileExchange"),
        .target(name: "CConfinement"),
        .target(name: "CCommandLauncher"),

        // The ground that the rooms stand on: files, encodings, digests and certificates, nothing of the field.
        room("SystemFiles"),
        room("TextEncodings"),
        room("Digests", knows: ["COpenSSL", "CByteShuffle"]),
        room("Certificates", knows: ["COpenSSL"]),
        room("Confinement", knows: ["SystemFiles", "CConfinement"]),

        // The leaves: each knows the ground alone.
        room("AgentConfiguration", knows: ["SystemFiles", "TextEncodings", "Confinement"]),
        room("HostProbes", knows: ["SystemFiles", "Confinement"]),
        room("CommandRunner", knows: ["SystemFiles", "CCommandLauncher"]),
        room("LogReading", knows: ["SystemFiles", "CPCRE2", "CZlib"]),
        room("DataFile", knows: ["TextEncodings", "Digests", "CExpat"]),
        room("Spool", knows: ["SystemFiles", "Digests"]),
        room("Tentacle", knows: ["SystemFiles", "Digests", "Certificates", "COpenSSL", "CZlib"]),

        // The rooms that join them.
        room("SecurityChecks", knows: ["SystemFiles", "Digests", "HostProbes", "CommandRunner", "CGlibcHeaders"]),
        room(
            "Modules",
            knows: [
                "SystemFiles", "TextEncodings", "AgentConfiguration", "Confinement", "HostProbes", "CommandRunner",
                "LogReading", "DataFile", "Digests", "Certificates", "SecurityChecks",
            ]),
        room(
            "RemoteManagement",
            knows: [
                "SystemFiles", "Digests", "Confinement", "AgentConfiguration", "Tentacle", "COpenSSL", "CZlib",
                "CFileExchange",
            ]),
        room(
            "Agent",
            knows: [
                "SystemFiles", "TextEncodings", "Digests", "AgentConfiguration", "HostProbes", "CommandRunner",
                "LogReading", "DataFile", "Spool", "Tentacle", "Modules", "RemoteManagement", "Confinement",
                "CGlibcHeaders",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "pandora-agent",
            dependencies: [
                "Agent", "AgentConfiguration", "CommandRunner", "HostProbes", "SecurityChecks", "Spool", "Tentacle",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                systemPackage,
            ],
            swiftSettings: strict),

        .target(
            name: "TestSupport", dependencies: ["SystemFiles", systemPackage], path: "Tests/TestSupport",
            swiftSettings: strict),
        .target(
            name: "TentacleServerDouble",
            dependencies: ["Tentacle", "SystemFiles", "Digests", "COpenSSL", systemPackage],
            path: "Tests/TentacleServerDouble", swiftSettings: strict),
        .executableTarget(
            name: "tentacle-server-double", dependencies: ["TentacleServerDouble", systemPackage],
            path: "Tests/tentacle-server-double", swiftSettings: strict),
        .executableTarget(
            name: "tentacle-command", dependencies: ["Tentacle", systemPackage], path: "Tests/tentacle-command",
            swiftSettings: strict),
        tests(of: "SystemFiles"),
        tests(of: "TextEncodings"),
        tests(of: "AgentConfiguration", with: ["SystemFiles", "TextEncodings", "Confinement"]),
        tests(of: "Confinement", with: ["SystemFiles", "CConfinement"]),
        tests(of: "Digests", with: ["COpenSSL"]),
        tests(of: "CommandRunner", with: ["SystemFiles"]),
        tests(of: "Spool", with: ["SystemFiles"]),
        tests(of: "DataFile", with: ["CommandRunner", "SystemFiles", "TextEncodings"], excluding: ["Golden"]),
        tests(of: "LogReading", with: ["CGlibcHeaders", "CZlib"], excluding: ["Crashers"]),
        tests(of: "Modules", with: ["Certificates", "CommandRunner", "DataFile", "LogReading", "SystemFiles"]),
        tests(of: "HostProbes", excluding: ["Fixtures"]),
        tests(of: "SecurityChecks", with: ["HostProbes", "CommandRunner", "SystemFiles", "Digests"]),
        tests(
            of: "Agent",
            with: [
                "AgentConfiguration", "CommandRunner", "DataFile", "Digests", "HostProbes", "LogReading", "Modules",
                "RemoteManagement", "Spool", "SystemFiles", "Tentacle", "TentacleServerDouble", "TextEncodings",
                "pandora-agent",
            ],
            excluding: ["Golden"]),
        tests(
            of: "RemoteManagement",
            with: ["AgentConfiguration", "SystemFiles", "Digests", "CommandRunner", "CZlib"]),
        tests(of: "Tentacle", with: ["TentacleServerDouble", "SystemFiles", "Digests", "COpenSSL"]),
    ]
)
