import Basis
import SIP

/// What the harness writes to a server: first requests, and those that follow from what was said before.
extension ServerStage {
    private static let methods = ["REGISTER", "MESSAGE", "INVITE", "OPTIONS", "SUBSCRIBE", "INFO", "FOO"]
    private static let people = [
        "alice@contoso.example", "bob@contoso.example", "carol@fabrikam.example", "dave@contoso.example",
    ]
    private static let followUps = ["ACK", "BYE", "CANCEL", "PRACK", "INVITE", "INFO", "UPDATE", "MESSAGE"]
    private static let statuses: [UInt16] = [100, 180, 183, 200, 202, 302, 401, 404, 407, 408, 480, 486, 487, 503, 603]

    /// A request outside any dialog.
    mutating func request(by choices: inout Choices, on index: Int) -> Letter {
        let method = choices.element(of: Self.methods) ?? "MESSAGE"
        let from = choices.element(of: Self.people) ?? ""
        let to = choices.element(of: Self.people) ?? ""
        var letter = request(method, from: from, to: method == "REGISTER" ? from : to, on: index)
        let claims = choices.octet()
        if claims != 0 { add(claims, to: &letter, by: &choices) }
        return letter
    }

    /// What a sender may say about itself and the way, rightly or not: a field for each bit.
    private func add(_ claims: UInt8, to letter: inout Letter, by choices: inout Choices) {
        let somebody = "<sip:\(choices.element(of: Self.people) ?? "")>"
        if claims & 1 != 0 { letter.set("P-Asserted-Identity", Array(somebody.utf8)) }
        if claims & 2 != 0 { letter.set("Privacy", Array("id".utf8)) }
        if claims & 4 != 0 { letter.set("P-Preferred-Identity", Array(somebody.utf8)) }
        if claims & 8 != 0 { letter.set("From", Array("<sip:anonymous@anonymous.invalid>;tag=a\(letterCount)".utf8)) }
        if claims & 16 != 0 {
            let hosts = [FuzzWorld.frontEnd, FuzzWorld.edge, "sip.fabrikam.example", "10.0.1.1", "elsewhere.example"]
            letter.set("Route", Array("<sip:x@\(choices.element(of: hosts) ?? "");lr>".utf8))
        }
        if claims & 32 != 0 { letter.set("Max-Forwards", Array(String(choices.octet()).utf8)) }
        if claims & 64 != 0 { letter.set("Contact", Array("*".utf8)) }
        if claims & 128 != 0 { letter.set("Expires", Array(String(choices.octet()).utf8)) }
    }

    mutating func request(_ method: String, from: String, to: String, on index: Int) -> Letter {
        letterCount += 1
        let domain = to.split(separator: "@").last.map(String.init) ?? to
        let contact = "<sip:\(from.prefix { $0 != "@" })@192.0.2.7:\(40_000 + index);transport=tls>"
        let body =
            method == "INVITE"
            ? "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nt=0 0\r\nm=audio 40000 RTP/SAVP 0\r\n"
            : method == "MESSAGE" ? "hello" : ""
        var letter = Letter(
            """
            \(method) sip:\(method == "REGISTER" ? domain : to) SIP/2.0
            Via: SIP/2.0/TLS 192.0.2.7:\(40_000 + index);branch=z9hG4bKf\(letterCount)
            Max-Forwards: 70
            From: <sip:\(from)>;tag=f\(letterCount)
            To: <sip:\(to)>
            Call-ID: c\(letterCount)@192.0.2.7
            CSeq: \(letterCount) \(method)
            Contact: \(contact)
            """, body: body)
        if !body.isEmpty {
            letter.set("Content-Type", Array((method == "INVITE" ? "application/sdp" : "text/plain").utf8))
        }
        if method == "REGISTER" { letter.set("Supported", Array("path, outbound".utf8)) }
        if lines[index].peer == .server || lines[index].peer == .partner {
            addTrail(to: &letter, from: from, on: index)
        }
        return letter
    }

    /// What servers between the user and this one have added.
    private func addTrail(to letter: inout Letter, from: String, on index: Int) {
        if lines[index].peer == .server {
            letter.set("P-Asserted-Identity", Array("<sip:\(from)>".utf8))
            // To the front end an edge says over which flow a request came; to the edge the front end names one.
            let isRegister = letter.startLine.starts(with: "REGISTER".utf8)
            if isFrontEnd {
                letter.set(
                    isRegister ? "Path" : "Record-Route",
                    Array("<sip:flow1@\(FuzzWorld.edge);transport=tls;lr;ob>".utf8))
            }
        }
        letter.lines.insert(
            (Array("Via".utf8), Array("SIP/2.0/TLS 198.51.100.9;branch=z9hG4bKh\(letterCount)".utf8)), at: 1)
    }

    /// The next request about one of the last letters: in its dialog, or of its transaction.
    mutating func followUp(by choices: inout Choices, on index: Int) -> Letter? {
        let method = choices.element(of: Self.followUps) ?? "ACK"
        guard let (first, answer) = choices.element(of: lines[index].letters) else { return nil }
        letterCount += 1
        var letter = first
        letter.lines.removeAll { $0.name == Array(Self.markName.utf8) }
        let number = first.value("CSeq")?[...].text.split(separator: " ").first.map(String.init) ?? "1"
        let isOfTransaction = method == "CANCEL" || method == "ACK" && (answer?.status ?? 0) >= 300
        let uri = first.startLine[...].text.split(separator: " ").dropFirst().first.map(String.init) ?? "sip:x@y"
        letter.body = []
        if isOfTransaction {
            letter.startLine = Array("\(method) \(uri) SIP/2.0".utf8)
            letter.set("CSeq", Array("\(number) \(method)".utf8))
            if let to = answer?.value(of: .to) { letter.set("To", Array(to)) }
            return letter
        }
        guard let answer, let to = answer.value(of: .to) else { return nil }
        letter.set("To", Array(to))
        letter.set("Via", Array("SIP/2.0/TLS 192.0.2.7:\(40_000 + index);branch=z9hG4bKd\(letterCount)".utf8))
        letter.set("CSeq", Array("\(method == "ACK" ? number : String(letterCount + 100)) \(method)".utf8))
        letter.startLine = Array("\(method) \(contact(of: answer) ?? uri) SIP/2.0".utf8)
        for route in answer.elements(of: .recordRoute).map({ Array($0) }).reversed() {
            letter.lines.append((Array("Route".utf8), route))
        }
        return letter
    }

    /// The same request again with the answer to its challenge; nil when there was none.
    mutating func answerToChallenge(by choices: inout Choices, on index: Int) -> Letter? {
        guard let (first, answer) = choices.element(of: lines[index].letters.reversed()), let answer else { return nil }
        let user = first.value("From")?[...].text.split(separator: ":").dropFirst().first?.prefix { $0 != "@" }
        return credentials(for: first, answer, user: user.map(String.init) ?? "alice")
    }

    mutating func credentials(for first: Letter, _ answer: SIPMessage, user: String) -> Letter? {
        let name: HeaderName = answer.status == 401 ? .wwwAuthenticate : .proxyAuthenticate
        guard let challenge = answer.challenges(in: name).first else { return nil }
        letterCount += 1
        let words = first.startLine[...].text.split(separator: " ").map(String.init)
        guard words.count == 3,
            let value = Digest.authorization(
                answering: challenge, username: user, password: FuzzWorld.password(user), method: words[0],
                uri: words[1], cnonce: Array("c0ffee".utf8), nc: 1)
        else { return nil }
        var letter = first
        letter.lines.removeAll { $0.name == Array(Self.markName.utf8) }
        let branch = first.value("Via")?[...].text ?? ""
        letter.set("Via", Array("\(branch)a".utf8))
        letter.set("CSeq", Array("\(letterCount + 200) \(words[0])".utf8))
        letter.set(answer.status == 401 ? "Authorization" : "Proxy-Authorization", value)
        return letter
    }

    /// A response to one of the last requests that the server sent over a link.
    func response(by choices: inout Choices, on index: Int) -> Letter? {
        guard let request = choices.element(of: lines[index].requests.reversed()) else { return nil }
        let number = choices.octet()
        let status = Int(number) < Self.statuses.count ? Self.statuses[Int(number)] : 100 + UInt16(number) * 2
        var letter = Letter("SIP/2.0 \(status) Answer")
        for name: HeaderName in [.via, .recordRoute, .from, .to, .callID, .cSeq] {
            for value in request.values(of: name) { letter.lines.append((Array(name.text.utf8), Array(value))) }
        }
        if status > 100, request.toTag == nil, let to = letter.value("To") {
            letter.set("To", to + Array(";tag=t\(choices.octet() & 3)".utf8))
        }
        letter.set("Contact", Array("<sip:answerer@192.0.2.9:50000;transport=tls>".utf8))
        return letter
    }

    /// A request of the callee, in the dialog that one of the server's requests began.
    mutating func callback(by choices: inout Choices, on index: Int) -> Letter? {
        guard let request = choices.element(of: lines[index].requests.reversed()), let from = request.value(of: .from),
            let to = request.value(of: .to)
        else { return nil }
        letterCount += 1
        let method = choices.element(of: Self.followUps) ?? "BYE"
        let uri = contact(of: request) ?? "sip:x@contoso.example"
        var letter = Letter(
            """
            \(method) \(uri) SIP/2.0
            Via: SIP/2.0/TLS 192.0.2.9:50000;branch=z9hG4bKb\(letterCount)
            Max-Forwards: 70
            From: \(to.text)\(request.toTag == nil ? ";tag=t0" : "")
            To: \(from.text)
            Call-ID: \(request.callID?.text ?? "c")
            CSeq: \(letterCount) \(method)
            """)
        for route in request.elements(of: .recordRoute) { letter.lines.append((Array("Route".utf8), Array(route))) }
        return letter
    }

    private func contact(of message: SIPMessage) -> String? {
        switch message.contacts {
        case .addresses(let addresses)?: addresses.first?.uriBytes.text
        case .wildcard?, nil: nil
        }
    }
}
