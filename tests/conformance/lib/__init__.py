"""Library of the black-box conformance suite (Python 3.9+, standard library only).

A test module needs one line: `from lib import *`.
"""

from .bcrypt import bcrypt_hash
from .check import Failure, Skip, check, eq, fail, lasts, matches, near, poll, wait_until
from .client import Client, Frame, headers_of
from .jetstream import JetStream, jetstream
from .jwt import decode_jwt, encode_jwt
from .nkeys import KeyPair
from .registry import test
from .server import ReloadFailed, Server, StartFailed, run_binary
from .tls import Certs, client_context

__all__ = [
    "Certs", "Client", "Failure", "Frame", "JetStream", "KeyPair", "ReloadFailed", "Server", "Skip", "StartFailed",
    "bcrypt_hash", "check", "client_context", "decode_jwt", "encode_jwt", "eq", "fail", "headers_of", "jetstream",
    "lasts", "matches", "near", "poll", "run_binary", "test", "wait_until",
]
