import Foundation
import Testing

@Suite("The tidy rules see what they look for, and nothing else")
struct RuleTests {
    private func file(_ text: String, at path: String = "Sources/Core/SIP/Sample.swift") -> SourceFile {
        SourceFile(path: path, text: text)
    }

    @Test("comments and strings are no code")
    func splitting() {
        let sample = file(
            "let a = \"try! x\" // try! y\n/* try! /* z */ try! */ let b = #\"\"quoted\" try!\"#\nlet c = 1")
        #expect(!sample.code.contains { $0.contains("try!") })
        #expect(sample.code[1].contains("let b"))
        #expect(sample.code[2] == "let c = 1")
        #expect(sample.comments[0].contains("try! y"))
    }

    @Test("a multi-line string ends where it ends")
    func multiLineString() {
        let sample = file("let a = \"\"\"\n    fatalError \"quoted\"\n    \"\"\"\nfatalError()")
        let names = BannedName.all.flatMap { $0.offences(in: sample) }
        #expect(names.map(\.line) == [4])
    }

    @Test("a banned name is found as a whole word only")
    func bannedNames() {
        #expect(BannedName.all.flatMap { $0.offences(in: file("let a = Date()")) }.count == 1)
        #expect(BannedName.all.flatMap { $0.offences(in: file("let a = CertificateDate()")) }.isEmpty)
        #expect(BannedName.all.flatMap { $0.offences(in: file("internal import NIOCore")) }.count == 1)
        #expect(
            BannedName.all.flatMap {
                $0.offences(in: file("import NIOCore", at: "Sources/Machinery/Transport/A.swift"))
            }.isEmpty)
    }

    @Test("an arrow that the table lacks is refused")
    func arrows() {
        let proxy = file("public struct TargetSet {}", at: "Sources/Core/Server/Proxy/TargetSet.swift")
        let registrar = file(
            "struct Registrar { var targets: TargetSet }", at: "Sources/Core/Server/Registrar/Registrar.swift")
        let wiring = file("struct Server { var targets: TargetSet }", at: "Sources/Core/Server/Server.swift")
        let offences = Arrows.offences(in: "Sources/Core/Server", files: [proxy, registrar, wiring])
        #expect(offences.map(\.path) == [registrar.path])
    }

    @Test(
        "citations have one form",
        arguments: [
            ("RFC 3261 §17.2.1", true), ("RFC 3261 §17.2.1, RFC 6026 §7.1", true), ("RFC 5922 §C.4", true),
            ("RFC 3261", true),
            ("the RFC's own words", true), ("RFC3261 §4", false), ("RFC-3261", false), ("RFC 3261 § 4", false),
            ("RFC 3261, §4", false), ("RFC 3261 section 4", false), ("see Sec. 4.2", false),
            ("a section of the list", true),
        ])
    func citations(line: String, isGood: Bool) {
        #expect((Citations.fault(in: line) == nil) == isGood)
    }

    @Test(
        "a path may begin with a folder that every system has, and with no other",
        arguments: [
            ("cat /etc/hosts", nil), ("sed 2>/dev/null", nil), ("--dir /tmp/demo > /tmp/demo.json", nil),
            ("GET /trust/v1/objects", nil), ("and/or/both", nil), ("../sources/of/it", nil), ("./org/root.pem", nil),
            ("/// RFC 3261, /media/key", nil), ("https://www.example.org/a/b", nil),
            ("cp /elsewhere/x .", "/elsewhere/"), ("cd=/elsewhere/x", "/elsewhere/"),
            ("file:///elsewhere/x", "/elsewhere/"),
            ("--dir /tmp/mine", "/tmp/"), ("\(NSHomeDirectory())/x", "\(NSHomeDirectory())/"),
            ("see \(SourceTree.root)/check", "\(SourceTree.root)/"),
        ] as [(String, String?)])
    func absolutePaths(line: String, place: String?) {
        #expect(AbsolutePaths.fault(in: line) == place)
    }

    @Test("a public declaration without documentation is seen, witnesses and extensions are not")
    func documentation() {
        let sample = file(
            """
            /// Said.
            @inlinable
            public func said() {}
            public struct Unsaid {}
            public extension Unsaid {}
            extension Unsaid { }
            public static func == (a: A, b: A) -> Bool { true }
            @usableFromInline public let silent = 1
            """)
        #expect(Documentation.offences(in: sample).map(\.line) == [4, 8])
    }
}
