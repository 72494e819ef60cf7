"""Update and delete of streams: jetstream-streams.md 2.2 and 2.3, items 23 to 32."""

from lib import *
from lib.jetstream import *

case = cases("jetstream_streams")

CAN_NOT = "stream configuration update can not "


@case(23)
def rules_of_updates(ctx):
    js = jetstream(ctx)
    for text, before, after in (
            ("change storage type", {}, {"storage": "memory"}),
            ("change storage type", {"storage": "memory"}, {}),
            ("change retention policy to/from workqueue", {}, {"retention": "workqueue"}),
            ("change retention policy to/from workqueue", {"retention": "workqueue"}, {}),
            ("change retention policy to/from workqueue", {"retention": "workqueue"}, {"retention": "interest"}),
            ("change retention policy to/from workqueue", {"retention": "interest"}, {"retention": "workqueue"}),
            ("cancel deny message deletes", {"deny_delete": True}, {}),
            ("cancel deny purge", {"deny_purge": True}, {}),
            ("change persist mode", {}, {"persist_mode": "async"}),
            ("change persist mode", {"persist_mode": "async"}, {})):
        js.create("A", **before)
        js.update_err("A", 10052, 500, CAN_NOT + text, **after)
        js.update("A", description="x", **before)
        js.anew()
    js.create("A", allow_msg_ttl=True)
    js.update_err("A", 10052, 500, "message TTL status can not be disabled")
    js.anew()
    js.create("A")
    js.update("A", sealed=True)
    js.update_err("A", 10052, 500, CAN_NOT + "unseal a sealed stream")
    js.update_err("A", 10052, 500, "discard new per subject requires discard new policy to be set", discard_new_per_subject=True,
                  max_msgs_per_subject=1)


@case(23)
def publishes_during_an_update_are_stored(ctx):
    """What the stream captures before and after it is captured meanwhile as well."""
    js = jetstream(ctx)
    js.create("A", subjects=["a"])
    updates, inboxes = [], []
    for number in range(60):
        updates.append(js.new_inbox())
        config = {"name": "A", "subjects": ["a", "b.%d" % number]}
        js.send("$JS.API.STREAM.UPDATE.A", config, updates[-1])
        for _ in range(100):
            inboxes.append(js.new_inbox())
            js.send("a", "x", inboxes[-1])
    for inbox in updates:
        check("error" not in decode(js.reply_to(inbox).payload), "an update failed")
    for number, inbox in enumerate(inboxes):
        answer = js.reply_to(inbox)
        check(not answer.headers, "publish %d: %s" % (number, answer.headers))
    eq(js.state("A")["messages"], len(inboxes), "messages")


@case(30)
def acknowledgements_during_an_update_count(ctx):
    """A consumer hears what is sent to it while it is updated."""
    js = jetstream(ctx)
    js.create("A", subjects=["a"])
    js.pub_many(["a"] * 600)
    js.consumer("A", "C", ack_policy="explicit", max_ack_pending=1000)
    messages = js.fetch("A", "C", 600)
    updates, inboxes = [], []
    for number in range(30):
        updates.append(js.new_inbox())
        config = {"durable_name": "C", "ack_policy": "explicit", "max_ack_pending": 1000, "description": "%d" % number}
        js.send("$JS.API.CONSUMER.DURABLE.CREATE.A.C", {"stream_name": "A", "config": config}, updates[-1])
        for message in messages[number * 20:(number + 1) * 20]:
            inboxes.append(js.new_inbox())
            js.send(message.reply, "+ACK", inboxes[-1])
    for inbox in updates:
        check("error" not in decode(js.reply_to(inbox).payload), "an update failed")
    for inbox in inboxes:
        js.reply_to(inbox)
    eq(js.consumer_info("A", "C")["num_ack_pending"], 0, "pending")


@case(23)
def fields_that_may_change(ctx):
    js = jetstream(ctx)
    js.create("A")
    changed = {
        "description": "d", "subjects": ["b", "A"], "retention": "interest", "max_consumers": 3, "max_msgs": 9, "max_bytes": 9000,
        "max_age": 60 * SECOND, "max_msgs_per_subject": 4, "max_msg_size": 512, "discard": "new", "no_ack": True,
        "duplicate_window": SECOND, "placement": {"tags": ["t"]}, "compression": "s2", "subject_transform": {"src": "b", "dest": "c"},
        "republish": {"src": "c", "dest": "d"}, "allow_direct": True, "discard_new_per_subject": True, "deny_delete": True,
        "deny_purge": True, "consumer_limits": {"max_ack_pending": 9}, "allow_msg_ttl": True, "metadata": {"k": "v"}}
    reply = js.update("A", **changed)
    eq([name for name in list(reply) if name != "domain"], ["type", "config", "created", "state", "ts"], "members of the reply")
    for name, value in changed.items():
        got = reply["config"][name]
        eq({key: entry for key, entry in got.items() if not key.startswith("_nats.")} if name == "metadata" else got, value, name)
    reply = js.update("A", deny_delete=True, deny_purge=True, allow_msg_ttl=True, retention="limits")
    for name in ("description", "no_ack", "placement", "subject_transform", "republish", "discard_new_per_subject"):
        check(name not in reply["config"], name + " is still there")
    eq([reply["config"][name] for name in ("max_msgs", "max_age", "subjects", "allow_direct", "duplicate_window")],
       [-1, 0, ["A"], False, 120 * SECOND], "defaults again")


@case(23, "mirrors")
def mirror_added_by_update(ctx):
    js = jetstream(ctx)
    js.create("A")
    js.update_err("A", 10034, 400, "stream mirrors can not contain subjects", subjects=["A"], mirror={"name": "O"})
    js.update_err("A", 10055, 400, "stream mirror configuration can not be updated", mirror={"name": "O"})
    js.create("M", mirror={"name": "O"})
    js.update_err("M", 10055, 400, "stream mirror configuration can not be updated", mirror={"name": "P"})
    js.update_err("M", 10055, 400, "stream mirror configuration can not be updated", mirror={"name": "O", "filter_subject": "x"})


@case(23, "counters")
def counter_setting_stays(ctx):
    js = jetstream(ctx)
    js.create("A", allow_msg_counter=True)
    js.update_err("A", 10052, 500, CAN_NOT + "change message counter setting")
    js.create("B")
    js.update_err("B", 10052, 500, CAN_NOT + "change message counter setting", allow_msg_counter=True)


@case(23, "schedules")
def schedules_stay(ctx):
    js = jetstream(ctx)
    js.create("A", allow_msg_schedules=True)
    js.update_err("A", 10052, 500, "message schedules can not be disabled", allow_rollup_hdrs=True)


@case(24)
def mirror_direct_without_mirror(ctx):
    js = jetstream(ctx)
    js.create_err("A", 10052, 500, "stream has no mirror but does have mirror direct", mirror_direct=True)
    js.create("A")
    eq(js.update("A", mirror_direct=True)["config"]["mirror_direct"], True, "mirror_direct")


@case(25)
def first_seq_by_update(ctx):
    js = jetstream(ctx)
    js.create("A")
    eq(js.update("A", first_seq=50)["config"]["first_seq"], 50, "first_seq")
    eq(js.pub("A")["seq"], 1, "sequence")
    eq(js.update("A", first_seq=60)["config"]["first_seq"], 60, "first_seq")
    eq(js.pub("A")["seq"], 2, "sequence")
    eq(js.state("A")["first_seq"], 1, "first sequence")


@case(26)
def subjects_by_update(ctx):
    js = jetstream(ctx)
    js.create("A", ["a", "b"])
    js.pub_many(["a", "b", "a"])
    js.update("A", ["b", "c"])
    eq(status(js.publish("a")), "503", "publish to a dropped subject")
    js.pub_many(["b", "c"])
    state = js.state("A", subjects_filter=">")
    eq((state["messages"], state["subjects"]), (5, {"a": 2, "b": 2, "c": 1}), "state")
    eq(js.get("A", seq=1)["subject"], "a", "kept message")


@case(27)
def lowered_limits_trim(ctx):
    js = jetstream(ctx)
    for storage in ("file", "memory"):
        js.create("A", ["a.*"], storage=storage)
        js.pub_many(["a.%d" % (number % 2) for number in range(10)])
        js.update("A", ["a.*"], storage=storage, max_msgs_per_subject=3)
        eq(js.seqs("A"), [5, 6, 7, 8, 9, 10], "after max_msgs_per_subject")
        js.update("A", ["a.*"], storage=storage, max_msgs=4)
        eq(js.seqs("A"), [7, 8, 9, 10], "after max_msgs")
        size = record_size(storage, "a.0", b"")
        js.update("A", ["a.*"], storage=storage, max_bytes=2 * size + 1)
        eq((js.seqs("A"), js.state("A")["bytes"]), ([9, 10], 2 * size), "after max_bytes")
        js.anew()


@case(27)
def lowered_limits_under_discard_new(ctx):
    js = jetstream(ctx)
    for storage in ("file", "memory"):
        js.create("A", ["a.*"], storage=storage, discard="new")
        js.pub_many(["a.%d" % (number % 2) for number in range(10)])
        js.update("A", ["a.*"], storage=storage, discard="new", max_msgs=4)
        js.update("A", ["a.*"], storage=storage, discard="new", max_bytes=100)
        eq(js.state("A")["messages"], 10, "messages")
        js.pub_err("a.0", b"", err_code=10077, code=503, text="maximum bytes exceeded")
        js.update("A", ["a.*"], storage=storage, discard="new", max_msgs_per_subject=2)
        eq(js.seqs("A"), [7, 8, 9, 10], "after max_msgs_per_subject")
        js.anew()


@case(28)
def consumer_limits_below_a_consumer(ctx):
    js = jetstream(ctx)
    js.create("A")
    js.consumer("A", "x", max_ack_pending=100)
    js.update_err("A", 10069, 500, "change to limits violates consumers: x", consumer_limits={"max_ack_pending": 50})
    js.update("A", consumer_limits={"max_ack_pending": 100})
    js.create("B")
    js.consumer("B", "y", inactive_threshold=60 * SECOND)
    js.update_err("B", 10069, 500, "change to limits violates consumers: y", consumer_limits={"inactive_threshold": 30 * SECOND})
    js.consumer("B", "z", inactive_threshold=50 * SECOND)
    reply = js.request("STREAM.UPDATE.B", {"name": "B", "consumer_limits": {"inactive_threshold": 30 * SECOND}})
    check(reply["error"]["description"] in ("change to limits violates consumers: y, z", "change to limits violates consumers: z, y"),
          "two consumers: %r" % reply)
    check(not js.info("B")["config"]["consumer_limits"], "limits after a refusal")


@case(29)
def limits_to_interest(ctx):
    js = jetstream(ctx)
    js.create("A")
    js.pub_many(["A"] * 5)
    js.update("A", retention="interest")
    state = js.wait_state("A", messages=0)
    eq((state["first_seq"], state["last_seq"]), (6, 5), "state")
    js.create("B")
    js.pub_many(["B"] * 5)
    js.consumer("B", "c")
    for message in js.fetch("B", "c", 2):
        js.ack_sync(message)
    js.update("B", retention="interest")
    js.wait_state("B", messages=3, first_seq=3)
    js.update("B", retention="limits")
    eq(js.state("B")["messages"], 3, "messages after the way back")


@case(30)
def bodies_of_delete(ctx):
    js = jetstream(ctx)
    js.create("A")
    for body in ("x", '{"a":1}', "null", "[]", "1"):
        js.err("STREAM.DELETE.A", body, 10038, 400, "expected an empty request payload", kind="stream_delete_response")
    eq(js.ok("STREAM.DELETE.A", "{}"), {"type": TYPE + "stream_delete_response", "success": True}, "reply")
    js.err("STREAM.DELETE.A", b"", 10059, 404, "stream not found", kind="stream_delete_response")
    js.create("A")
    js.ok("STREAM.DELETE.A", " { } ")
    js.create("A")
    js.delete("A")
    js.err("STREAM.INFO.A", b"", 10059, 404, "stream not found")
    eq(status(js.publish("A")), "503", "publish to a deleted stream")


@case(30)
def a_new_stream_of_an_old_name_is_empty(ctx):
    js = jetstream(ctx)
    for storage in ("file", "memory"):
        js.create("A", storage=storage)
        js.pub_many(["A"] * 3, b"x")
        js.consumer("A", "c")
        js.delete("A")
        state = js.create("A", storage=storage)["state"]
        eq((state["messages"], state["last_seq"], state["consumer_count"]), (0, 0, 0), "state")
        js.err("CONSUMER.INFO.A.c", b"", 10014, 404, "consumer not found")
        js.delete("A")


@case(31)
def sealed_and_denying_streams_can_be_deleted(ctx):
    js = jetstream(ctx)
    js.create("A", deny_delete=True, deny_purge=True)
    js.pub("A")
    js.delete("A")
    js.create("B")
    js.pub("B")
    js.update("B", sealed=True)
    js.delete("B")
    eq(js.ok("STREAM.NAMES")["streams"], [GUARD], "streams")


@case(32)
def advisories(ctx):
    js = jetstream(ctx)
    events = js.subscribe(ADVISORY + ".STREAM.>")
    js.create("A")
    js.create("A")
    js.update("A", max_msgs=5)
    js.update("A", max_msgs=5)
    js.consumer("A", "c")
    js.delete("A")
    seen = []
    for kind, action in (("CREATED", "create"), ("UPDATED", "modify"), ("UPDATED", "modify"), ("DELETED", "delete")):
        # The reference server may lose the last one, when the sender of the stream goes away first.
        frame = events.try_next(2.0) if kind == "DELETED" and ctx.is_peer else events.next()
        if frame is None:
            return
        eq(frame.subject.decode(), "%s.STREAM.%s.A" % (ADVISORY, kind), "subject")
        event = validate(decode(frame.payload))
        eq(list(event), ["type", "id", "timestamp", "stream", "action"], "members")
        eq((event["type"], event["stream"], event["action"]), ("io.nats.jetstream.advisory.v1.stream_action", "A", action), "event")
        eq(len(event["id"]), 22, "length of the id")
        eq((frame.reply, frame.headers), (None, None), "reply subject and headers")
        nanos(event["timestamp"])
        seen.append(event["id"])
    eq(len(set(seen)), 4, "different ids")
    events.expect_none()
