/// The hosts of RFC 3261 §25.1.
enum HostGrammar {
    /// A host name or an IPv4 address. An underscore is read as well: names of internal machines have it.
    static func isName(_ name: ArraySlice<UInt8>) -> Bool {
        guard !name.isEmpty, name.count <= 255 else { return false }
        var labelLength = 0
        var previous = Octet.dot
        for octet in name {
            if octet == Octet.dot {
                guard labelLength > 0, previous != Octet.hyphen else { return false }
                labelLength = 0
            } else {
                if labelLength == 0, octet == Octet.hyphen { return false }
                labelLength += 1
                guard labelLength <= 63 else { return false }
            }
            previous = octet
        }
        guard previous != Octet.hyphen else { return false }
        // RFC 3261 §25.1: the last label begins with a letter, unless the whole is an IPv4 address.
        return beginsLastLabelWithLetter(name) || isIPv4Address(name)
    }

    private static func beginsLastLabelWithLetter(_ name: ArraySlice<UInt8>) -> Bool {
        let trimmed = name.last == Octet.dot ? name.dropLast() : name
        let start = trimmed.lastIndex(of: Octet.dot).map { $0 + 1 } ?? trimmed.startIndex
        return start < trimmed.endIndex && (trimmed[start].isLetter || trimmed[start] == 0x5F)
    }

    /// Four numbers from 0 to 255 with dots between them.
    static func isIPv4Address(_ address: ArraySlice<UInt8>) -> Bool {
        let parts = address.split(separator: Octet.dot, maxSplits: 4, omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { $0.count <= 3 && ($0.decimal ?? 256) <= 255 }
    }

    /// An IPv6 address without brackets, by RFC 4291 §2.2.
    static func isIPv6Address(_ address: ArraySlice<UInt8>) -> Bool {
        guard address.count >= 2, address.count <= 45 else { return false }
        var groups = 0
        var isCompressed = false
        var offset = address.startIndex
        if address[offset] == Octet.colon {
            guard address[offset + 1] == Octet.colon else { return false }
        }
        while offset < address.endIndex {
            if address[offset] == Octet.colon {
                let isDouble = offset + 1 < address.endIndex && address[offset + 1] == Octet.colon
                if isDouble {
                    guard !isCompressed else { return false }
                    isCompressed = true
                    offset += 2
                    // RFC 5118 §4.10: a third colon, which the grammar of RFC 3261 §25.1 asks for in front of an IPv4
                    // address, is tolerated there and nowhere else.
                    if offset < address.endIndex, address[offset] == Octet.colon,
                        isIPv4Address(address.from(offset + 1))
                    {
                        offset += 1
                    }
                    continue
                }
                guard groups > 0, offset + 1 < address.endIndex, address[offset - 1] != Octet.colon else {
                    return false
                }
                offset += 1
                continue
            }
            let end = address[offset...].firstIndex(of: Octet.colon) ?? address.endIndex
            let group = address[offset..<end]
            if group.contains(Octet.dot) {
                guard end == address.endIndex, isIPv4Address(group) else { return false }
                groups += 2
            } else {
                guard group.count <= 4, group.allSatisfy(\.isHexDigit) else { return false }
                groups += 1
            }
            offset = end
        }
        return isCompressed ? groups <= 7 : groups == 8
    }
}
