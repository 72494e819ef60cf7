"""Blocks of the configuration and checks across options: configuration.md 2.6, 3.8, 4 and 6, items 42 to 48."""

import re

from lib import *
from lib.process import folder, run_config, start_fatal, valid
from configuration_options import LISTEN, SHEET, at, late, warns


@test(SHEET, 42)
def no_auth_user_without_users(ctx):
    late(ctx, "no_auth_user: a\n", 'no_auth_user: "a" present, but users/nkeys are not defined')
    late(ctx, "no_auth_user: a\nauthorization { users [ {user: b, password: c} ] }\n",
         'no_auth_user: "a" not present as user or nkey in authorization block or account configuration')


@test(SHEET, 42)
def options_that_do_not_fit_together(ctx):
    late(ctx, "system_account: A\n", "error resolving system account: account missing")
    for places in ("publish: %s", "publish { deny: %s }", "subscribe: %s", "subscribe { deny: %s }"):
        config = "authorization { users [ {user: u, password: p, permissions { %s }} ] }\n" % (places % '"a..b"')
        outcome = run_config(ctx, config)
        check(outcome.code == 1 and 'subject "a..b" is not a valid subject' in outcome.err, repr(outcome))


@test(SHEET, 42, needs="operator")
def operator_mode_and_other_options(ctx):
    operator, system = KeyPair("O"), KeyPair("A")
    token = encode_jwt(operator, operator.public, {"type": "operator"}, "op")
    head = 'operator: "%s"\n' % token
    resolver = "resolver: MEMORY\n"
    other = KeyPair("O")
    both = 'operator: ["%s", "%s"]\n' % (token, encode_jwt(other, other.public, {"type": "operator"}, "two"))
    late(ctx, both, "operators require an account resolver to be configured")
    late(ctx, head + resolver + "accounts { A {} }\n", "operators do not allow Accounts to be configured directly")
    late(ctx, head + resolver + "authorization { users [ {user: a, password: b} ] }\n",
         "operators do not allow users to be configured directly")
    late(ctx, head + resolver + "trusted: [%s]\n" % operator.public,
         "conflicting options for 'TrustedKeys' and 'TrustedOperators'")
    late(ctx, head + "resolver { type: full, dir: jwts }\n",
         "using nats based account resolver - the system account needs to be specified in configuration or the operator jwt")
    named = encode_jwt(operator, operator.public, {"type": "operator", "system_account": system.public}, "op")
    late(ctx, 'operator: "%s"\n%ssystem_account: %s\n' % (named, resolver, KeyPair("A").public),
         "system_account in config and operator JWT must be identical")


@test(SHEET, 42, needs="websocket")
def websocket_needs_tls(ctx):
    late(ctx, 'websocket { listen: "127.0.0.1:-1" }\n', "websocket requires TLS configuration")


@test(SHEET, 42, needs="mqtt")
def mqtt_needs_jetstream(ctx):
    late(ctx, 'mqtt { listen: "127.0.0.1:-1" }\n',
         "mqtt requires JetStream to be enabled if running in standalone mode")


@test(SHEET, 42, needs=("mqtt", "cluster"))
def mqtt_needs_a_server_name_in_a_cluster(ctx):
    late(ctx, 'mqtt { listen: "127.0.0.1:-1" }\ncluster { listen: "127.0.0.1:-1", name: c }\n',
         "mqtt requires server name to be explicitly set")


@test(SHEET, 42, needs="gateway")
def gateway_needs_a_name_and_port(ctx):
    late(ctx, 'gateway { listen: "127.0.0.1:-1" }\n', "gateway has no name")
    late(ctx, "gateway { name: A }\n", 'gateway "A" has no port specified (select -1 for random port)')


@test(SHEET, 43, needs=("jetstream", "cluster"))
def jetstream_cluster_needs_names(ctx):
    config = 'cluster { listen: "127.0.0.1:-1", name: c }\njetstream { store_dir: "%s" }\n' % folder(ctx)
    late(ctx, config, "jetstream cluster requires `server_name` to be set")
    late(ctx, "server_name: a\n" + config.replace(", name: c", ""),
         "jetstream cluster requires `cluster.name` to be set")


@test(SHEET, 43, needs=("jetstream", "cluster"))
def jetstream_cluster_needs_routes(ctx):
    config = (LISTEN + 'server_name: a\ncluster { listen: "127.0.0.1:-1", name: c }\njetstream { store_dir: "%s" }\n'
              % folder(ctx))
    outcome = start_fatal(ctx, config, "Can't start JetStream: JetStream cluster requires configured routes or "
                                       "solicited leafnode for the system account")
    check("  Store Directory: " in outcome.err and "-----" in outcome.err, "the banner comes first: " + outcome.err)


@test(SHEET, 43, needs=("jetstream", "cluster"))
def extension_hint_of_a_cluster(ctx):
    late(ctx, 'server_name: a\ncluster { listen: "127.0.0.1:-1", name: c, routes: [ nats://127.0.0.1:1 ] }\n'
              'jetstream { store_dir: "%s", extension_hint: x }\n' % folder(ctx),
         "expected 'no_extend' for string value, got 'x'")


@test(SHEET, 44)
def compression_modes(ctx):
    valid(ctx, "cluster { compression: foo }")
    valid(ctx, "leafnodes { compression: foo }")
    for mode in ("off", "disabled", "false", "accept", "on", "enabled", "true", "auto", "s2_auto", "fast", "s2_fast",
                 "better", "s2_better", "best", "s2_best", "S2_BEST", "not_supported", '{mode: s2_auto, rtts: ["1ms"]}',
                 '{mode: auto, rtt_thresholds: ["10ms", "20ms", "30ms"]}', '{mode: auto, thresholds: []}'):
        valid(ctx, "cluster { compression: %s }" % mode)
    for text, message in (("{foo: 1}", 'unknown field "foo"'),
                          ("3", 'field "compression" should be a boolean or a structure, got int64')):
        outcome = run_config(ctx, "cluster { compression: %s }" % text)
        check(outcome.code == 1 and message + "\n" in outcome.err, "%s: %r" % (text, outcome))


@test(SHEET, 44, needs="cluster")
def bad_compression_of_a_cluster(ctx):
    for value, text in (
            ("foo", 'unsupported compression mode "foo"'),
            ('{mode: auto, rtts: ["20ms", "10ms"]}', "RTT threshold values [20ms 10ms] should be in ascending order"),
            ('{mode: auto, rtts: ["1ms", "2ms", "3ms", "4ms", "5ms"]}',
             'compression mode "auto" should have no more than 4 RTT thresholds: [1ms 2ms 3ms 4ms 5ms]'),
            ('{mode: auto, rtts: ["0s", "0s"]}', 'compression mode "auto" requires at least one RTT threshold')):
        late(ctx, 'cluster { listen: "127.0.0.1:-1", name: c, compression: %s }\n' % value, text)


@test(SHEET, 44, needs="leafnodes")
def bad_compression_of_leafnodes(ctx):
    late(ctx, 'leafnodes { listen: "127.0.0.1:-1", compression: foo }\n', 'unsupported compression mode "foo"')
    late(ctx, "leafnodes { remotes [ {url: nats://127.0.0.1:1, compression: foo} ] }\n",
         'unsupported compression mode "foo"')


@test(SHEET, 45)
def tls_texts(ctx):
    pair = 'cert_file: "%s", key_file: "%s"' % (ctx.certs.server_cert, ctx.certs.server_key)
    for inside, message in (
            ("cipher_suites: [FOO]", "unrecognized cipher FOO"),
            ("cipher_suites: []", "error parsing tls config, 'cipher_suites' cannot be empty"),
            ("curve_preferences: [FOO]", "unrecognized curve preference FOO"),
            ("curve_preferences: []", "error parsing tls config, 'curve_preferences' cannot be empty"),
            ("cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]",
             "insecure cipher suites configured without 'allow_insecure_cipher_suites' option set: "
             "TLS_RSA_WITH_RC4_128_SHA"),
            ('min_version: "1.1"', "error parsing tls config: unsupported TLS version: TLS 1.1"),
            ('min_version: "foo"', "error parsing tls config: unknown version: foo"),
            ("verify: 3", "error parsing tls config, expected 'verify' to be a boolean"),
            ("insecure: x", "error parsing tls config, expected 'insecure' to be a boolean"),
            ("cert_file: 3", "error parsing tls config, expected 'cert_file' to be filename"),
            ("pinned_certs: [abc]", "error parsing tls config, 'pinned_certs' key abc does not look like hex-encoded "
             "sha256 of DER encoded SubjectPublicKeyInfo"),
            ("timeout: true", "error parsing tls config, 'timeout' wrong type"),
            ("connection_rate_limit: x", "error parsing tls config, 'connection_rate_limit' wrong type"),
            ("handshake_first: foo", 'field "handshake_first"\'s value "foo" is invalid'),
            ("first: 3", 'field "first" should be a boolean or a string, got int64'),
            ("cert_store: WindowsCurrentUser", "cert_store not compatible with current operating system"),
            ("cert_store: foo", "cert store type not implemented"),
            ("cert_match_by: foo", "cert match by type not implemented"),
            ('cert_file: "%s"' % ctx.certs.server_cert, "missing 'key_file' in TLS configuration"),
            ('key_file: "%s"' % ctx.certs.server_key, "missing 'cert_file' in TLS configuration"),
            (pair + ", certs: [ {%s} ]" % pair,
             "error parsing tls config, cannot combine 'cert_file' option with 'certs' option"),
            ("certs: [ {cert_file: a} ]",
             "error parsing certificates config: both 'cert_file' and 'cert_key' options are required"),
            ("verify_cert_and_check_known_urls: true", "verify_cert_and_check_known_urls not supported in this context")):
        text = "tls { %s }" % inside
        outcome = run_config(ctx, text)
        check(outcome.code == 1 and message + "\n" in outcome.err, "%s: expected %r, got %r" % (text, message, outcome))


@test(SHEET, 45)
def tls_forms(ctx):
    pair = 'cert_file: "%s", key_file: "%s"' % (ctx.certs.server_cert, ctx.certs.server_key)
    for inside in (pair, pair + ', ca_file: "%s", verify: true' % ctx.certs.ca, "certs: [ {%s} ]" % pair,
                   pair + ", verify_and_map: true", pair + ', min_version: "1.3"', pair + ", handshake_first: auto",
                   pair + ', first: "100ms"', pair + ", immediate: true", pair + ', timeout: "3s"',
                   pair + ", timeout: 0.5", pair + ", curve_preferences: [X25519, CurveP256, X25519MLKEM768]",
                   pair + ", cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]",
                   pair + ", cipher_suites: [TLS_RSA_WITH_RC4_128_SHA], allow_insecure_cipher_suites: true",
                   pair + ', pinned_certs: ["%s"]' % ("ab" * 32)):
        valid(ctx, "tls { %s }" % inside)
    outcome = run_config(ctx, 'tls { cert_file: "%s", key_file: "/nope" }' % ctx.certs.server_cert)
    matches(outcome.err, r"error parsing X509 certificate/key pair: open /nope: no such file or directory")
    outcome = run_config(ctx, 'tls { %s, ca_file: "/nope" }' % pair)
    matches(outcome.err, r"open /nope: no such file or directory")
    outcome = run_config(ctx, 'tls { %s, ca_file: "%s" }' % (pair, ctx.certs.server_key))
    matches(outcome.err, r"failed to parse root ca certificate")


@test(SHEET, 45)
def ocsp_texts(ctx):
    for value in ("true", "false", "{mode: always}", "{mode: must}", "{mode: never}", "{mode: auto, url: http://a}"):
        valid(ctx, "ocsp: " + value)
    for text, message in (("ocsp { mode: foo }", r"error parsing ocsp config: unsupported ocsp mode (string|foo|\"foo\")"),
                          ("ocsp { foo: 1 }", r"error parsing ocsp config: unsupported field (string|foo|\"foo\")"),
                          ("ocsp: 3", r"error parsing ocsp config: unsupported type int64"),
                          ("ocsp_cache { type: foo }",
                           r"error parsing OCSP peer cache config, unknown type \[foo\]")):
        outcome = run_config(ctx, text)
        check(outcome.code == 1 and re.search(r"x\.conf:1:\d+: %s\n" % message, outcome.err),
              "%s: expected %r, got %r" % (text, message, outcome))
    outcome = run_config(ctx, "ocsp { urls: [\"http://a\"] }")
    # The list is taken by a better server (configuration.md 11).
    check(outcome.code == 0 or "interface conversion" in outcome.err, repr(outcome))


@test(SHEET, 45, needs="ocsp")
def ocsp_peer_needs_verify(ctx):
    late(ctx, ctx.certs.block("ocsp_peer: true"),
         "OCSP peer verification for client connections requires TLS verify (mTLS) to be enabled")


@test(SHEET, 46)
def resolver_texts(ctx):
    bad = 'error parsing account resolver, should be MEM or  URL("url") or a map containing dir and type state=[FULL|CACHE])'
    for text, message in (
            ("resolver: foo", bad), ("resolver { type: full }",
                                     "dir has no value and needs to point to a directory"),
            ("resolver { type: cache }", "dir has no value and needs to point to a directory"),
            ("resolver: 3", "error parsing operator resolver, wrong type int64"),
            ("resolver { type: foo, dir: x }", bad),
            ("resolver { type: full, dir: x, ttl: \"1m\" }", "FULL does not accept ttl"),
            ("resolver { type: full, dir: x, hard_delete: true }", "hard_delete has no effect without delete"),
            ("resolver { type: cache, dir: x, allow_delete: true }", "CACHE does not accept allow_delete"),
            ("resolver { type: cache, dir: x, hard_delete: true }", "CACHE does not accept hard_delete"),
            ("resolver { type: cache, dir: x, interval: \"1m\" }", "CACHE does not accept sync"),
            ("operator: 3", "error parsing operators: unsupported type int64"),
            ("trusted: 3", "error parsing trusted: unsupported type int64"),
            ("trusted: [abc]", 'trust key "abc" required to be a valid public operator nkey'),
            ("resolver_pinned_accounts: 3", "error parsing resolver_pinned_accounts: unsupported type int64"),
            ("resolver_pinned_accounts: [3 ]",
             "error parsing resolver_pinned_accounts: unsupported type in array int64"),
            ("resolver: MEM\nresolver_preload: 3", "preload should be a map of account_public_key:account_jwt"),
            ("resolver: MEM\nresolver_preload { A: 3 }", "preload map value should be a string JWT"),
            ("resolver: MEM\nresolver_preload { A: abc }", "invalid account JWT")):
        outcome = run_config(ctx, text)
        check(outcome.code == 1 and message + "\n" in outcome.err, "%s: expected %r, got %r" % (text, message, outcome))
    for text in ("resolver: MEM", "resolver: memory", "resolver: URL(http://127.0.0.1:1/a)",
                 'resolver: URL("http://127.0.0.1:1/a/")', "resolver { type: full, dir: jwts, foo: 1, bar: [a] }",
                 "resolver { type: CACHE, dir: jwts, limit: 3, ttl: \"1m\", timeout: \"1s\" }",
                 "resolver { type: full, dir: jwts, limit: 3, interval: \"1m\", allow_delete: true, hard_delete: true }",
                 "resolver { type: mem }", "accounts_resolver: MEMORY"):
        valid(ctx, text)


@test(SHEET, 47)
def warnings_of_the_cluster_block(ctx):
    text = "cluster { routes: [ nats://127.0.0.1:1, nats://127.0.0.1:1 ] }"
    warns(ctx, text, "x.conf:1:%d: invalid use of field \"nats://127.0.0.1:1\": Duplicate route entry detected"
          % text.rindex("nats:"))
    text = 'cluster { ping_interval: "1m" }'
    warns(ctx, text, at(text, "ping_interval") + "Cluster 'ping_interval' will reset to 30s which is the max for routes")
    text = "cluster { authorization { user: a, password: b, permissions { import: a } } }"
    warns(ctx, text, at(text, "authorization") + 'invalid use of field "authorization": setting "permissions" within '
          "cluster authorization block is deprecated")
    text = "mqtt { ack_wait: 5 }"
    warns(ctx, text, at(text, "ack_wait") + 'invalid use of field "ack_wait": ack_wait should be converted to a duration')
    text = "mqtt { consumer_replicas: 3 }"
    warns(ctx, text, at(text, "consumer") + 'invalid use of field "consumer_replicas": consumer replicas setting ignored '
          "in this server version")


@test(SHEET, 47)
def cluster_and_leafnode_texts(ctx):
    for text, message in (
            ("cluster: 3", "Expected map to define cluster, got int64"),
            ('cluster { routes: [ "nats:// h" ] }', 'error parsing route url ["nats:// h"]'),
            ('gateway { gateways: [ {name: A, url: "nats:// h"} ] }', 'error parsing gateway url ["nats:// h"]'),
            ('leafnodes { remotes: [ {url: "nats:// h"} ] }', 'error parsing leafnode url ["nats:// h"]'),
            ("leafnodes { remotes: [ {url: nats://h:1}, {url: nats://h:1} ] }",
             'duplicate remote urls=["nats://h:1"], account="$G"'),
            ("leafnodes { min_version: 2.7.0 }", "the minimum version should be at least 2.8.0"),
            ("websocket { headers { X: 3 } }", "error parsing header key X: unsupported type int64"),
            ("cluster { authorization { users: [ {user: a, password: b} ] } }",
             "Cluster authorization does not allow multiple users"),
            ("cluster { authorization { token: a } }", "Cluster authorization does not support tokens"),
            ("cluster { permissions { allow_responses: true } }",
             "Cluster permissions do not support dynamic responses"),
            ("gateway: 3", "Expected gateway to be a map, got int64"),
            ("gateway { gateways: [ abc ] }", "Expected gateway entry to be a map/struct, got abc"),
            ("gateway { authorization { token: a } }", "Gateway authorization does not support tokens"),
            ("leafnodes: 3", "Expected map to define a leafnode, got int64"),
            ("leafnodes { remotes: 3 }", "Expected remotes field to be an array, got int64"),
            ("leafnodes { remotes: [ abc ] }", "Expected remote leafnode entry to be a map/struct, got abc"),
            ("leafnodes { remotes: [ {url: nats://h:1, nkey: abc} ] }",
             'Remote leafnode nkey is not a valid seed: "%s"' % ("abc" if ctx.is_peer else "[REDACTED]")),
            ("leafnodes { authorization { nkey: abc } }", "Not a valid public nkey for leafnode authorization"),
            ("leafnodes { authorization { user: a, password: b, users: [ {user: c, password: d} ] } }",
             "can not have a single user/pass and a users array"),
            ("websocket: 3", "Expected websocket to be a map, got int64"),
            ("websocket { handshake_timeout: true }", "error parsing handshake timeout: unsupported type bool"),
            ("websocket { headers: 3 }", "error parsing headers: unsupported type int64"),
            ("mqtt { max_ack_pending: 70000 }", "invalid value 70000, should in [0..65535] range"),
            ("proxies: 3", "expected proxies to be a map/struct, got int64"),
            ("proxies { trusted: 3 }", "expected proxies' trusted field to be an array, got int64"),
            ("proxies { trusted: [ 3 ] }", "expected proxies' trusted entry to be a map/struct, got int64"),
            ("proxies { trusted: [ {key: abc} ] }", 'invalid proxy key "abc"')):
        outcome = run_config(ctx, text)
        check(outcome.code == 1 and re.search(r"x\.conf:1:\d+: %s\n" % re.escape(message), outcome.err),
              "%s: expected %r, got %r" % (text, message, outcome))


@test(SHEET, 47)
def texts_without_a_position(ctx):
    for text, message in (("gateway { gateways: 3 }", "Expected gateways field to be an array, got int64"),
                          ("leafnodes { remotes: [ {url: nats://h:1, jetstream_cluster_migrate: x} ] }",
                           "Expected boolean or map for jetstream_cluster_migrate, got string")):
        outcome = run_config(ctx, text)
        # The peer gives no position here; one is better.
        matches(outcome.err, r"^nats-server: (x\.conf:1:\d+: )?%s\n\n$" % message)


@test(SHEET, 47, needs="cluster")
def warnings_do_not_stop_a_cluster(ctx):
    server = ctx.start('cluster { name: c, listen: "127.0.0.1:-1", ping_interval: "1m", '
                       "routes: [ nats://127.0.0.1:1, nats://127.0.0.1:1 ] }\n")
    check("Duplicate route entry detected" in server.log(), server.log())
    check("Cluster 'ping_interval' will reset to 30s which is the max for routes" in server.log(), server.log())


@test(SHEET, 48)
def feature_flags_in_the_banner(ctx):
    for flags, configured, unsupported in (
            ("js_ack_fc_v2: true, js_raft_delete_range: false",
             "js_ack_fc_v2 (opt-in), js_raft_delete_range (opt-out)", None),
            ("js_ack_fc_v2: false, js_raft_delete_range: true",
             "js_ack_fc_v2 (disabled), js_raft_delete_range (enabled)", None),
            ("js_snapshot_sources: true, zzz: true, aaa: false", "js_snapshot_sources (opt-in)", "aaa, zzz"),
            ("foo: true", "none", "foo")):
        server = ctx.start("feature_flags { %s }\n" % flags)
        lines = [line.split("] ", 1)[1] if "] " in line else line
                 for line in server.log().split("\n")]
        texts = [re.sub(r"^.*\[INF\] ", "", line) for line in lines]
        check("  Feature flags:" in texts, "\n".join(texts))
        place = texts.index("  Feature flags:")
        eq(texts[place + 1], "    Configured:    " + configured, flags)
        if unsupported:
            eq(texts[place + 2], "    Unsupported:   " + unsupported, flags)
        else:
            check("Unsupported" not in "\n".join(texts), flags)
    check("Feature flags" not in ctx.shared().log(), "no flags, no lines")


@test(SHEET, 48)
def defaults_of_the_feature_flags(ctx):
    flags = ctx.shared().varz()["feature_flags"]
    for name, value in (("js_ack_fc_v2", False), ("js_raft_delete_range", True), ("js_snapshot_sources", False)):
        eq(flags.get(name), value, name)
    server = ctx.start("feature_flags { js_ack_fc_v2: true }\n")
    eq(server.varz()["feature_flags"]["js_ack_fc_v2"], True)
