"""Keep-alive and slow consumers: client-protocol.md 16 and 17, items 85 to 92."""

import hashlib
import socket
import time

from lib import *

SHEET = "client_protocol"


def connected(ctx, server, **options):
    """(client that does not answer PINGs, time of its CONNECT)."""
    client = ctx.raw(server, auto_pong=False)
    started = time.monotonic()
    client.connect(**options)
    return client, started


@test(SHEET, 85, slow=True)
def first_ping(ctx):
    client, started = connected(ctx, ctx.shared())
    client.expect_ping()
    near(time.monotonic() - started, 1.9, 4.0, "seconds until the first PING")


@test(SHEET, 85, slow=True)
def first_ping_with_a_shorter_interval(ctx):
    client, started = connected(ctx, ctx.shared('ping_interval: "500ms"\n'))
    client.expect_ping()
    near(time.monotonic() - started, 0.45, 1.6, "seconds until the first PING")


@test(SHEET, 85, slow=True)
def first_ping_comes_in_spite_of_traffic(ctx):
    server = ctx.shared('ping_interval: "1s"\n')
    client, started = connected(ctx, server)
    frames = []
    while not frames and time.monotonic() - started < 5:
        client.pub("foo", "x")
        frames = client.drain(0.05)
    eq([frame.kind for frame in frames], ["PING"], "frames")
    near(time.monotonic() - started, 0.9, 3.0, "seconds until the first PING")


@test(SHEET, 85, slow=True)
def a_second_connect_restarts_the_short_interval(ctx):
    # No PING from the client: activity within the interval would make the server skip its second one.
    client, _ = connected(ctx, ctx.shared('ping_interval: "30s"\n'), ping=False)
    client.expect_ping()
    client.send("PONG\r\n")
    started = time.monotonic()
    client.send("CONNECT {}\r\n")
    client.expect_ping()
    near(time.monotonic() - started, 1.9, 4.0, "seconds until the PING")


@test(SHEET, 86, slow=True)
def silent_client_goes_stale(ctx):
    server = ctx.start('ping_interval: "600ms"\nping_max: 2\n', debug=True)
    client, started = connected(ctx, server)
    times = []
    for _ in range(2):
        client.expect_ping()
        times.append(time.monotonic() - started)
    client.expect_err("Stale Connection")
    times.append(time.monotonic() - started)
    client.expect_closed()
    for got, low, high in zip(times, (0.55, 1.15, 1.75), (1.8, 2.6, 3.4)):
        near(got, low, high, "seconds of %r" % times)
    eq(server.close_reason(client.cid), "Stale Connection", "reason")
    stats = server.varz()
    eq((stats["stale_connections"], stats["stale_connection_stats"]["clients"]), (1, 1), "stale connections")
    server.wait_log(r"\[DBG\].*cid:%d.*Stale Client Connection - Closing" % client.cid)


@test(SHEET, 86, slow=True)
def more_pings_may_stay_open(ctx):
    client, _ = connected(ctx, ctx.shared('ping_interval: "200ms"\nping_max: 4\n'))
    for _ in range(4):
        client.expect_ping()
    client.expect_err_closed("Stale Connection")


@test(SHEET, 86, slow=True)
def traffic_does_not_replace_a_pong(ctx):
    client, _ = connected(ctx, ctx.shared('ping_interval: "500ms"\nping_max: 2\n'))
    client.expect_ping()
    client.expect_ping()
    client.pub("foo", "x")
    client.send("PING\r\n")
    client.expect_pong()
    client.expect_err_closed("Stale Connection")


@test(SHEET, 87, slow=True)
def an_answering_client_stays(ctx):
    client, _ = connected(ctx, ctx.shared('ping_interval: "300ms"\nping_max: 2\n'))
    for _ in range(7):
        client.expect_ping()
        client.send("PONG\r\n")
    client.expect_quiet()


@test(SHEET, 87, slow=True)
def a_busy_client_gets_no_more_pings(ctx):
    server = ctx.shared('ping_interval: "1500ms"\n')
    clients = [connected(ctx, server)[0] for _ in range(4)]
    for client in clients:
        client.expect_ping()
        client.send("PONG\r\n")
    started = time.monotonic()
    turn = 0
    while time.monotonic() - started < 5.0:
        turn += 1
        clients[0].send("PUB foo 1\r\nx\r\n")
        clients[1].send("SUB foo %d\r\n" % turn)
        clients[2].send("UNSUB %d\r\n" % turn)
        clients[3].send("PING\r\n")
        for client in clients:
            kinds = [frame.kind for frame in client.drain(0.02)]
            check("PING" not in kinds, "a busy client got a PING")


@test(SHEET, 87, slow=True)
def received_messages_suppress_nothing(ctx):
    # Only what the client sends counts: a mere receiver still gets PINGs.
    server = ctx.shared('ping_interval: "500ms"\n')
    client, _ = connected(ctx, server)
    client.sub("foo")
    client.expect_ping()
    client.send("PONG\r\n")
    publisher = ctx.client(server)
    got = []
    deadline = time.monotonic() + 5
    while "PING" not in got and time.monotonic() < deadline:
        publisher.pub("foo")
        got += [frame.kind for frame in client.drain(0.05)]
    check("PING" in got and "MSG" in got, "frames %r" % got[:20])


@test(SHEET, 88, slow=True)
def pings_ahead_of_connect(ctx):
    server = ctx.shared('ping_interval: "1s"\n')
    started = time.monotonic()
    client = ctx.raw(server, auto_pong=False)
    client.expect_ping()
    near(time.monotonic() - started, 0.9, 2.5, "seconds until the first PING")
    client.expect_ping()
    near(time.monotonic() - started, 1.9, 4.0, "seconds until the second PING")


def flood(publisher, subject, total, size=16384, chunk=16):
    """Publishes about `total` bytes; stops when the publisher's own connection is refused."""
    part = ("PUB %s %d\r\n" % (subject, size)).encode() + b"x" * size + b"\r\n"
    for _ in range(total // (size * chunk)):
        publisher.send(part * chunk, timeout=30)


def blocked_reader(ctx, server, subject="slow", sid="1", **options):
    """A subscriber with a small receive buffer that does not read."""
    client = ctx.client(server, raw={"rcvbuf": 4096}, **options)
    client.sub(subject, sid)
    client.expect_quiet()
    return client


def rest_of(client):
    """All bytes up to the end of the stream."""
    data = [bytes(client.buffer)]
    client.socket.settimeout(15)
    while True:
        try:
            block = client.socket.recv(1 << 20)
        except ConnectionResetError:
            break
        except socket.timeout:
            raise Failure("the connection is still open") from None
        if not block:
            break
        data.append(block)
    return b"".join(data)


@test(SHEET, 89, timeout=120)
def pending_limit(ctx):
    server = ctx.start('max_payload: 65536\nmax_pending: 1MB\nwrite_deadline: "60s"\n')
    slow = blocked_reader(ctx, server)
    fine = ctx.client(server)
    fine.sub("other")
    fine.expect_quiet()
    publisher = ctx.client(server)
    deadline = time.monotonic() + 60
    while server.varz()["slow_consumers"] == 0 and time.monotonic() < deadline:
        flood(publisher, "slow", 1 << 20)
    eq(server.close_reason(slow.cid), "Slow Consumer (Pending Bytes)", "reason")
    stats = server.varz()
    eq((stats["slow_consumers"], stats["slow_consumer_stats"]["clients"]), (1, 1), "slow consumers")
    check(b"-ERR" not in rest_of(slow), "an -ERR")
    server.wait_log(r"cid:%d.* - Slow Consumer Detected: MaxPending of 1048576 Exceeded" % slow.cid)
    publisher.expect_quiet()
    publisher.pub("other", "x")
    fine.expect("MSG other 1 1\r\nx\r\n")


@test(SHEET, 90, timeout=120)
def write_deadline(ctx):
    server = ctx.start('write_deadline: "500ms"\n')
    slow = blocked_reader(ctx, server)
    publisher = ctx.client(server)
    flood(publisher, "slow", 24 << 20)
    publisher.expect_quiet()
    eq(server.close_reason(slow.cid), "Slow Consumer (Write Deadline)", "reason")
    stats = server.varz()
    check(stats["slow_consumers"] >= 1, "slow_consumers")
    eq(stats["slow_consumer_stats"]["clients"], stats["slow_consumers"], "slow_consumer_stats")
    check("write_timeout" not in stats, "write_timeout in varz by default")
    check(b"-ERR" not in rest_of(slow), "an -ERR")
    server.wait_log(r"Slow Consumer Detected: WriteDeadline of 500ms exceeded with \d+ chunks of \d+ total bytes\.")


@test(SHEET, 90, timeout=120)
def write_timeout_close(ctx):
    server = ctx.start('write_deadline: "500ms"\nwrite_timeout: close\n')
    eq(server.varz()["write_timeout"], "close", "write_timeout")
    slow = blocked_reader(ctx, server)
    flood(ctx.client(server), "slow", 24 << 20)
    eq(server.close_reason(slow.cid), "Slow Consumer (Write Deadline)", "reason")


@test(SHEET, 90)
def bad_write_timeout(ctx):
    code, output = ctx.check_config("write_timeout: never\n")
    eq(code, 1, "exit code")
    check("write_timeout must be 'default', 'close' or 'retry'" in output, output)


@test(SHEET, 91, timeout=120, slow=True)
def write_timeout_retry(ctx):
    server = ctx.start('write_deadline: "700ms"\nwrite_timeout: retry\n')
    eq(server.varz()["write_timeout"], "retry", "write_timeout")
    slow = blocked_reader(ctx, server)
    publisher = ctx.client(server)
    size, total = 32768, 0
    digest = hashlib.sha256()
    for number in range(600):
        payload = hashlib.sha256(b"%d" % number).digest() * (size // 32)
        frame = b"MSG slow 1 %d\r\n" % size + payload + b"\r\n"
        digest.update(frame)
        total += len(frame)
        publisher.send(b"PUB slow %d\r\n" % size + payload + b"\r\n", timeout=60)
    got = hashlib.sha256()
    seen = len(slow.buffer)
    eq(seen, 0, "bytes ahead of the messages")
    slow.socket.settimeout(20)
    started = time.monotonic()
    while seen < total:
        # Slowly at first (about 4 MB/s, so that many deadlines pass), then as fast as it goes.
        count = 65536 if time.monotonic() - started < 4.0 else 1 << 20
        data = slow.socket.recv(min(count, total - seen))
        check(data, "closed after %d of %d bytes" % (seen, total))
        got.update(data)
        seen += len(data)
        if count == 65536:
            time.sleep(0.015)
    eq(got.hexdigest(), digest.hexdigest(), "digest of %d bytes" % total)
    slow.expect_quiet()
    stats = server.varz()
    check(stats["slow_consumers"] >= 2, "slow_consumers is %d" % stats["slow_consumers"])
    eq(stats["slow_consumer_stats"]["clients"], stats["slow_consumers"], "slow_consumer_stats")
    server.wait_log(r"Slow Consumer State: ")
    server.wait_log(r"Slow Consumer Recovered: Flush took \d+\.\d{3}s with \d+ chunks of \d+ total bytes\.")


@test(SHEET, 91, timeout=120)
def write_timeout_retry_gives_up_without_progress(ctx):
    server = ctx.start('write_deadline: "500ms"\nwrite_timeout: retry\n')
    slow = blocked_reader(ctx, server)
    flood(ctx.client(server), "slow", 24 << 20)
    eq(server.close_reason(slow.cid), "Slow Consumer (Write Deadline)", "reason")


STALL = 'max_payload: 65536\nmax_pending: 4MB\nwrite_deadline: "60s"\n'


@test(SHEET, 92, timeout=120)
def producers_are_stalled(ctx):
    server = ctx.start(STALL, debug=True)
    slow = blocked_reader(ctx, server)
    publisher = ctx.client(server)
    deadline = time.monotonic() + 60
    stalls = 0
    while server.varz()["stalled_clients"] == 0 and time.monotonic() < deadline:
        flood(publisher, "slow", 65536, chunk=1)
        entry = server.connection(slow.cid)
        stalls = max(stalls, entry.get("stalls", 0) if entry else 0)
    check(server.varz()["stalled_clients"] > 0, "stalled_clients")
    entry = server.connection(slow.cid) or server.closed(slow.cid)
    check(entry.get("stalls", 0) > 0, "stalls of the consumer")
    server.wait_log(r"Timed out of fast producer stall \(")


@test(SHEET, 92, timeout=120)
def drops_instead_of_stalls(ctx):
    server = ctx.start(STALL + "no_fast_producer_stall: true\n")
    slow = blocked_reader(ctx, server)
    publisher = ctx.client(server, headers=True, no_responders=True)
    publisher.sub("inbox", "1")
    body = b"x" * 32768
    refused = 0
    deadline = time.monotonic() + 60
    while refused < 3 and time.monotonic() < deadline:
        publisher.pub("slow", body, reply="inbox")
        publisher.send("PING\r\n")
        for frame in publisher.until("PONG")[:-1]:
            eq(frame.raw, b"HMSG inbox 1 36 36\r\nNATS/1.0 503\r\nNats-Subject: slow\r\n\r\n\r\n", "frame")
            refused += 1
    check(refused >= 3, "no 503 for a stalled consumer")
    stats = server.varz()
    eq((stats["slow_consumers"], stats["stalled_clients"]), (0, 0), "slow_consumers, stalled_clients")
    entry = server.connection(slow.cid)
    near(entry["pending_bytes"], 3 << 20, 4 << 20, "pending_bytes")
    publisher.send("SUB slow.q 2\r\n")
    publisher.expect_quiet()


@test(SHEET, 92, timeout=120)
def a_stalled_queue_member_is_passed_over(ctx):
    server = ctx.start(STALL + "no_fast_producer_stall: true\n")
    slow = blocked_reader(ctx, server)
    slow.sub("work", "2", queue="q")
    slow.expect_quiet()
    publisher = ctx.client(server, headers=True, no_responders=True)
    publisher.sub("inbox", "1")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        publisher.pub("slow", b"x" * 32768, reply="inbox")
        publisher.send("PING\r\n")
        if len(publisher.until("PONG")) > 1:
            break
    fine = ctx.client(server)
    fine.sub("work", "1", queue="q")
    fine.expect_quiet()
    publisher.send("PUB work 0\r\n\r\n" * 50)
    publisher.expect_quiet()
    fine.send("PING\r\n")
    eq(len(fine.until("PONG")), 51, "frames of the other member")
