import SIP

extension HeaderNameSet {
    /// Who a request or an answer is from, by RFC 3325: taken out of everything, because what is said inside is always made
    /// anew from what was proven.
    static let identities: HeaderNameSet = [.pAssertedIdentity, .pPreferredIdentity]

    /// What claims who somebody is, over whom a call came, or who pays for it. Between servers of this network it means what
    /// it says; from a client, a partner or an application it is a claim that nobody has proven, and is taken out.
    ///
    /// RFC 3325 §5 asks for this at the border of a network that trusts such fields, and RFC 7315, RFC 5806, RFC 5502,
    /// RFC 6050 and RFC 8496 ask it for theirs.
    static let claims: HeaderNameSet = [
        .pAssertedIdentity, .pPreferredIdentity, .remotePartyID, .rpidPrivacy, .diversion, .historyInfo,
        .pAssociatedURI,
        .pCalledPartyID, .pVisitedNetworkID, .pAccessNetworkInfo, .pChargingFunctionAddresses, .pChargingVector,
        .pChargeInfo, .pServedUser, .pProfileKey, .pUserDatabase, .pAssertedService, .pPreferredService,
        .pPrivateNetworkIndication, .pDCSTracePartyID, .pDCSBillingInfo, .pDCSLAES, .pDCSRedirect,
    ]
}
