/// An IP address with a TCP port, as the topology writes it: `192.0.2.1:5061` or `[2001:db8::1]:5061`.
///
/// Compared by value: two spellings of one IPv6 address are equal.
public struct NetworkAddress: Hashable, Sendable {
    /// The address in network order: 4 bytes for IPv4, 16 for IPv6.
    public let ip: [UInt8]
    /// The TCP port; 0 lets the system choose one.
    public let port: UInt16

    /// Reads `a.b.c.d:port` or `[ipv6]:port`; nil for anything else, also for a host name.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")),
            let port = DecimalText.number(bytes[(colon + 1)...], max: 65_535)
        else { return nil }
        let host = bytes[..<colon]
        if host.first == UInt8(ascii: "["), host.last == UInt8(ascii: "]"), host.count > 2 {
            guard let ip = IPText.parseV6(Array(host.dropFirst().dropLast())) else { return nil }
            self.ip = ip
        } else {
            guard let ip = IPText.parseV4(host) else { return nil }
            self.ip = ip
        }
        self.port = UInt16(port)
    }

    /// What limits by address count by: the address, of IPv6 the network of 64 bits, which is what one customer gets.
    public var network: [UInt8] { ip.count == 16 ? Array(ip.prefix(8)) : ip }

    /// The address without the port; IPv6 in the form of RFC 5952 and without brackets.
    public var host: String {
        ip.count == 4 ? ip.map(String.init).joined(separator: ".") : IPText.formatV6(ip)
    }
}

extension NetworkAddress: CustomStringConvertible {
    public var description: String { ip.count == 4 ? "\(host):\(port)" : "[\(host)]:\(port)" }
}

/// Decimal numbers as people write them in addresses and versions.
enum DecimalText {
    /// One to six digits without a leading zero, at most `max`; nil for anything else.
    static func number(_ digits: ArraySlice<UInt8>, max: Int) -> Int? {
        guard (1...6).contains(digits.count), digits.count == 1 || digits.first != UInt8(ascii: "0") else { return nil }
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return value <= max ? value : nil
    }
}

/// The text forms of IP addresses.
enum IPText {
    /// Dotted decimal, four numbers without leading zeros; nil for anything else.
    static func parseV4(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var result: [UInt8] = []
        for part in parts {
            guard let number = DecimalText.number(part, max: 255) else { return nil }
            result.append(UInt8(number))
        }
        return result
    }

    /// The forms of RFC 4291 §2.2, also with a dotted tail, without a zone; nil for anything else.
    static func parseV6(_ text: [UInt8]) -> [UInt8]? {
        guard text.count <= 45 else { return nil }
        var head: [UInt8] = []
        var tail: [UInt8]?
        var rest = text[...]
        if rest.starts(with: [UInt8(ascii: ":"), UInt8(ascii: ":")]) {
            tail = []
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: ":")) ?? rest.endIndex
            let group = rest[rest.startIndex..<end]
            guard
                let bytes = end == rest.endIndex && group.contains(UInt8(ascii: ".")) ? parseV4(group) : hexGroup(group)
            else { return nil }
            if tail == nil { head += bytes } else { tail? += bytes }
            guard head.count + (tail?.count ?? 0) <= 16 else { return nil }
            rest = rest[end...].dropFirst()
            guard end != text.endIndex else { break }
            if rest.first == UInt8(ascii: ":") {
                guard tail == nil else { return nil }
                tail = []
                rest = rest.dropFirst()
            } else if rest.isEmpty {
                return nil
            }
        }
        guard let tail else { return head.count == 16 ? head : nil }
        guard head.count + tail.count <= 14 else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    private static func hexGroup(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
        guard (1...4).contains(digits.count), let value = UInt16(String(decoding: digits, as: UTF8.self), radix: 16),
            digits.first != UInt8(ascii: "+"), digits.first != UInt8(ascii: "-")
        else { return nil }
        return [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)]
    }

    /// RFC 5952 §4: lower case, no leading zeros, the longest run of two or more zero groups as `::`.
    static func formatV6(_ bytes: [UInt8]) -> String {
        let groups = stride(from: 0, to: bytes.count - 1, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        var best = 0..<0
        var start: Int?
        for index in 0...groups.count {
            if index < groups.count, groups[index] == 0 {
                start = start ?? index
            } else if let first = start {
                if index - first > best.count, index - first > 1 { best = first..<index }
                start = nil
            }
        }
        func text(_ part: ArraySlice<UInt16>) -> String { part.map { String($0, radix: 16) }.joined(separator: ":") }
        guard !best.isEmpty else { return text(groups[...]) }
        return text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
    }
}

extension NetworkAddress {
    /// The same host with another port: what the system chose when it was asked to.
    public func with(port: UInt16) -> NetworkAddress { NetworkAddress(ip: ip, port: port) }

    private init(ip: [UInt8], port: UInt16) {
        self.ip = ip
        self.port = port
    }
}
