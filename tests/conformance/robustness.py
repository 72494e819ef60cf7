"""Hostile, careless and slow clients: the server survives, others are served, memory stays bounded."""

import collections
import os
import random
import resource
import socket
import ssl
import threading
import time

from lib import *

SHEET = "robustness"
MB = 1 << 20
# What hostile input may add to the resident memory for good: buffers, pools, the ring of closed connections.
GROWTH = 64 * MB
SEED = 20260115
# SO_LINGER of zero seconds: close with a reset.
RESET = b"\1\0\0\0\0\0\0\0"


def more_descriptors():
    """Raises this process's soft limit of open files; returns the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Canary:
    """A publisher and a subscriber that must go on undisturbed, and the server's memory before the attack."""

    SUBJECT = "canary.subject.of.its.own"

    def __init__(self, ctx, server, **options):
        self.server = server
        self.subscriber = ctx.client(server, **options)
        self.publisher = ctx.client(server, **options)
        self.subscriber.sub(self.SUBJECT, "1")
        self.subscriber.expect_quiet()
        self.count = 0
        self.sing()
        self.memory = server.rss()

    def sing(self):
        """One message goes through."""
        self.count += 1
        self.publisher.pub(self.SUBJECT, "%d" % self.count)
        self.subscriber.expect_msg(payload="%d" % self.count)

    def still_well(self, growth=GROWTH):
        """The server lives, serves, and its memory has come back (within `growth` bytes)."""
        check(self.server.alive(), "the server died: " + self.server.log()[-3000:])
        self.sing()
        self.subscriber.expect_quiet()
        self.publisher.expect_quiet()
        wait_until(lambda: self.server.rss() <= self.memory + growth, timeout=5,
                   what=lambda: "memory was %d MB, is %d MB" % (self.memory // MB, self.server.rss() // MB))
        check("panic" not in self.server.log(), "a panic: " + self.server.log()[-3000:])


def connection(server):
    """A bare socket."""
    client = socket.create_connection((server.host, server.port), 10)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def throw(server, *chunks, reset=False):
    """Sends chunks on a connection of its own as far as they are taken, and goes: either with a reset, or after
    the server has read all and closed."""
    client = connection(server)
    client.settimeout(5)
    try:
        for chunk in chunks:
            client.sendall(chunk)
        if not reset:
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass
    except socket.timeout:
        fail("the server neither reads on nor closes after %r" % b"".join(chunks)[:200])
    except OSError:
        pass
    if reset:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    client.close()


def only_canary_left(server):
    """Waits until the attackers' connections are gone."""
    wait_until(lambda: server.varz()["connections"] == 2, lambda: "connections: %d" % server.varz()["connections"])


@test(SHEET, 1, exclusive=True)
def random_bytes(ctx):
    server = ctx.start()
    canary = Canary(ctx, server)
    rng = random.Random(SEED)
    starts = (b"", b"CONNECT ", b'CONNECT {"verbose":false}\r\n', b"PUB ", b"PUB a 10\r\n", b"SUB ", b"HPUB ", b"INFO ", b"-ERR ",
              b"+OK", b"PING", b'CONNECT {"headers":true,"verbose":false}\r\nHPUB a 5 ')
    for number in range(1500):
        chunks = [rng.choice(starts) + rng.randbytes(rng.randrange(1, 400))]
        chunks += [rng.randbytes(rng.randrange(1, 3000)) for _ in range(rng.randrange(3))]
        throw(server, *chunks, reset=rng.random() < 0.3)
        if number % 300 == 0:
            canary.sing()
    storm = b"\xff" * 65536
    for start in (b"", b"PING", b"PUB a 900000\r\n", b"SUB ", b"CONNECT {"):
        throw(server, start, *[storm] * 160)
    for byte in range(256):
        throw(server, bytes([byte]) * 600)
    only_canary_left(server)
    canary.still_well()


VALID = (b'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true,"protocol":1}\r\nPING\r\n',
         b"SUB foo.* 1\r\n", b"SUB bar q 2\r\n", b"UNSUB 1 5\r\n", b"PUB foo.a 5\r\nhello\r\n", b"PUB bar reply 3\r\nabc\r\n",
         b"HPUB bar r 18 20\r\nNATS/1.0\r\nA: b\r\n\r\nhi\r\n", b"PONG\r\n", b"+OK\r\n", b"INFO {}\r\n", b"PUB foo.b 0\r\n\r\n",
         b"UNSUB 2\r\n", b"PING\r\n")
PIECES = (b"\r\n", b" ", b"\0", b"999999999", b"-1", b">", b"*", b".", b"\n", b"\t\t", b"18446744073709551616")


def mutate(rng, data):
    """One to four random changes."""
    data = bytearray(data)
    for _ in range(rng.randrange(1, 5)):
        place = rng.randrange(len(data))
        kind = rng.randrange(7)
        if kind == 0:
            data[place] = rng.randrange(256)
        elif kind == 1:
            del data[place:place + rng.randrange(1, 8)]
        elif kind == 2:
            data[place:place] = rng.randbytes(rng.randrange(1, 8))
        elif kind == 3:
            data[place:place] = data[place:place + rng.randrange(1, 60)]
        elif kind == 4:
            data[place:place] = rng.choice(PIECES)
        elif kind == 5:
            data[place] ^= 1 << rng.randrange(8)
        else:
            del data[place:]
        if not data:
            data += b"P"
    return bytes(data)


@test(SHEET, 2, exclusive=True)
def mutated_protocol(ctx):
    server = ctx.start()
    canary = Canary(ctx, server)
    rng = random.Random(SEED + 1)
    for number in range(3000):
        script = b"".join([VALID[0]] + [rng.choice(VALID[1:]) for _ in range(rng.randrange(1, 20))])
        script = mutate(rng, script)
        cut = rng.randrange(len(script))
        throw(server, script[:cut], script[cut:], reset=rng.random() < 0.2)
        if number % 500 == 0:
            canary.sing()
    only_canary_left(server)
    canary.still_well()


@test(SHEET, 3, exclusive=True)
def endless_lines(ctx):
    server = ctx.start()
    canary = Canary(ctx, server)
    block = b"x" * MB
    for verb in (b"PUB ", b"HPUB ", b"SUB ", b"UNSUB ", b"CONNECT ", b"INFO ", b"-ERR ", b"x", b"PUB foo ", b"SUB foo bar "):
        throw(server, verb, *[block] * 8)
    for blank in (b" ", b"\t", b"0", b"1", b"\0"):
        throw(server, b"PUB foo" + blank, *[blank * MB] * 4)
    # The tail of PING has no limit, so it must not be kept.
    client = ctx.client(server)
    for verb in ("PING", "PONG", "+OK"):
        client.send(verb)
        for _ in range(48):
            client.send(block)
        check(server.rss() < canary.memory + GROWTH, "memory during a tail of %s: %d MB" % (verb, server.rss() // MB))
        client.send("\r\n")
    client.expect_pong()
    client.expect_quiet()
    client.close()
    only_canary_left(server)
    canary.still_well()


@test(SHEET, 3, exclusive=True)
def bad_sizes_and_deep_json(ctx):
    server = ctx.start()
    canary = Canary(ctx, server)
    for size in ("-1", "-999999999", "+1", "0x10", "1e9", "99999999999999999999", "2147483648", "4294967296",
                 "18446744073709551615", "1 1 1", "", " ", "\x00", "\xb2", "999999999", "1048577", "00000000000001"):
        for form in ("PUB foo %s", "PUB foo bar %s", "HPUB foo 12 %s", "HPUB foo %s 12", "HPUB foo %s %s", "UNSUB 1 %s"):
            line = form.replace("%s", size).encode() + b"\r\n"
            throw(server, b'CONNECT {"headers":true,"verbose":false}\r\n', line, b"x" * 100)
    throw(server, b"CONNECT " + b'{"a":' * 600 + b"1" + b"}" * 600 + b"\r\n", b"PING\r\n")
    throw(server, b"CONNECT " + b"[" * 4000 + b"\r\n")
    throw(server, b"INFO " + b"[" * 4000 + b"\r\n")
    only_canary_left(server)
    canary.still_well()


class Traffic:
    """A publisher and a subscriber at work in a thread; every message must arrive, in order."""

    def __init__(self, ctx, server, subject="traffic"):
        self.subject = subject
        self.publisher, self.subscriber = ctx.client(server), ctx.client(server)
        self.subscriber.sub(subject)
        self.subscriber.expect_quiet()
        self.sent = 0
        self.trouble = None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self):
        try:
            while not self.over.is_set():
                numbers = range(self.sent, self.sent + 20)
                self.publisher.send("".join("PUB %s %d\r\n%d\r\n" % (self.subject, len(str(i)), i) for i in numbers))
                self.sent += 20
                for number in numbers:
                    eq(self.subscriber.expect_msg().payload, b"%d" % number, "message")
                self.over.wait(0.005)
        except BaseException as trouble:
            self.trouble = trouble

    def end(self):
        """Stops; fails when something went wrong."""
        self.over.set()
        self.thread.join(20)
        if self.trouble:
            raise self.trouble
        check(self.sent > 0, "no message was sent")


def come_and_go(server, total, batch=100):
    """Opens and closes `total` connections, some in good order and some not."""
    for _ in range(0, total, batch):
        clients = [connection(server) for _ in range(batch)]
        for number, client in enumerate(clients):
            if number % 4:
                client.sendall(b'CONNECT {"verbose":false,"name":"visitor"}\r\nSUB foo.%d 1\r\nPING\r\n' % number)
        for number, client in enumerate(clients):
            if number % 8 == 5:
                client.sendall(b"PUB foo 100\r\nabc")
            if number % 8 == 6:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            client.close()


@test(SHEET, 4, exclusive=True)
def connections_that_come_and_go(ctx):
    more_descriptors()
    server = ctx.start("max_closed_clients: 100\n")
    canary = Canary(ctx, server)
    traffic = Traffic(ctx, server)
    subscriptions = server.varz()["subscriptions"]
    come_and_go(server, 5000)
    wait_until(lambda: server.varz()["connections"] == 4, "the visitors of the warm-up are gone")
    memory, descriptors = server.rss(), server.descriptors()
    come_and_go(server, 5000)
    wait_until(lambda: server.varz()["connections"] == 4, "the visitors are gone")
    traffic.end()
    wait_until(lambda: server.descriptors() <= descriptors + 5,
               lambda: "descriptors were %d, are %d" % (descriptors, server.descriptors()))
    wait_until(lambda: server.rss() <= memory + 32 * MB, timeout=8,
               what=lambda: "memory was %d KB, is %d KB" % (memory >> 10, server.rss() >> 10))
    wait_until(lambda: server.varz()["subscriptions"] == subscriptions, "the visitors' subscriptions are gone")
    check(server.varz()["total_connections"] >= 10004, "total_connections")
    canary.sing()


def read_all(client, count):
    """Reads so many bytes as fast as they come; False if the server closes before."""
    while count > 0:
        got = client.recv(1 << 20)
        if not got:
            return False
        count -= len(got)
    return True


@test(SHEET, 5, exclusive=True)
def fast_reader_with_a_small_max_pending(ctx):
    """A producer that is faster than its subscriber is held up: the subscriber is not cut off, although a read of
    the server's can make more than it may have pending."""
    server = ctx.start("max_pending: 256KB\nmax_payload: 64KB\n")
    payload, count, kept = b"x" * 16384, 2000, 0
    for attempt in range(5):
        subscriber, publisher = connection(server), connection(server)
        for client, lines in ((subscriber, b"SUB fast.%d 1\r\n" % attempt), (publisher, b"")):
            client.sendall(b'CONNECT {"verbose":false}\r\n' + lines + b"PING\r\n")
            while b"PONG" not in client.recv(65536):
                pass
        message = b"PUB fast.%d %d\r\n%s\r\n" % (attempt, len(payload), payload)
        expected = count * (len(b"MSG fast.0 1 16384\r\n") + len(payload) + 2)

        def publish(publisher=publisher):
            try:
                publisher.sendall(message * count)
            except OSError:
                pass  # Given up below.

        sender = threading.Thread(target=publish, daemon=True)
        sender.start()
        done = read_all(subscriber, expected)
        publisher.shutdown(socket.SHUT_RDWR)
        sender.join(10)
        subscriber.close()
        publisher.close()
        kept += done
    # On a busy machine the subscriber itself may now and then sleep for longer than a producer waits.
    check(kept >= 3, "a subscriber that reads all the time was cut off %d times of 5" % (5 - kept))


@test(SHEET, 5, exclusive=True)
def subscriber_that_stops_reading(ctx):
    server = ctx.start('max_payload: 65536\nmax_pending: 4MB\nwrite_deadline: "30s"\n')
    stuck = ctx.client(server, raw={"rcvbuf": 4096})
    stuck.sub("news")
    stuck.expect_quiet()
    readers = [ctx.client(server) for _ in range(2)]
    for reader in readers:
        reader.sub("news")
        reader.expect_quiet()
    publisher = ctx.client(server)
    size, total = 8192, 4000
    counts = [0] * len(readers)

    def read(index):
        for number in range(total):
            eq(readers[index].expect_msg(timeout=20).payload[:8], b"%08d" % number, "message")
            counts[index] += 1

    threads = [threading.Thread(target=read, args=(index,), daemon=True) for index in range(len(readers))]
    for thread in threads:
        thread.start()
    for first in range(0, total, 20):
        publisher.send(b"".join(b"PUB news %d\r\n%08d" % (size, number) + b"x" * (size - 8) + b"\r\n"
                                for number in range(first, first + 20)), timeout=20)
        # No further ahead of the others than half of what may be pending.
        wait_until(lambda: min(counts) * size > (first + 20) * size - 2 * MB, lambda: "the readers are at %r" % counts)
    for thread in threads:
        thread.join(20)
    eq(counts, [total] * len(readers), "messages of the others")
    eq(server.close_reason(stuck.cid), "Slow Consumer (Pending Bytes)", "reason")
    eq(server.varz()["slow_consumers"], 1, "slow_consumers")
    publisher.expect_quiet()


@test(SHEET, 5, exclusive=True)
def subscriber_that_reads_steadily_is_kept(ctx):
    """A publisher at full speed, a subscriber that reads 20 MB/s without a rest: the publisher waits for it."""
    # Every connection of Midge on another thread than its neighbour; the reference server knows no such setting.
    env = dict(os.environ, MIDGE_SHARDS="4", MIDGE_PLACEMENT="spread")
    server = ctx.start("max_payload: 65536\n", env=env)
    reader = ctx.client(server, raw={"rcvbuf": 65536})
    reader.sub("steady")
    reader.expect_quiet()
    publisher = ctx.client(server)
    block = (b"PUB steady 1000\r\n" + b"x" * 1000 + b"\r\n") * 30
    stop = threading.Event()

    def publish():
        while not stop.is_set():
            if not publisher.try_send(block):
                return

    writer = threading.Thread(target=publish, daemon=True)
    writer.start()
    got, began = 0, time.monotonic()
    reader.socket.settimeout(20)
    while got < 60 * MB:
        data = reader.socket.recv(32768)
        check(data, "the reader was cut off after %.1f MB: %s" % (got / MB, server.log()[-1000:]))
        got += len(data)
        ahead = got / (20 * MB) - (time.monotonic() - began)
        if ahead > 0.001:
            time.sleep(ahead)  # The pace is what is tested.
    stop.set()
    eq(server.varz()["slow_consumers"], 0, "slow consumers")
    reader.close()
    writer.join(20)


@test(SHEET, 5, exclusive=True)
def long_subscription_ids_count_as_pending(ctx):
    """Few bytes published, many to be sent: `max_pending` bounds what is sent."""
    server = ctx.start("max_pending: 1MB\nmax_control_line: 8192\n")
    stuck = ctx.client(server, raw={"rcvbuf": 4096})
    stuck.sub("a", "s" * 4000)
    stuck.expect_quiet()
    publisher = ctx.client(server)
    for _ in range(11):
        publisher.send(b"PUB a 0\r\n\r\n" * 1000)
    publisher.expect_quiet()
    wait_until(lambda: server.varz()["slow_consumers"] == 1, "the subscriber is cut off")
    eq(server.close_reason(stuck.cid), "Slow Consumer (Pending Bytes)", "reason")


@test(SHEET, 6, exclusive=True)
def clients_killed_inside_a_payload(ctx):
    server = ctx.start()
    canary = Canary(ctx, server)
    witness = ctx.client(server)
    witness.sub(">", "w")
    witness.expect_quiet()
    descriptors = server.descriptors()
    rng = random.Random(SEED + 2)
    for number in range(400):
        size = rng.choice((10, 600, 5000, 70000, 900000))
        body = b"y" * rng.randrange(size + 2)
        if len(body) == size + 1:
            body = body[:-1] + b"\r"
        if number % 2:
            head = b'CONNECT {"headers":true,"verbose":false}\r\nHPUB broken 5 %d\r\n' % size
        else:
            head = b"PUB broken %d\r\n" % size
        throw(server, head + body, reset=number % 4 < 2)
    wait_until(lambda: server.varz()["connections"] == 3, "the killed clients are gone")
    witness.expect_quiet()
    canary.publisher.pub("sound", "x")
    witness.expect("MSG sound w 1\r\nx\r\n")
    witness.close()
    only_canary_left(server)
    canary.still_well()
    wait_until(lambda: server.descriptors() <= descriptors, "descriptors come back")


@test(SHEET, 7, exclusive=True, better=True)
def announced_payloads_that_never_come(ctx):
    server = ctx.start("max_payload: 1000000000\nmax_pending: 1000000000\n")
    canary = Canary(ctx, server)
    clients = [ctx.client(server, headers=True) for _ in range(20)]
    for number, client in enumerate(clients):
        client.send("PUB foo 999999999\r\n" if number % 2 else "HPUB foo 12 999999999\r\nNATS/1.0\r\n\r\n")
        client.send("x" * 100000)
        # One after the other, so that a server that fails cannot take the machine's memory with it.
        canary.still_well()
    for client in clients[:3]:
        for _ in range(5):
            client.send("x" * MB)
    canary.still_well(GROWTH + 45 * MB)
    for client in clients:
        client.close()
    only_canary_left(server)
    canary.still_well(GROWTH + 45 * MB)


@test(SHEET, 7, exclusive=True)
def announcements_beyond_the_limit(ctx):
    server = ctx.start()
    canary = Canary(ctx, server)
    for _ in range(50):
        client = ctx.client(server)
        client.send("PUB foo 999999999\r\n")
        client.expect_err_closed("Maximum Payload Violation")
    canary.still_well()


@test(SHEET, 8, exclusive=True)
def messages_split_at_every_byte(ctx):
    server = ctx.shared()
    client = ctx.client(server, headers=True)
    client.sub("foo.*", "1")
    rng = random.Random(SEED + 3)
    body = rng.randbytes(300)
    block = b"NATS/1.0\r\nAb: cde\r\n\r\n"
    script = (b"PUB foo.a reply 300\r\n" + body + b"\r\nHPUB foo.b %d %d\r\n" % (len(block), len(block) + 300) + block + body
              + b"\r\nSUB x 2\r\nUNSUB 2\r\nPUB foo.c 0\r\n\r\nPING\r\n")
    wanted = (b"MSG foo.a 1 reply 300\r\n" + body + b"\r\nHMSG foo.b 1 %d %d\r\n" % (len(block), len(block) + 300) + block + body
              + b"\r\nMSG foo.c 1 0\r\n\r\nPONG\r\n")
    for split in range(1, len(script)):
        client.send(script[:split])
        if split % 3 == 0:
            time.sleep(0.0005)  # so that the parts often arrive in reads of their own
        client.send(script[split:])
        client.expect(wanted)


@test(SHEET, 8, exclusive=True)
def large_messages_split_near_buffer_sizes(ctx):
    server = ctx.shared()
    client = ctx.client(server)
    client.sub("foo.*", "1")
    rng = random.Random(SEED + 6)
    for power in range(9, 18):
        for delta in (-30, -14, -2, -1, 0, 1, 2, 14):
            size = (1 << power) + delta
            body = rng.randbytes(size)
            data = b"PUB foo.x %d\r\n" % size + body + b"\r\n"
            for split in (1, 5, 12, len(data) - size - 3, len(data) - 512, len(data) - 3, len(data) - 2, len(data) - 1):
                if 0 < split < len(data):
                    client.send(data[:split])
                    time.sleep(0.0005)  # so that the parts often arrive in reads of their own
                    client.send(data[split:])
                    eq(client.expect_msg().payload, body, "payload of %d bytes split at %d" % (size, split))


def _script(rng, messages):
    """Publishes in bursts on a few subjects, some with headers, a reply or a large payload; returns the bytes and
    the messages as (subject, reply, header block or None, payload)."""
    sent = []
    while len(sent) < messages:
        subject = rng.choice(("run.a", "run.a", "run.b", "run.c.d", "nobody"))
        special = rng.random() < 0.15
        for _ in range(1 if special else rng.choice((1, 2, 3, 40, 400))):
            size = rng.choice((0, 1, 16, 16, 128, 128, 1000) + ((9000, 40000) if special else ()))
            reply = b"answers.to" if special and rng.random() < 0.5 else None
            block = b"NATS/1.0\r\nN: %d\r\n\r\n" % len(sent) if special and rng.random() < 0.5 else None
            sent.append((subject.encode(), reply, block, (b"%d." % len(sent)).ljust(size, b"x")[:max(size, 9)]))
    parts = []
    for subject, reply, block, payload in sent:
        names = subject + (b" " + reply if reply else b"")
        if block is None:
            parts.append(b"PUB %s %d\r\n%s\r\n" % (names, len(payload), payload))
        else:
            parts.append(b"HPUB %s %d %d\r\n%s%s\r\n" % (names, len(block), len(block) + len(payload), block, payload))
    return b"".join(parts), sent


def _wanted(sent, subscriptions):
    """What a client gets for them, subscription by subscription: subscriptions are (subject test, sid, maximum)."""
    result = {}
    for matches, sid, maximum in subscriptions:
        lines = []
        for subject, reply, block, payload in sent:
            if not matches(subject.decode()) or (maximum and len(lines) >= maximum):
                continue
            names = b"%s %s" % (subject, sid.encode()) + (b" " + reply if reply else b"")
            if block is None:
                lines.append(b"MSG %s %d\r\n%s\r\n" % (names, len(payload), payload))
            else:
                lines.append(b"HMSG %s %d %d\r\n%s%s\r\n" % (names, len(block), len(block) + len(payload), block, payload))
        result[sid.encode()] = collections.deque(lines)
    return result


@test(SHEET, 8, exclusive=True)
def bursts_on_few_subjects_reach_everyone_in_order(ctx):
    server = ctx.shared()
    rng = random.Random(SEED + 7)
    plans = [[("run.a", "1", 0)], [("run.a", "1", 0)], [("run.a", "22", 0), ("run.b", "3", 0)], [("run.>", "x", 0)],
             [("run.*", "y", 0), ("run.a", "z", 0)], [("run.a", "five", 700)], [("run.b", "6", 0), ("run.a", "7", 1)],
             [("run.a", "sid-that-is-long-enough", 0)]]
    tests = {"run.>": lambda s: s.startswith("run."), "run.*": lambda s: s in ("run.a", "run.b"),
             "run.a": "run.a".__eq__, "run.b": "run.b".__eq__}
    publisher = ctx.client(server, headers=True)
    clients = []
    for plan in plans:
        client = ctx.client(server, headers=True)
        for subject, sid, maximum in plan:
            client.sub(subject, sid)
            if maximum:
                client.unsub(sid, maximum)
        client.expect_quiet()
        clients.append(client)
    data, sent = _script(rng, 20_000)

    def write():
        at = 0
        while at < len(data):
            step = rng.choice((700, 5_000, 70_000, 300_000))
            publisher.send(data[at:at + step])
            at += step
        publisher.expect_quiet()

    writer = threading.Thread(target=write)
    writer.start()
    outcomes = [None] * len(clients)

    def read(index):
        wanted = _wanted(sent, [(tests[subject], sid, maximum) for subject, sid, maximum in plans[index]])
        for _ in range(sum(map(len, wanted.values()))):
            frame = clients[index].frame(timeout=30)
            queue = wanted.get(frame.sid)
            if not queue or queue[0] != frame.raw:
                outcomes[index] = "got %r instead of %r" % (frame.raw[:80], queue and queue[0][:80])
                return
            queue.popleft()
        outcomes[index] = "all"

    readers = [threading.Thread(target=read, args=(index,)) for index in range(len(clients))]
    for thread in readers:
        thread.start()
    for thread in readers + [writer]:
        thread.join(60)
    for index, outcome in enumerate(outcomes):
        eq(outcome, "all", "client %d" % index)
        clients[index].expect_quiet()


@test(SHEET, 9, exclusive=True)
def idle_half_open_connections(ctx):
    total = min(4000, more_descriptors() - 500)
    server = ctx.start()
    canary = Canary(ctx, server)
    descriptors = server.descriptors()
    starts = (b"", b"C", b"CONNECT {", b'CONNECT {"verbose":false}\r\nPUB foo 10', b"PUB foo 10\r\nabc", b"SUB ",
              b'CONNECT {"verbose":false}\r\n')
    clients = []
    try:
        for number in range(total):
            client = connection(server)
            clients.append(client)
            client.sendall(starts[number % len(starts)])
            if number % 1000 == 0:
                canary.sing()
        wait_until(lambda: server.varz()["connections"] == total + 2, "all are connected")
        canary.still_well(total * 65536)
        started = time.monotonic()
        canary.sing()
        check(time.monotonic() - started < 2.0, "a message takes long")
    finally:
        for client in clients:
            client.close()
    only_canary_left(server)
    wait_until(lambda: server.descriptors() <= descriptors + 2, "descriptors come back")
    canary.sing()


@test(SHEET, 9, exclusive=True)
def silent_connections_that_need_authentication_go_away(ctx):
    more_descriptors()
    server = ctx.start("authorization { timeout: 1, user: u, password: p }\n")
    canary = Canary(ctx, server, user="u", **{"pass": "p"})
    clients = [connection(server) for _ in range(1000)]
    for client in clients[::2]:
        try:
            client.sendall(b"CONNECT {")
        except OSError:
            pass
    only_canary_left(server)
    for client in clients:
        client.close()
    canary.still_well()


@test(SHEET, 10, exclusive=True, needs="tls")
def hostile_tls_bytes(ctx):
    rng = random.Random(SEED + 4)
    outgoing = ssl.MemoryBIO()
    session = ctx.certs.context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = outgoing.read()
    server = ctx.start(ctx.certs.block("timeout: 1"))
    watcher = ctx.raw(server, tls=ctx.certs.context()).connect()
    memory = server.rss()
    for number in range(400):
        data = mutate(rng, hello) if number % 2 else b"\x16\x03" + rng.randbytes(rng.randrange(1, 600))
        throw(server, data, reset=number % 3 == 0)
    for cut in range(0, len(hello), 7):
        throw(server, hello[:cut])
    ctx.raw(server, tls=ctx.certs.context()).connect().close()
    watcher.expect_quiet()
    wait_until(lambda: server.varz()["connections"] == 1, "the attackers are gone")
    check(server.alive() and "panic" not in server.log(), "the server died")
    check(server.rss() <= memory + GROWTH, "memory was %d MB, is %d MB" % (memory // MB, server.rss() // MB))


@test(SHEET, 10, exclusive=True, needs="proxy protocol")
def hostile_proxy_headers(ctx):
    rng = random.Random(SEED + 7)
    server = ctx.start("proxy_protocol: true\n")
    canary = Canary(ctx, server)
    signature = bytes.fromhex("0D0A0D0A000D0A515549540A")
    good = (b"PROXY TCP4 192.168.1.50 10.0.0.1 12345 4222\r\n", signature + b"\x21\x11\x00\x0c" + bytes(12), b"PROXY UNKNOWN\r\n")
    for number in range(600):
        data = (mutate(rng, rng.choice(good)), signature + rng.randbytes(rng.randrange(300)),
                b"PROXY " + rng.randbytes(rng.randrange(200)), signature + b"\x21\x11\xff\xff" + rng.randbytes(500))[number % 4]
        throw(server, data, reset=number % 3 == 0)
    only_canary_left(server)
    canary.still_well()


@test(SHEET, 11, exclusive=True)
def many_subscriptions_added_and_removed(ctx):
    server = ctx.start()
    canary = Canary(ctx, server)
    base = server.varz()["subscriptions"]
    total, step = 50000, 1000

    def add_and_remove(by_closing):
        client = ctx.client(server)
        for first in range(0, total, step):
            client.send("".join("SUB many.%d.%d.* %s%d\r\n" % (i % 100, i, "q " if i % 5 == 0 else "", i)
                                for i in range(first, first + step)))
        client.expect_quiet()
        eq(server.varz()["subscriptions"], base + total, "subscriptions")
        client.pub("many.42.42.x", "x")
        client.expect_msg(sid="42")
        if not by_closing:
            for first in range(0, total, step):
                client.send("".join("UNSUB %d\r\n" % i for i in range(first, first + step)))
            client.expect_quiet()
        client.close()
        wait_until(lambda: server.varz()["subscriptions"] == base, "the subscriptions are gone")

    add_and_remove(False)
    add_and_remove(True)
    memory = server.rss()
    add_and_remove(True)
    add_and_remove(False)
    check(server.rss() <= memory + 48 * MB, "memory was %d MB, is %d MB" % (memory // MB, server.rss() // MB))
    canary.sing()


@test(SHEET, 12, exclusive=True)
def garbage_on_the_monitoring_port(ctx):
    server = ctx.start()
    canary = Canary(ctx, server)
    rng = random.Random(SEED + 5)
    requests = (b"GET /varz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /connz?sort=cid&limit=5&subs=1 HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
                b"POST /varz HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")

    def send(*chunks):
        client = socket.create_connection((server.host, server.http_port), 10)
        try:
            for chunk in chunks:
                client.sendall(chunk)
        except OSError:
            pass
        client.close()

    for number in range(600):
        send(mutate(rng, rng.choice(requests)) if number % 2 else rng.randbytes(rng.randrange(1, 2000)))
    send(b"GET /varz HTTP/1.1\r\nX: ", b"x" * 4 * MB)
    send(b"GET /", b"y" * 4 * MB)
    idle = [socket.create_connection((server.host, server.http_port), 10) for _ in range(200)]
    for client in idle:
        client.sendall(b"GET /varz HTTP/1.1\r\nHo")
    for path in ("/connz?limit=-1", "/connz?offset=99999999999999999999", "/connz?sort=nonsense", "/subsz?test=%00%ff",
                 "/connz?cid=-5", "/nowhere", "/varz?" + "a=b&" * 1000):
        server.http(path)
    eq(server.varz()["connections"], 2, "connections")
    for client in idle:
        client.close()
    canary.still_well()
