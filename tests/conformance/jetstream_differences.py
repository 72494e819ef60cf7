"""What random runs against the reference server have found (tests/differential): details between the items of the sheets."""

from lib import *
from lib.consumers import EVENTS, expect_status, fetch, fill, make, pair, pending_headers, refuse, seqs
from lib.jetstream import *

SHEET = "jetstream_consumers"
EXPLICIT = {"ack_policy": "explicit"}
HOUR = 3600 * SECOND

stream_case = cases("jetstream_streams")
api_case = cases("jetstream_api")


def start(ctx, messages=0, **stream):
    js = jetstream(ctx)
    js.create("S", "s.>", **stream)
    fill(js, messages)
    return js


def threshold(js, name, **config):
    """The `inactive_threshold` that a consumer has after this create or update, in seconds."""
    return make(js, config, name)["config"].get("inactive_threshold", 0) / SECOND


# -- streams --------------------------------------------------------------------------------------------

@stream_case(34)
def a_stream_that_was_purged_or_has_a_first_sequence_begins_somewhere(ctx):
    js = jetstream(ctx)
    for storage in ("file", "memory"):
        js.create("A" + storage, storage=storage)
        eq(js.state("A" + storage)["first_seq"], 0, "first_seq of a stream that was never used")
        js.purge("A" + storage)
        eq(js.state("A" + storage)["first_seq"], 1, "first_seq after a purge")
        js.create("B" + storage, storage=storage, first_seq=1)
        eq(js.state("B" + storage)["first_seq"], 1, "first_seq of a stream that was made with 1")
    js.restart()
    eq(js.state("Afile")["first_seq"], 1, "first_seq after a restart")


@stream_case(117)
def streams_capture_what_is_published_again(ctx):
    """Whichever threads the streams are on."""
    js = jetstream(ctx)
    for number in range(8):
        js.create("T%d" % number, ["t.%d" % number], storage="memory")
    js.create("S", ["s.*"], storage="memory", republish={"src": "s.*", "dest": "t.{{wildcard(1)}}"})
    for number in range(8):
        js.pub("s.%d" % number, b"x")
        js.wait_state("T%d" % number, messages=1)
        eq(js.get("T%d" % number, seq=1)["subject"], "t.%d" % number, "subject")


@stream_case(69)
def limits_count_what_a_rollup_replaces(ctx):
    """A message is stored, limits are enforced, and then it replaces others."""
    js = jetstream(ctx)
    for storage in ("file", "memory"):
        js.create("S", ["s.*"], storage=storage, max_msgs=3, allow_rollup_hdrs=True)
        js.pub_many(["s.a", "s.b", "s.c"])
        js.pub("s.b", b"", {"Nats-Rollup": "sub"})
        eq(js.seqs("S"), [3, 4], "sequences")
        js.anew()


@stream_case(70)
def sealing_takes_no_denial_back(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"], deny_purge=True)
    js.update_err("S", 10052, 500, "stream configuration update can not cancel deny purge", ["s"], sealed=True)
    js.update("S", ["s"], sealed=True, deny_purge=True)
    js.create("T", ["t"], deny_delete=True)
    js.update_err("T", 10052, 500, "stream configuration update can not cancel deny message deletes", ["t"], sealed=True)


@stream_case(149)
def limits_of_the_account_come_before_the_stream(ctx):
    js = jetstream(ctx, STORE + 'accounts { A { jetstream { max_bytes_required: true, disk_max_stream_bytes: 1000 }, users: [{user: u, password: p}] } }',
                   guard=False, user="u", **{"pass": "p"})
    text = "account requires a stream config to have max bytes set"
    js.update_err("MISSING", 10113, 400, text, ["s"])
    js.create("S", ["s"], max_bytes=500)
    js.update_err("S", 10113, 400, text, ["s"], retention="workqueue")
    js.update_err("S", 10122, 400, "stream max bytes exceeds account limit max stream bytes", ["s"], max_bytes=2000, storage="file",
                  retention="workqueue")
    js.create_err("T", 10113, 400, text, ["t"], subject_transform={"src": "t..x", "dest": "u"})


@stream_case(149)
def updates_are_checked_against_the_consumers_of_the_account(ctx):
    js = jetstream(ctx, STORE + "accounts { A { jetstream { max_consumers: 2 }, users: [{user: u, password: p}] } }",
                   guard=False, user="u", **{"pass": "p"})
    js.create("S", "s")
    js.update_err("S", 10026, 400, "maximum consumers limit reached", ["s"], max_consumers=3)
    js.update("S", ["s"], max_consumers=2)
    for name in ("c", "d"):
        make(js, EXPLICIT, name)
    js.update("S", ["s"], max_consumers=1)


@api_case(31)
def both_bounds_of_a_purge_are_refused_before_the_stream_is_looked_for(ctx):
    js = jetstream(ctx)
    js.err("STREAM.PURGE.MISSING", {"seq": 5, "keep": 2}, 10003, 400, "bad request")
    js.err("STREAM.PURGE.MISSING", {"seq": 5}, 10059, 404, "stream not found")


@api_case(11)
def types_of_lists_in_errors(ctx):
    js = jetstream(ctx)
    js.err("STREAM.CREATE.S", {"name": "S", "subjects": "s"}, 10025, 400,
           "invalid JSON: json: cannot unmarshal string into Go struct field StreamConfigRequest.subjects of type []string")


@api_case(19)
def lists_of_streams_by_what_is_no_subject(ctx):
    """The subject is compared token by token."""
    js = jetstream(ctx, guard=False)
    js.create("S", "s.>")
    js.create("T", "t.*")
    js.create("U", "u.*.>")
    for subject, names in (("s.", ["S"]), ("s..x", ["S"]), ("s. x", ["S"]), ("s", []), ("s..>", []), ("t.", []), ("t.x.", []),
                           ("a..b", []), ("*.", []), ("u.x.", ["U"]), ("u..x", []), (">.x", ["S", "T", "U"]), ("*.>.x", ["S", "U"])):
        eq(js.ok("STREAM.NAMES", {"subject": subject})["streams"] or [], names, "names for %r" % subject)
        listed = js.ok("STREAM.LIST", {"subject": subject})["streams"] or []
        eq([stream["config"]["name"] for stream in listed], names, "list for %r" % subject)


@api_case(36)
def deletions_of_what_is_not_there_are_no_errors_of_the_api(ctx):
    js = jetstream(ctx)
    js.create("S", "s")
    js.create("D", "d", deny_delete=True)
    js.pub("s")
    js.pub("d")

    def counted(stream, seq, err_code):
        before = js.ok("INFO")["api"].get("errors", 0)
        js.err("STREAM.MSG.DELETE." + stream, {"seq": seq}, err_code, kind="stream_msg_delete_response")
        return js.ok("INFO")["api"].get("errors", 0) - before

    eq(counted("S", 9, 10057), 0, "beyond the end")
    eq(counted("S", 0, 10057), 0, "sequence 0")
    eq(counted("D", 1, 10057), 1, "deletions are denied")
    eq(counted("X", 1, 10059), 1, "no stream")


@api_case(38)
def direct_gets_of_less_than_nothing(ctx):
    js = jetstream(ctx)
    js.create("S", "s.>", allow_direct=True)
    js.pub_many(["s.a", "s.b", "s.c"])

    def end(left, last=0):
        return ("204 EOB", [("Nats-Num-Pending", str(left)), ("Nats-Last-Sequence", str(last))])

    for body, left in (({"seq": 1}, 3), ({"seq": 3}, 1), ({"seq": 9}, 0), ({"next_by_subj": "s.b"}, 1), ({"last_by_subj": "s.a"}, 3)):
        frames = js.direct("S", dict(body, batch=-1))
        eq([(status(frame), pairs(frame)) for frame in frames], [end(left)], "answer to %r" % body)
    frames = js.direct("S", {"seq": 1, "batch": 2, "max_bytes": -1})
    eq((frames[0].payload, [(status(frame), pairs(frame)) for frame in frames[1:]]), (b"", [end(2, 1)]), "one message at least")


@api_case(12)
def several_values_are_read_one_after_the_other(ctx):
    """Unless there are fields that nobody knows: then the server is lenient with one value."""
    for strict in (True, False):
        js = jetstream(ctx, 'jetstream { store_dir: "js", strict: %s }' % str(strict).lower())

        def create(body):
            return decode(js.ask(API + ".STREAM.CREATE.A", body).payload).get("error", {}).get("description")

        eq(create(b'{"name":"B"}{"name":"A"}'), None, "the last name counts")
        eq(create(b'{"name":"A"} \n'), None, "white space")
        if strict:
            eq(create(b'{"offset":1}{"offset":0}'), 'invalid JSON: json: unknown field "offset"', "unknown field")
        else:
            eq(create(b'{"name":"A","offset":1}'), None, "one value")
            for rest, shown in ((b"{}", "{"), (b" x", "x"), (b"}", "}"), (b'"', '"'), (b"\x00", "\\x00")):
                eq(create(b'{"name":"A","offset":1}' + rest), "invalid JSON: invalid character '%s' after top-level value" % shown, "%r" % rest)


@api_case(12)
def what_is_wrong_with_a_body_that_is_no_json(ctx):
    key, value, pair, string = "looking for beginning of object key string", "looking for beginning of value", "after object key:value pair", "in string"
    faults = [
        (b'{"a":1,}', 8, "invalid character '}' " + key),
        (b'\n\n {"a":1,,}', 11, "invalid character ',' " + key),
        (b"{a:1}", 2, "invalid character 'a' " + key),
        (b"[1,]", 4, "invalid character ']' " + value),
        (b'{"a":+1}', 6, "invalid character '+' " + value),
        (b'{"a":\xff}', 6, "invalid character '\\xff' " + value),
        (b'{"a":\xc3\xa9}', 7, "invalid character '\u00e9' " + value),
        (b'\xef\xbb\xbf{}', 3, "invalid character '\\ufeff' " + value),
        (b'{"a" 1}', 6, "invalid character '1' after object key"),
        (b'{"a":1 "b":2}', 8, "invalid character '\"' " + pair),
        (b'{"a":1\x0b}', 7, "invalid character '\\v' " + pair),
        (b'{"a":{"b":1]}', 12, "invalid character ']' " + pair),
        (b'{"a":01}', 7, "invalid character '1' " + pair),
        (b"[1 2]", 4, "invalid character '2' after array element"),
        (b'{"a":trux}', 9, "invalid character 'x' in literal true (expecting 'e')"),
        (b'{"a":nil}', 7, "invalid character 'i' in literal null (expecting 'u')"),
        (b'{"a":-}', 7, "invalid character '}' in numeric literal"),
        (b'{"a":1.x}', 8, "invalid character 'x' in numeric literal"),
        (b'{"a":1e+}', 9, "invalid character '}' in numeric literal"),
        (b'{"a":"\n"}', 7, "invalid character '\\n' " + string),
        (b'{"a":"\\q"}', 8, "invalid escape sequence `\\q` " + string),
        (b'{"a":"\\u12g4"}', 12, "invalid escape sequence `\\u12g4` " + string),
        (b'{"a":"\\`"}', 8, 'invalid escape sequence "\\\\`" ' + string),
        (b'{"a":"\\\xff"}', 8, 'invalid escape sequence "\\\\\\xff" ' + string),
        (b"[" * 10001, 10001, "exceeded max depth"),
    ]
    for strict in (True, False):
        js = jetstream(ctx, 'jetstream { store_dir: "js", strict: %s }' % str(strict).lower())

        def create(body):
            return decode(js.ask(API + ".STREAM.CREATE.A", body).payload)["error"]["description"]

        for body, offset, text in faults:
            eq(create(body), "invalid JSON: " + text + (" at offset %d" % offset if strict else ""), "%r" % body[:30])
        for body in (b"{", b'{"a', b'{"a":', b'{"a":1', b"[[[", b"tru", b'{"a":"\\u1', b'{"a":-'):
            eq(create(body), "invalid JSON: unexpected " + ("EOF" if strict else "end of JSON input"), "%r" % body)
        for body, what in ((b"true", "bool"), (b"1", "number"), (b"[]", "array")):
            eq(create(body), "invalid JSON: json: cannot unmarshal %s into Go value of type server.StreamConfigRequest" % what, "%r" % body)
        eq(create(b'{"name":"\xff"}'), "stream name in subject does not match request", "what is no Unicode")


# -- consumers ------------------------------------------------------------------------------------------

@test(SHEET, 101, needs="jetstream")
def who_asks_for_a_consumer_that_pauses_is_told(ctx):
    """There is an advisory when the pause changes, and for each create request while it lasts."""
    js = start(ctx)
    make(js, EXPLICIT, "C")
    events = js.subscribe(EVENTS + "PAUSE.>")
    until = "2099-01-01T00:00:00Z"

    def told(*expected):
        for pause_until in expected:
            eq(events.next_json()["pause_until"], pause_until, "pause_until of the advisory")
        events.expect_none()

    def pause(body):
        js.ok("CONSUMER.PAUSE.S.C", body, kind="consumer_pause_response")

    pause({})
    told()
    pause({"pause_until": until})
    told(until)
    pause({"pause_until": until})
    told()
    make(js, EXPLICIT, "C")
    told(until)
    make(js, dict(EXPLICIT, description="x"), "C")
    told(until)
    pause({})
    told(ZERO_TIME)
    make(js, EXPLICIT, "C")
    told()


@test(SHEET, 52, needs="jetstream")
def what_is_left_of_a_pull_without_a_batch(ctx):
    js = start(ctx)
    make(js, EXPLICIT, "C")
    for body, left in (({"expires": -1}, 0), ({"expires": -1, "batch": 0}, 0), ({"expires": -1, "batch": -5}, -5)):
        expect_status(js.pull("S", "C", body), "408 Request Timeout", pending_headers(left))
    fill(js, 2)
    inbox = js.pull("S", "C", {"max_bytes": 1000, "expires": HOUR})
    size = len(b"s.a") + len(inbox.next().reply) + len(b"m1")
    expect_status(inbox, "409 Batch Completed", pending_headers(-1, 1000 - size))
    expect_status(js.pull("S", "C", {"max_bytes": 2, "expires": HOUR}), "409 Message Size Exceeds MaxBytes", pending_headers(0, 2))


@test(SHEET, 33, needs="jetstream")
def the_threshold_of_a_consumer_that_is_updated(ctx):
    """Item 33a. The default is for who had a threshold and was no durable."""
    js = start(ctx)
    eq(threshold(js, "c", inactive_threshold=HOUR), 3600, "new")
    eq(threshold(js, "c"), 5, "left out")
    eq(threshold(js, "c", durable_name="c"), 5, "durable now")
    eq(threshold(js, "c", durable_name="c", description="x"), 0, "a durable without")
    eq(threshold(js, "c", description="y"), 0, "no durable any more")
    eq(threshold(js, "c", description="z"), 0, "still without")
    js.restart()
    eq(js.consumer_info("S", "c")["config"].get("inactive_threshold"), 5 * SECOND, "after a restart")
    eq(threshold(js, "d", durable_name="d", inactive_threshold=HOUR), 3600, "new durable")
    eq(threshold(js, "d", inactive_threshold=-1), 0, "no durable any more, negative")


@test(SHEET, 19, needs="jetstream")
def pedantic_limits_of_the_stream_in_order(ctx):
    js = start(ctx, consumer_limits={"max_ack_pending": 5, "inactive_threshold": 60 * SECOND})
    for push in ({}, {"deliver_subject": "d"}):
        refuse(js, 10157, 400, "pedantic mode: max_ack_pending must be set if it's configured in stream limits", push, "c", pedantic=True)
    refuse(js, 10157, 400, "pedantic mode: inactive_threshold must be set if it's configured in stream limits",
           dict(EXPLICIT, max_ack_pending=5), "c", pedantic=True)


@test(SHEET, 111, needs="jetstream")
def what_can_not_be_updated_in_a_work_queue(ctx):
    """An update is not checked against the rules for new consumers."""
    js = start(ctx, retention="workqueue")
    make(js, EXPLICIT, "c")
    refuse(js, 10012, 500, "ack policy can not be updated", {"deliver_subject": "d"}, "c")
    refuse(js, 10012, 500, "deliver policy can not be updated", dict(EXPLICIT, deliver_policy="new"), "c")


@test(SHEET, 46, needs="jetstream")
def where_a_consumer_stands_that_was_never_served(ctx):
    js = start(ctx, 3)
    made = make(js, dict(EXPLICIT, filter_subject="other"), "c")
    eq(pair(made["delivered"]), (0, 0), "delivered")
    eq(pair(js.consumer_info("S", "c")["delivered"]), (0, 0), "delivered in info")


@test(SHEET, 87, needs="jetstream")
def floors_after_purges(ctx):
    js = start(ctx, 4)
    make(js, EXPLICIT, "all")
    make(js, dict(EXPLICIT, filter_subject="s.b"), "elsewhere")
    make(js, dict(EXPLICIT, filter_subject="s.a"), "unserved")
    eq(seqs(fetch(js, "S", "all", 3)), [1, 2, 3], "delivered")
    js.purge("S", seq=3)
    info = js.consumer_info("S", "all")
    eq((pair(info["ack_floor"]), pair(info["delivered"]), info["num_ack_pending"]), ((2, 2), (3, 3), 1), "what was purged is settled")
    info = js.consumer_info("S", "unserved")
    eq((pair(info["ack_floor"]), pair(info["delivered"])), ((0, 2), (0, 2)), "who has delivered nothing")
    js.purge("S", filter="s.a", keep=2)
    before = js.consumer_info("S", "elsewhere")
    js.purge("S", filter="s.a")
    info = js.consumer_info("S", "elsewhere")
    eq((info["ack_floor"], info["delivered"]), (before["ack_floor"], before["delivered"]), "other subjects concern nobody")


@test(SHEET, 87, needs="jetstream")
def messages_passed_by_are_settled_by_a_purge(ctx):
    js = start(ctx, 2)
    make(js, dict(EXPLICIT, filter_subject="other"), "c")
    js.pull("S", "c", {"expires": HOUR})
    js.wait_consumer("S", "c", num_waiting=1)
    js.purge("S", seq=2)
    info = js.consumer_info("S", "c")
    eq((pair(info["ack_floor"]), pair(info["delivered"])), ((0, 2), (0, 2)), "floor and delivered")


@test(SHEET, 86, needs="jetstream")
def a_rollup_of_several_messages_is_silent(ctx):
    """One message is deleted, several are purged."""
    js = start(ctx, allow_rollup_hdrs=True)
    fill(js, 3)
    make(js, EXPLICIT, "c")
    eq(seqs(fetch(js, "S", "c", 3)), [1, 2, 3], "delivered")
    events = js.subscribe(EVENTS + "MSG_TERMINATED.>")
    js.pub("s.a", b"", {"Nats-Rollup": "sub"})
    eq(js.consumer_info("S", "c")["num_ack_pending"], 0, "num_ack_pending")
    eq(seqs(fetch(js, "S", "c", 1)), [4], "delivered")
    events.expect_none()
    js.pub("s.a", b"", {"Nats-Rollup": "sub"})
    eq(events.next_json()["stream_seq"], 4, "the one that was replaced")


@test(SHEET, 72, needs="jetstream")
def what_is_not_delivered_yet_can_be_worked_on(ctx):
    """After a reset too: a worker that goes on with `+NXT` gets its next message."""
    js = start(ctx, 3)
    make(js, EXPLICIT, "c")
    message = fetch(js, "S", "c", 1)[0]
    js.ok("CONSUMER.RESET.S.c", b"", kind="consumer_reset_response")
    events = js.subscribe(EVENTS + "MSG_TERMINATED.>")
    for payload in (b"-NAK", b"+WPI", b"unknown"):
        js.ack_sync(message, payload)
    inbox = js.subscribe("inbox.next")
    js.client.pub(message.reply, b"+NXT", reply="inbox.next")
    eq(seqs([inbox.next()]), [1], "the next message")
    js.ok("CONSUMER.RESET.S.c", b"", kind="consumer_reset_response")
    js.silent(message.reply, b"+ACK")
    js.client.pub(message.reply, b"+TERM why")
    eq(events.next_json()["reason"], "why", "reason")
    eq(js.consumer_info("S", "c")["num_pending"], 3, "nothing is settled")


@test(SHEET, 88, needs="jetstream")
def a_stream_that_captures_the_deliver_subject_is_somebody_who_listens(ctx):
    """It keeps messages under their own subjects and acknowledges them to their reply subjects. Whichever threads the
    streams are on."""
    js = start(ctx)
    acks = js.subscribe("$JS.ACK.>")
    for number in range(8):
        js.create("T%d" % number, "t.%d" % number, storage="memory")
        push = dict(EXPLICIT, deliver_subject="t.%d" % number)
        eq(make(js, push, "c%d" % number).get("push_bound"), True, "push_bound")
    js.pub("s.a", b"m", {"Key": "value"})
    replies = set()
    for number in range(8):
        js.wait_state("T%d" % number, messages=1)
        stored = js.get("T%d" % number, seq=1)
        eq((stored["subject"], stored["hdrs"], stored["data"]), ("s.a", b"NATS/1.0\r\nKey: value\r\n\r\n", b"m"), "stored")
        ack = acks.next()
        eq(ack.payload[:13], b'{"stream":"T%d' % int(ack.subject.split(b".")[3][1:]), "acknowledgement")
        replies.add(ack.subject.split(b".")[3])
        eq(js.consumer_info("S", "c%d" % number)["num_ack_pending"], 1, "num_ack_pending: that is none of the consumer's acknowledgements")
    eq(len(replies), 8, "consumers whose messages were stored")


@test(SHEET, 88, needs="jetstream")
def streams_that_begin_and_cease_to_capture_a_deliver_subject(ctx):
    js = start(ctx, 1)
    idle = {"deliver_subject": "d", "ack_policy": "none", "durable_name": "c", "idle_heartbeat": SECOND // 5, "headers_only": True}
    make(js, idle, "c")
    make(js, {"deliver_subject": "w.x", "ack_policy": "none", "durable_name": "w"}, "w")
    make(js, {"deliver_subject": "d", "deliver_group": "g", "ack_policy": "none", "durable_name": "g"}, "g")

    def bound(name="c"):
        return js.consumer_info("S", name).get("push_bound", False)

    eq(bound(), False, "nobody listens")
    js.create("T", ["d", "w.*"])
    eq((bound(), bound("w"), bound("g")), (True, False, False), "only a stream with exactly that subject, and for no group")
    wait_until(lambda: js.state("T")["messages"] > 1, "a heartbeat is stored")
    first, second = js.get("T", seq=1), js.get("T", seq=2)
    eq((first["subject"], first["hdrs"]), ("s.a", b"NATS/1.0\r\nNats-Msg-Size: 2\r\n\r\n"), "message")
    eq((second["subject"], second["hdrs"]), ("d", b"NATS/1.0\r\nNats-Last-Consumer: 1\r\nNats-Last-Stream: 1\r\n\r\n"), "heartbeat")
    js.update("T", ["e"])
    eq(bound(), False, "it captures something else")
    js.update("T", ["d"])
    eq(bound(), True, "it captures it again")
    refuse(js, 10013, 400, "consumer name already in use", dict(idle, deliver_subject="f"), "c")
    js.restart()
    wait_until(bound, "push_bound after a restart")
    js.delete("T")
    eq(bound(), False, "it is gone")
    make(js, dict(idle, deliver_subject="f"), "c")


@test(SHEET, 86, needs="jetstream")
def a_purge_that_finds_one_message_deletes_it(ctx):
    """Unless it is of everything, or of everything up to a sequence."""
    for storage in ("file", "memory"):
        js = start(ctx, storage=storage, allow_rollup_hdrs=True)
        make(js, EXPLICIT, "c")
        events = js.subscribe(EVENTS + "MSG_TERMINATED.>")

        def purged(subjects, told, **body):
            js.purge("S")
            js.pub_many(subjects)
            first = js.state("S")["first_seq"]
            eq(len(fetch(js, "S", "c", len(subjects))), len(subjects), "delivered")
            if "seq" in body:
                body["seq"] += first
            js.purge("S", **body)
            eq(js.consumer_info("S", "c")["num_ack_pending"], js.state("S")["messages"], "num_ack_pending")
            if told is not None:
                event = events.next_json()
                eq((event["stream_seq"] - first, event["reason"]), (told, "Unacknowledged message was deleted"), "advisory")
            events.expect_none()

        purged(["s.a"], None)
        purged(["s.a", "s.b"], None, seq=1)
        purged(["s.a", "s.b", "s.a"], 1, filter="s.b")
        purged(["s.a", "s.b", "s.a"], None, filter="s.a")
        purged(["s.a", "s.b", "s.a"], 0, filter="s.a", seq=2)
        purged(["s.a", "s.b", "s.a"], 0, filter="s.a", keep=1)
        purged(["s.a", "s.b", "s.a"], 0, keep=2)
        purged(["s.a", "s.b", "s.a"], None, keep=1)
        purged(["s.a"], 0, filter="s.>")
        purged(["s.a"], None, filter="s.b")
        js.purge("S")
        js.pub("s.a")
        seq = seqs(fetch(js, "S", "c", 1))[0]
        js.pub("s.b", b"", {"Nats-Rollup": "all"})
        eq(events.next_json()["stream_seq"], seq, "what was replaced")


@test(SHEET, 72, needs="jetstream")
def acknowledgements_of_sequence_0(ctx):
    """There is no such message. Only consumers that acknowledge each one answer when it is settled."""
    js = start(ctx, 2)
    for policy, answered in (("explicit", (b"", b"+ACK", b"+TERM")), ("all", ())):
        make(js, {"ack_policy": policy}, policy)
        fetch(js, "S", policy, 2)
        for payload in (b"", b"+ACK", b"+TERM", b"-NAK", b"+WPI", b"unknown"):
            subject = "$JS.ACK.S.%s.1.0.1.0.0" % policy
            if payload in answered:
                eq(js.ask(subject, payload).payload, b"", "answer to %r" % payload)
            else:
                js.silent(subject, payload)
        info = js.consumer_info("S", policy)
        eq((info["num_ack_pending"], info["num_redelivered"]), (2, 0), "nothing has changed")


@test(SHEET, 29, needs="jetstream")
def negative_limits_of_a_stream_for_consumers(ctx):
    """They are what its consumers have that say nothing."""
    js = start(ctx, consumer_limits={"max_ack_pending": -1})
    for config, pending in (({}, -1), ({"deliver_subject": "d", "ack_policy": "none"}, -1), ({"max_ack_pending": 5}, 5)):
        for pedantic in (False, True):
            made = make(js, dict(EXPLICIT, **config), pedantic=pedantic)
            eq(made["config"].get("max_ack_pending"), pending, "max_ack_pending with %r" % config)
    refuse(js, 10220, 400, "flow control ack policy requires max ack pending", {"ack_policy": "flow_control", "deliver_subject": "d"})


@test(SHEET, 30, needs="jetstream")
def consumers_of_an_account_are_limited_when_they_are_made(ctx):
    """Whoever is there can be updated."""
    js = jetstream(ctx, STORE + "accounts { A { jetstream { max_consumers: 1 }, users: [{user: u, password: p}] } }",
                   guard=False, user="u", **{"pass": "p"})
    js.create("S", "s.>")
    make(js, EXPLICIT, "c")
    refuse(js, 10026, 400, "maximum consumers limit reached", EXPLICIT, "d")
    make(js, dict(EXPLICIT, description="x"), "c")


@test(SHEET, 101, needs="jetstream")
def the_zero_time_is_no_pause_but_is_shown(ctx):
    js = start(ctx)

    def shown():
        return js.consumer_info("S", "c")["config"].get("pause_until")

    made = make(js, dict(EXPLICIT, durable_name="c", pause_until=ZERO_TIME), "c")
    eq((made["config"]["pause_until"], made.get("paused"), made["config"]["metadata"]["_nats.req.level"]), (ZERO_TIME, None, "0"), "reply")
    eq(make(js, dict(EXPLICIT, durable_name="c"), "c", action="create")["config"]["pause_until"], ZERO_TIME, "made again without")
    js.restart()
    eq(shown(), ZERO_TIME, "after a restart")
    events = js.subscribe(EVENTS + "PAUSE.>")
    js.ok("CONSUMER.PAUSE.S.c", {"pause_until": ZERO_TIME}, kind="consumer_pause_response")
    eq(shown(), None, "after a request to pause until then")
    events.expect_none()


@test(SHEET, 70, needs="jetstream")
def who_asks_for_more_time_is_active(ctx):
    """As if the message were delivered then."""
    js = start(ctx, 2)
    make(js, dict(EXPLICIT, durable_name="c"), "c")
    first, second = fetch(js, "S", "c", 2)

    def active():
        return nanos(js.consumer_info("S", "c")["delivered"].get("last_active", "1970-01-01T00:00:00Z"))

    for message, payload, is_news in ((first, b"+WPI", True), (first, b"unknown", False), (first, b'-NAK {"delay":3600000000000}', True),
                                      (first, b"+TERM", False), (first, b"+WPI", False), (second, b"+WPI", True)):
        before = active()
        js.ack_sync(message, payload)
        eq(active() > before, is_news, "last_active moves with %r" % payload)
    js.restart()
    eq(active(), 0, "after a restart")
    js.ack_sync(second, b"+WPI")
    eq(active() > 0, True, "last_active moves after a restart")
