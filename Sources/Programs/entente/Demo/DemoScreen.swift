import Foundation
import Trust

/// The screen that a newcomer reads.
extension DemoReport {
    /// The whole text. `colour` paints the marks; the words say the same without it.
    func screen(colour: Bool) -> String {
        func paint(_ text: String, _ code: String) -> String { colour ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
        func heading(_ text: String) -> String { "\n" + paint(text, "1") }
        var text = heading("Two organisations, each with a CA of its own; every server is a process of its own.") + "\n"
        text += Terminal.table(
            ["SERVER", "ROLES", "PROCESS", "INTERNAL", "EXTERNAL"],
            servers.map { entry in
                [
                    entry.server.name, entry.server.roles.map(\.rawValue).joined(separator: ", "), String(entry.pid),
                    entry.addresses["internal"] ?? "", entry.addresses["external"] ?? "-",
                ]
            })
        text += "\n" + heading("Mutual TLS links between them: both ends proved a name and a pinned key.") + "\n"
        text += Terminal.table(
            ["FROM", "TO", "CLASS", "PROVEN", "TLS", "KEY EXCHANGE"],
            links.map { [$0.from, $0.to, $0.peerClass, $0.toIdentity, $0.tls, $0.group] })
        text += "\n" + heading("A message crossed from \(message.from) to \(message.to).") + "\n"
        text += Terminal.table(
            ["SERVER", "CAME FROM", "CLASS", "VERDICT"],
            message.hops.map { [$0.server, $0.peer, $0.peerClass, $0.code] })
        func part(_ name: String) -> String { rogue[name]?.stringValue ?? "" }
        text +=
            "\n" + heading("A rogue server with a valid certificate of Contoso's own CA was refused: \(part("code")).")
            + "\n"
        for name in ["seen", "expected", "rule", "next"] {
            text += "  " + name.padding(toLength: 10, withPad: " ", startingAt: 0) + part(name) + "\n"
        }
        text += heading("Checks") + "\n"
        for check in checks {
            text += (check.ok ? paint("OK  ", "32") : paint("FAIL", "31")) + " \(check.name): \(check.observed)\n"
        }
        text += heading("Sign in with any softphone: TLS, and the organisation's root as the trusted CA.") + "\n"
        text += Terminal.table(
            ["ACCOUNT", "PASSWORD", "SERVER", "ADDRESS", "ROOT"],
            accounts.map { [$0.aor, $0.password, $0.server, "\($0.serverAddress)", $0.rootPath] })
        text +=
            "\n" + heading("Or with baresip or linphonec, each in a terminal of its own; beside it what to type there:")
            + "\n"
        text += Terminal.table(
            [],
            accounts.flatMap { account in
                let peer = peer(of: account).aor
                return [
                    ["sh \(account.shown(.baresip))", "/message TEXT  /dial sip:\(peer)  /hangup  /quit"],
                    ["sh \(account.shown(.linphone))", "chat sip:\(peer) TEXT  call sip:\(peer)  terminate  quit"],
                ]
            })
        text += """

            baresip's /message goes to the account in that line or, during a call, to the other end of it. linphonec's lines
            `cannot parse` about a certificate and a key are harmless: it has none of its own, and needs none.
            """
        return text + "\n"
    }
}
