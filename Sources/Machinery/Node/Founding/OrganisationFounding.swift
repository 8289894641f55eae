import Authority
public import Basis
import Foundation
import Storage
import Transport
public import Trust

/// Makes an organisation on this machine: keys, CA, first topology, data folders. What `entente init` and the demo do.
public struct OrganisationFounding: Sendable {
    /// One server whose folder lies on this machine.
    public struct Member: Sendable {
        /// Its FQDN.
        public var name: String
        /// Its folder.
        public var folder: DataFolder
        /// The text of its `config.yaml`.
        public var configuration: String

        /// A member.
        public init(name: String, folder: DataFolder, configuration: String) {
            self.name = name
            self.folder = folder
            self.configuration = configuration
        }
    }

    /// The folder of the keys that belong offline.
    public let offline: String
    /// The hash of the first root: what people compare.
    public let rootHash: [UInt8]
    /// DER of the enterprise root certificate.
    public let rootCertificate: [UInt8]
    /// The topology as published.
    public let topology: Topology

    /// Founds an organisation. The first member is the authority.
    ///
    /// - Parameters:
    ///   - topology: the document without keys; the members' keys are made here and pinned.
    ///   - offline: where root and publisher keys go.
    /// - Throws: `AuthorityError`, `DataFolder.Failure`, `StorageError`; folders that exist already are not touched.
    public static func found(
        topology: Topology, members: [Member], offline: String, now: WallTime
    ) throws -> OrganisationFounding {
        for member in members where FileManager.default.fileExists(atPath: member.folder.configuration) {
            throw DataFolder.Failure(description: "\(member.folder.path) holds a server already; nothing was changed")
        }
        guard let first = members.first else { throw DataFolder.Failure(description: "an organisation needs a server") }
        var topology = topology
        var servers: [Founding.FirstServer] = []
        for member in members {
            try member.folder.create()
            let keys = try NodeKeys.loadOrMake(in: member.folder)
            servers.append(
                Founding.FirstServer(name: member.name, subjectPublicKeyInfo: keys.current.subjectPublicKeyInfo))
            for index in topology.servers.indices where topology.servers[index].name == member.name {
                topology.servers[index].keys = [keys.current.pin, keys.next.pin]
            }
        }
        let keys = try Founding.Keys.generate()
        let database = try Database(path: first.folder.database, whenMissing: .create)
        defer { try? database.close() }
        let founding = try Founding.found(
            topology: topology, servers: servers, keys: keys, now: now, chance: OperatingSystem.chance(),
            ledger: database.ledger)
        try DataFolder.makeFolder(offline, mode: 0o700)
        try NodeKeys.store(keys.certificateRoot, at: offline + "/root-ca.pem")
        try NodeKeys.store(CertificateKey(keys.root), at: offline + "/root.pem")
        try NodeKeys.store(CertificateKey(keys.publisher), at: offline + "/publisher.pem")
        try NodeKeys.store(keys.issuing, at: first.folder.keys + "/issuing.pem")
        try NodeKeys.store(CertificateKey(keys.snapshot), at: first.folder.keys + "/snapshot.pem")
        for member in members {
            let admission = try founding.publisher.admission(of: member.name, now: now)
            try NodeEnrolment.accept(
                admission, folder: member.folder, name: member.name, confirmedRootHash: founding.root.hash, now: now)
            try DataFolder.write(Array(member.configuration.utf8), to: member.folder.configuration)
        }
        let root = founding.publisher.authority.rootCertificate
        try DataFolder.write(Array(PEMText.pem(of: root).utf8), to: first.folder.path + "/root.pem")
        return OrganisationFounding(
            offline: offline, rootHash: founding.root.hash, rootCertificate: root, topology: topology)
    }
}
