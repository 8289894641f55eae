import Authority
import Basis
import Server
import Shards
import Trust

/// One server of an organisation: what its host keeps while processes come and go, and the process that runs now.
final class Machine {
    /// What the server is in its organisation.
    enum Role: String, CaseIterable {
        case frontEnd
        case edge
    }

    let number: Int
    let organisation: Int
    let role: Role
    let name: String
    /// Where it listens, and for whom.
    let listeners: [(address: NetworkAddress, facts: ListenerFacts)]
    let disk = Disk()
    var clock = CivilClock()

    /// The verified state, on disk.
    var trust: TrustState
    var directory = UserDirectory()
    /// The directory sequence up to which this process has closed the flows of users who ended; an edge is told.
    var endedSequence: UInt64 = 0
    /// The key in use, and the chain that was issued for it.
    var key: CertificateKey
    var nextKey: CertificateKey
    var chain: [[UInt8]]

    var incarnation = 0
    var isUp = false
    var seats: [Seat] = []
    var shared: SharedState?
    /// The context that the process judges by once its mailboxes are drained.
    var context: TrustContext?

    init(
        number: Int, organisation: Int, role: Role, name: String,
        listeners: [(address: NetworkAddress, facts: ListenerFacts)], trust: TrustState, key: CertificateKey,
        nextKey: CertificateKey, chain: [[UInt8]]
    ) {
        self.number = number
        self.organisation = organisation
        self.role = role
        self.name = name
        self.listeners = listeners
        self.trust = trust
        self.key = key
        self.nextKey = nextKey
        self.chain = chain
    }

    /// The seat of this shard, while the same process runs.
    func seat(_ id: SeatID) -> Seat? {
        isUp && id.incarnation == incarnation && Int(id.shard) < seats.count ? seats[Int(id.shard)] : nil
    }

    /// For people: `fe1.contoso`.
    var shortName: String {
        String(name.prefix { $0 != "." }) + "." + (name.split(separator: ".").dropFirst().first ?? "")
    }
}
