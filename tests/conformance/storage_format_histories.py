"""Storage: long random histories of a stream against a model, over clean stops, crashes and lost indexes (items 22, 33, 60)."""

import random

from lib import *
from lib.consumers import fetch, make, pair
from lib.jetstream import SECOND, STORE, parse_ack, record_size
from lib.stores import messages_of, own, start, stop

SHEET = "storage_format"
STEPS = 420
# Live bytes beyond which the model purges, well below `max_bytes`.
ENOUGH = 90_000


class Model:
    """What the stream must hold."""

    def __init__(self):
        self.last = 0
        self.live = {}

    def size(self):
        return sum(record_size("file", subject, payload, headers) for subject, payload, headers in self.live.values())


def step(js, model, dice):
    """One acknowledged operation on both."""
    kind = dice.choices(("publish", "erase", "delete", "keep", "seq", "filter", "all"), (80, 6, 10, 1, 1, 1, 0.3))[0]
    if model.size() > ENOUGH:
        kind = "keep"
    if kind == "publish":
        subject = "s." + dice.choice("abcdefgh") + ("x" * dice.randrange(40) if dice.random() < 0.1 else "")
        payload = dice.randbytes(dice.choice((0, 1, 10, 100, 500, 1000))) if dice.random() < 0.5 else b"text " * dice.randrange(150)
        headers = {"K": "v" * dice.randrange(30)} if dice.random() < 0.3 else None
        ack = js.pub(subject, payload, headers)
        model.last += 1
        eq(ack["seq"], model.last, "sequence")
        block = None if headers is None else b"NATS/1.0\r\nK: %s\r\n\r\n" % headers["K"].encode()
        model.live[model.last] = subject, payload, block
    elif kind in ("erase", "delete"):
        if model.live:
            seq = dice.choice(list(model.live))
            js.delete_msg("S", seq, no_erase=kind == "delete")
            del model.live[seq]
    else:
        if kind == "keep":
            keep = dice.randrange(1, 40)
            left = set(sorted(model.live)[-keep:])
            body = {"keep": keep}
        elif kind == "seq":
            bound = dice.randrange(max(1, model.last - 150), model.last + 2)
            left = {seq for seq in model.live if seq >= bound}
            body = {"seq": bound}
        elif kind == "filter":
            subject = "s." + dice.choice("abcdefgh")
            left = {seq for seq, message in model.live.items() if message[0] != subject}
            body = {"filter": subject}
        else:
            left, body = set(), {}
        eq(js.purge("S", **body), len(model.live) - len(left), "purged by %r" % body)
        model.live = {seq: model.live[seq] for seq in left}


def check_stream(js, model, what):
    state = js.state("S")
    eq((state["messages"], state["last_seq"], state["bytes"]), (len(model.live), model.last, model.size()), "state " + what)
    eq(state["first_seq"], min(model.live, default=model.last + 1), "first sequence " + what)
    eq(state.get("num_subjects", 0), len({message[0] for message in model.live.values()}), "subjects " + what)
    got = {entry["seq"]: (entry["subject"], entry["payload"], entry["headers"].encode() if "headers" in entry else None)
           for entry in (messages_of(js, "S", state) if state["messages"] else ())}
    eq(sorted(got), sorted(model.live), "sequences " + what)
    for seq, message in model.live.items():
        eq(got[seq], message, "message %d %s" % (seq, what))


def history(name, seed, compression="none", cipher=None):
    def run(ctx):
        dice, model = random.Random(seed), Model()
        key = {"key": "a key", "cipher": cipher} if cipher else {}
        js = own(ctx, STORE if not cipher else 'jetstream { store_dir: "js", max_file: 2GB, key: "a key", cipher: %s }\n' % (
            "aes" if cipher == "aes" else "chachapoly"))
        js.create("S", "s.>", max_bytes=127000, compression=compression)
        for number in range(1, STEPS + 1):
            step(js, model, dice)
            if number % 60 == 0:
                how = dice.choice(("stop", "kill", "index"))
                stream = stop(js, how == "kill", **key).stream("S")
                # Only what is there can be wrong: checksums, order, and that nothing is left behind.
                messages = stream.messages()
                check(set(model.live) <= set(messages), "messages missing in the files: %r" % sorted(set(model.live) - set(messages)))
                if how != "kill":
                    index = stream.index()
                    eq((index.messages, index.last), (len(model.live), model.last), "index.db")
                if how == "index":
                    stream.remove_index()
                js = start(ctx, js)
                check_stream(js, model, "after step %d and %s" % (number, how))
        check("lost" not in js.state("S", deleted_details=True), "lost")
    run.__name__ = "history_" + name
    return run


for title, number, options in (("plain", 1, {}), ("plain_2", 2, {}), ("plain_3", 3, {}), ("s2", 4, {"compression": "s2"}),
                               ("s2_2", 5, {"compression": "s2"}), ("chacha", 6, {"cipher": "chacha"}),
                               ("aes_s2", 7, {"cipher": "aes", "compression": "s2"})):
    test(SHEET, 33, needs="jetstream", slow=True)(history(title, number, **options))


# -- limits ---------------------------------------------------------------------------------------------

def limited_history(seed, **limits):
    """Publishes only, into a stream of many limits, over clean stops."""
    def run(ctx):
        dice, live, last = random.Random(seed), [], 0
        js = own(ctx)
        js.create("S", "s.>", **limits)
        for number in range(1, 301):
            subject = "s.%d" % min(int(dice.expovariate(0.15)), 30)
            js.pub(subject, b"x" * dice.randrange(300))
            last += 1
            live.append((last, subject))
            mine = [entry for entry in live if entry[1] == subject]
            if len(mine) > limits.get("max_msgs_per_subject", 1 << 30):
                live.remove(mine[0])
            while len(live) > limits.get("max_msgs", 1 << 30):
                live.pop(0)
            if number % 60 == 0:
                before = js.state("S")
                eq(js.seqs("S"), [seq for seq, _ in live], "messages at step %d" % number)
                index = stop(js).stream("S").index()
                eq({subject.decode(): entry[0] for subject, entry in index.subjects.items()},
                   {subject: sum(entry[1] == subject for entry in live) for _, subject in live}, "subjects in index.db")
                js = start(ctx, js)
                eq((js.seqs("S"), js.state("S")), ([seq for seq, _ in live], before), "after the restart at step %d" % number)
    run.__name__ = "history_with_limits_%d" % seed
    return run


for number, options in ((1, {"max_msgs": 80, "max_msgs_per_subject": 5}), (2, {"max_msgs_per_subject": 1}), (3, {"max_msgs": 40})):
    test(SHEET, 17, needs="jetstream", slow=True)(limited_history(number, **options))


# -- consumers ------------------------------------------------------------------------------------------

class Cursor:
    """What an explicit consumer must know."""

    def __init__(self):
        self.next_consumer = 1
        self.next_stream = 1
        self.pending = {}
        self.redelivered = {}
        self.queue = []
        self.messages = {}


def deliver(js, cursor, last, count):
    """Fetches and checks every delivery: naks in their order, then new messages."""
    want = []
    while len(want) < count and cursor.queue:
        want.append(cursor.queue.pop(0))
    while len(want) < count and cursor.next_stream <= last:
        want.append(cursor.next_stream)
        cursor.next_stream += 1
    got = fetch(js, "S", "C", count)
    for message, seq in zip(got, want):
        if seq in cursor.pending:
            cursor.redelivered[seq] = cursor.redelivered.get(seq, 0) + 1
        ack = parse_ack(message.reply)
        eq((ack.stream_seq, ack.consumer_seq, ack.delivered), (seq, cursor.next_consumer, cursor.redelivered.get(seq, 0) + 1), "delivery")
        cursor.pending.setdefault(seq, cursor.next_consumer)
        cursor.messages[seq] = message
        cursor.next_consumer += 1
    eq(len(got), len(want), "number of deliveries")


def check_cursor(cursor, info, what):
    eq((info["num_ack_pending"], info["num_redelivered"]), (len(cursor.pending), len(cursor.redelivered)), "numbers " + what)
    eq(pair(info["delivered"]), (cursor.next_consumer - 1, cursor.next_stream - 1), "delivered " + what)
    floor = info["ack_floor"]["stream_seq"]
    check(floor < min(cursor.pending, default=cursor.next_stream), "ack floor %d %s" % (floor, what))
    if not cursor.pending:
        eq(pair(info["ack_floor"]), pair(info["delivered"]), "ack floor " + what)


def consumer_history(seed, cipher=None, kill=False):
    def run(ctx):
        dice, cursor, last = random.Random(seed), Cursor(), 0
        key = {"key": "a key", "cipher": cipher} if cipher else {}
        js = own(ctx, STORE if not cipher else 'jetstream { store_dir: "js", max_file: 2GB, key: "a key", cipher: %s }\n' % (
            "aes" if cipher == "aes" else "chachapoly"))
        js.create("S", "s.>")
        make(js, {"durable_name": "C", "ack_policy": "explicit", "ack_wait": 3600 * SECOND, "max_ack_pending": -1}, "C")
        for number in range(1, 301):
            kind = dice.choices(("publish", "fetch", "ack", "nak", "term", "wpi"), (20, 25, 35, 12, 4, 4))[0]
            if kind == "publish":
                count = dice.randrange(1, 10)
                js.pub_many(["s.a"] * count)
                last += count
            elif kind == "fetch":
                deliver(js, cursor, last, dice.randrange(1, 8))
            elif cursor.pending:
                seq = dice.choice(list(cursor.pending))
                js.ack_sync(cursor.messages[seq], {"ack": b"+ACK", "nak": b"-NAK", "term": b"+TERM", "wpi": b"+WPI"}[kind])
                if kind == "nak":
                    if seq not in cursor.queue:
                        cursor.queue.append(seq)
                elif kind != "wpi":
                    del cursor.pending[seq]
                    cursor.redelivered.pop(seq, None)
                    if seq in cursor.queue:
                        cursor.queue.remove(seq)
            if number % 50 == 0:
                if cursor.queue:
                    # It need not survive.
                    deliver(js, cursor, last, len(cursor.queue))
                check_cursor(cursor, js.consumer_info("S", "C"), "before the restart at step %d" % number)
                consumer = stop(js, kill, **key).stream("S").consumer("C")
                state = None if kill else consumer.state()
                eq(state and ({seq: entry[0] for seq, entry in state.pending.items()}, state.redelivered, state.delivered),
                   state and (cursor.pending, cursor.redelivered, (cursor.next_consumer - 1, cursor.next_stream - 1)), "o.dat")
                js = start(ctx, js)
                check_cursor(cursor, js.consumer_info("S", "C"), "after the restart at step %d" % number)
    run.__name__ = "consumer_history_%d" % seed + ("_with_crashes" if kill else "")
    return run


for number, kind in ((1, None), (2, None), (3, "chacha"), (4, "aes")):
    test(SHEET, 47, needs="jetstream", slow=True)(consumer_history(number, kind))
# The reference forgets the last 100 ms.
for number in (5, 6):
    test(SHEET, 47, needs="jetstream", slow=True, better=True)(consumer_history(number, kill=True))
