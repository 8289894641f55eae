import NIOCore
public import Trust

/// Where this machine is reached, for people who did not say.
public enum MachineAddress {
    /// The port of SIP over TLS, RFC 3261 §19.1.2.
    public static let sipPort: UInt16 = 5_061
    /// The port of the trust channel.
    public static let trustPort: UInt16 = 5_443

    /// The first IPv4 address of this machine that others may reach, with `port`; the loopback address where it has none.
    public static func usual(port: UInt16) -> NetworkAddress? {
        let hosts = ((try? System.enumerateDevices()) ?? []).compactMap { device -> String? in
            guard case .v4 = device.address, let host = device.address?.ipAddress else { return nil }
            return host.hasPrefix("127.") || host.hasPrefix("169.254.") ? nil : host
        }
        return NetworkAddress("\(hosts.first ?? "127.0.0.1"):\(port)")
    }
}
