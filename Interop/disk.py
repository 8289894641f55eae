"""A disk that is full, that takes nothing any more, and one whose power is cut."""

import asyncio
import fcntl
import os
import random
import struct
import subprocess
import tempfile
import time

from organisation import DOMAIN, EDGE, FRONT, Organisation, Skip, password
from phone import Phone
from promises import Promises

MOUNTED = "ENTENTE_OWN_MOUNTS"
DISK_BYTES = 96 << 20
USERS = 400
# An answer must come although the disk does not take what it is about.
ANSWER_SECONDS = 10
CUT_SECONDS = 10
# The authority tries again every ten seconds.
RECOVERY_SECONDS = 20
POWER_ROUNDS = 4
# include/uapi/linux: _IOR('X', 125, __u32), and the way that throws away what is not on the disk yet.
SHUTDOWN_REQUEST, WITHOUT_LOG = 0x8004587D, 2


def own_mounts(argv):
    """Starts this script again where its mounts are seen by nobody else; returns where that is done or not possible."""
    if MOUNTED in os.environ:
        return
    way = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-r", "-m"]
    if subprocess.run([*way, "true"], capture_output=True).returncode == 0:
        os.environ[MOUNTED] = "1"
        os.execvp(way[0], [*way, "python3", *argv])


class Disk:
    """A disk of its own below a folder: in memory, or a file with ext4 in it, which can fail as disks do."""

    def __init__(self, is_ext4):
        if MOUNTED not in os.environ:
            raise Skip("`unshare` is not allowed here, so nothing can be mounted")
        self.place = tempfile.mkdtemp(prefix="entente-disk.")
        self.image, self.is_ext4 = self.place + ".image", is_ext4
        if is_ext4:
            with open(self.image, "wb") as file:
                file.truncate(DISK_BYTES)
            subprocess.run(["mkfs.ext4", "-q", "-e", "remount-ro", self.image], check=True, capture_output=True)
            self.mount()
        else:
            self.do("mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", self.place)

    @staticmethod
    def do(*command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise Skip(f"`{' '.join(command[:4])}` is not allowed here: {done.stderr.strip()}")

    def mount(self):
        self.do("mount", "-o", "loop", self.image, self.place)

    def unmount(self):
        subprocess.run(["umount", self.place], check=True, capture_output=True)

    def fill(self):
        """Takes all room that is left, down to the last block."""
        with open(self.place + "/ballast", "wb", buffering=0) as file:
            for size in (1 << 20, 4096):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    pass

    def free(self):
        os.remove(self.place + "/ballast")

    def refuse_writes(self):
        """What the kernel does when a disk fails under it: no write succeeds any more, reads do."""
        device = subprocess.run(["findmnt", "-n", "-o", "SOURCE", self.place], capture_output=True, text=True, check=True)
        trigger = os.path.join(os.sep, "sys", "fs", "ext4", os.path.basename(device.stdout.strip()), "trigger_fs_error")
        try:
            with open(trigger, "w", encoding="ascii") as file:
                file.write("made by Interop/durability")
        except OSError as problem:
            raise Skip(f"a disk cannot be made to fail here: {problem}") from None

    def cut_power(self):
        """Everything that was not forced to the disk is gone; nothing more gets there."""
        folder = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, SHUTDOWN_REQUEST, struct.pack("I", WITHOUT_LOG))
        finally:
            os.close(folder)

    def remove(self):
        if os.path.ismount(self.place):
            self.unmount()
        os.rmdir(self.place)
        if self.is_ext4:
            os.remove(self.image)


def with_disk(row, is_ext4, synchronous="normal"):
    """Runs `row` with a new organisation on a disk of its own."""
    disk = Disk(is_ext4)
    organisation = None
    try:
        organisation = Organisation(row.options.entente, with_edge=True, below=disk.place, synchronous=synchronous)
        return row(disk, organisation)
    finally:
        if organisation:
            organisation.close()
        disk.remove()


# Full, and read-only.

async def phones_of(organisation, *users):
    phones = [Phone(user, DOMAIN, password(user), organisation.front.address, FRONT, organisation.root).start() for user in users]
    await asyncio.wait_for(asyncio.gather(*(phone.is_bound.wait() for phone in phones)), ANSWER_SECONDS)
    return phones


async def registers_until_refused(organisation, users):
    """Registers users at a disk that has no room. Returns who got a 200 all the same, and how many
    were refused."""
    stored, refused = [], 0
    for user in users:
        phone = Phone(user, DOMAIN, password(user), organisation.front.address, FRONT, organisation.root).start()
        try:
            deadline = time.monotonic() + ANSWER_SECONDS
            while not phone.outcomes:
                assert time.monotonic() < deadline, f"REGISTER of {user} has no answer"
                await asyncio.sleep(0.002)
            await asyncio.sleep(0)
            (_, status), = phone.outcomes
            if status == 200:
                stored.append(user)
            else:
                assert status == 503 and "Retry-After" in phone.answer, f"REGISTER of {user}: {status} {phone.answer}"
                refused += 1
        finally:
            await phone.stop()
        if refused == 5:
            return stored, refused
    raise AssertionError(f"{len(stored)} registrations were taken by a disk that is full")


async def reads_go_on(alice, bob):
    before = len(bob.received)
    assert await alice.message(bob.aor, "still here") == 200 and len(bob.received) == before + 1, "a message to a bound user"
    status, dialog = await alice.dial(bob.aor)
    assert status == 200, f"a call to a bound user: {status}"
    status = await alice.hang_up(dialog)
    assert status == 200, f"BYE: {status}"


def nothing_is_taken(organisation):
    """Commands that change something end with a reason and a code, and have changed nothing."""
    front = organisation.front
    before = (front.status()["trust"]["topology"]["version"], front.status()["users"])
    path = organisation.logs + "/topology.yaml"
    with open(path, "w", encoding="utf-8") as file:
        file.write(front.entente("topology", "show").stdout.replace(f"[{DOMAIN}]", f"[{DOMAIN}, d.{DOMAIN}]"))
    chain = organisation.logs + "/chain.pem"
    commands = [("topology", "publish", path, "--publisher-key", organisation.publisher),
                ("cert", "issue", "--user", f"user000@{DOMAIN}", "--key", organisation.logs + "/user.key", "-o", chain),
                ("user", "add", "late", "--json")]
    for command in commands:
        done = front.entente(*command, check=False, environment={"ENTENTE_PASSWORD": "long enough, this"})
        assert done.returncode == 1, f"{command[0]} {command[1]}: exit code {done.returncode}: {done.stderr.strip()}"
        assert "next" in done.stderr, f"{command[0]} {command[1]} says no next step: {done.stderr.strip()}"
    assert not os.path.exists(chain), "a certificate was handed out"
    status = front.status()
    assert (status["trust"]["topology"]["version"], status["users"]) == before, "something was changed"
    assert any("store" in need["why"] for need in status["needs"]), f"status names no need: {status['needs']}"


def revocation_cuts(organisation):
    """Revokes the edge while nothing can be written, and waits for its links to end. Returns the exit code."""
    front = organisation.front
    links = {link["conn"] for link in front.administration("GET", "/connections")["connections"] if link["class"] == "server"}
    assert links, "control: there is no link to the edge"
    done = front.entente("cert", "revoke", EDGE, check=False)
    deadline = time.monotonic() + CUT_SECONDS
    while links & {link["conn"] for link in front.administration("GET", "/connections")["connections"]}:
        assert time.monotonic() < deadline, f"the links of a revoked server stay up: {done.returncode} {done.stderr.strip()}"
        time.sleep(0.02)
    return done.returncode


async def bring_link_up(organisation):
    """A user at the edge makes it dial the front end."""
    phone = Phone("user003", DOMAIN, password("user003"), organisation.edge.address, FRONT, organisation.root).start()
    await asyncio.wait_for(phone.is_bound.wait(), ANSWER_SECONDS)
    return phone


def row_full(options):
    def row(disk, organisation):
        organisation.serve()
        organisation.import_users([f"user{number:03}" for number in range(USERS)])
        stored, refused, revoked = asyncio.run(full(disk, organisation))
        organisation.front.kill()
        organisation.front.serve()
        bound = organisation.front.status()["addresses_of_record"]
        assert bound >= len(stored), f"{bound} addresses after the restart, {len(stored)} were acknowledged"
        kept = [entry["serial"] for entry in organisation.front.administration("GET", "/certificates")["certificates"]
                if entry["subject"] == EDGE and not entry["revoked"]]
        assert not kept, f"the revocation that came while the disk was full has gone: {kept}"
        return (f"{len(stored)} registrations in the room that was left, then 503 with Retry-After; reads went on; nothing taken; "
                f"revocation ended with {revoked} and cut; with room again all went on without a restart")
    row.options = options
    return with_disk(row, is_ext4=False)


async def full(disk, organisation):
    alice, bob = await phones_of(organisation, "user000", "user001")
    edge_user = await bring_link_up(organisation)
    disk.fill()
    users = [f"user{number:03}" for number in range(10, USERS)]
    stored, refused = await registers_until_refused(organisation, users)
    await reads_go_on(alice, bob)
    await asyncio.to_thread(nothing_is_taken, organisation)
    await reads_go_on(alice, bob)
    revoked = await asyncio.to_thread(revocation_cuts, organisation)
    disk.free()
    later = await phones_of(organisation, "user002")
    deadline = time.monotonic() + RECOVERY_SECONDS
    while needs := [need for need in (await asyncio.to_thread(organisation.front.status))["needs"] if "store" in need["why"]]:
        assert time.monotonic() < deadline, f"there is room again, and still: {needs}"
        await asyncio.sleep(0.1)
    await reads_go_on(alice, later[0])
    await asyncio.to_thread(organisation.front.entente, "user", "add", "late", environment={"ENTENTE_PASSWORD": "long enough, this"})
    for phone in [alice, bob, edge_user, *later]:
        await phone.stop()
    return stored, refused, revoked


def row_readonly(options):
    def row(disk, organisation):
        organisation.serve()
        organisation.import_users([f"user{number:03}" for number in range(USERS)])
        revoked = asyncio.run(readonly(disk, organisation))
        for node in organisation.nodes:
            node.stop()
        try:
            organisation.front.serve(ANSWER_SECONDS)
            raise AssertionError("a server starts on a disk that takes nothing")
        except RuntimeError:
            assert "next" in organisation.front.said()[-1], f"no next step: {organisation.front.said()[-3:]}"
        return (f"503 with Retry-After; reads went on; nothing taken; revocation ended with {revoked} and cut; no server starts, "
                f"exit code {organisation.front.process.returncode}")
    row.options = options
    return with_disk(row, is_ext4=True)


async def readonly(disk, organisation):
    alice, bob = await phones_of(organisation, "user000", "user001")
    edge_user = await bring_link_up(organisation)
    disk.refuse_writes()
    await registers_until_refused(organisation, [f"user{number:03}" for number in range(10, 30)])
    await reads_go_on(alice, bob)
    await asyncio.to_thread(nothing_is_taken, organisation)
    revoked = await asyncio.to_thread(revocation_cuts, organisation)
    await reads_go_on(alice, bob)
    for phone in [alice, bob, edge_user]:
        await phone.stop()
    return revoked


# Power.

def row_power(options):
    """With `synchronous: full` what was acknowledged is on the disk: the disk loses everything else in the middle of the work."""
    def row(disk, organisation):
        chance = random.Random(options.seed)
        users = [f"user{number:03}" for number in range(USERS)]
        organisation.serve()
        organisation.import_users(users)
        promises = Promises(organisation, users, chance)
        for number in range(1, POWER_ROUNDS + 1):
            threads = promises.work()
            time.sleep(chance.uniform(0.3, 1.5))
            promises.cut()
            disk.cut_power()
            for node in organisation.nodes:
                node.kill()
            for thread in threads:
                thread.join(30)
            disk.unmount()
            disk.mount()
            epochs = promises.epochs_on_disk()
            wrong = promises.wrong_in_the_store()
            organisation.serve()
            wrong += promises.wrong_when_running(epochs) + promises.wrong_bindings()
            assert not wrong, f"round {number}: {len(wrong)} wrong: {'; '.join(wrong[:3])}"
        done = ", ".join(f"{count} {what}" for what, count in promises.acknowledged.items())
        return f"{POWER_ROUNDS} rounds: {done}; nothing lost", {"acknowledged": promises.acknowledged}
    row.options = options
    return with_disk(row, is_ext4=True, synchronous="full")
