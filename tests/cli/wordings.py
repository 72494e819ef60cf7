"""Texts of errors about values and files, which scripts look for; and YAML."""

import json

from tool import *


def refused(tool, *args):
    outcome = tool.run(*args, code=1)
    return outcome.err.replace("nats: error: ", "", 1).rstrip("\n")


@case(69)
def configurations_that_are_no_json(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "T", "--subjects", "t", "--defaults")
    tool.run("consumer", "add", "T", "C", "--pull", "--defaults")
    for text, why in (('{"name":"S",}', "invalid character '}' looking for beginning of object key string"),
                      ('{"name":"S"', "unexpected end of JSON input"),
                      ("", "unexpected end of JSON input"),
                      ("name: S", "invalid character 'a' in literal null (expecting 'u')"),
                      ('{"name" "S"}', "invalid character '\"' after object key"),
                      ('{"a":1 "b":2}', "invalid character '\"' after object key:value pair"),
                      ('{"a":[1 2]}', "invalid character '2' after array element"),
                      ("{} x", "invalid character 'x' after top-level value"),
                      ("[]", "json: cannot unmarshal array into Go value of type map[string]interface {}")):
        tool.write("bad.json", text)
        eq(refused(tool, "stream", "add", "S", "--config", "bad.json"), "invalid input: " + why, text)
        eq(refused(tool, "consumer", "add", "T", "--config", "bad.json"), why, text)
        eq(refused(tool, "stream", "edit", "T", "-f", "--config", "bad.json"),
           "could not create new configuration for Stream T: " + why, text)
        eq(refused(tool, "consumer", "edit", "T", "C", "-f", "--config", "bad.json"),
           "could not create new configuration for Consumer C: " + why, text)


@case(69)
def values_of_another_type(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "T", "--subjects", "t", "--defaults")
    for config, why in (({"subjects": "s"}, "string into Go struct field StreamConfig.subjects of type []string"),
                        ({"subjects": [5]}, "number into Go struct field StreamConfig.subjects of type string"),
                        ({"max_msgs": "5"}, "string into Go struct field StreamConfig.max_msgs of type int64"),
                        ({"max_age": "1h"}, "string into Go struct field StreamConfig.max_age of type time.Duration"),
                        ({"max_age": 1.5}, "number 1.5 into Go struct field StreamConfig.max_age of type time.Duration"),
                        ({"name": 5}, "number into Go struct field StreamConfig.name of type string"),
                        ({"allow_direct": "yes"}, "string into Go struct field StreamConfig.allow_direct of type bool")):
        tool.write("s.json", json.dumps(config))
        eq(refused(tool, "stream", "add", "S", "--config", "s.json"), "invalid input: json: cannot unmarshal " + why)
    for key in "retention", "storage", "discard", "compression":
        # A word that is none counts before a value of another type.
        tool.write("s.json", json.dumps({"max_age": "1h", key: "bogus"}))
        eq(refused(tool, "stream", "add", "S", "--config", "s.json"), r'invalid input: can not unmarshal "\"bogus\""')
    for config, why in (({"durable_name": 7}, "number into Go struct field ConsumerConfig.durable_name of type string"),
                        ({"max_deliver": "x"}, "string into Go struct field ConsumerConfig.max_deliver of type int"),
                        ({"ack_wait": "30s"}, "string into Go struct field ConsumerConfig.ack_wait of type time.Duration")):
        tool.write("c.json", json.dumps(config))
        eq(refused(tool, "consumer", "add", "T", "--config", "c.json"), "json: cannot unmarshal " + why)


@case(10)
def numbers_that_are_none(ctx):
    tool = nats(ctx, server=False)
    for flag in "--max-msgs", "--max-msgs-per-subject", "--replicas":
        eq(tool.error("stream", "add", "S", flag, "abc"), 'strconv.ParseInt: parsing "abc": invalid syntax')
    eq(tool.error("stream", "add", "S", "--max-consumers", "abc"), 'strconv.ParseFloat: parsing "abc": invalid syntax')
    eq(tool.error("consumer", "add", "S", "C", "--replicas", "abc"), 'strconv.ParseFloat: parsing "abc": invalid syntax')
    for command in "add", "edit":
        eq(tool.error("kv", command, "B", "--history", "x"), 'history: strconv.ParseInt: parsing "x": invalid syntax')
    eq(tool.error("stream", "find", "--replicas", "x"), 'strconv.ParseUint: parsing "x": invalid syntax')
    eq(tool.error("bench", "pub", "s", "--msgs", "9" * 20), 'strconv.ParseInt: parsing "%s": value out of range' % ("9" * 20))


@case(10)
def expressions_that_are_none(ctx):
    tool = nats(ctx, server=False)
    for text, why in (("[", "missing closing ]: `[`"), ("a(b", "missing closing ): `a(b`"), ("a)b", "unexpected ): `a)b`"),
                      ("*", "missing argument to repetition operator: `*`"),
                      ("a**", "invalid nested repetition operator: `**`"), ("a{1001}", "invalid repeat count: `{1001}`"),
                      ("a\\", "trailing backslash at end of expression: ``"), ("\\y", "invalid escape sequence: `\\y`"),
                      ("[z-a]", "invalid character class range: `z-a`"),
                      ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"), ("(?<=a)b", "invalid named capture: `(?<=a)b`")):
        eq(tool.error("schema", "ls", text), "search failed: error parsing regexp: " + why)
    eq(nats(ctx).error("events", "--filter", "a(b"),
       "invalid body regular expression: error parsing regexp: missing closing ): `A(B`")
    # What Go allows.
    check("stream_names_request" in tool.out("schema", "ls", "(?i)STREAM_NAMES"), "letters of either case")
    eq(tool.out("schema", "ls", "a{2"), 'No schemas matched "a{2"\n')


@case(139, "deviation")
def errors_are_not_searched_with_what_is_no_expression(ctx):
    """The original crashes."""
    eq(nats(ctx, server=False).error("errors", "ls", "["), "error parsing regexp: missing closing ]: `[`")


@case(136)
def events_of_a_stream_that_is_not_there(ctx):
    eq(nats(ctx).error("events", "--stream", "NO"), "nats: API error: code=404 err_code=10059 description=stream not found")


@case(38)
def templates_that_are_wrong(ctx):
    tool = nats(ctx)
    for text, why in (("{{ Random }}", 'body:1:3: executing "body" at <Random>: wrong number of args for Random: want 2 got 0'),
                      ("a\nb {{Random 5}}", 'body:2:4: executing "body" at <Random>: wrong number of args for Random: want 2 got 1'),
                      ("x {{ .Nope }}", 'body:1:5: executing "body" at <.Nope>: can\'t evaluate field Nope in type *util.pubData'),
                      ("a\n{{- if .Count.X.Y}}{{end}}", 'body:2:13: executing "body" at <.Count.X.Y>: can\'t evaluate field X in type int'),
                      ("{{with .ID}}{{$.Unix.X}}{{end}}", 'body:1:15: executing "body" at <$.Unix.X>: can\'t evaluate field X in type int64'),
                      ("{{printf}}", 'body:1:2: executing "body" at <printf>: wrong number of args for printf: want at least 1 got 0'),
                      ("{{ if }}x", "body:1: missing value for if"), ("{{ Bogus }}", 'body:1: function "Bogus" not defined')):
        outcome = tool.run("pub", "a", text)
        eq(outcome.logs[0], "Could not parse body template: template: " + why)
    sub = tool.start("sub", "a", "--count", "1")
    sub.wait_err("Subscribing on a")
    tool.run("pub", "a", "{{range 2}}{{$.Count}}{{end}}")
    matches(sub.wait().out, "\n11\n")


@case(41)
def a_header_without_a_name_is_none(ctx):
    tool = nats(ctx)
    sub = tool.start("sub", "a", "--count", "1", "--headers-only")
    sub.wait_err("Subscribing on a")
    tool.run("pub", "a", "x", "-H", ":v")
    check("v" not in sub.wait().out.split("Received on", 1)[1].split("\n", 1)[1], "a header")


@case(140)
def a_schema_as_yaml(ctx):
    tool = nats(ctx, server=False)
    out = tool.out("schema", "info", "io.nats.jetstream.api.v1.stream_names_response", "--yaml")
    check(out.startswith("$id: https://nats.io/schemas/jetstream/api/v1/stream_names_response.json\n"
                         "$schema: http://json-schema.org/draft-07/schema#\nallOf:\n- properties:\n    limit:\n      minimum: 0\n"), out)
    check(out.endswith("required:\n- type\ntitle: io.nats.jetstream.api.v1.stream_names_response\ntype: object\n\n"), out[-200:])
    out = tool.out("schema", "info", "io.nats.jetstream.api.v1.stream_purge_request", "--yaml")
    check("\n  - " not in out.split("properties:", 1)[0], out)
    # Quotes where they are needed, and long lines.
    out = tool.out("schema", "info", "io.nats.server.advisory.v1.client_connect", "--yaml")
    check("        description: 'The type of client. When kind is Client, this contains the type:\n"
          "          mqtt/websocket/nats'\n" in out, out)


@case(79, "snapshots")
def a_backup_tells_about_its_chunks(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    tool.run("pub", "s", "x" * 1000, "--count", "100", "-q")
    outcome = tool.run("stream", "backup", "S", "backup", "--trace")
    matches(outcome.out, r'^Starting backup of Stream "S" with .*\nReceived 128 KiB chunk 0 with time delta \S+\n'
                         r'(?:Received 128 KiB chunk \d+ with time delta \S+\n)+\n')


@case(44)
def rates_are_drawn_from_zero(ctx):
    tool = nats(ctx)
    terminal = tool.terminal("sub", "a", "--graph", rows=30, columns=80)
    terminal.wait(r"(?s)( 0\.00 ┤\n){11} 0\.00 ┼─{65}\n {34}a / second")


@case(13)
def files_that_log_in_or_encrypt_are_read_before_connecting(ctx):
    down = ("pub", "a", "b", "-s", "127.0.0.1:1")
    tool = nats(ctx)
    tool.write("bogus", "bogus\n")
    eq(tool.error(*down, "--nkey", "bogus"), "configuration error: nkeys: no nkey seed found")
    eq(tool.error(*down, "--tlsca", "bogus"), 'nats: failed to parse root certificate from "bogus"')
    eq(tool.error(*down, "--tlscert", "bogus", "--tlskey", "bogus"),
       "nats: error loading client certificate: tls: failed to find any PEM data in certificate input")
    # One of the two is none.
    eq(tool.error(*down, "--tlscert", "bogus"), "nats: no servers available for connection")
    # Credentials are for what the server sends.
    eq(tool.error(*down, "--creds", "bogus"), "nats: no servers available for connection")
    eq(tool.error("pub", "a", "b", "--creds", "bogus"),
       'error signing nonce: unable to extract key pair from file "bogus": nkeys: no nkey seed found')
    for prefix in "a.", "a.>", "*":
        eq(tool.error(*down, "--inbox-prefix", prefix), "nats: invalid custom prefix")


@case(13)
def schemes_that_nobody_knows_mean_no_encryption(ctx):
    tool = nats(ctx)
    eq(tool.run("pub", "a", "b", "-s", "tcp://" + tool.server.address).logs, ['Published 1 bytes to "a"'])


@case(42)
def subjects_with_parts_that_are_empty(ctx):
    tool = nats(ctx)
    for subject in "a..b", "a.", ".a":
        outcome = tool.run("sub", subject, "--count", "1", code=1)
        eq(outcome.logs, ["Subscribing on " + subject + " ", "nats: error: nats: invalid subject"])
    outcome = tool.run("sub", "a", "--queue", "q q", "--count", "1", code=1)
    eq(outcome.logs[-1:], ["nats: error: nats: invalid queue name"])


@case(136)
def events_without_a_server(ctx):
    eq(nats(ctx, server=False).error("events", "-s", "127.0.0.1:1"), "setup failed: nats: no servers available for connection")


@case(78)
def a_page_of_no_number(ctx):
    tool = nats(ctx, server=False)
    eq(tool.error("stream", "view", "S", "x"), 'strconv.ParseFloat: parsing "x": invalid syntax')


@case(19)
def nobody_reads_the_output(ctx):
    """As if the closed pipe had killed the tool: 141 for shells, and nothing is said."""
    tool = nats(ctx, server=False)
    for words in ("--version", "context ls", "auth nkey gen user"):
        code, text = run_binary("/bin/bash", "-c", "(sleep 0.2; %s %s; echo $? >&2) | true" % (tool.binary, words), env=tool.env)
        eq((code, text), (0, "141\n"), words)


@case(43)
def all_messages_of_a_stream_are_no_internal_streams(ctx):
    matches(nats(ctx, server=False).out("help", "sub"), r"\n      --all                      (?!Include internal)\S")


@case(10)
def no_time_at_all(ctx):
    """A timeout that is none holds for answers; a connect then takes as long as it does."""
    tool = nats(ctx)
    for timeout in "0", "0s", "-1s":
        eq(tool.run("pub", "a", "b", "--timeout=" + timeout).logs, ['Published 1 bytes to "a"'])
        sub = tool.start("sub", "a")
        sub.wait_err("Subscribing")
        eq(tool.run("req", "a", "b", "--timeout=" + timeout).logs, ['Sending request on "a"'])
        sub.kill()


@case(144)
def plugins_are_files(ctx):
    tool = nats(ctx, server=False)
    eq(tool.error("plugins", "register", "foo", "ls"), "path 'ls' does not exist")
    eq(tool.error("plugins", "register", "foo", "/bin"), "'bin' is a directory")


@case(74)
def mistakes_in_expressions(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    tool.run("consumer", "add", "S", "C", "--pull", "--defaults")
    for text, why, column in (
            ("config.name ==", "unexpected token EOF", 14), ("config.name == 'x' b", 'unexpected token Identifier("b")', 20),
            (")", 'unexpected token Bracket(")")', 1), ("'open", "literal not terminated", 6), ("nope == 1", "unknown name nope", 1),
            ("true or nope", "unknown name nope", 9), ("nope()", "unknown name nope", 1),
            ("len()", "invalid number of arguments (expected 1, got 0)", 1)):
        wanted = "nats: error: %s (1:%d)\n | %s\n | %s^\n" % (why, column, text, "." * (column - 1))
        for command in ("stream", "find"), ("consumer", "find", "S"):
            eq(tool.run(*command, "--expression", text, code=1).err, wanted)
    for text, why in (("1", "expected bool, but got int"), ("state.nope > 1", "invalid operation: <nil> > int"),
                      ("config.name <= 1", "invalid operation: string <= int"), ("config.name and true", "invalid operation: bool(string)"),
                      ("config.name matches '('", "error parsing regexp: missing closing ): `(`")):
        check(tool.run("stream", "find", "--expression", text, code=1).err.startswith("nats: error: " + why), text)


@case(74)
def mistakes_in_expressions_that_show_with_values(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "a,b", "--defaults")
    tool.run("consumer", "add", "S", "C", "--pull", "--defaults")
    both, streams = (("stream", "find"), ("consumer", "find", "S")), (("stream", "find"),)
    for commands, text, why, column in (
            (both, "config.nope.x == 1", "cannot fetch x from <nil>", 13),
            (both, 'config["nope"]["x"] == 1', "cannot fetch x from <nil>", 15),
            (both, "len(config.bogus) > 0", "invalid argument for len (type <nil>)", 1),
            (both, 'split(config.name, "_")[1] == "x"', "index out of range: 1 (array length is 1)", 24),
            (both, "config.name.x == 1", "invalid operation: int(string)", 13),
            (both, "config.num_replicas.x == 1", "cannot fetch x from int", 21),
            (both, "config.num_replicas + config.name == 1", "invalid operation: int + string", 21),
            (both, "config.name in config.num_replicas", 'operator "in" not defined on int', 13),
            (both, "1 in config.metadata", "reflect.Value.MapIndex: value of type int is not assignable to type string", 3),
            (both, "any(config.nope, true)", "reflect: call of reflect.Value.Len on zero Value", 1),
            (both, "lower(config.nope) == 'x'", "interface conversion: interface {} is nil, not string", 1),
            (both, "!config.name", "interface conversion: interface {} is string, not bool", 1),
            (both, "config.name", "invalid operation: bool(string)", 1),
            (both, "date(config.name) < now()", "invalid date " + "%s", 1),
            (both, "duration(config.name) > duration('1s')", 'time: invalid duration "%s"', 1),
            (both, "config.nope.Year() == 1", "cannot fetch Year from <nil>", 13),
            (streams, "Info.Config.Bogus == 1", "cannot fetch Bogus from api.StreamConfig", 13),
            (streams, "Info.Cluster.Leader == 'x'", "cannot fetch Leader from *api.ClusterInfo", 14),
            (streams, "config.subjects[5] == 'x'", "index out of range: 5 (array length is 2)", 16),
            (streams, "config.subjects[-5] == 'x'", "index out of range: -3 (array length is 2)", 16),
            ((("consumer", "find", "S"),), "Info.Config.Bogus == 1", "cannot fetch Bogus from api.ConsumerConfig", 13),
            ((("consumer", "find", "S"),), "Info.Bogus == 1", "cannot fetch Bogus from api.ConsumerInfo", 6),
            ((("consumer", "find", "S"),), "Info.Delivered.Last.Year() == 1",
             "value method time.Time.Year called using nil *Time pointer", 21),
            # Types that cannot fit.
            (both, "len(1) == 1", "invalid argument for len (type int)", 1),
            (both, "1 in 5", "invalid operation: in (mismatched types int and int)", 3),
            (both, '1 + "x" == 2', "invalid operation: + (mismatched types int and string)", 3),
            (both, "now() > 1", "invalid operation: > (mismatched types time.Time and int)", 7),
            (both, "now().Nope()", "type time.Time has no method Nope", 7),
            # Names.
            (both, "let x = 1; y == 1", "unknown name y", 12), (both, "let config = 1; true", "cannot redeclare config", 5),
            (both, "config.name | nope() == 'x'", "unknown name nope", 15)):
        for command in commands:
            said = why.replace("%s", "S" if command[0] == "stream" else "C")
            wanted = "nats: error: %s (1:%d)\n | %s\n | %s^\n" % (said, column, text, "." * (column - 1))
            eq(tool.run(*command, "--expression", text, code=1).err, wanted)
    # What is decided before is not looked at.
    for text, found in (("true or config.nope.x", "S"), ("config.nope and true", ""), ("config?.nope?.x == nil", "S")):
        eq(tool.out("stream", "find", "-n", "--expression", text).strip(), found, text)


@case(110, "services")
def mistakes_in_filters_of_connections(ctx):
    tool = nats(ctx)
    for text, why, column in (("conns.bogus.x == 1", "cannot fetch x from <nil>", 13), ("bogus.x == 1", "cannot fetch x from <nil>", 7),
                              ("Conn.Bogus == 1", "cannot fetch Bogus from *server.ConnInfo", 6),
                              ("Server.Bogus == 1", "cannot fetch Bogus from *server.ServerInfo", 8)):
        # The original says it twice.
        said = tool.error("server", "report", "connections", "--filter", text, *SYSTEM)
        check(said.startswith("Invalid expression: %s (1:%d)\n | %s\n | %s^" % (why, column, text, "." * (column - 1))), said)
    eq(tool.error("server", "report", "connections", "--filter", "bogus == 1", *SYSTEM), "did not get results from any servers")


@case(74, "deviation")
def parts_of_the_expression_language_that_are_not_there(ctx):
    """The original has them."""
    tool = nats(ctx)
    for text, part in (("reduce([1], # + #acc) == 1", "the function reduce (1:1)"), ("now().Format('2006') == '1'", "the method Format (1:7)"),
                       ("$env == 1", "$env (1:1)"), ("if true {true} else {false}", "`if` and `let` inside of an expression (1:1)")):
        check(tool.error("stream", "find", "--expression", text).startswith(
            "this part of the expression language is not known here: %s\n" % part), text)
