internal import Glibc
internal import SystemFiles
internal import SystemPackage

/// How many files the process may have open.
enum OpenFileLimit {
    /// What a command takes while it starts: both ends of its pipes and of its channel, its input and its description.
    private static let filesOfCommand: UInt64 = 12
    /// What the agent itself needs beside commands.
    private static let reserve: UInt64 = 64

    /// Raises the limit as far as the process may, and tells how many commands can run side by side within it.
    static func commandsSideBySide() -> Int {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0 else { return 1 }
        // Some systems have no limit, and tables that grow with it.
        let wanted = rlim_t(65536)
        if limit.rlim_cur < min(limit.rlim_max, wanted) {
            var raised = limit
            raised.rlim_cur = min(limit.rlim_max, wanted)
            if setrlimit(resource, &raised) == 0 { limit = raised }
        }
        let free = UInt64(limit.rlim_cur) > reserve ? UInt64(limit.rlim_cur) - reserve : 0
        return max(1, Int(clamping: free / filesOfCommand))
    }
}

/// The nice value of the agent and of the commands that it starts.
enum ProcessPriority {
    /// Sets the nice value of all threads: on Linux each has its own (setpriority(2)), and a command takes that of the
    /// first. Threads that come later take that of the one that makes them, or what Dispatch gives its workers.
    ///
    /// - Throws: ``SystemError``; `EACCES` where only root may be as urgent as that.
    static func setNice(_ value: Int, tasks: FilePath = "/proc/self/task") throws(SystemError) {
        // A thread that began while the others were set may have the old value of the one that made it; once a look finds
        // no new one, all that come later are made by threads that are set.
        var known: Set<id_t> = []
        for _ in 0..<Self.mostLooks {
            let found = Set(try Files.names(in: tasks).compactMap { id_t($0.string) })
            if found.isSubset(of: known) { return }
            for thread in found { try setNice(value, ofThread: thread) }
            known.formUnion(found)
        }
    }

    /// Threads that come faster than they can be set are not waited for.
    private static let mostLooks = 20

    private static func setNice(_ value: Int, ofThread thread: id_t) throws(SystemError) {
        do throws(SystemError) {
            try systemCall("set the nice value of", "thread \(thread)") {
                setpriority(Int32(PRIO_PROCESS.rawValue), thread, Int32(clamping: value))
            }
        } catch {
            // Threads end while they are counted.
            if error.code != .noSuchProcess { throw error }
        }
    }
}
