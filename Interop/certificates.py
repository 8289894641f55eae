"""Certificates of every wrong kind, made with `openssl` alone."""

import os
import re
import subprocess

CA_CONFIGURATION = """
[ca]
default_ca = here
[here]
new_certs_dir = {work}
database = {work}/{name}.index
rand_serial = yes
default_md = sha256
default_days = 5
policy = anything
unique_subject = no
copy_extensions = none
[anything]
commonName = optional
"""


def openssl(*arguments, given=None, check=True):
    done = subprocess.run(["openssl", *arguments], input=given, capture_output=True, timeout=30, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def blocks(text):
    return re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", text, re.S)


class Maker:
    """Mints leaves below a CA whose certificate and key are files."""

    def __init__(self, work, name, certificate, key, chain=""):
        self.work, self.name, self.certificate, self.key, self.chain = work, name, certificate, key, chain
        self.count = 0
        open(f"{work}/{name}.index", "w", encoding="ascii").close()
        with open(f"{work}/{name}.cnf", "w", encoding="ascii") as file:
            file.write(CA_CONFIGURATION.format(work=work, name=name))

    @classmethod
    def fresh(cls, work, name):
        """A CA of nobody's."""
        key = new_key(f"{work}/{name}.key")
        certificate = f"{work}/{name}.pem"
        openssl("req", "-x509", "-new", "-key", key, "-days", "30", "-subj", f"/CN={name}", "-out", certificate,
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        return cls(work, name, certificate, key)

    def leaf(self, names, key, subject="rogue", usage="serverAuth,clientAuth,1.3.6.1.5.5.7.3.20", start=None, end=None):
        """A chain file: a leaf for the key, with these subject alternative names, and the certificates above it."""
        self.count += 1
        stem = f"{self.work}/{self.name}-{self.count}"
        openssl("req", "-new", "-key", key, "-subj", f"/CN={subject}", "-out", stem + ".csr")
        lines = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature",
                 "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid", "extendedKeyUsage=" + usage]
        if names:
            lines.append("subjectAltName=" + ",".join(names))
        with open(stem + ".ext", "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
        dates = []
        if start:
            dates += ["-startdate", start]
        if end:
            dates += ["-enddate", end]
        openssl("ca", "-batch", "-notext", "-config", f"{self.work}/{self.name}.cnf", "-cert", self.certificate,
                "-keyfile", self.key, "-in", stem + ".csr", "-extfile", stem + ".ext", "-out", stem + ".crt", *dates)
        with open(stem + ".crt", encoding="ascii") as file:
            leaf = blocks(file.read())[0]
        with open(stem + ".pem", "w", encoding="ascii") as file:
            file.write(leaf + "\n" + self.chain)
        return stem + ".pem"


def new_key(path):
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)
    os.chmod(path, 0o600)
    return path


def self_signed(path, key, name):
    openssl("req", "-x509", "-new", "-key", key, "-days", "5", "-subj", "/CN=" + name, "-out", path,
            "-addext", "subjectAltName=DNS:" + name)
    return path


def public_key(key):
    """SubjectPublicKeyInfo of a private key, DER."""
    return openssl("pkey", "-in", key, "-pubout", "-outform", "DER")


def options(chain, key):
    """The arguments that make s_client or s_server present a chain file: the leaf once, then what is above it."""
    with open(chain, encoding="ascii") as file:
        parts = blocks(file.read())
    with open(chain + ".above", "w", encoding="ascii") as file:
        file.write("".join(parts[1:]))
    return ["-cert", chain, "-key", key] + (["-cert_chain", chain + ".above"] if len(parts) > 1 else [])


def pem(der):
    return openssl("x509", "-inform", "DER", given=der).decode()


def serial_of(chain):
    return openssl("x509", "-in", chain, "-noout", "-serial").decode().strip().split("=")[1].lower()


def shown_chain(address):
    """The chain that a listener presents, as PEM blocks."""
    done = subprocess.run(["openssl", "s_client", "-connect", address, "-showcerts"], input=b"", capture_output=True,
                          timeout=10, check=False)
    return blocks(done.stdout.decode(errors="replace"))
