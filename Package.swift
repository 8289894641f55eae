// swift-tools-version: 6.2
import PackageDescription

/// Every target is built alike: Swift 6 language mode, complete data-race checking, memory safety spelt out, warnings are errors.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")

let package = Package(
    name: "entente",
    products: [
        .executable(name: "entente", targets: ["entente"]),
        .library(name: "Basis", targets: ["Basis"]),
        .library(name: "SIP", targets: ["SIP"]),
        .library(name: "Transactions", targets: ["Transactions"]),
        .library(name: "UserAgent", targets: ["UserAgent"]),
        .library(name: "Trust", targets: ["Trust"]),
        // For `Benchmarks/` alone, which measures a whole server and is a package of its own, so that no other build sees it.
        .library(name: "BenchmarkedParts", targets: ["Authority", "Server"]),
        // For `Fuzz/` alone, for the same reason.
        .library(name: "FuzzedParts", targets: ["Fuzzing"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1.git", exact: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates.git", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift.git", exact: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams.git", exact: "6.2.2"),
    ],
    targets: [
        // The small values that every room shares: the two kinds of time, chance, connection numbers, the epoch.
        .target(name: "Basis", dependencies: [crypto], path: "Sources/Core/Basis", swiftSettings: strict),
        // Bytes to typed SIP and back: framing, start lines, headers, URIs, digest, limits.
        .target(
            name: "SIP", dependencies: ["Basis", crypto], path: "Sources/Core/SIP",
            // Lifetimes: a cursor may hold a span, so that parsing copies nothing and counts no references.
            swiftSettings: strict + [.enableExperimentalFeature("Lifetimes")]),
        // The four machines of RFC 3261 §17 as RFC 6026 amends them, and the table of live ones.
        .target(
            name: "Transactions", dependencies: ["Basis", "SIP"], path: "Sources/Core/Transactions",
            swiftSettings: strict),
        // UAC and UAS parts: registration, messages, dialogs.
        .target(
            name: "UserAgent", dependencies: ["Basis", "SIP", "Transactions"], path: "Sources/Core/UserAgent",
            swiftSettings: strict),
        // The signed state and the one decision over a link; alone mints `VerifiedPeer`.
        .target(
            name: "Trust", dependencies: ["Basis", asn1, crypto, x509], path: "Sources/Core/Trust",
            swiftSettings: strict),
        // The CA and the publisher: profiles, ledger, CRLs, topology source, signing.
        .target(
            name: "Authority",
            dependencies: ["Basis", "Trust", asn1, crypto, x509, .product(name: "Yams", package: "Yams")],
            path: "Sources/Core/Authority", swiftSettings: strict),
        // One server of given roles as one machine: links, registrar, proxy, federation rules.
        .target(
            name: "Server", dependencies: ["Basis", "SIP", "Transactions", "Trust", crypto],
            path: "Sources/Core/Server",
            swiftSettings: strict),
        // The only performer of a server's outputs, in production and in simulation.
        .target(
            name: "Shards", dependencies: ["Basis", "SIP", "Server", "Trust"], path: "Sources/Machinery/Shards",
            swiftSettings: strict),
        // NIO and NIOSSL: listeners, connectors, links.
        .target(
            name: "Transport",
            dependencies: [
                "Basis", "SIP", "Trust", "Server", "Shards",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ], path: "Sources/Machinery/Transport", swiftSettings: strict),
        // SQLite behind the protocols that the core declares.
        .target(
            name: "Storage",
            dependencies: [
                "Basis", "Trust", "Authority", "Server", "Shards",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ], path: "Sources/Machinery/Storage", swiftSettings: strict),
        // HTTP over NIO: trust channel, metrics and health, administration socket.
        .target(
            name: "Web",
            dependencies: [
                "Basis", "Trust", "Transport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ], path: "Sources/Machinery/Web", swiftSettings: strict),
        // Runs a server: configuration, lifecycle, trust replication, logs, metrics, administration.
        .target(
            name: "Node",
            dependencies: [
                "Basis", "SIP", "UserAgent", "Trust", "Authority", "Server", "Shards", "Transport", "Storage", "Web",
                crypto,
                x509, asn1, .product(name: "Yams", package: "Yams"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ], path: "Sources/Machinery/Node", swiftSettings: strict),
        // The server and its commands.
        .executableTarget(
            name: "entente",
            dependencies: [
                "Basis", "SIP", "UserAgent", "Trust", "Authority", "Server", "Transport", "Storage", "Web", "Node",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "Sources/Programs/entente", swiftSettings: strict),
        // The language of stories, and who judges them; the stages are elsewhere.
        .target(
            name: "Scenarios", dependencies: ["UserAgent"], path: "Sources/Testing/Scenarios", swiftSettings: strict),
        // The whole network in one deterministic run: world, faults, checkers, the simulated stage.
        .target(
            name: "Simulation",
            dependencies: [
                "Basis", "SIP", "UserAgent", "Trust", "Authority", "Server", "Shards", "Scenarios",
            ], path: "Sources/Testing/Simulation", swiftSettings: strict),
        // Octets into the parts of the core that a stranger reaches, and what must hold whatever they are.
        .target(
            name: "Fuzzing",
            dependencies: ["Basis", "SIP", "Transactions", "Trust", "Authority", "Server", "Simulation"],
            path: "Sources/Testing/Fuzzing", swiftSettings: strict),
        // Runs seeds.
        .executableTarget(
            name: "simulate",
            dependencies: ["Simulation", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Sources/Programs/simulate", swiftSettings: strict),
        .testTarget(
            name: "CoreTests",
            dependencies: [
                "Basis", "SIP", "Transactions", "UserAgent", "Trust", "Authority", "Server", "Fuzzing", crypto, x509,
                asn1,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "MachineryTests",
            dependencies: [
                "Basis", "SIP", "UserAgent", "Trust", "Authority", "Server", "Shards", "Transport", "Storage", "Web",
                "Node",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        // One list of stories, performed in the simulation and by real servers.
        .testTarget(
            name: "ScenarioTests",
            dependencies: [
                "Basis", "UserAgent", "Trust", "Authority", "Transport", "Web", "Node", "Scenarios", "Simulation",
            ], swiftSettings: strict),
        .testTarget(name: "TidyTests", swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
