import Basis
import Foundation
import Testing
import Trust

/// Certificates and lists made by OpenSSL in a folder of their own: a view of the rules that is not ours.
struct OpenSSLForge {
    static let tool = "/usr/bin/openssl"
    /// Nil where OpenSSL is missing; the tables are skipped then, and say so.
    static let isPresent = FileManager.default.isExecutableFile(atPath: tool)

    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "forge-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    /// The time at which OpenSSL signs, plus an hour: it dates certificates by the clock of the machine.
    static var now: WallTime { WallTime(seconds: Int64(Date().timeIntervalSince1970) + 3_600) }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: folder.appending(path: name))
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: folder.appending(path: name))
    }

    func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appending(path: name))) }

    /// Runs OpenSSL in the folder; the exit status and everything that was printed.
    @discardableResult
    func run(_ arguments: [String], mayFail: Bool = false) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.tool)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let text = String(decoding: output, as: UTF8.self)
        if !mayFail { try #require(process.terminationStatus == 0, "\(arguments): \(text)") }
        return (process.terminationStatus, text)
    }

    /// A key: `-algorithm` and its options.
    func key(_ name: String, _ options: [String] = ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]) throws {
        try run(["genpkey", "-algorithm"] + options + ["-out", name + ".key"])
    }

    /// A self-signed root with a key of its own, as `NAME.pem` and `NAME.der`.
    func root(_ name: String, extensions: [String] = [], key options: [String]? = nil) throws {
        if let options { try key(name, options) } else { try key(name) }
        try write(
            ([
                "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign",
                "subjectKeyIdentifier=hash",
            ]
                + extensions).joined(separator: "\n") + "\n", to: name + ".ext")
        try run(["req", "-new", "-key", name + ".key", "-subj", "/CN=" + name, "-out", name + ".csr"])
        try run(
            [
                "x509", "-req", "-in", name + ".csr", "-signkey", name + ".key", "-days", "30", "-extfile",
                name + ".ext",
                "-out", name + ".pem",
            ])
        try run(["x509", "-in", name + ".pem", "-outform", "DER", "-out", name + ".der"])
    }

    /// A certificate by `issuer`, as `NAME.der`.
    func issue(
        _ name: String, by issuer: String, subject: String = "/CN=test", extensions: [String], key: String,
        options: [String] = []
    ) throws -> [UInt8] {
        try write(extensions.joined(separator: "\n") + "\n", to: name + ".ext")
        try run(["req", "-new", "-key", key + ".key", "-subj", subject, "-out", name + ".csr"])
        try run(
            [
                "x509", "-req", "-in", name + ".csr", "-CA", issuer + ".pem", "-CAkey", issuer + ".key", "-days", "7",
                "-set_serial", "4711", "-extfile", name + ".ext", "-outform", "DER", "-out", name + ".der",
            ] + options)
        return try bytes(name + ".der")
    }
}
