/// The rules of the chain that every path has to hold, whatever the class, in the order in which they run.
enum PathRules {
    /// Judges a complete path whose signatures are good.
    static func chain(_ path: CertificatePath) -> [Finding] {
        [
            AuthorityRule.check(path),
            CriticalExtensionRule.check(path),
            NameConstraintRule.check(path),
            IssuerUsageRule.check(path),
        ]
    }
}
