"""Files of a data folder that are not what they were: a server refuses to start with them, says what to do, and leaves them alone."""

import hashlib
import os
import random
import shutil
import sqlite3

from client import Client
from organisation import DOMAIN, FRONT, Organisation, password

USERS = 300
FLIPS = 24
REFUSAL_SECONDS = 20
# Exit codes of the commands: a check failed, refused by trust.
CHECK_FAILED, REFUSED = 3, 6


def flip(path, places):
    """Turns one bit over at each of these bytes."""
    with open(path, "r+b") as file:
        for place, bit in places:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ 1 << bit]))


def cut(path, left):
    with open(path, "r+b") as file:
        file.truncate(left)


def half(path):
    cut(path, os.path.getsize(path) // 2)


def fill(path, text=b""):
    with open(path, "wb") as file:
        file.write(text)


def later_version(path):
    store = sqlite3.connect(path)
    store.execute("PRAGMA user_version = 1000")
    store.commit()
    store.close()


def other_program(path):
    os.remove(path)
    store = sqlite3.connect(path)
    store.execute("CREATE TABLE recipes (name TEXT)")
    store.commit()
    store.close()


def newest(folder, suffix):
    """The file of this kind with the highest number."""
    names = [name for name in os.listdir(folder + "/trust") if name.endswith(suffix)]
    return f"trust/{max(names, key=lambda name: int(name.split('.')[0]) if name[0].isdigit() and '.json' in name else 0)}"


class Folder:
    """The folder of one server, as it was after a clean end; each damage gets a copy of its own at the same place."""

    def __init__(self, node):
        self.node, self.sound = node, node.folder + ".sound"
        shutil.copytree(node.folder, self.sound, ignore=shutil.ignore_patterns("admin.sock"))

    def restore(self):
        shutil.rmtree(self.node.folder)
        shutil.copytree(self.sound, self.node.folder)

    def try_to_serve(self):
        """Starts the server and ends it again if it serves. Returns the exit code and what it said; code None when it serves."""
        node, start = self.node, os.path.getsize(self.node.log)
        try:
            node.serve(REFUSAL_SECONDS)
        except RuntimeError:
            assert node.process.poll() is not None, "it neither serves nor ends"
            return node.process.returncode, "\n".join(node.said(start))
        return None, ""

    def digest(self, name):
        path = f"{self.node.folder}/{name}"
        if not os.path.exists(path):
            return None
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()

    def refused(self, what, name, damage, code):
        """The damage must be refused with this code, with a next step, and the file must stay as it is."""
        self.restore()
        damage(f"{self.node.folder}/{name}")
        before = self.digest(name)
        found, said = self.try_to_serve()
        if found is None:
            self.node.kill()
            raise AssertionError(f"{what}: the server serves with it")
        assert found == code, f"{what}: exit code {found}, expected {code}: {said}"
        assert "next" in said, f"{what}: no next step in: {said}"
        assert self.digest(name) == before, f"{what}: the file was changed"
        return said.splitlines()[-2 if len(said.splitlines()) > 1 else -1]


def row_damage(options):
    organisation = Organisation(options.entente, with_edge=True)
    try:
        organisation.serve()
        organisation.import_users([f"user{number:03}" for number in range(USERS)])
        client = Client(organisation.front.address, FRONT, organisation.root)
        for number in range(20):
            user = f"user{number:03}"
            client.register(user, DOMAIN, password(user), f"sip:{user}@client.invalid;transport=tls")
        before = facts(organisation.front)
        organisation.edge.stop()
        organisation.front.kill()
        # The log of what was not moved into the file yet belongs to the store; without it there would be less to damage.
        store = sqlite3.connect(organisation.front.folder + "/state.sqlite")
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.close()
        front, edge = Folder(organisation.front), Folder(organisation.edge)
        cases = refusals_of_the_store(front) + refusals_of_signed_files(front) + refusals_of_an_edge(edge)
        for case in cases:
            case()
        refused = flips(front, random.Random(options.seed), before)
        front.restore()
        assert front.try_to_serve()[0] is None, "control: the sound folder does not serve"
        assert facts(organisation.front) == before, "control: the sound folder has changed"
        return (f"{len(cases)} damages refused and left alone; of {FLIPS} bits turned over in pages of the store {refused} refused, "
                f"{FLIPS - refused} in values that nothing guards, with every account there; the sound folder serves",
                {"damages": len(cases), "flips": FLIPS, "flips_refused": refused})
    finally:
        organisation.close()


def facts(node):
    status = node.status()
    return {"users": sorted(entry["aor"] for entry in node.administration("GET", "/users")["users"]),
            "certificates": len(node.administration("GET", "/certificates")["certificates"]),
            "topology": status["trust"]["topology"]["version"]}


def refusals_of_the_store(folder):
    size = os.path.getsize(folder.node.folder + "/state.sqlite")
    cases = [("a store of no bytes", fill), ("a store of half a header", lambda path: cut(path, 60)),
             ("a store of one page", lambda path: cut(path, 4_096)), ("half a store", lambda path: cut(path, size // 8_192 * 4_096)),
             ("a store that begins otherwise", lambda path: flip(path, [(3, 0)])),
             ("a store with another page size", lambda path: flip(path, [(16, 3)])),
             ("a store of another program's number", lambda path: flip(path, [(70, 1)])),
             ("a store of a later version", later_version), ("a store of another program", other_program),
             ("no store", os.remove)]
    return [lambda what=what, damage=damage: folder.refused(what, "state.sqlite", damage, CHECK_FAILED) for what, damage in cases]


def refusals_of_signed_files(folder):
    cases = []
    for suffix in (".root.json", ".topology.json", ".snapshot.json", "timestamp.json", ".crl", "revoked.json"):
        name = newest(folder.node.folder, suffix)
        size = os.path.getsize(f"{folder.node.folder}/{name}")
        cases += [(f"{name} of no bytes", name, fill), (f"half of {name}", name, half)]
        if suffix != "revoked.json":
            cases += [(f"no {name}", name, os.remove)]
            cases += [(f"a bit of {name} at {place}", name, lambda path, place=place: flip(path, [(place, 0)]))
                      for place in (size // 3, size // 2, size * 4 // 5)]
    keys = [(f"half of keys/{name}", f"keys/{name}", half, CHECK_FAILED)
            for name in ("server.pem", "issuing.pem", "snapshot.pem", "server.chain.json")]
    return ([lambda case=case: folder.refused(*case, REFUSED) for case in cases]
            + [lambda case=case: folder.refused(*case) for case in keys])


def refusals_of_an_edge(folder):
    topology = newest(folder.node.folder, ".topology.json")
    return [lambda: folder.refused("no store at an edge", "state.sqlite", os.remove, CHECK_FAILED),
            lambda: folder.refused("half a topology at an edge", topology, half, REFUSED)]


def flips(folder, chance, before):
    """Single bits of the store. SQLite has no sums over its pages, so that a bit inside a value is not seen; the server must
    refuse, or serve with every account and certificate that there was, or say that it cannot read one."""
    refused = 0
    size = os.path.getsize(folder.node.folder + "/state.sqlite")
    for _ in range(FLIPS):
        folder.restore()
        places = [(chance.randrange(100, size), chance.randrange(8)) for _ in range(3)]
        flip(folder.node.folder + "/state.sqlite", places)
        code, said = folder.try_to_serve()
        if code is None:
            try:
                found = facts(folder.node)
            except RuntimeError as problem:
                # Nobody needed the row before; who asks for it is told.
                assert "unreadable" in str(problem), f"bits {places}: {problem}"
                continue
            finally:
                folder.node.kill()
            for key, value in before.items():
                many = len(set(value) ^ set(found[key])) if isinstance(value, list) else abs(value - found[key])
                assert many <= 2 * len(places), f"bits {places}: {many} {key} are others than before"
        else:
            assert code in (CHECK_FAILED, REFUSED) and "next" in said, f"bits {places}: exit code {code}: {said}"
            refused += 1
    return refused
