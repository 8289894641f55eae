import Basis
import Trust

/// What links that we open show: the same certificate to everybody, and ALPN to servers of the own network only.
final class DiallingContexts: Sendable {
    private let ownServers: TLSContexts
    private let others: TLSContexts

    init(material: TLSMaterial?, limits: TransportLimits, now: Instant) throws(TLSMaterial.Problem) {
        // A client of NIOSSL never resumes a session: its contexts live until the certificate changes.
        let lifetime = Interval(nanoseconds: .max)
        ownServers = try TLSContexts(
            .client(protocols: TLSSettings.ownServerProtocols), material: material, lifetime: lifetime, now: now)
        others = try TLSContexts(.client(protocols: []), material: material, lifetime: lifetime, now: now)
    }

    func contexts(for dialled: Dialled) -> TLSContexts {
        switch dialled {
        case .server: ownServers
        case .application, .partner, .registrar: others
        }
    }

    func replace(_ material: TLSMaterial) {
        ownServers.replace(material)
        others.replace(material)
    }
}
