/// The header fields that are known by name. Any other is `.other`; its name stays in the message.
public enum HeaderName: UInt8, Sendable, Hashable, CaseIterable {
    /// RFC 3261 §20.1.
    case accept
    /// RFC 3261 §20.2.
    case acceptEncoding
    /// RFC 3261 §20.3.
    case acceptLanguage
    /// RFC 3261 §20.4.
    case alertInfo
    /// RFC 3261 §20.5.
    case allow
    /// RFC 3261 §20.6.
    case authenticationInfo
    /// RFC 3261 §20.7.
    case authorization
    /// RFC 3261 §20.8.
    case callID
    /// RFC 3261 §20.9.
    case callInfo
    /// RFC 3261 §20.10.
    case contact
    /// RFC 3261 §20.11.
    case contentDisposition
    /// RFC 3261 §20.12.
    case contentEncoding
    /// RFC 3261 §20.13.
    case contentLanguage
    /// RFC 3261 §20.14.
    case contentLength
    /// RFC 3261 §20.15.
    case contentType
    /// RFC 3261 §20.16.
    case cSeq
    /// RFC 3261 §20.17.
    case date
    /// RFC 3261 §20.18.
    case errorInfo
    /// RFC 3261 §20.19.
    case expires
    /// RFC 3261 §20.20.
    case from
    /// RFC 3261 §20.21.
    case inReplyTo
    /// RFC 3261 §20.22.
    case maxForwards
    /// RFC 3261 §20.23.
    case minExpires
    /// RFC 3261 §20.24.
    case mimeVersion
    /// RFC 3261 §20.25.
    case organization
    /// RFC 3261 §20.26.
    case priority
    /// RFC 3261 §20.27.
    case proxyAuthenticate
    /// RFC 3261 §20.28.
    case proxyAuthorization
    /// RFC 3261 §20.29.
    case proxyRequire
    /// RFC 3261 §20.30.
    case recordRoute
    /// RFC 3261 §20.31.
    case replyTo
    /// RFC 3261 §20.32.
    case require
    /// RFC 3261 §20.33.
    case retryAfter
    /// RFC 3261 §20.34.
    case route
    /// RFC 3261 §20.35.
    case server
    /// RFC 3261 §20.36.
    case subject
    /// RFC 3261 §20.37.
    case supported
    /// RFC 3261 §20.38.
    case timestamp
    /// RFC 3261 §20.39.
    case to
    /// RFC 3261 §20.40.
    case unsupported
    /// RFC 3261 §20.41.
    case userAgent
    /// RFC 3261 §20.42.
    case via
    /// RFC 3261 §20.43.
    case warning
    /// RFC 3261 §20.44.
    case wwwAuthenticate
    /// RFC 3327 §4.
    case path
    /// RFC 3608 §3.
    case serviceRoute
    /// RFC 5626 §10.
    case flowTimer
    /// RFC 3326 §2.
    case reason
    /// RFC 3325 §9.1.
    case pAssertedIdentity
    /// RFC 3325 §9.2.
    case pPreferredIdentity
    /// RFC 3323 §4.2.
    case privacy
    /// RFC 5393 §5.3.3.
    case maxBreadth
    /// RFC 6665 §8.2.1.
    case event
    /// RFC 6665 §8.2.2.
    case allowEvents
    /// RFC 6665 §8.2.3.
    case subscriptionState
    /// RFC 3515 §2.1.
    case referTo
    /// RFC 3892 §3.
    case referredBy
    /// RFC 3891 §6.1.
    case replaces
    /// RFC 3262 §7.1.
    case rSeq
    /// RFC 3262 §7.2.
    case rAck
    /// RFC 4028 §4.
    case sessionExpires
    /// RFC 4028 §5.
    case minSE
    /// RFC 3903 §11.3.1.
    case sipETag
    /// RFC 3903 §11.3.2.
    case sipIfMatch
    /// RFC 3841 §9.2.
    case acceptContact
    /// RFC 3841 §9.2.
    case rejectContact
    /// RFC 3841 §9.1.
    case requestDisposition
    /// RFC 8224 §4.
    case identity
    /// RFC 7044 §5.
    case historyInfo
    /// draft-ietf-sip-privacy, which became no RFC.
    case remotePartyID
    /// draft-ietf-sip-privacy, which became no RFC.
    case rpidPrivacy
    /// RFC 5806.
    case diversion
    /// RFC 7315 §4.1.
    case pAssociatedURI
    /// RFC 7315 §4.2.
    case pCalledPartyID
    /// RFC 7315 §4.3.
    case pVisitedNetworkID
    /// RFC 7315 §4.4.
    case pAccessNetworkInfo
    /// RFC 7315 §4.5.
    case pChargingFunctionAddresses
    /// RFC 7315 §4.6.
    case pChargingVector
    /// RFC 8496.
    case pChargeInfo
    /// RFC 5502.
    case pServedUser
    /// RFC 5002.
    case pProfileKey
    /// RFC 4457.
    case pUserDatabase
    /// RFC 6050.
    case pAssertedService
    /// RFC 6050.
    case pPreferredService
    /// RFC 7316.
    case pPrivateNetworkIndication
    /// RFC 5503.
    case pDCSTracePartyID
    /// RFC 5503.
    case pDCSBillingInfo
    /// RFC 5503.
    case pDCSLAES
    /// RFC 5503.
    case pDCSRedirect
    /// A field that is not named here.
    case other

    /// The name in its usual spelling; empty for `.other`.
    public var text: String {
        switch self {
        case .accept: "Accept"
        case .acceptEncoding: "Accept-Encoding"
        case .acceptLanguage: "Accept-Language"
        case .alertInfo: "Alert-Info"
        case .allow: "Allow"
        case .authenticationInfo: "Authentication-Info"
        case .authorization: "Authorization"
        case .callID: "Call-ID"
        case .callInfo: "Call-Info"
        case .contact: "Contact"
        case .contentDisposition: "Content-Disposition"
        case .contentEncoding: "Content-Encoding"
        case .contentLanguage: "Content-Language"
        case .contentLength: "Content-Length"
        case .contentType: "Content-Type"
        case .cSeq: "CSeq"
        case .date: "Date"
        case .errorInfo: "Error-Info"
        case .expires: "Expires"
        case .from: "From"
        case .inReplyTo: "In-Reply-To"
        case .maxForwards: "Max-Forwards"
        case .minExpires: "Min-Expires"
        case .mimeVersion: "MIME-Version"
        case .organization: "Organization"
        case .priority: "Priority"
        case .proxyAuthenticate: "Proxy-Authenticate"
        case .proxyAuthorization: "Proxy-Authorization"
        case .proxyRequire: "Proxy-Require"
        case .recordRoute: "Record-Route"
        case .replyTo: "Reply-To"
        case .require: "Require"
        case .retryAfter: "Retry-After"
        case .route: "Route"
        case .server: "Server"
        case .subject: "Subject"
        case .supported: "Supported"
        case .timestamp: "Timestamp"
        case .to: "To"
        case .unsupported: "Unsupported"
        case .userAgent: "User-Agent"
        case .via: "Via"
        case .warning: "Warning"
        case .wwwAuthenticate: "WWW-Authenticate"
        case .path: "Path"
        case .serviceRoute: "Service-Route"
        case .flowTimer: "Flow-Timer"
        case .reason: "Reason"
        case .pAssertedIdentity: "P-Asserted-Identity"
        case .pPreferredIdentity: "P-Preferred-Identity"
        case .privacy: "Privacy"
        case .maxBreadth: "Max-Breadth"
        case .event: "Event"
        case .allowEvents: "Allow-Events"
        case .subscriptionState: "Subscription-State"
        case .referTo: "Refer-To"
        case .referredBy: "Referred-By"
        case .replaces: "Replaces"
        case .rSeq: "RSeq"
        case .rAck: "RAck"
        case .sessionExpires: "Session-Expires"
        case .minSE: "Min-SE"
        case .sipETag: "SIP-ETag"
        case .sipIfMatch: "SIP-If-Match"
        case .acceptContact: "Accept-Contact"
        case .rejectContact: "Reject-Contact"
        case .requestDisposition: "Request-Disposition"
        case .identity: "Identity"
        case .historyInfo: "History-Info"
        case .remotePartyID: "Remote-Party-ID"
        case .rpidPrivacy: "RPID-Privacy"
        case .diversion: "Diversion"
        case .pAssociatedURI: "P-Associated-URI"
        case .pCalledPartyID: "P-Called-Party-ID"
        case .pVisitedNetworkID: "P-Visited-Network-ID"
        case .pAccessNetworkInfo: "P-Access-Network-Info"
        case .pChargingFunctionAddresses: "P-Charging-Function-Addresses"
        case .pChargingVector: "P-Charging-Vector"
        case .pChargeInfo: "P-Charge-Info"
        case .pServedUser: "P-Served-User"
        case .pProfileKey: "P-Profile-Key"
        case .pUserDatabase: "P-User-Database"
        case .pAssertedService: "P-Asserted-Service"
        case .pPreferredService: "P-Preferred-Service"
        case .pPrivateNetworkIndication: "P-Private-Network-Indication"
        case .pDCSTracePartyID: "P-DCS-Trace-Party-ID"
        case .pDCSBillingInfo: "P-DCS-Billing-Info"
        case .pDCSLAES: "P-DCS-LAES"
        case .pDCSRedirect: "P-DCS-Redirect"
        case .other: ""
        }
    }
}
