public import Trust

/// What the trust channel brought: everything that a server judges by, as one immutable value.
public struct TrustUpdate: Sendable {
    /// State, policy, own name and epoch for `decide`.
    public let context: TrustContext
    /// The users this server may authenticate; empty on an edge.
    public let directory: UserDirectory
    /// Addresses-of-record whose account ended or changed since the update before: their flows and bindings end now.
    public let endedUsers: [String]
    /// Too many users ended to name them: every flow with a user ends, and its user proves it anew. Said to edges only.
    public let endsEverybody: Bool

    /// One update.
    public init(
        context: TrustContext, directory: UserDirectory, endedUsers: [String] = [], endsEverybody: Bool = false
    ) {
        self.context = context
        self.directory = directory
        self.endedUsers = endedUsers
        self.endsEverybody = endsEverybody
    }
}
