"""A SIP client over TLS, as much of one as the rows need: it registers and sees its connection end."""

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

    def exchange(self, request):
        """Sends one request and returns status and head of its final response; nothing here has a body."""
        self.socket.sendall(request.encode())
        while True:
            while b"\r\n\r\n" not in self.buffer:
                chunk = self.socket.recv(65536)
                if not chunk:
                    raise ConnectionError("closed")
                self.buffer += chunk
            head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
            text = head.decode()
            status = int(text.split(" ", 2)[1])
            if status >= 200:
                return status, text

    def register(self, user, domain, password, contact=None):
        """REGISTER with `contact`, or a query without one; answers one challenge. Returns status and head."""
        call, tag = os.urandom(8).hex(), os.urandom(4).hex()
        authorization = ""
        for number in (1, 2):
            lines = [
                f"REGISTER sip:{domain} SIP/2.0",
                f"Via: SIP/2.0/TLS client.invalid;branch=z9hG4bK{os.urandom(8).hex()}",
                "Max-Forwards: 70", f"From: <sip:{user}@{domain}>;tag={tag}", f"To: <sip:{user}@{domain}>",
                f"Call-ID: {call}", f"CSeq: {number} REGISTER"]
            if contact:
                lines += [f"Contact: <{contact}>", "Expires: 3600"]
            if authorization:
                lines.append(authorization)
            status, head = self.exchange("\r\n".join(lines + ["Content-Length: 0", "", ""]))
            challenge = re.search(r"(?mi)^WWW-Authenticate: Digest (.*)$", head)
            if status != 401 or authorization or not challenge:
                return status, head
            authorization = answer(user, password, f"sip:{domain}", challenge.group(1))
        return status, head


def answer(user, password, uri, challenge):
    """RFC 7616 §3.4: the response with qop=auth, in the algorithm that was asked for."""
    fields = dict(re.findall(r'([\w-]+)="?([^",]+)"?', challenge))
    algorithm = fields.get("algorithm", "MD5").strip()
    hashing = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[algorithm]

    def digest(text):
        return hashing(text.encode()).hexdigest()

    cnonce = os.urandom(6).hex()
    secret = digest(f"{user}:{fields['realm']}:{password}")
    response = digest(f"{secret}:{fields['nonce']}:00000001:{cnonce}:auth:{digest('REGISTER:' + uri)}")
    return (f'Authorization: Digest username="{user}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", uri="{uri}", '
            f'algorithm={algorithm}, qop=auth, nc=00000001, cnonce="{cnonce}", response="{response}"')
