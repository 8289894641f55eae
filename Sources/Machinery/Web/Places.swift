import NIOCore
import Synchronization

/// How many connections are there at once, of those that are counted together.
final class ConnectionCount: Sendable {
    private let count = Mutex(0)
    private let max: Int

    init(max: Int) {
        self.max = max
    }

    func enter() -> Bool {
        count.withLock { count in
            guard count < max else { return false }
            count += 1
            return true
        }
    }

    func leave() {
        count.withLock { $0 -= 1 }
    }
}

/// The places of a listener's connections. Who has not shown a known key yet, in the middle of the handshake too, stands in
/// an entrance that has places of its own, and few for one address. When it is full, the one that stood there longest gives
/// way: strangers who hold still keep nobody out who shows a key.
final class Places: Sendable {
    private struct State {
        var entered: UInt64 = 0
        /// In the entrance: the address, and how to end the connection.
        var waiting: [UInt64: (address: String, end: @Sendable () -> Void)] = [:]
        var byAddress: [String: Int] = [:]
        var known: Set<UInt64> = []

        mutating func takeOut(_ id: UInt64) -> (@Sendable () -> Void)? {
            guard let (address, end) = waiting.removeValue(forKey: id) else { return nil }
            let left = (byAddress[address] ?? 0) - 1
            byAddress[address] = left > 0 ? left : nil
            return end
        }
    }

    private let state = Mutex(State())

    /// Takes a place in the entrance for a connection from this address; nil when the address has no more there.
    ///
    /// - Parameter end: ends this connection, when another one needs the place.
    func enter(from remote: SocketAddress?, end: @escaping @Sendable () -> Void) -> UInt64? {
        let address = remote?.ipAddress ?? ""
        let (id, evict) = state.withLock { state -> (UInt64?, (@Sendable () -> Void)?) in
            guard state.byAddress[address, default: 0] < WebLimits.entrancePerAddressMax else { return (nil, nil) }
            var evict: (@Sendable () -> Void)?
            if state.waiting.count >= WebLimits.entranceMax, let oldest = state.waiting.keys.min() {
                evict = state.takeOut(oldest)
            }
            state.entered += 1
            state.waiting[state.entered] = (address, end)
            state.byAddress[address, default: 0] += 1
            return (state.entered, evict)
        }
        evict?()
        return id
    }

    /// Takes a place among the known ones, out of the entrance where it stood there; false when there is none.
    func admit(_ id: UInt64) -> Bool {
        state.withLock { state in
            guard state.known.count < WebLimits.connectionsMax else { return false }
            _ = state.takeOut(id)
            state.known.insert(id)
            return true
        }
    }

    /// The same for a connection that nothing is asked of: it has no time in the entrance. Nil when there is no place.
    func enterKnown() -> UInt64? {
        state.withLock { state in
            guard state.known.count < WebLimits.connectionsMax else { return nil }
            state.entered += 1
            state.known.insert(state.entered)
            return state.entered
        }
    }

    /// The connection has ended.
    func leave(_ id: UInt64) {
        state.withLock { state in
            _ = state.takeOut(id)
            state.known.remove(id)
        }
    }
}
