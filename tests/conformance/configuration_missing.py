"""Options of features that are not built stop the start and refuse a reload: docs/STATUS.md, "Options that stop the
start". These tests are about Midge alone."""

import os
import re
import ssl
import subprocess

from lib import *
from lib.jwt import encode_jwt
from lib.nkeys import KeyPair
from lib.process import folder, run

SHEET = "configuration"
STATUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "STATUS.md")
STOPS = "not available in this version of the server; remove the option (docs/STATUS.md lists what works)"
STORE = 'store_dir: "js"'

# Key or flag, configuration in which the key stands in line 1 behind COLUMN bytes (configuration.md 1.10).
OPTIONS = {
    "cluster": ("cluster { listen: \"127.0.0.1:-1\" }", 0),
    "gateway": ("gateway { name: A, port: -1 }", 0),
    "leafnodes": ("leafnodes { port: -1 }", 0),
    "websocket": ("websocket { port: -1, no_tls: true }", 0),
    "mqtt": ('mqtt { port: -1 }, server_name: n, jetstream { %s }' % STORE, 0),
    "trusted_keys": ("trusted_keys: <OPERATOR>", 0),
    "operator": ("operator: <OPERATOR_JWT>, resolver: MEMORY", 0),
    "resolver": ("resolver: MEMORY", 0),
    "resolver_tls": ("resolver_tls { timeout: 2 }", 0),
    "resolver_preload": ("resolver_preload {}", 0),
    "resolver_pinned_accounts": ("resolver_pinned_accounts: []", 0),
    "auth_callout": ("authorization { auth_callout { issuer: <ACCOUNT>, auth_users: [ u ] }, users: [ {user: u, password: p} ] }", 16),
    "exports": ("accounts { A { exports: [ { stream: a } ] } }", 15),
    "imports": ("accounts { A { imports: [] } }", 15),
    "msg_trace": ("accounts { A { msg_trace: a } }", 15),
    "ocsp": ("ocsp: true", 0),
    "ocsp_peer": ('tls { ocsp_peer: true, verify: true, cert_file: "<CERT>", key_file: "<KEY>", ca_file: "<CA>" }', 6),
    "ocsp_cache": ("ocsp_cache: true", 0),
    "prof_port": ("prof_port: -1", 0),
    "prof_block_rate": ("prof_block_rate: 1", 0),
    "default_js_domain": ("default_js_domain { A: d }, accounts { A {} }", 0),
    "unique_tag": ("jetstream { unique_tag: az, %s }" % STORE, 12),
    "max_outstanding_catchup": ("jetstream { max_outstanding_catchup: 1M, %s }" % STORE, 12),
    "meta_compact": ("jetstream { meta_compact: 1, %s }" % STORE, 12),
    "meta_compact_size": ("jetstream { meta_compact_size: 1, %s }" % STORE, 12),
    "meta_compact_sync": ("jetstream { meta_compact_sync: true, %s }" % STORE, 12),
    "extension_hint": ("jetstream { extension_hint: no_extend, %s }" % STORE, 12),
    "batch": ("jetstream { limits { batch { max_msgs: 5 } }, %s }" % STORE, 21),
    "tpm": ("jetstream { tpm { keys_file: k }, %s }" % STORE, 12),
}
# Further spellings of keys in the table.
SPELLINGS = {
    "leaf { port: -1 }": ("leaf", "leafnodes"),
    "ws { port: -1, no_tls: true }": ("ws", "websocket"),
    "trusted: <OPERATOR>": ("trusted", "trusted_keys"),
    "account_resolver: MEMORY": ("account_resolver", "resolver"),
    "authorization { auth_hook { issuer: <ACCOUNT>, auth_users: [ u ] }, users: [ {user: u, password: p} ] }":
        ("auth_hook", "auth_callout"),
    "accounts { A { trace_dest: a } }": ("trace_dest", "msg_trace"),
    "PROF_PORT: -1": ("PROF_PORT", "prof_port"),
}
# Flags that stand in the table: name shown, arguments.
FLAGS = {
    "--cluster": ("--cluster", ["--cluster", "nats://127.0.0.1:-1"]),
    "--cluster_listen": ("--cluster", ["--cluster_listen", "nats://127.0.0.1:-1"]),
    "--no_advertise": ("--no_advertise", ["--no_advertise"]),
    "--cluster_advertise": ("--cluster_advertise", ["--cluster_advertise", "h:1"]),
    "--connect_retries": ("--connect_retries", ["--connect_retries", "3"]),
    "--profile": ("--profile", ["--profile", "-1"]),
}


def table():
    """The rows of the documentation: {key or flag: WHAT}."""
    with open(STATUS, encoding="utf-8") as status:
        text = status.read()
    rows = text.split("| key or flag | WHAT |\n| --- | --- |\n", 1)[1].split("\n\n", 1)[0].splitlines()
    found = {}
    for row in rows:
        keys, what = [cell.strip() for cell in row.strip("|").split("|")]
        # Keys come first; behind " of ", " with ", "unless" and the like stands what is around them.
        keys = re.split(r" (?:of|with|\(|if)|, (?:unless|other|above)", keys)[0]
        for key in re.findall(r"`([^`]+)`", keys):
            found[key] = what.strip("`")
    return found


def config_of(ctx, text):
    """The configuration with what these tests make themselves."""
    certs, operator, account = ctx.certs, KeyPair("O"), KeyPair("A")
    token = encode_jwt(operator, operator.public, {"type": "operator"}, "op")
    for name, value in (("OPERATOR_JWT", token), ("OPERATOR", operator.public), ("ACCOUNT", account.public),
                        ("CERT", certs.server_cert), ("KEY", certs.server_key), ("CA", certs.ca)):
        text = text.replace("<%s>" % name, value)
    return text


@test(SHEET, 75, better=True)
def the_documentation_lists_what_these_tests_try(ctx):
    eq(sorted(table()), sorted(list(OPTIONS) + list(FLAGS)), "keys and flags of docs/STATUS.md")


@test(SHEET, 75, better=True)
def options_of_missing_features_stop_the_start(ctx):
    what = table()
    for key, (config, column) in OPTIONS.items():
        path = folder(ctx, {"x.conf": config_of(ctx, config)})
        outcome = run(ctx.binary, "-c", "x.conf", "-a", "127.0.0.1", "-p", "-1", cwd=path)
        eq((outcome.code, outcome.out, outcome.err),
           (1, "", 'nats-server: x.conf:1:%d: "%s": %s %s\n' % (column, key, what[key], STOPS)), "start with %r" % config)
        outcome = run(ctx.binary, "-c", "x.conf", "-t", cwd=path)
        eq(outcome.code, 0, "-t of %r: %r" % (config, outcome))


@test(SHEET, 75, better=True)
def other_spellings_are_named_as_written(ctx):
    what = table()
    for config, (key, row) in SPELLINGS.items():
        path = folder(ctx, {"x.conf": config_of(ctx, "debug: true\n" + config)})
        outcome = run(ctx.binary, "-c", "x.conf", "-p", "-1", cwd=path)
        check(outcome.code == 1 and re.fullmatch(r'nats-server: x\.conf:2:\d+: "%s": %s\n' % (
            key, re.escape("%s %s" % (what[row], STOPS))), outcome.err), "%r: %r" % (config, outcome))


@test(SHEET, 75, better=True)
def flags_of_missing_features_stop_the_start(ctx):
    what = table()
    for flag, (shown, arguments) in FLAGS.items():
        outcome = run(ctx.binary, "-a", "127.0.0.1", "-p", "-1", *arguments, cwd=folder(ctx))
        eq((outcome.code, outcome.out, outcome.err), (1, "", "nats-server: flag %s: %s %s\n" % (shown, what[flag], STOPS)),
           "start with %r" % arguments)


# What the reference refuses on reload as well.
REFUSED_ANYWAY = {"auth_callout", "cluster", "default_js_domain", "extension_hint", "gateway", "leafnodes",
                  "max_outstanding_catchup", "mqtt", "operator", "prof_port", "resolver", "tpm", "trusted_keys",
                  "unique_tag", "websocket"}


@test(SHEET, 75, better=True)
def options_of_missing_features_refuse_a_reload(ctx):
    """What the reference refuses is refused in its words; everything else names the missing feature."""
    what = table()
    by_the_reference = set()
    base = "server_name: n\n"
    store = 'store_dir: "%s"' % folder(ctx)
    server = ctx.start(base)
    client = ctx.client(server)
    for key, (config, _) in OPTIONS.items():
        config = config_of(ctx, config).replace(", server_name: n", "").replace(STORE, store)
        line = server.reload(base + config, check=False)
        named = r'\S+\.conf:\d+:\d+: "%s": %s %s' % (key, re.escape(what[key]), re.escape(STOPS))
        theirs = r"config reload (?:not supported for|does not support) .*"
        found = re.search(r"Failed to reload server configuration: (?:(%s)|%s)$" % (theirs, named), line)
        check(found, "reload with %r: %r" % (config, line))
        if found.group(1):
            by_the_reference.add(key)
    eq(by_the_reference, REFUSED_ANYWAY, "refused in the words of the reference")
    client.expect_quiet()
    server.reload(base)
    ctx.client(server).close()


# Blocks and values that switch nothing on.
NOTHING = ("cluster {}", "cluster { name: c, no_advertise: true }", "gateway {}", "leafnodes {}", "websocket { no_tls: true }",
           "mqtt {}", "ocsp: false", "ocsp_cache: false", "prof_port: 0", "prof_block_rate: 0",
           "jetstream { enabled: false, unique_tag: a, limits { batch { max_msgs: 1 } } }",
           "disable_sublist_cache: true", "connect_error_reports: 5", "reconnect_error_reports: 5",
           "accounts { A { limits { max_leafnodes: 1 } } }")


@test(SHEET, 75)
def what_switches_nothing_on_does_not_stop_the_start(ctx):
    for config in NOTHING:
        ctx.client(ctx.start(config)).close()


def special_certificates(ctx):
    """(certificate, key) with a key that is too short; an authority that contradicts itself."""
    path = folder(ctx)

    def make(name, *arguments):
        files = [os.path.join(path, name + end) for end in (".pem", "-key.pem")]
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-days", "3", "-subj", "/CN=" + name, "-out", files[0],
                        "-keyout", files[1], *arguments], check=True, capture_output=True)
        return files

    short = make("short", "-newkey", "rsa:1024")
    strange, _ = make("strange", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    with open(strange, encoding="ascii") as source:
        der = ssl.PEM_cert_to_DER_cert(source.read())
    # The algorithm is named twice: ecdsa-with-SHA256 first, then with SHA384.
    sha256, sha384 = bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a8648ce3d040303")
    at = der.rindex(sha256)
    with open(strange, "w", encoding="ascii") as out:
        out.write(ssl.DER_cert_to_PEM_cert(der[:at] + sha384 + der[at + len(sha384):]))
    return short, strange


def tls_rows():
    """The texts of the documentation about what cannot be done in a tls block, as regular expressions."""
    with open(STATUS, encoding="utf-8") as status:
        rows = status.read().split("| TEXT | because |\n| --- | --- |\n", 1)[1].split("\n\n", 1)[0].splitlines()
    texts = [re.match(r"\| `([^`]+)`", row).group(1) for row in rows]
    return [re.escape(text).replace("NAME", r"\w+").replace("…", ".*") for text in texts]


@test(SHEET, 45, better=True)
def what_the_tls_library_cannot_do_stops_the_start_and_refuses_a_reload(ctx):
    (short, short_key), strange = special_certificates(ctx)
    certs = ctx.certs
    own = 'cert_file: "%s"\n  key_file: "%s"\n' % (certs.server_cert, certs.server_key)
    # Lines of the block, line in the block of the option that is named.
    cases = (
        (own + "  verify: true\n", 3),
        (own + '  verify: true\n  ca_file: "%s"\n' % strange, 4),
        (own + "  allow_insecure_cipher_suites: true\n  cipher_suites: [ TLS_RSA_WITH_AES_128_CBC_SHA ]\n", 4),
        (own + "  curve_preferences: [ CurveP521 ]\n", 3),
        ('cert_file: "%s"\n  key_file: "%s"\n' % (short, short_key), 2),
    )
    wanted = tls_rows()
    eq(len(cases), len(wanted), "rows of the documentation")
    env = dict(os.environ, SSL_CERT_FILE="/nonexistent", SSL_CERT_DIR="/nonexistent")
    base = "tls {\n  %s}\n"
    server = ctx.start(base % own, env=env)
    for (block, line), text in zip(cases, wanted):
        path = folder(ctx, {"x.conf": base % block})
        outcome = run(ctx.binary, "-c", "x.conf", "-a", "127.0.0.1", "-p", "-1", cwd=path, env=env)
        eq(outcome.code, 1, "exit code with %r" % block)
        check(re.search(r"\[FTL\] x\.conf:%d:3: %s$" % (line + 1, text), outcome.err.rstrip("\n").split("\n")[-1]),
              "%r with %r: %r" % (text, block, outcome))
        found = server.reload(base % block, check=False)
        check(re.search(r"Failed to reload server configuration: \S+\.conf:\d+:3: %s$" % text, found),
              "reload with %r: %r" % (block, found))
    server.reload(base % own)
    ctx.raw(server, tls=certs.context()).connect()


@test(SHEET, 56)
def routes_without_a_cluster_stop_the_start(ctx):
    outcome = run(ctx.binary, "-p", "-1", "--routes", "nats://127.0.0.1:1", cwd=folder(ctx))
    eq((outcome.code, outcome.err),
       (1, "nats-server: solicited routes require cluster capabilities, e.g. --cluster\n"), "--routes")
