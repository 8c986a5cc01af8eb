internal import CGlibcHeaders

/// How the C library's allocator is used by a program that mostly runs for a moment.
public enum Heap {
    /// Has one heap for all threads, which grows in large steps and is given back when a service waits.
    ///
    /// A cycle's work is done by one thread at a time, though not always the same. A heap of its own for each thread
    /// grows by a page and a system call at a time, and large arrays that go back to the kernel at once come back as
    /// pages to be cleaned again: a twentieth of the cost of a configuration with 10,000 modules (mallopt(3)).
    public static func configure() {
        _ = mallopt(M_ARENA_MAX, 1)
        _ = mallopt(M_TOP_PAD, 1 << 20)
        _ = mallopt(M_MMAP_THRESHOLD, 32 << 20)
        _ = mallopt(M_TRIM_THRESHOLD, 64 << 20)
    }

    /// Gives back to the kernel what is not used (malloc_trim(3)).
    static func trim() { _ = malloc_trim(0) }
}
