import SIP

extension [UInt8] {
    /// Appends `<sip:`, user and host or host alone, the URI's parameters with their semicolons, and `>`.
    mutating func append(sip address: some Collection<UInt8>, parameters: String = "") {
        append(text: "<sip:")
        append(contentsOf: address)
        append(text: parameters)
        append(UInt8(ascii: ">"))
    }

    /// Appends the same with a user part in front of the host.
    mutating func append(sip user: some Collection<UInt8>, at host: [UInt8], parameters: String) {
        append(text: "<sip:")
        append(contentsOf: user)
        append(UInt8(ascii: "@"))
        append(contentsOf: host)
        append(text: parameters)
        append(UInt8(ascii: ">"))
    }

    /// Appends the value of a Via.
    mutating func append(via sentBy: [UInt8], branch: [UInt8]) {
        append(text: "SIP/2.0/TLS ")
        append(contentsOf: sentBy)
        append(text: ";branch=")
        append(contentsOf: branch)
    }
}
