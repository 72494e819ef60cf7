"""Flags of kv and object that no other test needs: items 93 to 103."""

import os

from flags_streams import SECOND, config_of, has
from tool import *


@case(93)
def a_bucket_with_every_flag(ctx):
    tool = nats(ctx)
    tool.run("kv", "add", "B", "--storage", "memory", "--replicas", "1", "--compress", "--marker-ttl", "5s", "--republish-source", ">",
             "--republish-destination", "r.>", "--republish-headers")
    has(config_of(tool, "KV_B"), storage="memory", num_replicas=1, compression="s2", subject_delete_marker_ttl=5 * SECOND,
        allow_msg_ttl=True, republish={"src": ">", "dest": "r.>", "headers_only": True})
    matches(tool.out("kv", "info", "B"), r"Compressed: true\n +Per-Key TTL Supported: true\n +Limit Marker TTL: 5\.00s\n.*Republishing")
    out = tool.out("kv", "edit", "B", "--history", "7", "--ttl", "1h", "--max-value-size", "2k", "--max-bucket-size", "1MB",
                   "--metadata", "k=v", "--no-compress", "--marker-ttl", "10s", "--replicas", "1", "--republish-source", "$KV.B.a",
                   "--republish-destination", "q", "--republish-headers")
    has(config_of(tool, "KV_B"), max_msgs_per_subject=7, max_age=3600 * SECOND, max_msg_size=2048, max_bytes=1 << 20,
        subject_delete_marker_ttl=10 * SECOND)
    check(config_of(tool, "KV_B").get("compression", "none") == "none", "compressed")
    matches(out, r"Republishing Headers: \$KV\.B\.a to q\n.*Metadata:\n\n +k: v\n")


@case(95)
def keys_that_go_by_themselves(ctx):
    tool = nats(ctx)
    tool.run("kv", "add", "B", "--marker-ttl", "1h")
    tool.run("kv", "create", "B", "k", "v", "--ttl", "1s")
    tool.run("kv", "put", "B", "stays", "v")
    headers = lambda seq: tool.out("stream", "get", "KV_B", seq)  # noqa: E731
    matches(headers(1), "Nats-TTL: 1s?\n")
    wait_until(lambda: tool.run("kv", "get", "B", "k", code=None).code == 1, "the key has gone", every=0.1)
    tool.run("kv", "purge", "B", "stays", "-f", "--ttl", "2h")
    last = tool.out("stream", "get", "KV_B", "-S", "$KV.B.stays")
    matches(last, "KV-Operation: PURGE\n")
    matches(last, "Nats-TTL: (2h0m0s|7200s?)\n")


@case(93, "mirrors", "sources")
def buckets_of_other_buckets(ctx):
    tool = nats(ctx)
    tool.run("kv", "add", "ORIGIN")
    tool.run("kv", "put", "ORIGIN", "k", "v")
    out = tool.out("kv", "add", "M", "--mirror", "ORIGIN")
    matches(out, r"Mirror Information:\n\n +Origin Bucket: ORIGIN\n")
    has(config_of(tool, "KV_M"), mirror={"name": "KV_ORIGIN"}, mirror_direct=True)
    tool.run("kv", "edit", "M", "--no-mirror")
    has(config_of(tool, "KV_M"), mirror=None, subjects=["$KV.M.>"])
    tool.run("kv", "put", "M", "own", "w")
    tool.run("kv", "add", "S", "--source", "ORIGIN")
    wait_until(lambda: tool.run("kv", "get", "S", "k", "--raw", code=None).out == "v", "the sourced value", every=0.1)
    tool.run("kv", "add", "OTHER")
    tool.run("kv", "edit", "S", "--source", "OTHER")
    eq([source["name"] for source in config_of(tool, "KV_S")["sources"]], ["KV_ORIGIN", "KV_OTHER"])
    matches(tool.error("kv", "edit", "S", "--source", "OTHER"), r"^nats: API error: code=400 err_code=10140 ")
    # A domain that nobody has: the stream is made, and waits.
    tool.run("kv", "add", "FAR", "--mirror", "ORIGIN", "--mirror-domain", "hub")
    eq(config_of(tool, "KV_FAR")["mirror"]["external"]["api"], "$JS.hub.API")


@case(93, "mirrors", "deviation")
def a_mirror_has_the_values_of_its_origin(ctx):
    """The original looks for the keys of a mirror below the mirror's own name, where there never are any."""
    tool = nats(ctx)
    tool.run("kv", "add", "ORIGIN")
    tool.run("kv", "put", "ORIGIN", "k", "v")
    tool.run("kv", "add", "M", "--mirror", "ORIGIN")
    wait_until(lambda: tool.run("kv", "get", "M", "k", "--raw", code=None).out == "v", "the mirrored value", every=0.1)
    eq(tool.out("kv", "ls", "M"), "k\n")


@case(100)
def watching_from_a_revision_and_for_updates(ctx):
    tool = nats(ctx)
    tool.run("kv", "add", "B", "--history", "5")
    for value in ("one", "two", "three"):
        tool.run("kv", "put", "B", "k", value)
    later = tool.start("kv", "watch", "B", "--revision", "2")
    later.wait_out(r"^[^\n]*PUT B > k: two\n[^\n]*PUT B > k: three\n")
    updates = tool.start("kv", "watch", "B", "--updates")
    wait_until(lambda: len(tool.run("consumer", "ls", "KV_B", "--json").json) == 2, "both watch")
    tool.run("kv", "put", "B", "k", "four")
    updates.wait_out(r"^[^\n]*PUT B > k: four\n")


@case(102)
def an_object_bucket_with_every_flag(ctx):
    tool = nats(ctx)
    tool.run("object", "add", "B", "--storage", "m", "--replicas", "1", "--ttl", "1h", "--max-bucket-size", "1MB", "--compress",
             "--metadata", "k=v")
    has(config_of(tool, "OBJ_B"), storage="memory", num_replicas=1, max_age=3600 * SECOND, max_bytes=1 << 20, compression="s2")
    out = tool.out("object", "edit", "B", "--description", "d", "--ttl", "2h", "--max-bucket-size", "2MB", "--no-compress",
                   "--metadata", "k=w", "--replicas", "1")
    has(config_of(tool, "OBJ_B"), description="d", max_age=7200 * SECOND, max_bytes=2 << 20)
    check(config_of(tool, "OBJ_B").get("compression", "none") == "none", "compressed")
    matches(out, r"Description: d\n.*TTL: 2h0m0s\n.*Metadata: k: w\n")
    tool.write("f", os.urandom(50_000))
    out = tool.out("object", "put", "B", "f", "--description", "about", "--chunk-size", "10000", "--no-progress")
    matches(out, r"^\nObject information for B > f\n\n +Description: about\n.*Chunks: 5\n")
