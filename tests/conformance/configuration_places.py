"""Errors of options tell file, line, column, what was found and what was expected: configuration.md 11, beside the
lines of the reference, which other tests look at."""

import re

from lib import *
from lib.process import folder, run, run_config

SHEET = "configuration"

# Option, then the line about it.
WRONG = (
    ("port: abc", '1:7: "port": found the string "abc", expected a port number; -1 is any free port'),
    ("debug: true\nport: yes", '2:7: "port": found the boolean true, expected a port number; -1 is any free port'),
    ("max_payload: [1 ]", '1:14: "max_payload": found a list with one value, expected a number of bytes up to 2147483647 '
                          "and up to max_pending, such as 1048576 or 1mb"),
    ("max_sub_tokens: 300", '1:17: "max_sub_tokens": found the number 300, expected a number from 1 to 255'),
    ("lame_duck_duration: 5s", '1:21: "lame_duck_duration": found the string "5s", expected a duration of at least '
                               '30 seconds, such as "30s" or "2m"'),
    ("a: b", '1:1: "a": found an unknown key, expected a known one'),
    ("tls {\n  verify: 1\n}", '2:11: "tls.verify": found the number 1, expected true or false'),
    ("jetstream {\n  domain: 3\n}", '2:11: "jetstream.domain": found the number 3, expected one word without dots, * and >'),
    ("cluster {\n  tls {\n    timeout: []\n  }\n}", '3:14: "cluster.tls.timeout": found an empty list, expected a number '
                                                  'of seconds, or a duration, such as "2s"'),
    ("authorization { users [ { user: a, password: 7 } ] }",
     '1:46: "authorization.users[0].password": found a number (not shown), expected a string'),
    ("accounts { A { limits { max_subs: x } } }",
     '1:35: "accounts.A.limits.max_subs": found the string "x", expected a whole number'),
    ("P: x\nport: $P", '2:7: "port": found the string "x" (the variable P of x.conf:1:4), expected a port number; '
                       "-1 is any free port"),
)


@test(SHEET, 25, better=True)
def wrong_options_tell_place_found_and_expected(ctx):
    for config, detail in WRONG:
        for flags in (("-t",), ()):
            outcome = run_config(ctx, config, flags=flags)
            eq(outcome.code, 1, "exit code of %r" % config)
            eq(outcome.details, ["x.conf:" + detail], "what is said about %r" % config)


@test(SHEET, 25, better=True)
def an_empty_file_has_a_place(ctx):
    outcome = run_config(ctx, "")
    eq((outcome.code, outcome.details),
       (1, ['x.conf:1:1: found no option at all, expected at least one, such as "port: 4222"']))


@test(SHEET, 25, better=True)
def wrong_options_of_an_included_file_have_its_name(ctx):
    outcome = run_config(ctx, "include a/inc.conf", files={"a/inc.conf": "debug: true\nport: x\n"})
    eq(outcome.details, ['a/inc.conf:2:7: "port": found the string "x", expected a port number; -1 is any free port'])


@test(SHEET, 25, better=True)
def wrong_values_of_the_environment_name_the_variable(ctx):
    outcome = run_config(ctx, "\nport: $MIDGE_P", env={"MIDGE_P": "abc"})
    eq(outcome.details, ['x.conf:2:7: "port": found the string "abc" (the environment variable MIDGE_P), expected a port '
                         "number; -1 is any free port"])


# What only a start checks: the file, the lines about it.
TOGETHER = (
    ("max_payload: 100mb\n", ['1:14: "max_payload": found the number 104857600']),
    ("max_payload: 3mb\nmax_pending: 2mb\n", ['1:14: "max_payload": found the number 3145728',
                                            '2:14: "max_pending": found the number 2097152']),
    ("lame_duck_grace_period: 3m_\n".replace("3m_", '"3m"'), ['1:25: "lame_duck_grace_period": found the string "3m"']),
    ("no_auth_user: x\n", ['1:15: "no_auth_user": found the string "x"']),
    ("system_account: X\n", ['1:17: "system_account": found the string "X"']),
    ("jetstream { domain: a.b }\n", ['1:21: "jetstream.domain": found the string "a.b"']),
)


@test(SHEET, 31, better=True)
def options_that_do_not_fit_together_tell_their_places(ctx):
    for config, wanted in TOGETHER:
        outcome = run_config(ctx, config, flags=())
        eq(outcome.code, 1, "exit code of %r" % config)
        found = [detail.split(", expected ")[0] for detail in outcome.details]
        eq(found, ["x.conf:" + line for line in wanted], "places of %r" % config)
        check(all(", expected " in detail for detail in outcome.details), "%r" % outcome)


@test(SHEET, 78, better=True)
def a_refused_reload_tells_the_places(ctx):
    server = ctx.start("max_payload: 1mb")
    for config, line in (("max_payload: x", '"max_payload": found the string "x", expected a number of bytes'),
                         ("max_payload: 100mb", '"max_payload": found the number 104857600, expected a number of bytes'),
                         ("max_paylod: 1", '"max_paylod": found an unknown key, expected a known one, such as max_payload')):
        mark = server.mark()
        server.reload(config, check=False)
        server.wait_log(r"\[ERR\] \S+\.conf:\d+:\d+: %s" % re.escape(line), since=mark)
    ctx.client(server).close()


@test(SHEET, 25, better=True)
def secrets_are_not_shown(ctx):
    for config in ('authorization { password: ["s3cr3t"] }', 'authorization { users: ["u:s3cr3t"] }',
                   'authorization { users: { user: u, password: "s3cr3t" } }', 'authorization: "s3cr3t"',
                   'authorization { token: { a: "s3cr3t" } }', 'jetstream { key: ["s3cr3t"] }',
                   'cluster { routes: "nats://u:s3cr3t@h:1" }', 'cluster { routes: ["nats://u:s3cr3t@["] }',
                   'leafnodes { remotes: [{ nkey: "s3cr3t" }] }', 'pasword: "s3cr3t"'):
        path = folder(ctx, {"x.conf": config})
        outcome = run(ctx.binary, "-c", "x.conf", cwd=path)
        eq(outcome.code, 1, "exit code of %r" % config)
        check("s3cr3t" not in outcome.err + outcome.out + "".join(outcome.details), "%r: %r" % (config, outcome))
