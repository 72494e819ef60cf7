"""`/subsz` and `/healthz`: monitoring-events.md 3.6 and 4, items 47 to 49, 63 to 68 and 70."""

import json
import signal
import urllib.parse

from lib import *
from lib.process import folder, free_ports, http, same_keys, sample

SHEET = "monitoring"
ACCOUNTS = ("accounts { A { users [ {user: a, password: a} ] }, B { users [ {user: b, password: b} ] } }\n")
NO_ACCOUNT = '"account" must not be empty when checking stream health'
NO_STREAM = '"stream" must not be empty when checking consumer health'


def user(name):
    """CONNECT options of a user whose password is its name."""
    return {"user": name, "pass": name}


def own(answer):
    """The subscriptions of an answer that are not the server's own, by subject."""
    return sorted((sub for sub in answer.get("subscriptions_list") or []
                   if not sub["subject"].startswith(("$", "_"))), key=lambda sub: (sub["subject"], sub["cid"]))


@test(SHEET, 47)
def subsz_without_details(ctx):
    server = ctx.start()
    client = ctx.client(server)
    before = server.get("/subsz")
    client.sub("foo")
    client.expect_quiet()
    answer = server.get("/subsz")
    same_keys(ctx, answer, sample("subsz.json"), "answer")
    eq((answer["total"], answer["offset"], answer["limit"]), (0, 0, 1024))
    check("subscriptions_list" not in answer, "details")
    eq(answer["num_subscriptions"] - before["num_subscriptions"], 1, "num_subscriptions")
    check(answer["num_inserts"] > before["num_inserts"], "num_inserts")
    near(answer["cache_hit_rate"], 0, 1, "cache_hit_rate")
    client.unsub("1")
    client.expect_quiet()
    eq(server.get("/subsz")["num_subscriptions"], before["num_subscriptions"])
    check(server.get("/subsz")["num_removes"] > before["num_removes"], "num_removes")


@test(SHEET, 47)
def subsz_with_details(ctx):
    server = ctx.start(ACCOUNTS)
    client = ctx.client(server, **user("a"))
    client.sub("foo.*", 1)
    client.sub("work", 2, queue="q1")
    client.sub("bar", 3)
    client.unsub("3", 7)
    client.pub("foo.1", "x")
    client.expect_msg()
    for path in ("/subsz?subs=1", "/subscriptionsz?subs=true"):
        answer = server.get(path)
        same_keys(ctx, answer, set(sample("subsz-subs.json")), path)
        eq(answer["total"], len(answer["subscriptions_list"]), "total")
        rest = {"account": "A", "account_tag": "A", "cid": client.cid}
        eq(own(answer), [dict(rest, subject="bar", sid="3", msgs=0, max=7), dict(rest, subject="foo.*", sid="1", msgs=1),
                         dict(rest, subject="work", qgroup="q1", sid="2", msgs=0)], path)
    whole = answer["total"]
    page = server.get("/subsz?subs=1&offset=1&limit=2")
    eq((page["total"], page["offset"], page["limit"], len(page["subscriptions_list"])), (whole, 1, 2, 2), "a page")
    page = server.get("/subsz?subs=1&offset=%d" % (whole + 5))
    eq((page["total"], page.get("subscriptions_list") or []), (whole, []), "behind the end")


@test(SHEET, 48)
def subsz_test(ctx):
    server = ctx.start(ACCOUNTS)
    client = ctx.client(server, **user("a"))
    client.sub("foo.*", 1)
    client.sub("foo.>", 2)
    client.sub("bar", 3)
    client.expect_quiet()
    answer = server.get("/subsz", subs=1, test="foo.1")
    eq([sub["subject"] for sub in own(answer)], ["foo.*", "foo.>"])
    same_keys(ctx, answer, sample("subsz-test.json"), "answer")
    eq([sub["subject"] for sub in own(server.get("/subsz", subs=1, test="foo.1.2"))], ["foo.>"])
    eq(own(server.get("/subsz", subs=1, test="nobody")), [])
    for subject in ("foo.*", "foo.>", "foo..a", ".foo"):
        status, _, body = http(server, "/subsz?subs=1&test=" + urllib.parse.quote(subject))
        eq((status, body.decode()), (400, "invalid test subject, must be valid publish subject: " + subject))
    status, _, body = http(server, "/subsz?test=foo.*")
    eq((status, body.decode()), (400, "invalid test subject, must be valid publish subject: foo.*"), "without subs")
    eq(server.get("/subsz", test="foo.1")["total"], 0, "without subs")


@test(SHEET, 48)
def wildcards_need_no_encoding(ctx):
    server = ctx.shared()
    status, _, body = http(server, "/subsz?subs=1&test=foo.>")
    eq((status, body.decode()), (400, "invalid test subject, must be valid publish subject: foo.>"))


@test(SHEET, 49)
def subsz_of_an_account(ctx):
    server = ctx.start(ACCOUNTS)
    one, two = ctx.client(server, **user("a")), ctx.client(server, **user("b"))
    one.sub("foo")
    two.sub("bar")
    one.expect_quiet()
    two.expect_quiet()
    answer = server.get("/subsz", subs=1, acc="A")
    eq([(sub["subject"], sub["account"]) for sub in own(answer)], [("foo", "A")])
    check(all(sub["account"] == "A" for sub in answer["subscriptions_list"]), repr(answer))
    answer = server.get("/subsz", subs=1, acc="NOPE")
    for key in ("num_subscriptions", "num_cache", "num_inserts", "num_removes", "num_matches", "cache_hit_rate",
                "max_fanout", "avg_fanout", "total"):
        eq(answer[key], 0, key)
    check(not answer.get("subscriptions_list"), repr(answer))


def health(server, query, status, answer):
    """`/healthz` with this query answers this status and this JSON."""
    got = http(server, "/healthz" + query)
    eq((got[0], json.loads(got[2])), (status, answer), "/healthz" + query)
    eq(got[1]["Content-Type"], "application/json", query)
    eq(got[1]["Access-Control-Allow-Origin"], "*", query)
    check(b"\n" not in got[2], "one line: %r" % got[2])


def details(kind, text, **names):
    """The answer of a failed check with details."""
    return {"status": "error", "errors": [dict({"type": kind}, error=text, **names)]}


@test(SHEET, 63)
def healthy(ctx):
    server = ctx.shared()
    status, headers, body = http(server, "/healthz")
    eq((status, body, headers["Content-Type"]), (200, b'{"status":"ok"}', "application/json"))
    for query in ("?js-enabled-only=1", "?js-server-only=1", "?js-enabled=1", "?js-meta-only=1", "?details=1"):
        eq(http(server, "/healthz" + query)[2], b'{"status":"ok"}', query)


@test(SHEET, 64)
def bad_requests(ctx):
    server = ctx.shared()
    for query, text in (("stream=S", NO_ACCOUNT), ("account=A&consumer=C", NO_STREAM), ("consumer=C", NO_STREAM),
                        ("stream=S&consumer=C", NO_ACCOUNT)):
        health(server, "?" + query, 400, {"status": "error", "error": text})
        health(server, "?details=1&" + query, 400, details("BAD_REQUEST", text))


@test(SHEET, 65, needs="jetstream")
def unknown_assets(ctx):
    server = ctx.start('jetstream { store_dir: "%s" }\n' % folder(ctx))
    client = ctx.client(server, headers=True, no_responders=True)
    answer = client.request_json("$JS.API.STREAM.CREATE.S", {"name": "S", "subjects": ["s"]})
    check("error" not in answer, repr(answer))
    answer = client.request_json("$JS.API.CONSUMER.DURABLE.CREATE.S.C", {
        "stream_name": "S", "config": {"durable_name": "C", "ack_policy": "explicit"}})
    check("error" not in answer, repr(answer))
    for query in ("", "?account=$G", "?account=$G&stream=S", "?account=$G&stream=S&consumer=C"):
        health(server, query, 200, {"status": "ok"})
    for query, kind, names, text in (
            ("account=NOPE", "ACCOUNT", {"account": "NOPE"}, 'JetStream account "NOPE" not found'),
            ("account=$G&stream=X", "STREAM", {"account": "$G", "stream": "X"},
             'JetStream stream "X" not found on account "$G"'),
            ("account=$G&stream=S&consumer=X", "CONSUMER", {"account": "$G", "stream": "S", "consumer": "X"},
             'JetStream consumer "X" not found for stream "S" on account "$G"')):
        health(server, "?" + query, 404, {"status": "unavailable", "error": text})
        health(server, "?details=1&" + query, 404, details(kind, text, **names))


@test(SHEET, 65, needs=("jetstream", "cluster"), timeout=150)
def unknown_assets_in_a_cluster(ctx):
    ports = free_ports(3)
    routes = ", ".join("nats://127.0.0.1:%d" % port for port in ports)
    servers = [ctx.start('server_name: n%d\njetstream { store_dir: "%s" }\ncluster { name: c, listen: "127.0.0.1:%d", '
                         'routes: [ %s ] }\n' % (number, folder(ctx), port, routes)) for number, port in enumerate(ports)]
    for server in servers:
        wait_until(lambda: http(server, "/healthz")[0] == 200, "health", timeout=90, every=0.1)
    client = ctx.client(servers[0], headers=True, no_responders=True)
    answer = wait_until(lambda: client.request_json("$JS.API.STREAM.CREATE.S", {
        "name": "S", "subjects": ["s"], "num_replicas": 3}), "stream", timeout=30)
    check("error" not in answer, repr(answer))
    for server in servers:
        wait_until(lambda: http(server, "/healthz?account=$G&stream=S")[0] == 200, "health of the stream", timeout=30)
        for query, text in (("account=NOPE", 'JetStream account "NOPE" not found'),
                            ("account=$G&stream=X", 'JetStream stream "X" not found on account "$G"'),
                            ("account=$G&stream=S&consumer=X",
                             'JetStream consumer "X" not found for stream "S" on account "$G"')):
            health(server, "?" + query, 404, {"status": "unavailable", "error": text})


@test(SHEET, 66)
def without_jetstream(ctx):
    server = ctx.shared()
    for query in ("?account=NOPE", "?account=NOPE&stream=S", "?account=A&stream=S&consumer=C", "?account=A&details=1"):
        health(server, query, 200, {"status": "ok"})


@test(SHEET, 67)
def js_server_only(ctx):
    server = ctx.shared()
    health(server, "?js-server-only=1&account=NOPE&stream=S", 200, {"status": "ok"})


@test(SHEET, 67, needs="jetstream")
def js_server_only_with_jetstream(ctx):
    server = ctx.start('jetstream { store_dir: "%s" }\n' % folder(ctx))
    for option in ("js-server-only", "js-enabled-only", "js-enabled"):
        health(server, "?%s=1&account=NOPE&stream=S" % option, 200, {"status": "ok"})
    health(server, "?account=NOPE&stream=S", 404, {"status": "unavailable", "error": 'JetStream account "NOPE" not found'})


@test(SHEET, 68)
def lame_duck_mode(ctx):
    server = ctx.start('lame_duck_grace_period: "20s"\n')
    client = ctx.client(server, protocol=1)
    health(server, "", 200, {"status": "ok"})
    server.signal(signal.SIGUSR2)
    client.expect_info()
    text = "failed to be ready for connections after 1ms: server"
    wait_until(lambda: http(server, "/healthz")[0] == 500, "not healthy")
    for query in ("", "?js-server-only=1", "?js-enabled-only=1", "?account=A"):
        status, _, body = http(server, "/healthz" + query)
        answer = json.loads(body)
        # A field that tells lame duck mode is documented as better.
        eq((status, answer["status"], answer["error"]), (500, "error", text), query)
    status, _, body = http(server, "/healthz?details=1")
    answer = json.loads(body)
    eq((status, answer["status"]), (500, "error"))
    eq((answer["errors"][0]["type"], answer["errors"][0]["error"]), ("CONNECTION", text))


@test(SHEET, 70)
def failures_are_logged(ctx):
    server = ctx.start()
    http(server, "/healthz?stream=S")
    server.wait_log(r'\[WRN\] Healthcheck failed: "\\?"account\\?" must not be empty when checking stream health"$')
    http(server, "/healthz?stream=S&details=1")
    server.wait_log(r"\[WRN\] Healthcheck failed: 1 errors$")
    mark = server.mark()
    http(server, "/healthz?js-enabled=1")
    server.wait_log(r"\[WRN\] Healthcheck: js-enabled deprecated, use js-enabled-only instead$", since=mark)
    check("Healthcheck failed" not in server.log(mark), server.log(mark))
