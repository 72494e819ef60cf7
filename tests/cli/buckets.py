"""kv, object: items 93 to 103."""

import hashlib
import os
import re

from tool import *

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


@case(93)
def a_bucket_and_a_value(ctx):
    tool = nats(ctx)
    out = tool.out("kv", "add", "B", "--history", "5", "--ttl", "1h", "--description", "d", "--max-value-size", "1KB",
                   "--metadata", "a=b")
    matches(out, r"^Information for Key-Value Store Bucket B created %s\n\n"
                 r"Configuration:\n\n"
                 r" +Bucket Name: B\n +History Kept: 5\n +Values Stored: 0\n +Compressed: false\n"
                 r" +Per-Key TTL Supported: false\n +Backing Store Kind: JetStream\n +Description: d\n"
                 r" +Bucket Size: 0 B\n +Maximum Bucket Size: unlimited\n +Maximum Value Size: 1\.0 KiB\n"
                 r" +Maximum Age: 1h0m0s\n +JetStream Stream: KV_B\n +Storage: File\n"
                 r"\nMetadata:\n\n +a: b\n\nCluster Information:\n\n +Name: ?\n +Leader: N[A-Z0-9]{55}\n$" % TIME)
    eq(tool.out("kv", "put", "B", "k", "v"), "v\n")
    eq(tool.out("kv", "get", "B", "k", "--raw"), "v")
    matches(tool.out("kv", "get", "B", "k"), r"^B > k revision: 1 created @ %s\n\nv\n\n$" % TIME)
    tool.run("kv", "put", "B", "k", "w")
    eq(tool.out("kv", "get", "B", "k", "--raw", "--revision", "1"), "v")
    eq(tool.out("kv", "put", "B", "utf", "grüße"), "grüße\n")
    matches(tool.out("kv", "get", "B", "utf"), "\n\nZ3LDvMOfZQ==\n\n$")
    tool.run("kv", "put", "B", "lines", stdin="a\nb")
    matches(tool.out("kv", "get", "B", "lines"), "\n\nYQpi\n\n$")
    tool.run("kv", "put", "B", "long", "x" * 200)
    matches(tool.out("kv", "get", "B", "long"), r"\n\nShowing first 120 bytes of 200, use --raw for full data\n\nx{120}\n\n$")
    tool.run("kv", "put", "B", "bin", stdin=b"\x00\x01")
    matches(tool.out("kv", "get", "B", "bin"), "\n\nAAE=\n\n")
    eq(tool.error("kv", "put", "B", "big", "x" * 2000),
       "nats: nats: API error: code=400 err_code=10054 description=message size exceeds maximum allowed")


@case(93)
def changing_a_bucket(ctx):
    tool = nats(ctx)
    tool.run("kv", "add", "B", "--history", "3", "--description", "old")
    out = tool.out("kv", "edit", "B", "--description", "new")
    matches(out, "History Kept: 3\n.*Description: new\n")
    matches(tool.out("kv", "info", "B"), "Description: new\n")
    eq(tool.error("kv", "add", "B", "--history", "65"), "history: must be less than or equal to 64")
    eq(tool.error("kv", "edit", "B", "--history", "0"), "history: must be greater than or equal to 1")
    eq(tool.error("kv", "add", "a.b"), "nats: invalid bucket name")
    eq(tool.error("kv", "add", "B", "--history", "5"), "nats: bucket name already in use: B\n"
       "nats: API error: code=400 err_code=10058 description=stream name already in use")
    matches(tool.error("kv", "add", "C", "--replicas", "3"), "^nats: API error: code=500 err_code=10074 description=replicas > 1 not supported")
    eq(tool.error("kv", "edit", "NOPE", "--description", "d"), "nats: bucket not found")


@case(20)
def sizes(ctx):
    tool = nats(ctx)
    eq(tool.error("kv", "add", "B", "--max-value-size", "1XB"),
       "invalid bytes specification 1XB: bytes must end in B, K, KB, M, MB, G, GB, T or TB")
    eq(tool.error("kv", "add", "B", "--max-value-size", "3000000000"),
       "invalid bytes specification 3000000000: bytes must end in B, K, KB, M, MB, G, GB, T or TB")
    eq(tool.error("kv", "add", "B", "--max-value-size", "3000000000B"),
       "bytes value out of allowed range: maximum value 2,147,483,647")
    matches(tool.out("kv", "add", "B", "--max-value-size", "2kib", "--max-bucket-size", "1G"),
            r"Maximum Bucket Size: 1\.0 GiB\n +Maximum Value Size: 2\.0 KiB\n")


@case(93)
def requests_about_buckets_are_logged(ctx):
    tool = nats(ctx)
    tool.run("kv", "add", "B")
    matches(tool.run("kv", "info", "B", "--trace").err,
            r"\d\d:\d\d:\d\d >>> \$JS\.API\.STREAM\.INFO\.KV_B\n\n\n.*\d\d:\d\d:\d\d <<< \$JS\.API\.STREAM\.INFO\.KV_B: \{")
    matches(tool.run("kv", "ls", "--trace").err, r"\d >>> \$JS\.API\.STREAM\.LIST\n\S+ \{\"offset\":0\}\n.*\d <<< \$JS\.API\.STREAM\.LIST\n\{")


@case(94)
def what_is_not_there(ctx):
    tool = nats(ctx)
    tool.run("kv", "add", "B")
    eq(tool.error("kv", "get", "B", "k"), "nats: key not found")
    eq(tool.error("kv", "get", "NO", "k"), "nats: bucket not found")
    eq(tool.error("kv", "get", "B", "a b"), "nats: invalid key")
    eq(tool.error("kv", "ls", "NO"), "unable to load bucket: nats: bucket not found")
    eq(tool.error("kv", "ls", "B", "a b"), "nats: invalid key: key cannot be empty and must be a valid NATS subject")
    eq(tool.error("kv", "del", "NO", "-f"),
       "nats: bucket not found: NO\nnats: API error: code=404 err_code=10059 description=stream not found")
    eq(tool.error("kv", "ls", "B", env={"NATS_URL": "127.0.0.1:1"}),
       "unable to prepare js helper: nats: no servers available for connection")
    matches(nats(ctx, config="").error("kv", "ls"), "^nats: no responders available for request")


@case(95)
def creating_a_key_twice(ctx):
    tool = nats(ctx)
    tool.run("kv", "add", "B")
    eq(tool.out("kv", "create", "B", "k", "v"), "v\n")
    matches(tool.error("kv", "create", "B", "k", "v"),
            r"^nats: nats: API error: code=400 err_code=10071 description=wrong last sequence: 1: key exists$")
    tool.run("kv", "del", "B", "k", "-f")
    tool.run("kv", "create", "B", "k", "again")
    eq(tool.out("kv", "get", "B", "k", "--raw"), "again")


@case(96)
def compare_and_set(ctx):
    tool = nats(ctx)
    tool.run("kv", "add", "B")
    tool.run("kv", "put", "B", "k", "a")
    eq(tool.out("kv", "update", "B", "k", "b", "1"), "b\n")
    matches(tool.error("kv", "update", "B", "k", "c", "1"), r"^nats: nats: API error: code=400 err_code=10071 description=wrong last sequence: 2$")
    eq(tool.error("kv", "update", "B", "k", "c", "x"), 'strconv.ParseUint: parsing "x": invalid syntax')


@case(97)
def the_history_of_a_key(ctx):
    tool = nats(ctx)
    tool.run("kv", "add", "B", "--history", "10")
    for value in ("a", "y" * 60):
        tool.run("kv", "put", "B", "k", value)
    tool.run("kv", "del", "B", "k", "-f")
    out = tool.out("kv", "history", "B", "k")
    matches(out, r"^╭─+╮\n│ +History for B > k +│\n.*│ Key │ Revision │ Op +│ Created +│ Length │ Value +│\n"
                 r".*│ k +│ +1 │ PUT +│ %s │ 1 +│ a +│\n.*│ y{15}\.\.\.y{15} +│\n.*│ +3 │ DELETE │ .*╯\n\n$" % TIME)
    eq(tool.error("kv", "revert", "B", "k", "9", "--force"), "nats: key not found")
    eq(tool.error("kv", "revert", "B", "x", "1", "--force"), "nats: key not found")
    outcome = tool.run("kv", "revert", "B", "k", "1", code=1)
    eq((outcome.out, outcome.err), ("Revision: 1\n\na\n\n", "nats: error: could not obtain confirmation: "
                                    "cannot ask for confirmation without a terminal\n"))
    matches(tool.out("kv", "revert", "B", "k", "1", "--force"), r"^╭─+╮\n│ +History for B > k ")
    eq(tool.out("kv", "get", "B", "k", "--raw"), "a")
    tool.run("kv", "purge", "B", "k", "-f")
    matches(tool.out("kv", "history", "B", "k"), r"│ +5 │ PURGE │")
    tool.run("kv", "add", "ONE")
    tool.run("kv", "put", "ONE", "k", "v")
    eq(tool.error("kv", "revert", "ONE", "k", "1", "--force"), "cannot revert key in a bucket where history=1")


@case(98)
def lists_of_buckets_and_keys(ctx):
    tool = nats(ctx)
    eq(tool.out("kv", "ls"), "No Key-Value buckets found\n")
    for name in ("B", "A"):
        tool.run("kv", "add", name)
    eq(tool.out("kv", "ls", "-n"), "A\nB\n")
    matches(tool.out("kv", "ls"), r"Key-Value Buckets.*│ Bucket │ Description │ Created +│ Size │ Values │ Last Update │")
    eq(tool.out("kv", "ls", "B"), "No keys found in bucket\n")
    eq(tool.out("kv", "ls", "B", "-n"), "")
    for key in ("b.1", "a", "gone"):
        tool.run("kv", "put", "B", key, "v")
    tool.run("kv", "del", "B", "gone", "-f")
    eq(sorted(tool.out("kv", "ls", "B").split()), ["a", "b.1"])
    eq(tool.out("kv", "ls", "B", "b.>"), "b.1\n")
    matches(tool.out("kv", "ls", "B", "-v", "--display-value"),
            r"Contents for bucket 'B'.*│ Key +│ Created +│ Delta │ Revision │ Value │.*│ b\.1 │ %s │ +0 │ +1 │ v" % TIME)
    # Values alone say nothing about keys.
    eq(tool.out("kv", "ls", "B", "--display-value"), "b.1\na\n")
    # A value that ends with a line end has one more line.
    tool.run("kv", "put", "B", "b.1", stdin="w\n")
    matches(tool.out("kv", "ls", "B", "b.>", "-v", "--display-value"),
            r"\n│ b\.1 │ %s │ +0 │ +5 │ w     │\n│ +│ +│ +│ +│       │\n╰" % TIME)
    matches(tool.out("kv", "ls", "B", "z.>", "-v"), r"│ Key │ Created │ Delta │ Revision │\n├.*\n╰.*╯\n\nNo keys found in bucket\n$")


@case(99)
def removing_is_silent(ctx):
    tool = nats(ctx)
    tool.run("kv", "add", "B", "--history", "5")
    for key in ("a", "b"):
        tool.run("kv", "put", "B", key, "v")
        tool.run("kv", "put", "B", key, "w")
    eq(tool.out("kv", "del", "B", "a", "-f"), "")
    eq(tool.out("kv", "purge", "B", "b", "-f"), "")
    eq(tool.out("kv", "compact", "B", "-f"), "")
    matches(tool.out("kv", "info", "B"), "Values Stored: 2\n")
    eq(tool.error("kv", "del", "B", "a"), "cannot ask for confirmation without a terminal")
    for args in (("purge", "B", "a"), ("compact", "B"), ("del", "B")):
        eq(tool.error("kv", *args), "cannot ask for confirmation without a terminal")
    terminal = tool.terminal("kv", "del", "B", "a")
    terminal.answer("Delete key B > a?", "n")
    terminal.wait("Skipping delete")
    terminal.finish()
    eq(tool.out("kv", "del", "B", "-f"), "")
    eq(tool.error("kv", "info", "B"), "nats: bucket not found")


@case(100)
def watching_a_bucket(ctx):
    tool = nats(ctx)
    tool.run("kv", "add", "B", "--history", "5")
    tool.run("kv", "put", "B", "k", "one")
    watch = tool.start("kv", "watch", "B")
    watch.wait_out(r"^\[%s\] PUT B > k: one\n" % TIME)
    tool.run("kv", "put", "B", "k", "two")
    tool.run("kv", "del", "B", "k", "-f")
    tool.run("kv", "purge", "B", "k", "-f")
    watch.wait_out(r"PUT B > k: two\n\[%s\] DELETE B > k\n\[%s\] PURGE B > k\n" % (TIME, TIME))
    tool.run("kv", "put", "B", "k", "three")
    tool.run("kv", "put", "B", "utf", "grüße")
    watch.wait_out("PUT B > utf: grüße\n")
    eq(tool.error("kv", "watch", "B", "a b"), "nats: invalid key: key cannot be empty and must be a valid NATS subject")
    quiet = tool.start("kv", "watch", "B", "--history", "--no-deletes")
    quiet.wait_out(r"^\[%s\] PUT B > k: three\n" % TIME)


@case(101)
def values_from_standard_input(ctx):
    tool = nats(ctx)
    tool.run("kv", "add", "B")
    eq(tool.out("kv", "put", "B", "k", stdin="from stdin\n"), "\n")
    eq(tool.out("kv", "get", "B", "k", "--raw"), "from stdin\n")


@case(102)
def an_object_there_and_back(ctx):
    tool = nats(ctx)
    matches(tool.out("object", "add", "B", "--description", "d"),
            r"^Information for Object Store Bucket B created %s\n\nConfiguration:\n\n +Bucket Name: B\n +Description: d\n"
            r" +Replicas: 1\n +TTL: unlimited\n +Sealed: false\n +Size: 0 B\n +Maximum Bucket Size: unlimited\n +Storage: File\n"
            r" +Backing Store Kind: JetStream\n +JetStream Stream: OBJ_B\n\nCluster Information:\n\n"
            r" +Name: ?\n +Leader: N[A-Z0-9]{55}\n$" % TIME)
    path = tool.write("dir/f.txt", "hello\n")
    out = tool.out("object", "put", "B", "dir/f.txt", "-H", "K:v")
    digest = hashlib.sha256(b"hello\n").hexdigest()
    matches(out, r"^\nObject information for B > dir/f\.txt\n\n +Size: 6 B\n +Modification Time: %s\n +Chunks: 1\n"
                 r" +Digest: SHA-256 %s\n +Headers: K: v\n$" % (TIME, digest))
    target = tool.path("F")
    matches(tool.out("object", "get", "B", "dir/f.txt", "-O", "F"), r"^Wrote: 6 B to %s in [\d.]+(ms|µs|s)\n$" % target)
    eq(open(target, encoding="utf-8").read(), "hello\n")
    os.remove(path)
    tool.run("object", "get", "B", "dir/f.txt")
    eq(open(tool.path("f.txt"), encoding="utf-8").read(), "hello\n")
    matches(tool.out("object", "info", "B", "dir/f.txt"), "Digest: SHA-256 " + digest)
    matches(tool.out("object", "info", "B"), "Storage: File\n")


@case(102)
def a_large_object_with_progress(ctx):
    tool = nats(ctx)
    tool.run("object", "add", "B")
    content = os.urandom(3_000_000)
    tool.write("big", content)
    terminal = tool.terminal("object", "put", "B", "big")
    terminal.wait(r"done! \[2\.9 MiB in .*/s\].*Chunks: 23")
    terminal.finish()
    matches(tool.out("object", "get", "B", "big", "-O", "out"), r"^\n done! \[2\.9 MiB in [^\n]*\]\n\nWrote: 2\.9 MiB to ")
    matches(tool.out("object", "put", "B", "big", "-f"), r"^ done! \[2\.9 MiB in [^\n]*\]\n\n\nObject information for B > big\n")
    check(open(tool.path("out"), "rb").read() == content, "other content")
    tool.run("object", "put", "B", "--name", "empty", stdin="")
    tool.run("object", "get", "B", "empty", "--no-progress")
    eq(os.path.getsize(tool.path("empty")), 0)
    eq(tool.error("object", "put", "B"), "--name is required when reading from stdin")
    eq(tool.error("object", "put", "B", "nope"), "path 'nope' does not exist")


@case(103)
def objects_in_the_way_lists_and_seals(ctx):
    tool = nats(ctx)
    eq(tool.out("object", "ls"), "No Object Store buckets found\n")
    tool.run("object", "add", "B")
    eq(tool.out("object", "ls", "B"), "No entries found\n")
    tool.run("object", "put", "B", "--name", "x", stdin="one")
    tool.write("x", "old")
    eq(tool.error("object", "get", "B", "x"), "could not obtain confirmation: cannot ask for confirmation without a terminal")
    eq(open(tool.path("x"), encoding="utf-8").read(), "old")
    tool.run("object", "get", "B", "x", "-f")
    eq(open(tool.path("x"), encoding="utf-8").read(), "one")
    eq(tool.error("object", "put", "B", "--name", "x", stdin="two"),
       "could not obtain confirmation: cannot ask for confirmation without a terminal")
    tool.run("object", "put", "B", "--name", "x", "-f", stdin="two")
    tool.run("object", "get", "B", "x", "-f")
    eq(open(tool.path("x"), encoding="utf-8").read(), "two")
    eq(tool.out("object", "ls", "B", "-n"), "x\n")
    matches(tool.out("object", "ls", "B"), r"Bucket Contents.*│ x +│ 3 B +│ %s │" % TIME)
    matches(tool.out("object", "ls"), r"Object Store Buckets.*│ B +│")
    watch = tool.start("object", "watch", "B")
    watch.wait_out(r"\[%s\] PUT B > x: 3 B bytes in 1 chunks\n" % TIME)
    matches(tool.out("object", "del", "B", "x", "-f"), r"^Removed B > x\nInformation for Object Store Bucket B ")
    watch.wait_out(r"\] DEL B > x\n")
    for args in (("get", "B", "x", "-f"), ("get", "B", "y"), ("info", "B", "x"), ("del", "B", "y", "-f"), ("del", "B", "x")):
        eq(tool.error("object", *args), "nats: object not found")
    matches(tool.out("object", "del", "B", "x", "-f"), "^Removed B > x\n")
    eq(os.listdir(tool.home).count("y"), 0)
    matches(tool.out("object", "seal", "B", "-f"), "^B has been sealed\n.*Sealed: true\n")
    matches(tool.error("object", "put", "B", "--name", "z", stdin="x"), "sealed stream")
    eq(tool.error("object", "del", "B"), "cannot ask for confirmation without a terminal")
    terminal = tool.terminal("object", "del", "B")
    terminal.answer("Delete bucket B and all its files?", "n")
    terminal.wait("Skipping delete")
    terminal.finish()
    eq(tool.out("object", "del", "B", "-f"), "")
    eq(tool.error("object", "del", "B", "-f"), "nats: bucket not found")
    eq(tool.error("object", "add", "a.b"), "nats: invalid object-store name")


@case(103, "deviation")
def an_object_that_does_not_fit_is_not_there(ctx):
    """The original says why it failed, and now and then leaves an object that it lists, and for whose content `get` waits
    for ever."""
    tool = nats(ctx)
    tool.run("object", "add", "B", "--max-bucket-size", "1MB", "--storage", "memory")
    tool.run("object", "put", "B", "--name", "small", stdin="x")
    tool.write("large", "x" * 2_000_000)
    eq(tool.error("object", "put", "B", "large", "--no-progress"),
       "nats: API error: code=503 err_code=10077 description=maximum bytes exceeded")
    eq(tool.out("object", "ls", "B", "-n"), "small\n")
    eq(tool.error("object", "get", "B", "large"), "nats: object not found")
    # Nothing of it takes up room: each object has a subject of its description and one of its chunks.
    eq(len(tool.run("stream", "subjects", "OBJ_B", "--json").json), 2)


@case(103, "deviation")
def a_disk_that_is_full_leaves_no_half_file(ctx):
    """The original empties the file that is there before it has another, and removes it if that fails."""
    tool = nats(ctx)
    tool.run("object", "add", "B")
    tool.run("object", "put", "B", "--name", "x", stdin="x" * 500_000)
    tool.write("x", "old")
    before = sorted(os.listdir(tool.home))

    def limited(*args):
        """Exit code and output of a run whose files may not be larger than 1 KiB."""
        line = "trap '' XFSZ; ulimit -f 1; exec %s %s" % (tool.binary, " ".join(args))
        return run_binary("/bin/bash", "-c", line, env=tool.env, cwd=tool.home)

    code, text = limited("object", "get", "B", "x", "-f", "--no-progress")
    check(code == 1 and "/x: file too large\n" in text, "%s %r" % (code, text))
    eq(open(tool.path("x"), encoding="utf-8").read(), "old")
    eq(sorted(os.listdir(tool.home)), before)
    tool.run("context", "add", "c", "--description", "old")
    code, text = limited("context", "add", "c", "--description", "n" * 3000)
    check(code == 1 and "file too large" in text, "%s %r" % (code, text))
    matches(tool.out("context", "ls"), r"│ c +│ old +│")
    eq(os.listdir(tool.path("config/nats/context")), ["c.json"])
    code, text = limited("bench", "pub", "foo", "--msgs", "100", "--clients", "20", "--csv", "out.csv")
    check(code == 1 and "file too large" in text and not os.path.exists(tool.path("out.csv")), "%s %r" % (code, text))
    matches(tool.error("object", "get", "B", "x", "-f", "-O", "no/such/dir/x"), "no such file or directory")


READER = """
jetstream { store_dir: js }
authorization { users: [
  { user: a, password: a }
  { user: r, password: r, permissions: {
      subscribe: "_INBOX.>"
      publish: { allow: ["$JS.API.STREAM.INFO.*", "$JS.API.DIRECT.GET.*.>", "$JS.API.CONSUMER.CREATE.*.*.>",
                         "$JS.API.CONSUMER.DELETE.*.*", "$JS.FC.>"] } } }
] }
no_auth_user: a
"""


@case(94)
def who_may_only_read_buckets(ctx):
    tool = nats(ctx, config=READER)
    reader = ("--user", "r", "--password", "r")
    tool.run("kv", "add", "B", "--history", "4")
    for value in "1", "2":
        tool.run("kv", "put", "B", "k", value)
    tool.run("object", "add", "F")
    # More than the server sends without being asked for more.
    large = os.urandom(1 << 20)
    path = tool.write("large", large)
    tool.run("object", "put", "F", path, "--name", "large", "--no-progress")
    eq(tool.out("kv", "ls", "B", *reader), "k\n")
    eq(len(re.findall("PUT", tool.out("kv", "history", "B", "k", *reader))), 2)
    eq(tool.out("object", "ls", "F", "-n", *reader), "large\n")
    tool.run("object", "get", "F", "large", "--output", "copy", "--no-progress", *reader)
    with open(tool.path("copy"), "rb") as file:
        check(file.read() == large, "the copy is another one")
    # Nothing is left of it.
    eq(tool.out("consumer", "ls", "KV_B", "-n"), "")
    for what in ("kv", "watch", "B"), ("object", "watch", "F"):
        watch = tool.start(*what, *reader)
        watch.wait_out("PUT")
        watch.interrupt()
        watch.wait(code=None)


@case(93)
def buckets_need_jetstream(ctx):
    tool = nats(ctx, config="")
    eq(tool.error("kv", "add", "B"), "nats: API error: code=503 err_code=10076 description=jetstream not enabled")
    tool = nats(ctx, config="""
jetstream { store_dir: js }
accounts { A { jetstream: enabled }
           B { users: [ { user: u, password: p } ] } }
no_auth_user: u
""")
    eq(tool.error("kv", "add", "B"), "nats: API error: code=503 err_code=10039 description=jetstream not enabled for account")
