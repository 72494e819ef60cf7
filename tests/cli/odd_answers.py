"""Servers whose answers are none, or have values that nobody has thought of: the tool neither crashes nor waits for ever, and does
not believe that something was done which the answer does not say."""

import concurrent.futures
import json
import re
import threading

from tool import *
from tool.answers import Answers, each
from tool.nats import CONFIG

# Commands that ask something; those of the system account have a star.
COMMANDS = """
account info | account report connections | account report statistics | account backup out -f
server check stream --stream S --peer-expect 1 --lag-critical 1 --seen-critical 1s --msgs-warn 1 --msgs-critical 2
server check consumer --stream S --consumer C --outstanding-ack-critical 1 --unprocessed-critical 1 --last-ack-critical 1s
server check message --stream S --subject s.1 --age-warn 1s --age-critical 2s | server check kv --bucket B --key k
server check jetstream --replicas --replica-lag-critical 1 --replica-seen-critical 1s | * server check meta --expect 1 --lag-critical 1
* server check server --name N1 --cpu-warn 1 --cpu-critical 2 --uptime-warn 1s --uptime-critical 2s
* server info | * server list --sort cpu | * server report accounts | * server report accounts APP | * server report connections
* server report cpu | * server report gateways | * server report health | * server report jetstream --account APP --leaders
* server report leafnodes | * server report routes | * server report downgrade 0 | * server request raft | * server request jetstream
* server request variables | * server account info APP | * server config reload N1 -f | * server cluster balance 1s -f
* server cluster step-down -f | * audit gather -o archive.zip | * top N1 -o page --max-refresh 1
stream ls | stream ls -a -j | stream report | stream find --offline --empty | stream info S | stream info S -j | stream info M
stream state S | stream subjects S | stream edit S --description x -f | stream purge S -f --keep 5 | stream get S 1 | stream get S -S s.1
stream backup S backup --no-progress --consumers | stream gaps S --no-progress | stream cluster step-down S -f | stream cluster balance
stream rmm S 1 -f | stream rm X -f | stream copy S S9 | stream view S 5
consumer ls S | consumer find S --pull | consumer info S C | consumer info S C -j | consumer state S C | consumer report S
consumer edit S C --description y -f | consumer next S C | consumer pause S C 1h -f | consumer rm S R -f
kv ls | kv ls B --verbose | kv info B | kv get B k | kv put B k v | kv history B k | kv compact B -f | kv edit B --description x
object ls | object ls O | object info O | object info O f | object get O f -f --no-progress -O copy | object del O f -f
subscribe --stream S --all --count 1 | publish s.1 x -J | counter list | service list | service stats demo
bench js pub async bx --create --msgs 10 --no-progress | bench js get batch --stream S --msgs 5 --no-progress
"""
COMMANDS = [command.strip() for command in COMMANDS.strip().replace("\n", "|").split("|")]

# What happens to every value of an answer.
NUMBERS = {
    "largest": lambda answer: each(answer, number=lambda _: 2**63 - 1, many=lambda many: many * 3),
    "unsigned": lambda answer: each(answer, number=lambda _: 2**64 - 1, many=lambda many: many * 3),
    "least": lambda answer: each(answer, number=lambda _: -2**63, many=lambda many: many * 3),
    "minus one": lambda answer: each(answer, number=lambda _: -1),
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT")
TEXTS = {
    "empty": lambda answer: each(answer, text=lambda _: "", many=lambda _: []),
    "odd": lambda answer: each(answer, text=lambda _: "\x1b[31m\U0001F600\x00e\u0301" * 20),
    "first day": lambda answer: each(answer, text=lambda text: "-009999-01-02T01:59:59Z" if TIME.match(text) else text),
    "last day": lambda answer: each(answer, text=lambda text: "9999-12-30T21:59:59.9Z" if TIME.match(text) else text),
}
SHAPES = {
    "no values": lambda answer: each(answer, number=lambda _: None, text=lambda _: None),
    "lists of nothing": lambda answer: each(answer, many=lambda _: [None] * 3),
    "no objects": lambda answer: each(answer, table=lambda table: {
        key: {} if isinstance(one, dict) else one for key, one in table.items()}),
    "other kinds": lambda answer: each(answer, number=lambda _: "x", text=lambda _: 5),
}
NONE = {
    "nothing": lambda _: b"",
    "null": lambda _: b"null",
    "a list": lambda _: b"[]",
    "a text": lambda _: b'"x"',
    "half": lambda _: b'{"a":',
    "no text": lambda _: b'{"a":"\xff\xfe"}',
    "nested": lambda _: b"[" * 100_000,
}
# Seconds that a command may take: far more than it needs, and far less than for ever.
PATIENCE = 25
# Seconds for some hundred commands, many of which wait for more answers.
LONG = 300.0


def asked(ctx):
    """The tool, with something to ask about."""
    tool = nats(ctx, config=CONFIG + "server_name: N1\n")
    tool.run("stream", "add", "S", "--subjects", "s.>", "--allow-direct", "--defaults")
    for number in range(1, 7):
        tool.run("publish", "s.%d" % number, "x", "-J")
    tool.run("stream", "add", "X", "--subjects", "x", "--defaults")
    tool.run("stream", "add", "M", "--subjects", "m", "--retention", "work", "--defaults")
    for name in ("C", "R"):
        tool.run("consumer", "add", "S", name, "--pull", "--ack", "explicit", "--defaults")
    tool.run("kv", "add", "B")
    tool.run("kv", "put", "B", "k", "v")
    tool.run("object", "add", "O")
    tool.write("f", "content")
    tool.run("object", "put", "O", "f", "--no-progress")
    return tool


def outcomes(ctx, ways):
    """[(command, way, outcome)] of all commands with answers that are changed in these ways."""
    tool = asked(ctx)

    def run(way):
        found = []
        proxy = Answers(ctx, tool.server, ways[way])
        for command in COMMANDS:
            words = command.split()
            system = words[0] == "*"
            words = ["--timeout", "300ms", *(words[1:] if system else words), *(SYSTEM if system else ())]
            # Documents of such servers do not keep to the schemas.
            outcome = tool.run(*words, env={"NATS_URL": proxy.address}, code=None, timeout=PATIENCE, binary_out=True)
            outcome.out = outcome.out.decode("utf-8", "replace")
            found.append((command, way, outcome))
        return found

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return [one for many in pool.map(run, ways) for one in many]


def survives(ctx, ways):
    """No command crashes or waits for ever."""
    wrong = ["%s: %r" % (way, outcome) for _, way, outcome in outcomes(ctx, ways)
             if outcome.code not in (0, 1, 2, 3) or "panicked" in outcome.out + outcome.err]
    check(not wrong, "\n".join(wrong))


@case(12, "deviation", slow=True, timeout=LONG)
def odd_numbers_are_survived(ctx):
    """The original asks for page after page of connections for ever if a server gives -1 of -1."""
    survives(ctx, NUMBERS)


@case(12, "deviation", slow=True, timeout=LONG)
def odd_texts_are_survived(ctx):
    """Beside the other tests of this file."""
    survives(ctx, TEXTS)


@case(12, "deviation", slow=True, timeout=LONG)
def odd_shapes_are_survived(ctx):
    """Beside the other tests of this file."""
    survives(ctx, SHAPES)


# Commands that have something to say even without an answer: each for its own reason.
CONTENT = (
    # What the connection itself tells.
    "account info",
    # Messages as they are.
    "consumer next", "subscribe", "bench js get batch",
)


@case(12, "deviation", slow=True, timeout=LONG)
def what_is_no_answer_is_an_error(ctx):
    """The original takes `null` for an answer in which all is zero."""
    wrong = ["%s: %r" % (way, outcome) for command, way, outcome in outcomes(ctx, NONE)
             if outcome.code not in (1, 2, 3) and not command.startswith(CONTENT)]
    check(not wrong, "\n".join(wrong))


@case(12, "deviation")
def what_is_not_confirmed_is_an_error(ctx):
    """The original shows a stream without a name or settings."""
    tool = asked(ctx)
    bare = Answers(ctx, tool.server, lambda _: b"{}").address
    vague = Answers(ctx, tool.server, lambda answer: {key: one for key, one in answer.items() if key not in ("success", "stream")}).address
    unmade = Answers(ctx, tool.server, lambda answer: {
        key: one for key, one in answer.items() if key != "config" or "consumer_create" not in answer["type"]}).address
    no_config = "the answer cannot be read: it has no config"
    unconfirmed = "unknown failure: the server did not confirm the request"
    for url, command, error in (
            (bare, "stream info S", no_config),
            (bare, "stream add Y --subjects y --defaults", no_config),
            (vague, "stream rm X -f", unconfirmed),
            (vague, "stream rmm S 1 -f", unconfirmed),
            (vague, "stream purge S -f", unconfirmed),
            (bare, "consumer info S C", no_config),
            (unmade, "consumer add S D --pull --defaults", no_config),
            (vague, "consumer rm S C -f", unconfirmed),
            (bare, "publish s.1 x -J", "invalid ack response: {}"),
            (vague, "kv put B k v", "the answer cannot be read: it names no stream"),
            (vague, "kv del B -f", unconfirmed)):
        found = tool.error(*command.split(), env={"NATS_URL": url})
        check(found.endswith(error), "nats %s: %s" % (command, found))
    outcome = tool.run("server", "check", "jetstream", env={"NATS_URL": bare}, code=2)
    check("JetStream not available: the answer cannot be read: it has no limits" in outcome.out, repr(outcome))


@case(63, "deviation")
def batches_of_nothing_have_an_end(ctx):
    """The original asks for ever."""
    tool = nats(ctx)
    server = ctx.client(tool.server, headers=True)
    server.sub("$JS.API.DIRECT.GET.E")
    server.send("PING\r\n")
    server.expect_pong()
    asked = []

    def answer():
        """Two messages, then the end of the batch, for ever without any."""
        while True:
            try:
                request = server.frame(PATIENCE, skip=("INFO",))
            except Failure:
                # The server has gone with the test.
                return
            asked.append(json.loads(request.payload))
            if len(asked) == 1:
                for number in 1, 2:
                    server.pub(request.reply, "x", headers="NATS/1.0\r\nNats-Sequence: %d\r\n\r\n" % number)
            server.pub(request.reply, headers="NATS/1.0 204 EOB\r\n\r\n")
    threading.Thread(target=answer, daemon=True).start()
    outcome = tool.run("bench", "js", "get", "batch", "--stream", "E", "--msgs", "5", "--no-progress", code=1, timeout=PATIENCE)
    why = "getting message from the stream: 10 batches in a row had no messages, from sequence 3 on, after 2 of 5 messages"
    eq(outcome.logs[-2:], ["Error from client 0: " + why, "nats: error: " + why])
    eq([(one["seq"], one["batch"]) for one in asked], [(1, 5)] + [(3, 3)] * 10)
