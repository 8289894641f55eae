/// What RFC 3261 §20 says about fields that an element reads.
enum FieldRules {
    /// RFC 3261 §8.1.1: without these no response can be made. Max-Forwards may be missing: RFC 3261 §16.6 step 3.
    private static let mandatory: [HeaderName] = [.via, .from, .to, .callID, .cSeq]
    private static let mandatoryFields: HeaderNameSet = [.via, .from, .to, .callID, .cSeq]

    /// Checks every field that an element reads, and keeps what the fields say that no message lacks.
    static func read(_ message: SIPMessage) throws(FieldProblem) -> MandatoryFields {
        if let name = missing(in: message) { throw FieldProblem(kind: .missing, header: name) }
        var seen: HeaderNameSet = []
        var top: MandatoryFields.Top?
        var from: MandatoryFields.Address?
        var to: MandatoryFields.Address?
        var callID: Extent?
        var cSeq: MandatoryFields.Sequence?
        let octets = message.storage.span
        for number in 0..<message.lineCount {
            guard let (name, extent) = message.field(number) else { break }
            let value = octets.at(extent)
            let isFirst = !seen.contains(name)
            if !isFirst, name.isSingleton { throw FieldProblem(kind: .repeated, header: name) }
            seen.insert(name)
            let isValid: Bool
            switch name {
            case .other:
                continue
            case .via where isFirst:
                let end = value.elementEnd()
                let element = value.trimmed(from: 0, to: end)
                top = Via.Layout(value.at(element)).map {
                    MandatoryFields.Top(value: element.shifted(by: extent.start), via: $0)
                }
                isValid = top != nil && (end == value.count || areVias(value, from: end + 1))
            case .via:
                isValid = areVias(value, from: 0)
            case .from:
                from = MandatoryFields.Address(value, at: extent)
                isValid = from != nil
            case .to:
                to = MandatoryFields.Address(value, at: extent)
                isValid = to != nil
            case .callID:
                callID = extent
                isValid = isCallID(value)
            case .cSeq:
                cSeq = CSeq.parts(of: value).map {
                    MandatoryFields.Sequence(value: extent, number: $0.number, method: $0.method)
                }
                isValid = cSeq != nil
            case .contact:
                isValid = !isFirst || areContacts(in: message)
            default:
                isValid = Self.isValid(value, name)
            }
            guard isValid else { throw FieldProblem(kind: .malformed, header: name) }
        }
        guard let top, let from, let to, let callID, let cSeq else {
            throw FieldProblem(kind: .missing, header: .via)
        }
        return MandatoryFields(top: top, from: from, to: to, callID: callID, cSeq: cSeq)
    }

    private static func missing(in message: SIPMessage) -> HeaderName? {
        mandatoryFields.subtracting(message.fields).isEmpty ? nil : mandatory.first { !message.has($0) }
    }

    private static func areVias(_ value: Span<UInt8>, from start: Int) -> Bool {
        value.areElements(from: start) { Via.Layout($0) != nil }
    }

    /// The fields that a message may lack.
    private static func isValid(_ value: Span<UInt8>, _ name: HeaderName) -> Bool {
        switch name {
        case .maxForwards:
            // RFC 3261 §20.22: 0 to 255.
            (value.decimal ?? 256) <= 255
        case .maxBreadth:
            value.decimal != nil
        case .route, .recordRoute, .path, .serviceRoute:
            value.areElements(isRoute)
        case .pAssertedIdentity, .pPreferredIdentity, .replyTo:
            value.areElements(isAddress)
        case .expires, .minExpires:
            value.seconds != nil
        case .require, .proxyRequire:
            value.areElements(isToken)
        case .supported, .unsupported:
            value.isEmpty || value.areElements(isToken)
        case .contentType:
            MediaType.parts(of: value) != nil
        case .warning:
            value.areElements { Warning.parts(of: $0) != nil }
        case .reason:
            value.areElements { Reason.parts(of: $0) != nil }
        default:
            true
        }
    }

    /// RFC 3261 §20.10: addresses over all lines, or `*` alone.
    private static func areContacts(in message: SIPMessage) -> Bool {
        let octets = message.storage.span
        var count = 0
        var hasWildcard = false
        for number in 0..<message.lineCount {
            guard let (name, extent) = message.field(number), name == .contact else { continue }
            let value = octets.at(extent)
            count += 1
            if value.count == 1, value[0] == Octet.star {
                hasWildcard = true
            } else if !value.areElements({ NameAddress.Layout($0) != nil }) {
                return false
            }
        }
        return !hasWildcard || count == 1
    }

    private static func isToken(_ value: Span<UInt8>) -> Bool { !value.isEmpty && value.areAll(\.isToken) }

    private static func isAddress(_ value: Span<UInt8>) -> Bool {
        NameAddress.Layout(value).flatMap { SIPURI.Layout(value.at($0.uri)) } != nil
    }

    /// RFC 3261 §20.34: name-addr, so that brackets are needed, and a sip or sips URI.
    private static func isRoute(_ value: Span<UInt8>) -> Bool {
        guard let address = NameAddress.Layout(value), address.isBracketed,
            let uri = SIPURI.Layout(value.at(address.uri))
        else { return false }
        return uri.scheme == .sip || uri.scheme == .sips
    }

    /// RFC 3261 §25.1: word [ "@" word ].
    private static func isCallID(_ value: Span<UInt8>) -> Bool {
        let at = value.firstOffset(of: Octet.at) ?? value.count
        guard at > 0, value.at(Extent(0, at)).areAll(\.isWord) else { return false }
        // `@` is no character of a word, so that a second one is found here.
        return at == value.count
            || at + 1 < value.count && value.at(Extent(at + 1, value.count)).areAll(\.isWord)
    }
}

extension HeaderName {
    /// RFC 3261 §7.3.1: whether the field may stand only once.
    var isSingleton: Bool {
        switch self {
        case .callID, .contentDisposition, .contentLength, .contentType, .cSeq, .date, .expires, .from, .maxForwards,
            .mimeVersion, .minExpires, .organization, .priority, .replyTo, .retryAfter, .server, .subject, .timestamp,
            .to, .userAgent, .flowTimer, .maxBreadth, .event, .subscriptionState, .referTo, .referredBy, .replaces,
            .rSeq, .rAck, .sessionExpires, .minSE, .sipETag, .sipIfMatch, .privacy:
            true
        case .accept, .acceptEncoding, .acceptLanguage, .alertInfo, .allow, .authenticationInfo, .authorization,
            .callInfo, .contact, .contentEncoding, .contentLanguage, .errorInfo, .inReplyTo, .proxyAuthenticate,
            .proxyAuthorization, .proxyRequire, .recordRoute, .require, .route, .supported, .unsupported, .via,
            .warning,
            .wwwAuthenticate, .path, .serviceRoute, .reason, .pAssertedIdentity, .pPreferredIdentity, .allowEvents,
            .acceptContact, .rejectContact, .requestDisposition, .identity, .historyInfo, .remotePartyID, .rpidPrivacy,
            .diversion, .pAssociatedURI, .pCalledPartyID, .pVisitedNetworkID, .pAccessNetworkInfo,
            .pChargingFunctionAddresses, .pChargingVector, .pChargeInfo, .pServedUser, .pProfileKey, .pUserDatabase,
            .pAssertedService, .pPreferredService, .pPrivateNetworkIndication, .pDCSTracePartyID, .pDCSBillingInfo,
            .pDCSLAES, .pDCSRedirect, .other:
            false
        }
    }
}
