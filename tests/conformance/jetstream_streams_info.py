"""State and info of streams: jetstream-streams.md 2.4 and 4.3, items 33 to 38."""

from lib import *
from lib.jetstream import *

case = cases("jetstream_streams")


@case(33)
def record_sizes(ctx):
    js = jetstream(ctx)
    headers = block({"a": "b", "Long-Name": "v" * 50})
    for storage, compression in (("file", "none"), ("memory", "none"), ("file", "s2")):
        js.create("A", ["sub.>"], storage=storage, compression=compression)
        want = 0
        for subject, payload, head in (("sub.a", b"", None), ("sub.a", b"x" * 1000, None), ("sub.a.bc", b"y" * 17, headers),
                                       ("sub.ü", b"", headers)):
            js.pub(subject, payload, head)
            want += record_size(storage, subject, payload, head)
            eq(js.state("A")["bytes"], want, "bytes in %s" % storage)
        js.delete_msg("A", 2)
        eq(js.state("A")["bytes"], want - record_size(storage, "sub.a", b"x" * 1000), "bytes after a delete")
        js.anew()


@case(33)
def record_size_of_a_transformed_subject(ctx):
    js = jetstream(ctx)
    js.create("A", ["a"], subject_transform={"src": "a", "dest": "a.much.longer.subject"})
    js.pub("a", b"12345")
    eq(js.state("A")["bytes"], record_size("file", "a.much.longer.subject", b"12345"), "bytes")


@case(34)
def unused_and_emptied_streams(ctx):
    js = jetstream(ctx)
    for storage in ("file", "memory"):
        state = js.create("A", storage=storage)["state"]
        eq((state["first_seq"], state["last_seq"], state["first_ts"], state["last_ts"]), (0, 0, ZERO_TIME, ZERO_TIME), "unused stream")
        eq(js.purge("A"), 0, "purged from an unused stream")
        js.pub_many(["A"] * 3, b"x")
        full = js.state("A")
        eq((full["messages"], full["first_seq"], full["last_seq"], full["num_subjects"]), (3, 1, 3, 1), "full stream")
        check(nanos(full["first_ts"]) <= nanos(full["last_ts"]), "times out of order")
        eq((full["first_ts"], full["last_ts"]), (js.get("A", seq=1)["time"], js.get("A", seq=3)["time"]), "times of the messages")
        eq(js.purge("A"), 3, "purged")
        empty = js.state("A")
        eq(empty, {"messages": 0, "bytes": 0, "first_seq": 4, "first_ts": ZERO_TIME, "last_seq": 3, "last_ts": full["last_ts"],
                   "consumer_count": 0}, "emptied stream")
        eq(js.pub("A")["seq"], 4, "next sequence")
        js.delete_msg("A", 4)
        state = js.state("A")
        eq((state["first_seq"], state["last_seq"], state["messages"]), (5, 4, 0), "stream emptied by a delete")
        js.anew()


@case(35)
def deleted_sequences(ctx):
    js = jetstream(ctx)
    for storage in ("file", "memory"):
        js.create("A", storage=storage)
        js.pub_many(["A"] * 10)
        for seq in (8, 3, 5, 1, 2):
            js.delete_msg("A", seq)
        state = js.state("A")
        eq((state["first_seq"], state["num_deleted"]), (4, 2), "state")
        check("deleted" not in state, "deleted without being asked for")
        eq(js.state("A", deleted_details=True)["deleted"], [5, 8], "deleted")
        js.delete_msg("A", 10)
        state = js.state("A", deleted_details=True)
        eq((state["last_seq"], state["num_deleted"], state["deleted"]), (10, 3, [5, 8, 10]), "after the last one")
        js.anew()
    js.create("A")
    js.pub_many(["A"] * 3)
    js.purge("A")
    check("num_deleted" not in js.state("A", deleted_details=True), "num_deleted of an emptied stream")


@case(35, better=True)
def nothing_is_deleted_in_an_unused_stream(ctx):
    js = jetstream(ctx)
    js.create("A")
    state = js.state("A", deleted_details=True)
    check("num_deleted" not in state and "deleted" not in state, "deleted sequences of an unused stream: %r" % state)


@case(36)
def subject_details(ctx):
    js = jetstream(ctx)
    js.create("A", ["s.>"])
    js.pub_many(["s.b", "s.a", "s.c.d", "s.a", "s.10", "s.9"])
    info = js.info("A", subjects_filter=">")
    eq((info["total"], info["offset"], info["limit"]), (5, 0, 100000), "paging")
    eq(info["state"]["subjects"], {"s.a": 2, "s.b": 1, "s.c.d": 1, "s.10": 1, "s.9": 1}, "subjects")
    eq(info["state"]["num_subjects"], 5, "num_subjects")
    info = js.info("A", subjects_filter="s.*", offset=2)
    eq((info["total"], info["offset"], info["limit"], info["state"]["subjects"]), (4, 2, 100000, {"s.a": 2, "s.b": 1}), "second page")
    info = js.info("A", subjects_filter="s.*", offset=9)
    eq((info["total"], info["offset"], info["limit"]), (4, 9, 100000), "paging beyond the end")
    check(not info["state"].get("subjects"), "subjects beyond the end")
    info = js.info("A", subjects_filter="s.x.*")
    eq((info["total"], info["offset"], info["limit"], "subjects" in info["state"]), (0, 0, 0, False), "no match")
    eq(js.state("A", subjects_filter="s.a")["subjects"], {"s.a": 2}, "literal filter")
    check("subjects" not in js.state("A"), "subjects without a filter")


@case(36, slow=True)
def subject_details_in_pages(ctx):
    js = jetstream(ctx)
    js.create("A", ["s.*"], storage="memory")
    for start in range(0, 100010, 5000):
        js.client.send(b"".join(b"PUB s.%06d 0\r\n\r\n" % number for number in range(start, min(start + 5000, 100010))))
    js.wait_state("A", messages=100010)
    info = js.info("A", subjects_filter=">")
    names = list(info["state"]["subjects"])
    eq((info["total"], info["limit"], len(names), min(names), max(names)), (100010, 100000, 100000, "s.000000", "s.099999"), "first page")
    info = js.info("A", subjects_filter=">", offset=100000)
    eq((info["total"], info["offset"], sorted(info["state"]["subjects"])), (100010, 100000, ["s.%06d" % number for number in range(100000, 100010)]),
       "second page")


@case(37)
def bodies_of_info(ctx):
    js = jetstream(ctx)
    js.create("A")
    for body in ("hello", "", "12", '"x"', "{}", " {} "):
        js.ok("STREAM.INFO.A", body)
    js.err("STREAM.INFO.A", '{"nope":1}', 10025, 400, 'invalid JSON: json: unknown field "nope"')
    for body in ("[]", "[1]", "{", '{"offset":"x"}', '{"deleted_details":1}'):
        eq(js.request("STREAM.INFO.A", body)["error"]["err_code"], 10025, "error of %r" % body)


@case(38)
def cluster_of_a_standalone_server(ctx):
    js = jetstream(ctx, 'server_name: some_name\n')
    js.create("A")
    info = js.info("A")
    eq(info["cluster"], {"leader": js.client.info["server_name"]}, "cluster")
    eq(js.client.info["server_name"], "some_name", "name of the server")
    eq(list(info), ["type", "total", "offset", "limit", "config", "created", "state", "cluster", "ts"], "members")
    check("cluster" not in js.update("A"), "cluster in an update reply")


@case(38)
def consumer_count(ctx):
    js = jetstream(ctx)
    js.create("A")
    js.consumer("A", "one")
    js.consumer("A")
    eq(js.state("A")["consumer_count"], 2, "consumers")
    js.delete_consumer("A", "one")
    eq(js.state("A")["consumer_count"], 1, "consumers")
