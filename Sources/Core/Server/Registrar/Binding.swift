public import Basis

/// RFC 3261 §10: one contact of an address-of-record, as a REGISTER made it.
///
/// Tied to the flow on which the REGISTER came, also for clients that know nothing of RFC 5626: a client behind TLS
/// cannot be dialled, so its Contact says who it is, and its flow where it is.
public struct Binding: Hashable, Sendable {
    /// The Contact URI, as the client wrote it; the request URI of what is sent to it.
    public var contact: [UInt8]
    /// When the binding ends. Kept as civil time, because it outlives the process.
    public var expires: WallTime
    /// The Call-ID of the REGISTER, for the order of refreshes.
    public var callID: [UInt8]
    /// The CSeq number of the REGISTER.
    public var cseq: UInt32
    /// RFC 5626 §4.1: `+sip.instance`, empty when the client gave none.
    public var instanceID: [UInt8]
    /// RFC 5626 §4.2: `reg-id`, 0 when the client gave none.
    public var regID: UInt32
    /// The q value of the contact in thousandths.
    public var q: UInt16
    /// The way to the client. Nil after a restart for a client that was connected to this process: the binding is listed,
    /// but nothing can be sent until the client is back.
    public var flow: Flow?

    /// A binding with all its facts.
    public init(
        contact: [UInt8], expires: WallTime, callID: [UInt8], cseq: UInt32, instanceID: [UInt8], regID: UInt32,
        q: UInt16, flow: Flow?
    ) {
        self.contact = contact
        self.expires = expires
        self.callID = callID
        self.cseq = cseq
        self.instanceID = instanceID
        self.regID = regID
        self.q = q
        self.flow = flow
    }
}

/// The form in which the bindings of one address-of-record are stored: version, count, then each binding's fields with
/// their lengths, big-endian.
public enum BindingCoding {
    private static let version: UInt8 = 1

    /// The stored form of `bindings`.
    public static func encode(_ bindings: [Binding]) -> [UInt8] {
        var bytes: [UInt8] = [version, UInt8(clamping: bindings.count)]
        bytes.reserveCapacity(2 + bindings.count * 160)
        for binding in bindings.prefix(Int(UInt8.max)) {
            append(binding.contact, to: &bytes)
            bytes.append(bigEndian: UInt64(bitPattern: binding.expires.milliseconds))
            append(binding.callID, to: &bytes)
            bytes.append(bigEndian: UInt64(binding.cseq))
            append(binding.instanceID, to: &bytes)
            bytes.append(bigEndian: UInt64(binding.regID))
            bytes.append(bigEndian: UInt64(binding.q))
            switch binding.flow {
            case .edge(let flow):
                bytes.append(1)
                append(Array(flow.edge.utf8), to: &bytes)
                append(flow.token, to: &bytes)
            case .direct, nil:
                // The connection of a client ends with the process; its number means nothing to the next one.
                bytes.append(0)
            }
        }
        return bytes
    }

    /// The bindings in a stored value; nil when it is not one, which means a damaged or newer store.
    public static func decode(_ bytes: [UInt8]) -> [Binding]? {
        var reader = Reader(bytes: bytes)
        guard reader.byte() == version, let count = reader.byte() else { return nil }
        var bindings: [Binding] = []
        for _ in 0..<count {
            guard let contact = reader.field(), let expires = reader.number(), let callID = reader.field(),
                let cseq = reader.number().flatMap({ UInt32(exactly: $0) }), let instanceID = reader.field(),
                let regID = reader.number().flatMap({ UInt32(exactly: $0) }),
                let q = reader.number().flatMap({ UInt16(exactly: $0) }), let kind = reader.byte()
            else { return nil }
            var flow: Flow?
            if kind == 1 {
                guard let edge = reader.field(), let token = reader.field() else { return nil }
                flow = .edge(EdgeFlow(edge: String(decoding: edge, as: UTF8.self), token: token))
            } else if kind != 0 {
                return nil
            }
            bindings.append(
                Binding(
                    contact: contact, expires: WallTime(milliseconds: Int64(bitPattern: expires)), callID: callID,
                    cseq: cseq, instanceID: instanceID, regID: regID, q: q, flow: flow))
        }
        return reader.isAtEnd ? bindings : nil
    }

    private static func append(_ field: [UInt8], to bytes: inout [UInt8]) {
        bytes.append(UInt8(truncatingIfNeeded: field.count >> 8))
        bytes.append(UInt8(truncatingIfNeeded: field.count))
        bytes.append(contentsOf: field)
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        var isAtEnd: Bool { position == bytes.count }

        mutating func byte() -> UInt8? {
            guard position < bytes.count else { return nil }
            defer { position += 1 }
            return bytes[position]
        }

        mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard bytes.count - position >= count else { return nil }
            defer { position += count }
            return bytes[position..<(position + count)]
        }

        mutating func field() -> [UInt8]? {
            guard let length = take(2) else { return nil }
            return take(length.reduce(0) { $0 << 8 | Int($1) }).map(Array.init)
        }

        mutating func number() -> UInt64? {
            take(8).flatMap { UInt64(bigEndianBytes: $0) }
        }
    }
}
