import Foundation

/// A name for a Unix socket that the system takes: it has room for 107 octets, and people keep folders in folders. What is
/// longer is reached through the open folder instead, for as long as this has not been released.
final class SocketName: Sendable {
    /// The most octets of a name, without the zero at its end (unix(7)).
    private static let octetsMax = 107

    /// The name to bind or to connect to.
    let path: String
    private let folder: Int32?

    init(_ whole: String) {
        let url = URL(fileURLWithPath: whole)
        let opened =
            whole.utf8.count > Self.octetsMax
            ? unsafe open(url.deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1
        folder = opened < 0 ? nil : opened
        path = opened < 0 ? whole : "/proc/self/fd/\(opened)/\(url.lastPathComponent)"
    }

    /// Lets go of the folder, once: the name means nothing any more.
    func release() {
        if let folder { close(folder) }
    }
}
