import ArgumentParser
import Basis
import Trust

/// The condition table in force.
struct TrustPolicyCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Show what is done when trust data is late, missing or doubtful.",
        discussion: "Example: entente trust policy. This is the table that every decision reads; it needs no server.")
    @OptionGroup var options: GlobalOptions

    func perform() async throws {
        let policy = TrustPolicy.standard
        let table = TrustPolicy.Condition.allCases.map { condition in
            (condition, TrustPolicy.Party.allCases.map { policy[condition, $0] })
        }
        let rows = table.map { condition, actions in [Self.words(condition)] + actions.map(Self.words) }
        let json = table.map { condition, actions in
            (
                condition.rawValue,
                JSONValue.object(
                    Dictionary(
                        zip(TrustPolicy.Party.allCases, actions).map { ($0.rawValue, .string($1.rawValue)) },
                        uniquingKeysWith: { first, _ in first }))
            )
        }
        print(
            .object([
                "schema_version": .integer(1),
                "conditions": .object(Dictionary(json, uniquingKeysWith: { first, _ in first })),
                "revocation_grace_seconds": .integer(Int64(clamping: policy.revocationGrace.wholeSeconds)),
                "short_lifetime_seconds": .integer(Int64(clamping: policy.shortLifetime.wholeSeconds)),
                "clock_offset_max_seconds": .integer(Int64(clamping: policy.clockOffsetMax.wholeSeconds)),
            ]),
            """
            \(Terminal.table(["CONDITION"] + TrustPolicy.Party.allCases.map { Self.words($0).uppercased() }, rows))

            A revocation list is used for \(TimeText.text(policy.revocationGrace)) past its next update (grace); then it is closed.
            Partners' certificates that live at most \(TimeText.text(policy.shortLifetime)) need no list.
            Our clock is doubtful when it is more than \(TimeText.text(policy.clockOffsetMax)) from the authority's.
            """)
    }

    private static func words(_ condition: TrustPolicy.Condition) -> String {
        switch condition {
        case .listInGrace: "revocation list in grace"
        case .listClosed: "revocation list closed"
        case .listMissing: "revocation list missing"
        case .certificateRevoked: "certificate revoked"
        case .topologyExpired: "topology expired"
        case .clockDoubtful: "own clock doubtful"
        }
    }

    private static func words(_ party: TrustPolicy.Party) -> String {
        switch party {
        case .ownServer: "own server"
        case .application: "application"
        case .partner: "partner"
        case .userCertificate: "user certificate"
        case .digestUser: "digest user"
        }
    }

    private static func words(_ action: TrustPolicy.Action) -> String {
        switch action {
        case .admit: "admit"
        case .admitWithAlarm: "admit, alarm"
        case .keepLive: "keep links, refuse new"
        case .keepKnown: "keep known, admit none new"
        case .useDigest: "must use digest"
        case .refuse: "refuse"
        }
    }
}
