/// Finds the header field that a name of any case or a compact form stands for.
///
/// One object for the process, so that the loops which share it count no references. A name is compared in words of eight
/// octets: with the bit of lower case set, only a token's own letters and its hyphen look like those of a name here.
final class HeaderNameTable: Sendable {
    /// The one table; it never changes.
    static let shared = HeaderNameTable()

    /// The longest name that is known, in words.
    private static let wordsMax = 4
    private static let lowerCase: UInt64 = 0x2020_2020_2020_2020

    /// The names in lower case, four words each, by raw value.
    private let words: [UInt64]
    /// Their lengths, by raw value.
    private let lengths: [UInt8]
    /// 256 slots, open addressing: raw value of a header plus one, 0 when free.
    private let slots: [UInt8]
    /// By letter a to z: raw value plus one, 0 when the letter is no compact form.
    private let compact: [UInt8]

    private init() {
        var words: [UInt64] = []
        var lengths: [UInt8] = []
        var slots = [UInt8](repeating: 0, count: 256)
        var compact = [UInt8](repeating: 0, count: 26)
        for header in HeaderName.allCases {
            let text = Array(header.text.utf8)
            lengths.append(UInt8(text.count))
            for number in 0..<Self.wordsMax { words.append(Self.word(number, of: text.span, from: 0, to: text.count)) }
            guard !text.isEmpty else { continue }
            var slot = Self.slot(Self.word(0, of: text.span, from: 0, to: text.count), text.count)
            while slots[slot] != 0 { slot = (slot + 1) & 255 }
            slots[slot] = header.rawValue + 1
            if let letter = header.compactForm { compact[Int(letter - 0x61)] = header.rawValue + 1 }
        }
        self.words = words
        self.lengths = lengths
        self.slots = slots
        self.compact = compact
    }

    /// The field named by `bytes[start..<end]`, which is a token.
    func lookUp(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> HeaderName {
        let count = end - start
        guard count > 1 else {
            let letter = count == 1 ? (bytes[start] | 0x20) &- 0x61 : 255
            guard letter < 26, bytes[start].isLetter else { return .other }
            return Self.name(compact[Int(letter)])
        }
        guard count <= Self.wordsMax * 8 else { return .other }
        let first = Self.word(0, of: bytes, from: start, to: end)
        var slot = Self.slot(first, count)
        while slots[slot] != 0 {
            let number = Int(slots[slot] - 1)
            if lengths[number] == count, words[number * Self.wordsMax] == first,
                count <= 8 || isRest(of: number, bytes, from: start, to: end)
            {
                return Self.name(slots[slot])
            }
            slot = (slot + 1) & 255
        }
        return .other
    }

    private func isRest(of number: Int, _ bytes: Span<UInt8>, from start: Int, to end: Int) -> Bool {
        var word = 1
        while start + word * 8 < end {
            let known = words[number * Self.wordsMax + word]
            guard known == Self.word(word, of: bytes, from: start, to: end) else { return false }
            word += 1
        }
        return true
    }

    /// Eight octets of a name in lower case, zeros behind its end.
    private static func word(_ number: Int, of bytes: Span<UInt8>, from start: Int, to end: Int) -> UInt64 {
        let offset = start + number * 8
        guard offset < end else { return 0 }
        if offset + 8 <= bytes.count {
            let word = RawBytes.load(UInt64.self, from: bytes, at: offset) | lowerCase
            return end - offset >= 8 ? word : word & (1 << UInt64((end - offset) * 8) - 1)
        }
        var word: UInt64 = 0
        for position in offset..<min(end, offset + 8) {
            word |= UInt64(bytes[position] | 0x20) << UInt64((position - offset) * 8)
        }
        return word
    }

    private static func slot(_ first: UInt64, _ count: Int) -> Int {
        Int(truncatingIfNeeded: ((first &+ UInt64(count)) &* 0x9E37_79B9_7F4A_7C15) >> 56)
    }

    private static func name(_ slot: UInt8) -> HeaderName {
        slot == 0 ? .other : HeaderName(rawValue: slot - 1) ?? .other
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
