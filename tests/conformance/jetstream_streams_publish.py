"""The publish path: jetstream-streams.md 3, items 39 to 51."""

from lib import *
from lib.jetstream import *

case = cases("jetstream_streams")


@case(39)
def bytes_of_a_success(ctx):
    js = jetstream(ctx)
    js.create("D", ["d.*"])
    for seq, headers in ((1, None), (2, {"a": "b"}), (3, {"Nats-Msg-Id": "x"})):
        frame = js.publish("d.x", b"payload", headers)
        eq((frame.headers, frame.reply, frame.payload), (None, None, b'{"stream":"D","seq":%d}' % seq), "answer")
    js.create("M", ["m"], storage="memory")
    eq(js.publish("m").payload, b'{"stream":"M","seq":1}', "answer")


@case(39)
def core_subscribers_see_the_message_too(ctx):
    js = jetstream(ctx)
    js.create("D", ["d"], max_msg_size=3)
    watch = js.subscribe("d")
    js.pub("d", b"one")
    js.pub_err("d", b"four", err_code=10054)
    eq([frame.payload for frame in watch.take(2)], [b"one", b"four"], "payloads")
    js.send("d", b"two")
    js.wait_state("D", messages=2)


@case(40)
def bytes_of_an_error(ctx):
    js = jetstream(ctx)
    js.create("D", ["d"], max_msg_size=3)
    frame = js.publish("d", b"four")
    eq((frame.headers, frame.payload),
       (None, b'{"error":{"code":400,"err_code":10054,"description":"message size exceeds maximum allowed"},"stream":"D","seq":0}'), "answer")


@case(41)
def no_stream(ctx):
    js = jetstream(ctx)
    frame = js.publish("nobody.here", b"x")
    eq((frame.headers, frame.payload), (b"NATS/1.0 503\r\nNats-Subject: nobody.here\r\n\r\n", b""), "answer")


@case(42)
def no_ack(ctx):
    js = jetstream(ctx)
    js.create("N", ["n"], no_ack=True, max_msg_size=5)
    inbox = js.new_inbox()
    js.send("n", b"x", inbox)
    js.send("n", b"too long", inbox)
    js.send("n", b"y", inbox, {"Nats-Expected-Stream": "other"})
    js.send("n", b"z", inbox)
    js.wait_state("N", messages=2)
    eq([js.get("N", seq=seq)["data"] for seq in (1, 2)], [b"x", b"z"], "stored")
    js.flush()
    eq(js.reply_to(inbox, 0.0), None, "answer")
    js.update("N", ["n"])
    eq(js.pub("n")["seq"], 3, "sequence when answers are back")


@case(43)
def status_lines_are_stripped(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    js.pub("s", b"1", "NATS/1.0 503 foo\r\na: b\r\n\r\n")
    js.pub("s", b"2", "NATS/1.0 100\r\n\r\n")
    js.pub("s", b"3", "NATS/1.0\r\n\r\n")
    js.pub("s", b"4", "NATS/1.0 200 OK\r\nNats-Msg-Id: 7\r\nb: c\r\n\r\n")
    eq([(js.get("S", seq=seq)["hdrs"], js.get("S", seq=seq)["data"]) for seq in (1, 2, 4)],
       [(b"NATS/1.0\r\na: b\r\n\r\n", b"1"), (b"", b"2"), (b"NATS/1.0\r\nNats-Msg-Id: 7\r\nb: c\r\n\r\n", b"4")], "stored")
    eq(js.pub("s", b"5", {"Nats-Msg-Id": "7"})["duplicate"], True, "duplicate")


@case(43)
def headers_are_stored_verbatim(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"], allow_rollup_hdrs=True, allow_msg_ttl=True)
    raw = (b"NATS/1.0\r\nNats-Msg-Id: id\r\nNats-Expected-Stream: S\r\nNats-Expected-Last-Sequence: 0\r\nNats-Rollup: sub\r\n"
           b"Nats-TTL: 1h\r\nx:no-blank\r\nx:   more blanks  \r\nEmpty:\r\n\r\n")
    js.pub("s", b"", raw)
    eq(js.get("S", seq=1)["hdrs"], raw, "headers")
    watch = js.subscribe("other")
    js.send("other", b"", headers={"a": "b"})
    watch.next()
    js.pub("s", b"\x00\xff\r\n" * 10)
    eq(js.get("S", seq=2)["data"], b"\x00\xff\r\n" * 10, "payload")


@case(44)
def names_of_headers_are_case_sensitive(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    js.pub("s", b"", {"nats-expected-stream": "T"})
    js.pub("s", b"", {"NATS-EXPECTED-LAST-SEQUENCE": "99"})
    js.pub("s", b"", {"nats-msg-id": "1"})
    eq(js.pub("s", b"", {"nats-msg-id": "1"})["seq"], 4, "sequence")
    js.pub("s", b"", {"nats-rollup": "sub"})
    js.pub_err("s", b"", {"Nats-Expected-Stream": "T"}, 10060, 400, "expected stream does not match")


@case(45)
def first_of_repeated_headers(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    js.pub("s", b"", [("Nats-Expected-Stream", "S"), ("Nats-Expected-Stream", "T")])
    js.pub_err("s", b"", [("Nats-Expected-Stream", "T"), ("Nats-Expected-Stream", "S")], 10060)
    js.pub_err("s", b"", b"NATS/1.0\r\nNats-Expected-Stream: S \r\n\r\n", 10060)
    js.pub("s", b"", b"NATS/1.0\r\nNats-Expected-Stream:S\r\n\r\n")
    js.pub("s", b"", b"NATS/1.0\r\nNats-Expected-Stream:    S\r\n\r\n")
    js.pub("s", b"", b"NATS/1.0\r\nX-Nats-Expected-Stream: T\r\nNats-Expected-StreamX: T\r\n\r\n")
    js.pub("s", b"", b"NATS/1.0\r\nNats-Msg-Id: a\r\n\r\n")
    check("duplicate" not in js.pub("s", b"", b"NATS/1.0\r\nNats-Msg-Id: a \r\n\r\n"), "trailing blank is ignored")


@case(46)
def max_msg_size(ctx):
    js = jetstream(ctx)
    headers = block({"a": "b"})
    for storage in ("file", "memory"):
        js.create("S", ["s"], storage=storage, max_msg_size=100)
        js.pub("s", b"x" * 100)
        js.pub_err("s", b"x" * 101, None, 10054, 400, "message size exceeds maximum allowed")
        js.pub("s", b"x" * (100 - len(headers)), headers)
        js.pub_err("s", b"x" * (101 - len(headers)), headers, 10054, 400, "message size exceeds maximum allowed")
        eq(js.state("S")["last_seq"], 2, "last sequence")
        js.anew()


@case(47)
def large_header_block(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    overhead = len(block({"a": ""}))
    js.pub("s", b"", {"a": "v" * (65535 - overhead)})
    js.pub_err("s", b"", {"a": "v" * (65536 - overhead)}, 10097, 400, "header size exceeds maximum allowed of 64k")
    js.update("S", ["s"], max_msg_size=1000)
    js.pub_err("s", b"", {"a": "v" * 70000}, 10054, 400, "message size exceeds maximum allowed")


FULL = (b"NATS/1.0 429 Too Many Requests\r\n\r\n",
        b'{"error":{"code":429,"err_code":10167,"description":"too many requests"},"stream":"S","seq":0}')


def overflow(js, count, payload):
    """Publishes in one go; the numbers of stored and of dropped messages."""
    inbox = js.new_inbox()
    line = b"PUB s %s %d\r\n%s\r\n" % (inbox.encode(), len(payload), payload)
    js.client.send(line * count)
    stored = dropped = 0
    for _ in range(count):
        frame = js.reply_to(inbox)
        if frame.headers:
            eq((frame.headers, frame.payload), FULL, "answer when the queue is full")
            dropped += 1
        else:
            stored += 1
            eq(decode(frame.payload), {"stream": "S", "seq": stored}, "answer")
    return stored, dropped


@case(48)
def full_queue_by_messages(ctx):
    js = jetstream(ctx, STORE.replace("}", ", max_buffered_msgs: 5 }"))
    js.create("S", ["s"])
    mark = js.server.mark()
    for _ in range(20):
        stored, dropped = overflow(js, 2000, b"x" * 10)
        eq(js.state("S")["messages"], stored, "messages")
        if dropped:
            break
        js.purge("S")
        js.anew()
        js.create("S", ["s"])
    check(dropped, "nothing was dropped")
    js.server.wait_log(r"\[WRN\] Dropping messages due to excessive stream ingest rate on '\$G' > 'S': IPQ len limit reached", since=mark)


@case(48)
def full_queue_by_size(ctx):
    js = jetstream(ctx, STORE.replace("}", ", max_buffered_size: 5000 }"))
    js.create("S", ["s"], no_ack=False)
    mark = js.server.mark()
    for _ in range(20):
        stored, dropped = overflow(js, 2000, b"x" * 1000)
        if dropped:
            break
        js.anew()
        js.create("S", ["s"])
    check(dropped, "nothing was dropped")
    js.server.wait_log(r"\[WRN\] Dropping messages due to excessive stream ingest rate on '\$G' > 'S': IPQ size limit reached", since=mark)
    eq(js.state("S")["messages"], stored, "messages")


@case(49)
def stream_source_header_is_refused(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    js.pub_err("s", b"", {"Nats-Stream-Source": "O 1"}, 10227, 400, "message stream source header is not allowed")
    eq(js.state("S")["last_seq"], 0, "last sequence")


@case(50)
def rollup_without_permission(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    js.create("T", ["t"], deny_purge=True)
    for subject in ("s", "t"):
        for value in ("sub", "all", "x"):
            js.pub_err(subject, b"", {"Nats-Rollup": value}, 10111, 500, "rollup not permitted")
    js.pub("s", b"", {"Nats-Rollup": ""})


@case(51)
def api_level_of_a_plain_publish(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    raw = block({"Nats-Required-Api-Level": "99"})
    js.pub("s", b"", raw)
    eq(js.get("S", seq=1)["hdrs"], raw, "headers")


@case(51)
def request_info_is_removed(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"])
    js.pub("s", b"", [("Nats-Request-Info", "{}"), ("a", "b")])
    js.pub("s", b"", [("Nats-Request-Info", "{}")])
    eq([js.get("S", seq=seq)["hdrs"] for seq in (1, 2)], [block({"a": "b"}), b""], "headers")


@case(51)
def order_of_the_checks(ctx):
    js = jetstream(ctx)
    js.create("S", ["s"], max_msg_size=100000, discard="new", max_msgs=1)
    js.pub("s", b"", {"Nats-Msg-Id": "a"})
    steps = [("filler", "x" * 100000, 10054), ("filler", "x" * 70000, 10097), ("Nats-Expected-Stream", "T", 10060), ("Nats-TTL", "5s", 10166),
             ("Nats-Expected-Last-Subject-Sequence", "9", 10071), ("Nats-Expected-Last-Sequence", "9", 10071), ("Nats-Stream-Source", "x", 10227),
             ("Nats-Msg-Id", "a", None), ("Nats-Expected-Last-Msg-Id", "b", 10070), ("Nats-Rollup", "sub", 10111), ("Nats-TTL", "bad", 10165),
             ("ok", "ok", 10077)]
    for number, (_, _, code) in enumerate(steps):
        headers = [step[:2] for step in steps[number:] if step[0] != "filler"] + [step[:2] for step in steps[number:number + 1] if step[0] == "filler"]
        if code is None:
            eq(js.pub("s", b"", headers), {"stream": "S", "seq": 1, "duplicate": True}, "duplicate")
        else:
            js.pub_err("s", b"", headers, code)
