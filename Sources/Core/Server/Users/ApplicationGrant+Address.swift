import SIP
import Trust

extension ApplicationGrant {
    /// Whether an application may act for `address` (`user@domain`, canonical): one of its users or numbers, in a domain of
    /// ours.
    func allows(_ address: [UInt8], in domains: [[UInt8]]) -> Bool {
        guard let at = address.lastIndex(of: UInt8(ascii: "@")), at > address.startIndex else { return false }
        let (user, domain) = (address[..<at], address[(at + 1)...])
        guard domains.contains(where: { $0[...] == domain }) else { return false }
        return users.contains { Self.matchesUser($0, address[...], domain) }
            || numbers.contains { Self.matchesNumber($0, user) }
    }

    /// `*@domain` stands for every user of the domain.
    private static func matchesUser(_ granted: String, _ address: ArraySlice<UInt8>, _ domain: ArraySlice<UInt8>)
        -> Bool
    {
        granted.hasPrefix("*@") ? domain.equalsIgnoringCase(String(granted.dropFirst(2))) : address.equals(granted)
    }

    /// A star at the end stands for all numbers that begin so; a star alone for every number, and for no name.
    private static func matchesNumber(_ granted: String, _ user: ArraySlice<UInt8>) -> Bool {
        guard user.allSatisfy({ "+-.()*#0123456789".utf8.contains($0) }) else { return false }
        return granted.hasSuffix("*") ? user.starts(with: granted.dropLast().utf8) : user.equals(granted)
    }
}
