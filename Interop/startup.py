"""How long a server takes to start that has much to read."""

import sqlite3

from client import Client
from organisation import DOMAIN, FRONT, Organisation, password

BINDINGS = 100_000


def row_start(options):
    """One user registers; the row that this leaves is repeated for all others, as a crash would have left them: in the journal."""
    organisation = Organisation(options.entente)
    try:
        front = organisation.front
        front.serve()
        organisation.import_users(["user000000"])
        client = Client(front.address, FRONT, organisation.root)
        status, _ = client.register("user000000", DOMAIN, password("user000000"), "sip:user000000@client.invalid;transport=tls")
        assert status == 200, f"control: sign-in answered {status}"
        front.kill()
        store = sqlite3.connect(front.folder + "/state.sqlite")
        last, value = store.execute("SELECT max(id), value FROM journal").fetchone()
        user = list(store.execute("SELECT sequence, home_pool, algorithm, sha256, md5, state FROM users").fetchone())
        names = [f"user{number:06}@{DOMAIN}" for number in range(1, BINDINGS)]
        store.executemany("INSERT INTO journal VALUES (?, ?, ?)",
                          ((last + at, name.encode(), value) for at, name in enumerate(names, 1)))
        store.executemany("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?)", ([name, *user] for name in names))
        store.commit()
        store.close()
        times = []
        for _ in range(3):
            times.append(front.serve())
            found = front.status()
            assert found["bindings"] == found["users"] == BINDINGS, f"{found['bindings']} bindings, {found['users']} users"
            front.kill()
        assert min(times) < options.start_seconds, f"{min(times):.2f} s with {BINDINGS:,} bindings and users"
        return (f"{BINDINGS:,} bindings and users: serving after {', '.join(f'{one:.2f}' for one in times)} s",
                {"bindings": BINDINGS, "start_seconds": [round(one, 3) for one in times]})
    finally:
        organisation.close()
