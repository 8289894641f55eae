import Basis

/// Where a request came from, or where one is going to, as far as this server has proof of it.
public enum Origin: Hashable, Sendable {
    /// A client, over its flow.
    case client(Flow)
    /// A federation partner, by the name of its record, over our edge or directly.
    case partner(String)
    /// A trusted application, by its name in the topology.
    case application(String)
}

/// What the home proxy puts into its Record-Route, one for each branch: who talks to whom over which flows.
///
/// Inside a dialog From and To cannot be checked against proven users (the callee's BYE has the dialled address in From,
/// which may be an alias or a number), so a request inside a dialog must carry this token back, must come from one of
/// the two origins in it, and goes to the other. It is encrypted, because both ends and whoever is between them see it, also
/// of a caller who hides. Call-ID and the caller's tag are not in the token, but it opens with them alone: it fits one
/// dialog, and every fork of it. The To tag is left out, because nobody knows it yet when it is made.
struct DialogToken: Hashable, Sendable {
    /// The caller's proven address.
    var caller: [UInt8]
    var callerOrigin: Origin
    /// The address-of-record that was dialled, after aliases.
    var target: [UInt8]
    var targetOrigin: Origin

    /// Which end of the dialog sent a request.
    enum Side {
        case caller
        case target
    }
}

/// Writes and reads dialog tokens.
struct DialogTokens: Sendable {
    private static let version: UInt8 = 1
    /// The longest user part that is looked at.
    static let bytesMax = 1_024
    private let sealer: TokenSealer

    init(sealer: TokenSealer) {
        self.sealer = sealer
    }

    /// The user part of a Record-Route for the dialog that a request with this Call-ID and From tag may create.
    func token(_ token: DialogToken, callID: ArraySlice<UInt8>, callerTag: ArraySlice<UInt8>) -> [UInt8]? {
        var content: [UInt8] = [Self.version]
        content.reserveCapacity(192)
        append(token.caller, to: &content)
        append(token.callerOrigin, to: &content)
        append(token.target, to: &content)
        append(token.targetOrigin, to: &content)
        return sealer.encrypt(content, bound: [callID, callerTag], as: .dialog).map(Base64URL.encode)
    }

    /// The token in a Route's user part and the side that the request came from, judged by its tags; nil when we did not
    /// make it for this dialog.
    func open(
        _ user: ArraySlice<UInt8>, callID: ArraySlice<UInt8>, fromTag: ArraySlice<UInt8>, toTag: ArraySlice<UInt8>
    ) -> (token: DialogToken, side: DialogToken.Side)? {
        guard user.count <= Self.bytesMax, let sealed = Base64URL.decode(user) else { return nil }
        if let content = sealer.decrypt(sealed, bound: [callID, fromTag], as: .dialog) {
            return read(content[...]).map { ($0, .caller) }
        }
        if let content = sealer.decrypt(sealed, bound: [callID, toTag], as: .dialog) {
            return read(content[...]).map { ($0, .target) }
        }
        return nil
    }

    private func append(_ field: [UInt8], to bytes: inout [UInt8]) {
        bytes.append(UInt8(clamping: field.count >> 8))
        bytes.append(UInt8(truncatingIfNeeded: field.count))
        bytes.append(contentsOf: field)
    }

    private func append(_ origin: Origin, to bytes: inout [UInt8]) {
        switch origin {
        case .client(.direct(let id)):
            bytes.append(1)
            append(id.rawValue.bigEndianBytes, to: &bytes)
        case .client(.edge(let flow)):
            bytes.append(2)
            append(Array(flow.edge.utf8), to: &bytes)
            append(flow.token, to: &bytes)
        case .partner(let name):
            bytes.append(3)
            append(Array(name.utf8), to: &bytes)
        case .application(let name):
            bytes.append(4)
            append(Array(name.utf8), to: &bytes)
        }
    }

    private func read(_ content: ArraySlice<UInt8>) -> DialogToken? {
        var rest = content
        guard rest.popFirst() == Self.version, let caller = field(&rest), let callerOrigin = origin(&rest),
            let target = field(&rest), let targetOrigin = origin(&rest), rest.isEmpty
        else { return nil }
        return DialogToken(caller: caller, callerOrigin: callerOrigin, target: target, targetOrigin: targetOrigin)
    }

    private func field(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        guard let high = rest.popFirst(), let low = rest.popFirst() else { return nil }
        let count = Int(high) << 8 | Int(low)
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    private func origin(_ rest: inout ArraySlice<UInt8>) -> Origin? {
        guard let kind = rest.popFirst(), let first = field(&rest) else { return nil }
        switch kind {
        case 1: return UInt64(bigEndianBytes: first[...]).map { .client(.direct(ConnectionID(rawValue: $0))) }
        case 2:
            guard let token = field(&rest) else { return nil }
            return .client(.edge(EdgeFlow(edge: String(decoding: first, as: UTF8.self), token: token)))
        case 3: return .partner(String(decoding: first, as: UTF8.self))
        case 4: return .application(String(decoding: first, as: UTF8.self))
        default: return nil
        }
    }
}
