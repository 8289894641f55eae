/// PEM (RFC 7468 §2) of certificates, for files that people and other programs read.
public enum PEMText {
    private static let begin = "-----BEGIN CERTIFICATE-----"
    private static let end = "-----END CERTIFICATE-----"

    /// The text of one certificate.
    public static func pem(of der: [UInt8]) -> String {
        var text = begin + "\n"
        var rest = Base64.encode(der)[...]
        while !rest.isEmpty {
            text += rest.prefix(64) + "\n"
            rest = rest.dropFirst(64)
        }
        return text + end + "\n"
    }

    /// The DER of every certificate in a text, in order; empty when there is none. Anything between them is passed over, and
    /// a certificate that is not Base64 is left out. Whether the DER is a certificate is not looked at: `decide` does.
    public static func certificates(in text: String) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var body: String?
        for line in text.split(whereSeparator: \.isNewline) {
            if line == begin {
                body = ""
            } else if line == end {
                if let bytes = body.flatMap({ Base64.decode($0) }) { result.append(bytes) }
                body = nil
            } else {
                body?.append(contentsOf: line)
            }
        }
        return result
    }
}
