internal import Certificates
internal import CommandRunner
internal import HostProbes
internal import SystemPackage

extension InventoryPart {
    static let hardware: [InventoryPart] = [
        InventoryPart(
            "cpu", "CPU", ["product", "vendor", "capacity"],
            example: ["Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz", "GenuineIntel", "3700 MHz"]
        ) { context in
            await rows { () throws(Limitation) in
                Reading(
                    try Processor.all(context.host.roots).map { processor in
                        let capacity = processor.hertz.map { "\($0 / 1_000_000) MHz" } ?? ""
                        return [processor.product, processor.vendor, capacity]
                    })
            }
        },
        InventoryPart("ram", "RAM", ["description", "size"], example: ["DIMM DDR4 2666 MHz", "16 GB"]) { context in
            await rows { () throws(Limitation) in
                try MemoryModule.all(context.host.roots).map { $0.map { [$0.description, sizeText($0.size)] } }
            }
        },
        InventoryPart(
            "video", "Video", ["product", "description", "vendor"],
            example: ["G200eW3", "VGA compatible controller", "Matrox"]
        ) { context in
            PCIDevice.all(context.host.roots, where: \.isDisplay).map { devices in
                devices.map { [$0.product, $0.description, $0.vendor] }
            }
        },
        InventoryPart(
            "nic", "NIC", ["product", "description", "vendor", "serial"],
            example: ["I350 Gigabit Network Connection", "Ethernet controller", "Intel", "a0:36:9f:00:00:01"]
        ) { context in
            NetworkCard.all(context.host.roots).map { cards in
                cards.map { [$0.product, $0.description, $0.vendor, $0.hardwareAddress] }
            }
        },
        InventoryPart(
            "hd", "HD", ["product", "description", "size"],
            example: ["SAMSUNG MZ7LH480", "solid state ATA disk", "447.1 GB"]
        ) { context in
            Disk.all(context.host.roots).map { disks in
                disks.filter { $0.kind == .disk }.map { [$0.product, $0.description, sizeText($0.size)] }
            }
        },
        InventoryPart(
            "cdrom", "CDROM", ["product", "description", "vendor"], example: ["DVD-ROM", "optical drive", "QEMU"]
        ) { context in
            Disk.all(context.host.roots).map { disks in
                disks.filter { $0.kind == .optical }.map { [$0.product, $0.description, $0.vendor] }
            }
        },
    ]

    static let software: [InventoryPart] = [
        InventoryPart(
            "software", "Software", ["name", "version", "description"],
            example: ["bash", "5.2.15-2+b7", "GNU Bourne Again SHell"]
        ) { context in
            var reading = PackageDatabase.installed(context.host.roots)
            if let folder = PackageDatabase.rpmFolder(context.host.roots) {
                let query = await rpmPackages(in: folder, context)
                reading.value += query.value
                reading.limitations += query.limitations
            }
            return reading.map { $0.map { [$0.name, $0.version, $0.description] } }
        },
        InventoryPart("init_services", "Init services", ["name"], example: ["ssh"]) { context in
            Reading(ServiceDirectory(context.host.roots).enabled().map { [$0] })
        },
    ]

    private static func rpmPackages(in folder: String, _ context: ModuleContext) async -> Reading<[Package]> {
        let top = context.host.roots.top
        let root = top == "/" ? [] : ["--root", top.string]
        let result = await Command(
            .file(FilePath("rpm"), arguments: root + ["--dbpath", folder] + RPMQuery.arguments),
            environment: context.environment,
            timeLimit: context.longestCommand, outputLimit: 64 << 20
        ).run()
        guard result.isSuccess else {
            return Reading([], limitations: [Limitation("the rpm packages", because: result.failureSentence)])
        }
        return Reading(RPMQuery.parse(result.output))
    }

    static let system: [InventoryPart] = [
        InventoryPart(
            "filesystem", "File system", ["device", "used", "available", "mount"],
            example: ["/dev/sda1", "14.8 GB", "79.6 GB", "/"]
        ) { context in
            await rows { () throws(Limitation) in
                var reading = Reading<[[String]]>([])
                for (mount, answer) in try await context.host.realSpaces() {
                    switch answer {
                    case .success(let space):
                        reading.value.append(
                            [mount.source, sizeText(space.used), sizeText(space.available), mount.path.string])
                    case .failure(let limitation): reading.limitations.append(limitation)
                    }
                }
                return reading
            }
        },
        InventoryPart("users", "Users", ["name"], example: ["alice"]) { context in
            await rows { () throws(Limitation) in
                // Where shadow cannot be read, a login shell is the best that tells people from services.
                try Account.all(context.host.roots).map { accounts in
                    accounts.filter { $0.canLogInWithPassword ?? $0.hasLoginShell }.map { [$0.name] }
                }
            }
        },
        InventoryPart("process", "Process", ["command line"], example: ["/usr/sbin/sshd -D"]) { context in
            await rows { () throws(Limitation) in
                try await context.host.processes().map { processes in
                    processes.filter { !$0.isKernelThread && !$0.isEnded }.map { [$0.commandLine] }
                }
            }
        },
        InventoryPart("ip", "IP", ["interface", "address"], example: ["eth0", "192.0.2.10"]) { context in
            await rows { () throws(Limitation) in
                let interfaces = try NetworkInterface.all(context.host.roots)
                return Reading(interfaces.flatMap { one in one.addresses.map { [one.name, $0.text] } })
            }
        },
        InventoryPart(
            "route", "Routes", ["destination", "gateway", "mask", "flags", "metric", "use", "interface"],
            example: ["0.0.0.0", "192.0.2.1", "0.0.0.0", "UG", "100", "0", "eth0"]
        ) { context in
            Route.all(context.host.roots).map { routes in
                routes.map {
                    [$0.destination, $0.gateway, $0.mask, $0.flags, "\($0.metric)", "\($0.use)", $0.interface]
                }
            }
        },
        InventoryPart(
            "kernel", "Kernel", ["uname -a"], example: ["Linux host 6.1.0-18-amd64 #1 SMP Debian 6.1.76-1 x86_64"]
        ) { context in
            Reading([[OperatingSystem(context.host.roots).kernel.description]])
        },
    ]

    /// Parts that the Perl plugin does not have. Servers know none of their names until an administrator registers them.
    static let additions: [InventoryPart] = [
        InventoryPart(
            "users_all", "Users all",
            ["name", "uid", "gid", "home", "shell", "password state", "last login", "groups"], isPartOfAll: false,
            example: ["alice", "1000", "1000", "/home/alice", "/bin/bash", "set", "2026-01-31T08:00:00Z", "adm,sudo"]
        ) { context in
            await rows { () throws(Limitation) in
                try Account.all(context.host.roots).map { accounts in
                    accounts.map { account in
                        [
                            account.name, "\(account.user)", "\(account.group)", account.home, account.shell,
                            account.password.rawValue, account.lastLogin.map { timeText($0.time) } ?? "",
                            account.groups.joined(separator: ","),
                        ]
                    }
                }
            }
        },
        InventoryPart(
            "ports", "Ports", ["protocol", "address", "port", "pid", "program", "user"], isPartOfAll: false,
            example: ["tcp", "0.0.0.0", "22", "731", "sshd", "root"]
        ) { context in
            await rows { () throws(Limitation) in
                let accounts = (try? Account.all(context.host.roots).value) ?? []
                let names = Dictionary(accounts.map { ($0.user, $0.name) }, uniquingKeysWith: { first, _ in first })
                return try ListeningPort.all(context.host.roots).map { ports in
                    ports.map { port in
                        [
                            port.transport.rawValue, port.address, "\(port.port)", port.process.map { "\($0)" } ?? "",
                            port.program ?? "", names[port.user] ?? "\(port.user)",
                        ]
                    }
                }
            }
        },
        InventoryPart(
            "packages_pending", "Packages pending", ["name", "installed", "available", "kind"], isPartOfAll: false,
            example: ["openssl", "3.0.11-1~deb12u1", "3.0.11-1~deb12u2", "security"]
        ) { context in
            PendingUpdate.all(context.host.roots).map { updates in
                updates.map {
                    [$0.name, $0.installedVersion, $0.availableVersion, $0.isSecurity ? "security" : "update"]
                }
            }
        },
        InventoryPart(
            "services", "Services", ["name", "start", "state"], isPartOfAll: false,
            example: ["ssh", "enabled", "active"]
        ) { context in
            await rows { () throws(Limitation) in
                try await context.host.processes().map { processes in
                    ServiceDirectory(context.host.roots).all(among: processes).map { service in
                        [service.name, service.start.rawValue, service.state.isActive ? "active" : "inactive"]
                    }
                }
            }
        },
        InventoryPart(
            "containers", "Containers", ["engine", "id", "name", "image", "processes"], isPartOfAll: false,
            example: ["docker", "4f5e6d7c8b9a", "web", "nginx:1.25", "3"]
        ) { context in
            await rows { () throws(Limitation) in
                try Container.all(context.host.roots).map { containers in
                    containers.map {
                        [$0.engine.rawValue, $0.identifier, $0.name, $0.image, "\($0.processes)"]
                    }
                }
            }
        },
        InventoryPart(
            "certificates", "Certificates", ["file", "subject", "issuer", "valid from", "valid until"],
            isPartOfAll: false,
            example: [
                "/etc/ssl/web.pem", "CN=web.example", "CN=Example CA", "2026-01-31T08:00:00Z", "2027-01-31T08:00:00Z",
            ]
        ) { context in
            HostCertificate.all(context.host.roots).map { certificates in
                certificates.map {
                    [
                        $0.file.string, $0.facts.subject, $0.facts.issuer, timeText($0.facts.begin),
                        timeText($0.facts.end),
                    ]
                }
            }
        },
    ]
}
