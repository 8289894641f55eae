import SIP

/// What every accessor of a message says, in words: none may trap, and equal messages say the same.
struct TypedView {
    private var texts: [String] = []

    init(_ message: SIPMessage) {
        add("method", message.isRequest ? message.method.text : nil)
        add("URI", message.requestURI.map(Self.text))
        add("Via", message.vias.map { $0.map(Self.text) })
        for name in HeaderName.allCases where message.has(name) && name != .contentLength {
            add(name.text, message.elements(of: name).map(\.text))
        }
        for name: HeaderName in [.from, .to, .route, .recordRoute, .path, .serviceRoute, .pAssertedIdentity] {
            add("addresses in \(name.text)", message.nameAddresses(of: name).map { $0.map(Self.text) })
        }
        switch message.contacts {
        case .wildcard?: add("Contact", "*")
        case .addresses(let addresses)?: add("Contact", addresses.map(Self.text))
        case nil: add("Contact", nil as String?)
        }
        add("tags", [message.fromTag?.text ?? "none", message.toTag?.text ?? "none"])
        add("Call-ID", message.callID?.text)
        add("CSeq", message.cSeq.map { "\($0.number) \($0.methodBytes.text) \($0.method.text)" })
        let numbers = [
            message.maxForwards, message.maxBreadth, message.expires, message.minExpires, message.retryAfter,
            message.flowTimer,
        ]
        add("numbers", numbers.map { $0.map { String($0) } ?? "none" })
        add("privacy", message.privacy.map(\.text))
        add("reasons", message.reasons.map { "\($0.protocolName.text) \($0.cause ?? 0) \($0.text?.text ?? "none")" })
        add("warnings", message.warnings.map { "\($0.code) \($0.agent.text) \($0.text.text)" })
        add("type", message.contentType.map { "\($0.type.text)/\($0.subtype.text);\($0.parameters.bytes.text)" })
        add("media", message.mediaLines.map { $0.map { "\($0.media.text) \($0.port) \($0.profile.text)" } })
        for name: HeaderName in [.authorization, .proxyAuthorization] {
            add(name.text, message.credentials(in: name).map { "\($0.username.text) \($0.nonce.text) \($0.nc ?? 0)" })
        }
        for name: HeaderName in [.wwwAuthenticate, .proxyAuthenticate] {
            add(name.text, message.challenges(in: name).map { "\($0.realm.text) \($0.nonce.text) \($0.stale)" })
        }
        if message.isRequest {
            for role in [ValidRequest.Role.proxy, .userAgentServer] {
                let problem = Verdicts.problem(of: message, for: role)
                add("problem", problem.map { "\($0.status) \($0.reason) \($0.unsupported.map(\.text))" })
            }
        } else {
            add("problem", Verdicts.fault(of: message)?.reason)
        }
    }

    /// What differs first; nil when nothing does.
    func difference(from other: TypedView) -> String? {
        if texts.count != other.texts.count { return "\(texts.count) values and \(other.texts.count)" }
        return zip(texts, other.texts).first { $0 != $1 }.map { "\($0), and \($1)" }
    }

    private mutating func add(_ name: String, _ value: String?) { texts.append("\(name): \(value ?? "none")") }
    private mutating func add(_ name: String, _ values: [String]?) { add(name, values.map { "\($0)" }) }

    static func text(_ uri: SIPURI) -> String {
        let parameters = uri.parameters.map { "\($0.name.text)=\($0.value?.text ?? "")" }
        let port = uri.port.map { String($0) } ?? "none"
        let user = uri.user?.text ?? "none"
        return "\(uri.scheme) \(user) \(uri.password?.text ?? "none") \(uri.host.text) \(port) \(parameters) "
            + "\(uri.headers.text) \(uri.hasLooseRouting) \(AddressOfRecord(uri)?.description ?? "none") "
            + uri.userAtHost[...].text
    }

    static func text(_ address: NameAddress) -> String {
        let parameters = address.parameters.map { "\($0.name.text)=\($0.value?.text ?? "")" }
        return "\(address.displayName?.text ?? "none") \(address.uriBytes.text) \(address.isBracketed) \(parameters) "
            + "\(address.uri.map(text) ?? "none") \(address.tag?.text ?? "none") \(address.q ?? 9_999) "
            + "\(address.expires ?? 0) \(address.instanceID?.text ?? "none") \(address.regID ?? 0)"
    }

    static func text(_ via: Via) -> String {
        let parameters = via.parameters.map { "\($0.name.text)=\($0.value?.text ?? "")" }
        return "\(via.transport.text) \(via.host.text) \(via.port ?? 0) \(via.sentByBytes.text) \(parameters) "
            + "\(via.branch?.text ?? "none") \(via.received?.text ?? "none") \(via.hasMagicCookie)"
    }
}
