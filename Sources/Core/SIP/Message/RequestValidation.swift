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
            return requirements(of: request, supportedOptions: supportedOptions)
        }
    }

    /// RFC 3261 §8.2.2.3: what a request that `check` has passed requires of the element in which it ends, and that it does
    /// not support; nil when there is nothing.
    public static func requirements(of request: SIPMessage, supportedOptions: [String]) -> RequestProblem? {
        checkOptions(request, .require, supportedOptions)
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
        if let cSeq = request.cSeq, !cSeq.methodBytes.span.equals(request.methodBytes.span) {
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
