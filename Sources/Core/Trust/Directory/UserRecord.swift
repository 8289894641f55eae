/// One user of ours.
public struct UserRecord: Sendable, Hashable {
    /// Whether the user may do anything.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// As usual.
        case enabled
        /// The account is kept, signing in fails, nothing is delivered.
        case disabled
    }

    /// The address-of-record without its scheme, `alice@contoso.example`; the domain in lower case.
    public var aor: String
    /// The FQDN of the pool that keeps the user's bindings.
    public var homePool: String
    /// What a digest is checked with.
    public var verifiers: UserVerifiers
    /// The algorithm with which the user is challenged.
    public var algorithm: DigestAlgorithm
    /// Other addresses that lead to this user, in the form of `aor`.
    public var aliases: [String]
    /// Whether the user may do anything.
    public var state: State
    /// The sequence of the directory at this record's last change; `UserDirectory.put` sets it.
    public internal(set) var sequence: UInt64

    /// A user.
    public init(
        aor: String, homePool: String, verifiers: UserVerifiers, algorithm: DigestAlgorithm = .sha256,
        aliases: [String] = [], state: State = .enabled, sequence: UInt64 = 0
    ) {
        self.aor = Self.normalised(aor)
        self.homePool = homePool.lowercased()
        self.verifiers = verifiers
        self.algorithm = algorithm
        self.aliases = aliases.map(Self.normalised)
        self.state = state
        self.sequence = sequence
    }

    // RFC 3261 §10.3: the user part counts letter by letter, the domain in any case.
    /// The form in which addresses are compared: everything behind the last `@` in lower case.
    public static func normalised(_ address: String) -> String {
        guard let at = address.utf8.lastIndex(of: UInt8(ascii: "@")) else { return address.lowercased() }
        return address[..<at] + address[at...].lowercased()
    }

    /// The domain of the address-of-record: the realm of the verifiers.
    public var domain: String {
        aor.utf8.lastIndex(of: UInt8(ascii: "@")).map { String(aor[aor.utf8.index(after: $0)...]) } ?? ""
    }
}

extension UserRecord {
    /// The record as JSON. It holds verifiers: over the trust channel to front ends and directors only.
    public var json: JSONValue {
        .members([
            ("aor", .string(aor)),
            ("homePool", .string(homePool)),
            ("algorithm", .string(algorithm.rawValue)),
            ("sha256", verifiers.sha256.map { .string(Base64.encode($0)) }),
            ("md5", verifiers.md5.map { .string(Base64.encode($0)) }),
            ("aliases", .stringsIfAny(aliases)),
            ("state", .string(state.rawValue)),
            ("sequence", .number(sequence)),
        ])
    }

    init(json: JSONValue, at path: [String]) throws(DocumentError) {
        var reader = try ObjectReader(json, at: path)
        let aor = try reader.requiredString("aor")
        let homePool = try reader.requiredString("homePool")
        let algorithm = try reader.optionalWord("algorithm", as: DigestAlgorithm.self) ?? .sha256
        let verifiers = UserVerifiers(sha256: try reader.optionalBytes("sha256"), md5: try reader.optionalBytes("md5"))
        let aliases = try reader.optionalStrings("aliases", max: UserDirectory.aliasesMax) ?? []
        let state = try reader.optionalWord("state", as: State.self) ?? .enabled
        let sequence = try reader.requiredNumber("sequence")
        try reader.finish()
        self.init(
            aor: aor, homePool: homePool, verifiers: verifiers, algorithm: algorithm, aliases: aliases, state: state,
            sequence: sequence)
    }
}
