public import Authority

/// The two key pairs of a server: the one in use, and the next, which the topology pins beforehand so that a change of keys
/// needs no new trust. Made on this machine, never copied; PKCS#8, mode 0600.
public struct NodeKeys: Sendable {
    /// The key in use.
    public let current: CertificateKey
    /// The key that comes after it.
    public let next: CertificateKey

    /// Reads the keys of a folder, and makes those that are not there yet.
    public static func loadOrMake(in folder: DataFolder) throws -> NodeKeys {
        try DataFolder.makeFolder(folder.keys, mode: 0o700)
        return NodeKeys(
            current: try load(folder.keys + "/server.pem", orMake: .p256),
            next: try load(folder.keys + "/server-next.pem", orMake: .p256))
    }

    /// Reads a key file; makes it when it is missing and an algorithm is given.
    public static func load(_ path: String, orMake algorithm: CertificateKey.Algorithm? = nil) throws -> CertificateKey
    {
        if let bytes = try DataFolder.read(path) {
            return try CertificateKey(pem: String(decoding: bytes, as: UTF8.self))
        }
        guard let algorithm else { throw DataFolder.Failure(description: "the key \(path) is missing") }
        let key = CertificateKey.generate(algorithm)
        try store(key, at: path)
        return key
    }

    /// Writes a key file, readable by its owner alone.
    public static func store(_ key: CertificateKey, at path: String) throws(DataFolder.Failure) {
        try DataFolder.write(Array(key.pem.utf8), to: path, mode: 0o600)
    }
}
