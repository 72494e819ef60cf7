"""Subject mappings: client-protocol.md 14, items 104 to 111."""

import re

from lib import *

SHEET = "client_protocol"

# (source, destination, published subject, delivered subject or None for nothing)
EXAMPLES = (
    ("w.*.*", "o.{{wildcard(2)}}.{{wildcard(1)}}", "w.a.b", "o.b.a"),
    ("d.*.*", "o.$2.$1", "d.a.b", "o.b.a"),
    ("drop.*.*", "o.{{wildcard(2)}}", "drop.a.b", "o.b"),
    ("p.*.*", "o.{{partition(10,1,2)}}", "p.a.b", "o.6"),
    ("p.*.*", "o.{{partition(10,1,2)}}", "p.foo.bar", "o.0"),
    ("p3.*.*", "o.{{partition(10,2)}}", "p3.a.b", "o.7"),
    ("p1.*.*", "o.{{partition(10)}}", "p1.a.b", "o.7"),
    ("big.*", "o.{{partition(2147483647,1)}}", "big.hello", "o.1335831723"),
    ("pz.*", "o.{{partition(0,1)}}", "pz.q", "o.0"),
    ("sl.*", "o.{{splitfromleft(1,3)}}", "sl.abcdef", "o.abc.def"),
    ("sl.*", "o.{{splitfromleft(1,3)}}", "sl.abc", "o.abc"),
    ("sl.*", "o.{{splitfromleft(1,3)}}", "sl.ab", "o.ab"),
    ("sl.*", "o.{{splitfromleft(1,3)}}", "sl.äöü", b"o.\xc3\xa4\xc3.\xb6\xc3\xbc"),
    ("sr.*", "o.{{splitfromright(1,3)}}", "sr.abcdef", "o.abc.def"),
    ("cl.*", "o.{{slicefromleft(1,3)}}", "cl.abcdefgh", "o.abc.def.gh"),
    ("cl.*", "o.{{slicefromleft(1,3)}}", "cl.abc", "o.abc"),
    ("cr.*", "o.{{slicefromright(1,3)}}", "cr.abcdefgh", "o.ab.cde.fgh"),
    ("sp.*", "o.{{split(1,-)}}", "sp.a-b-c", "o.a.b.c"),
    ("sp.*", "o.{{split(1,-)}}", "sp.-a-b", "o.a.b"),
    ("sp.*", "o.{{split(1,-)}}", "sp.a-b-", "o.a.b"),
    ("sp.*", "o.{{split(1,-)}}", "sp.a--b", "o.a.b"),
    ("sp.*", "o.{{split(1,-)}}", "sp.abc", "o.abc"),
    ("sp.*", "o.{{split(1,-)}}", "sp.---", None),
    ("sp2.*", "o.{{split(1,ab)}}", "sp2.1ab2ab3", "o.1.2.3"),
    ("g.>", "o.>", "g.a.b", "o.a.b"),
    ("g2.*.>", "o.{{wildcard(1)}}.x.>", "g2.a.b.c", "o.a.x.b.c"),
    ("mid.*.end", "o.{{wildcard(1)}}", "mid.x.end", "o.x"),
    ("cm.*.*.*", "o.{{partition(3,1,3)}}.{{wildcard(2)}}.{{splitfromleft(3,1)}}", "cm.aa.bb.cc", "o.0.bb.c.c"),
    ("cat.*", "o.x{{wildcard(1)}}", "cat.foo", "o.x{{wildcard(1)}}"),
    ("w.*.*", "o.{{wildcard(2)}}.{{wildcard(1)}}", "w.a.b.c", "w.a.b.c"),
    # from the text of 14.4, 14.5 and 14.6
    ("w.*.*", "o.{{wildcard(2)}}.{{wildcard(1)}}", "w.a.*", "o.*.a"),
    ("g.>", "o.>", "g.>", "o.>"),
    ("w.*.*", "o.{{wildcard(2)}}.{{wildcard(1)}}", "w.a.>", "w.a.>"),
    ("twice.*", "o.$1.$1", "twice.q", "o.q.q"),
    ("left.*", "o.{{left(1,2)}}", "left.abcdef", "o.ab"),
    ("left.*", "o.{{left(1,2)}}", "left.a", "o.a"),
    ("right.*", "o.{{right(1,2)}}", "right.abcdef", "o.ef"),
    ("right.*", "o.{{right(1,2)}}", "right.ab", "o.ab"),
    ("lz.*", "o.{{left(1,0)}}", "lz.abc", "o.abc"),
    ("sn.*", "o.{{splitfromleft(1,-1)}}", "sn.abc", "o.abc"),
    ("clz.*", "o.{{slicefromleft(1,0)}}", "clz.abc", "o.abc"),
    ("sr.*", "o.{{splitfromright(1,3)}}", "sr.abc", "o.abc"),
    ("se.*", "o.{{split(1,)}}", "se.aäb", "o.a.ä.b"),
    ("n1.*.*", "o.{{ Wildcard( 2 ) }}", "n1.a.b", "o.b"),
    ("n2.*", "o.{{SplitFromLeft(1,1)}}", "n2.ab", "o.a.b"),
    ("n3.*", "o.{{splitFromLeft(1, 1)}}", "n3.ab", "o.a.b"),
    ("n4.*", "o.{{Splitfromleft( +1 ,1)}}", "n4.ab", "o.a.b"),
    ("n5.*.*", "o.{{Partition (10,1,2)}}", "n5.a.b", "o.6"),
    ("lit.*", "o.$text.{{}}", "lit.a", "o.$text.{{}}"),
    ("dot.*", "o.{{split(1,.)}}", "dot.a", "o.{{split(1,.)}}"),
    ("exact", "o.exact", "exact", "o.exact"),
    ("exact", "o.exact", "exactly", "exactly"),
)


def mappings(pairs):
    """A `mappings` block."""
    lines = ['  "%s": "%s"\n' % (source, destination) for source, destination in pairs]
    return "mappings = {\n%s}\n" % "".join(lines)


def delivered(client, subject):
    """Subjects of the messages that a publish leads to."""
    client.pub(subject, "x")
    client.send("PING\r\n")
    frames = client.until("PONG")[:-1]
    for frame in frames:
        eq(frame.payload, b"x", "payload")
    return [frame.subject for frame in frames]


def listener(ctx, server, **options):
    """A client that subscribes to everything but inboxes' noise."""
    client = ctx.client(server, **options)
    client.sub(">", "all")
    client.expect_quiet()
    return client


@test(SHEET, 104)
def examples(ctx):
    server = ctx.shared(mappings(sorted({(source, destination) for source, destination, _, _ in EXAMPLES})))
    client = listener(ctx, server)
    for source, destination, published, wanted in EXAMPLES:
        wanted = [] if wanted is None else [wanted if isinstance(wanted, bytes) else wanted.encode()]
        eq(delivered(client, published), wanted, "%s -> %s with %s" % (source, destination, published))


@test(SHEET, 104, better=True)
def partition_of_a_literal_source(ctx):
    client = listener(ctx, ctx.shared(mappings([("p2", "o.{{partition(10)}}")])))
    eq(delivered(client, "p2"), [b"o.5"], "delivered")


@test(SHEET, 104)
def random_function(ctx):
    client = listener(ctx, ctx.shared(mappings([("rnd.*", "o.{{random(4)}}"), ("rz.*", "o.{{random(0)}}")])))
    client.send("PUB rnd.a 0\r\n\r\n" * 2000, "PING\r\n")
    counts = {}
    for frame in client.until("PONG", timeout=30)[:-1]:
        counts[frame.subject] = counts.get(frame.subject, 0) + 1
    eq(sorted(counts), [b"o.0", b"o.1", b"o.2", b"o.3"], "subjects")
    for subject, count in counts.items():
        near(count, 380, 620, "messages on %r (sd 19)" % subject)
    eq(delivered(client, "rz.a"), [b"o.0"], "random(0)")


@test(SHEET, 104)
def mapping_is_traced(ctx):
    server = ctx.start(mappings([("w.*", "o.$1")]), trace=True)
    delivered(listener(ctx, server), "w.a")
    server.wait_log(r"<<- \[MAPPING w\.a -> o\.a\]")


def single(destination, source="e.*.*"):
    return 'mappings = {\n  "%s": "%s"\n}\n' % (source, destination)


def entry(text, source="src"):
    return 'mappings = {\n  "%s": %s\n}\n' % (source, text)


def bad(token, cause):
    return "invalid mapping destination: %s in %s" % (cause, token)


WRONG = "function argument is invalid or in the wrong format"
RANGE = "wildcard index out of range"
FEW = "not enough arguments passed to the function"
MANY = "too many arguments passed to the function"

# (configuration, text in the output)
ERRORS = [
    (entry('"x"', "a..b"), 'Subject "a..b" is not a valid subject'),
    (entry('"x"', "a.>.b"), 'Subject "a.>.b" is not a valid subject'),
    (entry("{dest: foo}"), 'Missing weight for mapping destination "foo"'),
    (entry("[ {destination: foo} ]"), 'Missing weight for mapping destination "foo"'),
    (entry("{dest: foo, weight: abc}"), 'Invalid weight "abc" for mapping destination'),
    (entry('{dest: foo, weight: "12%x"}'), "Invalid weight"),
    (entry("{dest: foo, weight: 101}"), "Invalid weight 101 for mapping destination"),
    (entry("{dest: foo, weight: -1}"), "Invalid weight -1 for mapping destination"),
    (entry("{dest: foo, weight: 101%}"), "Invalid weight 101 for mapping destination"),
    (entry("{dest: foo, weight: 5, colour: red}"), 'Unknown field "colour" for mapping destination'),
    (entry("{dest: foo, weight: true}"), "Unknown entry type for weight of"),
    (entry("{dest: foo, weight: 1.5}"), "Unknown entry type for weight of"),
    (entry("[ 5 ]"), "Expected an entry for the mapping destination"),
    (entry("5"), "Expected an entry for the mapping destination"),
    (entry('[ "foo" ]'), "Expected an entry for the mapping destination"),
    (entry("[ {dest: a, weight: 10}, {dest: a, weight: 10} ]"), 'Error adding mapping for "src" : duplicate entry for "a"'),
    (entry("[ {dest: a, weight: 10}, {dest: a, weight: 10, cluster: c} ]"), 'duplicate entry for "a"'),
    (entry("[ {dest: a, weight: 60}, {dest: b, weight: 50} ]"), 'Error adding mapping for "src" : total weight needs to be <= 100'),
    (entry("[ {dest: a, weight: 60, cluster: c}, {dest: b, weight: 50, cluster: c} ]"), "total weight needs to be <= 100"),
    (single("o..x", "src"), 'Error adding mapping for "src" to "o..x" : invalid mapping destination: invalid transform'),
    (entry("{dest: o..x, weight: 5}"), 'Error adding mapping for "src" : invalid mapping destination: invalid transform'),
    (single("o.>.x", "e.>"), "invalid mapping destination: invalid transform in x"),
    (single("o.*", "e.*"), "invalid subject"),
    (single("o.>", "e.*"), "invalid subject"),
    (single("o", "e.>"), "invalid subject"),
    (single("o.a b"), "invalid mapping destination: invalid transform"),
]
for _token, _cause in (("{{nothing(1)}}", "unknown function"), ("{{WILDCARD(1)}}", "unknown function"),
                       ("{{split_from_left(1,2)}}", "unknown function"), ("{{wildcard}}", "unknown function"),
                       ("{{wildcard()}}", FEW), ("{{wildcard(1,2)}}", MANY), ("{{wildcard(x)}}", WRONG),
                       ("{{wildcard(1)}}{{wildcard(1)}}", WRONG), ("{{wildcard(99999999999999999999)}}", WRONG),
                       ("{{partition()}}", WRONG), ("{{partition(x,1)}}", WRONG), ("{{partition(10,x)}}", WRONG),
                       ("{{partition(99999999999,1)}}", WRONG),
                       ("{{split(1)}}", FEW), ("{{split(1,a,b)}}", MANY), ("{{split(x,-)}}", WRONG), ("{{split(1,a b)}}", WRONG),
                       ("{{random()}}", WRONG), ("{{random(1,2)}}", FEW), ("{{random(x)}}", WRONG),
                       ("{{random(2147483648)}}", WRONG), ("{{left(1,2147483648)}}", WRONG), ("{{partition(2147483648,1)}}", WRONG),
                       ("{{splitfromleft(1)}}", FEW), ("{{splitfromleft(1,2,3)}}", MANY), ("{{splitfromleft(1,x)}}", WRONG),
                       ("{{splitfromright(1)}}", FEW), ("{{splitfromright(1,2,3)}}", MANY), ("{{splitfromright(x,1)}}", WRONG),
                       ("{{slicefromleft(1)}}", FEW), ("{{slicefromleft(1,2,3)}}", MANY), ("{{slicefromleft(1,x)}}", WRONG),
                       ("{{slicefromright(1)}}", FEW), ("{{slicefromright(1,2,3)}}", MANY), ("{{slicefromright(1,x)}}", WRONG),
                       ("{{left(1)}}", FEW), ("{{left(1,2,3)}}", MANY), ("{{left(x,1)}}", WRONG),
                       ("{{right(1)}}", FEW), ("{{right(1,2,3)}}", MANY), ("{{right(1,x)}}", WRONG)):
    ERRORS.append((single("o." + _token), bad("%s" % _token, _cause)))
for _token in ("{{wildcard(3)}}", "$3", "{{partition(10,3)}}", "{{split(3,-)}}", "{{splitfromleft(3,1)}}", "{{splitfromright(3,1)}}",
               "{{slicefromleft(3,1)}}", "{{slicefromright(3,1)}}", "{{left(3,1)}}", "{{right(3,1)}}"):
    ERRORS.append((single("o." + _token), bad(_token, RANGE) + ": [3]"))
ERRORS.append((single("o.$9999999999"), bad("$9999999999", RANGE) + ": [9999999999]"))
ERRORS.append((single("o.{{split(2147483648,-)}}"), bad("{{split(2147483648,-)}}", RANGE) + ": [2147483648]"))
for _token in ("{{wildcard(1)}}", "$1", "{{split(1,-)}}", "{{left(1,1)}}"):
    ERRORS.append((single("o." + _token, "src"), bad(_token, RANGE)))


@test(SHEET, 105)
def errors_of_mappings(ctx):
    for config, text in ERRORS:
        code, output = ctx.check_config(config)
        eq(code, 1, "exit code of -t with %s" % config)
        check(text in output, "with %s\nexpected %r in\n%s" % (config, text, output))
        check(re.search(r"server\.conf:\d+:\d+: ", output), "no position in %r" % output)


@test(SHEET, 105)
def errors_in_account_mappings(ctx):
    code, output = ctx.check_config("accounts { A { %s } }\n" % single("o.{{nothing(1)}}"))
    eq(code, 1, "exit code")
    check(bad("{{nothing(1)}}", "unknown function") in output, output)


@test(SHEET, 105)
def no_errors(ctx):
    for config in (single("o.$1"), single("o.$1.$1.$2"), single("o.{{partition(0,1)}}"), single("o.{{random(0)}}"),
                   single("o.{{partition(-5,1)}}"), single("o.{{partition(10,1,2)}}", "src"), single("o.{{random(5)}}", "src"),
                   single("o.x{{nothing(1)}}"), single("o.{{}}"), single("o.$text"), entry("{dest: a, weight: 0}"),
                   entry('{Destination: a, WEIGHT: "40%"}'), entry('{dest: a, weight: "40"}'),
                   entry("[ {dest: a, weight: 60}, {dest: b, weight: 40}, {dest: c, weight: 100, cluster: x} ]"),
                   "maps = { a: b }\n"):
        code, output = ctx.check_config(config)
        eq(code, 0, "exit code of -t with %s: %s" % (config, output))


@test(SHEET, 106)
def no_recursion_and_receivers_see_the_result(ctx):
    server = ctx.shared(mappings([("a1.*", "a2.$1"), ("a2.*", "a3.$1")]))
    client = listener(ctx, server)
    eq(delivered(client, "a1.z"), [b"a2.z"], "delivered")
    eq(delivered(client, "a2.z"), [b"a3.z"], "delivered")
    client.pub("a1.z", "x", reply="a1.reply")
    client.expect("MSG a2.z all a1.reply 1\r\nx\r\n")
    other = ctx.client(server)
    other.sub("a1.z")
    other.expect_quiet()
    client.pub("a1.z", "x")
    client.expect_msg(subject="a2.z")
    other.expect_quiet()


@test(SHEET, 106)
def permissions_see_the_result(ctx):
    server = ctx.shared(mappings([("from", "to"), ("x", "y")]) + "authorization { users: [ "
                        '{user: u, password: p, permissions: {publish: ["to", "x"], subscribe: ">"}} ] }\n')
    client = listener(ctx, server, user="u", **{"pass": "p"})
    eq(delivered(client, "from"), [b"to"], "delivered")
    client.pub("x")
    client.expect_err('Permissions Violation for Publish to "y"')


@test(SHEET, 106)
def mappings_of_an_account(ctx):
    server = ctx.shared("accounts {\n A { users: [ {user: a, password: p} ], mappings: { from: to } }\n"
                        " B { users: [ {user: b, password: p} ] }\n}\n")
    eq(delivered(listener(ctx, server, user="a", **{"pass": "p"}), "from"), [b"to"], "account with the mapping")
    eq(delivered(listener(ctx, server, user="b", **{"pass": "p"}), "from"), [b"from"], "account without")


@test(SHEET, 106, needs="reload")
def mappings_are_reloaded(ctx):
    server = ctx.start(mappings([("from", "to")]))
    client = listener(ctx, server)
    eq(delivered(client, "from"), [b"to"], "delivered")
    server.reload(mappings([("from", "elsewhere")]))
    eq(delivered(client, "from"), [b"elsewhere"], "delivered after a reload")
    server.reload(mappings([("other", "elsewhere")]))
    eq(delivered(client, "from"), [b"from"], "delivered without this mapping")
    server.reload("mappings = {}\n")
    eq(delivered(client, "other"), [b"other"], "delivered without mappings")


def shares(client, subject, total=2000):
    """{subject: messages} of many publishes."""
    client.send("PUB %s 0\r\n\r\n" % subject * total, "PING\r\n")
    counts = {}
    for frame in client.until("PONG", timeout=30)[:-1]:
        name = frame.subject.decode()
        counts[name] = counts.get(name, 0) + 1
    return counts


@test(SHEET, 107)
def weights(ctx):
    server = ctx.shared('mappings = {\n half: { dest: other, weight: 50% }\n lossy: [ {dest: other, weight: 50}, {dest: lossy, weight: 0} ]\n'
                        ' three: [ {dest: a, weight: 20%}, {dest: b, weight: "30"}, {dest: c, weight: 50} ]\n'
                        ' "wild.*": { dest: "to.$1", weight: 50 }\n none: {dest: other, weight: 0}\n full: {dest: other, weight: 100} }\n')
    client = listener(ctx, server)
    got = shares(client, "half")
    eq(sum(got.values()), 2000, "messages")
    near(got["other"], 850, 1150, "mapped half (sd 22)")
    near(got["half"], 850, 1150, "original half")
    got = shares(client, "lossy")
    eq(list(got), ["other"], "subjects of the lossy mapping")
    near(got["other"], 850, 1150, "what is left")
    got = shares(client, "three")
    eq(sum(got.values()), 2000, "messages")
    near(got["a"], 280, 520, "20 % (sd 18)")
    near(got["b"], 470, 730, "30 % (sd 20)")
    near(got["c"], 850, 1150, "50 %")
    got = shares(client, "wild.x")
    eq(sorted(got), ["to.x", "wild.x"], "subjects of the wildcard source")
    near(got["to.x"], 850, 1150, "mapped half")
    eq(shares(client, "none", 100), {"none": 100}, "weight 0")
    eq(shares(client, "full", 100), {"other": 100}, "weight 100")


LOST = "mappings = { lost: [ {dest: lost, weight: 0}, {dest: other, weight: 0} ] }\n"


@test(SHEET, 108)
def lost_message(ctx):
    server = ctx.start(LOST)
    client = ctx.client(server, headers=True, no_responders=True, verbose=True)
    client.send("SUB > 1\r\nUNSUB 1\r\nSUB inbox 2\r\n")
    client.expect("+OK\r\n+OK\r\n+OK\r\n")
    client.pub("lost", "x", reply="inbox")
    client.expect("+OK\r\nHMSG inbox 2 32 32\r\nNATS/1.0 503\r\nNats-Subject: \r\n\r\n\r\n")
    client.pub("lost", "xyz")
    client.expect_ok()
    client.expect_quiet()
    wait_until(lambda: server.varz()["in_msgs"] == 2, "the messages are counted")


@test(SHEET, 108)
def lost_message_and_permissions(ctx):
    server = ctx.shared(LOST + 'authorization { users: [ {user: u, password: p, permissions: {publish: "lost"}} ] }\n')
    client = ctx.client(server, user="u", **{"pass": "p"})
    client.pub("lost", "x")
    client.expect_err('Permissions Violation for Publish to ""')


CLUSTERED = "mappings = { from: [ {dest: here, weight: 100, cluster: east}, {dest: there, weight: 100, cluster: west}, {dest: base, weight: 100} ],\n" \
            " only: { dest: scoped, weight: 100, cluster: east } }\n"


@test(SHEET, 109, needs="cluster")
def cluster_scoped_destination(ctx):
    for name, wanted, only in (("east", b"here", b"scoped"), ("west", b"there", b"only"), ("north", b"base", b"only")):
        server = ctx.start(CLUSTERED + 'cluster { name: %s, listen: "127.0.0.1:-1" }\n' % name)
        client = listener(ctx, server)
        eq(delivered(client, "from"), [wanted], "delivered in %s" % name)
        eq(delivered(client, "only"), [only], "delivered in %s" % name)


@test(SHEET, 109)
def cluster_scoped_destination_without_a_cluster(ctx):
    client = listener(ctx, ctx.shared(CLUSTERED))
    eq(delivered(client, "from"), [b"base"], "delivered")
    eq(delivered(client, "only"), [b"only"], "delivered")


@test(SHEET, 110, better=True)
def first_publish_together_with_connect(ctx):
    server = ctx.shared("accounts { A { users: [ {user: a, password: p} ], mappings: { from: to } } }\n")
    watcher = listener(ctx, server, user="a", **{"pass": "p"})
    for _ in range(5):
        client = ctx.raw(server)
        client.send('CONNECT {"user":"a","pass":"p","verbose":false}\r\nPUB from 1\r\nx\r\nPING\r\n')
        client.expect_pong()
        watcher.expect("MSG to all 1\r\nx\r\n")


@test(SHEET, 111, better=True)
def empty_destination(ctx):
    for config in (entry('""'), entry('{dest: "", weight: 100}'), entry("{weight: 100}"), entry('[ {dest: "", weight: 50} ]')):
        code, output = ctx.check_config(config)
        eq(code, 1, "exit code of -t with %s: %s" % (config, output))
        check(re.search(r"server\.conf:\d+:\d+: ", output), "no position in %r" % output)
