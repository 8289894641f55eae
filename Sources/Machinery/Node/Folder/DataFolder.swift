import Foundation

/// The data folder of one server or authority: where everything lies, and how files are written so that a crash leaves the
/// old content or the new, never half of it.
public struct DataFolder: Sendable, Hashable {
    /// The folder itself.
    public let path: String

    /// Names a folder; nothing is read or made.
    public init(path: String) {
        self.path = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path
    }

    /// This server's own configuration.
    public var configuration: String { path + "/config.yaml" }
    /// Private keys, mode 0700.
    public var keys: String { path + "/keys" }
    /// The current trust state as last verified.
    public var trust: String { path + "/trust" }
    /// Keys that belong on another medium: root and publisher.
    public var offline: String { path + "/offline" }
    /// The embedded store.
    public var database: String { path + "/state.sqlite" }
    /// The socket for administration.
    public var adminSocket: String { path + "/admin.sock" }
    /// The request of this server, from `node request` until its admission came.
    public var request: String { path + "/node.request" }
    /// The port numbers and pid of the running server, so that commands and tests find it.
    public var runtime: String { path + "/runtime.json" }

    /// Why a file could not be read or written.
    public struct Failure: Error, CustomStringConvertible {
        /// The file and what the system said.
        public let description: String

        /// A failure with this text.
        init(description: String) {
            self.description = description
        }
    }

    /// Makes the folder and its parts.
    public func create() throws(Failure) {
        for (folder, mode) in [(path, 0o755), (keys, 0o700), (trust, 0o755)] {
            try Self.makeFolder(folder, mode: mode)
        }
    }

    /// Makes one folder with this mode, and its parents.
    public static func makeFolder(_ path: String, mode: Int) throws(Failure) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
        } catch {
            throw Failure(description: "cannot make the folder \(path): \(error.localizedDescription)")
        }
    }

    /// The bytes of a file; nil when it is not there.
    public static func read(_ path: String) throws(Failure) -> [UInt8]? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            return try Array(Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw Failure(description: "cannot read \(path): \(error.localizedDescription)")
        }
    }

    /// Writes a file beside its place, forces it to the disk, renames it into its place and forces that to the disk too.
    public static func write(_ bytes: [UInt8], to path: String, mode: Int = 0o644) throws(Failure) {
        let temporary = path + ".new"
        do {
            _ = FileManager.default.createFile(
                atPath: temporary, contents: nil, attributes: [.posixPermissions: mode])
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: temporary))
            try handle.truncate(atOffset: 0)
            try handle.write(contentsOf: bytes)
            try handle.synchronize()
            try handle.close()
        } catch {
            throw Failure(description: "cannot write \(temporary): \(error.localizedDescription)")
        }
        guard unsafe rename(temporary, path) == 0 else {
            throw Failure(description: "cannot replace \(path): system error \(errno)")
        }
        try synchroniseFolder(of: path)
    }

    /// Removes a file and forces that to the disk; nothing happens when it is not there.
    static func remove(_ path: String) throws(Failure) {
        guard unsafe unlink(path) == 0 || errno == ENOENT else {
            throw Failure(description: "cannot remove \(path): system error \(errno)")
        }
        try synchroniseFolder(of: path)
    }

    // A name that was changed is on the disk when its folder is.
    private static func synchroniseFolder(of path: String) throws(Failure) {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(description: "cannot open \(folder): system error \(errno)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw Failure(description: "cannot write \(folder): system error \(errno)")
        }
    }

    /// The names of the files in a folder, sorted; empty when there is no folder.
    public static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }
}
