internal import SystemFiles
internal import SystemPackage

/// The CPU's time counters at one moment (proc(5), /proc/stat).
///
/// Use over a time is the difference of two readings, so the caller keeps the earlier one: in memory, or on disk in the
/// form of ``text``.
public struct CPUCounters: Sendable, Hashable {
    /// The boot that the counters belong to (/proc/sys/kernel/random/boot_id); `nil` where the kernel does not say.
    public let boot: String?
    /// All cores together.
    public let total: CPUTicks
    /// Each core that is online, by its number.
    public let cores: [Int: CPUTicks]

    /// What a use is asked for.
    public enum Selection: Sendable, Hashable {
        /// All cores together: 100 % is every core busy.
        case all
        /// One core, by its number.
        case core(Int)
    }

    /// Reads the counters of now.
    public init(_ roots: HostRoots = .system) throws(Limitation) {
        let subject = "the CPU use"
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try Files.read(roots.proc.appending("stat"), limit: SizeLimit.table)
        } catch {
            throw Limitation(subject, error)
        }
        let boot = try? Files.value(roots.proc.appending("sys/kernel/random/boot_id"))
        guard let counters = CPUCounters(parsing: bytes, boot: boot?.text) else {
            throw Limitation(subject, because: "\(roots.proc)/stat has no line of the CPU's times")
        }
        self = counters
    }

    /// Reads back ``text``; `nil` where it is anything else.
    public init?(text: String) {
        self.init(parsing: Array(text.utf8), boot: nil)
    }

    /// Parses /proc/stat, or ``text``, whose own boot wins over the given one.
    init?(parsing bytes: [UInt8], boot: String?) {
        var total: CPUTicks?
        var cores: [Int: CPUTicks] = [:]
        var boot = boot
        bytes.forEachLine { line in
            if let identifier = line.dropping(prefix: "boot ") { boot = identifier.trimmed.text }
            guard let rest = line.dropping(prefix: "cpu") else { return }
            let words = rest.words
            if rest.first == Byte.space {
                total = CPUTicks(words[...])
            } else if let number = words.first?.decimal(as: Int.self), number >= 0 {
                cores[number] = CPUTicks(words.dropFirst())
            }
        }
        guard let total else { return nil }
        self.boot = boot
        self.total = total
        self.cores = cores
    }

    /// The counters in the form of /proc/stat, with a line for the boot before them.
    public var text: String {
        var lines = boot.map { ["boot \($0)"] } ?? []
        lines.append("cpu  \(total.text)")
        for (number, ticks) in cores.sorted(by: { $0.key < $1.key }) { lines.append("cpu\(number) \(ticks.text)") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The use in % between an earlier reading and this one: 0 is idle, 100 is busy all the time. Waiting for disks
    /// counts as idle, time stolen by a hypervisor and time given to guests as busy.
    ///
    /// - Returns: `nil` where the two cannot be compared: another boot, counters that went back, no time between
    ///   them, or a core that one of them does not have.
    public func usage(of selection: Selection = .all, since earlier: CPUCounters) -> Double? {
        if let boot, let before = earlier.boot, boot != before { return nil }
        switch selection {
        case .all:
            return total.usage(since: earlier.total)
        case .core(let number):
            guard let now = cores[number], let before = earlier.cores[number] else { return nil }
            return now.usage(since: before)
        }
    }
}

/// Times since the boot, in ticks (proc(5)); the kinds sum up to all time that passed.
public struct CPUTicks: Sendable, Hashable {
    /// Programs, with the time given to virtual machines.
    public let user: UInt64
    /// Programs with a nice value, with the time given to virtual machines.
    public let nice: UInt64
    /// The kernel.
    public let system: UInt64
    /// Nothing to do.
    public let idle: UInt64
    /// Nothing to do but wait for disks.
    public let waiting: UInt64
    /// Interrupts.
    public let interrupts: UInt64
    /// Deferred interrupts.
    public let softInterrupts: UInt64
    /// Taken by the hypervisor for others.
    public let stolen: UInt64

    /// Takes the numbers of one line. Old kernels have fewer columns, which count as 0; the guests' columns are already
    /// part of `user` and `nice`, so they are not counted again.
    init?(_ words: ArraySlice<Bytes>) {
        guard words.count >= 4 else { return nil }
        var numbers: [UInt64] = []
        for word in words.prefix(8) {
            guard let number = word.decimal(as: UInt64.self) else { return nil }
            numbers.append(number)
        }
        func column(_ index: Int) -> UInt64 { numbers.indices.contains(index) ? numbers[index] : 0 }
        user = column(0)
        nice = column(1)
        system = column(2)
        idle = column(3)
        waiting = column(4)
        interrupts = column(5)
        softInterrupts = column(6)
        stolen = column(7)
    }

    var text: String {
        [user, nice, system, idle, waiting, interrupts, softInterrupts, stolen].map(String.init).joined(separator: " ")
    }

    func usage(since earlier: CPUTicks) -> Double? {
        var busy: UInt64 = 0
        for column in [\CPUTicks.user, \.nice, \.system, \.interrupts, \.softInterrupts, \.stolen] {
            // A busy counter never goes back but when a core was taken out and came again.
            guard self[keyPath: column] >= earlier[keyPath: column] else { return nil }
            busy = busy.addingSaturating(self[keyPath: column] - earlier[keyPath: column])
        }
        // The two idle counters can go back a little on a running system (proc(5)).
        let rest = idle.subtractingSaturating(earlier.idle)
            .addingSaturating(waiting.subtractingSaturating(earlier.waiting))
        let all = Double(busy) + Double(rest)
        return all > 0 ? Double(busy) / all * 100 : nil
    }
}
