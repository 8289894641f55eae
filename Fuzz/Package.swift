// swift-tools-version: 6.2
import PackageDescription

/// A package of its own, so that who builds Entente never builds this. Its settings are those of the package that it feeds.
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
    name: "fuzz",
    dependencies: [.package(name: "entente", path: "..")],
    targets: [
        // What libFuzzer offers to who has a `main` of his own.
        .target(name: "CFuzzer"),
        // Takes a target from Sources/Testing/Fuzzing and hands it to libFuzzer.
        .executableTarget(
            name: "fuzz", dependencies: ["CFuzzer", .product(name: "FuzzedParts", package: "entente")],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
