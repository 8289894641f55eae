import SIP
import Testing

@Suite("URIs")
struct URITests {
    @Test(
        "RFC 3261 §19.1.4: the examples of equivalence and difference, both ways round",
        arguments: [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on", true),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com", true
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x", true
            ),
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false),
            ("sip:alice@atlanta.com", "sips:alice@atlanta.com", false),
            ("sip:a%40b@x.example", "sip:a%40B@x.example", false),
            ("sip:a%2Bb@x.example", "sip:a+b@x.example", false),
            ("sip:u@[2001:db8::1]", "sip:u@[2001:0DB8:0:0::1]", true),
            ("tel:+1-201-555-0123", "tel:+12015550123", true),
            ("tel:7042;phone-context=a.example", "tel:7042", false),
            ("http://a.example/x", "http://a.example/x", true),
        ])
    func equivalence(left: String, right: String, isSame: Bool) throws {
        let one = try #require(SIPURI(left))
        let two = try #require(SIPURI(right))
        #expect(one.isEquivalent(to: two) == isSame)
        #expect(two.isEquivalent(to: one) == isSame)
    }

    @Test(
        "RFC 3261 §25.1: what is a URI",
        arguments: [
            "sip:alice@atlanta.com", "sip:alice:secretword@atlanta.com;transport=tcp", "sips:1212@gateway.com",
            "sip:+1-212-555-1212:1234@gateway.com;user=phone", "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
            "sip:alice;day=tuesday@atlanta.com", "sip:[2001:db8::1]:5061", "sip:a@10.0.0.1", "sip:a@x.example.",
            "sip:a@host_1.internal", "tel:+358-555-1234567;postd=pp22", "isbn:2983792873", "sip:a@[::ffff:192.0.2.10]",
            "sip:u@h.example;p=%5B%5D;lr",
        ])
    func good(text: String) throws {
        let uri = try #require(SIPURI(text))
        #expect(uri.description == text)
    }

    @Test(
        "RFC 3261 §25.1: what is none",
        arguments: [
            "", "sip", "sip:", "sip:@x.example", "sip:a@", "sip:a b@x.example", "sip:a@x.example:",
            "sip:a@x.example:66000",
            "sip:a@x..example", "sip:a@-x.example", "sip:a@x-.example", "sip:a@1.2.3", "sip:a@256.0.0.1", "sip:a@[::1",
            "sip:a@[:1]", "sip:a@[1::2::3]", "sip:a@[1:2:3:4:5:6:7]", "sip:a@[12345::]", "sip:a@2001:db8::1",
            "sip:a%4@x.example", "sip:a%zz@x.example", "sip:a@x.example;", "sip:a@x.example;=b", "sip:a@x.example;p=",
            "sip:a@x.example?", "sip:a@x.example?h", "sip:a<b@x.example", "1sip:a@x.example", "tel:", "tel:abc-",
            "tel:+;a=b", "sip:a@x.example;p=\u{7F}", "sip:é@x.example",
        ])
    func bad(text: String) {
        // `tel:abc-` is a number: its letters are hexadecimal digits.
        #expect((SIPURI(text) == nil) == (text != "tel:abc-"))
    }

    @Test("RFC 3261 §19.1.1: the parts")
    func parts() throws {
        let uri = try #require(SIPURI("sips:al%69ce:pw@[2001:db8::10]:5070;transport=tls;lr?Subject=x"))
        #expect(uri.scheme == .sips)
        #expect(uri.user?.text == "al%69ce")
        #expect(uri.password?.text == "pw")
        #expect(uri.host.text == "[2001:db8::10]")
        #expect(uri.port == 5070)
        #expect(uri.parameters["TRANSPORT"]?.text == "tls")
        #expect(uri.hasLooseRouting)
        #expect(uri.headers.text == "Subject=x")
    }

    @Test(
        "RFC 3261 §10.3: one canonical form for every way to write an address-of-record",
        arguments: [
            ("sip:alice@Contoso.Example", "sip:alice@contoso.example"),
            ("sips:al%69ce@contoso.example;transport=tls?x=y", "sip:alice@contoso.example"),
            ("sip:a%40b@contoso.example", "sip:a%40b@contoso.example"),
            ("sip:a%2fb@contoso.example", "sip:a/b@contoso.example"),
            ("sip:null-%00@contoso.example", "sip:null-%00@contoso.example"),
            ("sip:alice:pw@contoso.example:5061", "sip:alice@contoso.example:5061"),
            ("sip:CONTOSO.example", "sip:contoso.example"),
            ("tel:+1-(201)-555.0123;phone-context=x", "tel:+12015550123"),
        ])
    func addressOfRecord(text: String, canonical: String) throws {
        let address = try #require(AddressOfRecord(text))
        #expect(address.description == canonical)
        #expect(AddressOfRecord(canonical: address.bytes) == address)
        #expect(AddressOfRecord(canonical) == address)
    }

    @Test("An address-of-record has user and host, and is no other scheme")
    func addressParts() throws {
        let address = try #require(AddressOfRecord("sip:alice@Contoso.example"))
        #expect(address.user.text == "alice")
        #expect(address.host.text == "contoso.example")
        #expect(AddressOfRecord("isbn:123") == nil)
        #expect(AddressOfRecord(canonical: Array("sip:Alice@CONTOSO".utf8)) == nil)
        #expect(AddressOfRecord("tel:+1234")?.user.text == "+1234")
        #expect(AddressOfRecord("tel:+1234")?.host.isEmpty == true)
    }
}
