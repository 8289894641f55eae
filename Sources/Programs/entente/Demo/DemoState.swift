import Basis
import Foundation
import Node
import Transport

/// What the demo's folder remembers between two runs: ports and the passwords of its accounts.
struct DemoState: Codable {
    private(set) var version = 1
    var ports: [String: UInt16] = [:]
    var passwords: [String: String] = [:]

    private static func path(in folder: String) -> String { folder + "/demo.json" }

    /// The state in `folder`; nil when no demo was made there.
    static func load(from folder: String) throws -> DemoState? {
        guard let bytes = try DataFolder.read(path(in: folder)) else { return nil }
        do {
            return try JSONDecoder().decode(DemoState.self, from: Data(bytes))
        } catch {
            throw CommandFailure(
                .usage, "\(path(in: folder)) cannot be read", next: "remove \(folder) to begin anew")
        }
    }

    func store(in folder: String) throws {
        try DataFolder.makeFolder(folder, mode: 0o755)
        // Passwords: for their owner alone.
        try DataFolder.write(Array(try JSONEncoder().encode(self)), to: Self.path(in: folder), mode: 0o600)
    }

    /// The password of an account, made when it is asked for the first time. Hexadecimal: it stands in shell commands.
    mutating func password(of aor: String) -> String {
        if let known = passwords[aor] { return known }
        var chance = OperatingSystem.chance()
        let made = Hex.encode(chance.bytes(8))
        passwords[aor] = made
        return made
    }
}
