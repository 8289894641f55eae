/// Typed values, parsed each time they are asked for. Nil means absent or malformed; `ValidRequest` tells which.
extension SIPMessage {
    /// The Request-URI.
    public var requestURI: SIPURI? { SIPURI(requestURIBytes) }

    /// The topmost Via.
    public var topVia: Via? { firstElement(of: .via).flatMap { Via($0) } }

    /// Every Via from the top; nil when one is malformed.
    public var vias: [Via]? { parsed(.via, Via.init) }

    /// From.
    public var from: NameAddress? { value(of: .from).flatMap { NameAddress($0) } }

    /// To.
    public var to: NameAddress? { value(of: .to).flatMap { NameAddress($0) } }

    /// The tag of From.
    public var fromTag: ArraySlice<UInt8>? { from?.tag }

    /// The tag of To.
    public var toTag: ArraySlice<UInt8>? { to?.tag }

    /// Call-ID; nil when absent or empty.
    public var callID: ArraySlice<UInt8>? { value(of: .callID).flatMap { $0.isEmpty ? nil : $0 } }

    /// CSeq.
    public var cSeq: CSeq? { value(of: .cSeq).flatMap { CSeq($0) } }

    /// RFC 3261 §20.22: 0 to 255.
    public var maxForwards: UInt32? { value(of: .maxForwards).flatMap(\.decimal).flatMap { $0 <= 255 ? $0 : nil } }

    /// RFC 5393 §5.3.3.
    public var maxBreadth: UInt32? { value(of: .maxBreadth).flatMap(\.decimal) }

    /// Contact; nil when absent, when an element is malformed, or when `*` is not alone.
    public var contacts: ContactSet? {
        guard let first = value(of: .contact) else { return nil }
        if first.equals("*") { return count(of: .contact) == 1 ? .wildcard : nil }
        return parsed(.contact, { NameAddress($0) }).map { .addresses($0) }
    }

    /// Route from the top; empty when absent, nil when malformed.
    public var routes: [NameAddress]? { nameAddresses(of: .route) }

    /// Record-Route from the top; empty when absent, nil when malformed.
    public var recordRoutes: [NameAddress]? { nameAddresses(of: .recordRoute) }

    /// RFC 3327 §4: Path from the top; empty when absent, nil when malformed.
    public var path: [NameAddress]? { nameAddresses(of: .path) }

    /// RFC 3608 §5: Service-Route from the top; empty when absent, nil when malformed.
    public var serviceRoute: [NameAddress]? { nameAddresses(of: .serviceRoute) }

    /// RFC 3325 §9.1: P-Asserted-Identity, at most two; empty when absent, nil when malformed.
    public var assertedIdentities: [NameAddress]? { nameAddresses(of: .pAssertedIdentity) }

    /// RFC 3325 §9.2: P-Preferred-Identity; empty when absent, nil when malformed.
    public var preferredIdentities: [NameAddress]? { nameAddresses(of: .pPreferredIdentity) }

    /// Every element of a field of addresses; empty when absent, nil when one is malformed.
    public func nameAddresses(of name: HeaderName) -> [NameAddress]? { parsed(name, { NameAddress($0) }) }

    /// The first element of a field of addresses.
    public func firstNameAddress(of name: HeaderName) -> NameAddress? {
        firstElement(of: name).flatMap { NameAddress($0) }
    }

    /// The first element of a comma list, as it stands.
    public func firstElement(of name: HeaderName) -> ArraySlice<UInt8>? {
        value(of: name).map { $0[$0.startIndex..<$0.firstElementEnd].trimmed }
    }

    /// RFC 3261 §20.19: seconds; a larger number than 32 bits counts as the largest. RFC 4475 §3.1.2.4.
    public var expires: UInt32? { value(of: .expires).flatMap(\.seconds) }

    /// RFC 3261 §20.23: seconds.
    public var minExpires: UInt32? { value(of: .minExpires).flatMap(\.seconds) }

    /// RFC 3261 §20.33: seconds, without comment and parameters.
    public var retryAfter: UInt32? {
        value(of: .retryAfter).flatMap { $0.prefix { $0.isDigit }.seconds }
    }

    /// RFC 5626 §10: seconds.
    public var flowTimer: UInt32? { value(of: .flowTimer).flatMap(\.seconds) }

    /// The option tags of Require, Proxy-Require, Supported or Unsupported.
    public func optionTags(of name: HeaderName) -> [ArraySlice<UInt8>] { elements(of: name).filter { !$0.isEmpty } }

    /// Whether the list has this option tag; compared without case.
    public func supports(_ tag: String, in name: HeaderName = .supported) -> Bool {
        elements(of: name).contains { $0.equalsIgnoringCase(tag) }
    }

    /// RFC 3323 §4.2: the values of Privacy, which a semicolon separates; a comma is read as well.
    public var privacy: [ArraySlice<UInt8>] {
        elements(of: .privacy).flatMap { $0.split(separator: Octet.semicolon).map(\.trimmed) }
    }

    /// Whether Privacy has this value.
    public func hasPrivacy(_ value: String) -> Bool {
        has(.privacy) && privacy.contains { $0.equalsIgnoringCase(value) }
    }

    /// RFC 3326 §2: every Reason that keeps the grammar.
    public var reasons: [Reason] { elements(of: .reason).compactMap { Reason($0) } }

    /// RFC 3261 §20.43: every Warning that keeps the grammar.
    public var warnings: [Warning] { elements(of: .warning).compactMap { Warning($0) } }

    /// RFC 3261 §20.15.
    public var contentType: MediaType? { value(of: .contentType).flatMap { MediaType($0) } }

    /// The media lines when the body is a session description; empty when it is not, nil when one is malformed.
    public var mediaLines: [MediaLine]? {
        guard contentType?.isType("application", "sdp") == true else { return [] }
        return SessionDescription.mediaLines(in: body)
    }

    private func parsed<Value>(_ name: HeaderName, _ parse: (ArraySlice<UInt8>) -> Value?) -> [Value]? {
        var result: [Value] = []
        for element in elements(of: name) {
            guard let value = parse(element) else { return nil }
            result.append(value)
        }
        return result
    }
}
