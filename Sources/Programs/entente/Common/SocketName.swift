import Foundation
import Node

/// The administration socket of a folder under a name that the system takes: it has room for 107 octets, and people keep
/// folders in folders. A longer name is reached through the open folder instead.
final class SocketName {
    /// The most octets of a name, without the zero at its end (unix(7)).
    static let octetsMax = 107

    /// The name to connect to, good as long as this lives.
    let path: String
    private let descriptor: Int32?

    init(_ folder: DataFolder) {
        let whole = folder.adminSocket
        guard whole.utf8.count > Self.octetsMax else {
            path = whole
            descriptor = nil
            return
        }
        let opened = unsafe open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        descriptor = opened < 0 ? nil : opened
        let last = URL(fileURLWithPath: whole).lastPathComponent
        path = opened < 0 ? whole : "/proc/self/fd/\(opened)/\(last)"
    }

    deinit {
        if let descriptor { close(descriptor) }
    }
}
