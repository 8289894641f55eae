"""Many SIP users in one thread: some write in a measured pace or as fast as they are answered, others answer. Every message has an
empty body, so that each ends at its empty line."""

import collections
import math
import os
import selectors
import signal
import ssl
import threading
import time
import urllib.request

from client import Client, response
from organisation import password

CGROUPS = os.path.join(os.sep, "sys", "fs", "cgroup")
# What a writer that is not read may have waiting on its own side; more is counted as offered and thrown away.
WAITING_BYTES_MAX = 64 * 1024
TICK_SECONDS = 0.01
# Of unanswered requests that are remembered, each.
REMEMBERED_MAX = 20_000


def percentile(values, percent):
    """By nearest rank; infinite without values, because who was never answered waited for ever."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1] if values else math.inf


class Quota:
    """Holds a process to a share of one core until `end`."""

    PERIOD_MICROSECONDS = 100_000

    def __init__(self, pid, share):
        self.pid, self.share, self.folder = pid, share, None
        quota = int(self.PERIOD_MICROSECONDS * share)
        for kind, base, settings in (
                ("cgroup v2", CGROUPS, {"cpu.max": f"{quota} {self.PERIOD_MICROSECONDS}"}),
                ("cgroup v1", os.path.join(CGROUPS, "cpu"),
                 {"cpu.cfs_period_us": str(self.PERIOD_MICROSECONDS), "cpu.cfs_quota_us": str(quota)})):
            folder = f"{base}/entente-overload-{os.getpid()}"
            try:
                os.mkdir(folder)
                self.folder = folder
                for file, value in {**settings, "cgroup.procs": str(pid)}.items():
                    self.write(f"{folder}/{file}", value)
                self.kind = kind
                return
            except OSError:
                if self.folder:
                    os.rmdir(folder)
                    self.folder = None
        self.kind, self.is_over = "SIGSTOP", threading.Event()
        self.thread = threading.Thread(target=self.stop_and_go, daemon=True)
        self.thread.start()

    @staticmethod
    def write(path, value):
        # Never made here: a file that is not there is a right that we do not have.
        with open(path, "r+", encoding="ascii") as file:
            file.write(value)

    def stop_and_go(self):
        period = self.PERIOD_MICROSECONDS / 1e6
        while not self.is_over.is_set():
            os.kill(self.pid, signal.SIGSTOP)
            self.is_over.wait(period * (1 - self.share))
            os.kill(self.pid, signal.SIGCONT)
            time.sleep(period * self.share)

    def end(self):
        if self.kind == "SIGSTOP":
            self.is_over.set()
            self.thread.join()
            return
        self.write(f"{os.path.dirname(self.folder)}/cgroup.procs", str(self.pid))
        os.rmdir(self.folder)


class User:
    """One registered user on a connection of its own."""

    def __init__(self, generator, user):
        self.generator, self.user = generator, user
        client = Client(generator.address, generator.server, generator.root)
        status, head = client.register(user, generator.domain, password(user), contact=f"sip:{user}@client.invalid;transport=tls")
        if status != 200:
            raise RuntimeError(f"{user} is not registered: {head.splitlines()[0]}")
        self.socket, self.buffer, self.output, self.partial = client.socket, client.buffer, b"", None
        self.socket.setblocking(False)
        self.receiver = self.rate = self.window = None
        self.due, self.number, self.sent = 0.0, 0, collections.OrderedDict()
        self.selector_key = generator.selector.register(self.socket, selectors.EVENT_READ, self)

    @property
    def kind(self):
        return self.user.rstrip("0123456789")

    def writes_to(self, receiver, rate=None):
        self.receiver, self.rate = receiver, rate
        self.template = (
            f"MESSAGE sip:{receiver}@{self.generator.domain} SIP/2.0\r\nVia: SIP/2.0/TLS client.invalid;branch=z9hG4bK%s\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:{self.user}@{self.generator.domain}>;tag=1\r\n"
            f"To: <sip:{receiver}@{self.generator.domain}>\r\nCall-ID: %s\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n")

    def pace(self, now, seconds):
        """Writes what is due after `seconds` more."""
        if self.window:
            count = self.window - len(self.sent)
        elif self.rate:
            self.due = min(self.due + seconds * self.rate, self.rate)
            count = int(self.due)
            self.due -= count
        else:
            return
        if count <= 0:
            return
        self.generator.count(self, "offered", count)
        pieces = []
        for _ in range(count if len(self.output) < WAITING_BYTES_MAX else 0):
            self.number += 1
            name = f"{self.user}x{self.number}"
            self.sent[name] = now
            pieces.append(self.template % (name, name))
        while len(self.sent) > REMEMBERED_MAX:
            self.sent.popitem(last=False)
        self.output += "".join(pieces).encode()
        self.flush()

    def flush(self):
        try:
            while self.output:
                # OpenSSL wants the same octets again that it did not take.
                self.partial = self.partial or self.output[:16_384]
                count = self.socket.send(self.partial)
                self.output, self.partial = self.output[count:], None
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            pass

    def read(self, now):
        try:
            while chunk := self.socket.recv(65_536):
                self.buffer += chunk
                if len(chunk) < 16_384:
                    break
            else:
                raise ConnectionError(f"the server closed the connection of {self.user}")
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        *messages, self.buffer = self.buffer.split(b"\r\n\r\n")
        for message in messages:
            if message.startswith(b"SIP/2.0 "):
                self.answered(message, now)
            elif message.startswith(b"MESSAGE "):
                self.output += response(message.decode() + "\r\n", 200, "OK").encode()
        self.flush()

    def answered(self, message, now):
        status = message[8:11]
        if status < b"200":
            return
        name = message.split(b"branch=z9hG4bK", 1)[1].split(b"\r\n", 1)[0].split(b";", 1)[0].decode()
        begin = self.sent.pop(name, None)
        if status == b"200":
            self.generator.count(self, "answers")
            if self.kind == "modest" and begin is not None:
                self.generator.times.append(now - begin)
        elif status == b"503":
            self.generator.count(self, "refused")
            if b"\r\nRetry-After: " not in message:
                self.generator.count(self, "without_retry_after")
        else:
            raise RuntimeError(f"{self.user} was answered {message.splitlines()[0]}")

    def close(self):
        self.rate = self.window = None
        self.generator.selector.unregister(self.socket)
        self.generator.users.remove(self)
        self.socket.close()


class Generator:
    """All users, and what was counted since the last part began."""

    def __init__(self, address, server, root, domain, pid):
        self.address, self.server, self.root, self.domain, self.pid = address, server, root, domain, pid
        self.selector, self.users = selectors.DefaultSelector(), []
        self.counts, self.times = collections.Counter(), []

    def client(self, user):
        self.users.append(User(self, user))
        return self.users[-1]

    def count(self, user, what, number=1):
        self.counts[what] += number
        self.counts[f"{user.kind}_{what}"] += number

    def run(self, seconds):
        """Goes on for so long, and returns what was counted meanwhile."""
        self.counts, self.times = collections.Counter(), []
        begin, cpu = time.monotonic(), self.cpu_seconds()
        last = begin
        while (now := time.monotonic()) < begin + seconds:
            for user in self.users:
                user.pace(now, now - last)
            last = now
            for key, _ in self.selector.select(TICK_SECONDS):
                key.data.read(time.monotonic())
            for user in self.users:
                if user.output:
                    user.flush()
            time.sleep(max(0, TICK_SECONDS / 4 - (time.monotonic() - now)))
        return collections.defaultdict(int, {
            **self.counts, "times": self.times, "seconds": time.monotonic() - begin,
            "cpu": max(self.cpu_seconds() - cpu, 1e-9), "rss": self.rss_bytes()})

    def unanswered(self, kind, older):
        """Requests of these users that wait longer than so many seconds."""
        now = time.monotonic()
        return sum(now - begin > older for user in self.users if user.kind == kind for begin in user.sent.values())

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_bytes(self):
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def metrics(self, host):
        """What the server itself has counted of overload."""
        with urllib.request.urlopen(f"http://{host}:9464/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines
                if line.startswith(("entente_overload", "entente_requests_refused"))}
