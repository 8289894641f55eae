/// How large a message may be. A peer that passes a limit is answered or closed before anything is allocated for the
/// excess.
public struct SIPLimits: Sendable, Hashable {
    /// Octets of start line, header lines and the empty line. At most 65,535, because the index holds 16-bit offsets.
    public let headBytesMax: Int
    /// Octets of the body.
    public let bodyBytesMax: Int
    /// Header lines, a folded line counted once. At most 128.
    public let headerLinesMax: Int
    /// Octets of the Request-URI.
    public let requestURIBytesMax: Int

    /// Limits of a server: a head of 16 KiB holds a message that crossed 70 proxies, a body of 64 KiB any description.
    public static let standard = SIPLimits()

    /// Limits of what comes from outside the network's own servers. Below `standard` by what two of them add on the way
    /// inwards: otherwise a stranger could make a message that one server takes and the next one ends the link for.
    public static let outside = SIPLimits(headBytesMax: 12_288, headerLinesMax: 96)

    /// Takes the limits; values above what the index can hold are lowered to it.
    public init(
        headBytesMax: Int = 16_384, bodyBytesMax: Int = 65_536, headerLinesMax: Int = 128,
        requestURIBytesMax: Int = 2_048
    ) {
        self.headBytesMax = min(max(headBytesMax, 64), 65_535)
        self.bodyBytesMax = min(max(bodyBytesMax, 0), 16_777_216)
        self.headerLinesMax = min(max(headerLinesMax, 1), 128)
        self.requestURIBytesMax = max(requestURIBytesMax, 16)
    }
}
