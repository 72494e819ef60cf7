"""Many consumers on one stream, half of them durable, each with a subject of its own and some with all."""

import json
import time

from streams import must_succeed, pages
from wire import Failed

# With scale 1.
CONSUMERS = 10_000
FEWEST = 600
# Consumers without a filter.
GREEDY = 20
# Messages that show the rate; with scale 1 as well.
MESSAGES = 100_000


def run(place, scale):
    count = max(FEWEST, int(CONSUMERS * scale))
    wire = place.wire()
    wire.api("STREAM.CREATE.S", {"name": "S", "subjects": ["c.>"], "max_consumers": count + GREEDY})
    messages = max(2 * count, int(MESSAGES * min(1.0, scale * 5)))
    place.memory("at the start")
    place.note("published, no consumers", publish(wire, count, messages), "/s")
    wire.api("STREAM.PURGE.S")

    def create(number):
        name = b"%s%05d" % (b"D" if number % 2 else b"E", number)
        config = {"ack_policy": "explicit", "name": name.decode(), "filter_subject": "c.%d" % number}
        if number % 2:
            config["durable_name"] = name.decode()
        else:
            config["inactive_threshold"] = 3_600_000_000_000
        subject = b"$JS.API.CONSUMER.CREATE.S.%s.c.%d" % (name, number)
        return subject, json.dumps({"stream_name": "S", "config": config}).encode()

    began = time.monotonic()
    wire.window((create(number) for number in range(count)), window=64, check=must_succeed)
    place.note("consumers created", count / (time.monotonic() - began), "/s")
    for number in range(GREEDY):
        name = "G%d" % number
        wire.api("CONSUMER.CREATE.S." + name, {"stream_name": "S", "config": {"durable_name": name, "ack_policy": "explicit"}})
    place.memory("with %d consumers" % (count + GREEDY))
    place.note("open descriptors", place.server.descriptors(), "")
    place.note("published with them", publish(wire, count, messages), "/s")
    rounds = messages // count
    look(place, wire, count)
    probe(wire, count, rounds, 0)
    wire.close()
    again, stopped = place.restart()
    place.note("stop", stopped, "s")
    place.note("restart after a stop", again, "s")
    place.memory("after it")
    wire = place.wire()
    look(place, wire, count)
    probe(wire, count, rounds, 1)
    wire.close()
    again, _ = place.restart(kill=True)
    place.note("restart after kill -9", again, "s")
    wire = place.wire()
    look(place, wire, count)
    if not place.is_peer:
        # The peer forgets confirmed acknowledgements when it is killed.
        probe(wire, count, rounds, 2)
    wire.close()


def publish(wire, count, messages):
    began = time.monotonic()
    wire.window(((b"c.%d" % (number % count), b"x" * 128) for number in range(messages)), window=1000, check=must_succeed)
    return messages / (time.monotonic() - began)


def look(place, wire, count):
    """All are listed."""
    began = time.monotonic()
    names = pages(wire, "CONSUMER.NAMES.S", "consumers")
    place.note("all pages of CONSUMER.NAMES", time.monotonic() - began, "s")
    began = time.monotonic()
    listed = pages(wire, "CONSUMER.LIST.S", "consumers")
    place.note("all pages of CONSUMER.LIST", time.monotonic() - began, "s")
    if len(names) != count + GREEDY or [entry["name"] for entry in listed] != names:
        raise Failed("%d consumers in NAMES, %d in LIST" % (len(names), len(listed)))


def probe(wire, count, rounds, taken):
    """Some consumers deliver the next message on their subject, after those that were acknowledged."""
    for number in range(0, count, max(1, count // 100)):
        name = "%s%05d" % ("D" if number % 2 else "E", number)
        if taken < rounds:
            pull(wire, name, b"c.%d" % number, taken + 1)
    for number in range(GREEDY):
        pull(wire, "G%d" % number, None, taken + 1)


def pull(wire, name, subject, delivered):
    # A message keeps its own subject, and its reply subject tells of the consumer.
    wire.send(b"PUB $JS.API.CONSUMER.MSG.NEXT.S.%s %s 1\r\n1\r\n" % (name.encode(), wire.inbox()))
    got, reply, header, _ = wire.frame()
    if header:
        raise Failed("%s: %r" % (name, header))
    words = reply.split(b".")
    if subject and got != subject or words[3] != name.encode() or int(words[6]) != delivered:
        raise Failed("%s delivered %r with %r, and not its message number %d" % (name, got, reply, delivered))
    inbox = wire.inbox()
    wire.send(b"PUB %s %s 4\r\n+ACK\r\n" % (reply, inbox))
    if wire.frame()[0] != inbox:
        raise Failed("%s: no confirmation" % name)
