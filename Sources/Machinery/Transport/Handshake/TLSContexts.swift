import Basis
import NIOSSL
import Synchronization

/// The TLS contexts of one listener, or of everything that this process dials: one at a time, each for a short life.
///
/// NIOSSL hands out session tickets and cannot be told not to. A ticket is good for the context that made it and no other,
/// so a context ends with the second, or at once when the trust changes, and nobody resumes past a decision.
public final class TLSContexts: Sendable {
    /// Which end of the handshake, and what it offers or accepts by ALPN.
    enum Role {
        case server(protocols: [String])
        case client(protocols: [String])
    }

    private struct State {
        var material: TLSMaterial?
        var context: NIOSSLContext
        var madeAt: Instant
        var isStale = false
    }

    private let role: Role
    private let lifetime: Interval
    private let state: Mutex<State>

    init(_ role: Role, material: TLSMaterial?, lifetime: Interval, now: Instant) throws(TLSMaterial.Problem) {
        self.role = role
        self.lifetime = lifetime
        let context = try Self.make(role, material)
        state = Mutex(State(material: material, context: context, madeAt: now))
    }

    /// Ends the present generation: the next connection gets a context of its own, and tickets given until now are void.
    public func endGeneration() {
        state.withLock { $0.isStale = true }
    }

    /// Shows other certificates from the next connection on.
    public func replace(_ material: TLSMaterial) {
        state.withLock { state in
            state.material = material
            state.isStale = true
        }
    }

    /// The context for a connection that begins now.
    func context(at now: Instant) throws(TLSMaterial.Problem) -> NIOSSLContext {
        try state.withLock { state throws(TLSMaterial.Problem) in
            if state.isStale || (now - state.madeAt) >= lifetime {
                state.context = try Self.make(role, state.material)
                state.madeAt = now
                state.isStale = false
            }
            return state.context
        }
    }

    private static func make(_ role: Role, _ material: TLSMaterial?) throws(TLSMaterial.Problem) -> NIOSSLContext {
        do {
            switch role {
            case .server(let protocols):
                guard let material else { throw TLSMaterial.Problem.noCertificate }
                return try NIOSSLContext(configuration: TLSSettings.server(material, protocols: protocols))
            case .client(let protocols):
                return try NIOSSLContext(configuration: TLSSettings.client(material, protocols: protocols))
            }
        } catch let problem as TLSMaterial.Problem {
            throw problem
        } catch {
            throw .mismatch(String(describing: error))
        }
    }
}
