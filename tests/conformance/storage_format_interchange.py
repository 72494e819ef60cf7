"""Storage: stores change hands between servers; cluster and resolver directories (items 51, 56 to 59)."""

import hashlib
import json
import os
import shutil
import struct

from lib import *
from lib.backups import restore, sample
from lib.consumers import fetch, make
from lib.highway import checksum
from lib.jetstream import SECOND, STORE
from lib.process import free_ports
from lib.storedir import read
from lib.stores import contents, no_warnings, own, same_contents, stop

SHEET = "storage_format"
EXPLICIT = {"ack_policy": "explicit", "ack_wait": 3600 * SECOND}
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
KEYS = 'jetstream { store_dir: "js", max_mem: 256MB, max_file: 2GB, key: "interchange", cipher: %s }\n'
# What an older release says about an index.db of a newer one.
INDEX_VERSION = ("Stream state magic and version mismatch", "Recovering stream state from index errored")


def other_binary(ctx):
    """The reference: of `--peer`, of MIDGE_PEER, or the server under test when it is the reference itself."""
    path = ctx.peer or os.environ.get("MIDGE_PEER") or (ctx.binary if ctx.is_peer else None)
    if not path or not os.access(path, os.X_OK):
        ctx.skip("no reference server (--peer or MIDGE_PEER)")
    return path


def older_binaries(ctx):
    """Binaries of older releases, from MIDGE_OLDER_PEERS (paths separated by colons): [(release, path)]."""
    found = []
    for path in filter(None, os.environ.get("MIDGE_OLDER_PEERS", "").split(":")):
        _, text = run_binary(path, "--version")
        found.append((tuple(map(int, matches(text, r"v(\d+)\.(\d+)\.(\d+)", "version").groups())), path))
    if not found:
        ctx.skip("no older releases (MIDGE_OLDER_PEERS)")
    return found


def fill_store(js):
    """Streams of many shapes."""
    js.create("PLAIN", "plain.>")
    for number in range(1, 11):
        js.pub("plain.%d" % (number % 3), b"order %d" % number,
               {"N": str(number), "Nats-Msg-Id": "id-%d" % number} if number % 3 == 0 else None)
    js.pub("plain.raw", bytes(range(256)), [("K", "1"), ("K", "2")])
    js.pub("plain.empty", b"")
    js.create("EMPTY", "empty")
    js.create("BLOCKS", "blocks.>", max_bytes=127000)
    js.create("ZIP", "zip.>", max_bytes=127000, compression="s2")
    for number in range(1, 101):
        for name in ("blocks", "zip"):
            js.pub("%s.%d" % (name, number % 4), (b"%05d|" % number + b"abcdefghij" * 100)[:900])
    for seq in (5, 50, 51, 90):
        js.delete_msg("BLOCKS", seq, no_erase=True)
        js.delete_msg("ZIP", seq)
    js.create("DELETES", "deletes.>")
    js.pub_many(["deletes.a", "deletes.b"] * 6)
    js.delete_msg("DELETES", 1)
    js.delete_msg("DELETES", 6, no_erase=True)
    js.purge("DELETES", filter="deletes.b", keep=2)
    js.delete_msg("DELETES", 12, no_erase=True)
    js.create("PURGED", "purged")
    js.pub_many(["purged"] * 5)
    js.purge("PURGED")
    js.create("EMPTIED", "emptied")
    js.pub_many(["emptied"] * 3)
    for seq in (2, 1, 3):
        js.delete_msg("EMPTIED", seq)
    js.create("FIRST", "first", first_seq=500)
    js.pub_many(["first"] * 2)
    js.create("KV_B", "$KV.B.>", max_msgs_per_subject=3, discard="new", allow_rollup_hdrs=True, deny_delete=True, allow_direct=True)
    for number in range(20):
        js.pub("$KV.B.k%d" % (number % 4), b"v%d" % number)
    js.pub("$KV.B.k1", b"", {"KV-Operation": "DEL"})
    js.create("LIMITED", "limited", max_msgs=4)
    js.pub_many(["limited"] * 9)
    js.create("TTL", "ttl.>", allow_msg_ttl=True)
    for ttl in ("1000h", "never", None):
        js.pub("ttl.a", b"x", {"Nats-TTL": ttl} if ttl else None)
    js.create("WORK", "work.>", retention="workqueue")
    js.create("INTEREST", "interest.>", retention="interest")
    for stream, name, config in (
            ("PLAIN", "EXPLICIT", EXPLICIT), ("PLAIN", "ALL", dict(EXPLICIT, ack_policy="all")), ("PLAIN", "NONE", {}),
            ("PLAIN", "LAST", dict(EXPLICIT, deliver_policy="last")),
            ("PLAIN", "FILTER", dict(EXPLICIT, filter_subjects=["plain.1", "plain.2"])),
            ("PLAIN", "PUSH", {"deliver_subject": "push"}), ("PLAIN", "FRESH", EXPLICIT), ("WORK", "W", EXPLICIT),
            ("INTEREST", "I", EXPLICIT), ("INTEREST", "J", EXPLICIT)):
        make(js, dict(config, durable_name=name, metadata={"of": name}), name, stream=stream)
    js.pub_many(["work.a"] * 6 + ["interest.a"] * 6)
    messages = fetch(js, "PLAIN", "EXPLICIT", 6)
    for index in (0, 1, 3):
        js.ack_sync(messages[index])
    js.ack_sync(messages[4], b"-NAK")
    fetch(js, "PLAIN", "EXPLICIT")
    js.ack_sync(fetch(js, "PLAIN", "ALL", 5)[2])
    fetch(js, "PLAIN", "NONE", 3)
    fetch(js, "PLAIN", "FILTER", 3)
    messages = fetch(js, "WORK", "W", 4)
    js.ack_sync(messages[0])
    js.ack_sync(messages[2])
    js.ack_sync(messages[1], b"+TERM")
    for name, count in (("I", 4), ("J", 2)):
        for message in fetch(js, "INTEREST", name, count):
            js.ack_sync(message)


def configs(js):
    """{name or (stream, name): config} of all streams and consumers, without the versions."""
    out = {}
    for entry in js.ok("STREAM.LIST")["streams"]:
        name = entry["config"]["name"]
        out[name] = dict(entry["config"], created=entry["created"])
        for consumer in js.ok("CONSUMER.LIST." + name)["consumers"]:
            out[name, consumer["name"]] = dict(consumer["config"], created=consumer["created"])
    for config in out.values():
        config["metadata"] = {key: value for key, value in config.get("metadata", {}).items()
                              if key not in ("_nats.ver", "_nats.level")}
    return out


def change(js, mark):
    """Small changes that must survive the way back."""
    js.pub("plain.back", b"written by " + mark)
    js.pub("zip.back", b"x" * 900)
    js.delete_msg("PLAIN", 7 if mark == b"one" else 8)
    js.pub("$KV.B.k2", b"new")
    for message in fetch(js, "WORK", "W", 1):
        js.ack_sync(message)
    fetch(js, "PLAIN", "FILTER", 1)


def hand_over(ctx, js, binary, config, kill=False, allowed=(), described=True):
    """The store of a server (which is stopped or killed) opened by another binary with the same content.
    `allowed`: texts of warnings that may come; `described`: the configurations are compared, too."""
    before, config_before = contents(js), configs(js)
    if kill:
        # Consumer states may be older on disk than in memory until they are written.
        for stream in before:
            before[stream]["consumers"] = None
    stop(js, kill)
    server = ctx.start(config, binary=binary)
    server.stop()
    shutil.rmtree(server.path("js"))
    shutil.move(js.server.path("js"), server.path("js"))
    server.start()
    js = jetstream(ctx, server=server)
    got = contents(js)
    if kill:
        for stream in got:
            got[stream]["consumers"] = {}
            before[stream]["consumers"] = {}
            # The reference counts the room that Midge makes behind records, after a crash (docs/DURABILITY.md).
            told = (before if binary == ctx.binary else got)[stream]["state"]
            if "lost" in told and told["lost"]["msgs"] is None:
                del told["lost"]
    same_contents(got, before)
    if described:
        eq(configs(js), config_before, "configurations")
    no_warnings(js, *allowed)
    return js


def changes_hands(name, config, kill=False):
    def run(ctx):
        peer = other_binary(ctx)
        stale = ("Stream state outdated", "Recovering stream state from index errored", "TTL state is outdated",
                 "Stream state error reading encryption key") if kill else ()
        js = own(ctx, config)
        fill_store(js)
        if not kill:
            # After a crash the reference lets a message come back that a limit had removed.
            js.delete_msg("LIMITED", 8, no_erase=True)
        js = hand_over(ctx, js, peer, config, kill, stale)
        change(js, b"one")
        js = hand_over(ctx, js, ctx.binary, config, kill, stale)
        change(js, b"two")
        js = hand_over(ctx, js, peer, config, kill, stale)
        eq(js.get("PLAIN", last_by_subj="plain.back")["data"], b"written by two", "the last change")
    run.__name__ = name
    return run


for title, text, killed in (("a_store_changes_hands", STORE, False), ("a_store_changes_hands_after_a_crash", STORE, True),
                            ("a_chacha_store_changes_hands", KEYS % "chachapoly", False),
                            ("an_aes_store_changes_hands", KEYS % "aes", False)):
    test(SHEET, 59, needs="jetstream", slow=True)(changes_hands(title, text, killed))


@test(SHEET, 59, needs="jetstream", slow=True)
def an_unclean_index_changes_hands(ctx):
    """The other server rebuilds what it gets without index.db to the same content."""
    peer = other_binary(ctx)
    js = own(ctx)
    fill_store(js)
    before = contents(js)
    account = stop(js)
    for name in account.streams():
        account.stream(name).remove_index()
    server = ctx.start(STORE, binary=peer)
    server.stop()
    shutil.rmtree(server.path("js"))
    shutil.copytree(js.server.path("js"), server.path("js"))
    server.start()
    js = jetstream(ctx, server=server)
    same_contents(contents(js), before)
    no_warnings(js)


@test(SHEET, 51, needs=("jetstream", "snapshots", "older_peer"))
def older_releases_refuse_form_2(ctx):
    for release, path in older_binaries(ctx):
        js = jetstream(ctx, server=ctx.start(STORE, binary=path))
        config, state, data = sample("v2-2.15.1-ORDERS")
        answer = restore(js, "ORDERS", config, state, data)
        eq(answer["error"]["err_code"], 10062, "error of %d.%d.%d" % release)
        matches(answer["error"]["description"], r"^restore failed: (unexpected EOF|archive/tar: invalid tar header)$", "text")


@test(SHEET, 56, needs=("jetstream", "older_peer"))
def stores_open_in_older_releases(ctx):
    for release, path in older_binaries(ctx):
        if release < (2, 10):
            continue
        js = own(ctx)
        fill_store(js)
        if release < (2, 11):
            # Which know no TTLs, and take a stream with a first sequence for an empty one.
            js.delete("TTL")
            js.delete("FIRST")
        allowed = INDEX_VERSION if release < (2, 14) else ()
        js = hand_over(ctx, js, path, STORE, allowed=allowed, described=release >= (2, 11))
        change(js, b"one")
        if release >= (2, 12):
            # Older ones do not count deletes of messages that a consumer of several filters waits for.
            hand_over(ctx, js, ctx.binary, STORE)


# -- cluster --------------------------------------------------------------------------------------------

def node_id(name):
    """Id of a server name in Raft files."""
    return "".join(DIGITS[byte % 62] for byte in hashlib.sha256(name.encode()).digest()[:8]).encode()


def sealed(data, name):
    """The bytes in front of the hash, which is checked."""
    eq(data[-8:], checksum(name, data[:-8]), "hash under %s" % name)
    return data[:-8]


def parse_peers(data):
    """peers.idx: (cluster size, ids, domain extension)."""
    size, count = struct.unpack_from("<II", data)
    ids = [data[8 + 8 * i:16 + 8 * i] for i in range(count)]
    return size, ids, struct.unpack_from("<H", data, 8 + 8 * count)[0]


@test(SHEET, 57, needs=("jetstream", "cluster"), slow=True, timeout=180)
def files_of_raft_groups(ctx):
    names = ("N1", "N2", "N3")
    eq(node_id("N1"), b"xZ93l5JM", "id of N1")
    ports = free_ports(3)
    routes = ", ".join('"nats://127.0.0.1:%d"' % port for port in ports)
    servers = [ctx.start('server_name: %s\njetstream { store_dir: "js" }\ncluster { name: c, listen: "127.0.0.1:%d", routes: [%s] }\n'
                         'accounts { A { jetstream: enabled, users: [{user: a, password: p}] }\n SYS { users: [{user: s, password: p}] } }\n'
                         'system_account: SYS\nno_auth_user: a\n' % (name, port, routes)) for name, port in zip(names, ports)]
    client = ctx.client(servers[0], headers=True, no_responders=True)
    js = JetStream(client, servers[0])

    def until(name, body, part):
        """Asks until the answer has a part."""
        wait_until(lambda: part in (js.ask("$JS.API." + name, body, timeout=1) or Frame("?", b"")).raw, name, 60)

    until("STREAM.NAMES", b"", b'"streams"')
    until("STREAM.CREATE.S", {"name": "S", "subjects": ["s.>"], "num_replicas": 3}, b'"created"')
    for _ in range(20):
        wait_until(lambda: js.ask("s.a", b"x", timeout=2) is not None, "an ack")
    until("CONSUMER.CREATE.S.C", {"stream_name": "S", "config": dict(EXPLICIT, durable_name="C")}, b'"created"')
    for server in servers:
        server.stop()
    kinds = set()
    for server in servers:
        root = os.path.join(server.path("js"), "jetstream", "SYS", "_js_")
        groups = sorted(os.listdir(root))
        check("_meta_" in groups and len(groups) == 3, groups)
        for group in groups:
            path = os.path.join(root, group)
            size, ids, domain = parse_peers(read(os.path.join(path, "peers.idx")))
            eq((size, sorted(ids)), (3, sorted(node_id(name) for name in names)), "peers of " + group)
            check(domain in (0, 1, 2), domain)
            vote = read(os.path.join(path, "tav.idx"))
            check(len(vote) in (8, 16), "tav.idx of %d bytes" % len(vote))
            check(struct.unpack_from("<Q", vote)[0] >= 1, "term")
            check(len(vote) == 8 or vote[8:] in ids, "vote")
            meta = json.loads(read(os.path.join(path, "meta.inf")))
            eq((meta["name"], read(os.path.join(path, "meta.sum"))),
               (group, checksum(group, read(os.path.join(path, "meta.inf"))).hex().encode()), "meta files of " + group)
            if group != "_meta_":
                matches(group, r"^[SC]-R3F-[0-9A-Za-z]{8}$", "name of a group")
                eq((meta["metadata"]["account"], meta["metadata"]["stream"]), ("A", "S"), "metadata of " + group)
            commit = os.path.join(path, "commit.idx")
            if os.path.exists(commit):
                eq(len(sealed(read(commit), group)), 8, "commit.idx")
                kinds.add("commit.idx")
            snapshots = os.path.join(path, "snapshots")
            for name in sorted(os.listdir(snapshots)) if os.path.isdir(snapshots) else ():
                found = matches(name, r"^snap\.(\d+)\.(\d+)$", "name of a snapshot")
                data = sealed(read(os.path.join(snapshots, name)), group)
                term, index, length = struct.unpack_from("<QQI", data)
                eq((term, index), (int(found[1]), int(found[2])), "head of " + name)
                eq(sorted(parse_peers(data[20:20 + length])[1]), sorted(ids), "peers in " + name)
                kinds.add("snapshot of " + ("meta" if group == "_meta_" else group[0]))
                if group[0] == "S":
                    eq(data[20 + length:22 + length] in (b"\x2a\x01", b"\x2a\x02"), True, "head of the stream's state")
    check("commit.idx" in kinds and "snapshot of S" in kinds and "snapshot of meta" in kinds, kinds)


# -- resolver -------------------------------------------------------------------------------------------

def claims_update(system, token, subject="$SYS.REQ.CLAIMS.UPDATE"):
    reply = system.request_json(subject, token)
    check("error" not in reply, reply)
    return reply


def resolver_files(ctx, options, after):
    operator, account, sys_account = KeyPair("O"), KeyPair("A"), KeyPair("A")
    unlimited = {"subs": -1, "conn": -1, "leaf": -1, "imports": -1, "exports": -1, "data": -1, "payload": -1, "wildcards": True}
    sys_token = encode_jwt(operator, sys_account.public, {"type": "account", "limits": unlimited}, "sys")
    server = ctx.start('operator: "%s"\nsystem_account: "%s"\nresolver { type: full, dir: jwts, %s }\nresolver_preload { %s: "%s" }\n' % (
        encode_jwt(operator, operator.public, {"type": "operator", "system_account": sys_account.public}, "op"),
        sys_account.public, options, sys_account.public, sys_token))
    system = ctx.raw(server)
    user = KeyPair("U")
    system.connect(jwt=encode_jwt(sys_account, user.public, {"type": "user", "subs": -1, "data": -1, "payload": -1}, "u"),
                   sig=user.sign_nonce(system.info["nonce"]), headers=True, no_responders=True)
    folder = server.path("jwts")
    eq(read(os.path.join(folder, sys_account.public + ".jwt")), sys_token.encode(), "file of the preloaded account")
    token = encode_jwt(operator, account.public, {"type": "account", "limits": unlimited}, "acc")
    claims_update(system, token)
    path = os.path.join(folder, account.public + ".jwt")
    eq(read(path), token.encode(), "file of the account")
    eq(os.stat(path).st_mode & 0o777, 0o600, "mode")
    delete = encode_jwt(operator, operator.public, {"type": "generic", "accounts": [account.public]}, "delete")
    claims_update(system, delete, "$SYS.REQ.CLAIMS.DELETE")
    wait_until(lambda: not os.path.exists(path), "the file is gone")
    eq(os.path.exists(path + ".deleted"), after, ".deleted")


@test(SHEET, 58, needs="operator")
def deleted_tokens_are_renamed(ctx):
    resolver_files(ctx, "allow_delete: true", True)


@test(SHEET, 58, needs="operator")
def deleted_tokens_are_removed(ctx):
    resolver_files(ctx, "allow_delete: true, hard_delete: true", False)
