"""The row `storm`: everybody comes back at once."""

import os
import selectors
import socket
import ssl
import time

from client import answer
from generator import Generator, percentile
from organisation import DOMAIN, FRONT, Organisation, password

OTHERS = 200
# The quota of one address on one loop is 1,024 connections on which nobody is proven.
CONNECTIONS_PER_ADDRESS = 400
P99_SECONDS_MAX = 0.05
TIMES_OF_HANDSHAKES = 2
ROW_SECONDS_MAX = 300


class Returning:
    """One connection on its way: TCP, TLS, REGISTER, challenge, REGISTER. With `user` None it ends with TLS."""

    def __init__(self, storm, number, user):
        self.storm, self.user, self.status, self.buffer, self.again = storm, user, 0, b"", 0
        self.source = f"127.10.{number // CONNECTIONS_PER_ADDRESS}.1"
        self.connect()

    def connect(self):
        raw = socket.socket()
        raw.setblocking(False)
        raw.bind((self.source, 0))
        raw.connect_ex(self.storm.target)
        self.socket, self.is_secure, self.buffer = raw, False, b""
        self.storm.selector.register(raw, selectors.EVENT_WRITE, self)

    def watch(self, events):
        self.storm.selector.modify(self.socket, events, self)

    def go_on(self):
        try:
            if not self.is_secure:
                if not isinstance(self.socket, ssl.SSLSocket):
                    self.storm.selector.unregister(self.socket)
                    self.socket = self.storm.context.wrap_socket(
                        self.socket, server_hostname=FRONT, do_handshake_on_connect=False)
                    self.storm.selector.register(self.socket, selectors.EVENT_READ, self)
                self.socket.do_handshake()
                self.is_secure = True
                self.watch(selectors.EVENT_READ)
                if self.user is None:
                    return self.done()
                return self.register(1, "")
            self.buffer += self.socket.recv(16_384)
        except ssl.SSLWantReadError:
            return self.watch(selectors.EVENT_READ)
        except ssl.SSLWantWriteError:
            return self.watch(selectors.EVENT_WRITE)
        except (ssl.SSLError, OSError):
            # As a telephone does it: once more.
            self.storm.failed += 1
            self.storm.selector.unregister(self.socket)
            self.socket.close()
            return self.connect()
        if b"\r\n\r\n" in self.buffer:
            head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
            self.answered(head.decode())
        return None

    def register(self, number, authorization):
        name = f"{self.user}-{number}-{os.urandom(4).hex()}"
        self.socket.send("\r\n".join([
            f"REGISTER sip:{DOMAIN} SIP/2.0", f"Via: SIP/2.0/TLS client.invalid;branch=z9hG4bK{name}", "Max-Forwards: 70",
            f"From: <sip:{self.user}@{DOMAIN}>;tag=1", f"To: <sip:{self.user}@{DOMAIN}>", f"Call-ID: {self.user}-{os.urandom(4).hex()}",
            f"CSeq: {number} REGISTER", f"Contact: <sip:{self.user}@client.invalid;transport=tls>", "Expires: 3600",
            *([authorization] if authorization else []), "Content-Length: 0", "", ""]).encode())

    def answered(self, head):
        status = int(head[8:11])
        if status == 401:
            challenge = next(line for line in head.split("\r\n") if line.startswith("WWW-Authenticate: Digest "))
            self.register(2, answer(self.user, password(self.user), f"sip:{DOMAIN}", challenge.split(" ", 2)[2]))
        elif status == 200:
            self.done()
        elif status == 503:
            self.storm.refused += 1
            wait = int(head.split("Retry-After: ", 1)[1].split("\r\n", 1)[0])
            self.storm.later.append((time.monotonic() + wait, self))
        else:
            raise RuntimeError(f"{self.user} was answered {head.splitlines()[0]}")

    def done(self):
        self.storm.missing -= 1
        if self.user is None:
            self.storm.selector.unregister(self.socket)
            self.socket.close()


class Storm:
    """So many connections at the same time."""

    def __init__(self, address, root):
        host, port = address.rsplit(":", 1)
        self.target, self.context = (host, int(port)), ssl.create_default_context(cafile=root)
        self.selector, self.missing, self.failed, self.refused, self.later = selectors.DefaultSelector(), 0, 0, 0, []

    def run(self, users):
        """Opens a connection for each, all at once; returns the seconds until the last was done, and the connections."""
        begin, self.missing = time.monotonic(), len(users)
        connections = [Returning(self, number, user) for number, user in enumerate(users)]
        while self.missing:
            if (now := time.monotonic()) > begin + ROW_SECONDS_MAX:
                raise RuntimeError(f"{self.missing} of {len(users)} were not back within {ROW_SECONDS_MAX} s")
            for key, _ in self.selector.select(0.05):
                key.data.go_on()
            ready, self.later = ([entry for entry in self.later if (entry[0] <= now) == is_due] for is_due in (True, False))
            for _, connection in ready:
                connection.register(1, "")
        return time.monotonic() - begin, connections

    def end(self, connections):
        for connection in connections:
            self.selector.unregister(connection.socket)
            connection.socket.close()


def talk(organisation, pid, channel):
    """The others, in a process of their own: they write to each other until `channel` says that it is enough."""
    generator = Generator(organisation.front.address, FRONT, organisation.root, DOMAIN, pid)
    clients = [generator.client(f"modest{number}") for number in range(OTHERS)]
    for number, client in enumerate(clients):
        client.writes_to(f"modest{(number + 1) % OTHERS}", rate=1)
    generator.run(2)
    while not channel.poll():
        part = generator.run(1)
        channel.send({"p99": percentile(part["times"], 99), "times": part["times"], "refused": part["modest_refused"]})


def row_storm(options):
    import multiprocessing
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    organisation = Organisation(options.entente)
    talker = None
    try:
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[:1])
        organisation.serve()
        os.sched_setaffinity(0, cores[1:] or cores)
        users = [f"user{number}" for number in range(options.storm)]
        organisation.import_users(users + [f"modest{number}" for number in range(OTHERS)])
        storm = Storm(organisation.front.address, organisation.root)
        alone, _ = storm.run([None] * options.storm)
        first, connections = storm.run(users)
        storm.end(connections)
        here, there = multiprocessing.get_context("fork").Pipe()
        talker = multiprocessing.get_context("fork").Process(
            target=talk, args=(organisation, organisation.front.process.pid, there), daemon=True)
        talker.start()
        # Both share a core where there are two: what the others wait for must be the server, not this process.
        os.nice(10)
        quiet = [here.recv() for _ in range(3)]
        before = (storm.failed, storm.refused)
        seconds, connections = storm.run(users)
        during = []
        while here.poll():
            during.append(here.recv())
        here.send("enough")
        times = [value for part in during for value in part["times"]]
        quiet_p99 = percentile([value for part in quiet for value in part["times"]], 99)
        figures = {
            "connections": options.storm, "handshakes_alone_s": round(alone, 2), "first_sign_in_s": round(first, 2),
            "back_s": round(seconds, 2), "others_p99_ms": round(1000 * percentile(times, 99), 1),
            "others_p99_quiet_ms": round(1000 * quiet_p99, 1), "others_refused": sum(part["refused"] for part in during),
            "connections_broken": storm.failed - before[0], "registrations_refused": storm.refused - before[1]}
        told = (f"{options.storm} back in {seconds:.1f} s, handshakes alone {alone:.1f} s; p99 of the {OTHERS} others"
                f" {figures['others_p99_ms']} ms, {figures['others_p99_quiet_ms']} ms before;"
                f" {figures['registrations_refused']} registrations were put off, {figures['connections_broken']} connections broken")
        problems = [what for what, is_so in {
            "too late": seconds > TIMES_OF_HANDSHAKES * alone, "the others noticed": percentile(times, 99) > P99_SECONDS_MAX,
            "the others were refused": figures["others_refused"] > 0}.items() if is_so]
        if problems:
            raise AssertionError(f"{', '.join(problems)}: {told}")
        return told, figures
    finally:
        if talker:
            talker.kill()
        organisation.close()
