"""`/connz`: monitoring-events.md 3.2, items 24 to 40."""

import base64
import calendar
import hashlib
import os
import re
import ssl
import struct
import time

from lib import *
from lib.process import environment, folder, http, same_keys, sample
from configuration_reload_live import pin_of
from monitoring_varz import OPERATOR_LIMITS

SHEET = "monitoring"
ACCOUNTS = ("accounts { A { users [ {user: a, password: a} ] }, B { users [ {user: b, password: b} ] }, "
            "SYS { users [ {user: s, password: s} ] } }\nsystem_account: SYS\n")
RTT = r"^(0s|\d+µs|\d+(\.\d{1,6})?ms|\d+(\.\d{1,9})?s)$"
# Keys of an open connection without name, language and version.
ALWAYS = {"cid", "kind", "type", "ip", "port", "start", "last_activity", "rtt", "uptime", "idle", "pending_bytes",
          "in_msgs", "out_msgs", "in_bytes", "out_bytes", "subscriptions"}


def user(name):
    """CONNECT options of a user whose password is its name."""
    return {"user": name, "pass": name, "name": "app-" + name, "lang": "py", "version": "1"}


def cids(answer):
    """The connection numbers of an answer, in its order."""
    return [entry["cid"] for entry in answer["connections"]]


def nanoseconds(text):
    """A Go duration text in nanoseconds."""
    units = {"ns": 1, "µs": 10 ** 3, "ms": 10 ** 6, "s": 10 ** 9, "m": 60 * 10 ** 9, "h": 3600 * 10 ** 9}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+)(ns|µs|ms|s|m|h)", text))


@test(SHEET, 24)
def defaults(ctx):
    server = ctx.start()
    clients = [ctx.client(server, name="app", lang="py", version="1") for _ in range(3)]
    answer = server.connz()
    same_keys(ctx, answer, sample("connz.json"), "answer")
    eq((answer["num_connections"], answer["total"], answer["offset"], answer["limit"]), (3, 3, 0, 1024))
    eq(answer["server_id"], clients[0].info["server_id"])
    matches(answer["now"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$", "now")
    eq(cids(answer), [client.cid for client in clients], "ascending cid")
    for client, entry in zip(clients, answer["connections"]):
        same_keys(ctx, entry, ALWAYS | {"name", "lang", "version"}, "connection")
        eq((entry["kind"], entry["type"], entry["ip"], entry["port"]),
           ("Client", "nats", "127.0.0.1", client.socket.getsockname()[1]))
        eq((entry["name"], entry["lang"], entry["version"]), ("app", "py", "1"))
        matches(entry["uptime"], r"^\d+s$", "uptime")
        matches(entry["idle"], r"^\d+s$", "idle")


@test(SHEET, 24)
def a_server_without_connections(ctx):
    answer = ctx.start().connz()
    eq((answer["num_connections"], answer["total"], answer["connections"]), (0, 0, []))


@test(SHEET, 24)
def counters_of_a_connection(ctx):
    server = ctx.shared()
    client = ctx.client(server, headers=True)
    client.sub("foo", 1)
    client.sub("bar", 2)
    client.pub("foo", "hello")
    client.pub("foo", "hi", headers="NATS/1.0\r\nA: b\r\n\r\n")
    client.pub("nobody", "12345")
    client.expect_msg()
    client.expect_msg()
    wait_until(lambda: server.connection(client.cid)["pending_bytes"] == 0, "everything is written")
    entry = server.connection(client.cid)
    for key, want in (("subscriptions", 2), ("in_msgs", 3), ("in_bytes", 5 + 20 + 5), ("out_msgs", 2),
                      ("out_bytes", 5 + 20), ("pending_bytes", 0)):
        eq(entry[key], want, key)


@test(SHEET, 24, needs="leafnodes")
def leafnodes_are_listed(ctx):
    hub = ctx.start('server_name: hub\nleafnodes { listen: "127.0.0.1:-1" }\n')
    client = ctx.client(hub)
    address = matches(hub.log(), r"Listening for leafnode connections on (\S+)").group(1)
    ctx.start('server_name: spoke\nleafnodes { remotes [ {url: "nats://%s"} ] }\n' % address)
    answer = wait_until(lambda: hub.connz() if hub.connz()["total"] == 2 else None, "client and leaf")
    kinds = {entry["kind"]: entry for entry in answer["connections"]}
    eq(set(kinds), {"Client", "Leafnode"})
    eq(kinds["Client"]["cid"], client.cid)
    leaf = kinds["Leafnode"]
    check("type" not in leaf, "type of a leaf")
    eq(leaf["name"], "spoke")
    # The sheet says that a leaf is not found by its number; the peer does find it.
    check(cids(hub.connz(cid=leaf["cid"])) in ([], [leaf["cid"]]), "leaf by number")
    eq(hub.varz()["connections"], 1, "clients")


@test(SHEET, 25)
def paging(ctx):
    server = ctx.start()
    numbers = [ctx.client(server).cid for _ in range(5)]
    for params, listed, offset, limit in (({"limit": 2}, numbers[:2], 0, 2), ({"limit": 2, "offset": 1}, numbers[1:3], 1, 2),
                                          ({"offset": 4}, numbers[4:], 4, 1024), ({"limit": -5}, numbers, 0, 1024),
                                          ({"limit": 0}, numbers, 0, 1024), ({"offset": -3}, numbers, 0, 1024),
                                          ({"offset": 5}, [], 5, 1024), ({"offset": 99, "limit": 2}, [], 99, 2)):
        answer = server.connz(**params)
        eq((cids(answer), answer["offset"], answer["limit"]), (listed, offset, limit), repr(params))
        eq((answer["num_connections"], answer["total"]), (len(listed), 5), repr(params))


@test(SHEET, 26)
def unknown_account(ctx):
    server = ctx.shared(ACCOUNTS)
    answer = server.connz(acc="NOPE")
    same_keys(ctx, answer, sample("connz-unknown-acc.json"), "answer")
    eq((answer["num_connections"], answer["total"]), (0, 0))
    # The server's id and an empty list are documented as better (monitoring-events.md 12).
    if ctx.is_peer:
        eq((answer["server_id"], answer["connections"]), ("", None))
    else:
        check(answer["server_id"] in ("", server.varz()["server_id"]), answer["server_id"])
        check(not answer["connections"], repr(answer["connections"]))


@test(SHEET, 26)
def filters_by_account_and_user(ctx):
    server = ctx.start(ACCOUNTS)
    one, two, three = ctx.client(server, **user("a")), ctx.client(server, **user("b")), ctx.client(server, **user("a"))
    for params, want, total in (({"acc": "A"}, [one, three], 2), ({"acc": "B"}, [two], 1), ({"user": "a"}, [one, three], 3),
                                ({"user": "b", "acc": "A"}, [], 2), ({"user": "nobody"}, [], 3),
                                ({"acc": "SYS"}, [], 0)):
        answer = server.connz(**params)
        eq(cids(answer), [client.cid for client in want], repr(params))
        eq(answer["total"], total, "total of %r" % params)


@test(SHEET, 27)
def filter_by_cid(ctx):
    server = ctx.start()
    clients = [ctx.client(server) for _ in range(3)]
    answer = server.connz(cid=clients[1].cid)
    eq((cids(answer), answer["limit"], answer["num_connections"], answer["total"]), ([clients[1].cid], 1, 1, 3))
    answer = server.connz(cid=99999)
    eq((answer["connections"], answer["limit"], answer["num_connections"]), ([], 1, 0), "unknown")
    gone = clients[2].cid
    clients[2].close()
    server.closed(gone)
    eq(server.connz(cid=gone)["connections"], [], "closed")
    answer = server.connz(cid=gone, state="closed")
    eq((cids(answer), answer["connections"][0]["reason"]), ([gone], "Client Closed"))
    eq(cids(server.connz(cid=gone, state="any")), [gone])


@test(SHEET, 28)
def subscriptions(ctx):
    server = ctx.start(ACCOUNTS)
    client = ctx.client(server, **user("a"))
    client.sub("foo.*", 1)
    client.sub("work", 2, queue="q1")
    client.pub("foo.1", "x")
    client.expect_msg()
    entry = server.connection(client.cid)
    check("subscriptions_list" not in entry and "subscriptions_list_detail" not in entry, repr(entry))
    entry = server.connection(client.cid, subs=1)
    eq(sorted(entry["subscriptions_list"]), ["foo.*", "work"])
    check("subscriptions_list_detail" not in entry, "details")
    for value in ("detail", "DETAIL", "Detail"):
        entry = server.connection(client.cid, subs=value)
        eq(sorted(entry["subscriptions_list_detail"], key=lambda sub: sub["sid"]), [
            {"subject": "foo.*", "sid": "1", "msgs": 1, "cid": client.cid},
            {"subject": "work", "qgroup": "q1", "sid": "2", "msgs": 0, "cid": client.cid}], value)
        check("subscriptions_list" not in entry, "plain list")
    client.unsub("1", 5)
    client.expect_quiet()
    details = server.connection(client.cid, subs="detail")["subscriptions_list_detail"]
    eq([sub.get("max") for sub in sorted(details, key=lambda sub: sub["sid"])], [5, None], "max")
    client.close()
    server.closed(client.cid)
    entry = server.connz(cid=client.cid, state="closed", subs="detail")["connections"][0]
    sub = min(entry["subscriptions_list_detail"], key=lambda sub: sub["sid"])
    eq((sub["account"], sub["subject"], sub["sid"], sub["cid"]), ("A", "foo.*", "1", client.cid))
    entry = server.connz(cid=client.cid, state="closed", subs=1)["connections"][0]
    eq(sorted(entry["subscriptions_list"]), ["foo.*", "work"])
    eq(entry["subscriptions"], 2, "count at closing time")


@test(SHEET, 29)
def authentication(ctx):
    server = ctx.start(ACCOUNTS)
    client = ctx.client(server, **user("a"))
    entry = server.connection(client.cid)
    for key in ("authorized_user", "account", "name_tag"):
        check(key not in entry, "%s without auth" % key)
    entry = server.connection(client.cid, auth=1)
    eq((entry["authorized_user"], entry["account"], entry["name_tag"]), ("a", "A", "A"))
    same_keys(ctx, entry, {key for other in sample("connz-auth.json")["connections"][:1] for key in other}, "connection")


@test(SHEET, 29)
def authentication_in_the_global_account(ctx):
    for config, options, shown in (("", {}, None), ("authorization { user: a, password: b }\n", {"user": "a", "pass": "b"}, "a"),
                                   ("authorization { token: t0ken }\n", {"auth_token": "t0ken"}, "[REDACTED]")):
        server = ctx.start(config)
        client = ctx.client(server, **options)
        entry = server.connection(client.cid, auth=1)
        eq((entry.get("authorized_user"), entry.get("account"), entry.get("name_tag")), (shown, None, "$G"), config)
        check("t0ken" not in repr(server.connz(auth=1)), "the token is shown")


@test(SHEET, 29)
def authentication_by_nkey(ctx):
    pair = KeyPair("U")
    server = ctx.start("authorization { users [ {nkey: %s} ] }\n" % pair.public)
    client = ctx.raw(server)
    client.connect(nkey=pair.public, sig=pair.sign_nonce(client.info["nonce"]))
    eq(server.connection(client.cid, auth=1)["authorized_user"], pair.public)
    eq(cids(server.connz(user=pair.public)), [client.cid], "user filter")


@test(SHEET, 30)
def sort_of_closed_connections(ctx):
    server = ctx.start("max_control_line: 100\n")
    for field in ("stop", "reason"):
        for query in ("", "&state=open", "&state=any"):
            status, _, body = http(server, "/connz?sort=%s%s" % (field, query))
            eq((status, body.decode()), (400, "sort by %s only valid on closed connections" % field), query)
    order = []
    for what in ("close", "line", "close", "garbage", "close"):
        client = ctx.client(server)
        if what == "line":
            client.send("SUB " + "x" * 200 + " 1\r\n")
            client.expect_closed(allow=("-ERR",))
        elif what == "garbage":
            client.send("FOO\r\n")
            client.expect_closed(allow=("-ERR",))
        client.close()
        server.closed(client.cid)
        order.append(client.cid)
    eq(cids(server.connz(sort="stop", state="closed")), order[::-1], "stop, descending")
    reasons = [entry["reason"] for entry in server.connz(sort="reason", state="closed")["connections"]]
    eq(reasons, sorted(reasons), "reason, ascending")
    eq(set(reasons), {"Client Closed", "Maximum Control Line Exceeded", "Protocol Violation"})
    eq(cids(server.connz(sort="cid", state="closed")), order, "cid")


@test(SHEET, 31)
def sort_by_counters(ctx):
    server = ctx.start()
    clients = [ctx.client(server, lang="py", version="1") for _ in range(4)]
    for number, client in enumerate(clients):
        for sid in range(number):
            client.sub("s.%d.%d" % (client.cid, sid), sid + 1)
        for _ in range(3 - number):
            client.pub("r.0", "x" * 10 * (number + 1))
        client.expect_quiet()
    for number, client in enumerate(clients[1:], 1):
        for _ in range(number):
            clients[0].pub("s.%d.0" % client.cid, "yy")
    clients[0].expect_quiet()
    for client in clients[1:]:
        client.expect_msg()
    wait_until(lambda: sum(entry["out_msgs"] for entry in server.connz()["connections"]) == 6, "all delivered")
    for sort, field in (("subs", "subscriptions"), ("msgs_to", "out_msgs"), ("msgs_from", "in_msgs"),
                        ("bytes_to", "out_bytes"), ("bytes_from", "in_bytes"), ("pending", "pending_bytes")):
        values = [entry[field] for entry in server.connz(sort=sort)["connections"]]
        eq(values, sorted(values, reverse=True), sort)
        check(sort == "pending" or len(set(values)) > 2, "%s: %r" % (sort, values))
    for sort in ("cid", "start"):
        eq(cids(server.connz(sort=sort)), [client.cid for client in clients], sort)
    values = [entry["last_activity"].rstrip("Z").ljust(30, "0") for entry in server.connz(sort="last")["connections"]]
    eq(values, sorted(values, reverse=True), "last")


@test(SHEET, 31)
def sort_by_times(ctx):
    server = ctx.start()
    first, second = ctx.client(server), ctx.client(server)
    time.sleep(1.1)  # uptime and idle are in whole seconds
    third = ctx.client(server)
    second.pub("foo", "x")
    second.expect_quiet()
    order = cids(server.connz(sort="uptime"))
    eq(order[0], third.cid, "uptime, ascending: the youngest first")
    order = cids(server.connz(sort="idle"))
    eq(order[0], first.cid, "idle, descending: the idlest first")
    eq(cids(server.connz(sort="start")), [first.cid, second.cid, third.cid])


@test(SHEET, 31)
def sort_by_rtt(ctx):
    server = ctx.start()
    slow = []
    for pause in (0.0, 0.02, 0.005):
        client = ctx.client(server, raw={"auto_pong": False}, lang="py", version="1")
        slow.append((client, pause))

    def measured():
        entries = server.connz(sort="rtt")["connections"]
        for client, pause in slow:
            for frame in client.drain(0.02):
                if frame.kind == "PING":
                    time.sleep(pause)
                    client.send("PONG\r\n")
        return entries if all(entry["rtt"] != "0s" for entry in entries) else None

    entries = wait_until(measured, "round trip times")
    values = [nanoseconds(entry["rtt"]) for entry in entries]
    eq(values, sorted(values, reverse=True), "rtt, descending")


@test(SHEET, 32)
def states(ctx):
    server = ctx.start()
    opened = [ctx.client(server) for _ in range(2)]
    closed = [ctx.client(server) for _ in range(3)]
    for client in closed:
        client.close()
        server.closed(client.cid)
    both = sorted(client.cid for client in opened + closed)
    for state, want in (("open", [client.cid for client in opened]), ("OPEN", [client.cid for client in opened]),
                        ("closed", [client.cid for client in closed]), ("Closed", [client.cid for client in closed]),
                        ("any", both), ("all", both), ("ALL", both), ("Any", both)):
        answer = server.connz(state=state)
        eq((sorted(cids(answer)), answer["total"]), (want, len(want)), state)
    answer = server.connz(state="any", user="nobody")
    eq((answer["total"], answer["connections"]), (5, []), "the total is taken before filters")


@test(SHEET, 33)
def closed_entries(ctx):
    server = ctx.start(ACCOUNTS)
    client = ctx.client(server, **user("a"))
    client.sub("foo")
    client.pub("foo", "hello")
    client.expect_msg()
    client.close()
    entry = server.closed(client.cid)
    same_keys(ctx, entry, set(sample("connz-closed.json")["connections"][0]), "closed connection")
    eq((entry["reason"], entry["in_msgs"], entry["out_bytes"], entry["subscriptions"]), ("Client Closed", 1, 5, 1))
    matches(entry["stop"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$", "stop")
    entry = server.connection(ctx.client(server, **user("a")).cid)
    check("stop" not in entry and "reason" not in entry, "stop of an open one: %r" % entry)


@test(SHEET, 33)
def closing_reasons(ctx):
    config = 'max_payload: 1000\nmax_subscriptions: 1\nmax_control_line: 200\nauthorization { user: a, password: b, timeout: 0.3 }\n'
    server = ctx.start(config)
    good = {"user": "a", "pass": "b"}
    for reason, act in (("Client Closed", lambda client: client.close()), ("Read Error", lambda client: client.abort()),
                        ("Protocol Violation", lambda client: client.send("FOO\r\n")),
                        ("Maximum Message Payload Exceeded", lambda client: client.send("PUB a 1001\r\n")),
                        ("Maximum Control Line Exceeded", lambda client: client.send("SUB " + "x" * 300 + " 1\r\n"))):
        client = ctx.client(server, **good)
        act(client)
        eq(server.close_reason(client.cid), reason)
    client = ctx.raw(server)
    client.connect(ping=False, user="a", **{"pass": "x"})
    eq(server.close_reason(client.cid), "Authentication Failure")
    client = ctx.raw(server)
    eq(server.close_reason(client.cid), "Authentication Timeout")


@test(SHEET, 33)
def closing_reason_of_surplus_connections(ctx):
    server = ctx.start("max_connections: 1\n")
    ctx.client(server)
    client = ctx.raw(server)
    client.expect_closed(allow=("-ERR",))
    eq(server.close_reason(client.cid), "Maximum Connections Exceeded")


@test(SHEET, 33, slow=True)
def closing_reason_of_a_stale_connection(ctx):
    server = ctx.start('ping_interval: "300ms"\nping_max: 1\n')
    client = ctx.client(server, raw={"auto_pong": False})
    eq(server.close_reason(client.cid), "Stale Connection")
    eq(server.varz()["stale_connections"], 1)
    eq(server.varz()["stale_connection_stats"]["clients"], 1)


@test(SHEET, 33)
def closing_reason_of_a_slow_consumer(ctx):
    server = ctx.start("max_pending: 2MB\nmax_payload: 1MB\n")
    slow = ctx.client(server, raw={"rcvbuf": 4096})
    slow.sub("foo")
    slow.expect_quiet()
    publisher = ctx.client(server)

    def flood():
        publisher.pub("foo", b"x" * 500000)
        publisher.expect_quiet()
        return server.connz(state="closed", cid=slow.cid)["connections"]

    entry = wait_until(flood, "the slow consumer is closed")[0]
    eq(entry["reason"], "Slow Consumer (Pending Bytes)")
    check(server.varz()["slow_consumers"] >= 1, "slow_consumers")
    check(server.varz()["slow_consumer_stats"]["clients"] >= 1, "slow_consumer_stats")


@test(SHEET, 33, needs="services")
def closing_reason_of_a_kicked_client(ctx):
    server = ctx.start(ACCOUNTS)
    client = ctx.client(server, **user("a"))
    system = ctx.client(server, **user("s"))
    system.request_json("$SYS.REQ.SERVER.%s.KICK" % client.info["server_id"], {"cid": client.cid})
    client.expect_closed()
    eq(server.close_reason(client.cid), "Kicked")


@test(SHEET, 33, needs="tls")
def closing_reason_of_a_failed_handshake(ctx):
    server = ctx.start(ctx.certs.block())
    client = ctx.raw(server)
    client.send("CONNECT {}\r\nPING\r\n")
    eq(server.close_reason(client.cid), "TLS Handshake Failure")


@test(SHEET, 34)
def ring_of_closed_clients(ctx):
    server = ctx.start("max_closed_clients: 3\n")
    order = []
    for _ in range(5):
        client = ctx.client(server)
        order.append(client.cid)
        client.close()
        server.closed(client.cid)
    answer = server.connz(state="closed")
    eq((cids(answer), answer["total"]), (order[-3:], 3))


@test(SHEET, 35, needs="websocket")
def websocket_clients(ctx):
    server = ctx.start('websocket { listen: "127.0.0.1:-1", no_tls: true }\n')
    client = ctx.raw(server, port=server.port_of("websocket"), read_info=False)
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n" % base64.b64encode(b"0" * 16).decode())
    while b"\r\n\r\n" not in client.buffer:
        client._fill(time.monotonic() + 10)
    payload = b'CONNECT {"verbose":false,"name":"ws","lang":"js","version":"3"}\r\nPING\r\n'
    client.send(bytes([0x82, 0x80 | len(payload)]) + b"\0\0\0\0" + payload)
    entry = wait_until(lambda: [entry for entry in server.connz()["connections"] if entry.get("name") == "ws"], "client")[0]
    eq((entry["kind"], entry["type"]), ("Client", "websocket"))


@test(SHEET, 35, needs=("mqtt", "jetstream"))
def mqtt_clients(ctx):
    server = ctx.start('server_name: a\njetstream { store_dir: "%s" }\nmqtt { listen: "127.0.0.1:-1" }\n' % folder(ctx))
    port = int(matches(server.log(), r"Listening for MQTT clients on mqtt://127\.0\.0\.1:(\d+)").group(1))
    client = ctx.raw(server, port=port, read_info=False)
    name = b"mqtt-cid-1"
    body = struct.pack(">H", 4) + b"MQTT" + bytes([4, 2]) + struct.pack(">HH", 60, len(name)) + name
    client.send(bytes([0x10, len(body)]) + body)
    eq(client.read_exactly(4), bytes([0x20, 2, 0, 0]), "CONNACK")
    other = ctx.client(server)
    answer = server.connz(mqtt_client="mqtt-cid-1")
    eq((answer["num_connections"], answer["total"]), (1, 2))
    entry = answer["connections"][0]
    eq((entry["kind"], entry["type"], entry["mqtt_client"]), ("Client", "mqtt", "mqtt-cid-1"))
    eq(server.connz(mqtt_client="x")["connections"], [])
    check("mqtt_client" not in server.connection(other.cid), "mqtt_client of a NATS client")


@test(SHEET, 36)
def time_zones(ctx):
    if not os.path.exists("/usr/share/zoneinfo/Asia/Kolkata"):
        ctx.skip("no time zone data")
    server = ctx.start(env=environment({"TZ": "Asia/Kolkata"}))
    client, other = ctx.client(server), ctx.client(server)
    entry = server.connection(client.cid)
    found = matches(entry["start"], r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?\+05:30$", "start")
    near(calendar.timegm(time.strptime(found.group(1), "%Y-%m-%dT%H:%M:%S")) - 5.5 * 3600, time.time() - 60,
         time.time() + 5, "start")
    found = matches(entry["last_activity"], r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?Z$", "last_activity")
    near(calendar.timegm(time.strptime(found.group(1), "%Y-%m-%dT%H:%M:%S")), time.time() - 60, time.time() + 5,
         "last_activity")
    other.close()
    entry = server.closed(other.cid)
    for key in ("start", "stop"):
        matches(entry[key], r"\+05:30$", key)
    matches(entry["last_activity"], r"Z$", "last_activity")


@test(SHEET, 37, needs="tls")
def tls_fields(ctx):
    server = ctx.start(ctx.certs.block("verify: true"))
    context = ctx.certs.context(client=True)
    client = ctx.raw(server, tls=context).connect(name="tls-client", lang="py", version="1")
    entry = server.connection(client.cid)
    eq((entry["tls_version"], entry["tls_cipher_suite"]), ("1.3", client.socket.cipher()[0]))
    for key in ("tls_peer_certs", "tls_first"):
        check(key not in entry, key)
    entry = server.connection(client.cid, auth=1)
    certs = entry["tls_peer_certs"]
    eq(set(certs[0]), {"subject", "spki_sha256", "cert_sha256"})
    eq(certs[0]["subject"], "CN=client,O=Conformance")
    with open(ctx.certs.client_cert, encoding="ascii") as source:
        eq(certs[0]["cert_sha256"], hashlib.sha256(ssl.PEM_cert_to_DER_cert(source.read())).hexdigest())
    eq(certs[0]["spki_sha256"], pin_of(ctx.certs.client_cert))
    context = ctx.certs.context(client=True)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    client = ctx.raw(server, tls=context).connect()
    entry = server.connection(client.cid)
    eq(entry["tls_version"], "1.2")
    matches(entry["tls_cipher_suite"], r"^TLS_ECDHE_ECDSA_WITH_\w+$", "cipher suite")


@test(SHEET, 37, needs="tls")
def tls_first(ctx):
    server = ctx.start(ctx.certs.block("handshake_first: true"))
    client = ctx.raw(server, tls=ctx.certs.context(), tls_first=True).connect()
    check(server.connection(client.cid)["tls_first"] is True, "tls_first")


@test(SHEET, 37)
def no_tls_fields(ctx):
    server = ctx.shared()
    client = ctx.client(server)
    entry = server.connection(client.cid, auth=1)
    check(not [key for key in entry if key.startswith("tls")], repr(entry))


@test(SHEET, 38)
def round_trip_times(ctx):
    server = ctx.start()
    client = ctx.client(server, lang="py", version="1")

    def answered():
        client.drain(0.001)
        return server.connection(client.cid)["rtt"] not in ("0s",)

    wait_until(answered, "a round trip time")
    matches(server.connection(client.cid)["rtt"], RTT, "rtt")
    slow = ctx.client(server, raw={"auto_pong": False}, lang="py", version="1")

    def late():
        for frame in slow.drain(0.02):
            if frame.kind == "PING":
                time.sleep(0.005)
                slow.send("PONG\r\n")
        return re.search(r"^\d+\.\d{1,6}ms$", server.connection(slow.cid)["rtt"])

    wait_until(late, "a round trip time in milliseconds")


@test(SHEET, 39, needs="operator")
def bearer_tokens_are_not_shown(ctx):
    operator, account, system = KeyPair("O"), KeyPair("A"), KeyPair("A")
    claims = {"type": "account", "limits": OPERATOR_LIMITS}
    server = ctx.start('operator: "%s"\nsystem_account: "%s"\nresolver: MEMORY\nresolver_preload {\n%s: "%s"\n%s: "%s"\n}\n' % (
        encode_jwt(operator, operator.public, {"type": "operator"}, "op"), system.public,
        account.public, encode_jwt(operator, account.public, claims, "acc"),
        system.public, encode_jwt(operator, system.public, claims, "sys")))
    rights = {"type": "user", "subs": -1, "data": -1, "payload": -1}
    bearer, plain = KeyPair("U"), KeyPair("U")
    token = encode_jwt(account, bearer.public, dict(rights, bearer_token=True), "joe")
    client = ctx.client(server, jwt=token)
    entry = server.connection(client.cid, auth=1)
    check(not entry.get("jwt"), "jwt of a bearer: %r" % entry)
    eq((entry["authorized_user"], entry["account"], entry["issuer_key"], entry["name_tag"]),
       (bearer.public, account.public, account.public, "acc"))
    shown = encode_jwt(account, plain.public, dict(rights, tags=["x"]), "jim")
    other = ctx.raw(server)
    other.connect(jwt=shown, sig=plain.sign_nonce(other.info["nonce"]))
    entry = server.connection(other.cid, auth=1)
    eq((entry["jwt"], entry["tags"]), (shown, ["x"]))
    check("jwt" not in server.connection(other.cid), "jwt without auth")
    client.close()
    server.closed(client.cid)
    check(token not in repr(server.connz(state="closed", auth=1)), "jwt of a closed bearer")


@test(SHEET, 40, slow=True)
def stalls_and_pending_bytes(ctx):
    server = ctx.start("max_pending: 20MB\nmax_payload: 1MB\n")
    slow = ctx.client(server, raw={"rcvbuf": 4096}, name="slow")
    slow.sub("foo")
    slow.expect_quiet()
    publisher = ctx.client(server, name="publisher")

    def flood():
        publisher.pub("foo", b"x" * 1000000)
        entry = server.connection(slow.cid)
        return entry if entry is None or entry.get("stalls") else None

    entry = wait_until(flood, "stalls of the slow consumer", timeout=30)
    check(entry, "the slow consumer was closed before anybody stalled")
    check(entry["stalls"] >= 1 and entry["pending_bytes"] > 0, repr(entry))
    check(server.varz()["stalled_clients"] >= 1, "stalled_clients")
    check("stalls" not in server.connection(publisher.cid), "stalls of the publisher")
