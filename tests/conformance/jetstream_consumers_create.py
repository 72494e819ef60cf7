"""Consumers: creation and validation (jetstream-consumers.md 3, items 1 to 32)."""

import hashlib

from lib import *
from lib.consumers import fetch, fill, make, refuse, refuse_all
from lib.jetstream import SECOND, decode, header

SHEET = "jetstream_consumers"
NAME_TEXT = "consumer name can not contain '.', '*', '>', '\\', '/'"
FAR = "2100-01-01T00:00:00Z"


def start(ctx, config="", **stream):
    js = jetstream(ctx, config)
    js.create("S", "s.>", **stream)
    return js


def has(config, want):
    """`config` has these values; None stands for an absent key."""
    for key, value in want.items():
        eq(config.get(key), value, key)


@test(SHEET, 1, needs="jetstream")
def empty_config_gets_the_defaults(ctx):
    js = start(ctx)
    reply = make(js)
    matches(reply["name"], r"^[0-9A-Za-z]{8}$", "name")
    config = reply["config"]
    del config["metadata"]
    eq(config, {"deliver_policy": "all", "ack_policy": "none", "max_deliver": -1, "replay_policy": "instant",
                "max_waiting": 512, "inactive_threshold": 5 * SECOND, "num_replicas": 0}, "config")
    eq(list(config), ["deliver_policy", "ack_policy", "max_deliver", "replay_policy", "max_waiting",
                      "inactive_threshold", "num_replicas"], "order of the keys")
    other = make(js)
    check(other["name"] != reply["name"], "two consumers with one name")
    eq(sorted(js.ok("CONSUMER.NAMES.S")["consumers"]), sorted([reply["name"], other["name"]]), "names")


@test(SHEET, 2, needs="jetstream")
def explicit_and_none_defaults(ctx):
    js = start(ctx)
    config = make(js, {"durable_name": "d", "ack_policy": "explicit"}, "d")["config"]
    has(config, {"durable_name": "d", "name": "d", "ack_wait": 30 * SECOND, "max_ack_pending": 1000,
                 "inactive_threshold": None})
    config = make(js, {"durable_name": "n"}, "n")["config"]
    has(config, {"ack_wait": None, "max_ack_pending": None})


@test(SHEET, 3, needs="jetstream")
def ack_all_has_the_defaults_of_explicit(ctx):
    js = start(ctx)
    for policy in ("all", "explicit"):
        config = make(js, {"durable_name": policy, "ack_policy": policy}, policy)["config"]
        has(config, {"ack_policy": policy, "ack_wait": 30 * SECOND, "max_ack_pending": 1000, "max_deliver": -1,
                     "max_waiting": 512})


@test(SHEET, 4, needs="jetstream")
def the_token_of_the_subject_replaces_the_body_name(ctx):
    js = start(ctx)
    reply = make(js, {"name": "other"}, "token")
    eq((reply["name"], reply["config"]["name"]), ("token", "token"), "names")
    eq(js.ok("CONSUMER.NAMES.S")["consumers"], ["token"], "names")


@test(SHEET, 5, needs="jetstream")
def durable_name_must_be_the_token(ctx):
    js = start(ctx)
    text = "consumer name in subject does not match durable name in request"
    refuse(js, 10017, 400, text, {"durable_name": "x"}, "d")
    refuse(js, 10017, 400, text, {"durable_name": "x"}, subject="CONSUMER.DURABLE.CREATE.S.d")
    eq(js.ok("CONSUMER.NAMES.S")["total"], 0, "consumers")


@test(SHEET, 6, needs="jetstream")
def legacy_forms_want_and_refuse_a_durable_name(ctx):
    js = start(ctx)
    refuse(js, 10018, 400, "consumer expected to be durable but a durable name was not set", {},
           subject="CONSUMER.DURABLE.CREATE.S.d")
    refuse(js, 10020, 400, "consumer expected to be ephemeral but a durable name was set in request",
           {"durable_name": "d"})
    reply = make(js, {"durable_name": "d"}, subject="CONSUMER.DURABLE.CREATE.S.d")
    eq((reply["name"], reply["config"]["name"], reply["config"]["durable_name"]), ("d", "d", "d"), "names")
    eq(make(js, {"name": "given"})["name"], "given", "name on the legacy ephemeral form")


@test(SHEET, 7, needs="jetstream")
def bad_characters_in_names(ctx):
    js = start(ctx)
    for name in ("a/b", "a\\b"):
        refuse(js, 10127, 400, "Consumer name can not contain path separators", {}, name)
        refuse(js, 10127, 400, "Consumer name can not contain path separators", {"name": name})
    for name in ("a.b", "a*", "*", "a>b", "a b", "a\tb", "a\rb", "a\nb", "a\fb"):
        refuse(js, 10052, 500, NAME_TEXT, {"name": name})
    for name in ("a*", "a>"):
        refuse(js, 10052, 500, NAME_TEXT, {"durable_name": name}, subject="CONSUMER.DURABLE.CREATE.S." + name)
    for name in ("100%", "a-b_c=d", "ünïcode", "$x", "a:b,c"):
        eq(make(js, {"name": name})["name"], name, "allowed name")


@test(SHEET, 8, needs="jetstream")
def a_dotted_name_is_taken_for_a_filter(ctx):
    js = start(ctx)
    text = "Consumer create request did not match filtered subject from create subject"
    refuse(js, 10131, 400, text, {}, "a.b")
    refuse(js, 10131, 400, text, {"name": "a.b"}, "a.b")
    eq(make(js, {"filter_subject": "b.c"}, "a.b.c")["name"], "a", "name")


@test(SHEET, 9, needs="jetstream")
def filter_in_the_subject_must_be_the_filter(ctx):
    js = start(ctx)
    text = "Consumer create request did not match filtered subject from create subject"
    refuse(js, 10131, 400, text, {"filter_subject": "s.b"}, "c.s.a")
    refuse(js, 10131, 400, text, {}, "c.s.a")
    refuse(js, 10137, 400, "consumer with multiple subject filters cannot use subject based API",
           {"filter_subjects": ["s.a"]}, "c.s.a")
    eq(make(js, {"filter_subject": "s.a"}, "c.s.a")["config"]["filter_subject"], "s.a", "filter")
    eq(make(js, {"filter_subject": "s.*.>"}, "w.s.*.>")["config"]["filter_subject"], "s.*.>", "filter")
    eq(make(js, {"filter_subject": "s.a"}, "body")["config"]["filter_subject"], "s.a", "filter only in the body")


@test(SHEET, 10, needs="jetstream")
def filters_that_conflict(ctx):
    js = start(ctx)
    overlap = "consumer subject filters cannot overlap"
    refuse_all(js, (
        (10136, 400, "consumer cannot have both FilterSubject and FilterSubjects specified",
         {"filter_subject": "s.a", "filter_subjects": ["s.b"]}),
        (10138, 400, overlap, {"filter_subjects": ["s.a", "s.a"]}),
        (10138, 400, overlap, {"filter_subjects": ["s.*", "s.a"]}),
        (10138, 400, overlap, {"filter_subjects": ["s.a.b", "s.>"]}),
        (10139, 400, "consumer filter in FilterSubjects cannot be empty", {"filter_subjects": ["s.a", ""]}),
        (10052, 500, "invalid subject", {"filter_subject": "s..a"}),
        (10052, 500, "invalid subject", {"filter_subject": "s.>.a"}),
        (10052, 500, "invalid subject", {"filter_subjects": ["s.a", "s..b"]})), name="c")
    eq(make(js, {"filter_subjects": ["s.a"]}, "one")["config"]["filter_subjects"], ["s.a"], "list of one")


@test(SHEET, 11, needs="jetstream")
def filters_that_only_cross_are_accepted(ctx):
    js = start(ctx)
    make(js, {"filter_subjects": ["s.*.a", "s.b.*"]}, "c")
    for subject in ("s.b.a", "s.x.x", "s.c.a", "s.b.c"):
        js.pub(subject, subject.encode())
    eq([message.payload for message in fetch(js, "S", "c", 10)], [b"s.b.a", b"s.c.a", b"s.b.c"], "messages, each once")


@test(SHEET, 12, needs="jetstream")
def a_filter_may_match_nothing_of_the_stream(ctx):
    js = start(ctx)
    fill(js, 1)
    reply = make(js, {"filter_subject": "elsewhere.>"}, "c")
    eq(reply["num_pending"], 0, "num_pending")
    eq(fetch(js, "S", "c"), [], "messages")


@test(SHEET, 13, needs="jetstream")
def replicas_of_a_single_server(ctx):
    js = start(ctx)
    refuse(js, 10074, 500, "replicas > 1 not supported in non-clustered mode", {"num_replicas": 3}, "c")
    refuse(js, 10133, 400, "replicas count cannot be negative", {"num_replicas": -1}, "c")
    eq(make(js, {"num_replicas": 1}, "c")["config"]["num_replicas"], 1, "num_replicas")


@test(SHEET, 14, needs="jetstream")
def bad_enumerations(ctx):
    js = start(ctx)
    for key in ("deliver_policy", "ack_policy", "replay_policy"):
        reply = js.err("CONSUMER.CREATE.S.c", {"stream_name": "S", "config": {key: "foo"}}, 10025, 400)
        check(reply["error"]["description"].startswith("invalid JSON: "), reply)
    reply = js.err("CONSUMER.CREATE.S.c", {"stream_name": "S", "config": {"priority_policy": "foo"}}, 10025, 400)
    check(reply["error"]["description"].startswith("invalid JSON: "), reply)
    eq(make(js, {"deliver_policy": "undefined"}, "c")["config"]["deliver_policy"], "all", "deliver_policy")


@test(SHEET, 15, needs="jetstream")
def unknown_keys_and_bad_json(ctx):
    js = start(ctx)
    refuse(js, 10025, 400, 'invalid JSON: json: unknown field "foo"', {"foo": 1}, "c")
    for body in ('{"stream_name":"S","config":{"max_deliver":"x"}}', '{"stream_name":"S","config":', "nonsense"):
        reply = js.err("CONSUMER.CREATE.S.c", body, 10025, 400)
        check(reply["error"]["description"].startswith("invalid JSON: "), reply)
    eq(js.ok("CONSUMER.NAMES.S")["total"], 0, "consumers")


@test(SHEET, 15, needs="jetstream")
def unknown_keys_pass_when_not_strict(ctx):
    js = jetstream(ctx, 'jetstream { store_dir: "js", strict: false }\n')
    js.create("S", "s.>")
    eq(make(js, {"foo": 1}, "c")["name"], "c", "name")


@test(SHEET, 16, needs="jetstream")
def negative_times_and_long_backoff(ctx):
    js = start(ctx)
    refuse_all(js, (
        (10183, 400, "consumer ack wait needs to be positive", {"ack_policy": "explicit", "ack_wait": -1}),
        (10184, 400, "consumer backoff needs to be positive", {"ack_policy": "explicit", "backoff": [1, -1]}),
        (10116, 400, "max deliver is required to be > length of backoff values",
         {"ack_policy": "explicit", "max_deliver": 2, "backoff": [1, 2, 3]})), name="c")
    make(js, {"ack_policy": "explicit", "max_deliver": 3, "backoff": [SECOND, SECOND, SECOND]}, "c")


@test(SHEET, 17, needs="jetstream")
def backoff_sets_ack_wait(ctx):
    js = start(ctx)
    config = make(js, {"ack_policy": "explicit", "backoff": [2 * SECOND, 5 * SECOND], "ack_wait": 9}, "c")["config"]
    has(config, {"ack_wait": 2 * SECOND, "backoff": [2 * SECOND, 5 * SECOND]})
    refuse(js, 10157, 400, "pedantic mode: first backoff value has to equal batch AckWait",
           {"ack_policy": "explicit", "backoff": [2 * SECOND], "ack_wait": 9}, "d", pedantic=True)


@test(SHEET, 18, needs="jetstream")
def push_and_pull_conflicts(ctx):
    js = start(ctx)
    push = {"deliver_subject": "d.x"}
    refuse_all(js, (
        (10079, 400, "consumer deliver subject has wildcards", {"deliver_subject": "d.*"}),
        (10112, 400, "invalid push consumer deliver subject", {"deliver_subject": "d..x"}),
        (10081, 400, "consumer deliver subject forms a cycle", {"deliver_subject": "s.x"}),
        (10080, 400, "consumer in push mode can not set max waiting", dict(push, max_waiting=5)),
        (10082, 400, "consumer requires ack policy for max ack pending", dict(push, max_ack_pending=5)),
        (10083, 400, "consumer idle heartbeat needs to be >= 100ms", dict(push, idle_heartbeat=99_999_999)),
        (10108, 400, "consumer with flow control also needs heartbeats", dict(push, flow_control=True)),
        (10086, 400, "consumer in pull mode can not have rate limit set", {"rate_limit_bps": 1}),
        (10088, 400, "consumer idle heartbeat requires a push based consumer", {"idle_heartbeat": SECOND}),
        (10089, 400, "consumer flow control requires a push based consumer", {"flow_control": True}),
        (10115, 400, "consumer max request expires needs to be >= 1ms", {"max_expires": 999_999})), name="c")
    make(js, dict(push, idle_heartbeat=100_000_000), "least_heartbeat")
    make(js, {"max_expires": 1_000_000}, "least_expires")


@test(SHEET, 19, needs="jetstream")
def negative_numbers_are_normalised(ctx):
    js = start(ctx)
    config = make(js, {"ack_policy": "explicit", "max_waiting": -5, "max_batch": -5, "max_ack_pending": -5, "max_deliver": -5,
                       "max_expires": -5, "max_bytes": -5, "inactive_threshold": -5}, "c")["config"]
    has(config, {"max_waiting": 512, "max_batch": None, "max_ack_pending": -1, "max_deliver": -1, "max_expires": None,
                 "max_bytes": None})
    has(make(js, {"deliver_subject": "d", "max_waiting": -5, "idle_heartbeat": -5}, "p")["config"],
        {"max_waiting": None, "idle_heartbeat": None})
    has(make(js, {"durable_name": "z", "ack_policy": "explicit", "max_deliver": 0, "priority_timeout": -1}, "z")["config"],
        {"max_deliver": -1, "max_ack_pending": 1000, "priority_timeout": None, "inactive_threshold": None})
    for text, config in (("max_waiting must not be negative", {"max_waiting": -1}),
                         ("max_batch must not be negative", {"max_batch": -1}),
                         ("max_expires must not be negative", {"max_expires": -1}),
                         ("max_bytes must not be negative", {"max_bytes": -1}),
                         ("idle_heartbeat must not be negative", {"idle_heartbeat": -1}),
                         ("inactive_threshold must not be negative", {"inactive_threshold": -1}),
                         ("priority_timeout must not be negative", {"priority_timeout": -1}),
                         ("max_ack_pending must be set to -1", {"max_ack_pending": -2}),
                         ("max_deliver must be set to -1", {"max_deliver": -2})):
        refuse(js, 10157, 400, "pedantic mode: " + text, config, "x", pedantic=True)


@test(SHEET, 20, needs="jetstream")
def direct_consumers_are_hidden(ctx):
    js = start(ctx)
    refuse(js, 10090, 400, "consumer direct requires a push based consumer", {"direct": True}, "c")
    refuse(js, 10091, 400, "consumer direct requires an ephemeral consumer",
           {"direct": True, "deliver_subject": "d", "durable_name": "c"}, "c")
    make(js, {"direct": True, "deliver_subject": "d"}, "hidden")
    eq(js.ok("CONSUMER.NAMES.S")["consumers"], [], "names")
    eq(js.ok("CONSUMER.LIST.S")["consumers"], [], "list")
    eq(js.state("S")["consumer_count"], 0, "consumer_count")
    eq(js.consumer_info("S", "hidden")["config"]["direct"], True, "info")
    js.delete_consumer("S", "hidden")


@test(SHEET, 20, needs=("jetstream", "sources"))
def consumers_of_mirrors_and_sources(ctx):
    js = start(ctx)
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    created = js.info("S")["created"].encode()
    identity = "".join(digits[byte % 62] for byte in hashlib.sha256(created).digest()[:8])
    config = {"direct": True, "sourcing": True, "deliver_subject": "d"}
    frame = js.ask("$JS.API.CONSUMER.CREATE.S.src", {"stream_name": "S", "config": dict(config, name="src")},
                   {"Nats-Stream-Identity": identity})
    eq(header(frame, "Nats-Stream-Identity"), identity, "identity in the response")
    matches(decode(frame.payload)["name"], r"^src-[0-9A-Za-z]{8}$", "name")
    refuse(js, 10225, 400, "consumer's stream identity does not match: " + identity, config, "other",
           headers={"Nats-Stream-Identity": "12345678"})
    js.create("W", "w.>", retention="workqueue")
    reply = make(js, dict(config, ack_wait=SECOND, inactive_threshold=SECOND), "src", stream="W")
    has(reply["config"], {"durable_name": "src", "ack_policy": "flow_control", "direct": None, "inactive_threshold": None,
                          "sourcing": True, "ack_wait": None})
    eq((js.state("S")["consumer_count"], js.ok("CONSUMER.NAMES.S")["consumers"]), (0, []), "visible ones of the limits stream")


@test(SHEET, 21, needs="jetstream")
def start_position_conflicts(ctx):
    js = start(ctx)
    also, unset = "consumer delivery policy is deliver %s, but optional start %s is also set", \
        "consumer delivery policy is deliver %s, but optional %s is not set"
    for policy, words in (("all", "all"), ("last", "last"), ("new", "new")):
        refuse(js, 10094, 400, also % (words, "sequence"), {"deliver_policy": policy, "opt_start_seq": 1}, "c")
        refuse(js, 10094, 400, also % (words, "time"), {"deliver_policy": policy, "opt_start_time": FAR}, "c")
    refuse(js, 10094, 400, also % ("last per subject", "sequence"),
           {"deliver_policy": "last_per_subject", "filter_subject": "s.a", "opt_start_seq": 1}, "c")
    refuse(js, 10094, 400, also % ("last per subject", "time"),
           {"deliver_policy": "last_per_subject", "filter_subject": "s.a", "opt_start_time": FAR}, "c")
    refuse(js, 10094, 400, unset % ("last per subject", "filter subject"), {"deliver_policy": "last_per_subject"}, "c")
    refuse(js, 10094, 400, unset % ("by start sequence", "start sequence"), {"deliver_policy": "by_start_sequence"}, "c")
    refuse(js, 10094, 400, unset % ("by start time", "start time"), {"deliver_policy": "by_start_time"}, "c")
    refuse(js, 10094, 400, also % ("by start sequence", "time"),
           {"deliver_policy": "by_start_sequence", "opt_start_seq": 1, "opt_start_time": FAR}, "c")
    refuse(js, 10094, 400, also % ("by start time", "start sequence"),
           {"deliver_policy": "by_start_time", "opt_start_seq": 1, "opt_start_time": FAR}, "c")


@test(SHEET, 22, needs="jetstream")
def sample_frequency(ctx):
    js = start(ctx)
    reply = js.err("CONSUMER.CREATE.S.c", {"stream_name": "S", "config": {"sample_freq": "abc"}}, 10095, 400)
    matches(reply["error"]["description"], "^failed to parse consumer sampling configuration: .*abc", "text")
    refuse(js, 10095, 400, "failed to parse consumer sampling configuration: <nil>", {"sample_freq": "-1"}, "c")
    eq(make(js, {"sample_freq": "50%"}, "c")["config"]["sample_freq"], "50%", "sample_freq")
    eq(make(js, {"sample_freq": "30"}, "d")["config"]["sample_freq"], "30", "sample_freq")


@test(SHEET, 23, needs="jetstream")
def sizes_of_texts(ctx):
    js = start(ctx)
    refuse(js, 10135, 400, "consumer metadata exceeds maximum size of 128KB", {"metadata": {"k": "v" * 131072}}, "c")
    refuse(js, 10107, 400, "consumer description is too long, maximum allowed is 4096", {"description": "x" * 4097}, "c")
    refuse(js, 10102, 400, "consumer name is too long, maximum allowed is 255", {"durable_name": "d" * 256}, "d" * 256)
    make(js, {"description": "x" * 4096}, "c")
    eq(make(js, {"durable_name": "d" * 255}, "d" * 255)["name"], "d" * 255, "name")


@test(SHEET, 24, needs="jetstream")
def priority_groups(ctx):
    js = start(ctx)
    group_text = "Valid priority group name must match A-Z, a-z, 0-9, -_/=)+ and may not exceed 16 characters"
    pinned = {"ack_policy": "explicit", "priority_policy": "pinned_client", "priority_groups": ["A"]}
    refuse_all(js, (
        (10178, 400, "priority groups can not be used with push consumers", dict(pinned, deliver_subject="d")),
        (10159, 400, "Setting PriorityPolicy requires at least one PriorityGroup to be set", dict(pinned, priority_groups=[])),
        (10161, 400, "Group name cannot be an empty string", dict(pinned, priority_groups=[""])),
        (10162, 400, group_text, dict(pinned, priority_groups=["a b"])),
        (10162, 400, group_text, dict(pinned, priority_groups=["a" * 17])),
        (10196, 400, "consumer can not have priority groups when policy is none",
         {"ack_policy": "explicit", "priority_groups": ["A"]}),
        (10197, 400, "PinnedTTL cannot be set when PriorityPolicy is none",
         {"ack_policy": "explicit", "priority_timeout": SECOND})), name="c")
    has(make(js, pinned, "p")["config"], {"priority_timeout": 120 * SECOND, "priority_policy": "pinned_client"})
    config = make(js, {"priority_policy": "overflow", "priority_groups": ["A", "b-_/=9"]}, "o")["config"]
    has(config, {"priority_groups": ["A", "b-_/=9"], "priority_timeout": None})
    has(make(js, {"priority_policy": "prioritized", "priority_groups": ["x" * 16]}, "r")["config"],
        {"priority_policy": "prioritized"})
    has(make(js, {"priority_policy": "none"}, "n")["config"], {"priority_policy": None})


@test(SHEET, 25, needs="jetstream")
def flow_control_ack_policy(ctx):
    js = start(ctx)
    fc = {"ack_policy": "flow_control", "deliver_subject": "d"}
    has(make(js, fc, "c")["config"], {"flow_control": True, "idle_heartbeat": SECOND, "max_ack_pending": 1000,
                                     "ack_wait": None, "max_deliver": -1})
    refuse_all(js, (
        (10218, 400, "flow control ack policy requires a push based consumer", {"ack_policy": "flow_control"}),
        (10220, 400, "flow control ack policy requires max ack pending", dict(fc, max_ack_pending=-1)),
        (10221, 400, "flow control ack policy requires unset ack wait", dict(fc, ack_wait=SECOND)),
        (10221, 400, "flow control ack policy requires unset ack wait", dict(fc, backoff=[SECOND])),
        (10222, 400, "flow control ack policy requires unset max deliver", dict(fc, max_deliver=3))), name="x")
    refuse(js, 10219, 400, "flow control ack policy requires flow control", fc, "x", pedantic=True)


@test(SHEET, 26, needs="jetstream")
def the_stream_must_fit(ctx):
    js = start(ctx)
    text = "stream name in subject does not match request"
    js.err("CONSUMER.CREATE.S.c", {"stream_name": "T", "config": {}}, 10056, 400, text)
    js.err("CONSUMER.CREATE.S.c", b"", 10056, 400, text)
    refuse(js, 10059, 404, "stream not found", {}, "c", stream="MISSING")


@test(SHEET, 27, needs="jetstream")
def required_api_level(ctx):
    js = start(ctx)
    text = "JetStream minimum api level required"
    for level in ("9", "6", "x"):
        refuse(js, 10185, 412, text, {}, "c", headers={"Nats-Required-Api-Level": level})
    for call in ("CONSUMER.INFO.S.c", "CONSUMER.NAMES.S", "CONSUMER.LIST.S", "CONSUMER.DELETE.S.c", "CONSUMER.PAUSE.S.c"):
        js.err(call, b"", 10185, 412, text, headers={"Nats-Required-Api-Level": "9"})
    make(js, {}, "c", headers={"Nats-Required-Api-Level": "5"})
    eq(js.pull_status("S", "c", {"no_wait": True}, {"Nats-Required-Api-Level": "9"}), "412 Required Api Level", "status")


@test(SHEET, 28, needs="jetstream")
def server_limits_are_defaults_and_bounds(ctx):
    js = jetstream(ctx, 'jetstream { store_dir: "js", limits { max_ack_pending: 50, max_request_batch: 20 } }\n')
    js.create("S", "s.>")
    has(make(js, {"ack_policy": "explicit"}, "c")["config"], {"max_ack_pending": 50, "max_batch": 20})
    refuse(js, 10121, 400, "consumer max ack pending exceeds system limit of 50",
           {"ack_policy": "explicit", "max_ack_pending": 51}, "d")
    refuse(js, 10125, 400, "consumer max request batch exceeds server limit of 20", {"max_batch": 21}, "d")
    refuse(js, 10157, 400, "pedantic mode: max_request_batch must be set if it's JetStream limits are set",
           {"ack_policy": "explicit", "max_ack_pending": 5}, "d", pedantic=True)
    has(make(js, {"ack_policy": "explicit", "max_ack_pending": 7, "max_batch": 3}, "e")["config"],
        {"max_ack_pending": 7, "max_batch": 3})


@test(SHEET, 29, needs="jetstream")
def stream_limits_are_defaults_and_bounds(ctx):
    js = start(ctx, consumer_limits={"inactive_threshold": 60 * SECOND, "max_ack_pending": 10})
    has(make(js, {"ack_policy": "explicit"}, "c")["config"], {"inactive_threshold": 60 * SECOND, "max_ack_pending": 10})
    has(make(js, {}, "n")["config"], {"max_ack_pending": 10})
    refuse(js, 10121, 400, "consumer max ack pending exceeds system limit of 10",
           {"ack_policy": "explicit", "max_ack_pending": 11}, "d")
    refuse(js, 10153, 400, "consumer inactive threshold exceeds system limit of 1m0s",
           {"ack_policy": "explicit", "inactive_threshold": 61 * SECOND}, "d")
    has(make(js, {"ack_policy": "explicit", "max_ack_pending": -1}, "u")["config"], {"max_ack_pending": -1})
    refuse(js, 10157, 400, "pedantic mode: max_ack_pending must be set if it's configured in stream limits",
           {"ack_policy": "explicit", "inactive_threshold": SECOND}, "d", pedantic=True)
    refuse(js, 10157, 400, "pedantic mode: inactive_threshold must be set if it's configured in stream limits",
           {"ack_policy": "explicit", "max_ack_pending": 1}, "d", pedantic=True)


@test(SHEET, 29, needs="jetstream")
def a_stream_update_below_existing_consumers_is_refused(ctx):
    js = start(ctx)
    for name in ("x", "y"):
        make(js, {"durable_name": name, "ack_policy": "explicit", "max_ack_pending": 100}, name)
    reply = js.request("STREAM.UPDATE.S", {"name": "S", "subjects": ["s.>"], "consumer_limits": {"max_ack_pending": 50}})
    error = reply["error"]
    eq((error["code"], error["err_code"]), (500, 10069), "error")
    found = matches(error["description"], r"^change to limits violates consumers: (\w), (\w)$", "text")
    eq(sorted(found.groups()), ["x", "y"], "consumers")
    js.update("S", "s.>", consumer_limits={"max_ack_pending": 100})


@test(SHEET, 30, needs="jetstream")
def max_consumers(ctx):
    js = start(ctx, max_consumers=2)
    make(js, {}, "a")
    make(js, {}, "b")
    refuse(js, 10026, 400, "maximum consumers limit reached", {}, "c")
    make(js, {"direct": True, "deliver_subject": "d"}, "direct")
    make(js, {"description": "x"}, "a")
    js.delete_consumer("S", "a")
    make(js, {}, "c")


@test(SHEET, 31, needs="jetstream")
def version_metadata(ctx):
    js = start(ctx)
    given = {"mine": "1", "_nats.ver": "0.0.0", "_nats.level": "77"}
    for reply in (make(js, {"metadata": given}, "c"), js.consumer_info("S", "c"), make(js, {"metadata": given}, "c")):
        metadata = reply["config"]["metadata"]
        eq(sorted(metadata), ["_nats.level", "_nats.req.level", "_nats.ver", "mine"], "keys")
        eq((metadata["_nats.level"], metadata["_nats.req.level"], metadata["mine"]), ("5", "0", "1"), "values")
        eq(metadata["_nats.ver"], js.client.info["version"], "version")
    listed, = js.ok("CONSUMER.LIST.S")["consumers"]
    eq(listed["config"]["metadata"], {"_nats.req.level": "0", "mine": "1"}, "in the list")


@test(SHEET, 32, needs="jetstream")
def required_level_follows_the_features(ctx):
    js = start(ctx)

    def level(name, **config):
        return make(js, dict(config, ack_policy=config.get("ack_policy", "explicit")), name)["config"]["metadata"]["_nats.req.level"]

    eq(level("g", priority_policy="overflow", priority_groups=["A"]), "1", "with groups")
    eq(level("g"), "0", "without")
    eq(level("p", pause_until=FAR), "1", "paused")
    js.ok("CONSUMER.PAUSE.S.p", {})
    eq(js.consumer_info("S", "p")["config"]["metadata"]["_nats.req.level"], "0", "resumed")
    eq(level("f", ack_policy="flow_control", deliver_subject="d"), "4", "flow control")
    eq(level("z", metadata={"_nats.req.level": "3"}), "0", "given by the client")
