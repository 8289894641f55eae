import SIP

extension [UInt8] {
    /// Appends `<sip:`, user and host or host alone, the URI's parameters with their semicolons, and `>`.
    mutating func append(sip address: some Collection<UInt8>, parameters: String = "") {
        append(text: "<sip:")
        append(contentsOf: address)
        append(text: parameters)
        append(UInt8(ascii: ">"))
    }

    /// `<sip:user@host`, the URI's parameters with their semicolons, and `>`: a Route, Record-Route or Path of ours.
    init(sip user: some Collection<UInt8>, at host: some Collection<UInt8>, parameters: String) {
        self = []
        reserveCapacity(user.count + host.count + parameters.utf8.count + 8)
        append(text: "<sip:")
        append(contentsOf: user)
        append(UInt8(ascii: "@"))
        append(contentsOf: host)
        append(text: parameters)
        append(UInt8(ascii: ">"))
    }

    /// Appends the value of a Via up to the branch, which the caller appends.
    mutating func append(via sentBy: [UInt8]) {
        append(text: "SIP/2.0/TLS ")
        append(contentsOf: sentBy)
        append(text: ";branch=")
    }
}
