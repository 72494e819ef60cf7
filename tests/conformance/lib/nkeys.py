"""Nkeys: ed25519 keys in the base32 form NATS uses. Slow and not constant-time: for tests only."""

import base64
import hashlib
import os

FIELD = 2 ** 255 - 19
ORDER = 2 ** 252 + 27742317777372353535851937790883648493
CURVE_D = (-121665 * pow(121666, FIELD - 2, FIELD)) % FIELD

# Public prefix bytes: the first letter of the base32 text.
PREFIXES = {"U": 20 << 3, "A": 0, "O": 14 << 3, "N": 13 << 3, "C": 2 << 3, "X": 23 << 3}
PREFIX_SEED = 18 << 3


def _recover_x(y):
    xx = (y * y - 1) * pow(CURVE_D * y * y + 1, FIELD - 2, FIELD) % FIELD
    x = pow(xx, (FIELD + 3) // 8, FIELD)
    if (x * x - xx) % FIELD:
        x = x * pow(2, (FIELD - 1) // 4, FIELD) % FIELD
    return FIELD - x if x & 1 else x


BASE_Y = 4 * pow(5, FIELD - 2, FIELD) % FIELD
BASE_X = _recover_x(BASE_Y)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % FIELD)


def _add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % FIELD
    b = (p[1] + p[0]) * (q[1] + q[0]) % FIELD
    c = 2 * p[3] * q[3] * CURVE_D % FIELD
    d = 2 * p[2] * q[2] % FIELD
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % FIELD, g * h % FIELD, f * g % FIELD, e * h % FIELD


def _multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _add(point, point)
        scalar >>= 1
    return result


def _compress(point):
    inverse = pow(point[2], FIELD - 2, FIELD)
    x, y = point[0] * inverse % FIELD, point[1] * inverse % FIELD
    return (y | ((x & 1) << 255)).to_bytes(32, "little")


def _number(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % ORDER


def crc16(data):
    """CRC-16/XMODEM."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def encode(data):
    """Bytes with their checksum as base32 without padding."""
    return base64.b32encode(data + crc16(data).to_bytes(2, "little")).decode().rstrip("=")


def decode(text):
    """The inverse of `encode`; ValueError when the checksum is wrong."""
    raw = base64.b32decode(text + "=" * (-len(text) % 8))
    if crc16(raw[:-2]).to_bytes(2, "little") != raw[-2:]:
        raise ValueError("checksum of nkey")
    return raw[:-2]


class KeyPair:
    """`kind`: "U" user, "A" account, "O" operator, "N" server. `public`: the public nkey; `seed`: `S...`."""

    def __init__(self, kind="U", raw=None):
        self.kind = kind
        self.raw = raw or os.urandom(32)
        digest = hashlib.sha512(self.raw).digest()
        scalar = int.from_bytes(digest[:32], "little")
        self._scalar = (scalar & ((1 << 254) - 8)) | (1 << 254)
        self._prefix = digest[32:]
        self.public_raw = _compress(_multiply(self._scalar, BASE))
        prefix = PREFIXES[kind]
        self.public = encode(bytes([prefix]) + self.public_raw)
        head = bytes([PREFIX_SEED | (prefix >> 5), (prefix & 31) << 3])
        self.seed = encode(head + self.raw)

    @classmethod
    def from_seed(cls, seed):
        """Key pair of an `S...` seed."""
        data = decode(seed)
        prefix = ((data[0] & 7) << 5) | (data[1] >> 3)
        kind = next(letter for letter, value in PREFIXES.items() if value == prefix)
        return cls(kind, data[2:])

    def sign(self, data):
        """64-byte ed25519 signature."""
        data = data.encode() if isinstance(data, str) else data
        nonce = _number(self._prefix, data)
        point = _compress(_multiply(nonce, BASE))
        challenge = _number(point, self.public_raw, data)
        return point + ((nonce + challenge * self._scalar) % ORDER).to_bytes(32, "little")

    def sign_nonce(self, nonce):
        """Signature of INFO's nonce as CONNECT's `sig` wants it (base64url without padding)."""
        return base64.urlsafe_b64encode(self.sign(nonce)).decode().rstrip("=")
