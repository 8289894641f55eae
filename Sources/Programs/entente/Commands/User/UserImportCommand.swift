import ArgumentParser
import Basis
import Storage
import Trust

/// Many accounts at once.
struct UserImportCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Add the accounts of a CSV file.",
        discussion: """
            Example: entente user import staff.csv

            The first line names the columns: `name`, and `password`, or one or both of `sha256` and `md5` with the hash of \
            user:domain:password in hexadecimal (RFC 7616). Nothing is imported when a line is wrong. To run it again is safe: \
            accounts that exist stay as they are, or get the new password with --replace.
            """)
    @OptionGroup var options: GlobalOptions
    @Argument(help: "The file.", completion: .file(extensions: ["csv"])) var file: String
    @Option(help: "sha256, or md5 for phones that know nothing else; for rows with a password.") var digest = "sha256"
    @Flag(help: "Give accounts that exist the record of the file.") var replace = false

    /// Accounts in one request: as many as one transaction of the store.
    private static let batch = StorageLimits.importRowsPerCommit

    func perform() async throws {
        let algorithm = try UserChange.digest(digest)
        let rows = try UserCSV.parse(try NamedFile.read(file))
        let domain = try await admin.get("/status").shown("network")
        let users = rows.map { Self.record($0, domain, algorithm) }
        let progress = Progress("importing", total: users.count, quiet: options.quiet || options.json)
        var counts: [String: Int64] = ["added": 0, "replaced": 0, "kept": 0]
        for start in stride(from: 0, to: users.count, by: Self.batch) {
            let part = users[start..<min(start + Self.batch, users.count)]
            let answer = try await admin.post(
                "/users",
                .object([
                    "action": .string("import"), "users": .array(Array(part)), "replace": .bool(replace),
                ]))
            for name in counts.keys { counts[name, default: 0] += answer[name]?.integerValue ?? 0 }
            progress.show(start + part.count)
        }
        progress.end()
        var value = counts.mapValues(JSONValue.integer)
        value["schema_version"] = .integer(1)
        value["changed"] = .bool(counts["added", default: 0] + counts["replaced", default: 0] > 0)
        print(
            .object(value),
            "\(counts["added", default: 0]) added, \(counts["replaced", default: 0]) replaced, "
                + "\(counts["kept", default: 0]) kept")
    }

    private static func record(_ row: UserCSVRow, _ domain: String, _ digest: DigestAlgorithm) -> JSONValue {
        let aor = UserRecord.normalised(row.name.contains("@") ? row.name : "\(row.name)@\(domain)")
        if let password = row.password { return UserChange.record(of: aor, password: password, digest: digest) }
        return UserVerifiers(sha256: row.sha256, md5: row.md5).json(
            aor: aor, challengedWith: row.sha256 == nil ? .md5 : digest == .md5 && row.md5 != nil ? .md5 : .sha256)
    }
}
