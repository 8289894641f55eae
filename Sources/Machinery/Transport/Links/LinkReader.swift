import SIP
import Trust

/// Turns the octets of an admitted link into messages.
///
/// Made with the proof of admission as an argument, and the only place of the machinery that makes a framer: octets of a
/// link that was not admitted have nowhere to go.
struct LinkReader {
    private var framer: StreamFramer

    /// A reader for the link that `peer` was admitted on. The end that opened a link is the one that may ping.
    init(admitted peer: VerifiedPeer, isOutbound: Bool) {
        framer = StreamFramer(
            limits: peer.peerClass == .server ? .standard : .outside,
            keepAlive: isOutbound ? .sendsPings : .answersPings)
    }

    /// Whether a message has begun and not ended.
    var hasPartial: Bool { framer.hasPartial }

    /// Appends what the octets complete.
    mutating func receive(_ bytes: Span<UInt8>, into framed: inout [Framed]) {
        framer.receive(bytes, into: &framed)
    }
}
