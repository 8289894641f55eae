import Basis
import SIP
import Trust

/// Who stands behind a request, as far as the link it came over proves it. Headers only refine what the link allows.
enum Sender: Hashable {
    /// A client; its user is proven by digest, on this flow.
    case client(Flow)
    /// A partner: directly on our edge's link, or vouched for by our edge.
    case partner(String)
    /// A server of this network that is no edge. Whether it speaks for users of ours, its roles say.
    case server(String)
    /// A trusted application.
    case application(String)

    /// The same as one end of a dialog; nil for a server, which only passes on what others began.
    var origin: Origin? {
        switch self {
        case .client(let flow): .client(flow)
        case .partner(let name): .partner(name)
        case .application(let name): .application(name)
        case .server: nil
        }
    }
}

/// The user part of an edge's Record-Route on requests from and to a partner: `partner.`, the names of the record and of the
/// edge under a MAC. The host beside it is the pool's outside name, so only the token says which edge it was.
struct PartnerTokens: Sendable {
    private static let prefix = Array("partner.".utf8)
    /// In no name of a domain, and not the `*` of a record.
    private static let separator = UInt8(ascii: "/")
    private let sealer: TokenSealer

    init(sealer: TokenSealer) {
        self.sealer = sealer
    }

    func token(for record: String, edge: String) -> [UInt8] {
        var content = Array(record.utf8) + [Self.separator] + Array(edge.utf8)
        sealer.seal(&content, as: .partner)
        return Self.prefix + Base64URL.encode(content)
    }

    /// The record in a token that this process made.
    func record(in user: ArraySlice<UInt8>) -> String? {
        guard let sealed = Self.sealed(in: user), let content = sealer.open(sealed, as: .partner) else {
            return nil
        }
        return Self.names(in: content)?.record
    }

    /// The record in a token of our edge, read by a server behind it: the link from the edge is what vouches for it.
    static func recordVouchedFor(in user: ArraySlice<UInt8>) -> String? {
        sealed(in: user).flatMap { names(in: $0.dropLast(TokenSealer.length)) }?.record
    }

    /// The edge in a token that a Route carries. Not proven here, and not in need of it: the edge looks for itself.
    static func edgeVouchedFor(in user: ArraySlice<UInt8>) -> String? {
        sealed(in: user).flatMap { names(in: $0.dropLast(TokenSealer.length)) }?.edge
    }

    private static func names(in content: ArraySlice<UInt8>) -> (record: String, edge: String)? {
        guard let end = content.firstIndex(of: separator) else { return nil }
        return (
            String(decoding: content[..<end], as: UTF8.self), String(decoding: content[(end + 1)...], as: UTF8.self)
        )
    }

    private static func sealed(in user: ArraySlice<UInt8>) -> [UInt8]? {
        guard user.count <= 512, user.starts(with: prefix) else { return nil }
        return Base64URL.decode(user.dropFirst(prefix.count)).flatMap { $0.count > TokenSealer.length ? $0 : nil }
    }
}

extension Server {
    /// Names the sender of a request by its link; nil when the link may not send requests like this.
    ///
    /// An edge stands for many clients and partners, and says for which by the topmost Record-Route, or Path of a
    /// REGISTER, that it added itself. Nobody but a server of role edge is believed in this.
    func sender(of message: SIPMessage, on id: ConnectionID, _ link: LinkProof) -> Sender? {
        switch link.peerClass {
        case .client:
            return .client(.direct(id))
        case .partner:
            return link.peer.recordName.map { .partner($0) }
        case .application:
            return link.peer.identity.map { .application($0) }
        case .server:
            guard let name = link.peer.identity else { return nil }
            guard link.peer.roles.contains(.edge) else { return .server(name) }
            let header: HeaderName = message.method == .register ? .path : .recordRoute
            guard let top = message.firstNameAddress(of: header)?.uri, let user = top.user, !user.isEmpty else {
                return nil
            }
            if let record = PartnerTokens.recordVouchedFor(in: user) {
                return surroundings.partner(named: record) == nil ? nil : .partner(record)
            }
            return .client(.edge(EdgeFlow(edge: name, token: Array(user))))
        }
    }
}

extension VerifiedPeer {
    /// Whether a server of this network may say which user of ours a request is from.
    ///
    /// Front ends and directors prove users themselves. An edge says over which flow a request came, and of the other roles
    /// each would need a grant, which the topology gives to applications alone.
    var assertsUsers: Bool { roles.authenticatesUsers }
}
