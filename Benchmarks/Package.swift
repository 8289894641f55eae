// swift-tools-version: 6.2
import PackageDescription

/// A package of its own, so that who builds Entente never builds this. Its settings are those of the package that it measures.
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

let package = Package(
    name: "benchmarks",
    dependencies: [.package(name: "entente", path: "..")],
    targets: [
        // Tells callgrind where the counting begins and ends: set-up runs at full speed and is in no figure.
        .target(name: "CCallgrind"),
        .executableTarget(
            name: "microbench",
            dependencies: [
                "CCallgrind",
                .product(name: "Basis", package: "entente"),
                .product(name: "SIP", package: "entente"),
                .product(name: "Transactions", package: "entente"),
                .product(name: "Trust", package: "entente"),
                .product(name: "BenchmarkedParts", package: "entente"),
            ],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
