"""A SIP client over TLS, as much of one as the rows need: it registers and sees its connection end."""

import base64
import hashlib
import os
import re
import socket
import ssl


class Client:
    """One TLS connection that registers users, each with a challenge of its own."""

    def __init__(self, address, server, root):
        context = ssl.create_default_context(cafile=root)
        host, port = address.rsplit(":", 1)
        self.socket = context.wrap_socket(socket.create_connection((host, int(port)), timeout=10), server_hostname=server)
        self.buffer = b""

    def close(self):
        self.socket.close()

    def ended(self, seconds):
        """Whether the other side closes within the time; what it sends before is dropped."""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True

    def read(self):
        """The next message, as head and body."""
        while b"\r\n\r\n" not in self.buffer:
            self.receive()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        text = head.decode()
        length = re.search(r"(?mi)^(?:Content-Length|l)[ \t]*:\s*(\d+)", text)
        while len(self.buffer) < int(length.group(1) if length else 0):
            self.receive()
        count = int(length.group(1) if length else 0)
        body, self.buffer = self.buffer[:count], self.buffer[count:]
        return text, body

    def receive(self):
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionError("closed")
        self.buffer += chunk

    def exchange(self, request):
        """Sends one request and returns status and head of its final response."""
        self.socket.sendall(request.encode())
        while True:
            text, _ = self.read()
            status = int(text.split(" ", 2)[1]) if text.startswith("SIP/2.0 ") else 0
            if status >= 200:
                return status, text

    def message(self, user, domain, receiver, text):
        """RFC 3428: a MESSAGE to `receiver`, user@domain, from a user that this connection has proven. Returns status and head."""
        return self.exchange("\r\n".join([
            f"MESSAGE sip:{receiver} SIP/2.0", f"Via: SIP/2.0/TLS client.invalid;branch=z9hG4bK{os.urandom(8).hex()}",
            "Max-Forwards: 70", f"From: <sip:{user}@{domain}>;tag={os.urandom(4).hex()}", f"To: <sip:{receiver}>",
            f"Call-ID: {os.urandom(8).hex()}", "CSeq: 1 MESSAGE", "Content-Type: text/plain", f"Content-Length: {len(text)}",
            "", text]))

    def answer_messages(self, note):
        """Answers each MESSAGE that comes in with 200, after `note` was given its text. Ends with the connection."""
        self.socket.settimeout(None)
        while True:
            head, body = self.read()
            if head.startswith("MESSAGE "):
                note(body.decode())
                self.socket.sendall(response(head, 200, "OK").encode())

    def register(self, user, domain, password, contact=None, supported=None, expires=3600):
        """REGISTER with `contact`, or a query without one; `supported` is an option tag; answers one challenge. Returns status and head."""
        call, tag = os.urandom(8).hex(), os.urandom(4).hex()
        authorization = ""
        for number in (1, 2):
            lines = [
                f"REGISTER sip:{domain} SIP/2.0",
                f"Via: SIP/2.0/TLS client.invalid;branch=z9hG4bK{os.urandom(8).hex()}",
                "Max-Forwards: 70", f"From: <sip:{user}@{domain}>;tag={tag}", f"To: <sip:{user}@{domain}>",
                f"Call-ID: {call}", f"CSeq: {number} REGISTER"]
            if contact:
                lines += [f"Contact: <{contact}>", f"Expires: {expires}"]
            if supported:
                lines.append(f"Supported: {supported}")
            if authorization:
                lines.append(authorization)
            status, head = self.exchange("\r\n".join(lines + ["Content-Length: 0", "", ""]))
            challenge = re.search(r"(?mi)^WWW-Authenticate: Digest (.*)$", head)
            if status != 401 or authorization or not challenge:
                return status, head
            authorization = answer(user, password, f"sip:{domain}", challenge.group(1))
        return status, head

    def invite(self, user, domain, callee):
        """A call with an SRTP offer to `callee`, user@domain, from a user that this connection has proven; for refusals:
        what comes back is acknowledged as RFC 3261 §17.1.1.3 says. Returns status and head."""
        body = "\r\n".join([
            "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", "m=audio 9 RTP/SAVP 0",
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + base64.b64encode(os.urandom(30)).decode(), ""])
        fixed = [
            f"Via: SIP/2.0/TLS client.invalid;branch=z9hG4bK{os.urandom(8).hex()}", "Max-Forwards: 70",
            f"From: <sip:{user}@{domain}>;tag={os.urandom(4).hex()}", f"Call-ID: {os.urandom(8).hex()}"]
        status, head = self.exchange("\r\n".join(
            [f"INVITE sip:{callee} SIP/2.0", *fixed, f"To: <sip:{callee}>", "CSeq: 1 INVITE",
             f"Contact: <sip:{user}@client.invalid;transport=tls>", "Content-Type: application/sdp",
             f"Content-Length: {len(body)}", "", body]))
        to = re.search(r"(?mi)^To: (.*)$", head).group(1).strip()
        self.socket.sendall("\r\n".join(
            [f"ACK sip:{callee} SIP/2.0", *fixed, f"To: {to}", "CSeq: 1 ACK", "Content-Length: 0", "", ""]).encode())
        return status, head


def response(request, status, reason):
    """RFC 3261 §8.2.6: a response without a body to the request of this head."""
    copied = re.findall(r"(?mi)^(?:(?:Via|v|From|f|Call-ID|i|CSeq|Record-Route)[ \t]*:.*)$", request)
    to = re.search(r"(?mi)^(?:To|t)[ \t]*:.*$", request).group(0).rstrip()
    tag = "" if ";tag=" in to else ";tag=" + os.urandom(4).hex()
    return "\r\n".join([f"SIP/2.0 {status} {reason}", *(line.rstrip() for line in copied), to + tag, "Content-Length: 0", "", ""])


def answer(user, password, uri, challenge, method="REGISTER", line="Authorization"):
    """RFC 7616 §3.4: the response with qop=auth, in the algorithm that was asked for, as a header line."""
    fields = dict(re.findall(r'([\w-]+)="?([^",]+)"?', challenge))
    algorithm = fields.get("algorithm", "MD5").strip()
    hashing = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[algorithm]

    def digest(text):
        return hashing(text.encode()).hexdigest()

    cnonce = os.urandom(6).hex()
    secret = digest(f"{user}:{fields['realm']}:{password}")
    response = digest(f"{secret}:{fields['nonce']}:00000001:{cnonce}:auth:{digest(method + ':' + uri)}")
    return (f'{line}: Digest username="{user}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", uri="{uri}", '
            f'algorithm={algorithm}, qop=auth, nc=00000001, cnonce="{cnonce}", response="{response}"')
