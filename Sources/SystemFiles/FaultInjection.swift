#if DEBUG
    public import SystemPackage

    /// Makes chosen system calls fail, for tests; absent from release builds.
    ///
    /// Only calls made on the task, or inside the synchronous body, that ``with(_:body:)`` runs are affected.
    public final class FaultInjection: @unchecked Sendable {
        /// A call that is about to be made.
        public struct Call: Sendable, Hashable {
            /// How many calls were made before this one since injection began.
            public let index: Int
            /// The verb of the call.
            public let operation: String
            /// The object of the call.
            public let subject: String?
        }

        @TaskLocal static var current: FaultInjection?

        private let decide: @Sendable (Call) -> Errno?
        // Only ever touched by the task that runs the body.
        private var count = 0

        init(_ decide: @escaping @Sendable (Call) -> Errno?) {
            self.decide = decide
        }

        func fault(in operation: String, on subject: String?) -> Errno? {
            defer { count += 1 }
            return decide(Call(index: count, operation: operation, subject: subject))
        }

        /// The body with the faults of here, for a thread of somebody else that this one waits for.
        public static func carried<Value>(
            into body: @escaping @Sendable () -> Value
        ) -> @Sendable () -> Value {
            guard let current else { return body }
            return { $current.withValue(current, operation: body) }
        }

        /// Runs `body`; each system call in it fails with the error number that `decide` returns for it, or is made
        /// where `decide` returns `nil`.
        public static func with<Result>(
            _ decide: @escaping @Sendable (Call) -> Errno?, body: () throws -> Result
        ) rethrows -> Result {
            try $current.withValue(FaultInjection(decide), operation: body)
        }

        /// The same for asynchronous bodies, which must make their calls one after the other.
        public static func with<Result>(
            isolation: isolated (any Actor)? = #isolation, _ decide: @escaping @Sendable (Call) -> Errno?,
            body: () async throws -> Result
        ) async rethrows -> Result {
            try await $current.withValue(FaultInjection(decide), operation: body)
        }
    }
#endif
