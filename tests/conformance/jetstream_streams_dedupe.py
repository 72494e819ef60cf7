"""De-duplication and expectation headers: jetstream-streams.md 5 and 6, items 58 to 66."""

from lib import *
from lib.jetstream import *

case = cases("jetstream_streams")

STORAGES = ("file", "memory")


def duplicate(js, subject, msg_id):
    """Publishes with an id; the sequence when it is a duplicate, else 0."""
    answer = js.pub(subject, b"", {"Nats-Msg-Id": msg_id})
    return answer["seq"] if answer.get("duplicate") else 0


@case(58)
def repeated_id(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        js.create("S", ["s.*"], storage=storage)
        js.pub("s.a", b"1", {"Nats-Msg-Id": "x"})
        js.pub("s.a", b"2", {"Nats-Msg-Id": "y"})
        js.pub("s.a", b"3")
        eq(js.publish("s.a", b"4", {"Nats-Msg-Id": "x"}).payload, b'{"stream":"S","seq":1,"duplicate": true}', "answer")
        eq(duplicate(js, "s.b", "y"), 2, "duplicate on another subject")
        state = js.state("S")
        eq((state["messages"], state["last_seq"]), (3, 3), "state")
        js.pub("s.a", b"", {"Nats-Msg-Id": ""})
        check("duplicate" not in js.pub("s.a", b"", {"Nats-Msg-Id": ""}), "empty ids are duplicates")
        js.anew()


@case(58)
def rejected_publish_leaves_no_id(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"], max_msg_size=100)
    js.pub_err("s", b"x" * 200, {"Nats-Msg-Id": "x"}, 10054)
    js.pub_err("s", b"", {"Nats-Msg-Id": "x", "Nats-Expected-Last-Sequence": "9"}, 10071)
    eq(duplicate(js, "s", "x"), 0, "duplicate of a refused message")
    js.pub_err("s", b"", {"Nats-Msg-Id": "x", "Nats-Expected-Last-Sequence": "0"}, 10071, 400, "wrong last sequence: 1")
    eq(duplicate(js, "s", "x"), 1, "duplicate")


@case(59, slow=True)
def id_is_accepted_after_the_window(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        js.create(storage, storage=storage, duplicate_window=200 * MS)
        eq(duplicate(js, storage, "x"), 0, "first")
    for storage in STORAGES:
        wait_until(lambda: not duplicate(js, storage, "x"), "the id is forgotten")
        eq(js.state(storage)["last_seq"], 2, "last sequence")


@case(60)
def id_of_a_purged_message(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    for msg_id in ("x", "y"):
        js.pub("s", b"", {"Nats-Msg-Id": msg_id})
    js.purge("S")
    eq(duplicate(js, "s", "x"), 1, "duplicate of a purged message")
    js.pub("s", b"", {"Nats-Msg-Id": "z"})
    js.delete_msg("S", 3)
    eq(duplicate(js, "s", "z"), 3, "duplicate of a deleted message")
    js.restart()
    eq((duplicate(js, "s", "x"), duplicate(js, "s", "z")), (0, 0), "duplicates after a restart")


@case(61)
def ids_after_a_restart(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    for msg_id in ("x", "y", "z"):
        js.pub("s", b"", {"Nats-Msg-Id": msg_id})
    js.restart(kill=True)
    eq(duplicate(js, "s", "x"), 1, "duplicate")
    js.pub_err("s", b"", {"Nats-Expected-Last-Msg-Id": "y"}, 10070, 400, "wrong last msg ID: z")
    eq(js.pub("s", b"", {"Nats-Expected-Last-Msg-Id": "z"})["seq"], 4, "sequence")
    js.restart()
    eq(duplicate(js, "s", "z"), 3, "duplicate")
    js.pub_err("s", b"", {"Nats-Expected-Last-Msg-Id": "z"}, 10070, 400, "wrong last msg ID: ")


@case(62)
def shorter_window_by_update(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    eq(duplicate(js, "s", "x"), 0, "first")
    eq(duplicate(js, "s", "x"), 1, "second")
    js.update("S", ["s"], duplicate_window=100 * MS)
    wait_until(lambda: not duplicate(js, "s", "x"), "the id is forgotten")


@case(63)
def expected_stream(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    js.pub_err("s", b"", {"Nats-Expected-Stream": "T"}, 10060, 400, "expected stream does not match")
    js.pub_err("s", b"", {"Nats-Expected-Stream": "s"}, 10060)
    js.pub("s", b"", {"Nats-Expected-Stream": "S"})
    js.pub("s", b"", {"Nats-Expected-Stream": ""})


@case(63)
def expected_last_sequence(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        js.create("S", ["s"], storage=storage)
        js.pub_err("s", b"", {"Nats-Expected-Last-Sequence": "1"}, 10071, 400, "wrong last sequence: 0")
        js.pub("s", b"", {"Nats-Expected-Last-Sequence": "0"})
        js.pub("s", b"", {"Nats-Expected-Last-Sequence": "1"})
        js.pub_err("s", b"", {"Nats-Expected-Last-Sequence": "1"}, 10071, 400, "wrong last sequence: 2")
        for value in ("abc", "-2", "+2", "2x", "0x2", "99999999999999999999999"):
            js.pub_err("s", b"", {"Nats-Expected-Last-Sequence": value}, 10071, 400, "wrong last sequence: 2")
        js.pub("s", b"", {"Nats-Expected-Last-Sequence": ""})
        js.delete_msg("S", 3)
        js.pub("s", b"", {"Nats-Expected-Last-Sequence": "3"})
        js.purge("S")
        js.pub("s", b"", {"Nats-Expected-Last-Sequence": "4"})
        js.anew()
    js.create("F", ["f"], first_seq=100)
    js.pub_err("f", b"", {"Nats-Expected-Last-Sequence": "0"}, 10071, 400, "wrong last sequence: 99")
    js.pub("f", b"", {"Nats-Expected-Last-Sequence": "99"})


@case(64)
def expected_last_msg_id(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    js.pub_err("s", b"", {"Nats-Expected-Last-Msg-Id": "x"}, 10070, 400, "wrong last msg ID: ")
    js.pub("s", b"", {"Nats-Msg-Id": "x"})
    js.pub_err("s", b"", {"Nats-Expected-Last-Msg-Id": "X"}, 10070, 400, "wrong last msg ID: x")
    js.pub("s", b"", {"Nats-Msg-Id": "y", "Nats-Expected-Last-Msg-Id": "x"})
    js.pub("s", b"", {"Nats-Msg-Id": "x"})
    js.pub("s", b"", {"Nats-Expected-Last-Msg-Id": "y"})
    js.pub_err("s", b"", {"Nats-Expected-Last-Msg-Id": "y"}, 10070, 400, "wrong last msg ID: ")
    js.pub("s", b"", {"Nats-Expected-Last-Msg-Id": ""})


LAST, LAST_SUBJECT = "Nats-Expected-Last-Subject-Sequence", "Nats-Expected-Last-Subject-Sequence-Subject"


@case(65)
def expected_last_subject_sequence(ctx):
    js = jetstream(ctx)
    for storage in STORAGES:
        js.create("S", ["s.>"], storage=storage)
        js.pub("s.a", b"", {LAST: "0"})
        js.pub_err("s.a", b"", {LAST: "0"}, 10071, 400, "wrong last sequence: 1")
        js.pub("s.b", b"", {LAST: "0"})
        js.pub("s.a", b"", {LAST: "1"})
        js.pub_err("s.a", b"", {LAST: "x"}, 10071, 400, "wrong last sequence: 3")
        js.pub("s.a", b"", {LAST: ""})
        js.delete_msg("S", 4)
        js.pub_err("s.a", b"", {LAST: "4"}, 10071, 400, "wrong last sequence: 3")
        js.pub("s.a", b"", {LAST: "3"})
        js.purge("S", filter="s.a")
        js.pub_err("s.a", b"", {LAST: "5"}, 10071, 400, "wrong last sequence: 0")
        js.pub("s.a", b"", {LAST: "0", "Nats-Expected-Last-Sequence": "5"})
        js.anew()


@case(65)
def expected_sequence_of_another_subject(ctx):
    js = jetstream(ctx)
    js.create("S", ["s.>"])
    js.pub_many(["s.a.1", "s.b.1", "s.a.2", "s.c"])
    js.pub("s.x", b"", {LAST: "1", LAST_SUBJECT: "s.a.1"})
    js.pub_err("s.x", b"", {LAST: "5", LAST_SUBJECT: "s.a.1"}, 10071, 400, "wrong last sequence: 1")
    js.pub_err("s.x", b"", {LAST: "1", LAST_SUBJECT: "s.a.*"}, 10071, 400, "wrong last sequence: 3")
    js.pub("s.x", b"", {LAST: "3", LAST_SUBJECT: "s.a.*"})
    js.pub("s.x", b"", {LAST: "3", LAST_SUBJECT: "s.*.*"})
    js.pub("s.x", b"", {LAST: "7", LAST_SUBJECT: "s.>"})
    js.pub("s.x", b"", {LAST: "0", LAST_SUBJECT: "s.nothing"})
    js.pub_err("s.x", b"", {LAST_SUBJECT: "s.a.1"}, 10193, 400, "missing sequence for expected last sequence per subject")
    js.pub_err("s.x", b"", {LAST_SUBJECT: "s.a.1", "Nats-Expected-Last-Sequence": "9"}, 10193)


@case(66)
def expectation_on_a_transformed_subject(ctx):
    js = jetstream(ctx)
    js.create("S", ["in.*"], subject_transform={"src": "in.*", "dest": "out.{{wildcard(1)}}"})
    js.pub("in.a", b"", {LAST: "0"})
    js.pub_err("in.a", b"", {LAST: "0"}, 10071, 400, "wrong last sequence: 1")
    js.pub("in.a", b"", {LAST: "1"})
    js.pub("in.b", b"", {LAST: "2", LAST_SUBJECT: "out.a"})
    js.pub("in.b", b"", {LAST: "0", LAST_SUBJECT: "in.a"})
