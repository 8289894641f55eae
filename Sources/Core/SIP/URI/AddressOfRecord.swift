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
            if uri.user != nil {
                uri.appendCanonicalUser(to: &result)
                result.append(Octet.at)
            }
            uri.appendCanonicalHost(to: &result)
        case .tel:
            result.append(text: "tel:")
            uri.appendCanonicalUser(to: &result)
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

extension SIPURI {
    /// The address-of-record without its scheme, `user@host`, in canonical form; empty when the URI names no user. Of a tel URI
    /// the number and `@`, which no user of a domain is.
    public var userAtHost: [UInt8] {
        guard scheme != .other, let user, !user.isEmpty else { return [] }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        appendCanonicalUser(to: &result)
        result.append(Octet.at)
        appendCanonicalHost(to: &result)
        return result
    }

    fileprivate func appendCanonicalUser(to result: inout [UInt8]) {
        guard let user else { return }
        if scheme == .tel {
            result += Self.digits(user)
        } else {
            Escapes.appendCanonical(user.span, to: &result) { $0.isUnreserved || $0.isUserUnreserved }
        }
    }

    fileprivate func appendCanonicalHost(to result: inout [UInt8]) {
        for octet in host { result.append(octet.lowercased) }
        if let port {
            result.append(Octet.colon)
            result.append(decimal: port)
        }
    }
}

extension AddressOfRecord: CustomStringConvertible {
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}
