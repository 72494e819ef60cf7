"""Many messages on many subjects in one stream."""

import glob
import json
import os
import random
import time

from wire import Failed

# With scale 1.
MESSAGES, SUBJECTS = 10_000_000, 1_000_000
PAYLOAD = b"p" * 128
# A stride that visits all subjects in a scattered order.
STRIDE = 7_368_787
BATCH = 5_000
# Requests of each kind whose times are measured.
ASKED = 200


def run(place, scale):
    count, subjects = int(MESSAGES * scale), max(1, int(SUBJECTS * scale))
    rnd = random.Random(3)
    wire = place.wire()
    wire.api("STREAM.CREATE.S", {"name": "S", "subjects": ["m.*.*"], "allow_direct": True})
    place.memory("at the start")

    def name(number):
        key = number * STRIDE % subjects
        return b"m.%d.%d" % (key % 1000, key)

    began = time.monotonic()
    last = wire.load(lambda first, end: [name(number) for number in range(first, end)], count, PAYLOAD)
    place.note("loaded, %d messages on %d subjects" % (count, subjects), count / (time.monotonic() - began), "/s")
    if last != count:
        raise Failed("%r stored, not %d" % (last, count))
    place.memory("after it")
    state = check_state(wire, count, subjects)
    wire.close()

    again, stopped = place.restart()
    place.note("stop", stopped, "s")
    place.note("restart after a stop", again, "s")
    place.memory("after it")
    wire = place.wire()
    if check_state(wire, count, subjects) != state:
        raise Failed("the state is not what it was")
    look_ups(place, wire, rnd, count, subjects, name)
    wire.close()

    place.server.stop(timeout=600)
    for index in glob.glob(place.server.path("js/jetstream/$G/streams/S/msgs/index.db")):
        os.remove(index)
    place.note("restart without index", place.start(), "s")
    place.memory("after it")
    wire = place.wire()
    if check_state(wire, count, subjects) != state:
        raise Failed("the state is not what it was, after a restart without index")
    read_all(place, wire, count)
    wire.close()


def check_state(wire, count, subjects):
    state = wire.api("STREAM.INFO.S")["state"]
    state.pop("consumer_count")
    if (state["messages"], state["last_seq"], state["num_subjects"]) != (count, count, subjects):
        raise Failed("state %r" % state)
    return state


def measured(place, what, requests):
    """Median time of requests, and bytes read from files for each."""
    before, times = place.read_bytes(), []
    for request in requests:
        began = time.monotonic()
        request()
        times.append(time.monotonic() - began)
    place.note("%s, median" % what, sorted(times)[len(times) // 2], "s")
    place.note("%s, read from files" % what, (place.read_bytes() - before) / len(times) / 1e6, "MB")


def look_ups(place, wire, rnd, count, subjects, name):
    each = count // subjects

    def direct():
        subject = name(rnd.randrange(count))
        header, payload = wire.ask("$JS.API.DIRECT.GET.S." + subject.decode())
        if payload != PAYLOAD or b"Nats-Subject: " + subject not in header:
            raise Failed("direct get of %r: %r" % (subject, header))

    measured(place, "direct get of the last on a subject", [direct] * ASKED)

    numbers = iter(range(1_000_000))

    def pending(filters, wanted, **config):
        consumer = "P%d" % next(numbers)
        config = dict(config, name=consumer, ack_policy="none", mem_storage=True)
        if len(filters) == 1:
            config["filter_subject"] = filters[0]
        elif filters:
            config["filter_subjects"] = filters
        header, reply = wire.ask("$JS.API.CONSUMER.CREATE.S." + consumer + ("." + filters[0] if len(filters) == 1 else ""),
                                 json.dumps({"stream_name": "S", "config": config}).encode())
        reply = json.loads(reply)
        if "error" in reply or reply["num_pending"] != wanted:
            raise Failed("%r: %r, %r expected" % (filters, reply, wanted))
        wire.api("CONSUMER.DELETE.S." + consumer)

    exact = [lambda: pending([name(rnd.randrange(count)).decode()], each)] * ASKED
    measured(place, "num_pending of one subject", exact)
    # Of the keys below `subjects`, those with this remainder.
    group = 17 % min(1000, subjects)
    in_group = len(range(group, subjects, 1000))
    measured(place, "num_pending of m.%d.*" % group, [lambda: pending(["m.%d.*" % group], in_group * each)] * 20)
    measured(place, "num_pending, last per subject, all", [lambda: pending(["m.>"], subjects, deliver_policy="last_per_subject")] * 3)
    measured(place, "num_pending, last per subject, m.%d.*" % group,
             [lambda: pending(["m.%d.*" % group], in_group, deliver_policy="last_per_subject")] * 20)
    middle = count // 2
    behind = len([number for number in range(middle, count) if number * STRIDE % subjects % 1000 == group])
    measured(place, "num_pending of m.%d.* from the middle on" % group,
             [lambda: pending(["m.%d.*" % group], behind, deliver_policy="by_start_sequence", opt_start_seq=middle + 1)] * 5)


def read_all(place, wire, count):
    """A pull consumer reads everything."""
    wire.api("CONSUMER.CREATE.S.R", {"stream_name": "S", "config": {"name": "R", "ack_policy": "none"}})
    began, done = time.monotonic(), 0
    # Two requests under way.
    body = b'{"batch":%d,"expires":60000000000}' % BATCH
    ask = b"PUB $JS.API.CONSUMER.MSG.NEXT.S.R %sr %d\r\n%s\r\n" % (wire.prefix, len(body), body)
    wire.send(ask)
    while done < count:
        wanted = min(BATCH, count - done)
        if done + wanted < count:
            wire.send(ask)
        wire.count(b" w $JS.ACK.S.R.", wanted)
        done += wanted
    place.note("read by a pull consumer", count / (time.monotonic() - began), "/s")
    place.memory("after it")
