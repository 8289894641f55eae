/// Whose user agent it is, and how it shows itself.
public struct UserAgentAccount: Sendable, Hashable {
    /// The address-of-record, for example `sip:alice@contoso.example`.
    public var addressOfRecord: String
    /// The name for digest; usually the user part of the address-of-record.
    public var userName: String
    /// The password for digest. Never printed.
    public var password: String
    /// RFC 5626 §4.1: the URN that stays with this device, for example `urn:uuid:00000000-0000-1000-8000-000A95A0E128`.
    public var instanceID: String
    /// RFC 5626 §4.2: the number of this flow among those of the device, from 1.
    public var regID: UInt32 = 1
    /// Host and port for Via and Contact. Nobody dials it: requests to this user come over the flow.
    public var sentBy: String
    /// What REGISTER asks for, in seconds.
    public var registrationLifetimeSeconds: UInt32 = 3_600

    /// An account with the defaults for what is not named.
    public init(
        addressOfRecord: String, userName: String, password: String, instanceID: String, sentBy: String
    ) {
        self.addressOfRecord = addressOfRecord
        self.userName = userName
        self.password = password
        self.instanceID = instanceID
        self.sentBy = sentBy
    }

    /// The domain of the address-of-record with its scheme: where REGISTER goes, RFC 3261 §10.2.
    var registrarURI: String {
        guard let at = addressOfRecord.lastIndex(of: "@") else { return addressOfRecord }
        let scheme = addressOfRecord.prefix { $0 != ":" }
        return "\(scheme):\(addressOfRecord[addressOfRecord.index(after: at)...])"
    }

    /// The Contact of this user agent.
    var contactURI: String {
        let user = addressOfRecord.drop { $0 != ":" }.dropFirst().prefix { $0 != "@" }
        return "sip:\(user)@\(sentBy);transport=tls"
    }
}

extension UserAgentAccount: CustomStringConvertible, CustomDebugStringConvertible {
    /// The address-of-record, so that no log and no crash report shows the password.
    public var description: String { addressOfRecord }

    public var debugDescription: String { addressOfRecord }
}

/// How much one user agent holds, and how long it waits.
public struct UserAgentLimits: Sendable, Hashable {
    /// Calls at one time; one more is answered 486.
    public var callsMax = 16
    /// Requests on the way at one time; one more fails with 503 at once.
    public var requestsMax = 1_024
    /// How often one request is sent again for a challenge; RFC 3261 §22.1 wants an end to it.
    public var challengesMax = 2

    /// The defaults.
    public init() {}
}
