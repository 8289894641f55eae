public import Authority
public import Basis
import Foundation
import Storage
public import Trust

/// What a new server does: asks with a request, and takes its admission home.
public enum NodeEnrolment {
    /// Makes the keys of a new server in its folder, and the request that goes to the authority. The request stays in the
    /// folder as well, so that the admission finds the server that asked for it.
    ///
    /// - Throws: `DataFolder.Failure` when the folder holds a server of another name; `AuthorityError`.
    public static func request(
        name: String, roles: [ServerRole], address: NetworkAddress, external: NetworkAddress?, trust: NetworkAddress,
        folder: DataFolder
    ) throws -> NodeRequest {
        if let bytes = try DataFolder.read(folder.configuration) {
            let known = try NodeConfiguration.parse(String(decoding: bytes, as: UTF8.self))
            guard known.server == name.lowercased() else {
                throw DataFolder.Failure(
                    description: "\(folder.path) holds \(known.server) already; nothing was changed")
            }
        }
        try folder.create()
        let keys = try NodeKeys.loadOrMake(in: folder)
        let request = try NodeRequest(
            name: name, roles: roles, address: address, external: external, trust: trust, key: keys.current,
            nextKey: keys.next.pin)
        try DataFolder.write(request.bytes, to: folder.request)
        return request
    }

    /// Verifies the admission against the confirmed root hash and the key of this machine, and stores it, with an empty store
    /// beside it. A store or a `config.yaml` that is there stays as it is; otherwise one is written, with the addresses of
    /// the topology.
    ///
    /// - Parameter metrics: where a new `config.yaml` has metrics and health.
    /// - Returns: the state that the server begins with.
    @discardableResult
    public static func accept(
        _ admission: NodeAdmission, folder: DataFolder, name: String, confirmedRootHash: [UInt8],
        metrics: NetworkAddress? = nil, now: WallTime
    ) throws -> TrustState {
        let keys = try NodeKeys.loadOrMake(in: folder)
        let state = try admission.accept(
            name: name, key: keys.current.pin, confirmedRootHash: confirmedRootHash, now: now)
        try folder.create()
        try TrustFolder(path: folder.trust).store(state)
        try DataFolder.write(
            NodeDelivery(bundle: TrustBundle(), chains: Array(admission.chains.prefix(1))).bytes,
            to: folder.keys + "/server.chain.json", mode: 0o600)
        if !FileManager.default.fileExists(atPath: folder.database) {
            try Database(path: folder.database, whenMissing: .create).close()
        }
        if let metrics, try DataFolder.read(folder.configuration) == nil, let topology = state.topology,
            let text = ConfigurationText(of: name, in: topology, authority: admission.authority, metrics: metrics)?.text
        {
            try DataFolder.write(Array(text.utf8), to: folder.configuration)
        }
        return state
    }
}
