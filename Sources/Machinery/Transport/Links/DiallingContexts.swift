import Basis
import Trust

/// What links that we open show: our own certificate and ALPN to servers of the own network, to others no ALPN, and the
/// certificate that they know us by.
final class DiallingContexts: Sendable {
    private let ownServers: TLSContexts
    private let others: TLSContexts
    private let hasOutside: Bool

    /// `outside` is what applications and partners are shown, when it is not the same.
    init(
        material: TLSMaterial?, outside: TLSMaterial? = nil, limits: TransportLimits, now: Instant
    ) throws(TLSMaterial.Problem) {
        hasOutside = outside != nil
        // A client of NIOSSL never resumes a session: its contexts live until the certificate changes.
        let lifetime = Interval(nanoseconds: .max)
        ownServers = try TLSContexts(
            .client(protocols: TLSSettings.ownServerProtocols), material: material, lifetime: lifetime, now: now)
        others = try TLSContexts(
            .client(protocols: []), material: outside ?? material, lifetime: lifetime, now: now)
    }

    func contexts(for dialled: Dialled) -> TLSContexts {
        switch dialled {
        case .server: ownServers
        case .application, .partner, .registrar: others
        }
    }

    /// Our own certificate was renewed.
    func replace(_ material: TLSMaterial) {
        ownServers.replace(material)
        if !hasOutside { others.replace(material) }
    }
}
