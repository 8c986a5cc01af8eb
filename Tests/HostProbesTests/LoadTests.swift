import Testing

@testable import HostProbes

@Suite("CPU use and memory")
struct LoadTests {
    private func counters(_ text: String, boot: String? = "b") throws -> CPUCounters {
        try #require(CPUCounters(parsing: bytes(text), boot: boot))
    }

    @Test("Use is the busy part of the time between two readings, waiting for disks is idle, guests count once")
    func use() throws {
        let before = try counters("cpu  100 0 100 800 0 0 0 0 50 0\ncpu0 50 0 50 400 0 0 0 0 0 0\n")
        let after = try counters("cpu  150 0 125 850 75 0 0 0 99 0\ncpu0 50 0 50 500 0 0 0 0 0 0\n")
        #expect(after.usage(since: before) == 37.5)
        #expect(after.usage(of: .core(0), since: before) == 0)
        #expect(after.usage(of: .core(1), since: before) == nil)
    }

    @Test("Readings of two boots, of no time, or of counters that went back say nothing")
    func incomparable() throws {
        let before = try counters("cpu  100 0 100 800\n")
        #expect(try counters("cpu  200 0 100 900\n", boot: "c").usage(since: before) == nil)
        #expect(before.usage(since: before) == nil)
        #expect(try counters("cpu  99 0 100 900\n").usage(since: before) == nil)
        // The idle counters alone may go back a little.
        #expect(try counters("cpu  110 0 100 799\n").usage(since: before) == 100)
    }

    @Test("A core that was plugged in has no use until the next reading")
    func hotPlug() throws {
        let before = try counters("cpu  10 0 10 100\ncpu0 10 0 10 100\n")
        let after = try counters("cpu  20 0 20 200\ncpu0 20 0 20 190\ncpu3 0 0 0 10\n")
        #expect(after.usage(of: .core(3), since: before) == nil)
        #expect(after.usage(of: .core(0), since: after) == nil)
    }

    @Test("Counters kept as text come back the same")
    func text() throws {
        let original = try CPUCounters(Fixture.debian)
        #expect(CPUCounters(text: original.text) == original)
        let booted = try counters("cpu  1 2 3 4 5 6 7 8 9 10\ncpu1 1 2 3 4\n")
        #expect(CPUCounters(text: booted.text) == booted)
        #expect(CPUCounters(text: "") == nil)
        #expect(CPUCounters(text: "cpu  1 2 3\n") == nil)
        #expect(CPUCounters(text: "cpu  1 2 3 -4\n") == nil)
    }

    @Test("Counters at the end of their range do not overflow")
    func overflow() throws {
        let most = UInt64.max
        let before = try counters("cpu  0 0 0 0 0 0 0 0\n")
        let after = try counters("cpu  \(most) \(most) \(most) \(most) \(most) \(most) \(most) \(most)\n")
        #expect(try #require(after.usage(since: before)) > 0)
    }

    @Test("Memory is what the kernel calls available")
    func memory() throws {
        let memory = try Memory(Fixture.debian)
        #expect(memory.total == 8_148_832 * 1024)
        #expect(memory.available == 5_555_000 * 1024)
        #expect(memory.free == 1_234_568 * 1024)
        #expect(memory.swapFreePercent == 900_000.0 / 1_000_444 * 100)
        #expect(!memory.isLimited)
    }

    @Test("Without that line it is estimated, and without swap space there is no part of it")
    func oldKernel() throws {
        let memory = try Memory(Fixture.alpine)
        #expect(memory.available == (100_000 + 50_000 + 300_000 + 30_000 - 20_000) * 1024)
        #expect(memory.availablePercent == 46)
        #expect(memory.swapFreePercent == nil)
    }

    @Test("A container has the memory of its limit, in both versions of control groups")
    func container() throws {
        for roots in [Fixture.container, Fixture.oldContainer] {
            let memory = try Memory(roots)
            #expect(memory.isLimited)
            #expect(memory.total == 1 << 30)
            #expect(memory.available == (1 << 30) - (1 << 29) + (1 << 28))
        }
        #expect(try Memory(Fixture.container).swapTotal == 0)
        #expect(try Memory(Fixture.oldContainer).swapTotal == 1_000_444 * 1024)
    }

    @Test("Sizes that make no sense do not crash and stay within the whole")
    func hostileMemory() throws {
        let most = UInt64.max
        let memory = try #require(
            Memory(parsing: bytes("MemTotal: \(most) kB\nMemFree: \(most) kB\nBuffers: \(most) kB\nShmem: -1 kB\n")))
        #expect(memory.total == .max)
        #expect(memory.availablePercent == 100)
        #expect(Memory(parsing: bytes("MemTotal: 99999999999999999999 kB\nMemFree: 1 kB\n")) == nil)
        #expect(Memory(parsing: bytes("MemTotal:\nMemFree:\n\u{0}:\n:::\n")) == nil)
        #expect(try #require(Memory(parsing: bytes("MemTotal: 0 kB\nMemFree: 0 kB\n"))).freePercent == 0)
    }
}
