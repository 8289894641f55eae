"""A softphone that behaves: it keeps its connection, registers again after it was lost, answers what comes in, and remembers what it
was told. Many of them run in one asyncio loop."""

import asyncio
import base64
import itertools
import os
import re
import ssl
import time

from client import answer, response

# RFC 3261 §17.1.1.2 and §17.1.2.2: timers B and F.
TRANSACTION_SECONDS = 32
# RFC 5626 §4.5: how long a phone waits before it tries again, here from the first failure on.
RETRY_SECONDS = (0.25, 4)
# RFC 5626 §4.4.1: an answer that does not come within ten seconds means that the flow has failed.
PONG_SECONDS = 10
HEAD_BYTES_MAX = 65_536
CLOSED = 0


class Phone:
    """One user at one server. `outcomes` counts the last answers to what it asked, by method and status; CLOSED where the
    connection ended before one came."""

    def __init__(self, user, domain, password, address, server, root, keep_alive=5, contexts={}):
        self.user, self.domain, self.password, self.server = user, domain, password, server
        self.aor = f"{user}@{domain}"
        self.host, port = address.rsplit(":", 1)
        self.port, self.keep_alive = int(port), keep_alive
        if root not in contexts:
            contexts[root] = ssl.create_default_context(cafile=root)
        self.context = contexts[root]
        self.contact = f"sip:{user}@client.invalid;transport=tls"
        self.instance = f"<urn:uuid:{os.urandom(16).hex()}>"
        self.call, self.sequence = os.urandom(8).hex(), itertools.count(1, 2)
        self.outcomes, self.received, self.waiting = {}, [], {}
        self.calls, self.answer = {}, ""
        self.is_bound = asyncio.Event()
        self.gaps, self.lost_at, self.ended = [], None, False
        self.reader = self.writer = self.pong = None
        self.task = None

    # The connection.

    def start(self):
        self.task = asyncio.create_task(self.live())
        return self

    async def stop(self):
        """Signs out, where there is a connection, and closes it. Nobody tells a home server of a flow behind an edge that ended."""
        self.ended = True
        if self.is_bound.is_set():
            await self.register(expires=0)
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def live(self):
        """Connects, registers and reads until it is stopped; again after each loss."""
        pause = RETRY_SECONDS[0]
        while not self.ended:
            tasks = []
            try:
                self.reader, self.writer = await asyncio.wait_for(asyncio.open_connection(
                    self.host, self.port, ssl=self.context, server_hostname=self.server), TRANSACTION_SECONDS)
                reading = asyncio.create_task(self.read())
                tasks = [reading, asyncio.create_task(self.register_and_keep())]
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                if self.is_bound.is_set():
                    pause = RETRY_SECONDS[0]
            except (OSError, asyncio.TimeoutError):
                pass
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                self.lose()
            if not self.ended:
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_SECONDS[1])

    def lose(self):
        if self.is_bound.is_set():
            self.lost_at = time.monotonic()
        self.is_bound.clear()
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("closed"))
        self.waiting.clear()
        if self.writer:
            self.writer.close()
            self.writer = None

    async def register_and_keep(self):
        status, self.answer = await self.register()
        if status != 200:
            return
        if self.lost_at:
            self.gaps.append(time.monotonic() - self.lost_at)
            self.lost_at = None
        self.is_bound.set()
        while True:
            await asyncio.sleep(self.keep_alive)
            self.pong = asyncio.get_running_loop().create_future()
            self.writer.write(b"\r\n\r\n")
            await asyncio.wait_for(self.pong, PONG_SECONDS)

    async def read(self):
        while True:
            head = b""
            while not head.strip():
                if head and self.pong and not self.pong.done():
                    self.pong.set_result(None)
                head = await self.reader.readline()
                if not head:
                    return
            try:
                head = (head + await self.reader.readuntil(b"\r\n\r\n")).decode()
            except asyncio.IncompleteReadError:
                return
            length = re.search(r"(?mi)^(?:Content-Length|l)[ \t]*:\s*(\d+)", head)
            body = await self.reader.readexactly(int(length.group(1))) if length and int(length.group(1)) else b""
            if head.startswith("SIP/2.0 "):
                self.take_response(head)
            else:
                self.take_request(head, body)

    # What comes in.

    def take_response(self, head):
        status = int(head[8:11])
        branch = re.search(r"branch=(z9hG4bK[^;,\s]+)", head).group(1)
        future = self.waiting.get(branch)
        if status >= 200 and future and not future.done():
            future.set_result((status, head))

    def take_request(self, head, body):
        method = head.split(" ", 1)[0]
        if method == "MESSAGE":
            self.received.append(body.decode())
        if method == "INVITE":
            return self.answer_call(head)
        if method == "BYE":
            self.calls.pop(field(head, "Call-ID"), None)
        if method != "ACK":
            self.send(response(head, 200, "OK"))

    def answer_call(self, head):
        reply = response(head, 200, "OK").replace("Content-Length: 0\r\n\r\n", "")
        body = description()
        self.calls[field(head, "Call-ID")] = True
        self.send(reply + f"Contact: <{self.contact}>\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}")

    def send(self, text):
        if self.writer:
            self.writer.write(text.encode())

    # What it asks.

    async def ask(self, method, request_uri, lines, body=""):
        """A request, again with the password when it is asked for. Returns status and head of the final response; CLOSED and
        nothing when the connection ended."""
        status, head = await self.ask_once(method, request_uri, lines, body)
        challenge = re.search(r"(?mi)^(WWW|Proxy)-Authenticate: Digest (.*)$", head)
        if status in (401, 407) and challenge:
            line = "Authorization" if challenge.group(1).upper() == "WWW" else "Proxy-Authorization"
            again = [f"CSeq: {int(one.split()[1]) + 1} {method}" if one.startswith("CSeq") else one for one in lines]
            again.append(answer(self.user, self.password, request_uri, challenge.group(2), method, line))
            status, head = await self.ask_once(method, request_uri, again, body)
        self.outcomes[(method, status)] = self.outcomes.get((method, status), 0) + 1
        return status, head

    async def ask_once(self, method, request_uri, lines, body):
        """One transaction."""
        branch = "z9hG4bK" + os.urandom(8).hex()
        future = asyncio.get_running_loop().create_future()
        if not self.writer:
            return CLOSED, ""
        self.waiting[branch] = future
        self.send("\r\n".join([f"{method} {request_uri} SIP/2.0", f"Via: SIP/2.0/TLS client.invalid;branch={branch}",
                               "Max-Forwards: 70", *lines, f"Content-Length: {len(body)}", "", body]))
        try:
            status, head = await asyncio.wait_for(future, TRANSACTION_SECONDS)
        except (ConnectionError, asyncio.TimeoutError) as ended:
            return CLOSED if isinstance(ended, ConnectionError) else 408, ""
        finally:
            self.waiting.pop(branch, None)
        if method == "INVITE" and status >= 300:
            # RFC 3261 §17.1.1.3.
            self.send("\r\n".join([f"ACK {request_uri} SIP/2.0", f"Via: SIP/2.0/TLS client.invalid;branch={branch}",
                                   "Max-Forwards: 70", *(line for line in lines if line.startswith(("From", "Call-ID", "Route"))),
                                   "To: " + field(head, "To"), f"CSeq: {field(head, 'CSeq').split()[0]} ACK", "Content-Length: 0", "", ""]))
        return status, head

    async def register(self, expires=3600):
        return await self.ask("REGISTER", f"sip:{self.domain}", [
            f"From: <sip:{self.aor}>;tag={os.urandom(4).hex()}", f"To: <sip:{self.aor}>", f"Call-ID: {self.call}",
            f"CSeq: {next(self.sequence)} REGISTER", "Supported: outbound, path",
            f'Contact: <{self.contact}>;+sip.instance="{self.instance}";reg-id=1', f"Expires: {expires}"])

    async def message(self, receiver, text):
        return (await self.ask("MESSAGE", f"sip:{receiver}", [
            f"From: <sip:{self.aor}>;tag={os.urandom(4).hex()}", f"To: <sip:{receiver}>", f"Call-ID: {os.urandom(8).hex()}",
            "CSeq: 1 MESSAGE", "Content-Type: text/plain"], text))[0]

    async def dial(self, receiver):
        """Calls. Returns the status, and what hang_up needs where it is 200."""
        call, tag = os.urandom(8).hex(), os.urandom(4).hex()
        lines = [f"From: <sip:{self.aor}>;tag={tag}", f"Call-ID: {call}"]
        status, head = await self.ask("INVITE", f"sip:{receiver}", [
            *lines, f"To: <sip:{receiver}>", "CSeq: 1 INVITE", f"Contact: <{self.contact}>", "Content-Type: application/sdp"],
            description())
        if status != 200:
            return status, None
        target, number = re.search(r"(?mi)^Contact: .*?<(.*?)>", head).group(1), int(field(head, "CSeq").split()[0])
        # RFC 3261 §12.1.2: the route set is the Record-Route in reverse.
        recorded = [one for line in re.findall(r"(?mi)^Record-Route: (.*)$", head) for one in re.findall(r"<.*?>[^,\s]*", line)]
        dialog = (target, number, lines + ["To: " + field(head, "To")] + [f"Route: {one}" for one in reversed(recorded)])
        self.send("\r\n".join([f"ACK {target} SIP/2.0", f"Via: SIP/2.0/TLS client.invalid;branch=z9hG4bK{os.urandom(8).hex()}",
                               "Max-Forwards: 70", *dialog[2], f"CSeq: {number} ACK", "Content-Length: 0", "", ""]))
        return status, dialog

    async def hang_up(self, dialog):
        target, number, lines = dialog
        return (await self.ask("BYE", target, [*lines, f"CSeq: {number + 1} BYE"]))[0]


def field(head, name):
    return re.search(rf"(?mi)^{name}[ \t]*:[ \t]*(.*)$", head).group(1).strip()


def description():
    """An offer or answer with SRTP."""
    return "\r\n".join([
        "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", "m=audio 9 RTP/SAVP 0",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + base64.b64encode(os.urandom(30)).decode(), ""])
