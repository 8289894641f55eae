"""The demo's four servers, started and restarted one by one, and phones that write to and call each other through all of them."""

import asyncio
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import time

from organisation import Node
from phone import CLOSED, Phone

# What a request may end with while the server that it is sent to ends or starts: all of these say "later", none says "never".
# 480: the receiver is not back yet.
LATER = {CLOSED, 430, 480, 503}
# RFC 3261 §16.7: that the next hop cannot be reached is a 500 where it is not the server's own affair.
ELSEWHERE = LATER | {500}
# The tokens in the route of a dialog end with the process that made them, and name connections that have ended.
OTHER_LIFE = {403, 404, 430, 480, 481}
# How long a server may still say that another cannot be reached which is back: the first pauses of its dialler.
REDIAL_SECONDS = 1
RING_SECONDS = (0.2, 2.0)
BOUND_SECONDS = 30


class Network:
    """The organisations of `entente demo`, founded in a temporary folder; each server a process of ours."""

    def __init__(self, program, users):
        self.program = os.path.abspath(program)
        self.folder = tempfile.mkdtemp(prefix="entente-rolling.")
        self.logs = self.folder
        done = subprocess.run([self.program, "demo", "--exit", "--json", "--quiet", "--dir", self.folder + "/demo"],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"the demo ends with {done.returncode}: {done.stderr.strip()}")
        demo = json.loads(done.stdout)
        self.organisations = []
        for entry in demo["organisations"]:
            nodes = [self.node(server) for server in entry["servers"]]
            self.organisations.append({
                "domain": entry["domain"], "root": entry["root_file"],
                "front": next(node for node in nodes if "frontEnd" in node.server.roles),
                "edge": next(node for node in nodes if "edge" in node.server.roles)})
        self.accounts = {one["domain"]: [f"user{number:04}" for number in range(users)] for one in self.organisations}

    def node(self, entry):
        """Metrics move to the server's own address: one on 127.0.0.1 may go to a connection while the server is away."""
        folder = os.path.dirname(entry["addresses"]["admin_socket"])
        metrics = entry["addresses"]["internal"].rsplit(":", 1)[0] + ":9464"
        with open(folder + "/config.yaml", encoding="utf-8") as file:
            text = file.read()
        with open(folder + "/config.yaml", "w", encoding="utf-8") as file:
            file.write(re.sub(r"level: \w+", "level: info", re.sub(r"metrics: \S+", "metrics: " + metrics, text)))
        return Node(self, entry["name"], entry["roles"], folder,
                    entry["addresses"].get("external", entry["addresses"]["internal"]), metrics)

    @property
    def nodes(self):
        return [one[role] for one in self.organisations for role in ("edge", "front")]

    def serve(self):
        for node in self.nodes:
            node.serve()

    def add_accounts(self):
        for one in self.organisations:
            listing = self.folder + "/users.csv"
            with open(listing, "w", encoding="ascii") as file:
                file.write("name,password\n" + "".join(f"{user},pw-{user}\n" for user in self.accounts[one["domain"]]))
            one["front"].entente("user", "import", listing)

    def phones(self, keep_alive):
        """A phone for each user; every second one comes over the edge."""
        phones = []
        for one in self.organisations:
            for number, user in enumerate(self.accounts[one["domain"]]):
                node = one["edge"] if number % 2 else one["front"]
                name = "sip." + one["domain"] if number % 2 else node.name
                phones.append(Phone(user, one["domain"], "pw-" + user, node.address, name, one["root"], keep_alive))
                phones[-1].place = node
        return phones

    def close(self):
        for node in self.nodes:
            if node.is_running():
                node.kill()
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)


class Traffic:
    """Messages and calls between phones at a rate, and what became of each."""

    def __init__(self, phones, messages_per_second, calls_per_second, seed):
        self.phones, self.chance = phones, random.Random(seed)
        self.rates = {self.message: messages_per_second, self.ring: calls_per_second}
        self.results, self.acknowledged, self.tasks, self.pacers = [], [], set(), []
        self.number = self.forgotten = 0

    async def start(self):
        for phone in self.phones:
            phone.start()
        await self.all_bound(BOUND_SECONDS)
        self.pacers = [asyncio.create_task(self.pace(work, rate)) for work, rate in self.rates.items() if rate]

    async def all_bound(self, seconds):
        await asyncio.wait_for(asyncio.gather(*(phone.is_bound.wait() for phone in self.phones)), seconds)

    async def pace(self, work, rate):
        begin, count = time.monotonic(), 0
        while True:
            count += 1
            await asyncio.sleep(max(0, begin + count / rate - time.monotonic()))
            task = asyncio.create_task(work(*self.chance.sample(self.phones, 2)))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    def note(self, kind, begin, status, phones):
        self.results.append((kind, begin, time.monotonic(), status, phones))

    async def message(self, sender, receiver):
        if not sender.is_bound.is_set():
            return
        begin, self.number = time.monotonic(), self.number + 1
        number, text = self.number, f"message {self.number}"
        status = await sender.message(receiver.aor, text)
        self.note("MESSAGE", begin, status, (sender, receiver))
        if status == 200 and number > self.forgotten:
            self.acknowledged.append((text, receiver))

    async def ring(self, caller, callee, seconds=None):
        if not caller.is_bound.is_set():
            return
        begin = time.monotonic()
        status, dialog = await caller.dial(callee.aor)
        self.note("INVITE", begin, status, (caller, callee))
        if dialog:
            await asyncio.sleep(seconds or self.chance.uniform(*RING_SECONDS))
            begin = time.monotonic()
            self.note("BYE", begin, await caller.hang_up(dialog), (caller, callee))

    async def stop(self):
        """No new work; waits for what runs."""
        for pacer in self.pacers:
            pacer.cancel()
        await asyncio.gather(*self.pacers, return_exceptions=True)
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def hang_up_phones(self):
        await asyncio.gather(*(phone.stop() for phone in self.phones))

    # What became of it.

    def lost(self):
        """Acknowledged texts that their receiver does not have exactly once."""
        counts = {}
        for phone in self.phones:
            for text in phone.received:
                counts[(phone, text)] = counts.get((phone, text), 0) + 1
        return [f"{text} to {receiver.aor}: {counts.get((receiver, text), 0)} times"
                for text, receiver in self.acknowledged if counts.get((receiver, text), 0) != 1]

    def tally(self, since=0, until=float("inf")):
        """How requests ended that ran between these moments, by method and status."""
        tally = {}
        for kind, begin, end, status, _ in self.results:
            if begin < until and end > since:
                key = f"{kind} {status or 'closed'}"
                tally[key] = tally.get(key, 0) + 1
        return dict(sorted(tally.items()))

    def unexpected(self, node, begin, back):
        """Answers that the restart of `node`, between its SIGTERM and the moment when all phones are back, does not explain."""
        wrong = {}
        for kind, asked, ended, status, (sender, _) in self.results:
            is_inside = asked < back + REDIAL_SECONDS and ended > begin
            allowed = (LATER if sender.place is node else ELSEWHERE) if is_inside else set()
            if kind == "BYE":
                # It may belong to a call from before.
                allowed = allowed | OTHER_LIFE
            if status != 200 and status not in allowed:
                key = f"{kind} {status} {'at' if sender.place is node else 'beside'} {node.name}" + ("" if is_inside else " afterwards")
                wrong[key] = wrong.get(key, 0) + 1
        return wrong

    def forget(self):
        """Drops what is known until now. A message that is under way counts no more either."""
        self.forgotten = self.number
        self.results.clear()
        self.acknowledged.clear()
        for phone in self.phones:
            phone.received.clear()
            phone.gaps.clear()
