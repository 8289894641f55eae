/// One `m=` line of a session description: what decides whether its media are encrypted.
public struct MediaLine: Sendable {
    /// `audio`, `video` and so on.
    public let media: ArraySlice<UInt8>
    /// RFC 4566 §5.14: the port; 0 when the stream is refused or switched off.
    public let port: UInt16
    /// The profile, `RTP/SAVP` for example.
    public let profile: ArraySlice<UInt8>

    /// Parses what stands behind `m=`; nil when it breaks the grammar.
    init?(_ value: ArraySlice<UInt8>) {
        let fields = value.split(separator: Octet.space, maxSplits: 3, omittingEmptySubsequences: false)
        guard fields.count == 4, !fields[0].isEmpty, !fields[2].isEmpty else { return nil }
        let portField = fields[1].prefix { $0 != Octet.slash }
        guard let port = portField.decimal, port <= 65_535 else { return nil }
        media = fields[0]
        self.port = UInt16(port)
        profile = fields[2]
    }

    /// RFC 3711 §12, RFC 5764 §8: whether the profile is one of SRTP, keyed in the description or by DTLS.
    public var isSecure: Bool {
        Self.secureProfiles.contains { profile.equalsIgnoringCase($0) }
    }

    private static let secureProfiles = ["RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"]
}

/// The media lines of a session description.
public enum SessionDescription {
    /// Media lines that are looked at; a description with more counts as malformed.
    public static let mediaLinesMax = 64

    /// Every `m=` line of `body` in order; nil when one of them is malformed or there are too many. Lines end in CRLF
    /// or LF.
    public static func mediaLines(in body: ArraySlice<UInt8>) -> [MediaLine]? {
        // RFC 4566 §5: one letter, the equals sign, the value, and no white space around the sign.
        mediaLines(in: body) { $0.first == UInt8(ascii: "m") }
    }

    /// RFC 5621 §3: the same for a body of several parts, in any of which a description may stand. Lines of other parts
    /// that only look like one count as well: rather a part too many than one unseen.
    public static func mediaLines(inParts body: ArraySlice<UInt8>) -> [MediaLine]? {
        mediaLines(in: body) { $0.starts(with: "m=".utf8) }
    }

    /// RFC 2045 §6.1: whether a part says that it is encoded, so that its lines are not what they mean.
    public static func hasEncodedPart(_ body: ArraySlice<UInt8>) -> Bool {
        var isEncoded = false
        forEachLine(of: body) { line in
            guard let colon = line.firstIndex(of: Octet.colon),
                ["content-transfer-encoding", "content-encoding"].contains(where: line[..<colon].equalsIgnoringCase)
            else { return true }
            let value = line[(colon + 1)...].trimmed
            isEncoded = !["7bit", "8bit", "binary", "identity"].contains { value.equalsIgnoringCase($0) }
            return !isEncoded
        }
        return isEncoded
    }

    private static func mediaLines(
        in body: ArraySlice<UInt8>, where isMedia: (ArraySlice<UInt8>) -> Bool
    ) -> [MediaLine]? {
        var result: [MediaLine] = []
        var isSound = true
        forEachLine(of: body) { line in
            guard isMedia(line) else { return true }
            guard line.count > 2, line[line.startIndex + 1] == Octet.equals, let media = MediaLine(line.dropFirst(2)),
                result.count < mediaLinesMax
            else {
                isSound = false
                return false
            }
            result.append(media)
            return true
        }
        return isSound ? result : nil
    }

    /// Calls `visit` with each line, without its end, until that says false.
    private static func forEachLine(of body: ArraySlice<UInt8>, _ visit: (ArraySlice<UInt8>) -> Bool) {
        var start = body.startIndex
        while start < body.endIndex {
            var end = start
            while end < body.endIndex, body[end] != Octet.lineFeed, body[end] != Octet.carriageReturn { end += 1 }
            guard visit(body[start..<end]) else { return }
            start = end + 1
        }
    }
}
