/// Why an object or a bundle of them was not taken into the trust state. The state stays as it was.
public struct TrustStateError: Error, Sendable, Hashable {
    /// What was wrong, one case for each distinct violation.
    public enum Reason: Sendable, Hashable {
        /// It does not have the form of such an object.
        case malformed(String)
        /// Too few of the keys that may sign it did.
        case notSigned(valid: Int, needed: Int)
        /// It is not the object that was promised: by the invitation, the snapshot or the timestamp.
        case wrongHash(promisedBy: String)
        /// We know a later one.
        case rolledBack(version: UInt64, known: UInt64)
        /// Another object of this version is known.
        case forked(version: UInt64)
        /// The version before it is not the one that we know, or is missing.
        case brokenChain(version: UInt64, known: UInt64)
        /// It is needed and neither known nor in the bundle.
        case missing
        /// It speaks of another network.
        case otherNetwork(String)
        /// No CA in the state issued it, or its signature is wrong.
        case unknownIssuer
    }

    /// The kind of object.
    public let object: TrustObjectKind
    /// What was wrong.
    public let reason: Reason

    /// A refusal of an object.
    public init(_ object: TrustObjectKind, _ reason: Reason) {
        self.object = object
        self.reason = reason
    }

    /// The code under which logs and metrics know it: E503 for CRLs, E605 for everything else.
    public var code: TrustCode { object == .revocationList ? .e503 : .e605 }
}

extension TrustStateError: CustomStringConvertible {
    public var description: String {
        let what: String
        switch reason {
        case .malformed(let why): what = "is malformed: \(why)"
        case .notSigned(let valid, let needed): what = "has \(valid) valid signatures and needs \(needed)"
        case .wrongHash(let promiser): what = "is not the one that the \(promiser) names"
        case .rolledBack(let version, let known): what = "has version \(version), older than \(known) that is known"
        case .forked(let version): what = "has version \(version), and another object of this version is known"
        case .brokenChain(let version, let known):
            what = "has version \(version), which does not follow ours (\(known))"
        case .missing: what = "is missing"
        case .otherNetwork(let network): what = "belongs to another network (\(network))"
        case .unknownIssuer: what = "is not signed by a CA of the trust state"
        }
        return "\(code.rawValue) the \(object.rawValue) \(what)"
    }
}
