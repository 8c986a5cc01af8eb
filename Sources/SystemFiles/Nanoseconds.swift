public import Glibc

extension timespec {
    /// The whole of it in nanoseconds; what does not fit, as a file system may claim, wraps around.
    public var nanoseconds: Int64 { Int64(tv_sec) &* 1_000_000_000 &+ Int64(tv_nsec) }

    /// What a clock says now (clock_gettime(2)).
    public static func now(of clock: clockid_t) -> timespec {
        var time = timespec()
        clock_gettime(clock, &time)
        return time
    }
}
