import SIP

/// What an element does with a message of the corpus that comes over a stream.
enum ConformanceVerdict: Equatable, CustomStringConvertible {
    /// It is used.
    case accepted
    /// A request is answered with this status; the connection stays.
    case answered(Int)
    /// A request is answered with this status, then the connection closes.
    case answeredAndClosed(Int)
    /// A response is dropped; the connection stays.
    case dropped
    /// More octets are awaited until the deadline for an incomplete message (E704) closes the connection.
    case awaited

    var description: String {
        switch self {
        case .accepted: "accepted"
        case .answered(let status): "\(status)"
        case .answeredAndClosed(let status): "\(status), close"
        case .dropped: "dropped"
        case .awaited: "awaited, then closed"
        }
    }
}

/// One message of the corpus with its expectation.
struct ConformanceCase: Sendable {
    let file: String
    /// The section that says what the message is.
    let citation: String
    let verdict: ConformanceVerdict
    /// Why, where the stream or this implementation decides within what the section leaves open.
    let reason: String
    /// What must be true of the message when it is accepted, beyond the grammar.
    let fact: @Sendable (SIPMessage) -> Bool

    init(
        _ file: String, _ citation: String, _ verdict: ConformanceVerdict, _ reason: String = "",
        fact: @escaping @Sendable (SIPMessage) -> Bool = { _ in true }
    ) {
        self.file = file
        self.citation = citation
        self.verdict = verdict
        self.reason = reason
        self.fact = fact
    }
}

private func contact(_ message: SIPMessage) -> NameAddress? {
    guard case .addresses(let contacts)? = message.contacts else { return nil }
    return contacts.first
}

/// The 49 messages of RFC 4475.
let rfc4475Cases: [ConformanceCase] = [
    ConformanceCase("wsinv.dat", "RFC 4475 §3.1.1.1", .accepted) { message in
        message.maxForwards == 68 && message.cSeq?.number == 9 && message.vias?.count == 3
            && message.vias?.last?.branch?.text == "z9hG4bK30239" && message.fromTag?.text == "98asjd8"
            && contact(message)?.q == 330 && message.body.count == 150
    },
    ConformanceCase("intmeth.dat", "RFC 4475 §3.1.1.2", .accepted) { message in
        message.method == .other && message.cSeq?.number == 139_122_385 && message.from?.tag?.text == "_token~1'+`*%!-."
            && message.requestURI?.password?.text == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
    },
    ConformanceCase("esc01.dat", "RFC 4475 §3.1.1.3", .accepted) { message in
        message.requestURI?.user?.text == "sips%3Auser%40example.com" && message.requestURI?.host.text == "example.net"
            && message.requestURI?.scheme == .sip && contact(message)?.uri?.parameters.has("lr") == true
            && contact(message)?.uri?.parameters["name"]?.text == "v%61lue%25%34%31"
    },
    ConformanceCase("escnull.dat", "RFC 4475 §3.1.1.4", .accepted) { message in
        message.to?.uri.flatMap { AddressOfRecord($0) }?.description == "sip:null-%00-null@example.com"
    },
    ConformanceCase("esc02.dat", "RFC 4475 §3.1.1.5", .accepted, "an escape in a method or a name means itself") {
        message in
        message.method == .other && message.count(of: .contact) == 2 && message.value(named: "C%6Fntact") != nil
    },
    ConformanceCase("lwsdisp.dat", "RFC 4475 §3.1.1.6", .accepted) { $0.from?.displayName?.text == "caller" },
    ConformanceCase("longreq.dat", "RFC 4475 §3.1.1.7", .accepted) { message in
        message.vias?.count == 34 && message.vias?.last?.received?.text == "192.0.2.5"
    },
    ConformanceCase(
        "dblreq.dat", "RFC 4475 §3.1.1.8", .accepted, "on a stream the octets behind the REGISTER are a second message"
    ) { $0.method == .register && $0.body.isEmpty },
    ConformanceCase("semiuri.dat", "RFC 4475 §3.1.1.9", .accepted) { message in
        message.requestURI?.user?.text == "user;par=u%40example.net" && message.requestURI?.host.text == "example.com"
    },
    ConformanceCase("transports.dat", "RFC 4475 §3.1.1.10", .accepted) { message in
        message.vias?.map(\.transport.text) == ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]
    },
    ConformanceCase("mpart01.dat", "RFC 4475 §3.1.1.11", .accepted) { message in
        message.contentType?.isType("multipart", "mixed") == true && message.body.count == 553
            && message.contentType?.parameters["boundary"]?.text == "7a9cbec02ceef655"
    },
    ConformanceCase("unreason.dat", "RFC 4475 §3.1.1.12", .accepted) { $0.status == 200 && $0.reasonPhrase.count > 40 },
    ConformanceCase("noreason.dat", "RFC 4475 §3.1.1.13", .accepted) { $0.status == 100 && $0.reasonPhrase.isEmpty },
    ConformanceCase("badinv01.dat", "RFC 4475 §3.1.2.1", .answered(400)),
    ConformanceCase(
        "clerr.dat", "RFC 4475 §3.1.2.2", .awaited, "a stream cannot know that the rest of the body will never come"),
    ConformanceCase(
        "ncl.dat", "RFC 4475 §3.1.2.3", .answeredAndClosed(400), "without its length the end of the message is unknown"),
    ConformanceCase("scalar02.dat", "RFC 4475 §3.1.2.4", .answered(400)),
    ConformanceCase("scalarlg.dat", "RFC 4475 §3.1.2.5", .dropped),
    ConformanceCase("quotbal.dat", "RFC 4475 §3.1.2.6", .answered(400)),
    ConformanceCase("ltgtruri.dat", "RFC 4475 §3.1.2.7", .answered(400), "nothing is repaired at an edge"),
    ConformanceCase("lwsruri.dat", "RFC 4475 §3.1.2.8", .answered(400)),
    ConformanceCase("lwsstart.dat", "RFC 4475 §3.1.2.9", .answered(400), "nothing is repaired at an edge"),
    ConformanceCase("trws.dat", "RFC 4475 §3.1.2.10", .answered(400), "nothing is repaired at an edge"),
    ConformanceCase("escruri.dat", "RFC 4475 §3.1.2.11", .answered(400), "headers of a Request-URI are never acted on"),
    ConformanceCase(
        "baddate.dat", "RFC 4475 §3.1.2.12", .accepted,
        "nothing reads Date, and only an element that reads it should refuse"
    ) { $0.value(of: .date)?.text == "Fri, 01 Jan 2010 16:00:00 EST" },
    ConformanceCase("regbadct.dat", "RFC 4475 §3.1.2.13", .answered(400)),
    ConformanceCase("badaspec.dat", "RFC 4475 §3.1.2.14", .answered(400), "nothing is repaired at an edge"),
    ConformanceCase(
        "baddn.dat", "RFC 4475 §3.1.2.15", .awaited,
        "the file has no empty line, so that on a stream the head never ends; with one it is 400"),
    ConformanceCase("badvers.dat", "RFC 4475 §3.1.2.16", .answered(505)),
    ConformanceCase("mismatch01.dat", "RFC 4475 §3.1.2.17", .answered(400)),
    ConformanceCase(
        "mismatch02.dat", "RFC 4475 §3.1.2.18", .answered(400), "400 or 501: a proxy does not look at the method"),
    ConformanceCase("bigcode.dat", "RFC 4475 §3.1.2.19", .dropped),
    ConformanceCase(
        "badbranch.dat", "RFC 4475 §3.2.1", .accepted,
        "the branch is no identifier: the transaction is matched as without it"
    ) { $0.topVia?.branch?.text == "z9hG4bK" && $0.topVia?.hasMagicCookie == false },
    ConformanceCase("insuf.dat", "RFC 4475 §3.3.1", .answered(400)),
    ConformanceCase("unkscm.dat", "RFC 4475 §3.3.2", .answered(416)),
    ConformanceCase("novelsc.dat", "RFC 4475 §3.3.3", .answered(416)),
    ConformanceCase(
        "unksm2.dat", "RFC 4475 §3.3.4", .accepted,
        "the grammar holds; To is no address-of-record, so the registrar says 404"
    ) { message in
        message.to?.uri?.scheme == .other && message.to?.uri.flatMap { AddressOfRecord($0) } == nil
    },
    ConformanceCase("bext01.dat", "RFC 4475 §3.3.5", .answered(420)) { _ in true },
    ConformanceCase(
        "invut.dat", "RFC 4475 §3.3.6", .accepted,
        "a proxy forwards it; a user agent that does not know the type says 415"
    ) { $0.contentType?.isType("application", "sdp") == false && $0.mediaLines?.isEmpty == true },
    ConformanceCase("regaut01.dat", "RFC 4475 §3.3.7", .accepted, "no Digest is found, so the registrar says 401") {
        $0.has(.authorization) && $0.credentials(in: .authorization).isEmpty
    },
    ConformanceCase("multi01.dat", "RFC 4475 §3.3.8", .answered(400)),
    ConformanceCase(
        "mcl01.dat", "RFC 4475 §3.3.9", .answeredAndClosed(400), "two lengths: nothing behind the head can be trusted"),
    ConformanceCase(
        "bcast.dat", "RFC 4475 §3.3.10", .accepted,
        "the grammar holds; no client transaction has its branch, so it is dropped"
    ) { $0.vias?.last?.host.text == "255.255.255.255" },
    ConformanceCase("zeromf.dat", "RFC 4475 §3.3.11", .answered(483), "a user agent server would answer it"),
    ConformanceCase("cparam01.dat", "RFC 4475 §3.3.12", .accepted) { message in
        contact(message)?.parameters.has("unknownparam") == true
            && contact(message)?.uri?.parameters.has("unknownparam") == false
    },
    ConformanceCase("cparam02.dat", "RFC 4475 §3.3.13", .accepted) { message in
        contact(message)?.parameters.has("unknownparam") == false
            && contact(message)?.uri?.parameters.has("unknownparam") == true
    },
    ConformanceCase("regescrt.dat", "RFC 4475 §3.3.14", .accepted) {
        contact($0)?.uri?.headers.text == "Route=%3Csip:sip.example.com%3E"
    },
    ConformanceCase(
        "sdp01.dat", "RFC 4475 §3.3.15", .accepted,
        "a proxy forwards it; a user agent that cannot answer in that type says 406"
    ) { $0.value(of: .accept)?.text == "text/nobodyKnowsThis" },
    ConformanceCase(
        "inv2543.dat", "RFC 4475 §3.4.1", .answeredAndClosed(400),
        "a request of RFC 2543 has no Content-Length, which RFC 3261 §18.3 demands on a stream"),
]

/// The 12 messages of RFC 5118.
let rfc5118Cases: [ConformanceCase] = [
    ConformanceCase("ipv6-good", "RFC 5118 §4.1", .accepted) { message in
        message.requestURI?.host.text == "[2001:db8::10]" && message.requestURI?.port == nil
    },
    ConformanceCase("ipv6-bad", "RFC 5118 §4.2", .answered(400)),
    ConformanceCase("port-ambiguous", "RFC 5118 §4.3", .accepted, "what stands in the brackets is the address") {
        message in
        message.requestURI?.host.text == "[2001:db8::10:5070]" && message.requestURI?.port == nil
    },
    ConformanceCase("port-unambiguous", "RFC 5118 §4.4", .accepted) { message in
        message.requestURI?.host.text == "[2001:db8::10]" && message.requestURI?.port == 5070
    },
    ConformanceCase("via-received-param-with-delim", "RFC 5118 §4.5", .accepted) {
        $0.topVia?.received?.text == "[2001:db8::9:255]"
    },
    ConformanceCase("via-received-param-no-delim", "RFC 5118 §4.5", .accepted) {
        $0.topVia?.received?.text == "2001:db8::9:255"
    },
    ConformanceCase(
        "ipv6-in-sdp", "RFC 5118 §4.6", .accepted,
        "its Content-Length is ten below the file: the stream decides by the number"
    ) { $0.body.count == 241 && $0.mediaLines?.count == 2 },
    ConformanceCase("mult-ip-in-header", "RFC 5118 §4.7", .accepted) { message in
        message.vias?.map(\.host.text) == ["[2001:db8::9:1]", "192.0.2.1", "[2001:db8::9:255]"]
            && message.topVia?.port == 6050
    },
    ConformanceCase(
        "mult-ip-in-sdp", "RFC 5118 §4.8", .accepted,
        "its Content-Length is eight below the file: the stream decides by it"
    ) { $0.body.count == 181 && $0.mediaLines?.map(\.port) == [22_334, 6_024] },
    ConformanceCase(
        "ipv4-mapped-ipv6", "RFC 5118 §4.9", .accepted,
        "its Content-Length is nine below the file: the stream decides by it"
    ) { message in
        message.vias?.map(\.host.text) == ["[::ffff:192.0.2.10]", "[::ffff:192.0.2.2]"] && message.body.count == 236
    },
    ConformanceCase("ipv6-bug-abnf-3-colons", "RFC 5118 §4.10", .accepted, "both forms must be tolerated") { message in
        guard let uri = message.requestURI, let same = SIPURI("sip:user@[2001:db8::192.0.2.1]") else { return false }
        return uri.isEquivalent(to: same)
    },
    ConformanceCase("ipv6-correct-abnf-2-colons", "RFC 5118 §4.10", .accepted) {
        $0.requestURI?.host.text == "[2001:db8::192.0.2.1]"
    },
]
