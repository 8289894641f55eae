/// Finds the header field that a name of any case or a compact form stands for.
///
/// Its arrays are part of it, so that the loops which share it count no references.
struct HeaderNameTable: Sendable {
    /// One for the process; it never changes.
    static let shared = HeaderNameTable()

    /// The names in lower case, one after the other, and where each starts; the last entry is the end.
    private var names = InlineArray<2_048, UInt8>(repeating: 0)
    private var starts = InlineArray<128, UInt16>(repeating: 0)
    /// Open addressing: raw value of a header plus one, 0 when free.
    private var slots = InlineArray<256, UInt8>(repeating: 0)
    /// By letter a to z: raw value plus one, 0 when the letter is no compact form.
    private var compact = InlineArray<26, UInt8>(repeating: 0)

    private init() {
        var end = 0
        for header in HeaderName.allCases {
            starts[Int(header.rawValue)] = UInt16(end)
            let text = header.text.utf8.map(\.lowercased)
            guard let first = text.first, let last = text.last else { continue }
            for octet in text {
                names[end] = octet
                end += 1
            }
            starts[Int(header.rawValue) + 1] = UInt16(end)
            var slot = Self.hash(first, last, text.count)
            while slots[slot] != 0 { slot = (slot + 1) & 255 }
            slots[slot] = header.rawValue + 1
            if let letter = header.compactForm { compact[Int(letter - 0x61)] = header.rawValue + 1 }
        }
    }

    /// The field named by `bytes[start..<end]`, which is a token.
    func lookUp(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> HeaderName {
        let count = end - start
        guard count > 1 else {
            let letter = count == 1 ? (bytes[start] | 0x20) &- 0x61 : 255
            guard letter < 26, bytes[start].isLetter else { return .other }
            return Self.name(compact[Int(letter)])
        }
        var slot = Self.hash(bytes[start] | 0x20, bytes[end - 1] | 0x20, count)
        while slots[slot] != 0 {
            let number = Int(slots[slot] - 1)
            if matches(number, bytes, from: start, count: count) { return Self.name(slots[slot]) }
            slot = (slot + 1) & 255
        }
        return .other
    }

    private func matches(_ number: Int, _ bytes: Span<UInt8>, from start: Int, count: Int) -> Bool {
        let low = Int(starts[number])
        guard Int(starts[number + 1]) - low == count else { return false }
        for offset in 0..<count where names[low + offset] != bytes[start + offset].lowercased { return false }
        return true
    }

    private static func name(_ slot: UInt8) -> HeaderName {
        slot == 0 ? .other : HeaderName(rawValue: slot - 1) ?? .other
    }

    private static func hash(_ first: UInt8, _ last: UInt8, _ count: Int) -> Int {
        (Int(first) &* 7 &+ Int(last) &* 31 &+ count &* 13) & 255
    }
}

extension HeaderName {
    /// Recognises a name in any case, or a compact form.
    public init(_ name: ArraySlice<UInt8>) {
        self = HeaderNameTable.shared.lookUp(name.span, from: 0, to: name.count)
    }

    /// Recognises a name in any case, or a compact form.
    public init(_ name: String) {
        self.init(Array(name.utf8)[...])
    }
}

extension HeaderName {
    /// RFC 3261 §7.3.3: the compact form of one letter; nil when there is none.
    var compactForm: UInt8? {
        switch self {
        case .callID: UInt8(ascii: "i")
        case .contact: UInt8(ascii: "m")
        case .contentEncoding: UInt8(ascii: "e")
        case .contentLength: UInt8(ascii: "l")
        case .contentType: UInt8(ascii: "c")
        case .from: UInt8(ascii: "f")
        case .subject: UInt8(ascii: "s")
        case .supported: UInt8(ascii: "k")
        case .to: UInt8(ascii: "t")
        case .via: UInt8(ascii: "v")
        case .event: UInt8(ascii: "o")
        case .allowEvents: UInt8(ascii: "u")
        case .referTo: UInt8(ascii: "r")
        case .referredBy: UInt8(ascii: "b")
        case .sessionExpires: UInt8(ascii: "x")
        case .acceptContact: UInt8(ascii: "a")
        case .rejectContact: UInt8(ascii: "j")
        case .requestDisposition: UInt8(ascii: "d")
        case .identity: UInt8(ascii: "y")
        case .accept, .acceptEncoding, .acceptLanguage, .alertInfo, .allow, .authenticationInfo, .authorization,
            .callInfo, .contentDisposition, .contentLanguage, .cSeq, .date, .errorInfo, .expires, .inReplyTo,
            .maxForwards, .minExpires, .mimeVersion, .organization, .priority, .proxyAuthenticate,
            .proxyAuthorization, .proxyRequire, .recordRoute, .replyTo, .require, .retryAfter, .route, .server,
            .timestamp, .unsupported, .userAgent, .warning, .wwwAuthenticate, .path, .serviceRoute, .flowTimer,
            .reason, .pAssertedIdentity, .pPreferredIdentity, .privacy, .maxBreadth, .subscriptionState, .replaces,
            .rSeq, .rAck, .minSE, .sipETag, .sipIfMatch, .historyInfo, .remotePartyID, .rpidPrivacy, .diversion,
            .pAssociatedURI, .pCalledPartyID, .pVisitedNetworkID, .pAccessNetworkInfo, .pChargingFunctionAddresses,
            .pChargingVector, .pChargeInfo, .pServedUser, .pProfileKey, .pUserDatabase, .pAssertedService,
            .pPreferredService, .pPrivateNetworkIndication, .pDCSTracePartyID, .pDCSBillingInfo, .pDCSLAES,
            .pDCSRedirect, .other:
            nil
        }
    }
}
