"""JetStream's files in bytes (storage-format.md): readers that check every length, hash and rule, and a few writers.

Everything raises `FormatError` when the bytes do not follow the sheet.
"""

import struct

from .highway import checksum
from .s2 import decode_stream, uvarint

HEADERS_BIT = 1 << 31
ERASED_BIT = 1 << 63
TOMBSTONE_BIT = 1 << 62
# Unix nanoseconds that stand for "never".
ZERO_TIME = -6795364578871345152
FIXED = struct.Struct("<IQqH")
SMALLEST_RECORD = 30
LARGEST_RECORD = 1 << 25


class FormatError(ValueError):
    """Bytes that do not follow the format."""


def need(condition, text):
    """Raises FormatError unless the condition holds."""
    if not condition:
        raise FormatError(text)


class Reader:
    """Takes fields off the front of some bytes."""

    def __init__(self, data):
        self.data = bytes(data)
        self.at = 0

    def take(self, size):
        """So many bytes."""
        need(self.at + size <= len(self.data), "file ends inside a field")
        self.at += size
        return self.data[self.at - size:self.at]

    def byte(self):
        """One byte as a number."""
        return self.take(1)[0]

    def fixed(self, layout):
        """One little-endian number, `layout` as in struct."""
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))[0]

    def uv(self):
        """Unsigned varint."""
        value, self.at = uvarint(self.data, self.at)
        return value

    def sv(self):
        """Signed (zig-zag) varint."""
        value = self.uv()
        return value >> 1 ^ -(value & 1)

    def rest(self):
        """Number of bytes left."""
        return len(self.data) - self.at

    def end(self):
        """Nothing may be left."""
        need(self.rest() == 0, "%d bytes behind the end" % self.rest())


def write_uv(value):
    """Unsigned varint."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def write_sv(value):
    """Signed (zig-zag) varint."""
    return write_uv((value << 1 ^ value >> 63) & (1 << 64) - 1)


# -- blocks ---------------------------------------------------------------------------------------------

class Record:
    """One record of a block. `kind`: "message", "erased" (also skip records), "tombstone".

    `seq` is without the flag bits; `offset` and `size` say where it stands; `header`, `payload`, `subject` are bytes.
    """

    def __init__(self, seq, time, subject=b"", header=b"", payload=b"", kind="message", offset=0, size=0, digest=b""):
        self.seq, self.time, self.subject = seq, time, subject
        self.header, self.payload, self.kind = header, payload, kind
        self.offset, self.size, self.digest = offset, size, digest

    def __repr__(self):
        return "%s %d %r %r" % (self.kind, self.seq, self.subject, self.payload[:40])

    @property
    def is_skip(self):
        """An erased record without content: it marks sequences as used."""
        return self.kind == "erased" and self.size == SMALLEST_RECORD

    def encode(self, name):
        """Bytes of the record in a block whose key name is `name` ("STREAM-1")."""
        flags = {"message": 0, "erased": ERASED_BIT, "tombstone": TOMBSTONE_BIT}[self.kind]
        head = struct.pack("<Qq", self.seq | flags, self.time)
        body = self.subject + self.header + self.payload
        size = SMALLEST_RECORD + len(body) + (4 if self.header else 0)
        return b"".join((
            struct.pack("<I", size | (HEADERS_BIT if self.header else 0)), head, struct.pack("<H", len(self.subject)),
            self.subject, struct.pack("<I", len(self.header)) if self.header else b"", self.header, self.payload,
            checksum(name, head + body)))


def record_at(data, offset, name):
    """The record at an offset of a plain block; its checksum is checked with the key name `name`."""
    need(offset + 22 <= len(data), "record head cut off at %d" % offset)
    length, seq, time, subject_size = FIXED.unpack_from(data, offset)
    size = length & ~HEADERS_BIT
    need(SMALLEST_RECORD <= size <= LARGEST_RECORD, "record of %d bytes at %d" % (size, offset))
    need(offset + size <= len(data), "record cut off at %d" % offset)
    at, end = offset + 22, offset + size - 8
    subject = data[at:at + subject_size]
    at += subject_size
    header = b""
    if length & HEADERS_BIT:
        need(at + 4 <= end, "no room for a header length at %d" % offset)
        header_size = struct.unpack_from("<I", data, at)[0]
        need(header_size > 0, "header section of length 0 at %d" % offset)
        need(at + 4 + header_size <= end, "header does not fit at %d" % offset)
        header = data[at + 4:at + 4 + header_size]
        at += 4 + header_size
    need(at <= end, "subject does not fit at %d" % offset)
    payload = data[at:end]
    digest = data[end:end + 8]
    need(digest == checksum(name, data[offset + 4:offset + 20] + subject + header + payload),
         "checksum of the record at %d of block %s" % (offset, name))
    need(not (seq & ERASED_BIT and seq & TOMBSTONE_BIT), "both flags at %d" % offset)
    kind = "erased" if seq & ERASED_BIT else "tombstone" if seq & TOMBSTONE_BIT else "message"
    return Record(seq & ~(ERASED_BIT | TOMBSTONE_BIT), time, subject, header, payload, kind, offset, size, digest)


# Midge makes room behind the records of a stream in use (docs/DURABILITY.md): zeros, and this.
ROOM_MARK = b"\xff" * 8


def is_room(data):
    """Whether nothing but room is left."""
    zeros = data.rstrip(b"\xff")
    mark = data[len(zeros):]
    return mark == ROOM_MARK and not zeros.strip(b"\0")


def parse_block(data, name):
    """All records of a plain block."""
    records, at = [], 0
    while at < len(data):
        if data[at:at + 4] in (bytes(4), b"\xff" * 4) and is_room(data[at:]):
            break
        records.append(record_at(data, at, name))
        at += records[-1].size
    last = 0
    for record in records:
        if record.kind != "tombstone":
            need(record.seq > last, "sequence %d behind %d" % (record.seq, last))
            last = record.seq
    return records


def is_compressed(data):
    """True for a block in the compressed form."""
    return data[:3] == b"cmp" and len(data) >= 5


def decompress_block(data):
    """The plain bytes of a block in either form."""
    if not is_compressed(data):
        return bytes(data)
    need(data[3] == 1, "compression algorithm %d" % data[3])
    size, at = uvarint(data, 4)
    plain = decode_stream(data[at:-8]) + data[-8:]
    need(len(plain) == size, "block of %d bytes, size field %d" % (len(plain), size))
    return plain


# -- sequence sets --------------------------------------------------------------------------------------

def read_sequence_set(reader):
    """A set of sequences in the form of delete maps (6.5); the tree must be valid."""
    need(reader.byte() == 22, "magic of a sequence set")
    version = reader.byte()
    need(version in (1, 2), "version of a sequence set")
    words = 64 if version == 1 else 32
    nodes, size = reader.fixed("I"), reader.fixed("I")
    found, listed = set(), []
    for _ in range(nodes):
        base = reader.fixed("Q")
        for word in range(words):
            bits = reader.fixed("Q")
            while bits:
                low = bits & -bits
                found.add(base + 64 * word + low.bit_length() - 1)
                bits ^= low
        listed.append((base, reader.fixed("H")))
    need(len(found) == size, "sequence set of %d, announced %d" % (len(found), size))
    _check_tree(listed, 64 * words)
    return found


def _check_tree(listed, span):
    """Pre-order listing of a search tree with right heights and balance; spans do not overlap."""
    position = 0

    def subtree(low, high):
        nonlocal position
        if position >= len(listed) or not low <= listed[position][0] < high:
            return 0
        base, height = listed[position]
        position += 1
        left = subtree(low, base - span + 1)
        right = subtree(base + span, high)
        need(height == 1 + max(left, right), "height of node %d" % base)
        need(abs(left - right) <= 1, "balance of node %d" % base)
        return height

    subtree(0, 1 << 64)
    need(position == len(listed), "nodes are not in pre-order")


# -- index.db -------------------------------------------------------------------------------------------

class Index:
    """index.db. `subjects`: {subject: (messages, first block, last block)}; `blocks`: list of IndexBlock."""


class IndexBlock:
    """Summary of one block in index.db. `ttls`, `schedules`: None in versions that lack them."""

    @property
    def messages(self):
        """Number of messages."""
        return self.last - self.first + 1 - len(self.deleted)


def parse_index(data, stream, decrypt=None):
    """index.db of a stream, checked against itself; `decrypt` turns nonce || box into plain bytes."""
    need(len(data) >= 32, "index.db of %d bytes" % len(data))
    need(checksum(stream, data[:-8]) == data[-8:], "hash of index.db")
    plain = decrypt(data[:-8]) if decrypt else data[:-8]
    reader, index = Reader(plain), Index()
    need(reader.byte() == 11, "magic of index.db")
    index.version = reader.byte()
    need(1 <= index.version <= 4, "version of index.db")
    index.messages, index.bytes, index.first, index.first_time = reader.uv(), reader.uv(), reader.uv(), reader.sv()
    index.last, index.last_time = reader.uv(), reader.sv()
    index.subjects = {}
    for _ in range(reader.uv()):
        subject = reader.take(reader.uv())
        messages, first = reader.uv(), reader.uv()
        last = reader.uv() if index.version == 4 or messages > 1 else first
        need(subject not in index.subjects, "subject %r twice" % subject)
        index.subjects[subject] = (messages, first, last)
    index.blocks = []
    for _ in range(reader.uv()):
        block = IndexBlock()
        block.number, block.bytes = reader.uv(), reader.uv()
        block.first, block.first_time = reader.uv(), index.first_time + reader.sv()
        block.last, block.last_time = reader.uv(), index.first_time + reader.sv()
        deletes = reader.uv()
        block.ttls = reader.uv() if index.version >= 2 else None
        block.schedules = reader.uv() if index.version >= 3 else None
        block.deleted = read_sequence_set(reader) if deletes else set()
        need(len(block.deleted) == deletes, "number of deletes of block %d" % block.number)
        need(all(block.first < seq <= block.last for seq in block.deleted), "deletes of block %d" % block.number)
        index.blocks.append(block)
    index.last_block = reader.uv()
    index.last_checksum = reader.take(8)
    reader.end()
    numbers = [block.number for block in index.blocks]
    need(numbers == sorted(set(numbers)), "order of the blocks")
    need(not numbers or numbers[-1] == index.last_block, "number of the last block")
    need(sum(block.messages for block in index.blocks) == index.messages, "sum of messages")
    need(sum(block.bytes for block in index.blocks) == index.bytes, "sum of bytes")
    if index.subjects:
        need(sum(entry[0] for entry in index.subjects.values()) == index.messages, "messages of the subjects")
    return index


# -- side files -----------------------------------------------------------------------------------------

def parse_ttls(data):
    """thw.db: (stamp, {sequence: expiry in ns})."""
    reader = Reader(data)
    need(reader.byte() == 1, "version of thw.db")
    count, stamp = reader.fixed("Q"), reader.fixed("Q")
    entries = {}
    for _ in range(count):
        expiry = reader.sv()
        entries[reader.uv()] = expiry
    reader.end()
    need(len(entries) == count, "entries of thw.db")
    return stamp, entries


def parse_schedules(data):
    """sched.db: (stamp, {subject: (next time in ns, sequence)})."""
    reader = Reader(data)
    need(reader.byte() == 1, "version of sched.db")
    count, stamp = reader.fixed("Q"), reader.fixed("Q")
    entries = {}
    for _ in range(count):
        subject = reader.take(reader.fixed("H"))
        time = reader.sv()
        entries[subject] = (time, reader.uv())
    reader.end()
    need(len(entries) == count, "entries of sched.db")
    return stamp, entries


def parse_sources(data):
    """sources.db: (stamp, {source key: (last sequence, identity)})."""
    reader = Reader(data)
    need(reader.byte() == 1, "version of sources.db")
    count, stamp = reader.fixed("Q"), reader.fixed("Q")
    entries = {}
    for _ in range(count):
        key = reader.take(reader.uv())
        seq = reader.uv()
        entries[key] = (seq, reader.take(reader.uv()))
    reader.end()
    need(len(entries) == count, "entries of sources.db")
    return stamp, entries


def parse_idx(data):
    """N.idx of 2.9: dict with messages, bytes, first, last, deleted, checksum."""
    reader = Reader(data)
    need(reader.byte() == 22, "magic of idx")
    version = reader.byte()
    need(version in (1, 2), "version of idx")
    entry = {"messages": reader.uv(), "bytes": reader.uv(), "first": reader.uv(), "first_time": reader.sv(),
             "last": reader.uv(), "last_time": reader.sv()}
    deletes = reader.uv()
    entry["checksum"] = reader.take(8)
    if version == 1:
        entry["deleted"] = {entry["first"] + reader.uv() for _ in range(deletes)}
    else:
        entry["deleted"] = read_sequence_set(reader)
    reader.end()
    need(entry["messages"] == entry["last"] - entry["first"] + 1 - len(entry["deleted"]), "messages of idx")
    return entry


def parse_fss(data, name):
    """N.fss of 2.9: ({subject: (messages, first, last)}, checksum of the block's last record)."""
    need(checksum(name, data[:-16]) == data[-16:-8], "hash of fss")
    reader = Reader(data[:-16])
    need(reader.byte() == 22 and reader.byte() == 1, "head of fss")
    entries = {}
    for _ in range(reader.uv()):
        subject = reader.take(reader.uv())
        entries[subject] = (reader.uv(), reader.uv(), reader.uv())
    reader.end()
    return entries, data[-8:]


# -- consumers ------------------------------------------------------------------------------------------

class ConsumerState:
    """o.dat. `floor` and `delivered` are (consumer sequence, stream sequence); `pending`:
    {stream sequence: (consumer sequence, time in seconds)}; `redelivered`: {stream sequence: count}."""

    def __repr__(self):
        return "floor %r delivered %r pending %r redelivered %r" % (
            self.floor, self.delivered, self.pending, self.redelivered)


def parse_consumer(data):
    """o.dat."""
    reader, state = Reader(data), ConsumerState()
    need(reader.byte() == 22, "magic of o.dat")
    state.version = reader.byte()
    need(state.version == 2, "version of o.dat")
    state.floor = (reader.uv(), reader.uv())
    state.delivered = (reader.uv(), reader.uv())
    count = reader.uv()
    state.base = reader.sv() if count else None
    state.pending = {}
    for _ in range(count):
        seq = state.floor[1] + reader.uv()
        consumer = state.floor[0] + reader.uv()
        state.pending[seq] = (consumer, state.base - reader.sv())
    state.redelivered = {}
    for _ in range(reader.uv()):
        seq = state.floor[1] + reader.uv()
        state.redelivered[seq] = reader.uv()
    reader.end()
    need(all(state.floor[1] < seq <= state.delivered[1] for seq in state.pending), "pending outside its bounds")
    return state


# -- backups --------------------------------------------------------------------------------------------

ARCHIVE_MAGIC = b"NATSARC1"


def parse_archive(plain):
    """Entries of a backup of form 2 after S2 decoding: (name, time, sequence, header, payload), sentinel checked."""
    need(plain[:8] == ARCHIVE_MAGIC, "magic of the archive")
    reader = Reader(plain[8:])
    entries = []
    while True:
        name_size, time, seq, header_size, size = reader.uv(), reader.sv(), reader.uv(), reader.uv(), reader.uv()
        name = reader.take(name_size)
        header = reader.take(header_size)
        payload = reader.take(size)
        if not (name_size or time or seq or header_size or size):
            break
        entries.append((name, time, seq, header, payload))
    reader.end()
    return entries
