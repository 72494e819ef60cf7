"""A full disk: storage-format.md 11, jetstream-streams.md 3.5. What the reference does until it is started again (no
answers, every write refused) is left to it: these tests are of what is better."""

import json
import os
import subprocess

from lib import *
from lib.jetstream import JetStream
from lib.server import Server

SHEET = "storage_format"
PAYLOAD = b"x" * 3000
# Bytes of the file system.
SIZE = 8 << 20
# Messages of PAYLOAD that are surely too many for it.
TOO_MANY = 2 * SIZE // len(PAYLOAD)


def small_disk(ctx, sync="", size=SIZE, config=""):
    """A server whose store directory is a file system of its own; skipped where that cannot be made."""
    server = Server(ctx.binary, base_dir=ctx.dir, start=False)
    store = server.path("js")
    os.makedirs(store)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d" % size, "tmpfs", store], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) if os.geteuid() == 0 else None
    if made is None or made.returncode:
        ctx.skip("a small file system needs the right to mount one: %s" % (made.stdout if made else "not root"))
    ctx.later(lambda: (server.kill(), subprocess.run(["umount", "-l", store], check=False), server.discard()))
    server.write_config('jetstream { store_dir: "js", max_mem: 64MB, max_file: 1GB%s }\n%s'
                        % (", sync_interval: " + sync if sync else "", config))
    server.start()
    return connected(ctx, server)


def connected(ctx, server):
    return JetStream(ctx.client(server, headers=True, no_responders=True), server)


def restarted(ctx, js, kill=False):
    if kill:
        js.server.kill()
    else:
        js.server.stop()
    js.server.start()
    return connected(ctx, js.server)


def publish_until_full(js, subjects, payload=PAYLOAD):
    """Publishes with a window until nothing more fits; {sequence: subject} of what was acknowledged."""
    acked, refused, number = {}, 0, 0
    while refused < 50:
        check(number < TOO_MANY, "the disk does not get full")
        batch = []
        for _ in range(20):
            subject, inbox = subjects[number % len(subjects)], js.new_inbox()
            number += 1
            js.send(subject, payload, inbox)
            batch.append((subject, inbox))
        for subject, inbox in batch:
            reply = json.loads(js.reply_to(inbox).payload)
            if "error" in reply:
                refused += 1
                check_full(reply)
            else:
                acked[reply["seq"]] = subject
    # What does not fit together may fit one by one.
    while "error" not in (reply := json.loads(js.ask(subjects[0], payload).payload)):
        acked[reply["seq"]] = subjects[0]
    check_full(reply)
    return acked


def check_full(reply):
    error = reply["error"]
    eq((error["code"], error["err_code"], reply["seq"]), (503, 10077, 0), "answer on a full disk")
    check("No space left on device" in error["description"], "reason: %r" % error)
    check("/" not in error["description"], "the server's paths are not the client's business: %r" % error)


def publish_refused(js, subject):
    check_full(json.loads(js.ask(subject, PAYLOAD).payload))


def check_stored(js, stream, acked):
    """Exactly what was acknowledged is there."""
    state = js.state(stream)
    eq((state["messages"], state["last_seq"]), (len(acked), max(acked)), "messages and last sequence")
    for seq in list(acked)[:3] + list(acked)[len(acked) // 2:][:3] + list(acked)[-3:]:
        got = js.get(stream, seq=seq)
        eq((got["subject"], got["data"]), (acked[seq], PAYLOAD), "message %d" % seq)


def healthz(js):
    status, _, body = js.server.http("/healthz")
    return status, json.loads(body)


def case(name, sync):
    """Registers a test for a way of syncing."""
    def register(body):
        def run(ctx):
            body(ctx, sync)
        run.__name__ = "%s%s" % (body.__name__, name)
        run.__doc__ = body.__doc__
        test(SHEET, 33, needs="jetstream", better=True)(run)
        return body
    return register


@case("", "")
@case("_without_sync", "2m")
def a_full_disk_refuses_and_loses_nothing(ctx, sync):
    """Publishes are refused with their reason; what was acknowledged stays; reads and consumers go on; the log is not
    flooded; a purge makes space, and the service returns."""
    js = small_disk(ctx, sync)
    js.create("S", "s.>")
    js.create("T", "t.>")
    js.consumer("S", "C")
    mark = js.server.mark()
    acked = publish_until_full(js, ["s.%d" % number for number in range(7)])
    for _ in range(200):
        publish_refused(js, "s.1")
    publish_refused(js, "t.1")
    check_stored(js, "S", acked)
    status, body = healthz(js)
    eq(status, 503, "health")
    check("write error" in body["error"] and "No space left" in body["error"], "reason of /healthz: %r" % body)
    lines = js.server.log_lines("No space left", since=mark)
    check(1 <= len(lines) <= 20, "%d lines in the log about a full disk" % len(lines))

    # Consumers read, and remember.
    messages = js.fetch("S", "C", 100)
    eq(len(messages), 100, "messages of a pull")
    for message in messages:
        js.send(message.reply.decode(), b"+ACK")
    js.flush()
    eq(js.consumer_info("S", "C")["num_ack_pending"], 0, "messages that wait for their acknowledgement")

    js = restarted(ctx, js, kill=True)
    check_stored(js, "S", acked)
    acked.update(publish_until_full(js, ["s.1"]))
    check_stored(js, "S", acked)

    eq(js.ok("STREAM.PURGE.S")["purged"], len(acked), "purged messages")
    last = max(acked)
    eq(js.pub("s.1", PAYLOAD)["seq"], last + 1, "sequence after the purge")
    js.pub("t.1", PAYLOAD)
    wait_until(lambda: healthz(js)[0] == 200, "health")
    # Space is held again for the next time.
    wait_until(lambda: os.path.exists(js.server.path("js/jetstream/reserve.space")), "a reserve")
    js = restarted(ctx, js)
    state = js.state("S")
    eq((state["messages"], state["first_seq"], state["last_seq"]), (1, last + 1, last + 1), "state after a restart")
    eq(js.state("T")["messages"], 1, "messages of the other stream")


@case("", "")
@case("_without_sync", "2m")
def service_returns_when_somebody_makes_space(ctx, sync):
    """Without a restart, and /healthz tells it before anybody publishes."""
    js = small_disk(ctx, sync)
    foreign = js.server.path("js/foreign")
    with open(foreign, "wb") as out:
        out.write(b"z" * (2 << 20))
    js.create("S", "s.>")
    acked = publish_until_full(js, ["s.a", "s.b"])
    eq(healthz(js)[0], 503, "health")
    os.remove(foreign)
    wait_until(lambda: healthz(js)[0] == 200, "health", 10)
    for number in range(100):
        acked[js.pub("s.a", PAYLOAD)["seq"]] = "s.a"
    check_stored(js, "S", acked)
    js = restarted(ctx, js, kill=True)
    check_stored(js, "S", acked)
    js.pub("s.a", PAYLOAD)


@case("", "")
def deletes_and_purges_work_on_a_full_disk(ctx, sync):
    """What they confirm has happened, also after a crash."""
    js = small_disk(ctx, sync)
    js.create("S", "s.>")
    acked = publish_until_full(js, ["s.%d" % number for number in range(10)])
    publish_refused(js, "s.1")
    js.ok("STREAM.MSG.DELETE.S", {"seq": 3})
    js.ok("STREAM.MSG.DELETE.S", {"seq": 4, "no_erase": True})
    for seq in (3, 4):
        del acked[seq]
    purged = js.ok("STREAM.PURGE.S", {"filter": "s.7"})["purged"]
    gone = [seq for seq in acked if acked[seq] == "s.7"]
    eq(purged, len(gone), "purged messages")
    for seq in gone:
        del acked[seq]
    last = js.state("S")["last_seq"]
    js = restarted(ctx, js, kill=True)
    state = js.state("S")
    eq((state["messages"], state["last_seq"]), (len(acked), last), "state after a crash")
    js.no_message("S", seq=3)
    js.no_message("S", seq=4)
    js.no_message("S", seq=gone[0])
    check(js.ok("STREAM.PURGE.S", {"keep": 100})["purged"] == len(acked) - 100, "purge that keeps some")
    js = restarted(ctx, js, kill=True)
    eq(js.state("S")["messages"], 100, "messages after the next crash")
    js.ok("STREAM.DELETE.S")
    js.create("S", "s.>")
    js.pub("s.1", PAYLOAD)


@case("", "")
def nothing_is_left_of_what_could_not_be_made(ctx, sync):
    """Streams and consumers are refused; there is nothing of them on disk, and their names are free."""
    js = small_disk(ctx, sync)
    js.create("S", "s.>")
    publish_until_full(js, ["s.a"])
    publish_until_full(js, ["s.a"], b"")
    js.err("STREAM.CREATE.N", {"name": "N", "subjects": ["n.>"]}, 10049, 500, "error creating store for stream")
    js.err("CONSUMER.CREATE.S.D", {"stream_name": "S", "config": {"name": "D", "durable_name": "D", "ack_policy": "explicit"}},
           10012, 500, "error creating store for consumer")
    js.err("STREAM.INFO.N", b"", 10059)
    js.err("CONSUMER.INFO.S.D", b"", 10014)
    folder = js.server.path("js/jetstream/$G/streams")
    eq((os.listdir(folder), os.listdir(folder + "/S/obs")), (["S"], []), "folders")
    check("could not be recovered" not in healthz(js)[1].get("error", ""), "health: %r" % (healthz(js),))
    js.ok("STREAM.PURGE.S")
    js.create("N", "n.>")
    js.consumer("S", "D")


@case("", "")
def a_work_queue_empties_itself_on_a_full_disk(ctx, sync):
    """Confirmed acknowledgements count after a crash, and acknowledged messages go, so that there is space again."""
    js = small_disk(ctx, sync)
    js.create("W", "w.>", retention="workqueue")
    js.consumer("W", "C", ack_wait=600 * 10**9, max_ack_pending=-1)
    acked = publish_until_full(js, ["w.a"])
    confirmed = 0
    for message in js.fetch("W", "C", 400):
        # Without a confirmation the client asks again; here it goes on.
        confirmed += js.ask(message.reply.decode(), b"+ACK", timeout=2) is not None
    check(confirmed > 0, "no acknowledgement was confirmed")
    wait_until(lambda: js.state("W")["messages"] <= len(acked) - confirmed, "messages that were acknowledged are gone")
    left = js.state("W")["messages"]
    js = restarted(ctx, js, kill=True)
    check(js.state("W")["messages"] <= len(acked) - confirmed, "%d confirmed, %r after a crash" % (confirmed, js.state("W")))
    # The rest goes the same way.
    while js.state("W")["messages"] > 0:
        got = js.fetch("W", "C", 200)
        if not got:
            break
        for message in got:
            js.send(message.reply.decode(), b"+ACK")
        js.flush()
    wait_until(lambda: js.state("W")["messages"] == 0, "an empty queue, %d were left" % left, 60)
    wait_until(lambda: "error" not in json.loads(js.ask("w.a", PAYLOAD).payload), "a publish that is taken")
