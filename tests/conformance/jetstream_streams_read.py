"""Direct get and message get: jetstream-streams.md 7 and 17, items 136 to 142."""

from lib import *
from lib.jetstream import *

case = cases("jetstream_streams")


def filled(js, storage="file", **config):
    """A stream S with ten messages on s.0, s.1 and s.2 in turn; message 5 is deleted, message 2 has a header."""
    js.create("S", ["s.*"], storage=storage, allow_direct=True, **config)
    for number in range(10):
        js.pub("s.%d" % (number % 3), b"m%d" % (number + 1), {"own": "h"} if number == 1 else None)
    js.delete_msg("S", 5)


def line(js, body=b"", subject=None, headers=None, stream="S"):
    """The header block of the single status answer."""
    frame, = js.direct(stream, body, subject, headers)
    eq(frame.payload, b"", "payload of a status")
    return frame.headers


def answer(message, own=(), *more):
    """The headers of a direct get answer for a message of `get`."""
    return block(list(own) + [("Nats-Stream", "S"), ("Nats-Subject", message["subject"]), ("Nats-Sequence", str(message["seq"])),
                              ("Nats-Time-Stamp", message["time"])] + list(more))


def sequences(frames):
    return [int(header(frame, "Nats-Sequence")) for frame in frames if not status(frame)]


@case(136)
def statuses(ctx):
    js = jetstream(ctx)
    filled(js)
    for body in (b"", "{}", {"batch": 3}, {"no_hdr": True}, {"up_to_seq": 3}):
        eq(js.direct("S", body)[0].headers, b"NATS/1.0 408 Empty Request\r\n\r\n", "answer of %r" % body)
    for body in ("x", "{", "[]", '{"seq":"x"}'):
        eq(line(js, body), b"NATS/1.0 408 Malformed Request\r\n\r\n", "answer of %r" % body)
    time = js.get("S", seq=1)["time"]
    for body in ({"seq": 1, "last_by_subj": "s.0"}, {"seq": 1, "start_time": time}, {"start_time": time, "last_by_subj": "s.0"},
                 {"last_by_subj": "s.0", "next_by_subj": "s.0"}, {"last_by_subj": "s.0", "batch": 2}, {"last_by_subj": "s.0", "multi_last": ["s.0"]},
                 {"next_by_subj": "s.0", "multi_last": ["s.0"]}, {"multi_last": ["s.0"], "up_to_seq": 3, "up_to_time": time}):
        eq(js.direct("S", body)[0].headers, b"NATS/1.0 408 Bad Request\r\n\r\n", "answer of %r" % body)
    for body in ({"seq": 5}, {"seq": 99}, {"last_by_subj": "s.x"}, {"next_by_subj": "s.x"}, {"next_by_subj": "s.0", "seq": 11}, {"seq": 99, "batch": 2}):
        eq(js.direct("S", body)[0].headers, b"NATS/1.0 404 Message Not Found\r\n\r\n", "answer of %r" % body)
    for body in ({"multi_last": ["s.x"]}, {"multi_last": ["s.0"], "up_to_time": "2020-01-01T00:00:00Z"}):
        eq(js.direct("S", body)[0].headers, b"NATS/1.0 404 No Results\r\n\r\n", "answer of %r" % body)
    for level in ("99", "x"):
        eq(line(js, {"seq": 1}, headers={"Nats-Required-Api-Level": level}), b"NATS/1.0 412 Required Api Level\r\n\r\n", "answer")
    eq(sequences(js.direct("S", {"seq": 1, "unknown": 1})), [1], "unknown fields are ignored")


@case(137)
def single_messages(ctx):
    js = jetstream(ctx)
    for storage in ("file", "memory"):
        filled(js, storage)
        messages = {seq: js.get("S", seq=seq) for seq in (1, 2, 3, 4, 6, 7, 8, 9, 10)}
        middle = messages[7]["time"]
        for body, seq in (({"seq": 1}, 1), ({"last_by_subj": "s.1"}, 8), ({"last_by_subj": "s.*"}, 10), ({"last_by_subj": ">"}, 10),
                          ({"next_by_subj": "s.1"}, 2), ({"next_by_subj": "s.1", "seq": 3}, 8), ({"next_by_subj": "s.*", "seq": 5}, 6),
                          ({"start_time": middle}, 7), ({"next_by_subj": "s.2", "start_time": middle}, 9), ({"seq": 2}, 2)):
            frame, = js.direct("S", body)
            own = [("own", "h")] if seq == 2 else []
            eq((frame.payload, frame.reply, frame.headers), (messages[seq]["data"], None, answer(messages[seq], own)), "answer of %r" % body)
        for seq in (1, 2):
            frame, = js.direct("S", {"seq": seq, "no_hdr": True})
            eq((frame.headers, frame.payload), (None, b"m%d" % seq), "answer without headers")
        js.anew()


@case(138)
def batches(ctx):
    js = jetstream(ctx)
    for storage in ("file", "memory"):
        filled(js, storage)
        frames = js.direct("S", {"seq": 3, "batch": 4})
        eq(sequences(frames), [3, 4, 6, 7], "sequences")
        for frame, pending, last in zip(frames, (6, 5, 4, 3), (0, 3, 4, 6)):
            message = js.get("S", seq=int(header(frame, "Nats-Sequence")))
            eq(frame.headers, answer(message, (), ("Nats-Num-Pending", str(pending)), ("Nats-Last-Sequence", str(last))), "headers")
        eq((frames[-1].headers, frames[-1].payload), (b"NATS/1.0 204 EOB\r\nNats-Num-Pending: 3\r\nNats-Last-Sequence: 7\r\n\r\n", b""), "end")
        frames = js.direct("S", {"next_by_subj": "s.0", "batch": 9})
        eq((sequences(frames), [header(frame, "Nats-Num-Pending") for frame in frames]), ([1, 4, 7, 10], ["3", "2", "1", "0", "0"]), "filtered")
        frames = js.direct("S", {"next_by_subj": "s.*", "seq": 5, "batch": 1})
        eq((sequences(frames), frames[-1].headers), ([6], b"NATS/1.0 204 EOB\r\nNats-Num-Pending: 4\r\nNats-Last-Sequence: 6\r\n\r\n"), "batch of one")
        frames = js.direct("S", {"start_time": js.get("S", seq=9)["time"], "batch": 5})
        eq((sequences(frames), status(frames[-1])), ([9, 10], "204 EOB"), "from a time")
        frames = js.direct("S", {"seq": 1, "batch": 5, "no_hdr": True})
        eq(([frame.payload for frame in frames[:-1]], [frame.headers for frame in frames[:-1]], status(frames[-1])),
           ([b"m1", b"m2", b"m3", b"m4", b"m6"], [None] * 5, "204 EOB"), "without headers")
        eq([status(frame) for frame in js.direct("S", {"seq": 11, "batch": 5})], ["404 Message Not Found"], "beyond the end")
        js.anew()


@case(138)
def batches_by_bytes(ctx):
    js = jetstream(ctx)
    js.create("S", ["s.*"], allow_direct=True)
    js.pub_many(["s.a"] * 10, b"x" * 97)
    for limit, count in ((1, 1), (100, 1), (101, 2), (200, 2), (250, 3), (100000, 10)):
        frames = js.direct("S", {"seq": 1, "batch": 50, "max_bytes": limit})
        eq(sequences(frames), list(range(1, count + 1)), "sequences of max_bytes %d" % limit)
        eq(frames[-1].headers, block([("Nats-Num-Pending", str(10 - count)), ("Nats-Last-Sequence", str(count))]).replace(b"NATS/1.0", b"NATS/1.0 204 EOB"), "end")


@case(139)
def last_of_many(ctx):
    js = jetstream(ctx)
    for storage in ("file", "memory"):
        filled(js, storage)
        frames = js.direct("S", {"multi_last": ["s.*"]})
        eq(sequences(frames), [8, 9, 10], "sequences")
        for frame, pending, last in zip(frames, (2, 1, 0), (0, 8, 9)):
            message = js.get("S", seq=int(header(frame, "Nats-Sequence")))
            eq(frame.headers, answer(message, (), ("Nats-Num-Pending", str(pending)), ("Nats-Last-Sequence", str(last))), "headers")
        eq(frames[-1].headers, b"NATS/1.0 204 EOB\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 10\r\nNats-UpTo-Sequence: 10\r\n\r\n", "end")
        for body, want in (({"multi_last": ["s.2", "s.0"]}, [9, 10]), ({"multi_last": ["s.*"], "up_to_seq": 6}, [2, 4, 6]),
                           ({"multi_last": ["s.*"], "up_to_seq": 8}, [6, 7, 8]), ({"multi_last": ["s.*"], "up_to_time": js.get("S", seq=9)["time"]}, [6, 7, 8]),
                           ({"multi_last": ["s.*"], "seq": 9}, [9, 10]), ({"multi_last": ["s.*"], "batch": 2}, [8, 9]), ({"multi_last": [">", "s.1"]}, [8, 9, 10]),
                           ({"multi_last": ["s.*"], "max_bytes": 1}, [8]), ({"multi_last": ["s.1", "s.x"]}, [8]), ({"multi_last": ["s.*"], "no_hdr": True}, [8, 9, 10])):
            frames = js.direct("S", body)
            eq((sequences(frames), status(frames[-1])), (want, "204 EOB"), "answer of %r" % body)
        frames = js.direct("S", {"multi_last": ["s.*"], "batch": 2})
        eq(frames[-1].headers, b"NATS/1.0 204 EOB\r\nNats-Num-Pending: 1\r\nNats-Last-Sequence: 9\r\nNats-UpTo-Sequence: 10\r\n\r\n", "end of a page")
        frames = js.direct("S", {"multi_last": ["s.*"], "up_to_seq": 6})
        eq(header(frames[-1], "Nats-UpTo-Sequence"), "6", "bound")
        frames = js.direct("S", {"multi_last": ["s.0"], "seq": 11})
        eq((len(frames), status(frames[0]), header(frames[0], "Nats-Last-Sequence")), (1, "204 EOB", "0"), "all results below")
        js.anew()


@case(139)
def too_many_subjects(ctx):
    js = jetstream(ctx)
    js.create("S", ["s.*"], storage="memory", allow_direct=True)
    js.pub_many(["s.%d" % number for number in range(1024)])
    eq(len(js.direct("S", {"multi_last": ["s.*"]})), 1025, "answers for 1024 subjects")
    js.pub("s.1024")
    eq([frame.headers for frame in js.direct("S", {"multi_last": ["s.*"]})], [b"NATS/1.0 413 Too Many Results\r\n\r\n"], "answer for 1025 subjects")


@case(140)
def subject_form(ctx):
    js = jetstream(ctx)
    js.create("S", ["s.>"], allow_direct=True)
    js.pub_many(["s.a.b", "s.a", "s.a.b"])
    message = js.get("S", seq=3)
    for body in (b"", "{}"):
        frame, = js.direct("S", body, "s.a.b")
        eq(frame.headers, answer(message), "headers")
    frame, = js.direct("S", {"no_hdr": True}, "s.a.b")
    eq((frame.headers, frame.payload), (None, b""), "answer without headers")
    eq(line(js, b"", "s.x"), b"NATS/1.0 404 Message Not Found\r\n\r\n", "nothing there")
    for body in ({"seq": 1}, {"last_by_subj": "s.a"}, {"next_by_subj": "s.a"}, {"batch": 1}, {"multi_last": ["s.a"]}):
        eq(js.direct("S", body, "s.a.b")[0].headers, b"NATS/1.0 408 Bad Request\r\n\r\n", "answer of %r" % body)
    eq(line(js, "x", "s.a.b"), b"NATS/1.0 408 Malformed Request\r\n\r\n", "no JSON")


@case(141)
def not_enabled(ctx):
    js = jetstream(ctx)
    js.create("S", ["s.*"])
    for stream, subject in (("S", None), ("S", "s.a"), ("T", None)):
        frame, = js.direct(stream, {"seq": 1}, subject)
        name = API + ".DIRECT.GET." + stream + ("." + subject if subject else "")
        eq(frame.headers, b"NATS/1.0 503\r\nNats-Subject: %s\r\n\r\n" % name.encode(), "answer")
    js.update("S", ["s.*"], allow_direct=True)
    js.pub("s.a")
    eq(sequences(js.direct("S", {"seq": 1})), [1], "after an update")
    js.update("S", ["s.*"])
    eq(status(js.direct("S", {"seq": 1})[0]), "503", "after another update")


@case(141)
def direct_get_of_a_sealed_stream(ctx):
    js = jetstream(ctx)
    filled(js)
    js.update("S", ["s.*"], allow_direct=True, sealed=True)
    eq(sequences(js.direct("S", {"last_by_subj": "s.0"})), [10], "sequence")


@case(142)
def message_get(ctx):
    js = jetstream(ctx)
    for storage in ("file", "memory"):
        filled(js, storage)
        middle = js.get("S", seq=7)["time"]
        for body, seq in (({"seq": 1}, 1), ({"last_by_subj": "s.1"}, 8), ({"last_by_subj": "s.*"}, 10), ({"next_by_subj": "s.1"}, 2),
                          ({"next_by_subj": "s.1", "seq": 3}, 8), ({"next_by_subj": "s.*", "seq": 5}, 6), ({"next_by_subj": "s.2", "start_time": middle}, 9),
                          ({"start_time": middle}, 7)):
            message = js.get("S", **body)
            eq((message["seq"], message["data"], message["subject"]), (seq, b"m%d" % seq, "s.%d" % ((seq - 1) % 3)), "message of %r" % body)
        message = js.ok("STREAM.MSG.GET.S", {"seq": 2})["message"]
        eq(list(message), ["subject", "seq", "hdrs", "data", "time"], "members")
        check("hdrs" not in js.ok("STREAM.MSG.GET.S", {"seq": 2, "no_hdr": True})["message"], "hdrs in spite of no_hdr")
        js.pub("s.0", b"")
        eq(list(js.ok("STREAM.MSG.GET.S", {"seq": 11})["message"]), ["subject", "seq", "time"], "members of an empty message")
        for body in ({"seq": 5}, {"seq": 99}, {"last_by_subj": "x"}, {"next_by_subj": "s.1", "seq": 9}, {"start_time": "2099-01-01T00:00:00Z"}):
            js.no_message("S", **body)
        for body in (b"", "{}", {"batch": 2, "seq": 1}, {"seq": 1, "max_bytes": 5}, {"seq": 1, "last_by_subj": "s.1"}, {"seq": 1, "start_time": middle},
                     {"start_time": middle, "last_by_subj": "s.0"}, {"last_by_subj": "s.1", "next_by_subj": "s.1"}, {"no_hdr": True}, {"multi_last": ["s.*"]}):
            js.err("STREAM.MSG.GET.S", body, 10003, 400, "bad request", kind="stream_msg_get_response")
        js.err("STREAM.MSG.GET.T", {"seq": 1}, 10059, 404, "stream not found")
        js.err("STREAM.MSG.GET.S", {"seq": 1, "nope": 1}, 10025, 400, 'invalid JSON: json: unknown field "nope"')
        js.anew()
