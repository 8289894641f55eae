internal import Basis
internal import SwiftASN1

/// The parts of a TBSCertificate that the library does not hand out as they stand.
struct SignedPart {
    let algorithm: [UInt8]
    let validity: ASN1Node

    init?(_ toBeSigned: [UInt8]) {
        guard let root = try? DER.parse(toBeSigned), case .constructed(let nodes) = root.content else { return nil }
        // version, serialNumber, signature, issuer, validity
        let fields = Array(nodes.prefix(5))
        guard fields.count == 5 else { return nil }
        self.algorithm = Array(fields[2].encodedBytes)
        self.validity = fields[4]
    }
}

/// The validity of a certificate, in our kind of time.
struct Validity {
    let notBefore: WallTime
    let notAfter: WallTime

    init?(toBeSigned: [UInt8]) {
        guard let node = SignedPart(toBeSigned)?.validity, case .constructed(let times) = node.content else {
            return nil
        }
        let values = times.compactMap(Self.time)
        guard values.count == 2 else { return nil }
        self.notBefore = values[0]
        self.notAfter = values[1]
    }

    private static func time(_ node: ASN1Node) -> WallTime? {
        if let time = try? UTCTime(derEncoded: node) {
            return wall(time.year, time.month, time.day, time.hours, time.minutes, time.seconds)
        }
        guard let time = try? GeneralizedTime(derEncoded: node) else { return nil }
        return wall(time.year, time.month, time.day, time.hours, time.minutes, time.seconds)
    }

    private static func wall(_ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int, _ second: Int)
        -> WallTime
    {
        let days = WallTime.daysSince1970(year: Int64(year), month: Int64(month), day: Int64(day))
        return WallTime(seconds: ((days * 24 + Int64(hour)) * 60 + Int64(minute)) * 60 + Int64(second))
    }
}
