public import Basis

/// The two clocks of a process. Production reads the system's, the simulation its own.
public protocol Clock: AnyObject {
    /// The monotonic clock: deadlines.
    var now: Instant { get }
    /// The civil clock: validity of certificates, expiry of bindings on disk, logs.
    var wallTime: WallTime { get }
    /// Asks for a call of `Shard.turn` at `deadline`; replaces an earlier request. Nil: no call is needed.
    func wake(at deadline: Instant?)
}
