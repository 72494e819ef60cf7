"""A store directory seen from outside the server: paths, keys, decoded files (storage-format.md 1, 9)."""

import json
import os
import re
import shutil
import stat
import tarfile

from . import formats
from .ciphers import Cipher, key_encryption_key
from .formats import FormatError, need
from .highway import checksum

SAMPLES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data", "store-samples")
# Key of the encrypted samples.
SAMPLE_KEY = "0123456789abcdef-store-sample-key"


def read(path):
    """All bytes of a file."""
    with open(path, "rb") as source:
        return source.read()


def write(path, data):
    """Replaces a file."""
    with open(path, "wb") as out:
        out.write(data)


def mode_of(path):
    """Permission bits."""
    return stat.S_IMODE(os.stat(path).st_mode)


def unpack_sample(name, target):
    """Unpacks a sample so that `target` can be a `store_dir`; returns its expected content."""
    with tarfile.open(os.path.join(SAMPLES, name + ".tar.gz")) as archive:
        for member in archive.getmembers():
            need(not member.name.startswith(("/", "..")), "sample with an odd path")
            archive.extract(member, target)
    with open(os.path.join(SAMPLES, name + ".expected.json"), encoding="utf-8") as source:
        return json.load(source)["streams"]


class Account:
    """One account of a store. `root` is the `store_dir`; `key`/`cipher` ("aes", "chacha") when it is encrypted."""

    def __init__(self, root, name="$G", key=None, cipher="chacha"):
        self.path = os.path.join(root, "jetstream", name)
        self.name = name
        self.key = key
        self.cipher = Cipher(cipher) if key else None

    def streams(self):
        """Names of the stream directories, sorted."""
        folder = os.path.join(self.path, "streams")
        return sorted(name for name in os.listdir(folder) if not name.startswith(".")) if os.path.isdir(folder) else []

    def stream(self, name):
        """One stream's directory."""
        return StreamDir(self, name)

    def seed(self, key_file, context):
        """(seed, nonce) that a key file holds."""
        data = read(key_file)
        need(len(data) == self.cipher.nonce + 48, "key file of %d bytes" % len(data))
        return self.cipher.unseal(key_encryption_key(self.key, self.name, context), data), data[:self.cipher.nonce]


class _Asset:
    """What streams and consumers have in common: meta.inf, meta.sum, meta.key."""

    def meta_bytes(self):
        """Plain bytes of meta.inf; meta.sum is checked."""
        data = read(self.file("meta.inf"))
        need(read(self.file("meta.sum")) == checksum(self.key_name, data).hex().encode(), "meta.sum of " + self.key_name)
        return self.unseal(data)

    def meta(self):
        """meta.inf as a dict."""
        return json.loads(self.meta_bytes())

    def file(self, *parts):
        """Path of a file below the asset's directory."""
        return os.path.join(self.path, *parts)

    def unseal(self, data):
        """Plain bytes of nonce || box, or the same bytes without encryption."""
        if not self.account.key:
            return data
        seed, _ = self.account.seed(self.file("meta.key"), self.context)
        return self.account.cipher.unseal(seed, data)

    def write_meta(self, meta, checksum_too=True):
        """Replaces meta.inf (a dict or bytes) of a plain store, and meta.sum with it."""
        data = meta if isinstance(meta, bytes) else json.dumps(meta, separators=(",", ":")).encode()
        write(self.file("meta.inf"), data)
        if checksum_too:
            write(self.file("meta.sum"), checksum(self.key_name, data).hex().encode())


class StreamDir(_Asset):
    """The directory of a stream."""

    def __init__(self, account, name):
        self.account = account
        self.name = self.key_name = self.context = name
        self.path = os.path.join(account.path, "streams", name)

    def consumer(self, name):
        """One consumer's directory."""
        return ConsumerDir(self, name)

    def consumers(self):
        """Names of the consumer directories, sorted."""
        folder = self.file("obs")
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []

    def block_numbers(self):
        """Numbers of the block files, ascending."""
        names = (re.fullmatch(r"(\d+)\.blk", name) for name in os.listdir(self.file("msgs")))
        return sorted(int(name[1]) for name in names if name)

    def block_path(self, number):
        """Path of a block."""
        return self.file("msgs", "%d.blk" % number)

    def block_file(self, number):
        """A block's bytes, decrypted but still compressed."""
        data = read(self.block_path(number))
        if self.account.key:
            seed, nonce = self.account.seed(self.file("msgs", "%d.key" % number), "%s:%d" % (self.name, number))
            data = self.account.cipher.block(seed, nonce, data)
        return data

    def block(self, number):
        """A block's plain bytes."""
        return formats.decompress_block(self.block_file(number))

    def records(self, number=None):
        """All records of a block, or of all blocks in order."""
        numbers = self.block_numbers() if number is None else [number]
        return [record for n in numbers for record in formats.parse_block(self.block(n), "%s-%d" % (self.name, n))]

    def messages(self):
        """{sequence: Record} of the messages that exist: records minus tombstones."""
        records = self.records()
        gone = {record.seq for record in records if record.kind == "tombstone"}
        return {record.seq: record for record in records if record.kind == "message" and record.seq not in gone}

    def tombstones(self):
        """Sequences of all tombstones in the order of the files."""
        return [record.seq for record in self.records() if record.kind == "tombstone"]

    def has_index(self):
        """True when index.db is there."""
        return os.path.exists(self.file("msgs", "index.db"))

    def index(self):
        """index.db, decoded, and checked against the last block."""
        index = formats.parse_index(read(self.file("msgs", "index.db")), self.name,
                                    self.unseal if self.account.key else None)
        tail = self.block_file(index.last_block)[-8:]
        need(index.last_checksum == (tail or bytes(8)), "index.db names another end of the last block")
        return index

    def remove_index(self):
        """Removes index.db."""
        os.remove(self.file("msgs", "index.db"))

    def rewrite_block(self, number, change):
        """Changes the bytes of a block file as they are on disk: `change` gets a bytearray and may return bytes."""
        data = bytearray(read(self.block_path(number)))
        write(self.block_path(number), change(data) or data)


class ConsumerDir(_Asset):
    """The directory of a consumer."""

    def __init__(self, stream, name):
        self.account = stream.account
        self.name = name
        self.key_name = "%s/%s" % (stream.name, name)
        self.context = "%s.%s" % (stream.name, name)
        self.path = stream.file("obs", name)

    def state(self):
        """o.dat, decoded."""
        return formats.parse_consumer(self.unseal(read(self.file("o.dat"))))


def copy_store(source, target):
    """Copies a whole store directory."""
    shutil.copytree(source, target, symlinks=True)
    return target


__all__ = ["Account", "ConsumerDir", "FormatError", "SAMPLES", "SAMPLE_KEY", "StreamDir", "copy_store", "mode_of", "read",
           "unpack_sample", "write"]
