import Basis
import Trust

/// Values of options that are more than a text.
enum Arguments {
    /// An address with a port; `usual` where nothing was said.
    static func address(_ text: String?, _ option: String, usual: NetworkAddress?) throws -> NetworkAddress {
        guard let text else {
            if let usual { return usual }
            throw CommandFailure(.usage, "\(option) is missing", expected: "ADDRESS:PORT, like 192.0.2.10:5061")
        }
        guard let address = NetworkAddress(text) else {
            throw CommandFailure(
                .usage, "\(option) `\(text)` is not an address with a port",
                expected: "ADDRESS:PORT, like 192.0.2.10:5061 or [2001:db8::1]:5061")
        }
        return address
    }

    /// Words of an enumeration; an unknown one is answered with the nearest that exists.
    static func word<Choice: RawRepresentable & CaseIterable>(
        _ text: String, _ what: String, as type: Choice.Type
    ) throws -> Choice where Choice.RawValue == String {
        if let value = Choice(rawValue: text) { return value }
        let known = Choice.allCases.map(\.rawValue)
        let near = NearestName.nearest(to: text, among: known)
        throw CommandFailure(
            .usage, "\(what) `\(text)` is not known" + (near.map { "; did you mean `\($0)`?" } ?? ""),
            expected: known.joined(separator: ", "))
    }

    /// Roles, each given once or several with commas between.
    static func roles(_ texts: [String]) throws -> [ServerRole] {
        try texts.flatMap { $0.split(separator: ",").map(String.init) }
            .map { try word($0, "role", as: ServerRole.self) }
    }

    /// 32 bytes in hexadecimal, with or without colons.
    static func hash(_ text: String, _ option: String) throws -> [UInt8] {
        guard let bytes = Hex.decode(text.utf8.filter { $0 != UInt8(ascii: ":") }), bytes.count == 32 else {
            throw CommandFailure(.usage, "\(option) is not a hash", expected: "64 hexadecimal digits")
        }
        return bytes
    }

    /// A time as RFC 3339 writes it.
    static func time(_ text: String, _ option: String) throws -> WallTime {
        guard let time = WallTime(rfc3339: text) else {
            throw CommandFailure(
                .usage, "\(option) `\(text)` is not a time", expected: "RFC 3339, like 2026-01-31T12:00:00Z")
        }
        return time
    }
}
