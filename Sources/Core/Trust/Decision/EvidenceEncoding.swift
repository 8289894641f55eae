import Basis

extension LinkEvidence {
    /// The version of the encoding that is written.
    public static let schema: Int64 = 1

    /// As canonical JSON.
    public var encoded: [UInt8] { json.canonicalBytes }

    /// Reads what `encoded` wrote; an unknown member or schema is an error.
    public init(decoding bytes: [UInt8]) throws(DocumentError) {
        try self.init(json: ObjectReader.parse(bytes))
    }

    /// As JSON, without what was not there.
    public var json: JSONValue {
        var members: [String: JSONValue] = [
            "schema": .integer(Self.schema),
            "direction": direction.json,
            "chain": .array(chain.map { .string(Base64.encode($0)) }),
            "validatedChain": .bool(hasValidatedChain),
        ]
        members["remoteAddress"] = remoteAddress.map { .string($0.description) }
        members["tlsVersion"] = tlsVersion.map { .string($0.rawValue) }
        members["cipherSuite"] = cipherSuite.map { .integer(Int64($0)) }
        members["group"] = group.map(JSONValue.string)
        members["sni"] = sni.map(JSONValue.string)
        members["alpnOffers"] = alpnOffers.isEmpty ? nil : .array(alpnOffers.map(JSONValue.string))
        members["alpnSelected"] = alpnSelected.map(JSONValue.string)
        members["handshakeFailure"] = handshakeFailure.map(JSONValue.string)
        members["live"] = isLive ? .bool(true) : nil
        return .object(members)
    }

    /// Reads what `json` wrote.
    public init(json: JSONValue) throws(DocumentError) {
        var reader = try ObjectReader(json, at: ["evidence"])
        guard try reader.requiredNumber("schema") == UInt64(Self.schema) else {
            throw reader.fault("schema", "not a schema that is known")
        }
        self.init(
            direction: try LinkDirection(json: reader.required("direction")), chain: [])
        chain = try reader.byteStrings("chain")
        hasValidatedChain = try reader.bool("validatedChain", default: false)
        if let text = try reader.optionalString("remoteAddress") {
            guard let address = NetworkAddress(text) else { throw reader.fault("remoteAddress", "not an address") }
            remoteAddress = address
        }
        tlsVersion = try reader.optionalWord("tlsVersion")
        if let number = try reader.optionalNumber("cipherSuite") {
            guard let suite = UInt16(exactly: number) else { throw reader.fault("cipherSuite", "more than 16 bits") }
            cipherSuite = suite
        }
        group = try reader.optionalString("group")
        sni = try reader.optionalString("sni")
        alpnOffers = try reader.optionalStrings("alpnOffers", max: 1_024) ?? []
        alpnSelected = try reader.optionalString("alpnSelected")
        handshakeFailure = try reader.optionalString("handshakeFailure")
        isLive = try reader.bool("live", default: false)
        try reader.finish()
    }
}

extension LinkDirection {
    fileprivate var json: JSONValue {
        switch self {
        case .inbound(let listener):
            .object([
                "listener": .string(listener.kind.rawValue),
                "classes": .array(listener.classes.sorted().map { .string($0.rawValue) }),
                "deviceRoots": .array(listener.deviceRoots.map { .string(Base64.encode($0)) }),
            ])
        case .outbound(let dialled):
            .object(["dialled": .string(dialled.kind), "name": .string(dialled.name)])
        }
    }

    fileprivate init(json: JSONValue) throws(DocumentError) {
        var reader = try ObjectReader(json, at: ["evidence", "direction"])
        if let kind: ListenerKind = try reader.optionalWord("listener") {
            var classes: Set<PeerClass> = []
            for text in try reader.optionalStrings("classes", max: 16) ?? [] {
                guard let word = PeerClass(rawValue: text) else { throw reader.fault("classes", "not a class") }
                classes.insert(word)
            }
            self = .inbound(
                ListenerFacts(kind: kind, classes: classes, deviceRoots: try reader.byteStrings("deviceRoots")))
        } else {
            let name = try reader.requiredString("name")
            switch try reader.requiredString("dialled") {
            case "server": self = .outbound(.server(name))
            case "application": self = .outbound(.application(name))
            case "partner": self = .outbound(.partner(name))
            case "registrar": self = .outbound(.registrar(name))
            default: throw reader.fault("dialled", "not a kind of peer")
            }
        }
        try reader.finish()
    }
}

extension Dialled {
    fileprivate var kind: String {
        switch self {
        case .server: "server"
        case .application: "application"
        case .partner: "partner"
        case .registrar: "registrar"
        }
    }
}

extension ObjectReader {
    /// A list of byte strings in base64.
    mutating func byteStrings(_ name: String) throws(DocumentError) -> [[UInt8]] {
        var result: [[UInt8]] = []
        for element in try optionalArray(name, max: 256) ?? [] {
            guard let bytes = element.stringValue.flatMap(Base64.decode) else { throw fault(name, "not base64") }
            result.append(bytes)
        }
        return result
    }
}
