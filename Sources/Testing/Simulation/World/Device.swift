import Basis
import SIP
import Scenarios
import UserAgent

/// One user's device: a user agent, the connection that it holds, and the person behind it.
final class Device {
    let number: Int
    /// `alice`, or `alice-abroad` for a second device of the same user.
    let name: String
    let organisation: Int
    /// The server that it connects to.
    let machine: Int
    let lifetimeSeconds: UInt32

    var password: String
    /// Whether the person wants to be signed in.
    var isWanted = false
    /// Whether the device acts without being told: signs in again, answers, hangs up.
    var isAutonomous = true

    /// Grows with each connection; what was planned for an earlier one is void.
    var generation = 0
    var agent: UserAgent?
    var link: Int?
    /// The agent may speak: the handshake has ended here.
    var isConnected = false
    var isDialling = false
    var armed: Instant?
    /// What it has seen; grows over its connections.
    var witness = Witness()
    var lastHandle: UInt32 = 0
    /// REGISTER failed for good; the connection is given up and made again.
    var failures = 0

    init(number: Int, name: String, organisation: Int, machine: Int, lifetimeSeconds: UInt32, password: String) {
        self.number = number
        self.name = name
        self.organisation = organisation
        self.machine = machine
        self.lifetimeSeconds = lifetimeSeconds
        self.password = password
    }

    /// The user whose device it is.
    var user: String { String(name.prefix { $0 != "-" }) }

    var isRegistered: Bool { isConnected && agent?.isRegistered == true }

    /// An account for a new connection.
    func account(domain: String) -> UserAgentAccount {
        var account = UserAgentAccount(
            addressOfRecord: "sip:\(user)@\(domain)", userName: user, password: password,
            instanceID: "urn:uuid:00000000-0000-4000-8000-00000000000\(number)", sentBy: "10.9.0.\(number + 1):5061")
        account.registrationLifetimeSeconds = lifetimeSeconds
        return account
    }
}
