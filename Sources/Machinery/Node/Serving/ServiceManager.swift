import Transport

/// The service manager that started this process and wants to hear when it serves: systemd with `Type=notify`, sd_notify(3).
public struct ServiceManager: Sendable {
    /// The environment variable with the path of the manager's datagram socket.
    public static let variable = "NOTIFY_SOCKET"

    private let path: String

    /// Nil when the environment names no socket: nobody is to be told.
    public init?(environment: [String: String]) {
        guard let path = environment[Self.variable], !path.isEmpty else { return nil }
        self.path = path
    }

    /// Every listener is open.
    func ready() { tell("READY=1") }

    /// The server drains.
    func stopping() { tell("STOPPING=1") }

    /// A manager that cannot be reached is no reason not to serve.
    private func tell(_ state: String) {
        OperatingSystem.send(Array(state.utf8), toSocketAt: path)
    }
}
