public import Basis

/// The trust state in a few lines: for `status`, `check` and the metrics.
public struct TrustStatus: Sendable, Hashable {
    /// One CRL.
    public struct RevocationListStatus: Sendable, Hashable {
        /// The issuer's key.
        public let issuer: KeyPin
        /// The low 53 bits of its number.
        public let number: UInt64
        /// When the next one is due.
        public let nextUpdate: WallTime
        /// Certificates that are known to be revoked.
        public let revoked: Int
        /// The next one is overdue.
        public let isOverdue: Bool
    }

    /// The network's name.
    public let network: String
    /// The epoch.
    public let epoch: TrustEpoch
    /// The version of the root.
    public let rootVersion: UInt64
    /// When the root expires.
    public let rootExpires: WallTime
    /// The version of the topology; nil without one.
    public let topologyVersion: UInt64?
    /// When the topology expires; nil without one.
    public let topologyExpires: WallTime?
    /// It has expired, or there is none: nobody new is admitted by it.
    public let isTopologyExpired: Bool
    /// How old the newest timestamp is; nil without one.
    public let timestampAge: Interval?
    /// The timestamp has expired: an alarm, and nothing is refused by it.
    public let isStale: Bool
    /// The CRLs, by issuer.
    public let lists: [RevocationListStatus]

    /// The same as JSON.
    public var json: JSONValue {
        .members([
            ("network", .string(network)),
            ("epoch", .number(epoch.number)),
            ("root", .members([("version", .number(rootVersion)), ("expires", .string(rootExpires.description))])),
            (
                "topology",
                .members([
                    ("version", topologyVersion.map { .number($0) }),
                    ("expires", topologyExpires.map { .string($0.description) }),
                    ("expired", .bool(isTopologyExpired)),
                ])
            ),
            (
                "timestamp",
                .members([("age_seconds", timestampAge.map { .number($0.wholeSeconds) }), ("stale", .bool(isStale))])
            ),
            (
                "crls",
                .array(
                    lists.map {
                        .members([
                            ("issuer", .string($0.issuer.description)),
                            ("number", .number($0.number)),
                            ("next_update", .string($0.nextUpdate.description)),
                            ("revoked", .number(UInt64($0.revoked))),
                            ("overdue", .bool($0.isOverdue)),
                        ])
                    })
            ),
        ])
    }
}

extension TrustState {
    /// The time to judge by: the later of the system's and that of the newest verified timestamp, so that a clock set
    /// back does not bring expired things to life.
    public func effectiveTime(_ system: WallTime) -> WallTime { max(system, timestamp?.header.issued ?? system) }

    /// Whether our clock is further than `limit` from the authority's: the system's time is before the newest timestamp, or
    /// was after it when it came. One that was loaded tells nothing of the second kind: it may have lain there for long.
    public func isClockDoubtful(_ system: WallTime, by limit: Interval) -> Bool {
        guard let issued = timestamp?.header.issued else { return false }
        if let received = timestampReceived, received > issued + limit { return true }
        return system + limit < issued
    }

    /// Whether the topology has expired at `now`, or is missing: nobody new is admitted by it (E604).
    public func isTopologyExpired(_ now: WallTime) -> Bool {
        verifiedTopology.map { $0.content.header.expires <= now } ?? true
    }

    /// Whether the newest timestamp has expired at `now`, or is missing: an alarm.
    public func isTimestampStale(_ now: WallTime) -> Bool { timestamp.map { $0.header.expires <= now } ?? true }

    /// How long ago the newest timestamp was issued; nil without one.
    public func timestampAge(_ now: WallTime) -> Interval? { timestamp.map { now - $0.header.issued } }

    /// The state in a few lines.
    public func status(_ now: WallTime) -> TrustStatus {
        let lists = revocation.issuers.compactMap { issuer -> TrustStatus.RevocationListStatus? in
            guard let known = revocation[issuer], let list = known.list else { return nil }
            return TrustStatus.RevocationListStatus(
                issuer: issuer, number: IssuerRevocation.version(of: list.number), nextUpdate: list.nextUpdate,
                revoked: list.entries.count + known.remembered.count, isOverdue: list.nextUpdate <= now)
        }
        return TrustStatus(
            network: root.network, epoch: epoch, rootVersion: root.header.version, rootExpires: root.header.expires,
            topologyVersion: verifiedTopology?.content.header.version,
            topologyExpires: verifiedTopology?.content.header.expires, isTopologyExpired: isTopologyExpired(now),
            timestampAge: timestampAge(now), isStale: isTimestampStale(now), lists: lists)
    }
}
