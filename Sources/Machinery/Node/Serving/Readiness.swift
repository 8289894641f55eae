import Synchronization

/// Whether this server takes work: what `/readyz` and the service manager are told.
final class Readiness: Sendable {
    /// What a server is doing as a whole.
    enum Phase: String, Sendable {
        /// It loads its store, renews what is due and opens its listeners.
        case starting
        /// It takes every request.
        case serving
        /// It ends: what runs may finish, nothing new is taken.
        case draining
    }

    private let current = Mutex(Phase.starting)

    /// The phase at this moment.
    var phase: Phase {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }
}
