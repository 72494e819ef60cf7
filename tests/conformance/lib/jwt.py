"""NATS JWTs: ed25519-nkey tokens for operator, account and user claims."""

import base64
import hashlib
import json
import time

HEADER = {"typ": "JWT", "alg": "ed25519-nkey"}


def _encode(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def encode_jwt(issuer, subject, nats, name="", **claims):
    """A signed token. `issuer`: KeyPair; `subject`: public nkey; `nats`: the `nats` claim (with "type";
    "version" 2 is added); more top-level claims (exp, nbf, aud, iat) by keyword."""
    body = {"iat": int(time.time()), "iss": issuer.public, "name": name, "sub": subject,
            "nats": dict({"version": 2}, **nats)}
    body.update(claims)
    digest = hashlib.sha256(json.dumps(body).encode()).digest()
    body["jti"] = base64.b32encode(digest).decode().rstrip("=")
    text = "%s.%s" % (_encode(json.dumps(HEADER).encode()), _encode(json.dumps(body).encode()))
    return "%s.%s" % (text, _encode(issuer.sign(text)))


def decode_jwt(token):
    """The claims of a token, unverified."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
