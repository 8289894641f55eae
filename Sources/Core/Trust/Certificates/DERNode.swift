import Basis
import SwiftASN1

// What both readers of DER, for certificates and for revocation lists, need beyond the types of SwiftASN1.

extension ASN1Node {
    /// The nodes inside a constructed node; nil for a primitive one.
    var children: [ASN1Node]? {
        if case .constructed(let nodes) = content { Array(nodes) } else { nil }
    }

    /// The content bytes of a primitive node; nil for a constructed one.
    var primitive: ArraySlice<UInt8>? {
        if case .primitive(let bytes) = content { bytes } else { nil }
    }

    /// Whether this node carries the context-specific tag `number`.
    func isTagged(_ number: UInt) -> Bool {
        identifier == ASN1Identifier(tagWithNumber: number, tagClass: .contextSpecific)
    }

    /// The value of a non-negative INTEGER, minimal and big-endian; nil for a negative one and for anything else.
    var unsignedInteger: [UInt8]? {
        guard identifier == .integer, let bytes = primitive, let first = bytes.first, first & 0x80 == 0 else {
            return nil
        }
        let value = bytes.drop { $0 == 0 }
        return value.isEmpty ? [0] : Array(value)
    }

    /// The time of a UTCTime or GeneralizedTime; nil for anything else.
    ///
    /// RFC 5280 §4.1.2.5: UTCTime until 2049, GeneralizedTime from 2050 on, both in UTC and without fractions.
    var time: WallTime? {
        if identifier == .utcTime, let time = try? UTCTime(derEncoded: self) {
            return WallTime(
                year: time.year, month: time.month, day: time.day, hours: time.hours, minutes: time.minutes,
                seconds: time.seconds)
        }
        if identifier == .generalizedTime, let time = try? GeneralizedTime(derEncoded: self), time.year >= 2050,
            time.rawFractionalSeconds.isEmpty
        {
            return WallTime(
                year: time.year, month: time.month, day: time.day, hours: time.hours, minutes: time.minutes,
                seconds: time.seconds)
        }
        return nil
    }
}

extension WallTime {
    /// The time with these civil fields in UTC.
    fileprivate init(year: Int, month: Int, day: Int, hours: Int, minutes: Int, seconds: Int) {
        let days = WallTime.daysSince1970(year: Int64(year), month: Int64(month), day: Int64(day))
        self.init(seconds: ((days * 24 + Int64(hours)) * 60 + Int64(minutes)) * 60 + Int64(seconds))
    }

    /// The same time as RFC 5280 §4.1.2.5 wants it written.
    func encode(into serializer: inout DER.Serializer) throws {
        let fields = civilFields
        if (1950..<2050).contains(fields.year) {
            try serializer.serialize(
                UTCTime(
                    year: fields.year, month: fields.month, day: fields.day, hours: fields.hours,
                    minutes: fields.minutes, seconds: fields.seconds))
        } else {
            try serializer.serialize(
                GeneralizedTime(
                    year: fields.year, month: fields.month, day: fields.day, hours: fields.hours,
                    minutes: fields.minutes, seconds: fields.seconds, rawFractionalSeconds: []))
        }
    }

    private var civilFields: (year: Int, month: Int, day: Int, hours: Int, minutes: Int, seconds: Int) {
        let digits = description.split { !$0.isNumber }.map { Int($0) ?? 0 }
        guard digits.count >= 6 else { return (1970, 1, 1, 0, 0, 0) }
        return (digits[0], digits[1], digits[2], digits[3], digits[4], digits[5])
    }
}
