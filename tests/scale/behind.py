"""A consumer far behind reads while others publish at the head."""

import json
import multiprocessing
import os
import time

from streams import must_succeed
from wire import Failed, Wire

# Messages of 1 KiB, with scale 1: some times what servers keep in memory.
MESSAGES = 2_000_000
PAYLOAD = b"p" * 1024
BATCH = 2_000
# Seconds of each measurement.
SECONDS = 5.0
# Publishes a second of a head that does not want all the machine has.
PACE = 20_000


def run(place, scale):
    count = int(MESSAGES * scale)
    wire = place.wire()
    wire.api("STREAM.CREATE.S", {"name": "S", "subjects": ["b.>"]})
    wire.load(lambda first, end: [b"b.%d" % (number % 100) for number in range(first, end)], count, PAYLOAD)
    seconds = max(1.0, SECONDS * min(1.0, scale * 4))

    def head(what):
        """Rate with a window, and times one at a time."""
        began, done = time.monotonic(), 0
        while time.monotonic() - began < seconds:
            done += wire.window(((b"b.head", PAYLOAD) for _ in range(2000)), window=1000, check=must_succeed)
        place.note("published at the head, %s" % what, done / (time.monotonic() - began), "/s")
        times, began = [], time.monotonic()
        while time.monotonic() - began < seconds:
            start = time.monotonic()
            _, reply = wire.ask("b.head", PAYLOAD)
            times.append(time.monotonic() - start)
            must_succeed(reply)
        times.sort()
        place.note("one at a time, %s, median" % what, times[len(times) // 2], "s")
        place.note("one at a time, %s, 99 %%" % what, times[len(times) * 99 // 100], "s")
        rate, times = wire.paced(b"b.head", PAYLOAD, PACE, seconds)
        place.note("at most %d/s, %s" % (PACE, what), rate, "/s")
        place.note("such a publish, %s, median" % what, times[len(times) // 2], "s")
        place.note("such a publish, %s, 99 %%" % what, times[len(times) * 99 // 100], "s")

    head("nobody reads")
    reader = Reader(place)
    reader.start()
    head("a consumer catches up")
    place.memory("while it does")
    reader.finish()
    place.note("read meanwhile", reader.rate, "/s")
    alone = Reader(place)
    alone.start()
    time.sleep(seconds)
    alone.finish()
    place.note("read alone", alone.rate, "/s")
    files = forget_files(place.server.path("js"))
    place.note("read alone, files not in the page cache", read_once(place.server.port), "/s")
    forget_files(place.server.path("js"))
    place.note("read by a program that reads the files, likewise", read_files(files) / len(PAYLOAD), "/s")
    wire.close()


class Reader:
    """A process that reads the stream from its first message on, again and again, until `finish`."""

    def __init__(self, place):
        self.ending = multiprocessing.Event()
        self.result = multiprocessing.Queue()
        self.process = multiprocessing.Process(target=self._run, args=(place.server.port,), daemon=True)
        self.rate = 0.0

    def start(self):
        self.process.start()

    def _run(self, port):
        try:
            self.result.put(read(Wire(port), self.ending))
        except (Failed, OSError) as error:
            self.result.put(repr(error))

    def finish(self):
        self.ending.set()
        self.rate = self.result.get(timeout=120)
        self.process.join()
        if isinstance(self.rate, str):
            raise Failed("reader: " + self.rate)


def forget_files(folder):
    """Paths of the blocks under `folder`, which the operating system has to read from the disk again."""
    files = [os.path.join(where, name) for where, _, names in os.walk(folder) for name in names if name.endswith(".blk")]
    for path in files:
        with open(path, "rb") as file:
            os.fdatasync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return files


def read_files(files):
    """Bytes a second."""
    began, done, buffer = time.monotonic(), 0, bytearray(1 << 20)
    for path in files:
        with open(path, "rb", buffering=0) as file:
            while size := file.readinto(buffer):
                done += size
    return done / (time.monotonic() - began)


class Never:
    """An ending that does not come."""

    @staticmethod
    def is_set():
        return False


def read_once(port):
    """Messages a second of the whole stream, once."""
    return read(Wire(port), Never, rounds=1)


def read(wire, ending, rounds=None):
    """Messages a second."""
    began, done, number = time.monotonic(), 0, 0
    body = json.dumps({"batch": BATCH, "expires": 60_000_000_000}).encode()
    while not ending.is_set() and number != rounds:
        name = b"R%d_%d" % (os.getpid(), number)
        number += 1
        config = {"name": name.decode(), "ack_policy": "none", "mem_storage": True}
        reply = wire.api("CONSUMER.CREATE.S." + name.decode(), {"stream_name": "S", "config": config})
        # One request after the other: nothing is left of one when the next consumer begins.
        for _ in range(reply["num_pending"] // BATCH):
            wire.send(b"PUB $JS.API.CONSUMER.MSG.NEXT.S.%s %sr %d\r\n%s\r\n" % (name, wire.prefix, len(body), body))
            wire.count(b" w $JS.ACK.S.%s." % name, BATCH)
            done += BATCH
            if ending.is_set():
                break
    return done / (time.monotonic() - began)
