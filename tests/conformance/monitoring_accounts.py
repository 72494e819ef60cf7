"""Figures of accounts and of queues: monitoring-events.md 3.8 and 3.10, items 53 and 62."""

import json

from lib import *
from lib.process import same_keys

SHEET = "monitoring"
ACCOUNTS = ("accounts { A { users [ {user: a, password: a} ] }, B { users [ {user: b, password: b} ] }, "
            "C { users [ {user: c, password: c} ] } }\n")


def login(name):
    """CONNECT options of a user whose password is its name."""
    return {"user": name, "pass": name}


def figures(server, account, query="?unused=1"):
    """(connections, messages and bytes sent, messages and bytes received) of an account; None if it is not there."""
    for entry in server.get("/accstatz" + query)["account_statz"]:
        if entry["acc"] == account:
            sent, received = entry["sent"], entry["received"]
            return entry["conns"], sent["msgs"], sent["bytes"], received["msgs"], received["bytes"]
    return None


def becomes(server, account, wanted, what):
    """The account's figures are these, if not at once: the reference adds them up after it has answered."""
    wait_until(lambda: figures(server, account) == wanted,
               "%s: %r of account %s; there are %r" % (what, wanted, account, figures(server, account)))


@test(SHEET, 53)
def forms_of_the_statistics(ctx):
    server = ctx.start(ACCOUNTS)
    eq(server.get("/accstatz")["account_statz"], [], "accounts with connections")
    client = ctx.client(server, **login("a"))
    entry, = server.get("/accstatz")["account_statz"]
    same_keys(ctx, entry, ("acc", "name", "conns", "leafnodes", "total_conns", "num_subscriptions", "sent", "received",
                           "slow_consumers"), "statistics")
    nothing = {"msgs": 0, "bytes": 0}
    eq(entry["sent"], dict(nothing, gateways=nothing, routes=nothing, leafs=nothing), "sent")
    eq((entry["acc"], entry["name"], entry["conns"], entry["leafnodes"], entry["total_conns"]), ("A", "A", 1, 0, 1), "figures")
    names = {entry["acc"] for entry in server.get("/accstatz?unused=1")["account_statz"]}
    check({"A", "B", "C", "$G"} <= names, "accounts: %r" % names)
    client.close()


@test(SHEET, 53)
def traffic_of_accounts(ctx):
    server = ctx.start(ACCOUNTS)
    a = ctx.client(server, headers=True, no_responders=True, **login("a"))
    b = ctx.client(server, **login("b"))
    a.sub("x")
    a.pub("x", "hello")
    a.pub("y", "abc")
    a.expect_msg("x", "hello")
    becomes(server, "A", (1, 1, 5, 2, 8), "a message with a subscriber and one without")
    a.send("HPUB x 12 17\r\nNATS/1.0\r\n\r\nhello\r\n")
    a.expect_msg("x")
    becomes(server, "A", (1, 2, 22, 3, 25), "a message with headers")
    other = ctx.client(server, **login("a"))
    other.sub("x")
    other.pub("x", "hello")
    other.expect_msg("x")
    a.expect_msg("x")
    becomes(server, "A", (2, 4, 32, 4, 30), "two subscribers")
    other.close()
    becomes(server, "A", (1, 4, 32, 4, 30), "a client that is gone counts on")
    a.sub("reply", "9")
    a.pub("nobody", b"", reply="reply")
    a.expect_msg("reply", kind="HMSG")
    becomes(server, "A", (1, 4, 32, 5, 30), "an answer of the server itself does not count")
    b.pub("x", "12345678")
    b.expect_quiet()
    becomes(server, "B", (1, 0, 0, 1, 8), "another account")
    eq(figures(server, "A"), (1, 4, 32, 5, 30), "the first account")
    eq(figures(server, "C"), (0, 0, 0, 0, 0), "an account without clients")


@test(SHEET, 53)
def traffic_stays_with_the_account_it_was_in(ctx):
    server = ctx.start(ACCOUNTS)
    client = ctx.client(server, **login("a"))
    client.pub("x", "hello")
    client.expect_quiet()
    client.connect(**login("b"))
    client.pub("x", "abc")
    client.expect_quiet()
    becomes(server, "B", (1, 0, 0, 1, 3), "the account it is in")
    eq(figures(server, "A")[3:], (1, 5), "the account it was in")
    client.close()
    becomes(server, "B", (0, 0, 0, 1, 3), "the account it was in last")
    eq(figures(server, "A")[3:], (1, 5), "the account it was in first")


@test(SHEET, 53)
def many_messages_of_many_clients(ctx):
    """Also when clients are on several threads, and in runs of messages."""
    server = ctx.start(ACCOUNTS)
    subscribers = [ctx.client(server, **login("a")) for _ in range(3)]
    for subscriber in subscribers:
        subscriber.sub("many.>")
        subscriber.expect_quiet()
    publishers = [ctx.client(server, **login("a")) for _ in range(4)]
    for number, publisher in enumerate(publishers):
        publisher.send(b"".join(b"PUB many.%d 4\r\nabcd\r\n" % number for _ in range(500)))
    for publisher in publishers:
        publisher.send("PING\r\n")
        publisher.expect_pong()
    for subscriber in subscribers:
        for _ in range(2000):
            subscriber.expect_msg(payload="abcd")
    becomes(server, "A", (7, 6000, 24000, 2000, 8000), "all open")
    for client in publishers + subscribers:
        client.close()
    becomes(server, "A", (0, 6000, 24000, 2000, 8000), "all gone")


@test(SHEET, 53, needs="jetstream")
def messages_of_streams_count_as_clients_have_them(ctx):
    server = ctx.start('jetstream { store_dir: "js" }\n')
    client = ctx.client(server, headers=True, no_responders=True)
    answer = client.request_json("$JS.API.STREAM.CREATE.S", {"name": "S", "subjects": ["s"]})
    check("error" not in answer, repr(answer))
    before = wait_until(lambda: (figures(server, "$G") or (0, 0))[1] == 1 and figures(server, "$G"), "the answer is counted")
    client.pub("s", "hello")
    client.pub("s", "hello")
    client.expect_quiet()
    becomes(server, "$G", before[:3] + (before[3] + 2, before[4] + 10), "what is stored is received, and sent to nobody")


@test(SHEET, 62)
def queues(ctx):
    server = ctx.start()
    status, headers, body = server.http("/ipqueuesz?all=1")
    eq((status, headers["Content-Type"]), (200, "application/json"), "status and type")
    found = json.loads(body)
    check(found, "no queue")
    for name, queue in found.items():
        check(set(queue) <= {"pending", "in_progress"} and queue["pending"] >= 0, "%s: %r" % (name, queue))
    eq(list(found), sorted(found), "order")
    # The form is that of the reference, with three spaces.
    eq(body.decode(), json.dumps(found, indent=3), "form")
    name = sorted(found)[-1]
    eq([queue for queue in json.loads(server.http("/ipqueuesz?all=1&queues=" + name.replace(" ", "+"))[2])], [name], "one by name")
    eq(json.loads(server.http("/ipqueuesz?all=1&queues=nonsense")[2]), {}, "none of a name")
    for queue in server.get("/ipqueuesz").values():
        check(queue["pending"] > 0 or queue.get("in_progress", 0) > 0, "an empty queue: %r" % queue)
    eq(server.http("/ipqueuesz?all=maybe")[0], 400, "a bad parameter")
