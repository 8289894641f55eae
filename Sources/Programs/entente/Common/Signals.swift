import Dispatch
import Foundation
import Synchronization

/// SIGINT and SIGTERM as something to wait for, from the moment this is made: the program ends in order instead of at once.
final class Signals: Sendable {
    private let stream: AsyncStream<Void>
    private let arrived: Flag

    private final class Flag: Sendable {
        let isUp = Mutex(false)
    }

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        let flag = Flag()
        self.stream = stream
        arrived = flag
        for number in [SIGTERM, SIGINT] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler {
                flag.isUp.withLock { $0 = true }
                continuation.yield()
            }
            source.resume()
            // Held by its own handler from now on: the program wants to hear of signals as long as it lives.
            source.setCancelHandler { _ = source }
        }
    }

    /// Whether a signal has come.
    var hasCome: Bool { arrived.isUp.withLock { $0 } }

    /// Waits for the first signal.
    func wait() async {
        if hasCome { return }
        for await _ in stream { return }
    }
}
