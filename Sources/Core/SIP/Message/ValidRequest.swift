/// Why a request cannot be served, and what is answered.
public struct RequestProblem: Error {
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

/// A request that an element may work with: RFC 3261 §16.3 step 1 has found nothing wrong with it, and what was read to know
/// that is kept, so that nobody reads it again. There is no other way to a transaction.
///
/// Slices that it hands out share the message's storage.
public struct ValidRequest: Sendable {
    /// The request itself.
    public let message: SIPMessage
    private let fields: MandatoryFields
    private let uri: SIPURI.Layout

    /// Checks a request. An ACK is never answered: the caller drops it when it has a problem.
    ///
    /// - Throws: the first problem in the order of RFC 3261 §16.3: version, fields, Request-URI. Of a message that is a
    ///   response, 400.
    public init(_ message: SIPMessage) throws(RequestProblem) {
        guard message.isRequest else { throw RequestProblem(400, "Not a request", nil) }
        // RFC 4475 §3.1.2.16: another version is 505.
        guard message.isVersion2 else { throw RequestProblem(505, "Version Not Supported", nil) }
        self.message = message
        do throws(FieldProblem) {
            fields = try FieldRules.read(message)
        } catch {
            throw RequestProblem(400, error.reason, error.header)
        }
        // RFC 3261 §8.1.1.5: the method of CSeq is the method of the request.
        guard fields.cSeq(in: message).methodBytes.span.equals(message.methodBytes.span) else {
            throw RequestProblem(400, "CSeq Method Mismatch", .cSeq)
        }
        uri = try Self.readRequestURI(of: message)
    }

    /// RFC 3261 §16.3 step 2: a scheme that is not understood is 416, a broken URI 400.
    private static func readRequestURI(of message: SIPMessage) throws(RequestProblem) -> SIPURI.Layout {
        guard let uri = SIPURI.Layout(message.requestURIBytes.span) else {
            throw RequestProblem(400, "Malformed Request-URI", nil)
        }
        switch uri.scheme {
        case .sip, .sips:
            // RFC 3261 §19.1.1: headers are not allowed in a Request-URI.
            guard uri.headers.isEmpty else { throw RequestProblem(400, "Headers in Request-URI", nil) }
        case .tel: break
        case .other: throw RequestProblem(416, "Unsupported URI Scheme", nil)
        }
        return uri
    }

    /// The method of the request.
    public var method: Method { message.method }

    /// The Request-URI.
    public var requestURI: SIPURI { SIPURI(message.requestURIBytes, uri) }

    /// The topmost Via.
    public var topVia: Via { fields.topVia(in: message) }

    /// From.
    public var from: NameAddress { fields.from(in: message) }

    /// The URI in From.
    public var fromURI: SIPURI { fields.fromURI(in: message) }

    /// The tag of From; nil when absent or empty.
    public var fromTag: ArraySlice<UInt8>? { from.tag }

    /// To.
    public var to: NameAddress { fields.to(in: message) }

    /// The URI in To.
    public var toURI: SIPURI { fields.toURI(in: message) }

    /// The tag of To; nil outside a dialog.
    public var toTag: ArraySlice<UInt8>? { to.tag }

    /// Call-ID, which is not empty.
    public var callID: ArraySlice<UInt8> { message.octets(fields.callID) }

    /// CSeq, whose method is that of the request.
    public var cSeq: CSeq { fields.cSeq(in: message) }
}

extension ValidRequest {
    /// What the request is to the element that looks at it.
    public enum Role: Sendable {
        /// RFC 3261 §16.3: it will be forwarded; Proxy-Require counts, Require does not, an end at zero hops is 483.
        case proxy
        /// RFC 3261 §8.2: it ends here; Require counts, the hop count does not.
        case userAgentServer
    }

    /// What keeps an element of this role from serving the request; nil when there is nothing.
    ///
    /// - Parameter supportedOptions: the option tags that the element understands.
    public func problem(for role: Role, supportedOptions: [String] = []) -> RequestProblem? {
        switch role {
        case .proxy:
            // RFC 3261 §16.3 step 3: no hop is left, whatever the method.
            if message.maxForwards == 0 { return RequestProblem(483, "Too Many Hops", .maxForwards) }
            return unsupported(in: .proxyRequire, supportedOptions)
        case .userAgentServer:
            return unsupported(in: .require, supportedOptions)
        }
    }

    /// RFC 3261 §8.2.2.3, §16.3 step 5: every option tag must be supported.
    private func unsupported(in name: HeaderName, _ supported: [String]) -> RequestProblem? {
        // RFC 3261 §8.2.2.3: Require is ignored in a CANCEL and in an ACK to a response other than 2xx.
        guard method != .cancel, method != .ack, message.has(name) else { return nil }
        let unsupported = message.optionTags(of: name).filter { tag in
            !supported.contains { tag.equalsIgnoringCase($0) }
        }
        return unsupported.isEmpty ? nil : RequestProblem(420, "Bad Extension", name, unsupported: unsupported)
    }
}
