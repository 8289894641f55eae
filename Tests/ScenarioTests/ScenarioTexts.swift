/// The stories: each can be told to any stage.
enum ScenarioTexts {
    static let all = [signIn, acrossOrganisations, call, cancelled, crash, revocation, partner, account]

    static let signIn = """
        # Somebody signs in, is written to, and signs out.
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
        """

    static let acrossOrganisations = """
        # Through four servers: both users are behind edges.
        anna registers
        ben registers
        expect anna is registered
        expect ben is registered
        anna sends "from anna" to ben
        ben sends "from ben" to anna
        expect ben receives "from anna" once
        expect anna receives "from ben" once
        """

    static let call = """
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
        """

    static let cancelled = """
        # Both of alice's devices ring; nobody answers, and both stop.
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
        """

    static let crash = """
        # Decisions/0004: a binding is listed after a crash, and its client is reached when it is back.
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
        """

    static let revocation = """
        # The edge's certificate is revoked: its own network cuts it off at once, until it has new keys.
        alice registers
        bob registers
        expect alice is registered
        expect bob is registered
        alice sends "before" to bob
        expect bob receives "before" once
        edge of contoso is revoked
        wait 5 s
        alice sends "meanwhile" to bob
        expect "meanwhile" fails
        edge of contoso gets new keys
        wait 40 s
        alice sends "afterwards" to bob
        expect bob receives "afterwards" once
        """

    static let partner = """
        alice registers
        bob registers
        expect alice is registered
        expect bob is registered
        contoso removes partner fabrikam
        wait 2 s
        bob sends "let me in" to alice
        expect "let me in" fails
        contoso adds partner fabrikam
        wait 40 s
        bob sends "again" to alice
        expect alice receives "again" once
        """

    static let account = """
        # A disabled account ends at once, also behind an edge.
        alice registers
        anna registers
        expect alice is registered
        expect anna is registered
        anna is disabled
        wait 5 s
        alice sends "are you there" to anna
        expect "are you there" fails
        anna sends "let me speak" to alice
        expect "let me speak" fails
        anna is enabled
        alice gets password "another"
        expect alice is not registered
        alice registers
        expect alice is registered
        """
}
