import SIP

/// The messages that the cases work on, as a telephone writes them.
enum Requests {
    /// An INVITE with thirteen header lines and an offer, 601 octets in all. `number` has four digits: messages with
    /// different ones are alike but for branch and Call-ID.
    static func invite(_ number: Int = 1_000) throws -> [UInt8] {
        let body = "v=0\r\no=- 3724394400 1 IN IP4 192.0.2.7\r\ns=-\r\nt=0 0\r\nm=audio 40002 RTP/SAVP 0 8\r\n"
        let octets = octets(
            """
            INVITE sip:bob@contoso.example SIP/2.0
            Via: SIP/2.0/TLS 192.0.2.7:40000;branch=z9hG4bKnashds\(number)
            Max-Forwards: 70
            From: "Alice" <sip:alice@contoso.example>;tag=1928301774
            To: <sip:bob@contoso.example>
            Call-ID: a84b4c76e6\(number)@192.0.2.7
            CSeq: 314159 INVITE
            Contact: <sip:alice@192.0.2.7:40000;transport=tls>
            Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE
            Supported: outbound, path
            User-Agent: Telephone/4.2 (desk; build 2024-0612)
            Accept: application/sdp
            Content-Type: application/sdp
            """, body: body)
        guard octets.count == 601 else { throw BenchmarkFailure("the INVITE has \(octets.count) octets") }
        guard try SIPMessage.parse(octets).lineCount == 13 else { throw BenchmarkFailure("the INVITE's lines") }
        return octets
    }

    /// The ACK to a final response other than 2xx to that INVITE.
    static func acknowledgement(_ number: Int) -> [UInt8] {
        octets(
            """
            ACK sip:bob@contoso.example SIP/2.0
            Via: SIP/2.0/TLS 192.0.2.7:40000;branch=z9hG4bKnashds\(number)
            Max-Forwards: 70
            From: "Alice" <sip:alice@contoso.example>;tag=1928301774
            To: <sip:bob@contoso.example>;tag=a6c85cf
            Call-ID: a84b4c76e6\(number)@192.0.2.7
            CSeq: 314159 ACK
            """, body: "")
    }

    /// A short text from Alice to Bob.
    static func message(_ number: Int) -> [UInt8] {
        octets(
            """
            MESSAGE sip:bob@contoso.example SIP/2.0
            Via: SIP/2.0/TLS 192.0.2.7:40000;branch=z9hG4bKnashds\(number)
            Max-Forwards: 70
            From: "Alice" <sip:alice@contoso.example>;tag=1928301774
            To: <sip:bob@contoso.example>
            Call-ID: a84b4c76e6\(number)@192.0.2.7
            CSeq: 314159 MESSAGE
            User-Agent: Telephone/4.2 (desk; build 2024-0612)
            Content-Type: text/plain
            """, body: "Watson, come here.")
    }

    /// A REGISTER for an hour, with `lines` added.
    static func register(_ user: String, port: Int, cSeq: Int, lines: [String] = []) -> [UInt8] {
        octets(
            """
            REGISTER sip:contoso.example SIP/2.0
            Via: SIP/2.0/TLS 192.0.2.7:\(port);branch=z9hG4bKreg\(cSeq)
            Max-Forwards: 70
            From: <sip:\(user)@contoso.example>;tag=456248
            To: <sip:\(user)@contoso.example>
            Call-ID: 843817637684230@192.0.2.7:\(port)
            CSeq: \(cSeq) REGISTER
            Contact: <sip:\(user)@192.0.2.7:\(port);transport=tls>
            Expires: 3600
            Supported: path
            User-Agent: Telephone/4.2 (desk; build 2024-0612)
            \(lines.map { $0 + "\n" }.joined())
            """, body: "")
    }

    /// Lines that end with a line feed as a message with CRLF and the right Content-Length.
    static func octets(_ lines: String, body: String) -> [UInt8] {
        var result: [UInt8] = []
        for line in lines.split(separator: "\n") { result += Array(line.utf8) + [13, 10] }
        return result + Array("Content-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
    }
}
