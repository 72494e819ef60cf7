"""Many streams on one server."""

import json
import random
import time

from wire import Failed

# With scale 1.
STREAMS = 10_000
# More than a page of the list shows, and than a server may have files open for.
FEWEST = 700
# Descriptors that a server may have open, however many streams there are.
DESCRIPTORS = 620


def pages(wire, name, field):
    """All entries of a paged request."""
    found = []
    while True:
        reply = wire.api(name, {"offset": len(found)})
        if not reply[field]:
            break
        found += reply[field]
        if len(found) >= reply["total"]:
            break
    if len(found) != reply["total"]:
        raise Failed("%s: %d of %d" % (name, len(found), reply["total"]))
    return found


def must_succeed(payload):
    reply = json.loads(payload)
    if "error" in reply:
        raise Failed("%r" % reply)


def run(place, scale):
    count = max(FEWEST, int(STREAMS * scale))
    rnd = random.Random(7)
    names = ["S%05d" % number for number in range(count)]
    expected = dict.fromkeys(names, 0)
    wire = place.wire()
    place.memory("at the start")

    began = time.monotonic()
    wire.window(((b"$JS.API.STREAM.CREATE.%s" % name.encode(),
                  b'{"name":"%s","subjects":["s.%s.>"]}' % (name.encode(), name.encode())) for name in names),
                window=64, check=must_succeed)
    place.note("streams created", count / (time.monotonic() - began), "/s")
    place.memory("with %d streams" % count)

    def publish(messages):
        chosen = [rnd.choice(names) for _ in range(messages)]
        began = time.monotonic()
        wire.window(((b"s.%s.a" % name.encode(), b"x" * 128) for name in chosen), window=1000, check=must_succeed)
        for name in chosen:
            expected[name] += 1
        return messages / (time.monotonic() - began)

    place.note("published to random ones", publish(count * 2), "/s")
    open_now = place.server.descriptors()
    place.note("open descriptors", open_now, "")
    if not place.is_peer and open_now > DESCRIPTORS:
        raise Failed("%d descriptors are open" % open_now)
    place.memory("after it")
    look(place, wire, names, expected)
    wire.close()

    again, stopped = place.restart()
    place.note("stop", stopped, "s")
    place.note("restart after a stop", again, "s")
    place.memory("after it")
    place.note("open descriptors after it", place.server.descriptors(), "")
    wire = place.wire()
    look(place, wire, names, expected)
    publish(count)
    wire.close()
    again, _ = place.restart(kill=True)
    place.note("restart after kill -9", again, "s")
    wire = place.wire()
    look(place, wire, names, expected)
    wire.close()


def look(place, wire, names, expected):
    """Names and states are what they must be."""
    began = time.monotonic()
    if pages(wire, "STREAM.NAMES", "streams") != names:
        raise Failed("STREAM.NAMES shows other streams")
    place.note("all pages of STREAM.NAMES", time.monotonic() - began, "s")
    began = time.monotonic()
    listed = pages(wire, "STREAM.LIST", "streams")
    place.note("all pages of STREAM.LIST", time.monotonic() - began, "s")
    shown = {entry["config"]["name"]: entry["state"]["last_seq"] for entry in listed}
    if shown != expected:
        wrong = [name for name in names if shown.get(name) != expected[name]]
        raise Failed("STREAM.LIST: %d streams are not what they were, such as %s: %r, not %d"
                     % (len(wrong), wrong[:1], shown.get(wrong[0]), expected[wrong[0]]))
