"""`/jsz`, `/healthz` and `/varz` of a server with JetStream: monitoring-events.md 3.1, 3.9 and 4, items 18, 54 to 59, 65, 67."""

import json
import os

from lib import *
from lib.jetstream import SECOND
from lib.process import http, same_keys

SHEET = "monitoring"
CONFIG = """server_name: mon
jetstream { store_dir: "js", max_mem: 64MB, max_file: 256MB, limits { max_ack_pending: 500 } }
accounts {
  A { users [ {user: a, password: a} ], jetstream { max_mem: 1000000, max_store: 2000000, max_streams: 5 } }
  B { users [ {user: b, password: b} ], jetstream: enabled }
  C { users [ {user: c, password: c} ] }
}
"""
STATS = ("memory", "storage", "reserved_memory", "reserved_storage", "accounts", "ha_assets", "api")
TOP = STATS + ("server_id", "now", "config", "limits", "streams", "consumers", "messages", "bytes", "total")
CONFIGURED = {"max_memory": 64 << 20, "max_storage": 256 << 20, "sync_interval": 120 * SECOND, "compress_ok": True, "strict": True}
NO_LIMIT = 18446744073709551615
DURABLE = {"durable_name": "C", "ack_policy": "explicit"}


def member(ctx, server, name):
    """JetStream of the user of this name."""
    return jetstream(ctx, server=server, user=name, **{"pass": name})


def filled(ctx):
    """A server with two streams in A, one with a consumer, and one stream in B."""
    server = ctx.start(CONFIG)
    a, b = member(ctx, server, "a"), member(ctx, server, "b")
    a.create("S1", ["s1.*"])
    a.create("S2", ["s2"], storage="memory", max_bytes=5000)
    a.pub_many(["s1.a", "s1.b", "s1.a"], b"hello")
    a.pub("s2", b"hello")
    a.delete_msg("S1", 2)
    a.request("CONSUMER.CREATE.S1.C", {"stream_name": "S1", "config": DURABLE})
    b.create("T", ["t"], max_bytes=7000)
    return server


def streams_of(account):
    return sorted(account.get("stream_detail", []), key=lambda stream: stream["name"])


def details(answer):
    """Names of the accounts of an answer, with the names of their streams, which the reference has in any order."""
    return [(account["id"], [stream["name"] for stream in streams_of(account)])
            for account in answer.get("account_details", [])]


@test(SHEET, 54, needs="jetstream")
def totals(ctx):
    server = filled(ctx)
    answer = server.get("/jsz")
    same_keys(ctx, answer, TOP, "answer")
    same_keys(ctx, answer["api"], ("level", "total", "errors"), "api")
    config = dict(answer["config"])
    eq(os.path.basename(config.pop("store_dir")), "jetstream", "folder")
    eq(config, CONFIGURED, "config")
    eq(answer["limits"], {"max_ack_pending": 500, "default_max_consumers": 1000}, "limits")
    eq([answer[name] for name in ("streams", "consumers", "messages", "accounts", "ha_assets", "total")], [3, 1, 3, 2, 0, 2], "numbers")
    eq((answer["reserved_memory"], answer["reserved_storage"]), (5000, 7000), "reserved")
    eq(answer["memory"] + answer["storage"], answer["bytes"], "bytes")
    check(answer["memory"] > 0 and answer["storage"] > 0, repr(answer))
    eq((answer["api"]["level"], answer["api"]["errors"]), (5, 0), "api")
    before = answer["api"]["total"]
    member(ctx, server, "a").request("STREAM.INFO.nope")
    answer = server.get("/jsz")
    eq((answer["api"]["total"] - before, answer["api"]["errors"]), (1, 1), "api")


@test(SHEET, 54, needs="jetstream")
def details_of_an_account(ctx):
    server = filled(ctx)
    for query in ("acc=A&config=1&consumers=1", "acc=A&config=1&consumers=1&stream-leader-only=1"):
        account, = server.get("/jsz?" + query)["account_details"]
        same_keys(ctx, account, ("name", "id") + STATS + ("stream_detail",), "account")
        eq((account["name"], account["reserved_memory"], account["reserved_storage"], account["api"]["level"], account["accounts"]),
           ("A", 1000000, 2000000, 0, 0), "account")
        first, second = streams_of(account)
        members = ("name", "created", "cluster", "config", "state")
        same_keys(ctx, first, members + ("consumer_detail",), "stream")
        same_keys(ctx, second, members, "stream without consumers")
        eq((first["name"], first["cluster"], second["name"]), ("S1", {"leader": "mon"}, "S2"), "streams")
        eq((first["config"]["subjects"], first["config"]["metadata"]), (["s1.*"], {"_nats.req.level": "0"}), "config")
        state = first["state"]
        same_keys(ctx, state, ("messages", "bytes", "first_seq", "first_ts", "last_seq", "last_ts", "num_subjects", "num_deleted",
                               "consumer_count"), "state")
        eq([state[name] for name in ("messages", "first_seq", "last_seq", "num_subjects", "num_deleted", "consumer_count")],
           [2, 1, 3, 1, 1, 1], "state")
        consumer, = first["consumer_detail"]
        eq((consumer["stream_name"], consumer["name"], consumer["num_pending"], consumer["config"]["max_ack_pending"]),
           ("S1", "C", 2, 500), "consumer")


@test(SHEET, 54, needs="jetstream")
def what_is_not_asked_for_is_not_shown(ctx):
    server = filled(ctx)
    account, = server.get("/jsz?acc=A")["account_details"]
    check("stream_detail" not in account, repr(account))
    account, = server.get("/jsz?acc=A&streams=1")["account_details"]
    for stream in account["stream_detail"]:
        same_keys(ctx, stream, ("name", "created", "cluster", "state"), "stream")
    account, = server.get("/jsz?acc=A&consumers=1&direct-consumers=1")["account_details"]
    consumer, = streams_of(account)[0]["consumer_detail"]
    check("config" not in consumer, repr(consumer))
    check("direct_consumer_detail" not in streams_of(account)[0], repr(account))


@test(SHEET, 54)
def jetstream_is_off(ctx):
    answer = ctx.shared().get("/jsz?accounts=1")
    same_keys(ctx, answer, STATS + ("server_id", "now", "disabled", "config", "streams", "consumers", "messages", "bytes", "total"), "answer")
    eq((answer["disabled"], answer["config"], answer["api"]),
       (True, {"max_memory": 0, "max_storage": 0}, {"level": 0, "total": 0, "errors": 0}), "answer")


@test(SHEET, 55, needs="jetstream")
def unknown_account(ctx):
    server = filled(ctx)
    for query in ("acc=nope", "acc=C", "acc=nope&streams=1&consumers=1"):
        check("account_details" not in server.get("/jsz?" + query), query)
    eq(details(server.get("/jsz?acc=nope&accounts=1")), [("A", []), ("B", [])], "with accounts")


@test(SHEET, 56, needs="jetstream")
def pages_of_accounts(ctx):
    server = filled(ctx)
    for query, want in (("accounts=1", [("A", []), ("B", [])]), ("streams=1", [("A", ["S1", "S2"]), ("B", ["T"])]),
                        ("consumers=1&limit=1", [("A", ["S1", "S2"])]), ("accounts=1&offset=1", [("B", [])]),
                        ("accounts=1&offset=1&limit=1", [("B", [])]), ("accounts=1&offset=2", []), ("accounts=1&offset=9", []),
                        ("accounts=1&limit=-1", [("A", []), ("B", [])]), ("accounts=1&offset=-1&limit=1", [("A", [])])):
        answer = server.get("/jsz?" + query)
        # Without a page the reference server lists accounts in any order.
        shown = sorted(details(answer)) if "limit=-1" in query else details(answer)
        eq((shown, answer["total"]), (want, 2), query)


@test(SHEET, 57, needs="jetstream")
def a_single_server_leads(ctx):
    server = ctx.start('jetstream { store_dir: "js" }\n')
    eq(server.get("/jsz?leader-only=1")["total"], 1, "total")


@test(SHEET, 57)
def nobody_leads_without_jetstream(ctx):
    status, _, body = http(ctx.shared(), "/jsz?leader-only=1")
    eq((status, body), (400, b"filtered response: not leader"), "answer")


@test(SHEET, 58, needs="jetstream")
def raft_of_a_single_server(ctx):
    server = filled(ctx)
    answer = server.get("/jsz?raft=1")
    eq((answer["streams_leader"], answer["consumers_leader"]), (3, 1), "led")
    account = server.get("/jsz?acc=A&raft=1&consumers=1")["account_details"][0]
    check("leader_since" not in streams_of(account)[0]["cluster"], repr(account))


@test(SHEET, 59, needs="jetstream")
def accounts_without_limits(ctx):
    account, = filled(ctx).get("/jsz?acc=B")["account_details"]
    eq((account["reserved_memory"], account["reserved_storage"]), (NO_LIMIT, NO_LIMIT), "reserved")


@test(SHEET, 18, needs="jetstream")
def varz_has_the_figures(ctx):
    server = filled(ctx)
    varz, jsz = server.varz()["jetstream"], server.get("/jsz")
    eq(varz, {"config": jsz["config"], "stats": {name: jsz[name] for name in STATS}, "limits": jsz["limits"]}, "jetstream")


@test(SHEET, 50, needs="jetstream")
def accountz_tells_who_has_jetstream(ctx):
    server = filled(ctx)
    for name, has_it in (("A", True), ("B", True), ("C", False)):
        eq(server.get("/accountz", acc=name)["account_detail"]["jetstream_enabled"], has_it, name)


@test(SHEET, 65, needs="jetstream")
def assets_of_accounts(ctx):
    server = filled(ctx)
    member(ctx, server, "a").create("EMPTY")
    for query, status, text in (
            ("", 200, None), ("account=A", 200, None), ("account=B&stream=T", 200, None), ("account=A&stream=EMPTY", 200, None),
            ("account=C", 404, 'JetStream account "C" not found'),
            ("account=B&stream=S1", 404, 'JetStream stream "S1" not found on account "B"'),
            ("account=A&stream=S1&consumer=C", 200, None),
            ("account=B&stream=T&consumer=C", 404, 'JetStream consumer "C" not found for stream "T" on account "B"'),
            ("js-meta-only=1&account=C", 404, 'JetStream account "C" not found')):
        got = http(server, "/healthz?" + query)
        want = {"status": "unavailable", "error": text} if text else {"status": "ok"}
        eq((got[0], json.loads(got[2])), (status, want), query)


@test(SHEET, 65, needs="jetstream", better=True)
def a_memory_stream_is_found(ctx):
    """The reference looks for folders only."""
    eq(http(filled(ctx), "/healthz?account=A&stream=S2")[0], 200, "status")


@test(SHEET, 65, needs="jetstream")
def a_stream_that_was_not_recovered(ctx):
    server = filled(ctx)
    server.stop()
    os.remove(os.path.join(server.dir, "js/jetstream/A/streams/S1/meta.sum"))
    server.start()
    text = "JetStream stream 'A > S1' could not be recovered"
    for query in ("", "?account=A", "?account=A&stream=S1"):
        got = http(server, "/healthz" + query)
        eq((got[0], json.loads(got[2])), (503, {"status": "unavailable", "error": text}), query)
    got = http(server, "/healthz?details=1")
    eq((got[0], json.loads(got[2])),
       (503, {"status": "error", "errors": [{"type": "STREAM", "account": "A", "stream": "S1", "error": text}]}), "details")
    for query in ("?js-enabled-only=1", "?js-server-only=1", "?account=B"):
        eq(http(server, "/healthz" + query)[0], 200, query)
