"""The ciphers of JetStream encryption (storage-format.md 9.1), plainly written for small test data.

XChaCha20-Poly1305 with XChaCha20 blocks, and AES-256-GCM (16-byte nonce) with AES-256-CTR blocks.
"""

import hashlib
import hmac
import struct

MASK = 0xffffffff


class BadTag(ValueError):
    """A sealed box was not made with this key, or was changed."""


def _xor(data, stream):
    size = len(data)
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream[:size], "big")).to_bytes(size, "big")


# -- ChaCha ---------------------------------------------------------------------------------------------

SIGMA = struct.unpack("<4I", b"expand 32-byte k")
QUARTERS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
            (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))


def _chacha_rounds(state):
    x = list(state)
    for _ in range(10):
        for a, b, c, d in QUARTERS:
            xa, xb, xc, xd = x[a], x[b], x[c], x[d]
            xa = xa + xb & MASK
            xd ^= xa
            xd = (xd << 16 | xd >> 16) & MASK
            xc = xc + xd & MASK
            xb ^= xc
            xb = (xb << 12 | xb >> 20) & MASK
            xa = xa + xb & MASK
            xd ^= xa
            xd = (xd << 8 | xd >> 24) & MASK
            xc = xc + xd & MASK
            xb ^= xc
            xb = (xb << 7 | xb >> 25) & MASK
            x[a], x[b], x[c], x[d] = xa, xb, xc, xd
    return x


def _hchacha(key, nonce16):
    x = _chacha_rounds(SIGMA + struct.unpack("<8I", key) + struct.unpack("<4I", nonce16))
    return struct.pack("<8I", *(x[:4] + x[12:]))


def _chacha_stream(key, nonce12, counter, size):
    head = SIGMA + struct.unpack("<8I", key)
    tail = struct.unpack("<3I", nonce12)
    out = []
    for block in range((size + 63) // 64):
        state = head + ((counter + block) & MASK,) + tail
        out.append(struct.pack("<16I", *((a + b) & MASK for a, b in zip(state, _chacha_rounds(state)))))
    return b"".join(out)


def xchacha20(key, nonce, data, counter=0):
    """XChaCha20 over `data` (encrypts and decrypts)."""
    return _xor(data, _chacha_stream(_hchacha(key, nonce[:16]), bytes(4) + nonce[16:], counter, len(data)))


def _poly1305(key, message):
    r = int.from_bytes(key[:16], "little") & 0x0ffffffc0ffffffc0ffffffc0fffffff
    total = 0
    for at in range(0, len(message), 16):
        total = (total + int.from_bytes(message[at:at + 16] + b"\x01", "little")) * r % ((1 << 130) - 5)
    return ((total + int.from_bytes(key[16:32], "little")) & (1 << 128) - 1).to_bytes(16, "little")


def _chacha_tag(key, nonce, sealed):
    one_time = xchacha20(key, nonce, bytes(32))
    return _poly1305(one_time, sealed + bytes(-len(sealed) % 16) + struct.pack("<QQ", 0, len(sealed)))


def chacha_open(key, nonce, box):
    """Plain text of an XChaCha20-Poly1305 box."""
    sealed, tag = box[:-16], box[-16:]
    if _chacha_tag(key, nonce, sealed) != tag:
        raise BadTag("chacha box does not open")
    return xchacha20(key, nonce, sealed, 1)


def chacha_seal(key, nonce, plain):
    """XChaCha20-Poly1305 box of `plain`."""
    sealed = xchacha20(key, nonce, plain, 1)
    return sealed + _chacha_tag(key, nonce, sealed)


# -- AES ------------------------------------------------------------------------------------------------

def _make_sbox():
    power, log = [0] * 256, [0] * 256
    value = 1
    for exponent in range(255):
        power[exponent], log[value] = value, exponent
        value ^= value << 1 ^ (0x11b if value & 0x80 else 0)
        value &= 0xff
    box = []
    for byte in range(256):
        inverse = power[(255 - log[byte]) % 255] if byte else 0
        result = 0x63
        for shift in range(5):
            result ^= (inverse << shift | inverse >> (8 - shift)) & 0xff
        box.append(result)
    return box


SBOX = _make_sbox()


def _double(byte):
    return (byte << 1 ^ (0x11b if byte & 0x80 else 0)) & 0xff


T0 = [_double(s) << 24 | s << 16 | s << 8 | _double(s) ^ s for s in SBOX]
T1 = [t >> 8 | (t & 0xff) << 24 for t in T0]
T2 = [t >> 8 | (t & 0xff) << 24 for t in T1]
T3 = [t >> 8 | (t & 0xff) << 24 for t in T2]


class Aes256:
    """AES-256, encrypting direction only."""

    def __init__(self, key):
        words = list(struct.unpack(">8I", key))
        rcon = 1
        for i in range(8, 60):
            word = words[-1]
            if i % 8 == 0:
                word = (word << 8 | word >> 24) & MASK
            if i % 4 == 0:
                word = SBOX[word >> 24] << 24 | SBOX[word >> 16 & 255] << 16 | SBOX[word >> 8 & 255] << 8 | SBOX[word & 255]
            if i % 8 == 0:
                word ^= rcon << 24
                rcon = _double(rcon)
            words.append(words[i - 8] ^ word)
        self.keys = words

    def block(self, data):
        """One block."""
        keys = self.keys
        a, b, c, d = (word ^ key for word, key in zip(struct.unpack(">4I", data), keys))
        for at in range(4, 56, 4):
            a, b, c, d = (
                T0[a >> 24] ^ T1[b >> 16 & 255] ^ T2[c >> 8 & 255] ^ T3[d & 255] ^ keys[at],
                T0[b >> 24] ^ T1[c >> 16 & 255] ^ T2[d >> 8 & 255] ^ T3[a & 255] ^ keys[at + 1],
                T0[c >> 24] ^ T1[d >> 16 & 255] ^ T2[a >> 8 & 255] ^ T3[b & 255] ^ keys[at + 2],
                T0[d >> 24] ^ T1[a >> 16 & 255] ^ T2[b >> 8 & 255] ^ T3[c & 255] ^ keys[at + 3])
        words = []
        for i, (w, x, y, z) in enumerate(((a, b, c, d), (b, c, d, a), (c, d, a, b), (d, a, b, c))):
            words.append((SBOX[w >> 24] << 24 | SBOX[x >> 16 & 255] << 16 | SBOX[y >> 8 & 255] << 8 | SBOX[z & 255])
                         ^ keys[56 + i])
        return struct.pack(">4I", *words)


def aes_ctr(key, counter, data, narrow=False):
    """AES-256-CTR over `data` from a 16-byte counter block; `narrow`: only the last 4 bytes count (GCM)."""
    aes = Aes256(key)
    value = int.from_bytes(counter, "big")
    out = []
    for index in range((len(data) + 15) // 16):
        if narrow:
            current = value >> 32 << 32 | (value + index) & MASK
        else:
            current = value + index & (1 << 128) - 1
        out.append(aes.block(current.to_bytes(16, "big")))
    return _xor(data, b"".join(out))


def _ghash(key, data):
    total = 0
    h = int.from_bytes(key, "big")
    for at in range(0, len(data), 16):
        x = total ^ int.from_bytes(data[at:at + 16], "big")
        total, v = 0, h
        for bit in range(127, -1, -1):
            if x >> bit & 1:
                total ^= v
            v = v >> 1 ^ (0xe1 << 120 if v & 1 else 0)
    return total.to_bytes(16, "big")


def _gcm_parts(key, nonce):
    aes = Aes256(key)
    h = aes.block(bytes(16))
    if len(nonce) == 12:
        return aes, h, nonce + b"\0\0\0\x01"
    return aes, h, _ghash(h, nonce + bytes(-len(nonce) % 16) + struct.pack(">QQ", 0, 8 * len(nonce)))


def _gcm_tag(aes, h, start, sealed):
    digest = _ghash(h, sealed + bytes(-len(sealed) % 16) + struct.pack(">QQ", 0, 8 * len(sealed)))
    return _xor(digest, aes.block(start))


def _next(start):
    value = int.from_bytes(start, "big")
    return (value >> 32 << 32 | (value + 1) & MASK).to_bytes(16, "big")


def aes_open(key, nonce, box):
    """Plain text of an AES-256-GCM box."""
    aes, h, start = _gcm_parts(key, nonce)
    sealed, tag = box[:-16], box[-16:]
    if _gcm_tag(aes, h, start, sealed) != tag:
        raise BadTag("AES box does not open")
    return aes_ctr(key, _next(start), sealed, narrow=True)


def aes_seal(key, nonce, plain):
    """AES-256-GCM box of `plain`."""
    aes, h, start = _gcm_parts(key, nonce)
    sealed = aes_ctr(key, _next(start), plain, narrow=True)
    return sealed + _gcm_tag(aes, h, start, sealed)


# -- JetStream's use ------------------------------------------------------------------------------------

class Cipher:
    """`name` "chacha" or "aes": sealed boxes with the nonce in front, and block key streams."""

    def __init__(self, name):
        self.aes = name == "aes"
        self.nonce = 16 if self.aes else 24

    def unseal(self, key, data):
        """Plain bytes of nonce || box."""
        return (aes_open if self.aes else chacha_open)(key, data[:self.nonce], data[self.nonce:])

    def seal(self, key, nonce, plain):
        """nonce || box."""
        return nonce + (aes_seal if self.aes else chacha_seal)(key, nonce, plain)

    def block(self, seed, nonce, data):
        """A block's bytes, encrypted or decrypted."""
        return aes_ctr(seed, nonce, data) if self.aes else xchacha20(seed, nonce, data)


def key_encryption_key(text, info, context):
    """The key that opens a key file: key text of the configuration, account name, asset."""
    return hmac.new(text.encode(), (info + context).encode(), hashlib.sha256).digest()
