import SIP

/// A device writes P-Asserted-Identity, with an identity that its user does not have.
extension World {
    func maybeForge(_ bytes: [UInt8], _ message: SIPMessage) -> [UInt8] {
        guard message.isRequest, message.method == .message || message.method == .invite,
            faults.strikes(.forgedIdentity), let lineEnd = bytes.firstIndex(of: 10)
        else { return bytes }
        return Array(bytes[...lineEnd]) + Array("P-Asserted-Identity: <sip:boss@contoso.example>\r\n".utf8)
            + Array(bytes[(lineEnd + 1)...])
    }
}
