"""An organisation of its own in a temporary folder, with servers that are started, killed and looked at: as `entente init` and
`entente node` make it, each server `entente serve` in a process of its own."""

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from network import Server

DOMAIN = "example.org"
FRONT = "sip." + DOMAIN
EDGE = "edge1." + DOMAIN
START_SECONDS = 30
STOP_SECONDS = 20
SIP_PORT = 5061


def password(user):
    return "pw-" + user


def free_host():
    """A loopback address of nobody's. Connections leave from 127.0.0.1, so none takes a port there while a server is down."""
    while True:
        host = f"127.{random.SystemRandom().randrange(64, 255)}.{random.SystemRandom().randrange(256)}.1"
        try:
            socket.create_server((host, SIP_PORT)).close()
            return host
        except OSError:
            continue


class Node:
    """One server: its folder, and its process while it runs."""

    def __init__(self, organisation, name, roles, folder, address, metrics):
        self.organisation, self.name, self.folder, self.address = organisation, name, folder, address
        self.server = Server({"name": name, "roles": roles, "pid": 0, "addresses": {
            "internal": address, "metrics": metrics, "admin_socket": folder + "/admin.sock"}}, organisation)
        self.log = f"{organisation.logs}/{name}.log"
        self.process = None

    def serve(self, seconds=START_SECONDS, environment=None):
        """Starts the server and waits until it serves. Returns the seconds that this took."""
        begin = time.monotonic()
        with open(self.log, "ab") as log:
            start = log.tell()
            self.process = subprocess.Popen([self.organisation.program, "serve", "--dir", self.folder], stderr=log,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                            env={**os.environ, **(environment or {})})
        while time.monotonic() < begin + seconds:
            if any('"event":"serving"' in line for line in self.said(start)):
                return time.monotonic() - begin
            if self.process.poll() is not None:
                break
            time.sleep(0.002)
        raise RuntimeError(f"{self.name} did not start: {' '.join(self.said(start)[-5:])}")

    def said(self, start=0):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            log.seek(start)
            return log.read().splitlines()

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def stop(self):
        """SIGTERM. Returns exit code and the seconds until the process had ended."""
        begin = time.monotonic()
        if self.is_running():
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                raise RuntimeError(f"{self.name} did not end within {STOP_SECONDS} s of SIGTERM") from None
        return self.process.returncode if self.process else 0, time.monotonic() - begin

    def administration(self, method, path, body=None):
        return self.server.administration(method, path, body)

    def status(self):
        return self.administration("GET", "/status")

    def entente(self, *arguments, check=True, environment=None):
        """A command against this folder. Raises when it fails, unless `check` is false; then the caller looks at the result."""
        done = subprocess.run([self.organisation.program, *arguments, "--dir", self.folder], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120, env={**os.environ, **(environment or {})})
        if check and done.returncode != 0:
            raise RuntimeError(f"entente {' '.join(arguments)}: {done.returncode} {done.stderr.strip()}")
        return done


class Organisation:
    """A front end that is also the authority and, if asked for, an edge, below one folder."""

    def __init__(self, program, with_edge=False, below=None, synchronous="normal"):
        self.program = os.path.abspath(program)
        self.folder = tempfile.mkdtemp(prefix="entente-durability.", dir=below)
        # Not beside the servers: what they say must be read when their disk is full.
        self.logs = tempfile.mkdtemp(prefix="entente-durability-logs.")
        self.host = free_host()
        address, metrics = f"{self.host}:{SIP_PORT}", f"{self.host}:9464"
        self.front = Node(self, FRONT, ["authority", "frontEnd"], self.folder + "/front", address, metrics)
        self.front.entente("init", "--domain", DOMAIN, "--server", FRONT, "--role", "frontEnd", "--address", address,
                           "--trust", f"{self.host}:5443", "--metrics", metrics)
        self.root = self.front.folder + "/root.pem"
        self.publisher = os.path.join(self.front.folder, "offline", "publisher.pem")
        self.edge = None
        if with_edge:
            self.join_edge()
        for node in self.nodes:
            self.configure(node, synchronous)

    @property
    def nodes(self):
        return [self.front] + ([self.edge] if self.edge else [])

    @staticmethod
    def configure(node, synchronous):
        path = node.folder + "/config.yaml"
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(re.sub(r"(?m)^synchronous: \w+", "synchronous: " + synchronous, text))

    def join_edge(self):
        inside, outside, trust, metrics = (f"{self.host[:-1]}{place}" for place in ("2:5061", "3:5061", "2:5443", "2:9464"))
        self.edge = Node(self, EDGE, ["edge"], self.folder + "/edge", outside, metrics)
        request, admitted = self.folder + "/edge.request", self.folder + "/edge.admitted"
        self.edge.entente("node", "request", EDGE, "--role", "edge", "--address", inside, "--external", outside,
                          "--trust", trust, "-o", request)
        self.front.serve()
        self.front.entente("node", "admit", request, "-o", admitted)
        root_hash = self.front.status()["root_hash"]
        self.front.stop()
        self.edge.entente("node", "accept", admitted, "--root-hash", root_hash, "--metrics", metrics)

    def serve(self):
        """Starts what does not run. Returns the longest time that a server took."""
        return max((node.serve() for node in self.nodes if not node.is_running()), default=0)

    def import_users(self, users):
        listing = self.folder + "/users.csv"
        with open(listing, "w", encoding="ascii") as file:
            file.write("name,password\n" + "".join(f"{user},{password(user)}\n" for user in users))
        self.front.entente("user", "import", listing)

    def close(self):
        for node in self.nodes:
            if node.is_running():
                node.kill()
        if not os.environ.get("KEEP"):
            for folder in (self.folder, self.logs):
                shutil.rmtree(folder, ignore_errors=True)


class Rows:
    """What the rows of a script observed: printed as they end, written as JSON at the end."""

    def __init__(self):
        self.rows, self.begin = [], time.monotonic()

    def run(self, name, row):
        """Runs one row; `row` returns what to print and, if it likes, a dictionary of figures. A row that raises `Skip` is
        counted as not run, with its reason."""
        begin, figures = time.monotonic(), {}
        try:
            verdict, observed = "OK  ", row()
            if isinstance(observed, tuple):
                observed, figures = observed
        except Skip as reason:
            verdict, observed = "SKIP", str(reason)
        except (AssertionError, RuntimeError, OSError, KeyError, IndexError, AttributeError, TypeError, ValueError,
                subprocess.SubprocessError) as problem:
            verdict, observed = "FAIL", f"{type(problem).__name__}: {problem}"
        self.rows.append({"row": name, "verdict": verdict.strip(), "observed": observed, **figures,
                          "seconds": round(time.monotonic() - begin, 1)})
        print(f"{verdict} {name:34} {observed}", flush=True)

    def finish(self, file, **facts):
        """Prints the tally, writes it to `file` if there is one, and returns the exit code."""
        count = {verdict: sum(row["verdict"] == verdict for row in self.rows) for verdict in ("OK", "FAIL", "SKIP")}
        if file:
            with open(file, "w", encoding="utf-8") as out:
                json.dump({"schema_version": 1, **facts, "seconds": round(time.monotonic() - self.begin, 1), **count,
                           "rows": self.rows}, out, indent=1)
                out.write("\n")
        print(f"{'FAIL' if count['FAIL'] else 'OK'}: {count['OK']} rows good, {count['FAIL']} failed, {count['SKIP']} not run")
        return 3 if count["FAIL"] else 0


class Skip(Exception):
    """A row that cannot be run here, and why."""
