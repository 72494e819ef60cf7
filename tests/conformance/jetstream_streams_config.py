"""Stream configuration: jetstream-streams.md 1 and 2.1, items 1 to 22."""

from lib import *
from lib.jetstream import *

case = cases("jetstream_streams")

DEFAULTS = [
    ("name", "A"), ("subjects", ["A"]), ("retention", "limits"), ("max_consumers", -1), ("max_msgs", -1), ("max_bytes", -1),
    ("max_age", 0), ("max_msgs_per_subject", -1), ("max_msg_size", -1), ("discard", "old"), ("storage", "file"),
    ("num_replicas", 1), ("duplicate_window", 120 * SECOND), ("compression", "none"), ("allow_direct", False),
    ("mirror_direct", False), ("sealed", False), ("deny_delete", False), ("deny_purge", False), ("allow_rollup_hdrs", False),
    ("consumer_limits", {}), ("allow_msg_ttl", False)]


def without_metadata(config):
    return {key: value for key, value in config.items() if key != "metadata"}


@case(1)
def defaults(ctx):
    js = jetstream(ctx)
    reply = js.create("A")
    eq(list(reply), ["type", "config", "created", "state", "ts", "did_create"], "members of the reply")
    eq(reply["did_create"], True, "did_create")
    config = reply["config"]
    eq(list(without_metadata(config).items()), DEFAULTS, "configuration")
    eq(list(config)[-1], "metadata", "last member")
    level, version = js.client.info["api_lvl"], js.client.info["version"]
    eq(config["metadata"], {"_nats.level": str(level), "_nats.req.level": "0", "_nats.ver": version}, "metadata")
    eq(reply["state"], {"messages": 0, "bytes": 0, "first_seq": 0, "first_ts": ZERO_TIME, "last_seq": 0, "last_ts": ZERO_TIME,
                        "consumer_count": 0}, "state")
    check(nanos(reply["created"]) <= nanos(reply["ts"]), "created is after ts")
    info = js.info("A")
    eq((info["config"], info["created"]), (config, reply["created"]), "configuration and time in info")


@case(1)
def zero_and_negative_limits_become_unlimited(ctx):
    js = jetstream(ctx)
    names = ("max_consumers", "max_msgs", "max_bytes", "max_msgs_per_subject", "max_msg_size")
    for value in (0, -1, -7):
        config = js.create("A%d" % -value, **{name: value for name in names})["config"]
        eq([config[name] for name in names], [-1] * 5, "limits of %d" % value)
    eq(js.create("R", num_replicas=0)["config"]["num_replicas"], 1, "replicas of 0")


@case(1)
def every_field_comes_back(ctx):
    js = jetstream(ctx)
    wanted = {
        "description": "what", "subjects": ["a.*", "b.>"], "retention": "interest", "max_consumers": 7, "max_msgs": 1000,
        "max_bytes": 1 << 20, "max_age": 3600 * SECOND, "max_msgs_per_subject": 5, "max_msg_size": 4096, "discard": "new",
        "storage": "memory", "num_replicas": 1, "no_ack": True, "duplicate_window": 30 * SECOND, "compression": "s2",
        "subject_transform": {"src": "a.*", "dest": "c.{{wildcard(1)}}"},
        "republish": {"src": "c.*", "dest": "r.{{wildcard(1)}}", "headers_only": True}, "allow_direct": True,
        "discard_new_per_subject": True, "deny_delete": True, "deny_purge": True,
        "consumer_limits": {"inactive_threshold": 60 * SECOND, "max_ack_pending": 50}, "allow_msg_ttl": True}
    config = js.create("A", **wanted)["config"]
    for name, value in wanted.items():
        eq(config[name], value, name)
    order = [name for name in config if name != "metadata"]
    eq(order, ["name", "description", "subjects", "retention", "max_consumers", "max_msgs", "max_bytes", "max_age",
               "max_msgs_per_subject", "max_msg_size", "discard", "storage", "num_replicas", "no_ack", "duplicate_window",
               "compression", "subject_transform", "republish", "allow_direct", "mirror_direct", "discard_new_per_subject",
               "sealed", "deny_delete", "deny_purge", "allow_rollup_hdrs", "consumer_limits", "allow_msg_ttl"], "order")


@case(2)
def repeated_create(ctx):
    js = jetstream(ctx)
    first = js.create("A", ["a", "b"], max_msgs=10)
    again = js.create("A", ["a", "b"], max_msgs=10, max_age=0, storage="file", retention="limits", discard="old")
    eq((again["did_create"], again["config"], again["created"]), (True, first["config"], first["created"]), "second reply")
    js.create("A", ["a", "b"], max_msgs=10, max_bytes=-5, duplicate_window=120 * SECOND)
    js.pub("a")
    eq(js.create("A", ["a", "b"], max_msgs=10)["state"]["messages"], 1, "state of a repeated create")
    for change in ({"max_msgs": 11}, {"description": "x"}, {"discard": "new"}, {"storage": "memory"}, {"retention": "interest"},
                   {"metadata": {"k": "v"}}, {"allow_direct": True}, {"duplicate_window": SECOND}, {"first_seq": 5},
                   {"max_age": SECOND * 600}, {"subjects": ["a"]}, {"subjects": ["a", "b", "c"]}, {"max_consumers": 4},
                   {"consumer_limits": {"max_ack_pending": 4}}, {"republish": {"src": "a", "dest": "r"}}, {"compression": "s2"}):
        js.create_err("A", 10058, 400, "stream name already in use with a different configuration",
                      **dict({"subjects": ["a", "b"], "max_msgs": 10}, **change))
    eq(js.info("A")["config"], first["config"], "configuration after refused creates")


@case(3)
def order_of_subjects_matters(ctx):
    js = jetstream(ctx)
    js.create("A", ["b", "a"])
    eq(js.info("A")["config"]["subjects"], ["b", "a"], "subjects")
    js.create_err("A", 10058, 400, subjects=["a", "b"])


@case(4)
def client_metadata_of_the_server(ctx):
    js = jetstream(ctx)
    own = {"_nats.level": "99", "_nats.req.level": "98", "_nats.ver": "zzz"}
    reply = js.create("A", metadata=dict(own, key="value", **{"_nats.other": "o"}))
    served = {"_nats.level": str(js.client.info["api_lvl"]), "_nats.req.level": "0", "_nats.ver": js.client.info["version"]}
    eq(reply["config"]["metadata"], dict(served, key="value", **{"_nats.other": "o"}), "metadata")
    js.create("A", metadata={"key": "value", "_nats.other": "o"})
    js.create("A", metadata={"key": "value", "_nats.other": "o", "_nats.level": "1"})
    js.create_err("A", 10058, 400, metadata={"key": "value"})
    js.create_err("A", 10058, 400, metadata={"key": "other", "_nats.other": "o"})
    eq(js.update("A", metadata=own)["config"]["metadata"], served, "metadata after an update")


@case(5)
def unknown_field(ctx):
    js = jetstream(ctx)
    for field in ("template_owner", "nope"):
        for operation in ("CREATE", "UPDATE"):
            js.err("STREAM.%s.A" % operation, {"name": "A", field: ""}, 10025, 400, 'invalid JSON: json: unknown field "%s"' % field)
    js.err("STREAM.CREATE.A", {"name": "A", "consumer_limits": {"nope": 1}}, 10025, 400, 'invalid JSON: json: unknown field "nope"')
    js.err("STREAM.INFO.A", b"", 10059, 404, "stream not found")


@case(6)
def wrong_types_and_enums(ctx):
    js = jetstream(ctx)
    for change in ({"retention": None}, {"retention": 1}, {"retention": "Limits"}, {"retention": "x"}, {"discard": "x"}, {"discard": None},
                   {"storage": "File"}, {"storage": "disk"}, {"storage": None}, {"compression": ""}, {"compression": "S2"}, {"max_msgs": "1"},
                   {"max_msgs": 1.5}, {"max_msgs": 1 << 63}, {"first_seq": -1}, {"subjects": "a"}, {"subjects": [1]}, {"no_ack": "true"}, {"no_ack": 1},
                   {"max_msg_size": 1 << 31}, {"metadata": {"a": 1}}, {"name": 1}, {"max_age": "1s"}, {"placement": []}):
        reply = js.request("STREAM.CREATE.A", dict({"name": "A"}, **change))
        check("error" in reply, "accepted: %r" % change)
        eq((reply["error"]["err_code"], reply["error"]["code"], reply["error"]["description"][:14]), (10025, 400, "invalid JSON: "),
           "error of %r" % change)
    for body in ("{", "[]", "x", '"name"', "7", '{"name":"A"'):
        reply = js.request("STREAM.CREATE.A", body)
        eq((reply["error"]["err_code"], reply["error"]["code"]), (10025, 400), "error of %r" % body)
    eq(js.create("D", discard="NEW")["config"]["discard"], "new", "discard")
    eq(js.create("E", discard="Old")["config"]["discard"], "old", "discard")
    eq(js.create("N", subjects=None, metadata=None, max_msgs=None, consumer_limits=None)["config"]["subjects"], ["N"], "subjects of nulls")


@case(7)
def pedantic_limits(ctx):
    js = jetstream(ctx)
    for name in ("max_msgs", "max_msgs_per_subject", "max_bytes", "max_msg_size", "max_consumers"):
        js.create_err("A", 10157, 400, "pedantic mode: %s must be set to -1" % name, pedantic=True, **{name: -5})
        js.create("P" + name, pedantic=True, **{name: 0})
    reply = js.create("A", pedantic=True, max_msgs=-1)
    check("pedantic" not in reply["config"], "pedantic is echoed")
    js.update_err("A", 10157, 400, "pedantic mode: max_msgs must be set to -1", pedantic=True, max_msgs=-2)
    js.update("A", pedantic=False, max_msgs=-2)


@case(7)
def pedantic_others(ctx):
    js = jetstream(ctx, STORE.replace("}", ", limits { duplicate_window: 60s } }"))
    js.create_err("A", 10157, 400, "pedantic mode: duplicate window limits are higher than current limits", pedantic=True)
    js.create("A", pedantic=True, duplicate_window=SECOND, max_age=30 * SECOND)
    js.create_err("B", 10157, 400, "pedantic mode: republish source can not be empty", pedantic=True, duplicate_window=SECOND,
                  republish={"src": "", "dest": "x"})
    js.create_err("B", 10052, 500, "subject delete marker cannot be set if message TTLs are disabled", pedantic=True,
                  duplicate_window=SECOND, subject_delete_marker_ttl=SECOND)
    js.create_err("B", 10052, 500, "subject delete marker cannot be set if roll-ups are disabled", pedantic=True,
                  duplicate_window=SECOND, subject_delete_marker_ttl=SECOND, allow_msg_ttl=True)
    js.create("B", pedantic=True, duplicate_window=SECOND, subject_delete_marker_ttl=SECOND, allow_msg_ttl=True, allow_rollup_hdrs=True)


@case(7)
def pedantic_window_and_max_age(ctx):
    js = jetstream(ctx)
    js.create_err("A", 10157, 400, "pedantic mode: duplicate window cannot be bigger than max age", pedantic=True, max_age=30 * SECOND)
    js.create("A", pedantic=True, max_age=300 * SECOND)


@case(7, "schedules")
def pedantic_schedules(ctx):
    js = jetstream(ctx)
    js.create_err("B", 10052, 500, "message scheduling cannot be set if roll-ups are disabled", pedantic=True, allow_msg_schedules=True)
    js.create("B", pedantic=True, allow_msg_schedules=True, allow_rollup_hdrs=True)


@case(8)
def ages_and_windows(ctx):
    js = jetstream(ctx)

    def refused(text, **config):
        js.create_err("A", 10052, 500, text, **config)
        js.update_err("A", 10052, 500, text, **config)

    refused("max age needs to be >= 100ms", max_age=1)
    refused("max age needs to be >= 100ms", max_age=100 * MS - 1)
    refused("max age can not be negative", max_age=-1)
    refused("duplicates window needs to be >= 100ms", duplicate_window=1)
    refused("duplicates window can not be negative", duplicate_window=-1)
    refused("duplicates window can not be larger then max age", duplicate_window=2 * SECOND, max_age=SECOND)
    eq(js.create("A", max_age=100 * MS)["config"]["duplicate_window"], 100 * MS, "window of a short max_age")
    eq(js.create("B", max_age=3600 * SECOND)["config"]["duplicate_window"], 120 * SECOND, "window of a long max_age")
    eq(js.create("C", duplicate_window=100 * MS)["config"]["duplicate_window"], 100 * MS, "shortest window")


@case(8)
def texts_of_other_rules(ctx):
    js = jetstream(ctx)
    for text, config in (
            ("discard new per subject requires discard new policy to be set", {"discard_new_per_subject": True, "max_msgs_per_subject": 1}),
            ("discard new per subject requires max msgs per subject > 0", {"discard_new_per_subject": True, "discard": "new"}),
            ("roll-ups require the purge permission", {"deny_purge": True, "allow_rollup_hdrs": True}),
            ("subject delete marker TTL must be at least 1 second", {"subject_delete_marker_ttl": SECOND - 1}),
            ("subject delete marker TTL must not be negative", {"subject_delete_marker_ttl": -1}),
            ("stream configuration for create can not be sealed", {"sealed": True}),
            ("stream has no mirror but does have mirror direct", {"mirror_direct": True})):
        js.create_err("A", 10052, 500, text, **config)
    js.err("STREAM.INFO.A", b"", 10059, 404)


@case(9)
def replicas(ctx):
    js = jetstream(ctx)
    js.create_err("A", 10074, 500, "replicas > 1 not supported in non-clustered mode", num_replicas=3)
    js.create_err("A", 10052, 500, "maximum replicas is 5", num_replicas=6)
    js.create_err("A", 10133, 400, "replicas count cannot be negative", num_replicas=-1)
    js.create("A")
    js.update_err("A", 10074, 500, "replicas > 1 not supported in non-clustered mode", num_replicas=3)


@case(10)
def subjects_of_the_system(ctx):
    js = jetstream(ctx)
    api = "subjects that overlap with jetstream api require no-ack to be true"
    system = "subjects that overlap with system api require no-ack to be true"
    for subject, text in ((">", "capturing all subjects requires no-ack to be true"), ("$JS.>", api), ("$JS.API.>", api), ("$JS.*", api),
                          ("*.API.>", api), ("$JSC.>", api), ("$NRG.x", api), ("*.*", api), ("$JS.EVENT", api), ("$SYS.>", system),
                          ("$SYS.REQ.x", system), ("$SYS.ACCOUNT", system)):
        js.create_err("A", 10052, 500, text, subjects=[subject])
    for number, subject in enumerate(("$JS.EVENT.>", "$SYS.ACCOUNT.>", "$KV.b.>", "$OBJ.b.C.>", "$other.>")):
        js.create("S%d" % number, subject)
    js = jetstream(ctx, guard=False)
    js.create("ALL", ">", no_ack=True)
    js.create_err("MORE", 10052, 500, "capturing all subjects requires replicas of 1", subjects=[">"], no_ack=True, num_replicas=3)


@case(10)
def invalid_subjects(ctx):
    js = jetstream(ctx)
    for subject in ("", ".", "a.", ".a", "a..b", "a b", "a.\t", "a.>.b"):
        js.create_err("A", 10052, 500, "invalid subject", subjects=[subject])
    js.create("A", ["a*", "b>", "c.*d"])
    js.pub("c.*d")


@case(11)
def overlap_within_a_stream(ctx):
    js = jetstream(ctx)
    js.create_err("A", 10052, 500, 'subject "a" overlaps with "a"', subjects=["a", "a"])
    js.create_err("A", 10052, 500, 'subject "a.*" overlaps with "a.b"', subjects=["a.*", "a.b"])
    js.create_err("A", 10052, 500, 'subject "a.b" overlaps with "a.*"', subjects=["x", "a.b", "a.*"])
    js.create_err("A", 10052, 500, 'subject "x.*.b" overlaps with "x.a.*"', subjects=["x.*.b", "x.a.*"])
    js.create_err("A", 10052, 500, 'subject "a.>" overlaps with "a.b.c"', subjects=["a.>", "a.b.c"])
    js.create("A", ["a", "a.*", "a.*.*", "b.>"])


@case(12)
def overlap_with_another_stream(ctx):
    js = jetstream(ctx)
    js.create("A", ["a.*", "b"])
    for subject in ("a.b", "a.*", "a.>", "b"):
        js.create_err("B", 10065, 400, "subjects overlap with an existing stream", subjects=["z", subject])
    js.create("B", ["a.b.c", "a", "c"])
    js.update_err("B", 10065, 400, "subjects overlap with an existing stream", subjects=["a.*.*", "a.*"])
    eq(js.info("B")["config"]["subjects"], ["a.b.c", "a", "c"], "subjects after a refused update")
    js.delete("A")
    js.update("B", ["a.*"])


@case(12)
def accounts_are_apart(ctx):
    config = STORE + ("accounts { A { jetstream: enabled, users: [ {user: a, password: p} ] }, "
                      "B { jetstream: enabled, users: [ {user: b, password: p} ] } }\n")
    first = jetstream(ctx, config, guard=False, user="a", **{"pass": "p"})
    second = jetstream(ctx, server=first.server, user="b", **{"pass": "p"})
    first.create("S", "s.*")
    second.create("S", "s.*")
    first.pub("s.x")
    second.pub_many(["s.x", "s.y"])
    eq((first.state("S")["messages"], second.state("S")["messages"]), (1, 2), "messages")
    first.delete("S")
    eq(second.state("S")["messages"], 2, "messages of the other account")


@case(13)
def no_ack_stream_captures_the_api(ctx):
    js = jetstream(ctx)
    js.create("J", "$JS.API.>", no_ack=True)
    js.create("A")
    js.info("A")
    wait_until(lambda: js.state("J")["messages"] > 3, "captured requests")
    message = js.get("J", last_by_subj="$JS.API.STREAM.CREATE.A")
    eq(decode(message["data"]), {"name": "A"}, "captured request")
    js.delete("J")


@case(14)
def names(ctx):
    js = jetstream(ctx)
    for name in ("$x", "a:b", "ü", 'a"b', "a-b_c", "N" * 255, "{}", "%", "@", "a'b", "~"):
        js.create(name, "s." + name)
        js.pub("s." + name)
        eq(js.state(name)["messages"], 1, "messages of %r" % name)
        js.delete(name)
    text = "stream name is required and can not contain '.', '*', '>', '\\', '/'"
    for name in ("a*b", "*b", "b*", "a>", ">b"):
        js.create_err(name, 10052, 500, text)
    js.create_err("N" * 256, 10052, 500, "stream name is too long, maximum allowed is 255")
    for name in ("a/b", "a\\b", "/"):
        js.create_err(name, 10128, 400, "Stream name can not contain path separators")
    js.silent(API + ".STREAM.CREATE.a.b", {"name": "a.b"})
    js.err("STREAM.CREATE.A", {"name": "B"}, 10056, 400, "stream name in subject does not match request")
    js.err("STREAM.CREATE.A", b"", 10056, 400, "stream name in subject does not match request")
    js.err("STREAM.CREATE.A", {}, 10056, 400)


@case(15)
def placement(ctx):
    js = jetstream(ctx)
    check("placement" not in js.create("A", placement={})["config"], "empty placement is kept")
    js.create("A")
    js.create_err("B", 10052, 500, "preferred server not permitted in placement", placement={"preferred": "x"})
    wanted = {"cluster": "C", "tags": ["a", "b"]}
    eq(js.create("B", placement=wanted)["config"]["placement"], wanted, "placement")
    eq(js.create("C", placement={"tags": ["x"]})["config"]["placement"], {"tags": ["x"]}, "placement")


@case(16)
def first_sequence(ctx):
    js = jetstream(ctx)
    for storage in ("file", "memory"):
        name = "F" + storage
        state = js.create(name, first_seq=100, storage=storage)["state"]
        eq((state["first_seq"], state["last_seq"], state["messages"]), (100, 99, 0), "state")
        eq(js.pub(name)["seq"], 100, "sequence")
        state = js.state(name)
        eq((state["first_seq"], state["last_seq"], state["messages"]), (100, 100, 1), "state")
        eq(js.info(name)["config"]["first_seq"], 100, "first_seq")


@case(17)
def marker_ttl_sets_others(ctx):
    js = jetstream(ctx)
    config = js.create("A", subject_delete_marker_ttl=SECOND, deny_purge=True)["config"]
    eq([config[name] for name in ("allow_msg_ttl", "allow_rollup_hdrs", "deny_purge", "subject_delete_marker_ttl")],
       [True, True, False, SECOND], "configuration")
    js.create("A", subject_delete_marker_ttl=SECOND)
    js.create("B", deny_purge=True)
    js.update_err("B", 10052, 500, "stream configuration update can not cancel deny purge", deny_purge=True, subject_delete_marker_ttl=SECOND)


@case(18, "schedules")
def schedules_set_others(ctx):
    js = jetstream(ctx)
    config = js.create("A", allow_msg_schedules=True, deny_purge=True)["config"]
    eq([config[name] for name in ("allow_msg_schedules", "allow_rollup_hdrs", "deny_purge", "allow_msg_ttl")], [True, True, False, False],
       "configuration")
    js.create_err("B", 10052, 500, "message scheduling cannot use discard new", allow_msg_schedules=True, discard="new")


def level_of(js, **config):
    js.anew()
    return js.create("A", **config)["config"]["metadata"]["_nats.req.level"]


@case(19)
def required_level(ctx):
    js = jetstream(ctx)
    eq(level_of(js, max_msgs=1, discard="new", allow_direct=True, republish={"src": "A", "dest": "x"}), "0", "level of old features")
    eq(level_of(js, allow_msg_ttl=True), "1", "level of TTL")
    eq(level_of(js, subject_delete_marker_ttl=SECOND), "1", "level of marker TTL")
    eq(level_of(js, persist_mode="async"), "2", "level of async")
    eq(level_of(js, persist_mode="default"), "0", "level of the default persist mode")
    eq(js.update("A", allow_msg_ttl=True)["config"]["metadata"]["_nats.req.level"], "1", "level after an update")


@case(19, "counters")
def required_level_of_counters(ctx):
    eq(level_of(jetstream(ctx), allow_msg_counter=True), "2", "level")


@case(19, "atomic_batch")
def required_level_of_atomic_batches(ctx):
    js = jetstream(ctx)
    eq(level_of(js, allow_atomic=True), "2", "level")
    eq(js.update("A")["config"]["metadata"]["_nats.req.level"], "0", "level when switched off")


@case(19, "schedules")
def required_level_of_schedules(ctx):
    eq(level_of(jetstream(ctx), allow_msg_schedules=True, allow_msg_ttl=True), "2", "level")


@case(19, "fast_batch")
def required_level_of_fast_batches(ctx):
    eq(level_of(jetstream(ctx), allow_batched=True, allow_msg_ttl=True), "4", "level")


@case(19)
def persist_mode(ctx):
    js = jetstream(ctx)
    eq(js.create("A", persist_mode="async")["config"]["persist_mode"], "async", "persist_mode")
    check("persist_mode" not in js.create("B", persist_mode="default")["config"], "the default is shown")
    js.create("B", persist_mode="")
    js.create_err("C", 10052, 500, "async persist mode is only supported on file storage", persist_mode="async", storage="memory")
    js.create_err("C", 10052, 500, "async persist mode is not supported on replicated streams", persist_mode="async", num_replicas=3)
    eq(js.request("STREAM.CREATE.C", {"name": "C", "persist_mode": "x"})["error"]["err_code"], 10025, "unknown mode")
    eq(js.pub("A", b"x")["seq"], 1, "publish")


@case(19, "atomic_batch")
def persist_mode_with_atomic(ctx):
    js = jetstream(ctx)
    js.create_err("C", 10052, 500, "async persist mode is not supported with atomic batch publish", persist_mode="async", allow_atomic=True)


@case(20)
def long_description_and_metadata(ctx):
    js = jetstream(ctx)
    text = "stream description is too long, maximum allowed is 4096"
    js.create_err("A", 10052, 500, text, description="d" * 4097)
    js.create_err("A", 10052, 500, text, description="ü" * 2049)
    eq(js.create("A", description="d" * 4096)["config"]["description"], "d" * 4096, "description")
    text = "stream metadata exceeds maximum size of 131072 bytes"
    js.create_err("B", 10052, 500, text, metadata={"k": "v" * 131072})
    js.create_err("B", 10052, 500, text, metadata={"k%05d" % number: "v" * 100 for number in range(1300)})
    js.create("B", metadata={"k": "v" * (131072 - 1 - 100)})
    js.update_err("A", 10052, 500, text, metadata={"k": "v" * 131072})


@case(21)
def required_api_level_of_a_request(ctx):
    js = jetstream(ctx)
    for value in ("99", "x", "1.0", str(js.client.info["api_lvl"] + 1)):
        js.create_err("A", 10185, 412, "JetStream minimum api level required", headers={"Nats-Required-Api-Level": value})
    js.create("A", headers={"Nats-Required-Api-Level": str(js.client.info["api_lvl"])})
    js.create("B", headers={"Nats-Required-Api-Level": "0"})
    js.create("C", headers={"nats-required-api-level": "99"})


@case(22)
def invalid_configuration_comes_first(ctx):
    js = jetstream(ctx)
    js.create("A")
    js.create_err("A", 10052, 500, "max age can not be negative", max_age=-1)
    js.update_err("nope", 10052, 500, "max age can not be negative", max_age=-1)
    js.update_err("nope", 10059, 404, "stream not found")
    js.err("STREAM.UPDATE.A", {"name": "B"}, 10056, 400, "stream name in subject does not match request")
    js.err("STREAM.UPDATE.A", {"name": "B", "max_age": -1}, 10052, 500, "max age can not be negative")
