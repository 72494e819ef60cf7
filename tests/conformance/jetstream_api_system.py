"""System requests, advisories and queues: jetstream-api.md 5, 13 and 19, items 67, 70 to 79."""

from client_protocol_info import jwt_login, operator_setup
from jetstream_api_routing import ACCOUNTS, member
from jetstream_streams_snapshots import Snapshot, restore
from lib import *
from lib.jetstream import *

case = cases("jetstream_api")


@case(67)
def purge_of_an_account(ctx):
    js = member(ctx, "a")
    system = member(ctx, "sys", js)
    js.create("A")
    js.create("B", storage="memory")
    js.consumer("A", "c")
    for account in ("A", "nobody"):
        eq(system.ok("ACCOUNT.PURGE." + account), {"type": TYPE + "account_purge_response", "initiated": True}, "reply")
    wait_until(lambda: js.ok("INFO")["streams"] == 0, "all streams are gone")
    eq((js.ok("INFO")["consumers"], js.ok("STREAM.NAMES")["streams"]), (0, None), "nothing left")
    system.err("ACCOUNT.PURGE.a/b", b"", 10051, 500, "account name can not contain path separators")


@case(70)
def audit(ctx):
    js = jetstream(ctx, server=None, name="the client", lang="py", version="1.2")
    events = js.subscribe(ADVISORY + ".API")
    reply = js.ask(API + ".STREAM.CREATE.S", {"name": "S"}).payload.decode()
    event = events.next_json()
    eq(list(event), ["type", "id", "timestamp", "server", "client", "subject", "request", "response"], "members")
    eq((event["type"], event["server"], event["subject"], event["request"]),
       ("io.nats.jetstream.advisory.v1.api_audit", js.client.info["server_name"], API + ".STREAM.CREATE.S", '{"name": "S"}'), "event")
    eq(event["response"], reply, "response")
    client = event["client"]
    eq([client.get(name) for name in ("host", "id", "acc", "name", "lang", "ver", "server", "kind", "client_type", "jwt")],
       ["127.0.0.1", js.client.cid, "$G", "the client", "py", "1.2", js.client.info["server_name"], "Client", "nats", None], "client")
    nanos(client["start"])
    js.request("STREAM.INFO.nope")
    event = events.next_json()
    eq((event["subject"], "request" in event, decode(event["response"])["error"]["err_code"]), (API + ".STREAM.INFO.nope", False, 10059), "error")
    js.pub("S")
    js.get("S", seq=1)
    js.no_message("S", seq=5)
    eq(events.next_json()["request"], '{"seq": 5}', "a successful message get is left out")
    js.send(API + ".STREAM.DELETE.S")
    eq(events.next_json()["subject"], API + ".STREAM.DELETE.S", "request without reply")


@case(72)
def fields_of_advisories(ctx):
    js = jetstream(ctx)
    events = js.subscribe(ADVISORY + ".>")
    metrics = js.subscribe("$JS.EVENT.METRIC.CONSUMER.ACK.S.c")

    def event(subject, *members, may_lack=False, **values):
        while True:
            frame = events.try_next(2.0) if may_lack else events.next()
            if may_lack and frame is None:
                return
            if frame.subject != (ADVISORY + ".API").encode():
                break
        got = validate(decode(frame.payload))
        eq(frame.subject.decode(), "%s.%s" % (ADVISORY, subject), "subject")
        eq(list(got), ["type", "id", "timestamp"] + list(members), "members of " + subject)
        eq(len(got["id"]), 22, "length of the id")
        for name, value in values.items():
            eq(got[name], value, "%s of %s" % (name, subject))

    js.create("S", ["s"])
    event("STREAM.CREATED.S", "stream", "action", stream="S", action="create")
    js.update("S", ["s"], max_msgs=100)
    event("STREAM.UPDATED.S", "stream", "action", action="modify")
    js.consumer("S", "c", max_deliver=1, sample_freq="100%")
    event("CONSUMER.CREATED.S.c", "stream", "consumer", "action", stream="S", consumer="c", action="create")
    js.pub_many(["s"] * 4)
    first, second, third = js.fetch("S", "c", 3)
    js.ack_sync(first)
    metric = metrics.next_json()
    eq(list(metric), ["type", "id", "timestamp", "stream", "consumer", "consumer_seq", "stream_seq", "ack_time", "deliveries"], "members of the metric")
    eq((metric["type"], metric["stream_seq"], metric["consumer_seq"], metric["deliveries"]), ("io.nats.jetstream.metric.v1.consumer_ack", 1, 1, 1), "metric")
    js.ack_sync(second, b"+TERM because")
    event("CONSUMER.MSG_TERMINATED.S.c", "stream", "consumer", "consumer_seq", "stream_seq", "deliveries", "reason", stream_seq=2, reason="because")
    js.ack_sync(third, b"-NAK")
    event("CONSUMER.MSG_NAKED.S.c", "stream", "consumer", "consumer_seq", "stream_seq", "deliveries", stream_seq=3, consumer_seq=3, deliveries=1)
    js.fetch("S", "c", 2, expires=500 * MS)
    event("CONSUMER.MAX_DELIVERIES.S.c", "stream", "consumer", "stream_seq", "deliveries", stream_seq=3, deliveries=1)
    js.delete_consumer("S", "c")
    while True:
        frame = events.next()
        if frame.subject.startswith((ADVISORY + ".CONSUMER.DELETED").encode()):
            break
    eq(validate(decode(frame.payload))["action"], "delete", "action")
    js.consumer("S", "p", priority_policy="pinned_client", priority_groups=["g"], pause_until="2099-01-01T00:00:00Z")
    event("CONSUMER.CREATED.S.p", "stream", "consumer", "action")
    event("CONSUMER.PAUSE.S.p", "stream", "consumer", "paused", "pause_until", paused=True, pause_until="2099-01-01T00:00:00Z")
    js.ok("CONSUMER.PAUSE.S.p")
    event("CONSUMER.PAUSE.S.p", "stream", "consumer", "paused", "pause_until", paused=False, pause_until=ZERO_TIME)
    pin = header(js.fetch("S", "p", group="g", expires=5 * SECOND)[0], "Nats-Pin-Id")
    event("CONSUMER.PINNED.S.p", "account", "stream", "consumer", "group", "pinned_id", account="$G", group="g", pinned_id=pin)
    js.ok("CONSUMER.UNPIN.S.p", {"group": "g"})
    event("CONSUMER.UNPINNED.S.p", "account", "stream", "consumer", "group", "reason", group="g", reason="admin")
    js.delete("S")
    event("CONSUMER.DELETED.S.p", "stream", "consumer", "action", action="delete")
    # The reference server loses this one when the sender of the stream goes away first.
    event("STREAM.DELETED.S", "stream", "action", may_lack=ctx.is_peer, action="delete")


@case(72)
def ephemeral_consumers_that_expire(ctx):
    js = jetstream(ctx)
    js.create("S")
    events = js.subscribe(ADVISORY + ".CONSUMER.>")
    name = js.consumer("S", inactive_threshold=100 * MS)["name"]
    eq([(event["consumer"], event["action"]) for event in (events.next_json(), events.next_json())], [(name, "create"), (name, "delete")], "events")
    js.err("CONSUMER.INFO.S." + name, b"", 10014, 404)


@case(72, "snapshots")
def fields_of_snapshot_advisories(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    js.pub("s")
    events = js.subscribe(ADVISORY + ".STREAM.>")
    taken = Snapshot(js, "S")
    seen = [events.next_json(), events.next_json()]
    restore(js, "R", taken.reply, taken.data, subjects=["r"])
    seen += [events.next_json() for _ in range(3)]
    members = {event["type"].rsplit(".", 1)[1]: list(event)[3:] for event in seen}
    eq(members, {"snapshot_create": ["stream", "state", "client"], "snapshot_complete": ["stream", "start", "end", "client"], "restore_create": ["stream", "client"],
                 "restore_complete": ["stream", "start", "end", "bytes", "client"], "stream_action": ["stream", "action"]}, "members")


def flood(js, name, count):
    """Requests in one go; how many were answered (later requests are)."""
    inbox = js.new_inbox()
    js.client.send(b"PUB %s.%s %s 0\r\n\r\n" % (API.encode(), name.encode(), inbox.encode()) * count)
    for _ in range(3):
        poll(lambda: js.ask(API + ".INFO", timeout=1.0) and js.ask(API + ".STREAM.CREATE.x", timeout=1.0))
    js.flush()
    answered = 0
    while js.reply_to(inbox, 0.0):
        answered += 1
    return answered


@case(73)
def full_info_queue(ctx):
    js = jetstream(ctx, STORE.replace("}", ", request_queue_limit: 1000, info_queue_limit: 5 }"))
    js.create("S")
    check(poll(lambda: flood(js, "STREAM.INFO.S", 500) < 500), "nothing was dropped")
    js.server.wait_log(r"JetStream API info queue limit reached, dropping \d+ requests")


@case(74)
def full_request_queue(ctx):
    js = jetstream(ctx, ACCOUNTS.replace("}", ", request_queue_limit: 5 }", 1), guard=False, user="a", **{"pass": "p"})
    system = member(ctx, "sys", js)
    events = system.subscribe(ADVISORY + ".API.LIMIT_REACHED")
    check(poll(lambda: flood(js, "STREAM.MSG.GET.S", 500) < 500), "nothing was dropped")
    dropped = 0
    while not dropped:
        event = events.next_json()
        eq(list(event), ["type", "id", "timestamp", "server", "dropped"], "members")
        eq((event["type"], event["server"]), ("io.nats.jetstream.advisory.v1.api_limit_reached", js.client.info["server_name"]), "event")
        # The first of them may say 0: the queue was emptied by the workers in between.
        dropped = event["dropped"]
    js.server.wait_log(r"JetStream API queue limit reached, dropping \d+ requests")


@case(76)
def move_on_a_single_server(ctx):
    js = jetstream(ctx)
    js.create("S")
    js.silent(API + ".ACCOUNT.STREAM.MOVE.$G.S", b"{}")
    js.silent(API + ".ACCOUNT.STREAM.CANCEL_MOVE.$G.S", b"{}")


def tiered(ctx, tiers):
    """JetStream of an account with these tiered limits, on a server in operator mode."""
    config, account, _ = operator_setup({"tiered_limits": tiers})
    server = ctx.start(STORE + config)
    client = ctx.raw(server)
    client.connect(headers=True, no_responders=True, **jwt_login(client, account))
    return JetStream(client, server)


@case(79, "operator")
def usage_by_tier(ctx):
    js = tiered(ctx, {"R1": {"mem_storage": 10000, "disk_storage": 20000, "streams": 2, "consumer": 3, "max_bytes_required": False}})
    js.create("S", max_bytes=5000)
    js.pub("S", b"x" * 100)
    js.consumer("S", "c")
    info = js.ok("INFO")
    eq(set(info["limits"].values()), {0, False}, "flat limits")
    tier = info["tiers"]["R1"]
    eq(list(info["tiers"]), ["R1"], "tiers")
    eq([tier[name] for name in ("storage", "reserved_storage", "streams", "consumers", "memory")], [record_size("file", "S", b"x" * 100), 5000, 1, 1, 0], "usage")
    eq([tier["limits"][name] for name in ("max_memory", "max_storage", "max_streams", "max_consumers")], [10000, 20000, 2, 3], "limits")
    js.create_err("T", 10047, 500, max_bytes=15001)
    js.create("T")
    js.create_err("U", 10027, 400, "maximum number of streams reached")


@case(79, "operator")
def no_applicable_tier(ctx):
    js = tiered(ctx, {"R3": {"mem_storage": 10000, "disk_storage": 10000, "streams": -1, "consumer": -1}})
    js.create_err("S", 10120, 400, "no JetStream default or applicable tiered limit present")
