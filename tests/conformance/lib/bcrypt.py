"""bcrypt for test passwords (low cost). Blowfish's tables are the fraction of pi, computed here."""

import base64
import os

ALPHABET = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
MASK = 0xFFFFFFFF
WORDS = 18 + 4 * 256
TABLE = []


def _pi_words():
    """The first WORDS 32-bit words of pi's fraction (Machin's formula in integers)."""
    bits = WORDS * 32
    guard = 64
    one = 1 << (bits + guard)

    def arctan_inverse(x):
        term = one // x
        total, square, n, sign = term, x * x, 1, 1
        while term:
            term //= square
            n += 2
            sign = -sign
            total += sign * (term // n)
        return total

    pi = 4 * (4 * arctan_inverse(5) - arctan_inverse(239)) >> guard
    fraction = pi - (3 << bits)
    return [(fraction >> (bits - 32 * (i + 1))) & MASK for i in range(WORDS)]


class _Blowfish:
    def __init__(self):
        if not TABLE:
            TABLE.extend(_pi_words())
        self.p = TABLE[:18]
        self.s = [TABLE[18 + 256 * i:18 + 256 * (i + 1)] for i in range(4)]

    def encrypt(self, left, right):
        s0, s1, s2, s3 = self.s
        p = self.p
        for i in range(0, 16, 2):
            left ^= p[i]
            right ^= (((s0[left >> 24] + s1[left >> 16 & 255]) ^ s2[left >> 8 & 255]) + s3[left & 255]) & MASK
            right ^= p[i + 1]
            left ^= (((s0[right >> 24] + s1[right >> 16 & 255]) ^ s2[right >> 8 & 255]) + s3[right & 255]) & MASK
        return right ^ p[17], left ^ p[16]

    def expand(self, key, salt=b"\0" * 16):
        words = [int.from_bytes(bytes(key[(4 * i + j) % len(key)] for j in range(4)), "big") for i in range(18)]
        self.p = [word ^ k for word, k in zip(self.p, words)]
        salt_words = [int.from_bytes(salt[4 * i:4 * i + 4], "big") for i in range(4)]
        left = right = turn = 0
        for table in [self.p] + self.s:
            for i in range(0, len(table), 2):
                left ^= salt_words[turn]
                right ^= salt_words[turn + 1]
                turn ^= 2
                left, right = self.encrypt(left, right)
                table[i], table[i + 1] = left, right


def _base64(data):
    return base64.b64encode(data).rstrip(b"=").translate(bytes.maketrans(STANDARD, ALPHABET))


def bcrypt_hash(password, cost=4, salt=None, version="2a"):
    """`$2a$<cost>$...` of a password (str or bytes)."""
    key = (password.encode() if isinstance(password, str) else password)[:72] + b"\0"
    salt = salt or os.urandom(16)
    cipher = _Blowfish()
    cipher.expand(key, salt)
    for _ in range(1 << cost):
        cipher.expand(key)
        cipher.expand(salt)
    text = b"OrpheanBeholderScryDoubt"
    words = [int.from_bytes(text[i:i + 4], "big") for i in range(0, 24, 4)]
    for i in range(0, 6, 2):
        for _ in range(64):
            words[i], words[i + 1] = cipher.encrypt(words[i], words[i + 1])
    digest = b"".join(word.to_bytes(4, "big") for word in words)[:23]
    return "$%s$%02d$%s%s" % (version, cost, _base64(salt).decode(), _base64(digest).decode())
