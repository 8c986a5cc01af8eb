import Glibc
import SystemPackage
import TentacleServerDouble

// Serves until it is killed: tentacle-server-double [port N] [folder PATH] [password TEXT] [limit BYTES]
//     [cert PATH key PATH [ca PATH]]
// Prints its port. Without a folder, files are read and forgotten.
var behaviour = TentacleServerDouble.Behaviour()
behaviour.store = .nowhere
var port: UInt16 = 0
var certificate: FilePath?
var key: FilePath?
var authorities: FilePath?
var words = CommandLine.arguments.dropFirst()
while let word = words.popFirst(), let value = words.popFirst() {
    switch word {
    case "port": port = UInt16(value) ?? 0
    case "folder": behaviour.store = .folder(FilePath(value))
    case "password": behaviour.password = value
    case "limit": behaviour.sizeLimit = Int(value) ?? behaviour.sizeLimit
    case "cert": certificate = FilePath(value)
    case "key": key = FilePath(value)
    case "ca": authorities = FilePath(value)
    default:
        _ = try FileDescriptor.standardError.writeAll("unknown word \(word)\n".utf8)
        exit(1)
    }
}
if let certificate {
    behaviour.tls = .init(
        certificate: certificate, key: key ?? certificate,
        clientCertificates: authorities.map { .required(authorities: $0) } ?? .notAsked)
}
let server = try TentacleServerDouble(behaviour, port: port)
// Not through the buffer of standard output, which a script would wait for.
_ = try FileDescriptor.standardOutput.writeAll("\(server.port)\n".utf8)
while true { pause() }
