"""Storage: compression and encryption (storage-format.md 5 and 9, items 35 to 43)."""

import os

from lib import *
from lib.consumers import fetch, fill, make, pair
from lib.formats import parse_ttls
from lib.jetstream import SECOND, STORE, nanos
from lib.s2 import chunks, uvarint
from lib.storedir import Account, mode_of, read, write
from lib.stores import lines, messages_of, no_warnings, own, restart, start, stop

SHEET = "storage_format"
EXPLICIT = {"ack_policy": "explicit", "ack_wait": 3600 * SECOND}
KEY = "a key of this test"
NAMES = {"chacha": "chachapoly", "aes": "aes"}


def encrypted(cipher, key=KEY, previous=None):
    """Configuration of an encrypted store."""
    return 'jetstream { store_dir: "js", max_mem: 256MB, max_file: 2GB, key: "%s", cipher: %s%s }\n' % (
        key, NAMES[cipher], ', prev_key: "%s"' % previous if previous else "")


def text_of(number):
    return (b"%05d|" % number + b"abcdefghij" * 100)[:900]


def fill_store(js, compression="none"):
    """Stream S with three blocks, a deleted message and a consumer; stream X with TTLs."""
    js.create("S", "s.>", max_bytes=127000, compression=compression)
    for number in range(1, 81):
        js.pub("s.%d" % (number % 4), text_of(number), {"N": str(number)} if number % 7 == 0 else None)
    js.delete_msg("S", 20)
    make(js, dict(EXPLICIT, durable_name="C"), "C")
    for message in fetch(js, "S", "C", 10)[:6]:
        js.ack_sync(message)
    js.create("X", "x.>", allow_msg_ttl=True)
    js.pub("x.a", b"secret text", {"Nats-TTL": "1000h"})


LEFT = [seq for seq in range(1, 81) if seq != 20]


def check_store(js, messages=LEFT, consumers=("C",)):
    """What `fill_store` made can be read."""
    read_back = messages_of(js, "S", js.state("S"))
    eq([entry["seq"] for entry in read_back], messages, "messages")
    for entry in read_back:
        eq(entry["payload"], text_of(entry["seq"]), "payload of %d" % entry["seq"])
    eq(js.ok("CONSUMER.NAMES.S")["consumers"], list(consumers), "consumers")
    for name in consumers:
        info = js.consumer_info("S", name)
        eq((pair(info["delivered"]), pair(info["ack_floor"]), info["num_ack_pending"]), ((10, 10), (6, 6), 4), "consumer")
    eq(js.get("X", seq=1)["data"], b"secret text", "message with TTL")


def check_files(account, index=True):
    """The files of what `fill_store` made decrypt to it."""
    stream = account.stream("S")
    eq(sorted(stream.messages()), LEFT, "messages")
    eq(stream.meta()["name"], "S", "meta.inf")
    if index:
        eq((stream.index().messages, stream.index().last), (79, 80), "index.db")
    consumer = stream.consumer("C")
    eq(consumer.meta()["durable_name"], "C", "meta.inf of the consumer")
    state = consumer.state()
    eq((state.delivered, state.floor, sorted(state.pending)), ((10, 10), (6, 6), [7, 8, 9, 10]), "o.dat")
    eq(account.stream("X").messages()[1].payload, b"secret text", "message with TTL")


# -- compression ----------------------------------------------------------------------------------------

@test(SHEET, 35, needs="jetstream")
def finished_blocks_are_compressed(ctx):
    js = own(ctx)
    js.create("S", "s.>", max_bytes=127000, compression="s2")
    for number in range(1, 101):
        js.pub("s.%d" % (number % 4), text_of(number))
    path = Account(js.server.path("js")).stream("S")
    wait_until(lambda: all(read(path.block_path(number))[:4] == b"cmp\x01" for number in path.block_numbers()[:-1]),
               "finished blocks are compressed")
    stream = stop(js).stream("S")
    numbers = stream.block_numbers()
    check(len(numbers) >= 3, "blocks: %r" % numbers)
    for number in numbers[:-1]:
        data = stream.block_file(number)
        eq(data[:4], b"cmp\x01", "head of block %d" % number)
        size, at = uvarint(data, 4)
        # block() checks the CRCs and the size; records() the checksums.
        eq(len(stream.block(number)), size, "size field of block %d" % number)
        eq(data[-8:], stream.records(number)[-1].digest, "last bytes of block %d" % number)
        kind, body = next(iter(chunks(data[at:-8])))
        eq(kind, 0xff, "first chunk")
        check(len(data) < size / 4, "block %d: %d of %d bytes" % (number, len(data), size))
    check(stream.block_file(numbers[-1])[:3] != b"cmp", "the last block is raw")
    eq(sorted(stream.messages()), list(range(1, 101)), "messages")
    js = start(ctx, js)
    eq(js.seqs("S"), list(range(1, 101)), "after a restart")
    eq(js.get("S", seq=5)["data"], text_of(5), "a message of a compressed block")
    js.delete_msg("S", 10)
    js.delete_msg("S", 11, no_erase=True)
    stop(js)
    eq(sorted(stream.messages()), [seq for seq in range(1, 101) if seq not in (10, 11)], "after deletes")
    for remove in (False, True):
        if remove:
            stream.remove_index()
        js = start(ctx, js)
        eq(js.seqs("S"), [seq for seq in range(1, 101) if seq not in (10, 11)], "after another restart")
        stop(js)


@test(SHEET, 36, needs="jetstream")
def compression_changed_on_a_running_stream(ctx):
    js = own(ctx)
    js.create("S", "s.>", max_bytes=127000)
    for number in range(1, 41):
        js.pub("s.a", text_of(number))
    js.update("S", "s.>", max_bytes=127000, compression="s2")
    for number in range(41, 81):
        js.pub("s.a", text_of(number))
    stream = stop(js).stream("S")
    check(len(stream.block_numbers()) >= 3, "blocks")
    eq(sorted(stream.messages()), list(range(1, 81)), "messages")
    if ctx.is_peer:
        check(not any(stream.block_file(number)[:3] == b"cmp" for number in stream.block_numbers()), "blocks are raw")
    js = start(ctx, js)
    for number in range(81, 126):
        js.pub("s.a", text_of(number))
    path = Account(js.server.path("js")).stream("S")
    wait_until(lambda: any(read(path.block_path(number))[:4] == b"cmp\x01" for number in path.block_numbers()),
               "blocks after the restart are compressed")
    js = restart(ctx, js)
    eq(js.seqs("S"), list(range(1, 126)), "after another restart")


# -- encryption -----------------------------------------------------------------------------------------

def decrypt_test(cipher):
    def run(ctx):
        js = own(ctx, encrypted(cipher))
        fill_store(js, "s2")
        account = stop(js, key=KEY, cipher=cipher)
        check_files(account)
        for parts in (("meta.key",), ("msgs", "1.key"), ("obs", "C", "meta.key")):
            path = account.stream("S").file(*parts)
            eq((os.path.getsize(path), mode_of(path)), (64 if cipher == "aes" else 72, 0o600), "size and mode of " + path)
        for folder, _, names in os.walk(account.path):
            for name in names:
                data = read(os.path.join(folder, name))
                check(b"abcdefghij" not in data and b"secret" not in data and b"retention" not in data, name + " is readable")
        js = start(ctx, js)
        no_warnings(js)
        check_store(js)
        # Appending continues the key stream.
        js.pub("s.a", text_of(81))
        js = restart(ctx, js)
        check_store(js, LEFT + [81])
        stop(js)
        account.stream("S").remove_index()
        js = start(ctx, js)
        check_store(js, LEFT + [81])
    run.__name__ = cipher + "_stores_decrypt"
    return run


for name in ("aes", "chacha"):
    test(SHEET, 37, needs="jetstream")(decrypt_test(name))


@test(SHEET, 38, needs="jetstream")
def ttls_are_not_encrypted(ctx):
    js = own(ctx, encrypted("chacha"))
    fill_store(js)
    account = stop(js, key=KEY)
    path = account.stream("X").file("msgs", "thw.db")
    if not os.path.exists(path) and not ctx.is_peer:
        # It may be left out: the messages tell the same.
        return
    stamp, entries = parse_ttls(read(path))
    expiry = account.stream("X").messages()[1].time + 1000 * 3600 * SECOND
    eq((stamp, entries), (2, {1: expiry}), "thw.db")


@test(SHEET, 39, needs="jetstream")
def wrong_key_and_no_key(ctx):
    js = own(ctx, encrypted("chacha"))
    fill_store(js)
    account = stop(js, key=KEY)
    for config, warning in ((STORE, "Error decrypting our stream metafile: encryption not enabled"),
                            (encrypted("chacha", "another key"), "Error decrypting our stream metafile: unable to recover keys"),
                            (encrypted("aes", "another key"), "Error decrypting our stream metafile: unable to recover keys")):
        js = start(ctx, js, config)
        lines(js, warning)
        eq(js.request("STREAM.INFO.S").get("error", {}).get("err_code") in (10059, 10194), True, "the stream is not served")
        js.create("OTHER", "other")
        js.delete("OTHER")
        stop(js)
        check_files(account)
    js = start(ctx, js, encrypted("chacha"))
    check_store(js)


def converts(source, target):
    def run(ctx):
        js = own(ctx, encrypted(source))
        fill_store(js)
        stop(js)
        js = start(ctx, js, encrypted(target))
        lines(js, r"Converting to %s for stream '\$G > S'" % {"chacha": "ChaCha20-Poly1305", "aes": "AES-GCM"}[target])
        check_store(js)
        account = stop(js, key=KEY, cipher=target)
        check_files(account)
        js = start(ctx, js)
        no_warnings(js)
        check_store(js)
    run.__name__ = "%s_becomes_%s" % (source, target)
    return run


for old, new in (("aes", "chacha"), ("chacha", "aes")):
    test(SHEET, 40, needs="jetstream")(converts(old, new))


def previous_key(js, ctx):
    fill_store(js)
    stop(js)
    return start(ctx, js, encrypted("chacha", "the next key", KEY))


@test(SHEET, 40, needs="jetstream")
def previous_key_converts_streams(ctx):
    js = previous_key(own(ctx, encrypted("chacha")), ctx)
    # The reference does not convert the consumers.
    check_store(js, consumers=js.ok("CONSUMER.NAMES.S")["consumers"])
    if ctx.is_peer:
        lines(js, r"Error adding consumer '\$G > S > C': error creating store for consumer")
    account = stop(js, key="the next key")
    eq(sorted(account.stream("S").messages()), LEFT, "messages under the new key")
    js = start(ctx, js, encrypted("chacha", "the next key"))
    check_store(js, consumers=js.ok("CONSUMER.NAMES.S")["consumers"])


@test(SHEET, 40, needs="jetstream", better=True)
def previous_key_converts_consumers_too(ctx):
    """The reference leaves them out until the old key is back."""
    js = previous_key(own(ctx, encrypted("chacha")), ctx)
    check_store(js)
    check_files(stop(js, key="the next key"))
    js = start(ctx, js, encrypted("chacha", "the next key"))
    check_store(js)


@test(SHEET, 41, needs="jetstream")
def a_plain_store_becomes_encrypted(ctx):
    js = own(ctx)
    fill_store(js)
    stop(js)
    js = start(ctx, js, encrypted("chacha"))
    lines(js, r"Encrypting stream '\$G > S'")
    check_store(js)
    account = stop(js, key=KEY)
    # The reference leaves a plain index.db until the stream changes.
    check_files(account, index=not ctx.is_peer)
    js = start(ctx, js)
    check_store(js)
    js.pub("s.a", text_of(81))
    stop(js)
    eq(account.stream("S").index().last, 81, "index.db")
    js = start(ctx, js)
    no_warnings(js)
    check_store(js, LEFT + [81])


@test(SHEET, 42, needs="jetstream")
def missing_and_truncated_block_keys(ctx):
    js = own(ctx, encrypted("chacha"))
    fill_store(js)
    stream = stop(js, key=KEY).stream("S")
    numbers = [record.seq for record in stream.records(2)]
    second = set(range(numbers[0], numbers[-1] + 1))
    others = [seq for seq in LEFT if seq not in second]
    key_file = stream.file("msgs", "2.key")
    data, block_data = read(key_file), read(stream.block_path(2))
    os.remove(key_file)
    js = start(ctx, js)
    eq([entry["seq"] for entry in messages_of(js, "S", js.state("S"))], others, "with index.db the other blocks are served")
    stop(js, kill=True)
    write(stream.block_path(2), block_data)
    write(key_file, data[:40])
    if stream.has_index():
        stream.remove_index()
    js = start(ctx, js)
    eq([entry["seq"] for entry in messages_of(js, "S", js.state("S"))], others, "with a truncated key and without index.db")


@test(SHEET, 43, needs="jetstream")
def erasing_in_an_encrypted_stream(ctx):
    js = own(ctx, encrypted("aes"))
    js.create("S", "s.>")
    fill(js, 3)
    second = nanos(js.get("S", seq=2)["time"])
    js.delete_msg("S", 2)
    account = stop(js, key=KEY, cipher="aes")
    records = account.stream("S").records()
    eq((records[-1].kind, records[-1].seq, records[-1].time), ("tombstone", 2, second), "tombstone")
    eq([record.seq for record in records], [1, 2, 3, 2], "records")
    if ctx.is_peer:
        eq((records[1].kind, records[1].payload), ("message", b"m2"), "the message stays in its block")
    js = start(ctx, js)
    eq(js.seqs("S"), [1, 3], "messages")
