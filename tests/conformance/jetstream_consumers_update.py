"""Consumers: creating again, updates, start positions (jetstream-consumers.md 3.5 and 5, items 33 to 46)."""

import time

from lib import *
from lib.consumers import counts, fetch, fill, gone, make, pair, refuse, seqs
from lib.jetstream import SECOND, nanos, parse_ack, rfc3339

SHEET = "jetstream_consumers"
EXPLICIT = {"ack_policy": "explicit"}


def start(ctx, messages=0, **stream):
    js = jetstream(ctx)
    js.create("S", "s.>", **stream)
    fill(js, messages)
    return js


def payloads(messages):
    return [message.payload.decode() for message in messages]


# -- creating again -------------------------------------------------------------------------------------

@test(SHEET, 33, needs="jetstream")
def create_of_an_equal_consumer_succeeds(ctx):
    js = start(ctx)
    config = {"durable_name": "c", "ack_policy": "explicit", "metadata": {"a": "b"}, "filter_subjects": ["s.a", "s.b"]}
    first = make(js, config, "c", action="create")
    again = make(js, config, "c", action="create")
    eq((again["created"], again["config"]), (first["created"], first["config"]), "the consumer")
    echoed = js.consumer_info("S", "c")["config"]
    eq(make(js, echoed, "c", action="create")["created"], first["created"], "with the config of its info")
    refuse(js, 10148, 400, "consumer already exists", dict(config, description="x"), "c", action="create")
    refuse(js, 10148, 400, "consumer already exists", dict(config, metadata={"a": "c"}), "c", action="create")
    eq(make(js, config, "c")["created"], first["created"], "without action")


@test(SHEET, 33, needs="jetstream", slow=True)
def ephemeral_and_durable_by_update(ctx):
    """Item 33a."""
    js = start(ctx)
    make(js, EXPLICIT, "e")
    config = make(js, dict(EXPLICIT, durable_name="e"), "e")["config"]
    eq((config["durable_name"], config["inactive_threshold"]), ("e", 5 * SECOND), "made durable")
    make(js, dict(EXPLICIT, durable_name="d"), "d")
    config = make(js, EXPLICIT, "d")["config"]
    eq((config.get("durable_name"), config.get("inactive_threshold")), (None, None), "made ephemeral")
    gone(js, "e")
    eq(js.ok("CONSUMER.NAMES.S")["consumers"], ["d"], "what lives on")


@test(SHEET, 34, needs="jetstream")
def actions(ctx):
    js = start(ctx)
    refuse(js, 10149, 400, "consumer does not exist", EXPLICIT, "c", action="update")
    reply = js.err("CONSUMER.CREATE.S.c", {"stream_name": "S", "config": {}, "action": "bogus"}, 10025, 400)
    check(reply["error"]["description"].startswith("invalid JSON: "), reply)
    make(js, EXPLICIT, "c", action="create")
    eq(make(js, dict(EXPLICIT, description="x"), "c", action="update")["config"]["description"], "x", "description")
    eq(make(js, EXPLICIT, "c", action="")["config"].get("description"), None, "a key left out reverts")


@test(SHEET, 35, needs="jetstream")
def what_can_not_be_updated(ctx):
    js = start(ctx)
    push = {"ack_policy": "explicit", "deliver_subject": "d", "idle_heartbeat": SECOND}
    make(js, EXPLICIT, "pull")
    make(js, push, "push")
    make(js, {"deliver_policy": "by_start_sequence", "opt_start_seq": 1}, "seq")
    make(js, {"deliver_policy": "by_start_time", "opt_start_time": "2020-01-01T00:00:00Z"}, "time")
    for name, config, text in (
            ("pull", {"ack_policy": "explicit", "deliver_policy": "new"}, "deliver policy can not be updated"),
            ("pull", {"ack_policy": "all"}, "ack policy can not be updated"),
            ("pull", dict(EXPLICIT, replay_policy="original"), "replay policy can not be updated"),
            ("pull", dict(EXPLICIT, mem_storage=True), "storage type can not be updated"),
            ("pull", dict(EXPLICIT, max_waiting=5), "max waiting can not be updated"),
            ("pull", dict(EXPLICIT, sourcing=True), "sourcing can not be updated"),
            ("pull", dict(EXPLICIT, deliver_subject="d2"), "can not update pull consumer to push based"),
            ("push", dict(push, idle_heartbeat=2 * SECOND), "heart beats can not be updated"),
            ("push", dict(push, flow_control=True), "flow control can not be updated"),
            ("push", dict(push, direct=True), "direct can not be updated"),
            ("push", EXPLICIT, "heart beats can not be updated"),
            ("seq", {"deliver_policy": "by_start_sequence", "opt_start_seq": 2}, "start sequence can not be updated"),
            ("time", {"deliver_policy": "by_start_time", "opt_start_time": "2020-01-01T00:00:01Z"},
             "start time can not be updated")):
        refuse(js, 10012, 500, text, config, name)
    make(js, {"ack_policy": "explicit", "deliver_subject": "d"}, "push2")
    refuse(js, 10012, 500, "can not update push consumer to pull based", EXPLICIT, "push2")
    make(js, {"deliver_policy": "by_start_time", "opt_start_time": "2020-01-01T01:00:00+01:00"}, "time")


@test(SHEET, 36, needs="jetstream")
def what_can_be_updated(ctx):
    js = start(ctx)
    make(js, dict(EXPLICIT, durable_name="c"), "c")
    for change in ({"description": "x"}, {"ack_wait": 5 * SECOND}, {"max_deliver": 5}, {"sample_freq": "10%"},
                   {"max_ack_pending": 5}, {"headers_only": True}, {"max_batch": 5}, {"max_expires": SECOND},
                   {"max_bytes": 5}, {"inactive_threshold": SECOND * 99}, {"backoff": [SECOND, 2 * SECOND]},
                   {"filter_subject": "s.x"}, {"filter_subjects": ["s.y", "s.z"]}, {"metadata": {"k": "v"}},
                   {"priority_policy": "overflow", "priority_groups": ["A"]},
                   {"priority_policy": "pinned_client", "priority_groups": ["B"], "priority_timeout": SECOND}):
        config = make(js, dict(change, ack_policy="explicit", durable_name="c"), "c")["config"]
        for key, value in change.items():
            if key == "metadata":
                eq(config[key]["k"], "v", key)
            else:
                eq(config[key], value, key)
        eq(js.consumer_info("S", "c")["config"], config, "config in info")
    make(js, {"deliver_subject": "d"}, "p")
    for change in ({"rate_limit_bps": 1000000}, {"deliver_group": "g"}, {"deliver_subject": "d2"}):
        config = make(js, dict({"deliver_subject": "d"}, **change), "p")["config"]
        for key, value in change.items():
            eq(config[key], value, key)


@test(SHEET, 37, needs="jetstream")
def a_new_deliver_subject_gets_what_is_pending(ctx):
    js = start(ctx, 3)
    old, new = js.subscribe("d.old"), js.subscribe("d.new")
    make(js, dict(EXPLICIT, durable_name="c", deliver_subject="d.old"), "c")
    eq(payloads(old.take(3)), ["m1", "m2", "m3"], "first")
    refuse(js, 10013, 400, "consumer name already in use", dict(EXPLICIT, durable_name="c", deliver_subject="d.new"), "c")
    old.unsubscribe()
    js.flush()
    wait_until(lambda: not js.consumer_info("S", "c").get("push_bound"), "the consumer is not bound")
    make(js, dict(EXPLICIT, durable_name="c", deliver_subject="d.new"), "c")
    again = new.take(3)
    eq((payloads(again), counts(again)), (["m1", "m2", "m3"], [2, 2, 2]), "redelivered")
    js.pub("s.a", b"m4")
    eq(payloads(new.take(1)), ["m4"], "the next")


@test(SHEET, 38, needs="jetstream")
def a_shorter_ack_wait_applies_to_pending_messages(ctx):
    js = start(ctx, 1)
    make(js, dict(EXPLICIT, ack_wait=60 * SECOND), "c")
    first, = fetch(js, "S", "c")
    inbox = js.pull("S", "c", {"batch": 1, "expires": 20 * SECOND})
    started = time.monotonic()
    make(js, dict(EXPLICIT, ack_wait=SECOND // 5), "c")
    again = inbox.next(5)
    check(time.monotonic() - started < 2, "redelivered only after %.1f s" % (time.monotonic() - started))
    eq((again.payload, counts([again])), (first.payload, [2]), "redelivery")


@test(SHEET, 39, needs="jetstream")
def a_filter_update_keeps_the_cursor(ctx):
    js = start(ctx)
    js.pub_many(["s.a", "s.b", "s.a", "s.b", "s.a", "s.c", "s.b"])
    make(js, dict(EXPLICIT, filter_subject="s.a"), "c")
    eq(seqs(fetch(js, "S", "c", 2)), [1, 3], "under the old filter")
    reply = make(js, dict(EXPLICIT, filter_subject="s.b"), "c")
    eq(reply["num_pending"], 2, "num_pending")
    eq(seqs(fetch(js, "S", "c", 5)), [4, 7], "under the new filter")
    eq(make(js, EXPLICIT, "c")["num_pending"], 0, "num_pending at the end")


@test(SHEET, 40, needs="jetstream")
def an_update_does_not_change_pause_until(ctx):
    js = start(ctx)
    make(js, dict(EXPLICIT, pause_until="2100-01-01T00:00:00Z"), "c")
    for other in ({}, {"pause_until": "2101-01-01T00:00:00Z"}):
        reply = make(js, dict(EXPLICIT, description="x%d" % len(other), **other), "c")
        eq((reply["config"]["pause_until"], reply["paused"]), ("2100-01-01T00:00:00Z", True), "pause")


@test(SHEET, 41, needs="jetstream")
def a_given_up_message_stays_given_up(ctx):
    js = start(ctx, 1)
    make(js, dict(EXPLICIT, ack_wait=SECOND // 10, max_deliver=1), "c")
    gave_up = js.subscribe("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.S.c")
    eq(len(fetch(js, "S", "c")), 1, "messages")
    gave_up.next()
    make(js, dict(EXPLICIT, ack_wait=SECOND // 10, max_deliver=5), "c")
    inbox = js.pull("S", "c", {"batch": 1, "expires": SECOND // 2})
    eq(inbox.next().headers[:28], b"NATS/1.0 408 Request Timeout", "no message")


# -- start positions ------------------------------------------------------------------------------------

@test(SHEET, 42, needs="jetstream")
def deliver_last(ctx):
    js = start(ctx)
    js.pub_many(["s.a", "s.b", "s.a", "s.b", "s.c"])
    for name, config, want in (("all", {}, [5]), ("a", {"filter_subject": "s.a"}, [3]),
                               ("two", {"filter_subjects": ["s.a", "s.b"]}, [4]), ("none", {"filter_subject": "s.z"}, [])):
        make(js, dict(EXPLICIT, deliver_policy="last", **config), name)
        eq(seqs(fetch(js, "S", name, 5)), want, name)
    js.pub_many(["s.z", "s.z"])
    eq(seqs(fetch(js, "S", "none", 5)), [6, 7], "later ones")


@test(SHEET, 43, needs="jetstream")
def deliver_new_and_last_per_subject(ctx):
    js = start(ctx)
    js.pub_many(["s.a", "s.b", "s.a", "s.c", "s.b", "s.d"])
    eq(make(js, dict(EXPLICIT, deliver_policy="new"), "new")["num_pending"], 0, "num_pending of new")
    eq(fetch(js, "S", "new", 5), [], "nothing old")
    reply = make(js, dict(EXPLICIT, deliver_policy="last_per_subject", filter_subject="s.*"), "lps")
    eq(reply["num_pending"], 4, "num_pending of all subjects")
    messages = fetch(js, "S", "lps", 9)
    eq(seqs(messages), [3, 4, 5, 6], "last of each, ascending")
    eq([parse_ack(message.reply).pending for message in messages], [3, 2, 1, 0], "pending tokens")
    reply = make(js, dict(EXPLICIT, deliver_policy="last_per_subject", filter_subjects=["s.b", "s.c"]), "two")
    eq(reply["num_pending"], 2, "num_pending of two filters")
    eq(seqs(fetch(js, "S", "two", 9)), [4, 5], "two filters")
    js.pub_many(["s.a", "s.a"])
    eq(seqs(fetch(js, "S", "new", 5)), [7, 8], "new")
    eq(seqs(fetch(js, "S", "lps", 5)), [7, 8], "after the list it is a normal consumer")
    eq(make(js, dict(EXPLICIT, deliver_policy="last_per_subject", filter_subject="s.z"), "none")["num_pending"], 0, "none")


@test(SHEET, 43, needs="jetstream", better=True)
def a_deleted_entry_does_not_stall_last_per_subject(ctx):
    """Item 43a. The reference waits for the next wake-up when a listed message was deleted meanwhile."""
    js = start(ctx)
    js.pub_many(["s.a", "s.b", "s.c"])
    make(js, dict(EXPLICIT, deliver_policy="last_per_subject", filter_subject="s.*"), "c")
    js.delete_msg("S", 2)
    inbox = js.pull("S", "c", {"batch": 2, "expires": 3 * SECOND})
    eq(seqs(inbox.take(2, 2)), [1, 3], "messages")


@test(SHEET, 44, needs="jetstream")
def by_start_time(ctx):
    js = start(ctx)
    js.pub_many(["s.a", "s.b"])
    time.sleep(0.002)
    js.pub_many(["s.a", "s.b"])
    third = js.get("S", seq=3)["time"]
    make(js, dict(EXPLICIT, deliver_policy="by_start_time", opt_start_time=third), "exact")
    eq(seqs(fetch(js, "S", "exact", 9)), [3, 4], "from the very time")
    make(js, dict(EXPLICIT, deliver_policy="by_start_time", opt_start_time=rfc3339(nanos(third) + 1)), "later")
    eq(seqs(fetch(js, "S", "later", 9)), [4], "from 1 ns later")
    make(js, dict(EXPLICIT, deliver_policy="by_start_time", opt_start_time=third, filter_subject="s.b"), "filter")
    eq(seqs(fetch(js, "S", "filter", 9)), [4], "first match")
    reply = make(js, dict(EXPLICIT, deliver_policy="by_start_time", opt_start_time="2100-01-01T00:00:00Z"), "future")
    eq(reply["num_pending"], 0, "num_pending")
    js.pub("s.c")
    eq(seqs(fetch(js, "S", "future", 9)), [5], "only new ones")


@test(SHEET, 45, needs="jetstream")
def by_start_sequence_beyond_the_end(ctx):
    js = start(ctx, 3)
    make(js, dict(EXPLICIT, deliver_policy="by_start_sequence", opt_start_seq=6), "c")
    make(js, dict(EXPLICIT, deliver_policy="by_start_sequence", opt_start_seq=2), "two")
    eq(js.consumer_info("S", "c")["num_pending"], 0, "num_pending")
    fill(js, 4, start=4)
    eq(payloads(fetch(js, "S", "c", 9)), ["m6", "m7"], "from the given one on")
    eq(payloads(fetch(js, "S", "two", 9)), ["m2", "m3", "m4", "m5", "m6", "m7"], "inside")
    js.purge("S", seq=5)
    make(js, dict(EXPLICIT, deliver_policy="by_start_sequence", opt_start_seq=2), "raised")
    eq(payloads(fetch(js, "S", "raised", 9)), ["m5", "m6", "m7"], "raised to the first")


@test(SHEET, 46, needs="jetstream")
def on_an_empty_stream(ctx):
    js = start(ctx)
    for policy in ("all", "last", "new"):
        reply = make(js, dict(EXPLICIT, deliver_policy=policy), policy)
        eq((pair(reply["delivered"]), pair(reply["ack_floor"])), ((0, 0), (0, 0)), policy)
    fill(js, 2)
    for policy in ("all", "last", "new"):
        eq(payloads(fetch(js, "S", policy, 9)), ["m1", "m2"], policy)
    js.purge("S")
    reply = make(js, EXPLICIT, "emptied")
    eq((pair(reply["delivered"]), pair(reply["ack_floor"])), ((0, 2), (0, 2)), "after a purge")
