"""Storage: every sample directory opens with its expected content (storage-format.md, items 22, 55, 60)."""

import re

from lib import *
from lib.jetstream import STORE
from lib.storedir import SAMPLE_KEY
from lib.stores import at_least, contents, no_warnings, on_sample, same_contents, stop, start

SHEET = "storage_format"
KEY = 'jetstream { store_dir: "js", key: "%s", cipher: %%s }\n' % SAMPLE_KEY

# What the samples hold beside `jetstream`: features that their content needs.
SAMPLES = {
    "plain": (), "deletes": ("mirrors",), "headers-ttl": (), "schedules-sources": ("schedules", "sources", "mirrors"),
    "compressed-s2": (), "encrypted-aes": (), "encrypted-chacha": (), "kv-bucket": (), "workqueue": (),
    "crash-kill9": (), "purge-interrupted": (), "older-2.9.10": (), "older-2.10.26": (), "older-2.11.11": (),
    "older-2.12.8": (), "older-2.14.6": ()}
DAMAGED = ("truncated-tail", "flipped-bit")


def config_of(name):
    return KEY % ("aes" if name.endswith("aes") else "chachapoly") if name.startswith("encrypted") else STORE


def wait_for_expiry(js, name):
    """The messages that expire soon after the start have gone."""
    if name == "headers-ttl":
        js.wait_state("TTL", messages=5)
        js.wait_state("SDM", messages=0, first_seq=3)


def genuine(stream, message):
    """The message has the payload that was published to that sequence of a damaged sample."""
    text, seq = message["payload"].decode(), message["seq"]
    if re.match(r"\d{5}\|", text):
        return text == ("%05d|" % seq + "abcdefghij" * 100)[:900] and message["subject"] == "%s.%d" % (stream.lower(), seq % 4)
    return re.fullmatch(r"%s-(payload-)?0*%d" % (stream, seq), text) is not None


def volatile(name):
    # Written after opening.
    return ("last_ts",) if name == "headers-ttl" else ()


def opens(name):
    def run(ctx):
        js, expected = on_sample(ctx, name, config_of(name))
        wait_for_expiry(js, name)
        read = contents(js)
        same_contents(read, expected, volatile(name))
        if name == "plain" or name.startswith(("older", "kv", "work", "compressed", "encrypted")):
            no_warnings(js)
        # And so it stays.
        stop(js)
        js = start(ctx, js)
        same_contents(contents(js), expected, volatile(name))
    run.__name__ = "opens_" + re.sub(r"\W", "_", name)
    return run


def rebuilds(name):
    def run(ctx):
        def remove(account):
            for stream in account.streams():
                if account.stream(stream).has_index():
                    account.stream(stream).remove_index()
        js, expected = on_sample(ctx, name, config_of(name), remove)
        wait_for_expiry(js, name)
        same_contents(contents(js), expected, volatile(name) + (("last_ts", "first_ts", "bytes") if name == "deletes" else ()))
    run.__name__ = "rebuilds_" + re.sub(r"\W", "_", name)
    return run


def opens_damaged(name):
    def run(ctx):
        js, expected = on_sample(ctx, name)
        read = contents(js)
        if ctx.is_peer:
            same_contents(read, expected)
        else:
            at_least(read, expected, genuine)
            stop(js)
            js = start(ctx, js)
            at_least(contents(js), expected, genuine)
    run.__name__ = "opens_" + re.sub(r"\W", "_", name)
    return run


for sample, features in SAMPLES.items():
    needs = ("jetstream",) + features
    test(SHEET, 55 if sample.startswith("older") else 60, needs=needs)(opens(sample))
    if sample not in ("crash-kill9", "purge-interrupted", "older-2.9.10"):
        test(SHEET, 22, needs=needs)(rebuilds(sample))
for sample in DAMAGED:
    test(SHEET, 60, needs="jetstream")(opens_damaged(sample))
