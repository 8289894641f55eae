import Testing

/// One story, which every stage performs that can.
struct Story: Sendable, CustomTestStringConvertible {
    /// What it shows, in a sentence.
    let title: String
    /// What happens, in the sentences of `ScenarioStep`.
    let text: String
    /// Why the simulation alone can perform it; nil when real servers can as well.
    var onlySimulated: String?

    var testDescription: String { title }

    static let all = [
        signIn, acrossOrganisations, call, refused, cancelled, unanswered, lostConnection, crash, revocation, edge,
        partner, account,
    ]
    /// Those that real servers perform.
    static var real: [Story] { all.filter { $0.onlySimulated == nil } }

    static let signIn = Story(
        title: "Somebody signs in, is written to, and signs out",
        text: """
            alice registers
            bob registers
            expect alice is registered
            expect bob is registered
            bob sends "hi" to alice
            expect alice receives "hi" once
            expect "hi" is delivered
            alice unregisters
            expect alice is not registered
            bob sends "still there?" to alice
            expect "still there?" fails
            """)

    static let acrossOrganisations = Story(
        title: "Messages pass four servers: both users are behind edges",
        text: """
            anna registers
            ben registers
            expect anna is registered
            expect ben is registered
            anna sends "from anna" to ben
            ben sends "from ben" to anna
            expect ben receives "from anna" once
            expect anna receives "from ben" once
            """)

    static let call = Story(
        title: "A call between two organisations is answered and ended",
        text: """
            alice registers
            ben registers
            expect alice is registered
            expect ben is registered
            alice calls ben
            expect ben rings
            ben answers
            expect ben is in a call
            expect alice is in a call
            alice hangs up
            expect ben is in no call
            expect alice is in no call
            """)

    static let refused = Story(
        title: "A call is refused, and ends on both sides",
        text: """
            anna registers
            ben registers
            expect anna is registered
            expect ben is registered
            anna calls ben
            expect ben rings
            ben refuses
            expect ben is in no call
            expect anna is in no call
            """)

    static let cancelled = Story(
        title: "Both of a user's devices ring, nobody answers, and both stop",
        text: """
            alice registers
            alice-abroad registers
            anna registers
            expect alice is registered
            expect alice-abroad is registered
            expect anna is registered
            anna calls alice
            expect alice rings
            expect alice-abroad rings
            anna hangs up
            expect alice is in no call
            expect alice-abroad is in no call
            """)

    static let unanswered = Story(
        title: "RFC 3261 §16.8: a call that nobody answers ends by timer C",
        text: """
            alice registers
            ben registers
            expect alice is registered
            expect ben is registered
            alice calls ben
            expect ben rings
            wait 240 s
            expect ben is in no call
            expect alice is in no call
            """, onlySimulated: "timer C runs for more than three minutes")

    static let lostConnection = Story(
        title: "A device whose connection has gone is passed over, and the other one is reached",
        text: """
            alice registers
            alice-abroad registers
            bob registers
            expect alice is registered
            expect alice-abroad is registered
            expect bob is registered
            alice loses the connection
            expect alice is not registered
            bob sends "where are you" to alice
            expect alice-abroad receives "where are you" once
            expect "where are you" is delivered
            expect alice never receives "where are you"
            alice registers
            expect alice is registered
            bob sends "welcome back" to alice
            expect alice receives "welcome back" once
            """)

    static let crash = Story(
        title: "Decisions/0004: a binding is listed after a crash, and its client is reached when it is back",
        text: """
            alice registers
            bob registers
            expect alice is registered
            expect bob is registered
            frontEnd of contoso crashes
            frontEnd of contoso restarts
            expect alice is not registered
            alice registers
            expect alice is registered
            bob sends "after the crash" to alice
            expect alice receives "after the crash" once
            """)

    static let revocation = Story(
        title: "A revoked edge is cut off by its own network at once, until it has new keys",
        text: """
            alice registers
            bob registers
            expect alice is registered
            expect bob is registered
            alice sends "before" to bob
            expect bob receives "before" once
            edge of contoso is revoked
            contoso settles
            alice sends "meanwhile" to bob
            expect "meanwhile" fails
            edge of contoso gets new keys
            contoso settles
            alice reaches bob
            alice sends "afterwards" to bob
            expect bob receives "afterwards" once
            """)

    static let edge = Story(
        title: "An edge that was removed from the topology connects nobody, until it joins again",
        text: """
            alice registers
            bob registers
            expect alice is registered
            expect bob is registered
            alice sends "before" to bob
            expect bob receives "before" once
            contoso removes its edge
            contoso settles
            alice sends "meanwhile" to bob
            expect "meanwhile" fails
            contoso adds its edge
            contoso settles
            alice reaches bob
            bob reaches alice
            expect bob never receives "meanwhile"
            """)

    static let partner = Story(
        title: "A partner that was removed is refused, and admitted again when it is added",
        text: """
            alice registers
            bob registers
            expect alice is registered
            expect bob is registered
            contoso removes partner fabrikam
            contoso settles
            bob sends "let me in" to alice
            expect "let me in" fails
            contoso adds partner fabrikam
            contoso settles
            bob reaches alice
            expect alice never receives "let me in"
            """)

    static let account = Story(
        title: "A disabled account ends at once, also behind an edge",
        text: """
            alice registers
            anna registers
            expect alice is registered
            expect anna is registered
            anna is disabled
            contoso settles
            alice sends "are you there" to anna
            expect "are you there" fails
            anna sends "let me speak" to alice
            expect "let me speak" fails
            anna is enabled
            alice gets password "another"
            expect alice is not registered
            alice registers
            expect alice is registered
            """)
}
