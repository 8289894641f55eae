public import Server
import Synchronization

/// The one way into a shard from another thread: a queue under a mutex that wakes its loop at most once per turn.
public final class Mailbox: Sendable {
    private struct State {
        var inputs: [Input] = []
        var awake = false
    }

    private let state = Mutex(State())
    private let wake: @Sendable () -> Void

    /// Above this many inputs the sender should treat the shard as overloaded; see `isFull`.
    public static let inputsMax = 65_536

    /// A mailbox that calls `wake` when its first input of a turn arrives. `wake` runs on the sender's thread.
    public init(wake: @escaping @Sendable () -> Void) {
        self.wake = wake
    }

    /// Adds `input`; wakes the loop when it has not been woken since the last `drain`.
    public func post(_ input: Input) {
        let mustWake = state.withLock { state in
            state.inputs.append(input)
            defer { state.awake = true }
            return !state.awake
        }
        if mustWake { wake() }
    }

    /// Whether new requests should be answered 503 instead of being posted here. Responses are posted always.
    public var isFull: Bool {
        state.withLock { $0.inputs.count >= Self.inputsMax }
    }

    /// Moves everything to the end of `inputs`. Called by the owning loop only.
    public func drain(into inputs: inout [Input]) {
        state.withLock { state in
            inputs.append(contentsOf: state.inputs)
            state.inputs.removeAll(keepingCapacity: true)
            state.awake = false
        }
    }
}
