/// The one media description that this user agent knows: a single audio stream under SDES keys.
///
/// It carries no sound. It is what servers look at: the profile is RTP/SAVP, as RFC 4568 §6.1 wants with `a=crypto`.
struct SessionDescription: Sendable, Hashable {
    /// The text of an offer or answer.
    let text: String

    /// An offer with a fresh key.
    static func offer(host: String, session: UInt64, key: [UInt8]) -> SessionDescription {
        make(host: host, session: session, media: [audioLine(payload: "0", profile: "RTP/SAVP", key: key, tag: "1")])
    }

    /// The answer to `offer`: its first secured audio line is taken, all others are refused with port 0.
    ///
    /// RFC 3264 §6: an answer has as many media lines as its offer, in the same order. Nil when nothing can be taken.
    static func answer(to offer: [UInt8], host: String, session: UInt64, key: [UInt8]) -> SessionDescription? {
        var media: [String] = []
        var isTaken = false
        let lines = String(decoding: offer, as: UTF8.self).split(whereSeparator: \.isNewline)
        for (number, line) in lines.enumerated() where line.hasPrefix("m=") {
            guard media.count < mediaLinesMax else { return nil }
            let fields = line.dropFirst(2).split(separator: " ")
            guard fields.count >= 4 else { return nil }
            let crypto = lines[(number + 1)...].prefix { !$0.hasPrefix("m=") }.first { $0.hasPrefix(cryptoPrefix) }
            if !isTaken, fields[0] == "audio", fields[1] != "0", profiles.contains(String(fields[2])), let crypto {
                let tag = crypto.dropFirst("a=crypto:".count).prefix { $0.isNumber }
                media.append(
                    audioLine(payload: String(fields[3]), profile: String(fields[2]), key: key, tag: String(tag)))
                isTaken = true
            } else {
                media.append("m=\(fields[0]) 0 \(fields[2]) \(fields[3])\r\n")
            }
        }
        return isTaken ? make(host: host, session: session, media: media) : nil
    }

    private static func make(host: String, session: UInt64, media: [String]) -> SessionDescription {
        let origin = "v=0\r\no=- \(session) \(session) IN IP4 \(host)\r\ns=-\r\nc=IN IP4 \(host)\r\nt=0 0\r\n"
        return SessionDescription(text: origin + media.joined())
    }

    private static func audioLine(payload: String, profile: String, key: [UInt8], tag: String) -> String {
        "m=audio 40000 \(profile) \(payload)\r\n"
            + "a=crypto:\(tag) AES_CM_128_HMAC_SHA1_80 inline:\(Base64.encode(key))\r\na=sendrecv\r\n"
    }

    /// RFC 4568 §6.1: master key and salt of AES_CM_128_HMAC_SHA1_80 together, in octets.
    static let keyBytes = 30
    private static let mediaLinesMax = 16
    private static let profiles = ["RTP/SAVP", "RTP/SAVPF"]
    private static let cryptoPrefix = "a=crypto:"
}

/// RFC 4648 §4, encoding only.
enum Base64 {
    /// The text of `bytes`, padded.
    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var start = 0
        while start < bytes.count {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var word: UInt32 = 0
            for byte in group { word = word << 8 | UInt32(byte) }
            word <<= UInt32(3 - group.count) * 8
            for position in 0..<4 {
                let index = Int(word >> UInt32(18 - position * 6) & 63)
                text.append(position <= group.count ? alphabet[index] : UInt8(ascii: "="))
            }
            start += 3
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
}
