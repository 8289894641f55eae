import SIP
import Testing

@Suite("Header fields")
struct HeaderTests {
    private func bytes(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }

    @Test("RFC 3261 §7.3.3: compact forms and any case name the same field")
    func names() {
        let forms: [(String, HeaderName)] = [
            ("i", .callID), ("M", .contact), ("e", .contentEncoding), ("L", .contentLength), ("c", .contentType),
            ("f", .from), ("s", .subject), ("k", .supported), ("t", .to), ("v", .via), ("o", .event),
            ("u", .allowEvents),
            ("r", .referTo), ("b", .referredBy), ("x", .sessionExpires), ("a", .acceptContact), ("j", .rejectContact),
            ("d", .requestDisposition), ("y", .identity), ("cALL-id", .callID), ("MAX-forwards", .maxForwards),
            ("z", .other),
            ("Vias", .other), ("C%6Fntact", .other), ("P-Asserted-Identity", .pAssertedIdentity),
        ]
        for (text, name) in forms { #expect(HeaderName(text) == name, "\(text)") }
        for name in HeaderName.allCases where name != .other {
            #expect(HeaderName(name.text) == name)
            #expect(HeaderName(name.text.uppercased()) == name)
            #expect(HeaderName(name.text + "x") == .other)
        }
    }

    @Test("RFC 3261 §7.1: methods are case-sensitive")
    func methods() {
        for method in Method.allCases where method != .other { #expect(Method(bytes(method.text)) == method) }
        #expect(Method(bytes("invite")) == .other)
        #expect(Method(bytes("INVITES")) == .other)
        #expect(Method(bytes("INVITF")) == .other)
    }

    @Test(
        "RFC 3261 §20.42: Via",
        arguments: [
            ("SIP/2.0/TLS host.example;branch=z9hG4bKx", "host.example", "z9hG4bKx"),
            (
                "SIP / 2.0 / UDP first.example: 4000;ttl=16 ;maddr=224.2.0.1 ;branch=z9hG4bKa7c6a8dlze.1",
                "first.example: 4000", "z9hG4bKa7c6a8dlze.1"
            ),
            (
                "SIP/2.0/UDP [2001:db8::9:1]:6050;received=[2001:db8::9:255];branch=z9hG4bKy", "[2001:db8::9:1]:6050",
                "z9hG4bKy"
            ),
        ])
    func via(text: String, sentBy: String, branch: String) throws {
        let via = try #require(Via(bytes(text)))
        #expect(via.sentByBytes.text == sentBy)
        #expect(via.branch?.text == branch)
        #expect(via.hasMagicCookie)
    }

    @Test(
        "RFC 3261 §20.42: what is no Via",
        arguments: [
            "", "SIP/2.0 host", "SIP/2.0/TLS", "SIP/2.0/TLShost", "HTTP/1.1/TLS host", "SIP/2.0/TLS host:0x",
            "SIP/2.0/TLS host;", "SIP/2.0/TLS host;;branch=x", "SIP/2.0/TLS host;branch=", "SIP/2.0/TLS host branch=x",
            "SIP/2.0/TLS 2001:db8::1;branch=x",
        ])
    func badVia(text: String) { #expect(Via(bytes(text)) == nil) }

    @Test(
        "RFC 3261 §20.10: names, brackets, parameters",
        arguments: [
            ("\"A. G. Bell\" <sip:agb@bell.example>;tag=a48s", "\"A. G. Bell\"", "sip:agb@bell.example", "a48s"),
            ("Anonymous <sip:c8@anon.example>;tag=hyh8", "Anonymous", "sip:c8@anon.example", "hyh8"),
            ("sip:+12125551212@server.example;tag=887s", nil, "sip:+12125551212@server.example", "887s"),
            ("<sip:a@b.example;lr>;tag=x", nil, "sip:a@b.example;lr", "x"),
            ("\"a \\\" < , > b\" <sip:a@b.example>;tag=x", "\"a \\\" < , > b\"", "sip:a@b.example", "x"),
            ("caller<sip:a@b.example>;tag=x", "caller", "sip:a@b.example", "x"),
            ("two  words <tel:+123> ; tag = x", "two  words", "tel:+123", "x"),
            ("<sip:I%20have%20spaces@x.example>;x=\"a;tag=no\";tag=x", nil, "sip:I%20have%20spaces@x.example", "x"),
        ] as [(String, String?, String, String)])
    func nameAddress(text: String, name: String?, uri: String, tag: String) throws {
        let address = try #require(NameAddress(bytes(text)))
        #expect(address.displayName?.text == name)
        #expect(address.uriBytes.text == uri)
        #expect(address.tag?.text == tag)
    }

    @Test(
        "RFC 3261 §20.10: what is no address",
        arguments: [
            "", "<>", "<sip:a@b.example", "sip:a@b.example>", "\"open <sip:a@b.example>", "\"x\" sip:a@b.example",
            "Bell, A <sip:a@b.example>", "< sip:a@b.example >", "<sip:a@b.example> extra", "<sip:a@b.example>;;",
            "sip:a@b.example?x=y", "<sip:a@b.example>;tag=", "noscheme", "*", "é <sip:a@b.example>",
        ])
    func badAddress(text: String) { #expect(NameAddress(bytes(text)) == nil) }

    @Test("RFC 5626 §4.2: contact parameters")
    func contact() throws {
        let text = """
            <sip:a@1.2.3.4>;q=0.7;expires=3600;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>";reg-id=1
            """
        let contact = try #require(NameAddress(bytes(text)))
        #expect(contact.q == 700)
        #expect(contact.expires == 3_600)
        #expect(contact.instanceID?.text == "urn:uuid:00000000-0000-1000-8000-000A95A0E128")
        #expect(contact.regID == 1)
        let odd = try #require(NameAddress(bytes("<sip:a@b.example>;q=1.5;expires=x;reg-id=0;+sip.instance=\"no\"")))
        #expect(odd.q == nil)
        #expect(odd.expires == nil)
        #expect(odd.instanceID == nil)
        #expect(odd.regID == nil)
    }

    @Test(
        "RFC 3261 §25.1: qvalue",
        arguments: [("0", 0), ("1", 1_000), ("0.5", 500), ("0.333", 333), ("1.000", 1_000), ("0.", 0)])
    func qValues(text: String, thousandths: Int) throws {
        let contact = try #require(NameAddress(bytes("<sip:a@b.example>;q=\(text)")))
        #expect(contact.q == UInt16(thousandths))
    }

    @Test("RFC 3261 §8.1.1.5: CSeq numbers are below 2^31")
    func cSeq() {
        #expect(CSeq(bytes("2147483647 INVITE"))?.number == 2_147_483_647)
        #expect(CSeq(bytes("0009   INVITE"))?.number == 9)
        for text in ["2147483648 INVITE", "1", "1INVITE", "-1 INVITE", "1 INVITE x", " INVITE", "99999999999 INVITE"] {
            #expect(CSeq(bytes(text)) == nil, "\(text)")
        }
    }

    @Test("RFC 3261 §7.3.1: a list is the same over lines and commas, in order")
    func lists() throws {
        let message = try SIPMessage.parse(
            invite("Route: <sip:a.example;lr>, \"x, y\" <sip:b.example?a=b,c>\nRoute: <sip:c.example;lr>"))
        #expect(
            message.elements(of: .route).map(\.text) == [
                "<sip:a.example;lr>", "\"x, y\" <sip:b.example?a=b,c>", "<sip:c.example;lr>",
            ])
        #expect(message.count(of: .route) == 2)
        #expect(message.path?.isEmpty == true)
    }

    @Test("Typed values of a message")
    func typed() throws {
        let message = try SIPMessage.parse(
            invite(
                """
                Supported: path, Outbound
                Require: gruu
                Privacy: id;header
                Reason: SIP ;cause=600 ;text="Busy, Everywhere", Q.850;cause=16
                Warning: 399 edge.example "no \\"SRTP\\""
                Expires: 99999999999
                Retry-After: 18000;duration=3600
                P-Asserted-Identity: <sip:alice@atlanta.example>, <tel:+123>
                Max-Breadth: 60
                Path: <sip:FLOW@edge.example;lr;ob>
                Content-Type: application/sdp
                """, body: "v=0\r\nm=audio 49170 RTP/SAVP 0\r\nm=video 0 RTP/AVP 31\r\n"))
        #expect(message.method == .invite)
        #expect(message.requestURI?.user?.text == "bob")
        #expect(message.topVia?.branch?.text == "z9hG4bK776asdhds")
        #expect(message.fromTag?.text == "1928301774")
        #expect(message.toTag == nil)
        #expect(message.callID?.text == "a84b4c76e66710@pc33.atlanta.example")
        #expect(message.cSeq?.number == 314_159)
        #expect(message.maxForwards == 70)
        #expect(message.supports("outbound"))
        #expect(message.optionTags(of: .require).map(\.text) == ["gruu"])
        #expect(message.hasPrivacy("ID"))
        #expect(message.reasons.map { $0.cause } == [600, 16])
        #expect(message.reasons.first?.text?.text == "Busy, Everywhere")
        #expect(message.warnings.first?.text.text == "no \"SRTP\"")
        #expect(message.expires == .max)
        #expect(message.retryAfter == 18_000)
        #expect(message.assertedIdentities?.count == 2)
        #expect(message.maxBreadth == 60)
        #expect(message.path?.first?.uri?.user?.text == "FLOW")
        let lines = try #require(message.mediaLines)
        #expect(lines.map(\.port) == [49_170, 0])
        #expect(lines.map(\.isSecure) == [true, false])
        guard case .addresses(let contacts)? = message.contacts else {
            Issue.record("no contacts")
            return
        }
        #expect(contacts.count == 1)
    }

    @Test("RFC 3261 §7.3.3: a name known at run time only finds long and compact form")
    func namesAsText() throws {
        let message = try SIPMessage.parse(wire("OPTIONS tel:1 SIP/2.0\nI: one\nX-Mine: two\nContent-Length: 0\n\n"))
        for name in ["Call-ID", "call-id", "i"] { #expect(message.value(named: name)?.text == "one") }
        #expect(message.value(named: "x-mine")?.text == "two")
        for name in ["", "From", "X-Other", "é"] { #expect(message.value(named: name) == nil) }
        #expect(message.startLine.text == "OPTIONS tel:1 SIP/2.0")
    }

    @Test("RFC 3261 §10.2.2: * is a Contact of its own only")
    func wildcard() throws {
        let register = { (contact: String) in
            try SIPMessage.parse(wire("REGISTER sip:a.example SIP/2.0\nContact: \(contact)\nContent-Length: 0\n\n"))
        }
        guard case .wildcard? = try register("*").contacts else {
            Issue.record("not a wildcard")
            return
        }
        #expect(try register("*, <sip:a@b.example>").contacts == nil)
        #expect(try register("*\nContact: <sip:a@b.example>").contacts == nil)
    }

    @Test(
        "RFC 4566 §5.14: media lines",
        arguments: [
            ("m=audio 9 UDP/TLS/RTP/SAVPF 0\n", ["UDP/TLS/RTP/SAVPF"]), ("m=audio 9/2 RTP/AVP 0", ["RTP/AVP"]),
            ("m=audio 99999 RTP/AVP 0\n", nil), ("m =audio 9 RTP/AVP 0\n", nil), ("m=audio 9 RTP/SAVP\n", nil),
            ("v=0\n", []),
        ] as [(String, [String]?)])
    func mediaLines(text: String, profiles: [String]?) {
        #expect(SessionDescription.mediaLines(in: bytes(text))?.map(\.profile.text) == profiles)
    }
}
