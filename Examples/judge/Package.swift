// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "judge",
    dependencies: [.package(name: "entente", path: "../..")],
    targets: [
        .executableTarget(
            name: "judge",
            dependencies: [
                .product(name: "Basis", package: "entente"),
                .product(name: "SIP", package: "entente"),
                .product(name: "Transactions", package: "entente"),
                .product(name: "Trust", package: "entente"),
            ],
            swiftSettings: [
                .treatAllWarnings(as: .error),
                .strictMemorySafety(),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ])
    ],
    swiftLanguageModes: [.v6]
)
