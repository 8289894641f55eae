import Foundation
import NIOCore
import NIOPosix

extension ServerBootstrap {
    /// Opens a Unix socket at `path` that is its owner's alone from the first moment: it is bound in a folder that nobody else
    /// may enter, gets its mode there, and only then its name. One that a process before left there is replaced.
    /// - Throws: `WebFailure.unsafe` when the mode or the name cannot be set; nothing is left open then.
    func bind(toOwnSocket path: String) async throws -> any Channel {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path + "/.sock"
        let inside = folder + "/s"
        func check(_ result: Int32, _ what: String) throws(WebFailure) {
            if result != 0 { throw .unsafe(.socket(path: path), "\(what): system error \(errno)") }
        }
        if let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType,
            type != .typeSocket
        {
            throw WebFailure.unsafe(.socket(path: path), "something else than a socket has this name")
        }
        // What a crash left behind.
        _ = unsafe unlink(inside)
        _ = unsafe rmdir(folder)
        try check(unsafe mkdir(folder, 0o700), "cannot make \(folder)")
        defer { _ = unsafe rmdir(folder) }
        let name = SocketName(inside)
        defer { name.release() }
        let channel = try await bind(unixDomainSocketPath: name.path).get()
        do {
            try check(unsafe chmod(inside, 0o600), "cannot set its mode")
            try check(unsafe rename(inside, path), "cannot give it its name")
        } catch {
            try? await channel.close()
            _ = unsafe unlink(inside)
            throw error
        }
        return channel
    }
}
