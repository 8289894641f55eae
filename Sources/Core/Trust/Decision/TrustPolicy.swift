public import Basis

/// What is done when something about the trust data itself is not as it should be: the one table of it.
public struct TrustPolicy: Sendable, Hashable {
    /// What may be wrong.
    public enum Condition: String, Sendable, Hashable, CaseIterable {
        /// The issuer's revocation list is past its next update, but within the grace.
        case listInGrace
        /// It is past the grace.
        case listClosed
        /// The issuer should have a list, and there is none.
        case listMissing
        /// The certificate is revoked.
        case certificateRevoked
        /// The topology has expired.
        case topologyExpired
        /// Our own clock is too far from the authority's.
        case clockDoubtful
    }

    /// Whom it concerns.
    public enum Party: String, Sendable, Hashable, CaseIterable {
        /// A server of ours.
        case ownServer
        /// A trusted application.
        case application
        /// A partner.
        case partner
        /// A device with a user certificate.
        case userCertificate
        /// A device without certificate.
        case digestUser
    }

    /// What is done.
    public enum Action: String, Sendable, Hashable, CaseIterable {
        /// The condition does not matter to this party.
        case admit
        /// Admitted, with an alarm.
        case admitWithAlarm
        /// New links are refused, links that were admitted before stay; a critical alarm.
        case keepLive
        /// Peers whose key is pinned, and links that were admitted before, are admitted with an alarm.
        case keepKnown
        /// The certificate counts for nothing: the user must be proven by digest.
        case useDigest
        /// Refused; live links are cut.
        case refuse
    }

    /// How long past its next update a revocation list is still used.
    public var revocationGrace: Interval
    /// A certificate that lives no longer than this needs no revocation data from partners' issuers.
    public var shortLifetime: Interval
    /// The largest offset of our clock from the authority's timestamps.
    public var clockOffsetMax: Interval
    private var table: [Condition: [Action]]

    /// The policy of a new network.
    public static let standard = TrustPolicy(
        revocationGrace: .seconds(24 * 3_600), shortLifetime: .seconds(10 * 24 * 3_600), clockOffsetMax: .seconds(300),
        table: [
            // In the order of the parties: own server, application, partner, user certificate, digest user.
            .listInGrace: [.admitWithAlarm, .admitWithAlarm, .admitWithAlarm, .admitWithAlarm, .admit],
            .listClosed: [.keepLive, .keepLive, .refuse, .useDigest, .admit],
            .listMissing: [.keepLive, .keepLive, .refuse, .useDigest, .admit],
            .certificateRevoked: [.refuse, .refuse, .refuse, .refuse, .admit],
            .topologyExpired: [.keepKnown, .keepKnown, .keepKnown, .admit, .admit],
            .clockDoubtful: [.keepKnown, .keepKnown, .keepLive, .admitWithAlarm, .admit],
        ])

    /// What is done to this party under this condition. A cell that is not in the table refuses.
    public subscript(condition: Condition, party: Party) -> Action {
        get {
            guard let row = table[condition], let column = Party.allCases.firstIndex(of: party), column < row.count
            else { return .refuse }
            return row[column]
        }
        set {
            guard let column = Party.allCases.firstIndex(of: party) else { return }
            var row = Party.allCases.map { self[condition, $0] }
            row[column] = newValue
            table[condition] = row
        }
    }
}
