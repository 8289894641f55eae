/// The canonical form of an address-of-record: the only key for bindings and users.
///
/// RFC 3261 §10.3: parameters removed, escapes resolved where the character may stand by itself, host in lower case.
/// `sips:` counts as `sip:`, because every hop here is TLS. A tel URI has no visual separators.
public struct AddressOfRecord: Hashable, Comparable, Sendable {
    /// The canonical octets: `sip:user@host`, `sip:host` or `tel:number`.
    public let bytes: [UInt8]

    /// Takes the address out of a sip, sips or tel URI; nil for other schemes.
    public init?(_ uri: SIPURI) {
        var result: [UInt8] = []
        result.reserveCapacity(uri.bytes.count + 4)
        switch uri.scheme {
        case .sip, .sips:
            result.append(text: "sip:")
            if let user = uri.user {
                Escapes.appendCanonical(user.span, to: &result) { $0.isUnreserved || $0.isUserUnreserved }
                result.append(Octet.at)
            }
            for octet in uri.host { result.append(octet.lowercased) }
            if let port = uri.port {
                result.append(Octet.colon)
                result.append(decimal: port)
            }
        case .tel:
            result.append(text: "tel:")
            result += SIPURI.digits(uri.user)
        case .other:
            return nil
        }
        bytes = result
    }

    /// Takes the address out of a written URI; nil when it is none.
    public init?(_ text: String) {
        guard let uri = SIPURI(text) else { return nil }
        self.init(uri)
    }

    /// Takes octets that `bytes` gave before, for example out of a store; nil when they are not canonical.
    public init?(canonical bytes: [UInt8]) {
        guard let uri = SIPURI(bytes[...]), let address = AddressOfRecord(uri), address.bytes == bytes else {
            return nil
        }
        self = address
    }

    /// The user part, or the number of a tel URI; empty when there is none.
    public var user: ArraySlice<UInt8> {
        guard let at = bytes.firstIndex(of: Octet.at) else {
            return bytes.starts(with: "tel:".utf8) ? bytes.dropFirst(4) : bytes[4..<4]
        }
        return bytes[4..<at]
    }

    /// The host with its port if it has one, in lower case: the SIP domain; empty for a tel URI.
    public var host: ArraySlice<UInt8> {
        guard let at = bytes.firstIndex(of: Octet.at) else {
            return bytes.starts(with: "tel:".utf8) ? bytes[bytes.endIndex...] : bytes.dropFirst(4)
        }
        return bytes[(at + 1)...]
    }

    public static func < (left: AddressOfRecord, right: AddressOfRecord) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension AddressOfRecord: CustomStringConvertible {
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}
