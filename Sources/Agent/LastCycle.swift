internal import SystemFiles
internal import SystemPackage

/// What `status` tells about the last cycle: a file of `key value` lines in the state folder.
struct LastCycle: Sendable, Hashable {
    /// When it ended, in seconds since 1970.
    let time: Int64
    /// How it ended.
    let ending: Int32
    /// How long it took; `nil` where an older version saved it.
    let duration: Duration?
    let moduleCount: Int
    let failedModuleCount: Int
    let committedFileCount: Int
    let deliveredFileCount: Int
    /// The first thing that went wrong; empty where nothing did.
    let failure: String
    /// The certificate whose validity ends first, of those that deliveries depended on.
    let certificate: CertificateValidity?
    /// How the process was confined; empty where an older version saved it.
    let confinement: [HostConfinement.Fact]

    init(_ report: CycleReport, at time: Int64) {
        self.time = time
        ending = report.ending.rawValue
        duration = report.duration
        moduleCount = report.modules.count
        failedModuleCount = report.failedModules.count
        committedFileCount = report.committedFiles.count
        deliveredFileCount = report.deliveredFiles.count
        certificate = report.certificates.first
        confinement = HostConfinement.facts
        failure = report.failures.first?.split(separator: "\n").first.map(String.init) ?? ""
    }

    /// Reads what was saved; `nil` where nothing was, or it is damaged.
    init?(in state: FilePath) {
        guard let bytes = try? Files.read(Self.path(in: state), limit: 64 << 10) else { return nil }
        var values: [Substring: Substring] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { values[parts[0]] = parts[1] }
        }
        func number<Number: FixedWidthInteger>(_ key: Substring) -> Number? { values[key].flatMap { Number($0) } }
        guard let time: Int64 = number("time"), let ending: Int32 = number("ending"),
            let moduleCount: Int = number("modules"), let failedModuleCount: Int = number("failed"),
            let committedFileCount: Int = number("committed"), let deliveredFileCount: Int = number("delivered")
        else { return nil }
        self.time = time
        self.ending = ending
        duration = number("milliseconds").map { .milliseconds($0 as Int64) }
        self.moduleCount = moduleCount
        self.failedModuleCount = failedModuleCount
        self.committedFileCount = committedFileCount
        self.deliveredFileCount = deliveredFileCount
        failure = values["failure"].map(String.init) ?? ""
        confinement = HostConfinement.Fact.Subject.allCases.compactMap { subject in
            values["confinement-\(subject.rawValue)"].map { HostConfinement.Fact(subject: subject, text: String($0)) }
        }
        certificate = number("certificate-end").map {
            CertificateValidity(holder: values["certificate"].map(String.init) ?? "a certificate", end: $0)
        }
    }

    /// Saves; what cannot be saved is only missing in `status`.
    func save(in state: FilePath) {
        var text = """
            time \(time)
            ending \(ending)
            modules \(moduleCount)
            failed \(failedModuleCount)
            committed \(committedFileCount)
            delivered \(deliveredFileCount)
            failure \(failure)

            """
        if let duration { text += "milliseconds \(Int64(duration / .milliseconds(1)))\n" }
        if let certificate { text += "certificate \(certificate.holder)\ncertificate-end \(certificate.end)\n" }
        for fact in confinement { text += "confinement-\(fact.subject.rawValue) \(fact.text)\n" }
        try? Files.replace(Self.path(in: state), with: text.utf8)
    }

    private static func path(in state: FilePath) -> FilePath { state.appending("last-cycle") }
}
