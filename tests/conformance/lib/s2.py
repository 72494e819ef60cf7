"""S2 and Snappy streams (storage-format.md 5.1): a complete reader and a writer of raw chunks."""

import struct

IDENTIFIERS = (b"S2sTwO", b"sNaPpY")
CHUNK = 1 << 20


def _crc_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ 0x82f63b78 if value & 1 else value >> 1
        table.append(value)
    return table


CRC_TABLE = _crc_table()


class S2Error(ValueError):
    """The stream does not follow the format."""


def crc32c(data):
    """CRC-32C (Castagnoli)."""
    crc = 0xffffffff
    table = CRC_TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 0xff] ^ crc >> 8
    return crc ^ 0xffffffff


def masked_crc(data):
    """The CRC in the form chunks hold it."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xa282ead8) & 0xffffffff


def uvarint(data, offset):
    """(value, offset behind it) of an unsigned LEB128 number."""
    value = shift = 0
    while True:
        if offset >= len(data) or shift > 63:
            raise S2Error("varint cut off")
        byte = data[offset]
        offset += 1
        value |= (byte & 0x7f) << shift
        if byte < 0x80:
            return value, offset
        shift += 7


def decode_block(data):
    """Uncompressed bytes of one S2 block."""
    size, at = uvarint(data, 0)
    out = bytearray()
    last = 0
    while at < len(data):
        tag = data[at]
        at += 1
        kind, field = tag & 3, tag >> 2
        if kind == 0:
            length = field + 1
            if field >= 60:
                extra = field - 59
                length = int.from_bytes(data[at:at + extra], "little") + 1
                at += extra
            out += data[at:at + length]
            at += length
            continue
        if kind == 1:
            offset = tag >> 5 << 8 | data[at]
            at += 1
            length = (field & 7) + 4
            if offset == 0:
                offset = last
                extra = {9: 1, 10: 2, 11: 3}.get(length, 0)
                if extra:
                    length = int.from_bytes(data[at:at + extra], "little") + (8, 260, 65540)[extra - 1]
                    at += extra
        else:
            width = 2 if kind == 2 else 4
            offset = int.from_bytes(data[at:at + width], "little")
            at += width
            length = field + 1
        if offset == 0 or offset > len(out):
            raise S2Error("copy from in front of the block")
        last = offset
        start = len(out) - offset
        if offset >= length:
            out += out[start:start + length]
        else:
            pattern = bytes(out[start:])
            out += (pattern * (length // offset + 1))[:length]
    if len(out) != size:
        raise S2Error("block of %d bytes, announced %d" % (len(out), size))
    return bytes(out)


def chunks(data):
    """(type, body) of each chunk."""
    at = 0
    while at < len(data):
        if at + 4 > len(data):
            raise S2Error("chunk head cut off")
        length = int.from_bytes(data[at + 1:at + 4], "little")
        body = data[at + 4:at + 4 + length]
        if len(body) != length:
            raise S2Error("chunk cut off")
        yield data[at], body
        at += 4 + length


def decode_stream(data):
    """Uncompressed bytes of an S2 or Snappy stream; identifier and CRCs are checked."""
    out = []
    started = False
    for kind, body in chunks(data):
        if kind == 0xff:
            if body not in IDENTIFIERS:
                raise S2Error("identifier %r" % body)
            started = True
            continue
        if not started:
            raise S2Error("no identifier in front")
        if kind in (0, 1):
            plain = decode_block(body[4:]) if kind == 0 else body[4:]
            if struct.unpack("<I", body[:4])[0] != masked_crc(plain):
                raise S2Error("CRC mismatch")
            out.append(plain)
        elif kind < 0x80:
            raise S2Error("chunk type %#x" % kind)
    return b"".join(out)


def encode_stream(data, chunk=CHUNK):
    """An S2 stream of raw chunks."""
    out = [b"\xff\x06\x00\x00S2sTwO"]
    for at in range(0, len(data), chunk):
        part = data[at:at + chunk]
        out.append(b"\x01" + (len(part) + 4).to_bytes(3, "little") + struct.pack("<I", masked_crc(part)) + part)
    return b"".join(out)
