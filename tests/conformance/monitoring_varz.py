"""`/varz`: monitoring-events.md 3.1, items 16 to 23."""

import calendar
import time

from lib import *
from lib.process import digest_of, environment, folder, free_ports, same_keys, sample

SHEET = "monitoring"
# Keys of the sample that a server without users, tags and metadata has not.
CONFIGURED = {"auth_required", "tags", "metadata"}
BLOCKS = ("cluster", "gateway", "leaf", "mqtt", "websocket", "jetstream")
OPERATOR_LIMITS = {"subs": -1, "conn": -1, "leaf": -1, "imports": -1, "exports": -1, "data": -1, "payload": -1,
                   "wildcards": True}


def keys_of(value):
    """The keys of nested objects, as paths; maps with free keys are leaves."""
    found = set()
    for key, inner in value.items():
        found.add(key)
        if isinstance(inner, dict) and key not in ("http_req_stats", "metadata", "feature_flags"):
            found |= {key + "." + below for below in keys_of(inner)}
    return found


@test(SHEET, 16)
def keys_of_a_plain_server(ctx):
    varz = ctx.shared().varz()
    want = {key for key in sample("varz.json") if key not in CONFIGURED}
    if "git_commit" not in varz and not ctx.is_peer:
        want.discard("git_commit")
    same_keys(ctx, varz, want, "varz")
    for name in BLOCKS:
        eq(varz[name], {}, name)
    for name in ("slow_consumer_stats", "stale_connection_stats"):
        eq(varz[name], {"clients": 0, "routes": 0, "gateways": 0, "leafs": 0}, name)
    same_keys(ctx, varz["disk_io_wait_stats"], ("waiters", "waits", "wait_time", "max_wait_time"), "disk_io_wait_stats")


@test(SHEET, 16)
def keys_of_a_configured_server(ctx):
    server = ctx.start("server_tags: [az:a, disk:ssd]\nserver_metadata { region: eu }\nmax_subscriptions: 100\n"
                       "write_timeout: close\nclient_advertise: \"h:1\"\n"
                       "authorization { user: a, password: b }\nserver_name: one\n")
    varz = server.varz()
    want = set(sample("varz.json")) | {"max_subscriptions", "write_timeout", "connect_urls"}
    if "git_commit" not in varz and not ctx.is_peer:
        want.discard("git_commit")
    if "connect_urls" not in varz:
        want.discard("connect_urls")
    same_keys(ctx, varz, want, "varz")
    eq(varz["tags"], ["az:a", "disk:ssd"])
    eq(varz["metadata"], {"region": "eu"})
    eq((varz["max_subscriptions"], varz["write_timeout"], varz["server_name"]), (100, "close", "one"))
    check(varz["auth_required"] is True, "auth_required")


@test(SHEET, 16, needs=("jetstream", "websocket", "mqtt", "leafnodes"))
def keys_of_a_server_with_everything(ctx):
    server = ctx.start(
        'server_name: one\nserver_tags: [az:a]\nserver_metadata { region: eu }\nmax_connections: 100\n'
        'jetstream { store_dir: "%s", domain: dom1, max_mem: 64MB, max_file: 256MB }\nsystem_account: SYS\n'
        'accounts { SYS { users [ {user: s, password: s} ] }, A { jetstream: enabled, users [ {user: a, password: a} ] } }\n'
        'websocket { listen: "127.0.0.1:-1", no_tls: true }\nmqtt { listen: "127.0.0.1:-1" }\n'
        'leafnodes { listen: "127.0.0.1:-1" }\n' % folder(ctx))
    varz, want = server.varz(), sample("varz.json")
    wanted = keys_of(want)
    if "git_commit" not in varz and not ctx.is_peer:
        wanted.discard("git_commit")
    same_keys(ctx, keys_of(varz), wanted, "varz")
    for name in BLOCKS:
        check(isinstance(varz[name], dict), name)
    config = varz["jetstream"]["config"]
    eq((config["max_memory"], config["max_storage"], config["domain"], config["strict"], config["compress_ok"],
        config["sync_interval"]), (67108864, 268435456, "dom1", True, True, 120 * 10 ** 9))


@test(SHEET, 16)
def values_of_a_plain_server(ctx):
    server = ctx.shared()
    client = ctx.client(server)
    varz = server.varz()
    eq(varz["server_id"], client.info["server_id"], "server_id")
    eq(varz["server_name"], client.info["server_name"], "server_name")
    eq(varz["version"], client.info["version"], "version")
    for key, want in (("proto", 1), ("host", "127.0.0.1"), ("port", server.port), ("max_connections", 65536),
                      ("ping_max", 2), ("http_host", "127.0.0.1"), ("http_base_path", ""), ("https_port", 0),
                      ("max_control_line", 4096), ("max_payload", 1048576), ("max_pending", 67108864),
                      ("connections", 1), ("routes", 0), ("remotes", 0), ("leafnodes", 0), ("slow_consumers", 0),
                      ("stale_connections", 0), ("stalled_clients", 0), ("system_account", "$SYS")):
        eq(varz[key], want, key)
    for key in ("mem", "cores", "gomaxprocs", "total_connections", "subscriptions", "in_msgs", "in_bytes", "out_msgs",
                "out_bytes"):
        check(isinstance(varz[key], int) and varz[key] >= 0, "%s: %r" % (key, varz[key]))
    near(varz["mem"], server.rss() // 4, server.rss() * 4, "mem")
    check(isinstance(varz["cpu"], (int, float)), "cpu")
    check(isinstance(varz["go"], str) and varz["go"], "go")


@test(SHEET, 16)
def traffic_is_counted(ctx):
    server = ctx.start()
    client = ctx.client(server, headers=True)
    client.sub("foo")
    client.pub("foo", "hello")
    client.pub("foo", "hi", headers="NATS/1.0\r\nA: b\r\n\r\n")
    client.expect_msg()
    client.expect_msg()
    varz = wait_until(lambda: server.varz() if server.varz()["out_msgs"] == 2 else None, "two messages")
    sizes = 5 + 18 + 2
    for key, want in (("in_msgs", 2), ("in_bytes", sizes), ("in_client_msgs", 2), ("in_client_bytes", sizes),
                      ("out_msgs", 2), ("out_bytes", sizes), ("out_client_msgs", 2), ("out_client_bytes", sizes)):
        eq(varz[key], want, key)
    eq(varz["total_connections"], 1, "total_connections")
    client.close()
    wait_until(lambda: server.varz()["connections"] == 0, "no connections")
    eq(server.varz()["total_connections"], 1, "total_connections")


@test(SHEET, 17, needs="cluster")
def routes_and_remotes(ctx):
    block = 'cluster { name: c, listen: "127.0.0.1:-1"%s }\n'
    first = ctx.start(block % "")
    others = [ctx.start(block % (", routes: [ nats://127.0.0.1:%d ]" % first.port_of("cluster"))) for _ in range(2)]
    for server in [first] + others:
        wait_until(lambda: (server.varz()["routes"], server.varz()["remotes"]) == (8, 2), "8 routes to 2 servers",
                   timeout=30)
    cluster = others[0].varz()["cluster"]
    same_keys(ctx, cluster, ("name", "addr", "cluster_port", "auth_timeout", "urls", "tls_timeout", "pool_size"), "cluster")
    eq((cluster["name"], cluster["addr"], cluster["pool_size"]), ("c", "127.0.0.1", 3))
    check("127.0.0.1:%d" % first.port_of("cluster") in cluster["urls"], repr(cluster["urls"]))


@test(SHEET, 18, needs="jetstream")
def jetstream_of_a_single_server(ctx):
    server = ctx.start('jetstream { store_dir: "%s" }\n' % folder(ctx))
    jetstream = server.varz()["jetstream"]
    check("meta" not in jetstream, "meta: %r" % jetstream)
    eq(jetstream["limits"]["default_max_consumers"], 1000, "default_max_consumers")
    same_keys(ctx, jetstream["stats"], ("memory", "storage", "reserved_memory", "reserved_storage", "accounts",
                                        "ha_assets", "api"), "stats")
    same_keys(ctx, jetstream["stats"]["api"], ("level", "total", "errors"), "api")


@test(SHEET, 18, needs=("jetstream", "cluster"), timeout=120)
def jetstream_meta_of_a_cluster(ctx):
    config = ('server_name: %s\njetstream { store_dir: "%s" }\ncluster { name: c, listen: "127.0.0.1:%d", routes: [ %s ] }\n')
    ports = free_ports(3)
    routes = ", ".join("nats://127.0.0.1:%d" % port for port in ports)
    servers = [ctx.start(config % ("n%d" % number, folder(ctx), port, routes)) for number, port in enumerate(ports, 1)]

    def leader():
        for server in servers:
            if server.varz()["jetstream"].get("meta", {}).get("leader"):
                return server.varz()["jetstream"]["meta"]["leader"]
        return None

    name = wait_until(leader, "a meta leader", timeout=60)
    server = servers[int(name[1]) - 1]

    def complete():
        found = server.varz()["jetstream"]["meta"]
        return found if found["cluster_size"] == 3 and len(found.get("replicas", ())) == 2 else None

    meta = wait_until(complete, "a group of three", timeout=30)
    same_keys(ctx, set(meta) - {"rescue"}, ("name", "leader", "peer", "replicas", "cluster_size", "quorum_needed",
                                           "pending", "pending_requests", "pending_infos", "snapshot"), "meta")
    eq(meta["name"], "c")


@test(SHEET, 19)
def units(ctx):
    server = ctx.start('ping_interval: "3s"\nwrite_deadline: "1500ms"\nauthorization { user: a, password: b, timeout: 0.5 }\n')
    varz = server.varz()
    eq((varz["ping_interval"], varz["write_deadline"]), (3 * 10 ** 9, 1500 * 10 ** 6), "nanoseconds")
    eq((varz["auth_timeout"], varz["tls_timeout"]), (0.5, 2), "seconds")
    default = ctx.shared().varz()
    eq((default["ping_interval"], default["write_deadline"], default["auth_timeout"]), (120 * 10 ** 9, 10 * 10 ** 9, 2))


@test(SHEET, 19)
def uptime(ctx):
    matches(ctx.shared().varz()["uptime"], r"^(\d+h)?(\d+m)?\d+s$", "uptime")


@test(SHEET, 20)
def times_are_utc(ctx):
    server = ctx.start(env=environment({"TZ": "Asia/Kolkata"}))
    varz = server.varz()
    for key in ("start", "now", "config_load_time"):
        found = matches(varz[key], r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,8}[1-9]|\.[1-9])?Z$", key)
        near(calendar.timegm(time.strptime(found.group(1), "%Y-%m-%dT%H:%M:%S")), time.time() - 60, time.time() + 5, key)


@test(SHEET, 21, needs="tls")
def tls_fields(ctx):
    server = ctx.start(ctx.certs.block("verify: true\ntimeout: 3") + "write_timeout: retry\n")
    varz = server.varz()
    eq((varz["tls_required"], varz["tls_verify"], varz["write_timeout"]), (True, True, "retry"))
    eq((varz["tls_timeout"], varz["auth_timeout"]), (3, 4), "timeouts")
    matches(varz["tls_cert_not_after"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", "tls_cert_not_after")
    end = calendar.timegm(time.strptime(varz["tls_cert_not_after"], "%Y-%m-%dT%H:%M:%SZ"))
    near(end, time.time() + 29 * 86400, time.time() + 30 * 86400, "tls_cert_not_after")
    for key in ("tls_required", "tls_verify", "tls_cert_not_after", "write_timeout"):
        check(key not in ctx.shared().varz(), key + " without TLS")
    wanted = set(sample("varz-tls.json")) - {"proxies"}
    if "git_commit" not in varz and not ctx.is_peer:
        wanted.discard("git_commit")
    same_keys(ctx, varz, wanted, "varz")


@test(SHEET, 21, needs="proxies")
def trusted_proxies(ctx):
    key = KeyPair("U").public
    eq(ctx.start("proxies { trusted: [ {key: %s} ] }\n" % key).varz()["proxies"], {"trusted": [{"key": key}]})


@test(SHEET, 22)
def digest(ctx):
    server = ctx.start("max_payload: 1kb\n")
    want = digest_of({"listen": "127.0.0.1:-1", "http": "127.0.0.1:-1", "max_payload": 1024})
    eq(server.varz()["config_digest"], want)
    check("(%s)" % want in server.log(), server.log())
    eq(ctx.start(None).varz()["config_digest"], "", "without a file")


@test(SHEET, 23, needs="operator")
def operator_mode(ctx):
    operator, system, account = KeyPair("O"), KeyPair("A"), KeyPair("A")
    token = encode_jwt(operator, operator.public, {"type": "operator", "system_account": system.public}, "op")
    server = ctx.start('operator: "%s"\nresolver: MEMORY\nresolver_preload {\n%s: "%s"\n%s: "%s"\n}\n' % (
        token, system.public, encode_jwt(operator, system.public, {"type": "account", "limits": OPERATOR_LIMITS}, "sys"),
        account.public, encode_jwt(operator, account.public, {"type": "account", "limits": OPERATOR_LIMITS}, "acc")))
    varz = server.varz()
    eq(varz["trusted_operators_jwt"], [token])
    eq(varz["system_account"], system.public)
    claim = varz["trusted_operators_claim"][0]
    eq((claim["name"], claim["sub"], claim["iss"]), ("op", operator.public, operator.public))
    eq(claim["nats"]["type"], "operator")
    check(varz["auth_required"] is True, "auth_required")
