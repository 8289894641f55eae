import Node
import Trust

/// What the demo found out: one value, printed as a screen or as JSON.
struct DemoReport {
    /// One thing that was tried, and what was observed.
    struct Check {
        let name: String
        let ok: Bool
        let observed: String
    }

    /// One live link between two servers, as the server that dialled it shows it.
    struct Link {
        let from: String
        let to: String
        let fromIdentity: String
        let toIdentity: String
        let peerClass: String
        let tls: String
        let group: String
        let epoch: Int64
    }

    /// What one server saw of the message: the link that it came over, and the verdict on it.
    struct Hop {
        let server: String
        let peer: String
        let peerClass: String
        let code: String
    }

    /// The message that crossed.
    struct Message {
        let id: String
        let from: String
        let to: String
        let delivered: Bool
        let hops: [Hop]
    }

    /// One server: where it lives and listens.
    struct Server {
        let server: DemoServer
        let pid: Int32
        let addresses: [String: String]
    }

    let servers: [Server]
    let accounts: [DemoAccount]
    let links: [Link]
    let message: Message
    /// The refusal of the rogue, as the server that refused it logged it.
    let rogue: JSONValue
    let checks: [Check]

    /// Whom an account's softphones write to: somebody of the other organisation.
    func peer(of account: DemoAccount) -> DemoAccount {
        accounts.first { $0.organisation.domain != account.organisation.domain } ?? account
    }

    /// Writes the softphones' lines to files: a line of a thousand characters is not to be copied from a terminal.
    func storeSoftphones() throws {
        for account in accounts {
            for (phone, line) in [
                (DemoAccount.Softphone.baresip, account.baresip(peer: peer(of: account).aor)),
                (.linphone, account.linphone),
            ] {
                // The account's password stands in it.
                try DataFolder.write(Array((line + "\n").utf8), to: account.file(of: phone), mode: 0o700)
            }
        }
    }

    var isGood: Bool { checks.allSatisfy(\.ok) }

    /// The object of `--json`.
    var json: JSONValue {
        .object([
            "schema_version": .integer(1), "ok": .bool(isGood), "organisations": .array(organisations),
            "links": .array(
                links.map { link in
                    .object([
                        "from": .string(link.from), "to": .string(link.to),
                        "from_identity": .string(link.fromIdentity), "to_identity": .string(link.toIdentity),
                        "class": .string(link.peerClass), "tls": .string(link.tls), "group": .string(link.group),
                        "epoch": .integer(link.epoch),
                    ])
                }),
            "message": .object([
                "id": .string(message.id), "from": .string(message.from), "to": .string(message.to),
                "delivered": .bool(message.delivered),
                "hops": .array(
                    message.hops.map { hop in
                        .object([
                            "server": .string(hop.server), "peer": .string(hop.peer), "class": .string(hop.peerClass),
                            "code": .string(hop.code),
                        ])
                    }),
            ]),
            "rogue": .object(
                Dictionary(
                    uniqueKeysWithValues: ["code", "seen", "expected", "rule", "next"].map {
                        ($0, rogue[$0] ?? .string(""))
                    })),
            "checks": .array(
                checks.map { check in
                    .object([
                        "name": .string(check.name), "ok": .bool(check.ok), "observed": .string(check.observed),
                    ])
                }),
        ])
    }

    private var organisations: [JSONValue] {
        var domains: [String] = []
        for account in accounts where !domains.contains(account.organisation.domain) {
            domains.append(account.organisation.domain)
        }
        return domains.map { domain in
            let own = accounts.filter { $0.organisation.domain == domain }
            return .object([
                "domain": .string(domain), "root_file": .string(own.first?.rootPath ?? ""),
                "servers": .array(
                    servers.filter { own.first?.organisation.servers.map(\.name).contains($0.server.name) == true }.map
                    {
                        server in
                        .object([
                            "name": .string(server.server.name),
                            "roles": .array(server.server.roles.map { .string($0.rawValue) }),
                            "pid": .integer(Int64(server.pid)),
                            "addresses": .object(server.addresses.mapValues(JSONValue.string)),
                        ])
                    }),
                "accounts": .array(
                    own.map { account in
                        .object([
                            "aor": .string(account.aor), "password": .string(account.password),
                            "digest": .string("md5"), "server": .string(account.server),
                            "commands": .object([
                                "baresip": .string(account.baresip(peer: peer(of: account).aor)),
                                "linphone": .string(account.linphone),
                            ]),
                        ])
                    }),
            ])
        }
    }
}
