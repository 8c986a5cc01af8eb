internal import Glibc
internal import SystemPackage

/// Makes one system call: the one place where EINTR is retried and errno becomes an error.
///
/// - Parameters:
///   - operation: What is tried, as a verb that follows "cannot".
///   - subject: The path or other name of what it is tried on.
///   - body: The call; it returns -1 and sets errno when it fails.
/// - Returns: What the call returned.
/// - Throws: ``SystemError`` with the error number.
@discardableResult
public func systemCall<Result: FixedWidthInteger>(
    _ operation: String, _ subject: @autoclosure () -> String?, _ body: () -> Result
) throws(SystemError) -> Result {
    #if DEBUG
        if let injected = FaultInjection.current?.fault(in: operation, on: subject()) {
            throw SystemError(operation, subject(), injected)
        }
    #endif
    while true {
        let result = body()
        if result != -1 { return result }
        let code = Errno(rawValue: Glibc.errno)
        if code != .interrupted { throw SystemError(operation, subject(), code) }
    }
}
