/// What the two hellos of a TLS handshake said, as far as NIOSSL does not report it.
public struct HelloFacts: Sendable, Hashable {
    /// The name that the client asked for (RFC 6066 §3); nil when it named none.
    public internal(set) var serverName: String?
    /// What the client offered (RFC 7301 §3.1), in its order, at most 32 names.
    public internal(set) var protocolOffers: [String] = []
    /// The highest TLS version that the client offered, e.g. 0x0304; 0 while no ClientHello was seen.
    public internal(set) var versionOffered: UInt16 = 0
    /// The TLS version that the server chose, 0 while no ServerHello was seen.
    public internal(set) var version: UInt16 = 0
    /// The cipher suite that the server chose; 0 while no ServerHello was seen.
    public internal(set) var cipherSuite: UInt16 = 0
    /// The group of the key exchange, as a number of the TLS Supported Groups registry; 0 when none was seen.
    public internal(set) var group: UInt16 = 0

    /// Nothing seen yet.
    public init() {}

    /// The cipher suite; nil when none was seen.
    public var suiteChosen: UInt16? { cipherSuite == 0 ? nil : cipherSuite }

    /// The usual name of the group; its number in hexadecimal when it has none here, nil when none was seen.
    public var groupName: String? {
        switch group {
        case 0: nil
        case 0x11EC: "X25519MLKEM768"
        case 0x001D: "X25519"
        case 0x0017: "P-256"
        case 0x0018: "P-384"
        default: "0x" + String(group, radix: 16)
        }
    }
}

extension HelloFacts {
    private enum Extension {
        static let serverName: UInt16 = 0
        static let protocols: UInt16 = 16
        static let supportedVersions: UInt16 = 43
        static let keyShare: UInt16 = 51
    }

    /// Names beyond this number cannot help a client: two of them are accepted.
    static let protocolOffersMax = 32

    // RFC 1035 §2.3.4: no name of a host is longer. What is longer would only fill logs.
    static let serverNameBytesMax = 255

    /// RFC 8446 §4.1.2: records what a ClientHello offers. One that is cut short leaves what was read before.
    mutating func readClientHello(_ body: [UInt8]) {
        var hello = ByteCursor(body)
        guard let legacyVersion = hello.number16(), hello.skip(32), hello.vector8() != nil, hello.vector16() != nil,
            hello.vector8() != nil
        else { return }
        versionOffered = legacyVersion
        hello.forEachExtension { type, content in
            var content = content
            switch type {
            case Extension.serverName: readServerName(&content)
            case Extension.protocols: readProtocols(&content)
            case Extension.supportedVersions: readSupportedVersions(&content)
            default: break
            }
        }
    }

    /// RFC 8446 §4.1.3: records what a ServerHello chose.
    ///
    /// - Returns: false when another message of the server is needed: it asked for a second ClientHello, or it speaks
    ///   TLS 1.2, where the group stands in the ServerKeyExchange.
    mutating func readServerHello(_ body: [UInt8]) -> Bool {
        var hello = ByteCursor(body)
        guard let legacyVersion = hello.number16(), let random = hello.take(32), hello.vector8() != nil,
            let suite = hello.number16(), hello.number8() != nil
        else { return true }
        version = legacyVersion
        cipherSuite = suite
        hello.forEachExtension { type, content in
            var content = content
            switch type {
            case Extension.supportedVersions: version = content.number16() ?? version
            case Extension.keyShare: group = content.number16() ?? group
            default: break
            }
        }
        return !random.elementsEqual(Self.helloRetryRequest) && version >= 0x0304
    }

    /// RFC 8422 §5.4: records the named curve of an ephemeral key exchange in TLS 1.2.
    mutating func readServerKeyExchange(_ body: [UInt8]) {
        var exchange = ByteCursor(body)
        let namedCurve: UInt8 = 3
        guard exchange.number8() == namedCurve, let curve = exchange.number16() else { return }
        group = curve
    }

    // RFC 6066 §3: a list of names, of which only host names (type 0) are defined.
    private mutating func readServerName(_ content: inout ByteCursor) {
        guard var list = content.vector16(), list.number8() == 0, let name = list.vector16(),
            name.count <= Self.serverNameBytesMax
        else { return }
        serverName = name.text
    }

    private mutating func readProtocols(_ content: inout ByteCursor) {
        guard var list = content.vector16() else { return }
        while protocolOffers.count < Self.protocolOffersMax, let name = list.vector8() {
            protocolOffers.append(name.text)
        }
    }

    private mutating func readSupportedVersions(_ content: inout ByteCursor) {
        guard var list = content.vector8() else { return }
        var highest: UInt16 = 0
        while let version = list.number16() {
            // RFC 8701 §2: values of the form 0x?A?A are offered to be ignored.
            if version & 0x0F0F != 0x0A0A, version <= 0x0304 { highest = max(highest, version) }
        }
        versionOffered = highest
    }

    /// RFC 8446 §4.1.3: the random value by which a ServerHello is a HelloRetryRequest.
    private static let helloRetryRequest: [UInt8] = [
        0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
        0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
    ]
}

/// Reads the presentation language of RFC 8446 §3 from front to back and never beyond the end.
struct ByteCursor {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    private init(rest: ArraySlice<UInt8>) {
        self.rest = rest
    }

    /// How many octets are left.
    var count: Int { rest.count }

    /// What is left, as UTF-8 with replacements for what is not.
    var text: String { String(decoding: rest, as: UTF8.self) }

    mutating func number8() -> UInt8? { rest.popFirst() }

    mutating func number16() -> UInt16? {
        guard let bytes = take(2), let high = bytes.first, let low = bytes.last else { return nil }
        return UInt16(high) << 8 | UInt16(low)
    }

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func skip(_ count: Int) -> Bool { take(count) != nil }

    mutating func vector8() -> ByteCursor? {
        guard let count = number8() else { return nil }
        return take(Int(count)).map(ByteCursor.init(rest:))
    }

    mutating func vector16() -> ByteCursor? {
        guard let count = number16() else { return nil }
        return take(Int(count)).map(ByteCursor.init(rest:))
    }

    /// RFC 8446 §4.2: calls `body` for each extension that is whole.
    mutating func forEachExtension(_ body: (UInt16, ByteCursor) -> Void) {
        guard var list = vector16() else { return }
        while let type = list.number16(), let content = list.vector16() { body(type, content) }
    }
}
