/// The hosts of RFC 3261 §25.1.
enum HostGrammar {
    /// A host name or an IPv4 address. An underscore is read as well: names of internal machines have it.
    static func isName(_ name: Span<UInt8>) -> Bool {
        guard !name.isEmpty, name.count <= 255 else { return false }
        var labelStart = 0
        var lastLabelStart = 0
        for offset in name.indices {
            let octet = name[offset]
            let isFirst = offset == labelStart
            if octet == Octet.dot {
                guard !isFirst, name[offset - 1] != Octet.hyphen else { return false }
                labelStart = offset + 1
            } else {
                if isFirst {
                    guard octet != Octet.hyphen else { return false }
                    lastLabelStart = offset
                }
                guard offset - labelStart < 63 else { return false }
            }
        }
        guard name[name.count - 1] != Octet.hyphen else { return false }
        // RFC 3261 §25.1: the last label begins with a letter, unless the whole is an IPv4 address.
        return name[lastLabelStart].isLetter || name[lastLabelStart] == 0x5F || isIPv4Address(name)
    }

    /// Four numbers from 0 to 255 with dots between them.
    static func isIPv4Address(_ address: Span<UInt8>) -> Bool {
        var numbers = 0
        var start = 0
        while start <= address.count {
            let end = address.firstOffset(of: Octet.dot, from: start) ?? address.count
            let number = address.at(Extent(start, end))
            guard number.count <= 3, (number.decimal ?? 256) <= 255 else { return false }
            numbers += 1
            guard numbers <= 4 else { return false }
            start = end + 1
        }
        return numbers == 4
    }

    /// An IPv6 address without brackets, by RFC 4291 §2.2.
    static func isIPv6Address(_ address: Span<UInt8>) -> Bool {
        let length = address.count
        guard length >= 2, length <= 45 else { return false }
        var groups = 0
        var isCompressed = false
        var offset = 0
        if address[0] == Octet.colon {
            guard address[1] == Octet.colon else { return false }
        }
        while offset < length {
            if address[offset] == Octet.colon {
                let isDouble = offset + 1 < length && address[offset + 1] == Octet.colon
                if isDouble {
                    guard !isCompressed else { return false }
                    isCompressed = true
                    offset += 2
                    // RFC 5118 §4.10: a third colon, which the grammar of RFC 3261 §25.1 asks for in front of an IPv4
                    // address, is tolerated there and nowhere else.
                    if offset < length, address[offset] == Octet.colon,
                        isIPv4Address(address.at(Extent(offset + 1, length)))
                    {
                        offset += 1
                    }
                    continue
                }
                guard groups > 0, offset + 1 < length, address[offset - 1] != Octet.colon else { return false }
                offset += 1
                continue
            }
            let end = address.firstOffset(of: Octet.colon, from: offset) ?? length
            let group = address.at(Extent(offset, end))
            if group.firstOffset(of: Octet.dot) != nil {
                guard end == length, isIPv4Address(group) else { return false }
                groups += 2
            } else {
                guard group.count <= 4, group.areAll(\.isHexDigit) else { return false }
                groups += 1
            }
            offset = end
        }
        return isCompressed ? groups <= 7 : groups == 8
    }
}
