import Authority
import Basis
import Foundation
import Node
import Storage
import Transport
import Trust

/// Goes through a data folder and the server that runs on it, in the order in which one thing rests on another.
struct FolderCheck {
    let folder: DataFolder
    /// Certificates and topology with less than this share of their life left fail.
    let failPercent: UInt64
    /// Less than this share left is worth a warning: renewal comes at half of the life.
    static let warnPercent: UInt64 = 40

    private let now = OperatingSystem.wallTime
    private var findings: [CheckFinding] = []

    init(folder: DataFolder, failPercent: UInt64) {
        self.folder = folder
        self.failPercent = failPercent
    }

    func run() async -> [CheckFinding] {
        var check = self
        await check.go()
        return check.findings
    }

    private mutating func go() async {
        guard FileManager.default.fileExists(atPath: folder.path) else {
            return fail("folder", "\(folder.path) is not there", next: "entente init, or --dir FOLDER")
        }
        pass("folder", folder.path)
        let configuration = readConfiguration()
        checkKeys()
        checkCertificate()
        let state = readState()
        if let state {
            checkTopology(state, configuration)
            checkLists(state)
        }
        if state != nil, let configuration { checkStanding(of: configuration.server) }
        if configuration?.roles.contains(.authority) == true { checkAuthority(state) }
        await checkServer(configuration)
    }

    mutating func pass(_ name: String, _ observed: String) {
        findings.append(CheckFinding(state: .ok, name: name, observed: observed))
    }

    mutating func warn(_ name: String, _ observed: String, next: String) {
        findings.append(CheckFinding(state: .warn, name: name, observed: observed, next: next))
    }

    mutating func fail(_ name: String, _ observed: String, next: String) {
        findings.append(CheckFinding(state: .fail, name: name, observed: observed, next: next))
    }

    /// Judges what is left of a life.
    private mutating func checkLife(_ name: String, from begin: WallTime, until end: WallTime, next: String) {
        let text = TimeText.remaining(until: end.description)
        guard end > now else { return fail(name, text, next: next) }
        let share = (end - now).wholeSeconds * 100 / max((end - begin).wholeSeconds, 1)
        let shown = "\(share) % of its life, \(text)"
        if share < failPercent {
            fail(name, shown, next: next)
        } else if share < Self.warnPercent {
            warn(name, shown, next: next)
        } else {
            pass(name, shown)
        }
    }

    // MARK: Files

    private mutating func readConfiguration() -> NodeConfiguration? {
        do {
            guard let bytes = try DataFolder.read(folder.configuration) else {
                fail(
                    "configuration", "there is no config.yaml", next: "entente init, or entente node request and accept"
                )
                return nil
            }
            let configuration = try NodeConfiguration.parse(String(decoding: bytes, as: UTF8.self))
            let roles = configuration.roles.sorted().map(\.rawValue).joined(separator: ", ")
            pass("configuration", "\(configuration.server) (\(roles))")
            return configuration
        } catch let error as SourceError {
            let lines = error.problems.map { "\(folder.configuration):\($0)" }
            fail("configuration", lines.joined(separator: "; "), next: "correct the line")
        } catch {
            fail("configuration", "\(error)", next: "look at the owner and mode of the file")
        }
        return nil
    }

    private mutating func checkKeys() {
        let names = DataFolder.names(in: folder.keys)
        guard names.contains("server.pem") else {
            return fail(
                "keys", "\(folder.keys)/server.pem is not there", next: "entente node request, or restore a backup")
        }
        let open = ([folder.keys] + names.map { "\(folder.keys)/\($0)" } + offlineKeys).filter { path in
            let mode = try? FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            return (mode ?? 0) & 0o077 != 0
        }
        if open.isEmpty {
            pass("keys", "\(names.count) files, for their owner alone")
        } else {
            fail("keys", "others can read \(open.joined(separator: ", "))", next: "chmod -R go= \(folder.keys)")
        }
    }

    private var offlineKeys: [String] {
        DataFolder.names(in: folder.offline).map { "\(folder.offline)/\($0)" }
    }

    private mutating func checkCertificate() {
        do {
            guard let leaf = try TrustReplica.chain(in: folder).first else {
                return fail("certificate", "this server has none yet", next: "entente node request, then node accept")
            }
            let facts = try CertificateFacts(der: leaf)
            checkLife(
                "certificate", from: facts.notBefore, until: facts.notAfter,
                next: "look whether the authority is reached: entente status")
        } catch {
            fail("certificate", "\(error)", next: "entente node request, then node accept")
        }
    }

    /// How the others judge this server, by the same decision and the state at hand: its own certificate may be refused
    /// while everything here is in order.
    private mutating func checkStanding(of server: String) {
        guard let chain = try? TrustReplica.chain(in: folder), !chain.isEmpty else { return }
        var trial = CertificateTrial(chain: chain)
        trial.peerClass = .server
        trial.name = server
        trial.time = now
        guard let verdict = try? trial.verdict(in: folder) else { return }
        guard let refusal = verdict.refusal else { return pass("own certificate", "other servers admit \(server)") }
        warn(
            "own certificate",
            "other servers refuse \(server): \(refusal.code.rawValue) \(refusal.code.meaning): \(refusal.seen)",
            next: refusal.code == .e501 ? JoiningAgain.next(server) : refusal.next)
    }

    // MARK: Trust

    private mutating func readState() -> TrustState? {
        do {
            let state = try TrustReplica.load(folder, now: now)
            pass(
                "trust state", "verified from root \(Hex.encode(state.roots.first?.hash ?? [])) to epoch \(state.epoch)"
            )
            let age = state.timestampAge(now).map(TimeText.text) ?? "no"
            if state.isTimestampStale(now) {
                warn("timestamp", "\(age) old: the authority is not heard of", next: "entente serve; entente status")
            } else {
                pass("timestamp", "\(age) old")
            }
            return state
        } catch {
            fail("trust state", "\(error)", next: "entente node accept, or restore trust/ from a backup")
            return nil
        }
    }

    private mutating func checkTopology(_ state: TrustState, _ configuration: NodeConfiguration?) {
        guard let header = state.verifiedTopology?.content.header, let topology = state.topology else {
            return fail("topology", "none came yet", next: "entente node accept")
        }
        checkLife(
            "topology", from: header.issued, until: header.expires,
            next: "entente topology show > t.yaml; entente topology publish t.yaml, with the publisher key")
        if let configuration {
            let roles = topology.roles(of: configuration.server)
            if roles == configuration.roles {
                pass("roles", "config.yaml says what the topology says")
            } else {
                let published = roles.sorted().map(\.rawValue).joined(separator: ", ")
                fail("roles", "the topology gives [\(published)]", next: "write them into config.yaml")
            }
        }
        for problem in topology.check() {
            warn("topology", "\(problem.path): \(problem.message)", next: problem.next)
        }
    }

    private mutating func checkLists(_ state: TrustState) {
        for list in state.status(now).lists {
            let name = "revocation list"
            if !list.isOverdue {
                pass(name, "number \(list.number), \(list.revoked) revoked, next \(list.nextUpdate)")
            } else if now <= list.nextUpdate + TrustPolicy.standard.revocationGrace {
                warn(name, "overdue since \(list.nextUpdate), in grace", next: "entente serve, at the authority")
            } else {
                fail(
                    name, "overdue since \(list.nextUpdate): nobody new is admitted",
                    next: "entente serve, at the authority")
            }
        }
    }

    private mutating func checkAuthority(_ state: TrustState?) {
        for der in state?.root.issuingCertificates ?? [] {
            guard let facts = try? CertificateFacts(der: der) else { continue }
            checkLife(
                "issuing CA", from: facts.notBefore, until: facts.notAfter,
                next: "sign a new issuing CA with the root key; this version has no command for it")
        }
        let keys = offlineKeys.filter { $0.hasSuffix(".pem") }
        if keys.isEmpty {
            pass("publisher keys", "not on this host")
        } else {
            warn(
                "publisher keys", "root and publisher keys lie on the authority's host: \(folder.offline)",
                next: "move the folder to another medium, and name the key with --publisher-key when it is needed")
        }
    }

    // MARK: The server

    private mutating func checkServer(_ configuration: NodeConfiguration?) async {
        let client = AdminClient(folder: folder)
        guard let status = try? await client.get("/status") else {
            return warn("server", "not running", next: "entente serve --dir \(folder.path)")
        }
        pass("server", "running, process \(status.shown("pid"))")
        let epoch = status["epoch"]?.integerValue ?? 0
        let swept = status["swept"]?.integerValue ?? 0
        if swept >= epoch {
            pass("sweep", "every link was judged by epoch \(epoch)")
        } else {
            warn("sweep", "epoch \(swept) of \(epoch)", next: "entente check, in a second; then the log")
        }
        let md5 = status["md5_users"]?.integerValue ?? 0
        if md5 == 0 {
            pass("accounts", "\(status.shown("users")), none with MD5")
        } else {
            warn(
                "accounts", "\(md5) of \(status.shown("users")) are challenged with MD5",
                next: "entente user passwd NAME, without --digest md5, where the phone knows SHA-256")
        }
        if configuration?.roles.contains(.authority) == true { await checkOthers(client, epoch: epoch) }
    }

    private mutating func checkOthers(_ client: AdminClient, epoch: Int64) async {
        guard let servers = try? await client.get("/servers")["servers"]?.arrayValue else { return }
        for server in servers where server["here"]?.boolValue != true {
            let name = server.shown("name")
            guard server["joined"]?.boolValue == true else { continue }
            if server["revoked"]?.boolValue == true {
                warn(
                    "server \(name)", "its certificate is revoked: the others refuse it",
                    next: JoiningAgain.next(name))
                continue
            }
            let known = server["epoch"]?.integerValue
            if let known, known >= epoch {
                pass("server \(name)", "acknowledged epoch \(known)")
            } else {
                warn(
                    "server \(name)",
                    known.map { "acknowledged epoch \($0) of \(epoch)" } ?? "not heard of since the start",
                    next: "entente check, on \(name)")
            }
        }
    }
}
