/// Why a request cannot be served, and what is answered.
public struct RequestProblem: Sendable {
    /// The status of the response.
    public let status: UInt16
    /// The reason phrase.
    public let reason: String
    /// The field that is at fault; nil when it is the start line.
    public let header: HeaderName?
    /// The option tags for Unsupported, with status 420.
    public let unsupported: [ArraySlice<UInt8>]

    init(_ status: UInt16, _ reason: String, _ header: HeaderName?, unsupported: [ArraySlice<UInt8>] = []) {
        self.status = status
        self.reason = reason
        self.header = header
        self.unsupported = unsupported
    }
}

/// The checks that an element makes on every request before it does anything for it.
public enum RequestValidation {
    /// What the request is to the element that checks it.
    public enum Role: Sendable {
        /// RFC 3261 §16.3: it will be forwarded; Proxy-Require counts, Require does not, an end at zero hops is 483.
        case proxy
        /// RFC 3261 §8.2: it ends here; Require counts, the hop count does not.
        case userAgentServer
    }

    /// The first problem of `request` in the order of RFC 3261 §16.3; nil when there is none.
    ///
    /// An ACK is never answered: the caller drops it when it has a problem. Not for responses (`ResponseValidation`).
    public static func check(
        _ request: SIPMessage, role: Role = .proxy, supportedOptions: [String] = []
    ) -> RequestProblem? {
        // RFC 4475 §3.1.2.16: another version is 505.
        guard request.isVersion2 else { return RequestProblem(505, "Version Not Supported", nil) }
        if let problem = checkFields(request) { return problem }
        if let problem = checkRequestURI(request) { return problem }
        switch role {
        case .proxy:
            // RFC 3261 §16.3 step 3: no hop is left, whatever the method.
            if request.maxForwards == 0 { return RequestProblem(483, "Too Many Hops", .maxForwards) }
            return checkOptions(request, .proxyRequire, supportedOptions)
        case .userAgentServer:
            return checkOptions(request, .require, supportedOptions)
        }
    }

    /// RFC 3261 §16.3 step 2: a scheme that is not understood is 416, a broken URI 400.
    private static func checkRequestURI(_ request: SIPMessage) -> RequestProblem? {
        guard let uri = request.requestURI else { return RequestProblem(400, "Malformed Request-URI", nil) }
        switch uri.scheme {
        case .sip, .sips:
            // RFC 3261 §19.1.1: headers are not allowed in a Request-URI.
            return uri.headers.isEmpty ? nil : RequestProblem(400, "Headers in Request-URI", nil)
        case .tel:
            return nil
        case .other:
            return RequestProblem(416, "Unsupported URI Scheme", nil)
        }
    }

    /// RFC 3261 §8.2.2.3, §16.3 step 5: every option tag must be supported.
    private static func checkOptions(
        _ request: SIPMessage, _ name: HeaderName, _ supported: [String]
    ) -> RequestProblem? {
        // RFC 3261 §8.2.2.3: Require is ignored in a CANCEL and in an ACK to a response other than 2xx.
        guard request.method != .cancel, request.method != .ack, request.has(name) else { return nil }
        let unsupported = request.optionTags(of: name).filter { tag in
            !supported.contains { tag.equalsIgnoringCase($0) }
        }
        return unsupported.isEmpty ? nil : RequestProblem(420, "Bad Extension", name, unsupported: unsupported)
    }

    private static func checkFields(_ request: SIPMessage) -> RequestProblem? {
        if let name = FieldRules.missing(in: request) { return RequestProblem(400, "Missing \(name.text)", name) }
        if let name = FieldRules.repeated(in: request) { return RequestProblem(400, "Repeated \(name.text)", name) }
        if let name = FieldRules.malformed(in: request) { return RequestProblem(400, "Malformed \(name.text)", name) }
        // RFC 3261 §8.1.1.5: the method of CSeq is the method of the request.
        if let cSeq = request.cSeq, !cSeq.methodBytes.elementsEqual(request.methodBytes) {
            return RequestProblem(400, "CSeq Method Mismatch", .cSeq)
        }
        return nil
    }
}

/// The checks on every response; one with a problem is dropped.
public enum ResponseValidation {
    /// The field at fault; nil when the response can be used.
    public static func check(_ response: SIPMessage) -> HeaderName? {
        FieldRules.missing(in: response) ?? FieldRules.repeated(in: response) ?? FieldRules.malformed(in: response)
    }
}

/// What RFC 3261 §20 says about fields that an element reads.
enum FieldRules {
    /// RFC 3261 §8.1.1: without these no response can be made. Max-Forwards may be missing: RFC 3261 §16.6 step 3.
    private static let mandatory: [HeaderName] = [.via, .from, .to, .callID, .cSeq]

    static func missing(in message: SIPMessage) -> HeaderName? {
        mandatory.first { !message.has($0) }
    }

    /// RFC 3261 §7.3.1: only a field whose value is a comma list, and the four of authentication, may stand in
    /// several lines.
    static func repeated(in message: SIPMessage) -> HeaderName? {
        var seen: (UInt64, UInt64) = (0, 0)
        for number in 0..<message.lineCount {
            let name = message.name(ofLine: number)
            guard name.isSingleton else { continue }
            let bit: UInt64 = 1 << UInt64(name.rawValue & 63)
            if name.rawValue < 64 {
                if seen.0 & bit != 0 { return name }
                seen.0 |= bit
            } else {
                if seen.1 & bit != 0 { return name }
                seen.1 |= bit
            }
        }
        return nil
    }

    /// The first field that breaks its grammar, among those that an element reads.
    static func malformed(in message: SIPMessage) -> HeaderName? {
        var hasCheckedContact = false
        for number in 0..<message.lineCount {
            let line = message.line(number)
            switch line.name {
            case .contact:
                if !hasCheckedContact, message.contacts == nil { return .contact }
                hasCheckedContact = true
            case .other:
                continue
            default:
                if !isValid(line.value, line.name, in: message) { return line.name }
            }
        }
        return nil
    }

    private static func isValid(_ value: ArraySlice<UInt8>, _ name: HeaderName, in message: SIPMessage) -> Bool {
        switch name {
        case .via:
            return value.areElements { Via($0) != nil }
        case .from, .to:
            return isAddress(value, tagsMax: 1)
        case .callID:
            return isCallID(value)
        case .cSeq:
            return CSeq(value) != nil
        case .maxForwards:
            // RFC 3261 §20.22: 0 to 255.
            return (value.decimal ?? 256) <= 255
        case .maxBreadth:
            return value.decimal != nil
        case .route, .recordRoute, .path, .serviceRoute:
            // RFC 3261 §20.34: name-addr, so that brackets are needed, and a sip or sips URI.
            return value.areElements { element in
                guard let address = NameAddress(element), address.isBracketed, let uri = address.uri else {
                    return false
                }
                return uri.scheme == .sip || uri.scheme == .sips
            }
        case .pAssertedIdentity, .pPreferredIdentity, .replyTo:
            return value.areElements { isAddress($0, tagsMax: .max) }
        case .expires, .minExpires:
            return value.seconds != nil
        case .require, .proxyRequire:
            return value.areElements { !$0.isEmpty && $0.allSatisfy(\.isToken) }
        case .supported, .unsupported:
            return value.isEmpty || value.areElements { !$0.isEmpty && $0.allSatisfy(\.isToken) }
        case .contentType:
            return MediaType(value) != nil
        case .warning:
            return value.areElements { Warning($0) != nil }
        case .reason:
            return value.areElements { Reason($0) != nil }
        default:
            return true
        }
    }

    private static func isAddress(_ value: ArraySlice<UInt8>, tagsMax: Int) -> Bool {
        guard let address = NameAddress(value), address.uri != nil else { return false }
        return address.parameters.count(of: "tag") <= tagsMax
    }

    /// RFC 3261 §25.1: word [ "@" word ].
    private static func isCallID(_ value: ArraySlice<UInt8>) -> Bool {
        let words = value.split(separator: Octet.at, omittingEmptySubsequences: false)
        return words.count <= 2 && words.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isWord) }
    }
}

extension ArraySlice<UInt8> {
    /// Whether every element of this comma list passes.
    func areElements(_ passes: (ArraySlice<UInt8>) -> Bool) -> Bool {
        var rest = self
        while true {
            let end = rest.firstElementEnd
            guard passes(rest[rest.startIndex..<end].trimmed) else { return false }
            if end >= rest.endIndex { return true }
            rest = rest.from(end + 1)
        }
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
