import Foundation
import NIOCore
import Trust

/// Why a server did not start, where the person who starts it can mend that.
public struct StartFailure: Error, CustomStringConvertible {
    /// What is wrong.
    public let description: String
    /// What was found.
    public let seen: String?
    /// What is needed.
    public let expected: String?
    /// What to run or change.
    public let next: String

    init(_ description: String, seen: String? = nil, expected: String? = nil, next: String) {
        self.description = description
        self.seen = seen
        self.expected = expected
        self.next = next
    }

    /// The failure to listen on the address that `config.yaml` names under `key`; other errors as they are.
    static func listening(_ key: String, _ address: NetworkAddress, _ error: any Error) -> any Error {
        guard let error = error as? IOError else { return error }
        let seen =
            switch error.errnoCode {
            case EADDRINUSE: "another process listens there"
            case EADDRNOTAVAIL: "no address of this machine"
            case EACCES: "this user may not listen there"
            default: "\(error)"
            }
        return StartFailure(
            "cannot listen on \(address)", seen: seen, expected: "a free address of this machine",
            next: "`ss -ltnp` shows who listens; `listen: \(key)` in config.yaml says where this server does")
    }
}

/// Held by a server while it runs from a folder: two of them would write the same files and take each other's socket.
/// The system drops it with the process, however that ends.
final class FolderLock: Sendable {
    private let descriptor: Int32

    init(_ folder: DataFolder) throws {
        descriptor = unsafe open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DataFolder.Failure(description: "cannot open the folder \(folder.path)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw StartFailure(
                "a server runs from \(folder.path) already", next: "entente status --dir \(folder.path)")
        }
    }

    /// Lets another server have the folder.
    func release() { _ = flock(descriptor, LOCK_UN) }

    deinit { if descriptor >= 0 { close(descriptor) } }
}
