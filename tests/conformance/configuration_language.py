"""The configuration language: configuration.md 1, items 1 to 27."""

import os
import re

from lib import *
from lib.process import (digest_of, folder, read, refused, refused_plain, refused_syntax, run, run_config, spawn,
                         valid)

SHEET = "configuration"
# The place that Midge puts in front of a syntax error, which the reference does not (configuration.md 11).
PLACE = r"(?:x\.conf:\d+:\d+: )?"
PORT_4222 = "sha256:797533ebd0dfba7d34a0f9337ecf147e442871f48ddfd07ed751575a5737267e"
EMPTY = "sha256:ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356"

TOP_END = "Expected a top-level value to end with a new line, comment or EOF, but got '%s' instead."
MAP_END = 'Expected a map value terminator "," or a map terminator "}", but got \'%s\' instead.'
ARRAY_END = 'Expected an array value terminator "," or an array terminator "]", but got \'%s\' instead.'
BAD_ESCAPE = ("Invalid escape character '%s'. Only the following escape characters are allowed: "
              "\\xXX, \\t, \\n, \\r, \\\", \\\\.")


def wrong_type(config_line, got, want):
    """The generic text of a wrong type at `x.conf:LINE:COL`."""
    return "x.conf:%s: interface conversion: interface {} is %s, not %s" % (config_line, got, want)


@test(SHEET, 2, better=True)
def syntax_errors_have_file_line_and_column(ctx):
    """configuration.md 11: the reference names the line only."""
    for config, place in (("port: 4222\nhttp_port: 1 debug: true\n", "x.conf:2:14"), ("a {\n  b = [1 }\n", "x.conf:2:10"),
                          ("port: 4222\nx: $MIDGE_NOT_SET\n", "x.conf:2:18")):
        outcome = run_config(ctx, config)
        eq(outcome.code, 1, "exit code of %r" % config)
        check(re.match(r"nats-server: x\.conf:\d+:\d+: \S", outcome.err), "no place in %r" % outcome.err)
        check(outcome.err.startswith("nats-server: %s: " % place), "%r is not at %s" % (outcome.err, place))


@test(SHEET, 1)
def forms_of_a_pair(ctx):
    for text in ("port 4222", "port: 4222", "port = 4222", "port\n4222", '{"port": 4222}', "{port:4222,}",
                 "port: 4222 }", "port=4222", "port :4222", "port\t4222", "\n\n  port: 4222\n", "port: 4222;",
                 "port: 4222,", "\"port\": 4222", "'port': 4222", "{\n  \"port\": 4222\n}\n", "port \n\n 4222",
                 "{port\n4222}", "port:4222\r\n", "port: 4222\r", "port\u00a04222", "port \u20034222"):
        eq(valid(ctx, text), PORT_4222, "digest of %r" % text)


@test(SHEET, 1)
def forms_of_a_map(ctx):
    want = digest_of({"tls": {}})
    for text in ("tls {}", "tls: {}", "tls = {}", "tls\n{}", "tls {\n}", "tls={\n\n}"):
        eq(valid(ctx, text), want, "digest of %r" % text)
    want = digest_of({"tls": {"timeout": 1}})
    for text in ("tls {timeout: 1}", "tls { timeout 1 }", "tls { timeout:\n1 }", "tls { timeout =\n\n 1\n}",
                 "tls { timeout\n1 }"):
        eq(valid(ctx, text), want, "digest of %r" % text)
    refused_plain(ctx, "jetstream{}", "config is invalid (x.conf:1:11)")


@test(SHEET, 2)
def a_value_starts_on_the_line_of_its_separator(ctx):
    refused_syntax(ctx, "port=\n4222", 2, "Expected value but found new line")
    refused_syntax(ctx, "debug: true\nport:\n4222", 3, "Expected value but found new line")
    refused_syntax(ctx, "port = \r\n4222", 1, "Expected value but found new line")


@test(SHEET, 2)
def a_second_separator_belongs_to_the_value(ctx):
    refused(ctx, "port=:4222", wrong_type("1:0", "string", "int64"))
    eq(valid(ctx, "server_name=:a"), digest_of({"server_name": ":a"}))


@test(SHEET, 3)
def values_on_one_line_need_a_terminator(ctx):
    refused_syntax(ctx, "port: 4222 debug: true", 1, TOP_END % "d")
    want = digest_of({"port": 4222, "debug": True})
    for text in ("port: 4222, debug: true", "port: 4222; debug: true", "port: 4222,debug: true",
                 "port: 4222 ; debug: true ,", "port: 4222\ndebug: true"):
        eq(valid(ctx, text), want, "digest of %r" % text)


@test(SHEET, 3)
def syntax_error_texts(ctx):
    refused_syntax(ctx, '{"port": 4222 "debug": true}', 1,
                   "Expected a block-level value to end with a new line, comment or EOF, but got '\"' instead.",
                   "Expected a block-level to end with a '}', but got '\"' instead.",
                   MAP_END % '"')
    refused_syntax(ctx, "tls { timeout: 1 verify: true }", 1, MAP_END % "v")
    refused_syntax(ctx, "tls { timeout: 1", 1, MAP_END % "\0", "Unexpected EOF processing map.")
    refused_syntax(ctx, 'server_tags: ["a" "b"]', 1, ARRAY_END % '"')
    refused_syntax(ctx, 'server_tags: ["a",,"b"]', 1, "Unexpected array value terminator ','.")
    refused_syntax(ctx, "tls { timeout: , verify: true }", 1, "Unexpected map value terminator \",\".")
    refused_syntax(ctx, "tls {", 1, "Unexpected EOF processing map.")
    refused_syntax(ctx, "tls { ]", 1, "Unexpected array end ']' processing map.")
    refused_syntax(ctx, "tls { timeout", 1, "Unexpected EOF processing map key.")
    refused_syntax(ctx, "tls { 'timeout", 1, "Unexpected EOF processing quoted map key.")
    refused_syntax(ctx, 'tls { "timeout', 1, "Unexpected EOF processing double quoted map key.")
    refused_syntax(ctx, "server_name: 'abc", 1, "Unexpected EOF.")
    refused_syntax(ctx, 'server_name: "abc', 1, "Unexpected EOF.")


@test(SHEET, 3)
def trailing_commas_and_stray_braces(ctx):
    eq(valid(ctx, 'server_tags: ["a", "b",]'), digest_of({"server_tags": ["a", "b"]}))
    eq(valid(ctx, "tls { timeout: 1, }"), digest_of({"tls": {"timeout": 1}}))
    outcome = run_config(ctx, "}")
    eq(outcome.err, "nats-server: x.conf: config has no values or is empty\n\n", "a lone brace")


@test(SHEET, 4)
def a_key_without_a_value(ctx):
    refused_plain(ctx, "port", "config is invalid (x.conf:1:4)")
    refused_plain(ctx, "debug: true\nport", "config is invalid (x.conf:2:4)", "config is invalid (x.conf:2:5)")
    refused(ctx, "port:", wrong_type("1:0", "string", "int64"))
    eq(valid(ctx, "server_name:"), digest_of({"server_name": ""}))


@test(SHEET, 5)
def comments(ctx):
    for text in ("port: 4222 # c", "port: 4222 // c", "# c\nport: 4222", "// c\nport: 4222",
                 "port: 4222 #", "#\n//\nport: 4222", "{ port: 4222 # c\n}", "{ # c\n port: 4222, // d\n}"):
        eq(valid(ctx, text), PORT_4222, "digest of %r" % text)
    want = digest_of({"tls": {"timeout": 1}, "server_tags": ["a", "b"]})
    eq(valid(ctx, "tls { # x\n timeout: 1 # y\n # z\n}\nserver_tags: [ // q\n a # r\n b // s\n]"), want)
    eq(valid(ctx, "server_name: a#b"), digest_of({"server_name": "a#b"}))
    eq(valid(ctx, "server_name: a//b"), digest_of({"server_name": "a//b"}))
    eq(valid(ctx, "server_name: a # b"), digest_of({"server_name": "a"}))
    refused_syntax(ctx, "/* c */\nport: 4222", 1, "Unexpected EOF.")
    refused_syntax(ctx, "/", 1, "Unexpected EOF.")


@test(SHEET, 6)
def byte_order_mark(ctx):
    refused(ctx, b"\xef\xbb\xbfport: 4222", 'x.conf:1:0: unknown field "\\ufeffport"')


@test(SHEET, 7)
def a_separator_without_a_key(ctx):
    refused_syntax(ctx, "= 3", 1, "Unexpected key separator '='")
    refused_syntax(ctx, ": 3", 1, "Unexpected key separator ':'")
    refused_syntax(ctx, "tls { = 3 }", 1, "Unexpected key separator '='.")
    refused_syntax(ctx, "debug: true\n\n= 3", 3, "Unexpected key separator '='")


@test(SHEET, 8)
def line_ends(ctx):
    text = "port: 4222\ndebug: true\ntls {\n  timeout: 1\n}\nserver_tags: [\n a\n b\n]\n"
    want = digest_of({"port": 4222, "debug": True, "tls": {"timeout": 1}, "server_tags": ["a", "b"]})
    eq(valid(ctx, text), want, "LF")
    eq(valid(ctx, text.replace("\n", "\r\n")), want, "CR LF")


@test(SHEET, 9)
def duplicate_keys(ctx):
    eq(valid(ctx, "port: 1\nport: 4222"), PORT_4222, "the last one wins")
    eq(valid(ctx, "tls { timeout: 1 }\ntls { timeout: 2 }"), digest_of({"tls": {"timeout": 2}}))
    upper = valid(ctx, "PORT: 4222")
    eq(upper, digest_of({"PORT": 4222}))
    check(upper != PORT_4222, "digest of PORT")


@test(SHEET, 9)
def the_last_duplicate_is_used(ctx):
    server = ctx.start("max_payload: 1000\nmax_payload: 2000\nMAX_Control_Line: 1024\n")
    eq(server.varz()["max_payload"], 2000, "max_payload")
    eq(server.varz()["max_control_line"], 1024, "max_control_line")


@test(SHEET, 9)
def case_of_keys(ctx):
    for text in ("TLS { Timeout: 1 }", "Authorization { USER: a, Password: b }", "Debug: true", "Lame_Duck_Duration: 1h",
                 "accounts { A { USERS [ {User: a, PASSWORD: b} ] } }"):
        valid(ctx, text)
    refused(ctx, "ocsp { Mode: always }", "x.conf:1:7: error parsing ocsp config: unsupported field string")


@test(SHEET, 10)
def size_suffixes(ctx):
    names = "kmgtpe"
    for power, letter in enumerate(names, 1):
        for suffix, base in ((letter, 1000), (letter + "b", 1024), (letter + "i", 1024), (letter + "ib", 1024),
                             (letter.upper(), 1000), (letter.upper() + "B", 1024), (letter.upper() + "b", 1024),
                             (letter + "iB", 1024)):
            text = "max_pending: 3%s" % suffix
            eq(valid(ctx, text), digest_of({"max_pending": 3 * base ** power}), "digest of %r" % text)


@test(SHEET, 10)
def sizes_in_use(ctx):
    eq(valid(ctx, "max_payload: 1mb"), digest_of({"max_payload": 1048576}))
    eq(valid(ctx, "max_payload: 1k"), digest_of({"max_payload": 1000}))
    eq(valid(ctx, "max_payload: 1kb"), digest_of({"max_payload": 1024}))
    server = ctx.start("max_payload: 2k\nmax_control_line: 2kb\n")
    eq(server.varz()["max_payload"], 2000)
    eq(server.varz()["max_control_line"], 2048)


@test(SHEET, 10)
def suffixes_that_are_no_sizes(ctx):
    for text in ("1b", "10bi", "1abc", "1kx", "3xyz", "1k_"):
        eq(valid(ctx, "server_name: " + text), digest_of({"server_name": text}), text)


@test(SHEET, 10)
def floats_and_negative_numbers(ctx):
    eq(valid(ctx, "tls { timeout: 1.50 }"), digest_of({"tls": {"timeout": 1.5}}))
    eq(valid(ctx, "tls { timeout: -0.25 }"), digest_of({"tls": {"timeout": -0.25}}))
    eq(valid(ctx, "port: -1"), digest_of({"port": -1}))
    eq(valid(ctx, "server_name: 127.0.0.1"), digest_of({"server_name": "127.0.0.1"}))
    eq(valid(ctx, "listen: 127.0.0.1:4222"), digest_of({"listen": "127.0.0.1:4222"}))
    refused_syntax(ctx, "port: -x", 1, "Expected a digit but got 'x'.")
    refused_syntax(ctx, "port: .5", 1, "Floats must start with a digit")
    refused_syntax(ctx, "port: 1.x", 1, "Floats must have a digit after the '.', but got 'x' instead.")


@test(SHEET, 11)
def numbers_out_of_range_and_bad_dates(ctx):
    refused_plain(ctx, "port: 99999999999999999999", "integer '99999999999999999999' is out of the range")
    refused_plain(ctx, "x: 2026-13-02T00:00:00Z", "expected Zulu formatted DateTime, but got '2026-13-02T00:00:00Z'")
    refused_syntax(ctx, "x: 2026-1-02T00:00:00Z", 1, "Expected digit in ISO8601 datetime, but found '-' instead.")
    refused_syntax(ctx, "x: 2026-01-02 00:00:00Z", 1, "Expected 'T' in ISO8601 datetime, but found ' ' instead.")
    refused_syntax(ctx, "x: 12-abc", 1, "All ISO8601 dates must be in full Zulu form.")
    refused(ctx, "port: 2026-01-02T03:04:05Z", wrong_type("1:0", "time.Time", "int64"))


@test(SHEET, 12)
def booleans(ctx):
    for word, value in (("true", True), ("yes", True), ("on", True), ("TRUE", True), ("Yes", True), ("oN", True),
                        ("false", False), ("no", False), ("off", False), ("False", False), ("NO", False)):
        eq(valid(ctx, "debug: " + word), digest_of({"debug": value}), word)
    refused(ctx, "debug: 1", wrong_type("1:0", "int64", "bool"))
    refused(ctx, "debug: t", wrong_type("1:0", "string", "bool"))
    refused(ctx, "debug: enabled", wrong_type("1:0", "string", "bool"))
    refused(ctx, 'debug: "yes"', wrong_type("1:0", "string", "bool"))
    refused(ctx, "debug: 'true'", wrong_type("1:0", "string", "bool"))
    eq(valid(ctx, 'server_name: "yes"'), digest_of({"server_name": "yes"}))
    refused(ctx, "server_name: yes", wrong_type("1:0", "bool", "string"))


@test(SHEET, 13)
def unquoted_durations(ctx):
    outcome = run_config(ctx, "lame_duck_duration: 2m")
    # Accepting it as two minutes is documented as better (configuration.md 11).
    if ctx.is_peer or outcome.code != 0:
        eq(outcome.err, "nats-server: " + wrong_type("1:0", "int64", "string") + "\n\n", "2m")
    valid(ctx, "lame_duck_duration: 30s")
    valid(ctx, "lame_duck_duration: 1h")
    valid(ctx, 'lame_duck_duration: "2m"')
    valid(ctx, 'lame_duck_duration: "1h30m"')


@test(SHEET, 13)
def duration_errors(ctx):
    for text, reason in (("abc", 'time: invalid duration "abc"'), ("5x", 'time: unknown unit "x" in duration "5x"'),
                         ("5", 'time: missing unit in duration "5"')):
        refused(ctx, 'lame_duck_duration: "%s"' % text, "x.conf:1:0: error parsing lame_duck_duration: " + reason)


@test(SHEET, 14)
def escapes(ctx):
    refused_syntax(ctx, 'server_name: "a\\q"', 1, BAD_ESCAPE % "q")
    refused_syntax(ctx, 'server_name: "a\\xzz"', 1, "Expected two hexadecimal digits after '\\x', but got 'zz'")
    eq(valid(ctx, 'server_name: "a\\t\\n\\r\\"\\\\\\x41"'), digest_of({"server_name": "a\t\n\r\"\\A"}))
    eq(valid(ctx, "server_name: 'a\\q'"), digest_of({"server_name": "a\\q"}), "single quotes know no escapes")
    eq(valid(ctx, 'server_name: a\\x41\\tb'), digest_of({"server_name": "aA\tb"}), "unquoted")
    eq(valid(ctx, 'server_name: "a\nb"'), digest_of({"server_name": "a\nb"}), "over lines")
    eq(valid(ctx, "server_name: a:b=c(d)e{f[g$h"), digest_of({"server_name": "a:b=c(d)e{f[g$h"}), "unquoted")


@test(SHEET, 14)
def block_strings(ctx):
    eq(valid(ctx, "server_name: (\nfoo\n)\n"), digest_of({"server_name": "\nfoo\n"}))
    eq(valid(ctx, "server_name: (\nfoo)#\"'$x\\q\n)\nport: 4222"),
       digest_of({"server_name": "\nfoo)#\"'$x\\q\n", "port": 4222}))
    # At the end of the file the peer keeps the bracket.
    check(valid(ctx, "server_name: (\nfoo\n)") in (digest_of({"server_name": "\nfoo\n)"}),
                                                   digest_of({"server_name": "\nfoo\n"})), "block before EOF")
    refused_syntax(ctx, "server_name: (foo)", 1, "Unexpected EOF processing block.")
    refused_syntax(ctx, "server_name: (\nfoo) \n", 3, "Unexpected EOF processing block.")


@test(SHEET, 15)
def numbers_at_the_end_of_an_array(ctx):
    for text in ("L: [1, 2]", "L: [3]", "{L: [1,2]}"):
        outcome = run_config(ctx, text)
        # Reading it as a list of numbers is documented as better (configuration.md 11).
        if ctx.is_peer or "Parse error" in outcome.err:
            check(outcome.code == 1 and "Parse error on line 1: 'Expected an array value terminator" in outcome.err,
                  repr(outcome))
        else:
            check('unknown field "L"' in outcome.err, repr(outcome))
    for text in ("[1, 2 ]", "[1,2\n]", "[\n1\n2\n]", "[1, 2, ]"):
        eq(valid(ctx, "L: %s\nport: $L\nport: 4222" % text), digest_of({"L": [1, 2], "port": 4222}), text)


@test(SHEET, 15)
def malformed_sizes(ctx):
    # On the peer `1kbb` silently loses its value; an error is documented as better.
    outcome = run_config(ctx, "max_payload: 1kbb\nport: 4222")
    check(outcome.code == 1 or outcome.err == "nats-server: configuration file x.conf is valid (%s)\n" % PORT_4222,
          repr(outcome))


@test(SHEET, 16)
def variables_and_their_scopes(ctx):
    eq(valid(ctx, "P: 4222\nport: $P"), digest_of({"P": 4222, "port": 4222}), "an earlier key")
    eq(valid(ctx, "T: 3\ntls { timeout: $T }"), digest_of({"T": 3, "tls": {"timeout": 3}}), "an outer map's key")
    eq(valid(ctx, "port: $CONF_P", env={"CONF_P": "4222"}), PORT_4222, "the environment")
    eq(valid(ctx, "CONF_P: 4222\nport: $CONF_P", env={"CONF_P": "1"}), digest_of({"CONF_P": 4222, "port": 4222}),
       "a key before the environment")
    missing = "variable reference for '%s' on line %d can not be found"
    none = {"CONF_P": None, "conf_p": None}
    refused_plain(ctx, "port: $CONF_P", missing % ("CONF_P", 1), env=none)
    refused_plain(ctx, "port: $CONF_P\nCONF_P: 4222", missing % ("CONF_P", 1), env=none)
    refused_plain(ctx, "tls { CONF_P: 1, timeout: 1 }\nport: $CONF_P", missing % ("CONF_P", 2), env=none)
    refused_plain(ctx, "CONF_P: 4222\nport: $conf_p", missing % ("conf_p", 2), env=none)
    refused_plain(ctx, "CONF_P: $CONF_P", missing % ("CONF_P", 1), env=none)


@test(SHEET, 16)
def the_innermost_key_wins(ctx):
    eq(valid(ctx, "port: 7\njetstream { port: 5, request_queue_limit: $port }"),
       digest_of({"port": 7, "jetstream": {"port": 5, "request_queue_limit": 5}}))
    eq(valid(ctx, "port: 7\njetstream { request_queue_limit: $port, limits { max_ack_pending: $port } }"),
       digest_of({"port": 7, "jetstream": {"request_queue_limit": 7, "limits": {"max_ack_pending": 7}}}))
    eq(valid(ctx, 'A: a\nserver_tags: [ $A, "b" ]'), digest_of({"A": "a", "server_tags": ["a", "b"]}),
       "in an array")


@test(SHEET, 16)
def environment_values_are_parsed(ctx):
    for value, parsed in (("4k", 4000), ("4kb", 4096), ("-1", -1), ("'x'", "x"), ('"a b"', "a b"), ("true", True),
                          ("{a: 1}", {"a": 1}), ("[a, b]\n", ["a", "b"]), ("", ""), ("abc", "abc"), ("1.5", 1.5)):
        eq(valid(ctx, "CONF_X: $CONF_V\nport: $CONF_X\nport: 4222", env={"CONF_V": value}),
           digest_of({"CONF_X": parsed, "port": 4222}), repr(value))
    eq(valid(ctx, "port: $CONF_V", env={"CONF_V": "$CONF_W", "CONF_W": "4222"}), PORT_4222, "nested")
    outcome = run_config(ctx, "port: $CONF_V", env={"CONF_V": "a b"})
    eq(outcome.code, 1, "a value with a space")
    check("variable reference for 'CONF_V' on line 1 could not be parsed: " in outcome.err, outcome.err)


@test(SHEET, 16)
def dollars_that_are_no_variables(ctx):
    eq(valid(ctx, 'server_name: "$P"'), digest_of({"server_name": "$P"}))
    eq(valid(ctx, "server_name: '$P'"), digest_of({"server_name": "$P"}))
    eq(valid(ctx, "server_name: a$P"), digest_of({"server_name": "a$P"}))


@test(SHEET, 17)
def helper_keys(ctx):
    valid(ctx, "P: 4222\nport: $P")
    refused(ctx, "P: 4222\nport: 4222", 'x.conf:1:0: unknown field "P"')
    valid(ctx, "authorization { PW: s3cret, user: a, password: $PW }")
    refused(ctx, "authorization { PW: s3cret, user: a, password: b }", 'x.conf:1:16: unknown field "PW"')
    valid(ctx, "accounts { X: b, A { users [ {user: a, password: $X} ] } }")
    for text in ("cluster { P: -1, port: $P }", "jetstream { limits { P: 3, max_ack_pending: $P } }",
                 "authorization { users [ {user: a, permissions { P: b, publish { P: a, allow: $P }, subscribe: $P } } ] }",
                 "accounts { A { limits { P: 3, max_subs: $P } } }"):
        valid(ctx, text)


@test(SHEET, 18)
def environment_cycles(ctx):
    text = "variable reference for '%s' on line 1 could not be parsed: "
    end = "variable reference cycle for '%s'"
    outcome = run_config(ctx, "port: $CONF_P", env={"CONF_P": "$CONF_Q", "CONF_Q": "$CONF_P"})
    eq(outcome.code, 1, "exit code")
    matches(outcome.err, r"^nats-server: %s%s.*%s\n$" % (PLACE, text % "CONF_P", end % "CONF_P"))
    check(text % "CONF_Q" in outcome.err, outcome.err)
    outcome = run_config(ctx, "port: $CONF_P", env={"CONF_P": "$CONF_P"})
    eq(outcome.code, 1, "exit code")
    matches(outcome.err, r"^nats-server: %s%s.*%s\n$" % (PLACE, text % "CONF_P", end % "CONF_P"))


@test(SHEET, 19)
def bcrypt_hashes(ctx):
    hashed = "$2a$11$V1qrpBVuAo0E5QVaiqQFaugDs2G9EkyjlXXjkOHOVgJ6yYpqDyVz6"
    eq(valid(ctx, "authorization { user: a, password: %s }" % hashed),
       digest_of({"authorization": {"user": "a", "password": hashed}}))
    other = hashed.replace("$2a$", "$2b$")
    outcome = run_config(ctx, "authorization { user: a, password: %s }" % other, env={other[1:]: None})
    # Taking `$2b$` and `$2y$` as literals is documented as better.
    if ctx.is_peer or outcome.code != 0:
        text = "variable reference for '%s' on line 1 can not be found" % other[1:]
        matches(outcome.err, r"^nats-server: %s%s\n$" % (PLACE, re.escape(text)))


@test(SHEET, 20)
def includes(ctx):
    files = {"inc.conf": "port: 4222", "d/one.conf": "include two.conf", "d/two.conf": "port: 4222",
             "in,c.conf,": "port: 4222", "tls.conf": "timeout: 3\n"}
    for text in ("include inc.conf", "include 'inc.conf'", 'include "inc.conf"', "include ./inc.conf", "INCLUDE inc.conf",
                 "Include inc.conf", "include inc.conf;", "{ include inc.conf }", "include d/one.conf",
                 "include /inc.conf", "include '/d/two.conf'", "include in,c.conf,", "port: 1\ninclude inc.conf",
                 "include inc.conf # c\n", "include\tinc.conf\n"):
        eq(valid(ctx, text, files=files), PORT_4222, "digest of %r" % text)
    eq(valid(ctx, "tls { include tls.conf }", files=files), digest_of({"tls": {"timeout": 3}}), "in a map")
    eq(valid(ctx, "include inc.conf\nport: 1", files=files), digest_of({"port": 1}), "a later key overrides")
    refused(ctx, "include: x", 'x.conf:1:0: unknown field "include"')
    refused_plain(ctx, "include = x", "error parsing include file '=', open =: no such file or directory")


@test(SHEET, 20)
def includes_are_relative_to_the_including_file(ctx):
    path = folder(ctx, {"a/x.conf": "include b/one.conf", "a/b/one.conf": "include two.conf",
                        "a/b/two.conf": "port: 4222"})
    outcome = run(ctx.binary, "-c", "a/x.conf", "-t", cwd=path)
    eq(outcome.err, "nats-server: configuration file a/x.conf is valid (%s)\n" % PORT_4222)
    outcome = run(ctx.binary, "-c", os.path.join(path, "a", "x.conf"), "-t", cwd="/")
    eq(outcome.code, 0, "absolute path of the configuration; %r" % outcome)


@test(SHEET, 21)
def includes_and_variables(ctx):
    none = {"CONF_P": None}
    outcome = run_config(ctx, "CONF_P: 4222\ninclude inc.conf", files={"inc.conf": "port: $CONF_P"}, env=none)
    eq(outcome.code, 1, "the parent's keys are not seen")
    check("variable reference for 'CONF_P' on line 1 can not be found" in outcome.err, outcome.err)
    eq(valid(ctx, "include inc.conf\nport: $CONF_P", files={"inc.conf": "CONF_P: 4222"}, env=none),
       digest_of({"CONF_P": 4222, "port": 4222}), "the parent sees included keys")


@test(SHEET, 22)
def include_errors(ctx):
    refused_plain(ctx, "include nope.conf",
                  "error parsing include file 'nope.conf', open nope.conf: no such file or directory")
    refused_plain(ctx, "debug: true\ninclude inc.conf",
                  "error parsing include file 'inc.conf', Parse error on line 3: 'Unexpected key separator '='",
                  "error parsing include file 'inc.conf', Parse error on line 3: 'Unexpected key separator '=''",
                  files={"inc.conf": "\n\n= 3"})
    for first, what in (("[", "start of an array"), ("{", "start of a map"), ("(", "start of a block"),
                        ("1.conf", "start of a number"), ("-x.conf", "start of a number"),
                        ("\\x", "escape sequence"), ("\n", "new line")):
        text = "Expected include value but found %s" % what
        outcome = run_config(ctx, "include " + first)
        check(outcome.code == 1 and text in outcome.err, "include %r: %r" % (first, outcome))
    refused_syntax(ctx, "include 'x", 1, "Unexpected EOF in quoted include")
    refused_syntax(ctx, 'include "x', 1, "Unexpected EOF in double quoted include")


@test(SHEET, 23)
def positions(ctx):
    refused(ctx, "foo: 1", 'x.conf:1:0: unknown field "foo"')
    refused(ctx, "  foo: 1", 'x.conf:1:2: unknown field "foo"')
    refused(ctx, "\nfoo: 1", 'x.conf:2:1: unknown field "foo"')
    refused(ctx, "port: 4222\n  foo: 1", 'x.conf:2:3: unknown field "foo"')
    refused(ctx, "port: 4222\n\tfoo: 1", 'x.conf:2:2: unknown field "foo"')
    refused(ctx, '"foo": 1', 'x.conf:1:1: unknown field "foo"')
    refused(ctx, 'port: 4222\n"foo": 1', 'x.conf:2:2: unknown field "foo"')
    refused(ctx, "port: 4222, foo: 1", 'x.conf:1:12: unknown field "foo"')
    refused(ctx, "port: 4222\r\nfoo: 1\r\n", 'x.conf:2:1: unknown field "foo"')
    refused(ctx, "debug: true\ninclude d/inc.conf", 'd/inc.conf:2:1: unknown field "foo"',
            files={"d/inc.conf": "port: 4222\nfoo: 1"})
    refused(ctx, "include inc.conf", wrong_type("1:0", "string", "int64").replace("x.conf", "inc.conf"),
            files={"inc.conf": "port: x"})


@test(SHEET, 24)
def all_unknown_fields_are_reported(ctx):
    refused(ctx, "foo: 1\nport: 4222\nbar: 2\nauthorization {\n user: a\n password: b\n baz: 3\n}\n",
            'x.conf:1:0: unknown field "foo"', 'x.conf:3:1: unknown field "bar"', 'x.conf:7:2: unknown field "baz"')


@test(SHEET, 24)
def unknown_fields_of_blocks(ctx):
    issuer = KeyPair("A").public
    for text, message in (
            ("cluster { foo: 1 }", 'unknown field "foo"'),
            ("gateway { foo: 1 }", 'unknown field "foo"'),
            ("leafnodes { foo: 1 }", 'unknown field "foo"'),
            ("jetstream { foo: 1 }", 'unknown field "foo"'),
            ("websocket { foo: 1 }", 'unknown field "foo"'),
            ("mqtt { foo: 1 }", 'unknown field "foo"'),
            ("accounts { A { foo: 1 } }", 'unknown field "foo"'),
            ("authorization { foo: 1 }", 'unknown field "foo"'),
            ("authorization { users [ {user: a, foo: 1} ] }", 'unknown field "foo"'),
            ("tls { foo: 1 }", 'error parsing tls config, unknown field "foo"'),
            ("ocsp_cache { foo: 1 }",
             'error parsing OCSP peer cache config, unknown field ["foo"]'),
            ("authorization { users [ {user: a, permissions {foo: 1}} ] }",
             'Unknown field "foo" parsing permissions'),
            ("authorization { users [ {user: a, permissions {allow_responses {foo: 1}}} ] }",
             'Unknown field "foo" parsing permissions'),
            ("authorization { users [ {user: a, permissions {publish {foo: 1}}} ] }",
             "Unknown field name \"foo\" parsing subject permissions, only 'allow' or 'deny' are permitted"),
            ("accounts { A { limits { foo: 1 } } }", 'Unknown field "foo" parsing account limits'),
            ("accounts { A { msg_trace { dest: a, foo: 1 } } }",
             'Unknown field "foo" parsing account message trace map/struct "msg_trace"'),
            ("mappings { a { dest: b, weight: 100, foo: 1 } }",
             'Unknown field "foo" for mapping destination'),
            ("authorization { auth_callout { issuer: %s, auth_users: [a], foo: 1 } }" % issuer,
             'Unknown field "foo" parsing authorization callout')):
        outcome = run_config(ctx, text)
        eq(outcome.code, 1, text)
        lines = outcome.err[len("nats-server: "):].rstrip("\n").split("\n")
        check("x.conf:1:%d: %s" % (text.index("foo"), message) in lines, "%s: %r" % (text, outcome.err))


@test(SHEET, 24)
def unknown_fields_below_tls(ctx):
    outcome = run_config(ctx, 'tls { certs: [ {cert_file: "%s", key_file: "%s", foo: x} ] }'
                         % (ctx.certs.server_cert, ctx.certs.server_key))
    matches(outcome.err, r'x\.conf:1:\d+: error parsing tls certs config, unknown field "foo"')
    outcome = run_config(ctx, ctx.certs.block("verify: true\nocsp_peer { verify: true, foo: 1 }"))
    matches(outcome.err, r'^nats-server: (x\.conf:3:1: )?x\.conf:3:27: error parsing tls peer config, unknown field \["foo"\]')
    outcome = run_config(ctx, "leafnodes { remotes [ { url: nats://127.0.0.1:1, proxy { url: https://127.0.0.1:1, "
                              "tls { verify: true } } } ] }")
    matches(outcome.err, r'x\.conf:1:\d+: "verify" is not supported for proxy TLS')


@test(SHEET, 25)
def wrong_types(ctx):
    refused(ctx, 'port: "4222"', wrong_type("1:0", "string", "int64"))
    refused(ctx, "server_name: 3", wrong_type("1:0", "int64", "string"))
    refused(ctx, "server_name: [a]", wrong_type("1:0", "[]interface {}", "string"))
    refused(ctx, "server_name: {a: 1}", wrong_type("1:0", "map[string]interface {}", "string"))
    refused(ctx, "max_payload: 1.5", wrong_type("1:0", "float64", "int64"))
    refused(ctx, "port: true", wrong_type("1:0", "bool", "int64"))
    refused(ctx, "port: x\ndebug: 3", wrong_type("1:0", "string", "int64"), wrong_type("2:1", "int64", "bool"))
    refused(ctx, "debug: true\njetstream {\n  domain: 3\n}", wrong_type("2:1", "int64", "string"))
    refused(ctx, "debug: true\naccounts { A { jetstream { max_mem: x } } }",
            'x.conf:2:28: Expected a parseable size for "max_mem", got x')
    refused(ctx, "debug: true\ncluster {\n port: x\n}", wrong_type("3:2", "string", "int64"))


@test(SHEET, 26)
def numeric_durations_warn(ctx):
    warning = ('x.conf:1:0: invalid use of field "ping_interval": '
               "ping_interval should be converted to a duration")
    outcome = run_config(ctx, "ping_interval: 5")
    # Exit code 0 with warnings alone is documented as better.
    if ctx.is_peer or outcome.code != 0:
        refused(ctx, "ping_interval: 5", warning)
    else:
        check(warning in outcome.err, repr(outcome))
    refused(ctx, 'ping_interval: "5x"',
            'x.conf:1:0: error parsing ping_interval: time: unknown unit "x" in duration "5x"')
    server = ctx.start("ping_interval: 5\n")
    eq(server.varz()["ping_interval"], 5000000000, "ping_interval")
    check(("server.conf:3:1: " + warning.split(": ", 1)[1]) in server.log(), server.log())


@test(SHEET, 27)
def digest_is_sha256_of_sorted_json(ctx):
    eq(valid(ctx, 'server_name: "a<b>&é\u2028"\nport: 4222\ndebug: off\ntls { timeout: 1.50 }\n'
                  'server_tags: [b, a]\nlame_duck_duration: "1h"\n'),
       digest_of({"server_name": "a<b>&é\u2028", "port": 4222, "debug": False, "tls": {"timeout": 1.5},
                  "server_tags": ["b", "a"], "lame_duck_duration": "1h"}))
    outcome = run_config(ctx, "")
    warning = "x.conf: config has no values or is empty"
    if ctx.is_peer or outcome.code != 0:
        eq(outcome.err, "nats-server: %s\n\n" % warning)
    else:
        check(warning in outcome.err and EMPTY in outcome.err, repr(outcome))


@test(SHEET, 27)
def digest_at_start_and_in_varz(ctx):
    path = folder(ctx, {"empty.conf": ""})
    server = spawn(ctx, "-c", "empty.conf", "-a", "127.0.0.1", "-p", "-1", cwd=path)
    server.wait_err(r"Using configuration file: empty\.conf \(%s\)" % EMPTY)
    server.wait_err("Server is ready")
    check("empty.conf: config has no values or is empty\n" in read(server.err_path), server.err())
    other = ctx.start("max_payload: 1kb\n")
    want = digest_of({"listen": "127.0.0.1:-1", "http": "127.0.0.1:-1", "max_payload": 1024})
    eq(other.varz()["config_digest"], want, "varz")
    check("Using configuration file: %s (%s)" % (other.config_path, want) in other.log(), other.log())
