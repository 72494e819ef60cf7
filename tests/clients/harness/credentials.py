"""Certificates, nkeys and JWTs for one run, made with the `openssl` command (3.0 or newer)."""

import base64
import json
import os
import subprocess
import time

# First byte of an nkey before base32, by what the key is for; it becomes the first letter of the text.
NKEY_PREFIX = {"O": 14 << 3, "A": 0, "U": 20 << 3}
NKEY_PREFIX_SEED = 18 << 3
DAYS_VALID = "2"
NAMES_OF_SERVER = "DNS:localhost,IP:127.0.0.1,IP:::1"


def openssl(*arguments, data=None):
    """Standard output of an openssl command; RuntimeError with its complaint when it fails."""
    done = subprocess.run(["openssl", *arguments], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise RuntimeError("openssl %s: %s" % (arguments[0], done.stderr.decode(errors="replace").strip()))
    return done.stdout


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def crc16(data):
    """CRC-16/XMODEM, the checksum at the end of an nkey."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


class Nkey:
    """A key pair. `public` and `seed` are the base32 texts NATS uses."""

    def __init__(self, kind, directory, name):
        self._path = os.path.join(directory, name + ".key")
        self._message = os.path.join(directory, name + ".message")
        private = openssl("genpkey", "-algorithm", "ed25519", "-outform", "DER")[-32:]
        # PKCS #8 of an Ed25519 key is a fixed prefix and the 32 bytes.
        der = bytes.fromhex("302e020100300506032b657004220420") + private
        with open(self._path, "wb") as out:
            out.write(openssl("pkey", "-inform", "DER", data=der))
        public = openssl("pkey", "-in", self._path, "-pubout", "-outform", "DER")[-32:]
        prefix = NKEY_PREFIX[kind]
        self.public = self._encode(bytes([prefix]) + public)
        self.seed = self._encode(bytes([NKEY_PREFIX_SEED | prefix >> 5, (prefix & 31) << 3]) + private)

    @staticmethod
    def _encode(data):
        return base64.b32encode(data + crc16(data).to_bytes(2, "little")).decode().rstrip("=")

    def sign(self, text):
        with open(self._message, "wb") as out:
            out.write(text.encode())
        return openssl("pkeyutl", "-sign", "-inkey", self._path, "-rawin", "-in", self._message)


def jwt(issuer, subject, name, claims):
    """A version 2 NATS token. `issuer`: Nkey; `subject`: public key; `claims`: the `nats` object."""
    header = {"typ": "JWT", "alg": "ed25519-nkey"}
    body = {"iat": int(time.time()), "iss": issuer.public, "jti": base64.b32encode(os.urandom(20)).decode(),
            "name": name, "sub": subject, "nats": dict(claims, version=2)}
    text = "%s.%s" % (base64url(json.dumps(header).encode()), base64url(json.dumps(body).encode()))
    return "%s.%s" % (text, base64url(issuer.sign(text)))


def creds(token, user):
    """The text of a creds file: a user's token and seed."""
    return ("-----BEGIN NATS USER JWT-----\n%s\n------END NATS USER JWT------\n\n"
            "-----BEGIN USER NKEY SEED-----\n%s\n------END USER NKEY SEED------\n" % (token, user.seed))


class Credentials:
    """Everything a run needs, as files in one directory.

    `config`: what the templates in configs/ may name as @NAME@. `environment`: what suites find in theirs.
    """

    def __init__(self, directory):
        self._dir = directory
        os.makedirs(directory, exist_ok=True)
        self._authority("ca")
        self._authority("other-ca")
        self._certificate("server", "serverAuth", "subjectAltName=%s\n" % NAMES_OF_SERVER)
        self._certificate("client", "clientAuth", "")
        listed, stranger = (self._nkey("U", name) for name in ("nkey", "stranger"))
        operator, account, other_account = (self._nkey(*key) for key in (
            ("O", "operator"), ("A", "account"), ("A", "other-account")))
        self._users(account, other_account)
        limits = {"subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": True,
                  "conn": -1, "leaf": -1}
        self.config = {
            "CA": self._path("ca.pem"),
            "SERVER_CERT": self._path("server.pem"),
            "SERVER_KEY": self._path("server-key.pem"),
            "NKEY_PUBLIC": listed.public,
            "OPERATOR_JWT": jwt(operator, operator.public, "operator", {"type": "operator"}),
            "ACCOUNT": account.public,
            "ACCOUNT_JWT": jwt(operator, account.public, "account", {
                "type": "account", "limits": limits, "default_permissions": {"pub": {}, "sub": {}}}),
        }
        self.environment = {
            "CLIENT_TEST_CA": self._path("ca.pem"),
            "CLIENT_TEST_OTHER_CA": self._path("other-ca.pem"),
            "CLIENT_TEST_CERT": self._path("client.pem"),
            "CLIENT_TEST_KEY": self._path("client-key.pem"),
            "CLIENT_TEST_NKEY": listed.public,
            "CLIENT_TEST_NKEY_SEED": self._path("nkey.seed"),
            "CLIENT_TEST_STRANGER": stranger.public,
            "CLIENT_TEST_STRANGER_SEED": self._path("stranger.seed"),
            "CLIENT_TEST_CREDS": self._path("user.creds"),
            "CLIENT_TEST_STRANGER_CREDS": self._path("stranger.creds"),
        }

    def _path(self, name):
        return os.path.join(self._dir, name)

    def _write(self, name, text):
        with open(self._path(name), "w", encoding="utf-8") as out:
            out.write(text)

    def _authority(self, name):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", DAYS_VALID, "-subj", "/O=Client suites/CN=%s" % name,
                "-keyout", self._path(name + "-key.pem"), "-out", self._path(name + ".pem"),
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def _certificate(self, name, usage, more):
        self._write(name + ".ext", "basicConstraints=CA:FALSE\nextendedKeyUsage=%s\n%s" % (usage, more))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", "/O=Client suites/CN=%s" % name,
                "-keyout", self._path(name + "-key.pem"), "-out", self._path(name + ".csr"))
        openssl("x509", "-req", "-in", self._path(name + ".csr"), "-CA", self._path("ca.pem"),
                "-CAkey", self._path("ca-key.pem"), "-CAcreateserial", "-days", DAYS_VALID,
                "-extfile", self._path(name + ".ext"), "-out", self._path(name + ".pem"))

    def _nkey(self, kind, name):
        key = Nkey(kind, self._dir, name)
        self._write(name + ".seed", key.seed + "\n")
        return key

    def _users(self, account, other_account):
        """user.creds is signed by the account the server knows, stranger.creds by one it does not."""
        claims = {"type": "user", "pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1}
        for name, issuer in (("user", account), ("stranger", other_account)):
            user = Nkey("U", self._dir, "jwt-" + name)
            self._write(name + ".creds", creds(jwt(issuer, user.public, name, claims), user))
