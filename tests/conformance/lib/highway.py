"""HighwayHash-64, the checksum of every JetStream file (storage-format.md 4)."""

import hashlib
import struct

MASK = (1 << 64) - 1
MUL0 = (0xdbe6d5d5fe4cce2f, 0xa4093822299f31d0, 0x13198a2e03707344, 0x243f6a8885a308d3)
MUL1 = (0x3bd39e10cb0ef593, 0xc0acf169b5f18a8c, 0xbe5466cf34e90c6c, 0x452821e638d01377)
LANES = struct.Struct("<4Q")


def swap_halves(value):
    """The two 32-bit halves exchanged."""
    return (value >> 32) | (value << 32) & MASK


def zipper(even, odd):
    """Bytes of a lane pair in the mixing order: what is added to the even and to the odd lane."""
    a, b = even, odd
    to_even = ((a >> 24) & 0xff | ((b >> 32) & 0xff) << 8 | (a & 0xff0000) | ((a >> 40) & 0xff) << 24
               | ((b >> 48) & 0xff) << 32 | (a & 0xff00) << 32 | (b & 0xff00000000000000) >> 8 | (a & 0xff) << 56)
    to_odd = ((b >> 24) & 0xff | ((a >> 32) & 0xff) << 8 | (b & 0xff0000) | ((b >> 40) & 0xff) << 24
              | (b & 0xff00) << 24 | (a & 0xff000000000000) >> 8 | (b & 0xff) << 48 | (a & 0xff00000000000000))
    return to_even, to_odd


class _State:
    def __init__(self, key):
        lanes = LANES.unpack(key)
        self.mul0 = list(MUL0)
        self.mul1 = list(MUL1)
        self.v0 = [mul ^ lane for mul, lane in zip(MUL0, lanes)]
        self.v1 = [mul ^ swap_halves(lane) for mul, lane in zip(MUL1, lanes)]

    def round(self, packet):
        v0, v1, mul0, mul1 = self.v0, self.v1, self.mul0, self.mul1
        for i in range(4):
            second = v1[i] = (v1[i] + mul0[i] + packet[i]) & MASK
            mul0[i] ^= (second & 0xffffffff) * (v0[i] >> 32)
            first = v0[i] = (v0[i] + mul1[i]) & MASK
            mul1[i] ^= (first & 0xffffffff) * (second >> 32)
        for source, target in ((v1, v0), (v0, v1)):
            for i in (0, 2):
                even, odd = zipper(source[i], source[i + 1])
                target[i] = (target[i] + even) & MASK
                target[i + 1] = (target[i + 1] + odd) & MASK

    def remainder(self, rest):
        size = len(rest)
        for i in range(4):
            self.v0[i] = (self.v0[i] + (size << 32) + size) & MASK
            low, high = self.v1[i] & 0xffffffff, self.v1[i] >> 32
            low = (low << size | low >> (32 - size)) & 0xffffffff
            high = (high << size | high >> (32 - size)) & 0xffffffff
            self.v1[i] = high << 32 | low
        packet = bytearray(32)
        whole = size & ~3
        packet[:whole] = rest[:whole]
        if size & 16:
            packet[28:] = rest[-4:]
        elif size & 3:
            tail = rest[whole:]
            packet[16], packet[17], packet[18] = tail[0], tail[len(tail) >> 1], tail[-1]
        self.round(LANES.unpack(packet))

    def finish(self):
        for _ in range(4):
            v0 = self.v0
            self.round((swap_halves(v0[2]), swap_halves(v0[3]), swap_halves(v0[0]), swap_halves(v0[1])))
        return (self.v0[0] + self.v1[0] + self.mul0[0] + self.mul1[0]) & MASK


def highway64(key, data):
    """The 8 bytes of HighwayHash-64 of `data` under the 32-byte `key`, in stored order."""
    state = _State(key)
    whole = len(data) & ~31
    for offset in range(0, whole, 32):
        state.round(LANES.unpack_from(data, offset))
    if whole < len(data):
        state.remainder(bytes(data[whole:]))
    return struct.pack("<Q", state.finish())


def checksum(name, data):
    """HH64 under the key that a name ("STREAM", "STREAM-1", "STREAM/CONSUMER") stands for."""
    return highway64(hashlib.sha256(name.encode()).digest(), data)
