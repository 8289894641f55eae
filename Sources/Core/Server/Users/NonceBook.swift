import Basis
import Synchronization

/// RFC 7616 §3.3, RFC 7616 §3.4: nonces that only we can make, each good for one flow, and for each the highest `nc` that was seen.
///
/// A nonce says itself when it was made and whether we made it for this flow, so a challenge costs no memory, and a
/// recorded answer is worth nothing on another connection. Memory is taken by the first answer only.
public final class NonceBook: Sendable {
    /// What an answer's nonce and count are worth.
    enum Judgement: Equatable {
        /// Ours, in time, never seen with this count.
        case fresh
        /// Ours but too old or forgotten, or not ours: challenge again with `stale=true`.
        case stale
        /// Ours, and this count was used before: a replay.
        case replayed
    }

    /// Nonces remembered by each stripe.
    static let noncesPerStripeMax = 4_096
    private static let stripeCount = 16
    private static let contentLength = 16

    private struct Stripe {
        var highest: [UInt64: UInt32] = [:]
        var order: [(random: UInt64, made: Instant)] = []
        var oldest = 0
        /// The latest making of a nonce that was forgotten: unknown ones up to it may have been used, and are stale.
        var forgottenUpTo: Instant?
    }

    private final class Box: Sendable {
        let stripe = Mutex(Stripe())
    }

    private let sealer: TokenSealer
    private let boxes: [Box]

    init(sealer: TokenSealer) {
        self.sealer = sealer
        boxes = (0..<Self.stripeCount).map { _ in Box() }
    }

    /// A nonce for `flow`, made now.
    func nonce(for flow: Flow, at now: Instant, chance: inout Chance) -> [UInt8] {
        var content = now.nanoseconds.bigEndianBytes
        content.append(bigEndian: chance.next())
        sealer.seal(&content, bound: [flow.bytes[...]], as: .nonce)
        return Base64URL.encode(content)
    }

    /// Judges the nonce and count of an answer, and takes the count as used. Nobody but who sits on the flow can use one up.
    func judge(_ nonce: ArraySlice<UInt8>, count: UInt32, on flow: Flow, at now: Instant) -> Judgement {
        guard nonce.count <= 128, let sealed = Base64URL.decode(nonce),
            let content = sealer.open(sealed, bound: [flow.bytes[...]], as: .nonce),
            content.count == Self.contentLength,
            let madeAt = UInt64(bigEndianBytes: content.prefix(8)),
            let random = UInt64(bigEndianBytes: content.suffix(8))
        else { return .stale }
        let made = Instant(nanoseconds: madeAt)
        guard now - made <= ServerLimits.nonceLifetime else { return .stale }
        return boxes[Int(random % UInt64(boxes.count))].stripe.withLock { stripe in
            if let highest = stripe.highest[random] {
                guard count > highest else { return .replayed }
                stripe.highest[random] = count
                return .fresh
            }
            if let forgotten = stripe.forgottenUpTo, made <= forgotten { return .stale }
            Self.makeRoom(in: &stripe, at: now)
            stripe.highest[random] = count
            stripe.order.append((random, made))
            return .fresh
        }
    }

    private static func makeRoom(in stripe: inout Stripe, at now: Instant) {
        while stripe.oldest < stripe.order.count {
            let first = stripe.order[stripe.oldest]
            let isFull = stripe.highest.count >= noncesPerStripeMax
            guard isFull || now - first.made > ServerLimits.nonceLifetime else { break }
            stripe.forgottenUpTo = max(stripe.forgottenUpTo ?? first.made, first.made)
            stripe.highest[first.random] = nil
            stripe.oldest += 1
        }
        if stripe.oldest > noncesPerStripeMax {
            stripe.order.removeFirst(stripe.oldest)
            stripe.oldest = 0
        }
    }
}

extension Flow {
    /// The flow as bytes, for what is bound to it by a MAC.
    var bytes: [UInt8] {
        switch self {
        case .direct(let id): [1] + id.rawValue.bigEndianBytes
        case .edge(let flow): [2] + Array(flow.edge.utf8) + [0] + flow.token
        }
    }
}
