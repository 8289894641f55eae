import Basis
import NIOCore
import Trust

/// Stands in the pipeline of a listening socket and holds back the next accept while enough handshakes that began there are under way.
///
/// What is not accepted waits in the kernel: a storm of new connections delays itself and not the messages.
final class AcceptGate: ChannelDuplexHandler {
    typealias InboundIn = Channel
    typealias InboundOut = Channel
    typealias OutboundIn = Channel

    private let connections: LoopConnections
    let listener: String
    private var context: ChannelHandlerContext?
    private var holdsRead = false

    init(listener: String, connections: LoopConnections) {
        self.listener = listener
        self.connections = connections
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        connections.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        connections.remove(self)
    }

    func read(context: ChannelHandlerContext) {
        if connections.mayAccept(at: listener) {
            context.read()
        } else {
            holdsRead = true
        }
    }

    /// Accepts again when it was held back.
    func open() {
        guard holdsRead, let context else { return }
        holdsRead = false
        context.read()
    }

    /// Without a descriptor left every accept fails at once, and the loop would do nothing else: the listener rests. NIO keeps a
    /// socket whose accept failed among the readable ones, whatever its handlers hold back; only `autoRead` takes it out.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        connections.report(.acceptFailed(listener: listener, why: String(describing: error)))
        let options = context.channel.syncOptions
        try? options?.setOption(.autoRead, value: false)
        let pause = TimeAmount.nanoseconds(Int64(clamping: connections.limits.acceptBackOff.nanoseconds))
        context.eventLoop.assumeIsolated().scheduleTask(in: pause) {
            guard self.context != nil else { return }
            try? options?.setOption(.autoRead, value: true)
        }
        context.fireErrorCaught(error)
    }
}
