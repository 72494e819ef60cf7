"""Options and their checks: configuration.md 2, 3 and 5, items 28 to 41."""

import re

from lib import *
from lib.process import folder, refused, run_config, start_refused, valid

SHEET = "configuration"
# In front of configurations of starts that must fail or that warn.
LISTEN = 'listen: "127.0.0.1:-1"\n'


def at(text, key, line=1):
    """`x.conf:LINE:COL` of `key` in a line of a configuration (column from 0 on line 1, from 1 later)."""
    return "x.conf:%d:%d: " % (line, text.index(key) + (line > 1))


def refused_at(ctx, text, key, message):
    """`-t` refuses the one-line text with one message at the position of `key`."""
    refused(ctx, text, at(text, key) + message)


def warns(ctx, text, *warnings):
    """The text gives these warnings and nothing else; alone they make `-t` fail, or (better) do not."""
    outcome = run_config(ctx, text)
    if ctx.is_peer or outcome.code != 0:
        refused(ctx, text, *warnings)
    else:
        for warning in warnings:
            check(warning in outcome.err, "%r: %r" % (warning, outcome))


def late(ctx, config, text, **options):
    """A cross-option check: the start is refused with `text`; `-t` passes, or (better) gives the same text."""
    start_refused(ctx, LISTEN + config, text, **options)
    outcome = run_config(ctx, config, **options)
    if ctx.is_peer or outcome.code == 0:
        check(outcome.code == 0, "-t of %r: %r" % (config, outcome))
    else:
        check(text in outcome.err, "-t of %r: %r" % (config, outcome))


@test(SHEET, 28)
def listen_errors(ctx):
    for key in ("listen", "http", "https"):
        refused(ctx, "%s: localhost" % key, 'x.conf:1:0: could not parse address string "localhost"')
        refused(ctx, '%s: "localhost:abc"' % key, 'x.conf:1:0: could not parse port "abc"')
        refused(ctx, "%s: true" % key, "x.conf:1:0: expected port or host:port, got bool")
        refused(ctx, "%s: [a]" % key, "x.conf:1:0: expected port or host:port, got []interface {}")
        for value in ("4222", '"127.0.0.1:4222"', "127.0.0.1:4222", '"[::1]:4222"', '":4222"', "-1"):
            valid(ctx, "%s: %s" % (key, value))


@test(SHEET, 28)
def listen_errors_of_blocks(ctx):
    for block in ("cluster", "gateway", "leafnodes", "websocket", "mqtt"):
        refused_at(ctx, "%s { listen: localhost }" % block, "listen", 'could not parse address string "localhost"')
        refused_at(ctx, '%s { listen: "h:x" }' % block, "listen", 'could not parse port "x"')
        refused_at(ctx, "%s { listen: true }" % block, "listen", "expected port or host:port, got bool")
        valid(ctx, '%s { listen: "127.0.0.1:-1" }' % block)


@test(SHEET, 28)
def forms_of_listen_in_use(ctx):
    server = ctx.start('host: "127.0.0.1"\nport: -1\nhttp_port: -1\n', listen=False, http=False)
    eq(server.varz()["host"], "127.0.0.1", "host")
    check(server.http_port, "monitoring")
    server = ctx.start('net: "127.0.0.1"\nlisten: -1\nmonitor_port: -1\n', listen=False, http=False)
    eq(server.varz()["port"], server.port, "port")


@test(SHEET, 29)
def no_connections_allowed(ctx):
    for value in ("0", "-1"):
        for key in ("max_connections", "max_conn"):
            server = ctx.start("%s: %s\n" % (key, value))
            client = ctx.raw(server)
            client.expect_err_closed("maximum connections exceeded")


@test(SHEET, 30)
def limits_out_of_range(ctx):
    for key in ("max_sub_tokens", "max_subscription_tokens"):
        refused(ctx, "%s: 300" % key, "x.conf:1:0: %s value is too big" % key)
        refused(ctx, "%s: 0" % key, "x.conf:1:0: %s value can not be negative" % key)
        refused(ctx, "%s: -1" % key, "x.conf:1:0: %s value can not be negative" % key)
        valid(ctx, "%s: 255" % key)
        valid(ctx, "%s: 1" % key)
    refused(ctx, "max_payload: 3000000000", "x.conf:1:0: max_payload value is too big")
    refused(ctx, "max_payload: 2147483648", "x.conf:1:0: max_payload value is too big")
    refused(ctx, "max_control_line: 3GB", "x.conf:1:0: max_control_line value is too big")
    valid(ctx, "max_payload: 2147483647")
    refused(ctx, "write_timeout: maybe", "x.conf:1:0: write_timeout must be 'default', 'close' or 'retry'")
    for value in ("default", "close", "retry"):
        valid(ctx, "write_timeout: " + value)


@test(SHEET, 30)
def types_of_tags_metadata_and_flags(ctx):
    refused(ctx, "server_tags: 3", "x.conf:1:0: error parsing tags: unsupported type int64")
    refused(ctx, "server_tags: [a, 3 ]",
            "x.conf:1:0: error parsing tags: unsupported type *conf.token where string is expected")
    refused(ctx, "server_metadata: 3", "x.conf:1:0: error parsing metadata: unsupported type int64")
    refused(ctx, "feature_flags: 3", "x.conf:1:0: error parsing feature flags: unsupported type int64")
    text = "feature_flags { js_ack_fc_v2: 3 }"
    outcome = run_config(ctx, text)
    check('error parsing feature flag "js_ack_fc_v2": expected bool, got int64\n' in outcome.err, repr(outcome))


@test(SHEET, 31)
def max_payload_against_max_pending(ctx):
    late(ctx, "max_payload: 100mb\n", "max_payload (104857600) cannot be higher than max_pending (67108864)")
    server = ctx.start("max_payload: 100mb\nmax_pending: 200mb\n")
    server.wait_log(r"\[WRN\] Maximum payloads over 8\.00 MB are generally discouraged and could lead to poor "
                    r"performance$")
    eq(server.varz()["max_payload"], 104857600)
    server = ctx.start("max_payload: 8MiB\n")
    eq(server.log_lines("Maximum payloads"), [], "8 MiB itself does not warn")


@test(SHEET, 32)
def lame_duck_times(ctx):
    refused(ctx, 'lame_duck_duration: "5s"',
            "x.conf:1:0: invalid lame_duck_duration of 5s, minimum is 30 seconds")
    refused(ctx, 'lame_duck_grace_period: "-5s"',
            "x.conf:1:0: invalid lame_duck_grace_period, needs to be positive")
    late(ctx, 'lame_duck_grace_period: "3m"\n',
         "lame duck grace period (3m0s) should be strictly lower than lame duck duration (2m0s)")
    late(ctx, 'lame_duck_grace_period: "30s"\nlame_duck_duration: "30s"\n',
         "lame duck grace period (30s) should be strictly lower than lame duck duration (30s)")


@test(SHEET, 33)
def names_with_spaces(ctx):
    refused(ctx, 'server_name: "a b"', "x.conf:1:0: server name cannot contain spaces")
    refused_at(ctx, 'cluster { name: "a b" }', "name", "cluster name cannot contain spaces")
    refused_at(ctx, 'gateway { name: "a b" }', "name", "gateway name cannot contain spaces")
    refused_at(ctx, "cluster { name: _ }", "name", "cluster name is reserved")
    refused_at(ctx, "gateway { name: _ }", "name", "cluster name is reserved")
    valid(ctx, "cluster { name: a_b }")


@test(SHEET, 33, needs=("cluster", "gateway"))
def cluster_and_gateway_names_differ(ctx):
    late(ctx, 'cluster { name: a, listen: "127.0.0.1:-1" }\ngateway { name: b, listen: "127.0.0.1:-1" }\n',
         "cluster name conflicts between cluster and gateway definitions")


@test(SHEET, 34)
def jetstream_sizes(ctx):
    for option, name in (("max_mem_store", "max_mem_store"), ("max_memory_store", "max_mem_store"),
                         ("max_mem", "max_mem_store"), ("max_file_store", "max_file_store"),
                         ("max_file", "max_file_store")):
        for value in ('"1G"', '"512M"', '"10K"', '"2T"', "1G", "1Gb", "1024", "0", "-1"):
            valid(ctx, "jetstream { %s: %s }" % (option, value))
        for value, message in (
                ('"1Gb"', '%s strconv.ParseInt: parsing "1G": invalid syntax'),
                ('"12"', "%s sizes defined as strings must end in K, M, G, T"),
                ("1x", "%s sizes defined as strings must end in K, M, G, T"),
                ('"1g"', "%s sizes defined as strings must end in K, M, G, T"),
                ('"xG"', '%s strconv.ParseInt: parsing "x": invalid syntax'),
                ("true", "%s must be int64 or string")):
            text = "jetstream { %s: %s }" % (option, value)
            outcome = run_config(ctx, text)
            check((message % name) in outcome.err and outcome.code == 1, "%s: %r" % (text, outcome))


@test(SHEET, 34)
def forms_of_the_jetstream_option(ctx):
    for text in ("true", "false", "enabled", "enable", "disabled", "disable", "ENABLED", '"enabled"', "{}",
                 "{enabled: true}", "{enable: false}", "{sync: always}", '{sync_interval: "1m"}', "{sync: 1s}",
                 "{strict: false}", "{domain: hub}", "{cipher: aes}", "{cipher: chacha}", "{cipher: chachapoly}",
                 "{extension_hint: no_extend}", "{extension_hint: will_extend}", "{unique_tag: az}", "{key: abc}",
                 "{prev_key: abc, ek: def}", "{max_outstanding_catchup: 1GB}", '{max_buffered_size: "1G"}'):
        valid(ctx, "jetstream: " + text)
    refused(ctx, "jetstream: maybe", "x.conf:1:0: Expected 'enabled' or 'disabled' for string value, got 'maybe'")
    refused(ctx, "jetstream: 3", "x.conf:1:0: Expected map, bool or string to define JetStream, got int64")


@test(SHEET, 34, needs="jetstream")
def jetstream_sizes_in_use(ctx):
    store = folder(ctx)
    server = ctx.start('jetstream { store_dir: "%s", max_mem: "1G", max_file: 1G }\n' % store)
    config = server.varz()["jetstream"]["config"]
    eq(config["max_memory"], 1 << 30, '"1G"')
    eq(config["max_storage"], 10 ** 9, "1G")


@test(SHEET, 35)
def duplicate_store_dir(ctx):
    outcome = run_config(ctx, "store_dir: /tmp/a\njetstream { store_dir: /tmp/b }")
    check(outcome.code == 1 and re.search(r"x\.conf:(1:0|2:1|2:13): Duplicate 'store_dir' configuration\n",
                                          outcome.err), repr(outcome))
    valid(ctx, "store_dir: /tmp/a\njetstream { max_mem: 1G }")
    valid(ctx, "storedir: /tmp/a")
    for alias in ("store", "storedir", "store_dir"):
        valid(ctx, "jetstream { %s: /tmp/a }" % alias)


@test(SHEET, 35)
def store_dir_flag_and_file(ctx):
    outcome = run_config(ctx, "jetstream { store_dir: /tmp/b }", "-sd", "/tmp/a")
    # Letting the flag win is documented as better (configuration.md 5.6).
    if ctx.is_peer or outcome.code != 0:
        eq(outcome.code, 1, "exit code")
        eq(outcome.err, "nats-server: x.conf:1:12: Duplicate 'store_dir' configuration\n\n")


@test(SHEET, 36, needs="jetstream")
def default_max_consumers(ctx):
    server = ctx.start('jetstream { store_dir: "%s", limits { default_max_consumers: 1 } }\n' % folder(ctx))
    client = ctx.client(server, headers=True, no_responders=True)
    stream = "$JS.API.STREAM.CREATE."
    consumer = "$JS.API.CONSUMER.DURABLE.CREATE.%s.%s"
    plain = client.request_json(stream + "A", {"name": "A", "subjects": ["a"], "storage": "memory"})
    eq(plain["config"]["max_consumers"], -1, "the cap does not show")
    client.request_json(stream + "B", {"name": "B", "subjects": ["b"], "storage": "memory", "max_consumers": 3})
    for name, limit in (("A", 1), ("B", 3)):
        for number in range(limit + 1):
            answer = client.request_json(consumer % (name, "c%d" % number), {
                "stream_name": name, "config": {"durable_name": "c%d" % number, "ack_policy": "explicit"}})
            if number < limit:
                check("error" not in answer, "consumer %d of %s: %r" % (number, name, answer))
            else:
                eq(answer["error"], {"code": 400, "err_code": 10026,
                                     "description": "maximum consumers limit reached"}, name)


@test(SHEET, 37)
def jetstream_texts(ctx):
    for inside, key, message in (
            ("max_concurrent_io: 1", None,
             'Expected an absolute size for "max_concurrent_io" between 4 and 8192, got 1'),
            ("max_concurrent_io: 9000", None,
             'Expected an absolute size for "max_concurrent_io" between 4 and 8192, got 9000'),
            ("meta_compact: -1", None, 'Expected an absolute size for "meta_compact", got -1'),
            ("meta_compact_size: -1", None, 'Expected an absolute size for "meta_compact_size", got -1'),
            ("cipher: foo", None, 'Unknown cipher type: "foo"'),
            ("max_buffered_msgs: x", None, 'Expected a parseable size for "max_buffered_msgs", got x'),
            ("request_queue_limit: x", None, 'Expected a parseable size for "request_queue_limit", got x'),
            ("info_queue_limit: x", None, 'Expected a parseable size for "info_queue_limit", got x'),
            ("strict: x", None, "Expected 'true' or 'false' for bool value, got 'x'"),
            ("limits { foo: 1 }", "foo", 'unknown field "foo"'),
            ("limits: 3", None, "Expected a map to define JetStreamLimits, got int64"),
            ("limits { batch: 3 }", "batch", "Expected a map to define batch limits, got int64"),
            ("limits { batch { foo: 3 } }", "foo", 'unknown field "foo"'),
            ("tpm { foo: 3 }", "foo", 'unknown field "foo"')):
        text = "jetstream { %s }" % inside
        outcome = run_config(ctx, text)
        wanted = [at(text, key or inside.split(":")[0].split(" ")[0]) + message + "\n", at(text, "jetstream") + message]
        check(outcome.code == 1 and any(want in outcome.err for want in wanted), "%s: %r" % (text, outcome))
    outcome = run_config(ctx, 'jetstream { limits { duplicate_window: "1x" } }')
    check(outcome.code == 1 and 'time: unknown unit "x" in duration "1x"' in outcome.err, repr(outcome))
    for name in ("a.b", "a*", "a>"):
        late_or_early(ctx, 'jetstream { domain: "%s" }\n' % name,
                      "invalid domain name: may not contain ., * or >")


def late_or_early(ctx, config, text):
    """The check is made by `-t` or only at the start."""
    outcome = run_config(ctx, config)
    if outcome.code == 0:
        start_refused(ctx, LISTEN + config, text)
    else:
        check(text in outcome.err, repr(outcome))


@test(SHEET, 37)
def jetstream_limits_are_accepted(ctx):
    valid(ctx, 'jetstream { limits { max_ack_pending: 1, max_ha_assets: 2, max_request_batch: 3, duplicate_window: "1s",'
               ' default_max_consumers: 4, batch { max_inflight_per_stream: 5, max_inflight_total: 6, max_msgs: 7,'
               ' timeout: "8s" } } max_concurrent_io: 4 meta_compact: 0 meta_compact_size: 0 meta_compact_sync: true }'
          .replace(" } max_c", " }, max_c").replace(" meta_", ", meta_"))
    for key in ("max_memory", "max_mem", "mem", "memory", "max_store", "max_file", "max_disk", "store", "disk",
                "max_streams", "streams", "max_consumers", "consumers", "mem_max_stream_bytes",
                "memory_max_stream_bytes", "disk_max_stream_bytes", "store_max_stream_bytes", "max_ack_pending"):
        valid(ctx, "accounts { A { jetstream { %s: 3 } } }" % key)
        text = "accounts { A { jetstream { %s: x } } }" % key
        refused_at(ctx, text, key + ": x", 'Expected a parseable size for "%s", got x' % key)
    for key in ("max_bytes_required", "max_stream_bytes", "max_bytes"):
        valid(ctx, "accounts { A { jetstream { %s: true } } }" % key)
        text = "accounts { A { jetstream { %s: x } } }" % key
        refused_at(ctx, text, key + ": x", 'Expected a parseable bool for "%s", got x' % key)
    for value in ("system", "owner"):
        valid(ctx, "accounts { A { jetstream { cluster_traffic: %s } } }" % value)
    refused_at(ctx, "accounts { A { jetstream { cluster_traffic: x } } }", "cluster_traffic",
               'Expected \'system\' or \'owner\' string value for "cluster_traffic", got x')


@test(SHEET, 38)
def proxy_of_a_remote(ctx):
    whole = "leafnodes { remotes [ { url: %s, proxy %s } ] }"
    bad_certs = "tls { cert_file: \"%s\", key_file: \"%s\" }" % (ctx.certs.server_cert, ctx.certs.server_key)
    for url, proxy, message in (
            ("nats://127.0.0.1:1", "{ username: a, password: b }",
             "proxy URL must be specified when other proxy options are set"),
            ("nats://127.0.0.1:1", "{ url: ftp://127.0.0.1:1 }", "proxy URL scheme must be http or https, got: ftp"),
            ("nats://127.0.0.1:1", "{ url: http://127.0.0.1:1, username: a }",
             "proxy username and password must both be specified or both be empty"),
            ("nats://127.0.0.1:1", "{ url: http://127.0.0.1:1, password: a }",
             "proxy username and password must both be specified or both be empty"),
            ("nats://127.0.0.1:1", '{ url: "http://" }', "proxy URL must specify a host"),
            ("nats://127.0.0.1:1", '{ url: http://127.0.0.1:1, timeout: "-1s" }', "proxy timeout must be >= 0"),
            ("wss://127.0.0.1:1", "{ url: http://127.0.0.1:1 }",
             "proxy is configured but remote URL wss://127.0.0.1:1 requires TLS and no TLS configuration is provided. "
             "When using proxy with TLS endpoints, ensure TLS is properly configured for the leafnode remote"),
            ("nats://127.0.0.1:1", "{ url: http://127.0.0.1:1, %s }" % bad_certs,
             "proxy TLS configuration requires an https proxy URL, got: http"),
            ("nats://127.0.0.1:1", "{ url: https://127.0.0.1:1, tls { verify: true } }",
             '"verify" is not supported for proxy TLS'),
            ("nats://127.0.0.1:1", "{ url: https://127.0.0.1:1, tls { pinned_certs: [] } }",
             '"pinned_certs" is not supported for proxy TLS'),
            ("nats://127.0.0.1:1", "{ url: https://127.0.0.1:1, tls { timeout: -1 } }",
             "proxy TLS timeout must be >= 0"),
            ("nats://127.0.0.1:1", "3", "Expected proxy to be a map, got int64")):
        text = whole % (url, proxy)
        if proxy == "3":
            text = whole.replace("proxy ", "proxy: ") % (url, proxy)
        outcome = run_config(ctx, text)
        check(outcome.code == 1 and re.search(r"x\.conf:1:\d+: %s\n" % re.escape(message), outcome.err),
              "%s: expected %r, got %r" % (text, message, outcome))
    valid(ctx, whole % ("nats://127.0.0.1:1", '{ url: http://127.0.0.1:1, username: a, password: b, timeout: "5s" }'))
    valid(ctx, whole % ("nats://127.0.0.1:1", "{ url: https://127.0.0.1:1, %s }" % bad_certs))


@test(SHEET, 39)
def accounts_texts(ctx):
    valid(ctx, "accounts: 3")
    valid(ctx, "accounts: [A, B]")
    outcome = run_config(ctx, "accounts: [A, A]")
    check(outcome.code == 1 and "Duplicate Account Entry: A" in outcome.err, repr(outcome))
    refused_at(ctx, "accounts { $G {} }", "$G", '"$G" is a Reserved Account')
    outcome = run_config(ctx, 'accounts: ["$G"]')
    check(outcome.code == 1 and '"$G" is a Reserved Account' in outcome.err, repr(outcome))
    outcome = run_config(ctx, "accounts { A { users [ {user: u, password: p} ] }, B { users [ {user: u, password: q} ] } }")
    check(outcome.code == 1 and 'Duplicate user "u" detected' in outcome.err, repr(outcome))
    key = KeyPair("U").public
    outcome = run_config(ctx, "accounts { A { users [ {nkey: %s} ] }, B { users [ {nkey: %s} ] } }" % (key, key))
    check(outcome.code == 1 and 'Duplicate nkey "%s" detected' % key in outcome.err, repr(outcome))
    outcome = run_config(ctx, "accounts { A: 3 }")
    check(outcome.code == 1 and "Expected map entries for accounts" in outcome.err, repr(outcome))


@test(SHEET, 39)
def users_texts(ctx):
    for text, message in (
            ("authorization { user: a, password: b, token: c }", "Cannot have a user/pass and token"),
            ("authorization { user: a, password: b, users: [ {user: c, password: d} ] }",
             "Can not have a single user/pass and a users array"),
            ("authorization { token: a, users: [ {user: c, password: d} ] }",
             "Can not have a token and a users array"),
            ("authorization { users: [ {user: c, password: d}, {user: c, password: e} ] }",
             'Duplicate user "c" detected'),
            ("authorization { users: [ {password: d} ] }", "User entry requires a user"),
            ("authorization { users: [ {nkey: abc} ] }", "Not a valid public nkey for a user"),
            ("authorization { users: [ {nkey: %s, user: a} ] }" % KeyPair("U").public,
             "Nkey users do not take usernames or passwords"),
            ("authorization { users: 3 }", "Expected users field to be an array, got 3"),
            # A string in this place may well hold a password.
            ("authorization { users: [ abc ] }",
             "Expected user entry to be a map/struct, got %s" % ("abc" if ctx.is_peer else "[REDACTED]")),
            ("authorization { users: [ {user: a, connection_types: [FOO]} ] }", 'invalid connection types ["FOO"]'),
            ("authorization { users: [ {user: a, permissions: 3} ] }",
             "Expected permissions to be a map/struct, got 3"),
            ('authorization { users: [ {user: a, permissions { publish: "a b" }} ] }',
             'subject "a b" is not a valid subject'),
            ("authorization { users: [ {user: a, permissions { publish: a..b }} ] }",
             'subject "a..b" is not a valid subject'),
            ('authorization { users: [ {user: a, permissions { subscribe: "a >.b" }} ] }',
             'queue ">.b" is not a valid queue'),
            ("authorization { users: [ {user: a, permissions { allow_responses: x }} ] }",
             "error parsing response permissions, expected a boolean or a map"),
            ("authorization { users: [ {user: a, permissions { allow_responses { expires: 3 } }} ] }",
             "error parsing expires, not a duration string"),
            ("accounts { A { nkey: abc } }", 'Not a valid public nkey for an account: "abc"'),
            ("accounts { A { limits: 3 } }", "Expected account limits to be a map/struct, got 3"),
            ("accounts { A { trace_dest: a..b } }", 'Trace destination "a..b" is not valid'),
            ("accounts { A { msg_trace { dest: a, sampling: 101 } } }",
             "Ttrace destination sampling value 101 is invalid, needs to be [1..100]"),
            ('accounts { A { msg_trace { dest: a, sampling: "x%" } } }',
             'Invalid trace destination sampling value "x%"'),
            ("authorization { timeout: x, user: a, password: b }",
             'error parsing authorization config, \'timeout\' time: invalid duration "x"'),
            ("authorization { timeout: true, user: a, password: b }",
             "error parsing authorization config, 'timeout' wrong type")):
        outcome = run_config(ctx, text)
        check(outcome.code == 1 and message + "\n" in outcome.err, "%s: expected %r, got %r" % (text, message, outcome))


@test(SHEET, 39)
def single_user_and_accounts(ctx):
    # The text depends on which of the two blocks is read first.
    for single, what in (("user: a, password: b", "single user/pass"), ("token: a", "token")):
        text = "authorization { %s }, accounts { A { users: [ {user: c, password: d} ] } }" % single
        outcome = run_config(ctx, text)
        check(outcome.code == 1 and re.search(r"x\.conf:1:\d+: Can not have a %s and (accounts|a users array)\n" % what,
                                              outcome.err), "%s: %r" % (text, outcome))


@test(SHEET, 39)
def high_authorization_timeout_warns(ctx):
    text = "authorization { user: a, password: b, timeout: 70 }"
    warns(ctx, text, at(text, "timeout") + "invalid use of field \"timeout\": timeout of 70 (70.000000 seconds) is high, "
          "consider keeping it under 60 seconds. possibly caused by unquoted duration; use '1m' instead of 1m, for example")


@test(SHEET, 40)
def imports_that_do_not_match(ctx):
    accounts = "accounts { A { exports: [ %s ] }, B { imports: [ %s ] } }"
    for exports, imports, message in (
            ("{stream: a}", "{stream: {account: C, subject: a}}", '"C" account not defined for stream import'),
            ("{stream: a}", "{service: {account: C, subject: a}}", '"C" account not defined for service import'),
            ("{stream: a}", "{service: {account: A, subject: b}}",
             'Error adding service import "b": service import not authorized'),
            ("{service: a}", "{service: {account: A, subject: b}}",
             'Error adding service import "b": service import not authorized'),
            ("{service: a}", "{stream: {account: A, subject: a}}",
             'Error adding stream import "a": stream import not authorized'),
            ("{stream: a, accounts: [C]}", "{stream: {account: A, subject: a}}",
             '"C" account not defined for stream export'),
            ("{service: a, accounts: [C]}", "{service: {account: A, subject: a}}",
             '"C" account not defined for service export')):
        text = accounts % (exports, imports)
        refused(ctx, text, at(text, "accounts") + message)
    valid(ctx, accounts % ("{stream: a}, {service: q}", "{stream: {account: A, subject: a}, prefix: p}, "
                           "{service: {account: A, subject: q}, to: r}"))


PREFIX_AND_TO = "Stream import can not have a 'prefix' and a 'to' property"


@test(SHEET, 40)
def export_and_import_texts(ctx):
    for inside, message in (
            ("exports: 3", "Exports should be an array, got int64"),
            ("imports: 3", "Imports should be an array, got int64"),
            ("exports: [a]", "Export Items should be a map with type entry, got string"),
            ("imports: [a]", "Import Items should be a map with type entry, got string"),
            ("exports: [ {service: a, response_type: foo} ]", 'Unknown response type: "foo"'),
            ("exports: [ {stream: a, response_type: single} ]", "Detected response directive on non-service"),
            ("exports: [ {stream: a, latency: b} ]", "Detected latency directive on non-service"),
            ("exports: [ {stream: a, allow_trace: true} ]", "Detected allow_trace directive on non-service"),
            ("exports: [ {service: a, response_threshold: x} ]",
             'Expected response threshold to be a parseable time duration, got "x"'),
            ("exports: [ {service: a, latency {sampling: 0, subject: b}} ]",
             "bad sampling percentage, should be 1-100"),
            ("exports: [ {service: a, latency {sampling: 10}} ]", "Latency subject required, but missing"),
            ("imports: [ {stream: {account: A}} ]", "Expect an account name and a subject"),
            ("imports: [ {stream: a} ]", "Stream entry should be an account map, got string"),
            ("imports: [ {service: a} ]", "Service entry should be an account map, got string"),
            ("imports: [ {stream: {account: B, subject: a}, prefix: p, to: t} ]", PREFIX_AND_TO)):
        text = "accounts { A { %s } }" % inside
        outcome = run_config(ctx, text)
        if message == PREFIX_AND_TO and '"B" account not defined for stream import' in outcome.err:
            continue  # the peer sees it only when it happens to read `stream` first
        check(outcome.code == 1 and re.search(r"x\.conf:1:\d+: %s\n" % re.escape(message), outcome.err),
              "%s: expected %r, got %r" % (text, message, outcome))


@test(SHEET, 41)
def mapping_texts(ctx):
    for place in ("%s", "accounts { A { %s } }"):
        for inside, message in (
                ("mappings { a { dest: b } }", 'Missing weight for mapping destination "b"'),
                ("mappings { a { dest: b, weight: 101 } }", "Invalid weight 101 for mapping destination"),
                ("mappings { a { dest: b, weight: -1 } }", "Invalid weight -1 for mapping destination"),
                ('mappings { a { dest: b, weight: "x%" } }', 'Invalid weight "x" for mapping destination'),
                ("mappings { a: [ {dest: b, weight: 60}, {dest: c, weight: 60} ] }",
                 'Error adding mapping for "a" : total weight needs to be <= 100'),
                ("mappings { a: [ {dest: b, weight: 10}, {dest: b, weight: 10} ] }",
                 'Error adding mapping for "a" : duplicate entry for "b"'),
                ("mappings { a..b: c }", 'Subject "a..b" is not a valid subject'),
                ("mappings { a: [ 3 ] }", "Expected an entry for the mapping destination")):
            text = place % inside
            outcome = run_config(ctx, text)
            check(outcome.code == 1 and re.search(r"x\.conf:1:\d+: %s\n" % re.escape(message), outcome.err),
                  "%s: expected %r, got %r" % (text, message, outcome))
        for inside in ("mappings { a: b }", "maps { a: b }", "mappings { a: {dest: b, weight: 100} }",
                       'mappings { a: {destination: b, weight: "50%"} }',
                       "mappings { a: [ {dest: b, weight: 50, cluster: c}, {dest: d, weight: 80} ] }",
                       "mappings { \"a.*\": \"b.$1\" }"):
            valid(ctx, place % inside)
