"""Work of every kind against one organisation at once, and the list of what was acknowledged, to be compared with what is there
after a server was killed."""

import base64
import contextlib
import hashlib
import itertools
import json
import os
import queue
import re
import sqlite3
import subprocess
import threading
import time

from client import Client
from organisation import DOMAIN, FRONT, password

ENDED = (OSError, ConnectionError, ValueError, IndexError, AttributeError, RuntimeError, subprocess.SubprocessError)
CONVERGE_SECONDS = 10
QUERIES_PER_CONNECTION = 40


def serial_of(der):
    """RFC 5280 §4.1: the serial number, the first integer behind the version, as hexadecimal digits."""
    def inside(at):
        length = der[at + 1]
        return at + 2 if length < 0x80 else at + 2 + (length & 0x7F)

    at = inside(inside(0))
    if der[at] == 0xA0:
        at += 2 + der[at + 1]
    return der[at + 2:at + 2 + der[at + 1]].hex().lstrip("0")


class Promises:
    """What the servers acknowledged, since the organisation was founded."""

    def __init__(self, organisation, users, random):
        self.organisation, self.random, self.lock = organisation, random, threading.Lock()
        self.users = list(users)
        self.bindings, self.unsure = {}, set()
        self.accounts, self.certificates, self.revoked = set(), {}, set()
        self.version = self.epoch = 0
        self.acknowledged = {"registrations": 0, "removals": 0, "messages": 0, "accounts": 0, "certificates": 0,
                             "revocations": 0, "topologies": 0}
        self.refused = {}
        self.unread, self.is_cut = set(), False
        self.numbers = itertools.count()
        self.keys = [self.new_key() for _ in range(4)]

    @staticmethod
    def new_key():
        key = subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout"], capture_output=True, check=True)
        public = subprocess.run(["openssl", "pkey", "-pubout", "-outform", "DER"], input=key.stdout, capture_output=True,
                                check=True)
        return base64.b64encode(public.stdout).decode()

    @contextlib.contextmanager
    def answered(self, what):
        """Around the notes about an answer. What comes after `cut` began counts as not answered."""
        with self.lock:
            if self.is_cut:
                raise ConnectionError("after the cut")
            self.acknowledged[what] += 1
            yield

    def cut(self):
        """From now on answers do not count, until work begins again."""
        with self.lock:
            self.is_cut = True

    def refusal(self, what, status):
        with self.lock:
            key = f"{what} {status}"
            self.refused[key] = self.refused.get(key, 0) + 1

    # Work. Each of these goes on until the server is gone; what was asked and not answered may be there or not.

    def work(self):
        """Starts every kind of work once. Returns the threads."""
        self.is_cut = False
        kinds = [self.register, self.register, self.register, self.message, self.issue, self.add_accounts, self.publish]
        threads = [threading.Thread(target=self.until_gone, args=(kind,), daemon=True) for kind in kinds]
        for thread in threads:
            thread.start()
        return threads

    def until_gone(self, kind):
        try:
            kind()
        except ENDED:
            pass

    def client(self):
        return Client(self.organisation.front.address, FRONT, self.organisation.root)

    def register(self):
        """Registers users and takes some of the registrations back, over one connection that stays open."""
        client = self.client()
        while True:
            with self.lock:
                user = self.users.pop(self.random.randrange(len(self.users)))
                self.unsure.add(user)
            try:
                for removes in (False, True)[:1 + (self.random.random() < 0.2)]:
                    contact = f"sip:{user}@client.invalid;transport=tls"
                    status, _ = client.register(user, DOMAIN, password(user), contact, expires=0 if removes else 3600)
                    if status != 200:
                        self.refusal("REGISTER", status)
                        raise ConnectionError(str(status))
                    with self.answered("removals" if removes else "registrations"):
                        self.bindings[user] = None if removes else contact
                with self.lock:
                    self.unsure.discard(user)
            finally:
                with self.lock:
                    self.users.append(user)

    def message(self):
        """Two users write to each other; a 200 that the sender reads says that the other end has the text."""
        with self.lock:
            pair = [self.users.pop(), self.users.pop()]
            self.unsure.update(pair)
        ends = [self.client(), self.client()]
        inbox = queue.SimpleQueue()
        for user, end in zip(pair, ends):
            end.register(user, DOMAIN, password(user), f"sip:{user}@client.invalid;transport=tls")
        reader = threading.Thread(target=self.until_gone, args=(lambda: ends[1].answer_messages(inbox.put),), daemon=True)
        reader.start()
        seen = set()
        while True:
            text = f"text {next(self.numbers)}"
            status, _ = ends[0].message(pair[0], DOMAIN, f"{pair[1]}@{DOMAIN}", text)
            while not inbox.empty():
                seen.add(inbox.get())
            if status == 200:
                with self.answered("messages"):
                    if text not in seen:
                        self.unread.add(text)
            else:
                self.refusal("MESSAGE", status)

    def issue(self):
        """Certificates for users, and some of them revoked."""
        front = self.organisation.front
        for number in itertools.count():
            user = f"{self.random.choice(self.users)}@{DOMAIN}"
            answer = front.administration("POST", "/certificates/issue", {"user": user, "key": self.random.choice(self.keys)})
            der = base64.b64decode(answer["chain"][0])
            with self.answered("certificates"):
                self.certificates[serial_of(der)] = der
            if number % 8 == 7:
                serial = serial_of(der)
                answer = front.administration("POST", "/certificates/revoke", {"what": serial, "reason": "superseded"})
                with self.answered("revocations"):
                    self.revoked.add(serial)
                    self.epoch = max(self.epoch, answer["epoch"])

    def add_accounts(self):
        front = self.organisation.front
        while True:
            user = f"new{next(self.numbers)}"
            verifier = hashlib.sha256(f"{user}:{DOMAIN}:{password(user)}".encode()).hexdigest()
            front.administration("POST", "/users", {"action": "add", "users": [{"aor": f"{user}@{DOMAIN}", "sha256": verifier}]})
            with self.answered("accounts"):
                self.accounts.add(user)

    def publish(self):
        """One topology after the other, each with another list of domains."""
        front = self.organisation.front
        text = front.entente("topology", "show").stdout
        path = f"{self.organisation.folder}/topology.yaml"
        for number in itertools.count():
            with open(path, "w", encoding="utf-8") as file:
                file.write(re.sub(r"(?m)^sipDomains: .*$", f"sipDomains: [{DOMAIN}, d{number % 2}.{DOMAIN}]", text))
            done = front.entente("topology", "publish", path, "--json", check=False)
            if done.returncode == 0:
                answer = json.loads(done.stdout)
                if answer["changed"]:
                    with self.answered("topologies"):
                        self.version, self.epoch = max(self.version, answer["version"]), max(self.epoch, answer["epoch"])
            elif not front.is_running():
                return
            else:
                self.refusal("publish", f"exit {done.returncode}")

    # Comparison. Each of these returns what is wrong, in words; an empty list is good.

    def wrong_in_the_store(self):
        """Looks into the file of the front end, which does not run."""
        wrong = []
        store = sqlite3.connect(self.organisation.front.folder + "/state.sqlite")
        try:
            found = store.execute("PRAGMA integrity_check").fetchone()[0]
            if found != "ok":
                wrong.append(f"the store is damaged: {found}")
            ledger = {serial.lstrip("0"): der for serial, der in store.execute("SELECT serial, der FROM certificates")}
            wrong += [f"certificate {serial} was handed out and is not in the ledger"
                      for serial, der in self.certificates.items() if ledger.get(serial) != der]
            revoked = {serial.lstrip("0") for serial, in store.execute("SELECT serial FROM revocations")}
            wrong += [f"{serial} was revoked and is not in the ledger" for serial in self.revoked - revoked]
            aors = {aor for aor, in store.execute("SELECT aor FROM users")}
            wrong += [f"the account {user} has gone" for user in self.accounts if f"{user}@{DOMAIN}" not in aors]
            counters = dict(store.execute("SELECT name, number FROM counters"))
            if counters["epoch"] < self.epoch:
                wrong.append(f"the ledger is at epoch {counters['epoch']}, {self.epoch} was acknowledged")
            for node in self.organisation.nodes:
                with open(node.folder + "/keys/server.chain.json", encoding="ascii") as file:
                    for chain in json.load(file)["chains"]:
                        if serial_of(base64.b64decode(chain[0])) not in ledger:
                            wrong.append(f"{node.name} shows a certificate that is not in the ledger")
        finally:
            store.close()
        return wrong

    def epochs_on_disk(self):
        """The newest epoch that each server has stored, whole or not."""
        epochs = {}
        for node in self.organisation.nodes:
            names = [re.fullmatch(r"(\d+)\.snapshot\.json", name) for name in os.listdir(node.folder + "/trust")]
            epochs[node.name] = max(int(name.group(1)) for name in names if name)
        return epochs

    def wrong_when_running(self, epochs):
        """Asks the servers, which run again; `epochs` is what they had stored while they were down."""
        front, wrong = self.organisation.front, []
        status = front.status()
        if status["trust"]["topology"]["version"] < self.version:
            wrong.append(f"the topology went back to {status['trust']['topology']['version']}, {self.version} was acknowledged")
        for name, epoch in {**epochs, "what was acknowledged": self.epoch}.items():
            if status["epoch"] < epoch:
                wrong.append(f"the authority is at epoch {status['epoch']}, {name} at {epoch}")
        self.version, self.epoch = status["trust"]["topology"]["version"], status["epoch"]
        wrong += [f"{serial} was revoked and is in no list" for serial in self.revoked - self.listed(front.folder + "/trust")]
        known = {entry["aor"] for entry in front.administration("GET", "/users")["users"]}
        wrong += [f"the account {user} is not known" for user in self.accounts if f"{user}@{DOMAIN}" not in known]
        wrong += [f"{text!r} was acknowledged and has not arrived" for text in self.unread]
        deadline = time.monotonic() + CONVERGE_SECONDS
        for node in self.organisation.nodes:
            while node.status()["swept"] < self.epoch:
                if time.monotonic() > deadline:
                    wrong.append(f"{node.name} stays at epoch {node.status()['swept']}, the authority is at {self.epoch}")
                    break
                time.sleep(0.02)
        return wrong

    @staticmethod
    def listed(folder):
        """The serial numbers in the signed lists of a folder, as `openssl` reads them."""
        serials = set()
        for name in os.listdir(folder):
            if name.endswith(".crl"):
                text = subprocess.run(["openssl", "crl", "-inform", "DER", "-in", f"{folder}/{name}", "-noout", "-text"],
                                      capture_output=True, text=True, check=True).stdout
                serials |= {one.lower().lstrip("0") for one in re.findall(r"Serial Number: (\w+)", text)}
        return serials

    def wrong_bindings(self, most=None):
        """Every user asks what is bound (RFC 3261 §10.2.3: REGISTER without Contact). Of those whose last request had no answer
        either is good. `most` looks at so many, chosen at random."""
        wrong = []
        looked = sorted(user for user in self.bindings if user not in self.unsure)
        if most is not None and len(looked) > most:
            looked = self.random.sample(looked, most)
        # What is found of these counts from now on.
        looked += sorted(self.unsure)
        for at in range(0, len(looked), QUERIES_PER_CONNECTION):
            client = self.client()
            for user in looked[at:at + QUERIES_PER_CONNECTION]:
                status, head = client.register(user, DOMAIN, password(user))
                contacts = re.findall(r"(?mi)^Contact: .*<(.*?)>", head)
                expected = [self.bindings[user]] if self.bindings.get(user) else []
                if user in self.unsure and status == 200:
                    self.bindings[user] = contacts[0] if contacts else None
                elif status != 200 or contacts != expected:
                    wrong.append(f"{user}: {status} with {contacts}, acknowledged was {expected}")
            client.close()
        self.unsure.clear()
        return wrong
