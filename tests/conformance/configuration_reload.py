"""What a reload refuses, applies and logs: configuration.md 8.4, items 74 to 80 and 82."""

import os
import re
import signal

from lib import *
from lib.process import digest_of, folder, read, spawn

SHEET = "configuration"
LOCAL = 'listen: "127.0.0.1:-1"'
FAILED = r"\[ERR\] Failed to reload server configuration: "
ANY = r"\{.*\}"


def refuse(server, config, text, better=False):
    """The reload is refused with this reason (a regular expression). `better`: it may also be applied
    (configuration.md 11), then it is taken back."""
    before = read(server.config_path)
    line = server.reload(config, check=False)
    if better and not re.search(FAILED, line):
        with open(server.config_path, "w", encoding="utf-8") as out:
            out.write(before)
        server.reload()
        return
    matches(line, FAILED + text + "$", "reload of %r" % config)


def unsupported(field, old, new):
    """The regular expression of an unsupported change."""
    return r"config reload not supported for %s: old=%s, new=%s" % (field, old, new)


def apply(server, config, *lines):
    """The reload is applied and logs these lines (exact texts at level INF)."""
    mark = server.mark()
    server.reload(config)
    for line in lines:
        check(server.log_lines(r"\[INF\] %s$" % re.escape(line), since=mark),
              "reload of %r: no line %r in\n%s" % (config, line, server.log(mark)))


@test(SHEET, 74, needs="reload")
def reload_without_a_change(ctx):
    server = ctx.start("max_payload: 1kb\n")
    before = server.varz()
    for _ in range(2):
        mark = server.mark()
        line = server.reload()
        matches(line, r"\[INF\] Reloaded server configuration \(%s\)$" % before["config_digest"])
        check(server.log_lines(r'\[INF\] Trapped "hangup" signal$', since=mark), server.log(mark))
        # Not to mention unchanged users and accounts is documented as better (configuration.md 11).
        for text in ("Reloaded: authorization users", "Reloaded: accounts"):
            check(server.log_lines(r"\[INF\] %s$" % text, since=mark) or not ctx.is_peer, server.log(mark))
        others = [text for text in server.log_lines("", since=mark)
                  if not re.search(r"Trapped|Reloaded: (authorization users|accounts)$|Reloaded server", text)]
        eq(others, [], "other lines")
    after = server.varz()
    check(after["config_load_time"] > before["config_load_time"], "config_load_time")
    eq(after["start"], before["start"], "start")
    eq(after["port"], before["port"], "random port")
    eq(after["config_digest"], before["config_digest"], "digest")


@test(SHEET, 74, needs="reload")
def the_digest_of_a_new_file(ctx):
    server = ctx.start()
    want = digest_of({"listen": "127.0.0.1:-1", "http": "127.0.0.1:-1", "max_payload": 2048})
    matches(server.reload("max_payload: 2kb\n"), r"\(%s\)$" % want)
    eq(server.varz()["config_digest"], want)


@test(SHEET, 75, needs="reload")
def refused_options(ctx):
    server = ctx.start()
    client = ctx.client(server)
    for config, field, old, new, better in (
            ("server_name: x\n", "ServerName", "", "x", False),
            ("max_subs: 10\n", "MaxSubs", "0", "10", True),
            ("max_subscriptions: 10\n", "MaxSubs", "0", "10", True),
            ("max_pending: 2000000\n", "MaxPending", "67108864", "2000000", True),
            ("write_timeout: retry\n", "WriteTimeout", "", "retry", False),
            ('lame_duck_duration: "1m"\n', "LameDuckDuration", "2m0s", "1m0s", True),
            ('lame_duck_grace_period: "1s"\n', "LameDuckGracePeriod", "10s", "1s", True),
            ("feature_flags { js_ack_fc_v2: true }\n", "FeatureFlags", r"map\[\]", r"map\[js_ack_fc_v2:true\]", False),
            ("log_size_limit: 1000\n", "LogSizeLimit", "0", "1000", True),
            ("logfile_max_num: 3\n", "LogMaxFiles", "0", "3", True),
            ("no_header_support: true\n", "NoHeaderSupport", "false", "true", False),
            ("no_sublist_cache: true\n", "NoSublistCache", "false", "true", False),
            ("max_sub_tokens: 4\n", "MaxSubTokens", "0", "4", False),
            ("no_system_account: true\n", "NoSystemAccount", "false", "true", False),
            ("proxy_protocol: true\n", "ProxyProtocol", "false", "true", False),
            ("http_base_path: /x\n", "HTTPBasePath", "", "/x", False),
            ("https_port: -1\n", "HTTPSPort", "0", "-1", True),
            ("prof_port: -1\n", "ProfPort", "0", "-1", False),
            ("max_closed_clients: 5\n", "MaxClosedClients", "10000", "5", False),
            ("default_js_domain {}\n", "JsAccDefaultDomain", r"map\[\]", r"map\[\]", False),
            ("trusted: []\n", "TrustedKeys", r"\[\]", r"\[\]", False),
            ("allow_non_tls: true\n", "AllowNonTLS", "false", "true", False),
            ("system_account: A\naccounts { A {} }\n", "SystemAccount", "", "A", False),
            ("authorization { users [ {user: a, password: b} ] }\nno_auth_user: a\n", "NoAuthUser", "", "a", False)):
        refuse(server, config, unsupported(field, old, new), better)
    client.expect_quiet()
    server.reload("")


@test(SHEET, 75, needs="reload")
def refused_ports(ctx):
    server = ctx.start(LOCAL + "\n", listen=False, http=False)
    refuse(server, 'listen: "127.0.0.1:1"\n', unsupported("Port", str(server.port), "1"))
    refuse(server, 'listen: "localhost:-1"\n', unsupported("Host", r"127\.0\.0\.1", "localhost"))
    refuse(server, LOCAL + "\nhttp_port: -1\n", unsupported("HTTPPort", "0", "-1"), better=True)
    server.reload(LOCAL + "\n")


@test(SHEET, 75, needs="reload")
def the_first_difference_is_reported(ctx):
    server = ctx.start()
    line = server.reload('write_timeout: retry\nserver_name: x\nno_header_support: true\n', check=False)
    # All of them at once is documented as better (configuration.md 11).
    matches(line, FAILED + ".*" + unsupported("ServerName", "", "x") + ("$" if ctx.is_peer else ""))


@test(SHEET, 75, needs="reload")
def refused_account_options(ctx):
    server = ctx.start("system_account: A\naccounts { A {}, B {} }\n")
    refuse(server, "system_account: B\naccounts { A {}, B {} }\n", unsupported("SystemAccount", "A", "B"))
    refuse(server, "accounts { A {}, B {} }\n", unsupported("SystemAccount", "A", ""))
    users = "authorization { users: [ {user: a, password: b}, {user: c, password: d} ] }\n"
    server = ctx.start("no_auth_user: a\n" + users)
    refuse(server, "no_auth_user: c\n" + users, unsupported("NoAuthUser", "a", "c"))
    refuse(server, users, unsupported("NoAuthUser", "a", ""))
    server.reload("authorization { users: [ {user: c, password: d} ] }\n")  # removed together with its user


@test(SHEET, 75, needs=("reload", "operator"))
def refused_trusted_keys(ctx):
    one, two = KeyPair("O").public, KeyPair("O").public
    server = ctx.start("trusted: [%s]\nresolver: MEM\n" % one)
    refuse(server, "trusted: [%s]\nresolver: MEM\n" % two, unsupported("TrustedKeys", r"\[%s\]" % one, r"\[%s\]" % two))
    refuse(server, "trusted: [%s]\n" % one, "(operators require an account resolver to be configured|"
           "config reload does not support moving to or from an account resolver)")


@test(SHEET, 75, needs=("reload", "websocket"))
def refused_websocket(ctx):
    block = "websocket { %s, no_tls: true%%s }\n" % LOCAL
    server = ctx.start(block % "")
    refuse(server, block % ", same_origin: true", unsupported("Websocket", ANY, ANY))
    refuse(server, block % ', handshake_timeout: "3s"', unsupported("Websocket", ANY, ANY))
    refuse(server, "", unsupported("Websocket", ANY, ANY))
    server.reload(block % "")


@test(SHEET, 75, needs=("reload", "gateway"))
def refused_gateway(ctx):
    block = "gateway { name: A, %s%%s }\n" % LOCAL
    server = ctx.start(block % "")
    refuse(server, block % ", reject_unknown: true", unsupported("Gateway", ANY, ANY))
    refuse(server, block % ", gateways: [ {name: B, url: nats://127.0.0.1:1} ]", unsupported("Gateway", ANY, ANY))
    refuse(server, "", unsupported("Gateway", ANY, ANY))
    server.reload(block % "")


@test(SHEET, 75, needs=("reload", "mqtt", "jetstream"))
def refused_mqtt(ctx):
    config = 'server_name: a\njetstream { store_dir: "%s" }\nmqtt { %s%%s }\n' % (folder(ctx), LOCAL)
    server = ctx.start(config % "")
    for key in ('js_api_timeout: "3s"', "js_domain: x", "reject_qos2_publish: true", "downgrade_qos2_subscribe: true"):
        refuse(server, config % (", " + key), unsupported("MQTT", ANY, ANY))
    server.reload(config % "")


@test(SHEET, 75, needs=("reload", "leafnodes"))
def refused_leafnodes(ctx):
    block = "leafnodes { %s%%s }\n" % LOCAL
    server = ctx.start(block % "")
    for key, field, old, new in (("no_advertise: true", "NoAdvertise", "false", "true"),
                                 ('dial_timeout: "3s"', "DialTimeout", "0s", "3s"),
                                 ("min_version: 2.9.0", "MinVersion", "", r"2\.9\.0"),
                                 ("isolate: true", "IsolateLeafnodeInterest", "false", "true")):
        refuse(server, block % (", " + key), unsupported('LeafNode: field "%s"' % field, old, new))
    refuse(server, "", 'config reload not supported for LeafNode: field "Host": old=127.0.0.1, new=')
    server = ctx.start(block % ", remotes: [ {url: nats://127.0.0.1:1} ]")
    refuse(server, block % ", remotes: [ {url: nats://127.0.0.1:1, hub: true} ]",
           r'config reload not supported for LeafNode: remote urls=\["nats://127\.0\.0\.1:1"\], account="\$G": '
           r'field "Hub": old=false, new=true')


@test(SHEET, 75, needs=("reload", "cluster"))
def refused_cluster(ctx):
    block = "cluster { name: c, %s%%s }\n" % LOCAL
    server = ctx.start(block % "")
    refuse(server, "", "config reload not supported for cluster host: old=127.0.0.1, new=")
    refuse(server, 'cluster { name: c, listen: "localhost:-1" }\n',
           "config reload not supported for cluster host: old=127.0.0.1, new=localhost")
    refuse(server, 'cluster { name: c, listen: "127.0.0.1:1" }\n',
           "config reload not supported for cluster port: old=%d, new=1" % server.port_of("cluster"))
    refuse(server, block % ', cluster_advertise: "a:b:c"',
           "invalid Cluster.Advertise value of a:b:c, err=address a:b:c: too many colons in address")
    refuse(server, block % ", accounts: [X]",
           'unable to add account "X" to the list of dedicated routes: account missing')
    server = ctx.start()
    refuse(server, block % "", "config reload not supported for cluster host: old=, new=127.0.0.1")


@test(SHEET, 75, needs=("reload", "jetstream"))
def refused_jetstream(ctx):
    config = 'server_name: a\njetstream { store_dir: "%s", max_mem: 1G, max_file: 1G%%s }\n' % folder(ctx)
    server = ctx.start(config % "")
    for key, field, old, new in (("domain: x", "JetStreamDomain", "", "x"),
                                 ('sync_interval: "1m"', "SyncInterval", ".*", "1m0s"),
                                 ("sync: always", "SyncAlways", "false", "true"),
                                 ("strict: false", "NoJetStreamStrict", "false", "true"),
                                 ("request_queue_limit: 5", "JetStreamRequestQueueLimit", "10000", "5"),
                                 ("info_queue_limit: 5", "JetStreamInfoQueueLimit", "10000", "5"),
                                 ("max_buffered_msgs: 5", "StreamMaxBufferedMsgs", "0", "5"),
                                 ("max_buffered_size: 5", "StreamMaxBufferedSize", "0", "5"),
                                 ("key: abc", "JetStreamKey", "", "abc" if ctx.is_peer else r".*"),
                                 ("prev_key: abc", "JetStreamOldKey", "", "abc" if ctx.is_peer else r".*"),
                                 ("cipher: aes", "JetStreamCipher", "ChaCha20-Poly1305", "AES-GCM"),
                                 ("unique_tag: az", "JetStreamUniqueTag", "", "az"),
                                 ("max_outstanding_catchup: 5", "JetStreamMaxCatchup", "0", "5"),
                                 ("max_concurrent_io: 5", "JetStreamConcurrentIOs", "4096", "5"),
                                 ("extension_hint: no_extend", "JetStreamExtHint", "", "no_extend")):
        refuse(server, config % (", " + key), unsupported(field, old, new))
    server.reload(config % "")


@test(SHEET, 76, needs="reload")
def applied_options(ctx):
    server = ctx.start()
    for config, lines, seen in (
            ('ping_interval: "5s"\n', ["Reloaded: ping_interval = 5s"], {"ping_interval": 5 * 10 ** 9}),
            ("ping_max: 4\n", ["Reloaded: ping_max = 4"], {"ping_max": 4}),
            ('write_deadline: "3s"\n', ["Reloaded: write_deadline = 3s"], {"write_deadline": 3 * 10 ** 9}),
            ("max_connections: 5\n", ["Reloaded: max_connections = 5"], {"max_connections": 5}),
            ("max_payload: 2kb\n", ["Reloaded: max_payload = 2048"], {"max_payload": 2048}),
            ("max_control_line: 2kb\n", ["Reloaded: max_control_line = 2048"], {"max_control_line": 2048}),
            ("server_tags: [A, b]\n", ["Reloaded: tags"], {"tags": ["a", "b"]}),
            ("server_metadata {a: b}\n", ["Reloaded: metadata"], {"metadata": {"a": "b"}}),
            ("no_fast_producer_stall: true\n", ["Reloaded: fast producers will not be stalled"], {}),
            ("connect_error_reports: 4\n", ["Reloaded: connect_error_reports = 4"], {}),
            ("reconnect_error_reports: 5\n", ["Reloaded: reconnect_error_reports = 5"], {}),
            ("max_traced_msg_len: 4\n", ["Reloaded: max_traced_msg_len = 4"], {}),
            ("authorization { timeout: 4 }\n", ["Reloaded: authorization timeout = 4"], {"auth_timeout": 4}),
            ("authorization { user: a, password: b }\n",
             ["Reloaded: authorization username", "Reloaded: authorization password"], {"auth_required": True}),
            ("authorization { token: b }\n", ["Reloaded: authorization token"], {"auth_required": True}),
            ("authorization { users [ {user: a, password: b} ] }\n", ["Reloaded: authorization users"],
             {"auth_required": True}),
            ("authorization { users [ {nkey: %s} ] }\n" % KeyPair("U").public, ["Reloaded: authorization nkey users"],
             {"auth_required": True}),
            ("accounts { A { users [ {user: a, password: b} ] } }\n", ["Reloaded: accounts"], {})):
        apply(server, config, *lines)
        varz = server.varz()
        for key, value in seen.items():
            eq(varz.get(key), value, "%s after %r" % (key, config))
        mark = server.mark()
        server.reload("")
        if "stall" in config:
            check("Reloaded: fast producers will be stalled" in server.log(mark), server.log(mark))


@test(SHEET, 76, needs=("reload", "profile"))
def a_profiling_rate_is_applied(ctx):
    server = ctx.start()
    apply(server, "prof_block_rate: 5\n", "Reloaded: prof_block_rate = 5")
    server.wait_log(r"\[WRN\] Block profiling is enabled \(rate 5\), this may have a performance impact$")


@test(SHEET, 76, needs="reload")
def client_advertise_is_applied(ctx):
    server = ctx.start()
    old = ctx.client(server, protocol=1)
    apply(server, 'client_advertise: "h:1"\n', "Reload: client_advertise = h:1")
    old.expect_quiet()
    info = ctx.raw(server).info
    eq((info["host"], info["port"]), ("h", 1), "INFO of a new connection")
    refuse(server, 'client_advertise: "a:b:c"\n',
           "invalid ClientAdvertise value of a:b:c, err=address a:b:c: too many colons in address")


@test(SHEET, 76, needs="reload")
def logging_is_applied_at_once(ctx):
    server = ctx.start()
    client = ctx.client(server)
    for config, lines, level in (("debug: true\n", ["Reloaded: debug = true"], "DBG"),
                                 ("trace: true\n", ["Reloaded: trace = true"], "TRC"),
                                 ("trace_verbose: true\n",
                                  ["Reloaded: trace = true", "Reloaded: trace_verbose = true"], "TRC"),
                                 ("trace_headers: true\n",
                                  ["Reloaded: trace = true", "Reloaded: trace_headers = true"], "TRC")):
        apply(server, config, *lines)
        mark = server.mark()
        client.pub("foo", "x")
        ctx.client(server).close()
        server.wait_log(r"\[%s\]" % level, since=mark)
        if level == "TRC":
            server.wait_log(r"cid:%d - .*<<- \[PUB foo 1\]$" % client.cid, since=mark)
        server.reload("")
        mark = server.mark()
        client.expect_quiet()
        check(not server.log_lines(r"\[(DBG|TRC)\]", since=mark), server.log(mark))
    apply(server, "logtime_utc: true\n", "Reloaded: logtime_utc = true")
    mark = server.mark()
    server.write_config("logtime: false\n")
    server.signal(signal.SIGHUP)
    server.wait_log(r"^\[\d+\] \[INF\] Reloaded server configuration", since=mark)
    server.wait_log(r"\[INF\] Reloaded: logtime = false$", since=mark)


@test(SHEET, 76, needs="reload")
def a_log_file_is_applied(ctx):
    server = ctx.start()
    path = server.path("new.log")
    mark = server.mark()
    server.write_config('log_file: "%s"\n' % path)
    server.signal(signal.SIGHUP)
    wait_until(lambda: "Reloaded server configuration" in read(path), "the new log file")
    server.wait_log(r"\[INF\] Reloaded: log_file = %s$" % re.escape(path), since=mark)
    check("Reloaded server configuration" not in server.log(mark), "the old log goes on: " + server.log(mark))
    server.write_config("")
    server.signal(signal.SIGHUP)
    server.wait_log(r"\[INF\] Reloaded server configuration", since=mark)


@test(SHEET, 76, needs="reload")
def a_pid_file_is_applied(ctx):
    server = ctx.start("pid_file: one\n")
    apply(server, "pid_file: two\n", "Reloaded: pid_file = two")
    eq(read(server.path("two")), str(server.pid), "new file")
    # Removing the old one is as good.
    check(read(server.path("one")) in ((str(server.pid),) if ctx.is_peer else (str(server.pid), "")), "old file")
    mark = server.mark()
    server.reload("pid_file: nodir/pid\n")
    server.wait_log(r"\[ERR\] Failed to write pidfile: open nodir/pid: no such file or directory$", since=mark)


@test(SHEET, 76, needs="reload")
def mappings_are_applied(ctx):
    server = ctx.start()
    client = ctx.client(server)
    client.sub("b")
    server.reload("mappings { a: b }\n")
    client.pub("a", "x")
    client.expect_msg("b", "x")
    server.reload("mappings { c: b }\n")
    client.pub("a", "x")
    client.pub("c", "y")
    client.expect_msg("b", "y")
    client.expect_quiet()


@test(SHEET, 76, needs="reload", better=True)
def the_last_mapping_is_removed(ctx):
    # The peer keeps the mappings of the global account when the new file has none.
    server = ctx.start("mappings { a: b }\n")
    client = ctx.client(server)
    client.sub("b")
    server.reload("")
    client.pub("a", "x")
    client.expect_quiet()


@test(SHEET, 76, needs="reload")
def mappings_of_an_account_are_applied(ctx):
    user = "users [ {user: a, password: b} ]"
    server = ctx.start("accounts { A { %s } }\n" % user)
    client = ctx.client(server, user="a", **{"pass": "b"})
    client.sub("b")
    client.expect_quiet()
    server.reload("accounts { A { %s, mappings { a: b } } }\n" % user)
    client.pub("a", "x")
    client.expect_msg("b", "x")
    server.reload("accounts { A { %s } }\n" % user)
    client.pub("a", "x")
    client.expect_quiet()


@test(SHEET, 76, needs="reload")
def accounts_and_users_are_applied(ctx):
    server = ctx.start("accounts { A { users [ {user: a, password: b} ] } }\n")
    one = ctx.client(server, user="a", **{"pass": "b"})
    server.reload("accounts { A { users [ {user: a, password: b} ] }, B { users [ {user: c, password: d} ] } }\n")
    one.expect_quiet()
    two = ctx.client(server, user="c", **{"pass": "d"})
    one.sub("foo")
    one.expect_quiet()
    two.pub("foo", "x")
    two.expect_quiet()
    one.expect_quiet()


@test(SHEET, 76, needs="reload")
def a_token_is_applied(ctx):
    server = ctx.start("authorization { token: one }\n")
    apply(server, "authorization { token: two }\n", "Reloaded: authorization token")
    ctx.client(server, auth_token="two")
    client = ctx.raw(server)
    client.connect(ping=False, auth_token="one")
    client.expect_err_closed("Authorization Violation")


@test(SHEET, 76, needs=("reload", "cluster"))
def cluster_changes_are_applied(ctx):
    block = "cluster { name: c, %s%%s }\n" % LOCAL
    server = ctx.start(block % "")
    apply(server, block % ", pool_size: 5", "Reloaded: cluster")
    apply(server, block % ", routes: [ nats://127.0.0.1:1 ]", "Reloaded: cluster routes")
    apply(server, block % ", routes: [ nats://127.0.0.1:2 ]", "Reloaded: cluster routes")
    apply(server, block % "", "Reloaded: cluster routes")
    for key in ("permissions { import: a, export: b }", "compression: s2_fast", "no_advertise: true",
                "authorization {user: a, password: b}", "connect_retries: 3", "connect_backoff: true",
                'ping_interval: "10s"', "ping_max: 4", 'write_deadline: "3s"', 'cluster_advertise: "127.0.0.1:1"'):
        apply(server, block % (", " + key), "Reloaded: cluster")
    apply(server, "cluster { name: d, %s }\n" % LOCAL, "Cluster name updated to d", "Reloaded: cluster")
    eq(server.varz()["cluster"]["name"], "d", "/varz")


@test(SHEET, 76, needs=("reload", "cluster"))
def routes_are_dialled_and_removed(ctx):
    block = "cluster { name: c, %s%%s }\n" % LOCAL
    one, two = ctx.start(block % ""), ctx.start(block % "")
    one.reload(block % (", routes: [ nats://127.0.0.1:%d ]" % two.port_of("cluster")))
    wait_until(lambda: one.varz()["remotes"] == 1 and two.varz()["remotes"] == 1, "a route")
    one.reload(block % "")
    one.wait_log("Removed route|Route Removed")


@test(SHEET, 76, needs=("reload", "leafnodes"))
def leafnode_remotes_are_applied(ctx):
    hub = ctx.start("leafnodes { %s }\n" % LOCAL)
    url = "nats://127.0.0.1:%d" % hub.port_of("leafnodes") if hub.port_of("leafnodes") else None
    if url is None:
        url = "nats://" + matches(hub.log(), r"Listening for leafnode connections on (\S+)").group(1)
    name = 'urls=["%s"], account="$G"' % url
    remotes = "leafnodes { remotes: [ {url: %s%%s} ] }\n" % url
    spoke = ctx.start("leafnodes { remotes: [] }\n")
    spoke.reload(remotes % "")
    wait_until(lambda: hub.varz()["leafnodes"] == 1, "an added remote is dialled")
    apply(spoke, remotes % ", disabled: true", "Reloaded: LeafNode Remote %s Disabled value is: true" % name)
    wait_until(lambda: hub.varz()["leafnodes"] == 0, "a disabled remote is closed")
    wait_until(lambda: "FAILED" not in spoke.reload(remotes % "", check=False).upper(), "enabled again")
    wait_until(lambda: hub.varz()["leafnodes"] == 1, "an enabled remote is dialled")
    apply(spoke, remotes % ", compression: s2_fast",
          "Reloaded: LeafNode Remote %s Compression value is: {s2_fast []}" % name)
    apply(spoke, "leafnodes { remotes: [] }\n", "Reloaded: LeafNode Remote %s removed" % name)
    wait_until(lambda: hub.varz()["leafnodes"] == 0, "a removed remote is closed")
    apply(hub, "leafnodes { %s, compression: s2_fast }\n" % LOCAL,
          "Reloaded: LeafNode Compression value is: {s2_fast []}")


@test(SHEET, 76, needs=("reload", "mqtt", "jetstream"))
def mqtt_changes_are_applied(ctx):
    config = 'server_name: a\njetstream { store_dir: "%s" }\nmqtt { %s%%s }\n' % (folder(ctx), LOCAL)
    server = ctx.start(config % "")
    apply(server, config % ', ack_wait: "3s", max_ack_pending: 5', "Reloaded: MQTT ack_wait = 3s",
          "Reloaded: MQTT max_ack_pending = 5", "Reloaded: MQTT stream_replicas = 0",
          "Reloaded: MQTT consumer_replicas = 0", "Reloaded: MQTT consumer_memory_storage = false",
          "Reloaded: MQTT consumer_inactive_threshold = 0s")


@test(SHEET, 76, needs=("reload", "ocsp"))
def ocsp_is_applied(ctx):
    server = ctx.start("ocsp: false\n")
    apply(server, "ocsp: true\n", "Reloaded: OCSP")
    apply(server, "ocsp: true\nocsp_cache: true\n", "Reloaded OCSP peer cache")


@test(SHEET, 76, needs=("reload", "jetstream"))
def jetstream_on_and_off(ctx):
    config = 'server_name: a\njetstream { store_dir: "%s" }\n' % folder(ctx)
    server = ctx.start("server_name: a\n")
    apply(server, config, "Reloaded: JetStream", "Restarting JetStream", "Starting JetStream",
          "---------------- JETSTREAM ----------------")
    client = ctx.client(server, headers=True, no_responders=True)
    answer = client.request_json("$JS.API.STREAM.CREATE.S", {"name": "S", "subjects": ["s"]})
    check("error" not in answer, repr(answer))
    apply(server, "server_name: a\n", "Reloaded: JetStream", "Initiating JetStream Shutdown...", "JetStream Shutdown")
    apply(server, config, "Reloaded: JetStream", "Restarting JetStream")
    answer = client.request_json("$JS.API.STREAM.INFO.S")
    check("error" not in answer, "data stays: %r" % answer)


@test(SHEET, 76, needs=("reload", "jetstream"))
def raised_jetstream_limits(ctx):
    config = 'server_name: a\njetstream { store_dir: "%s", %%s }\n' % folder(ctx)
    server = ctx.start(config % "max_mem: 1G, max_file: 1G")
    apply(server, config % "max_mem: 2GB, max_file: 2000000000", "Reloaded: JetStream max_mem_store = 2.00 GB",
          "Reloaded: JetStream max_file_store = 1.86 GB")
    apply(server, config % "max_mem: 2GB, max_file: 2000000000, limits { max_ack_pending: 5 }",
          "Reloaded: JetStream limits")


@test(SHEET, 76, needs=("reload", "jetstream", "cluster"))
def changed_compaction_of_the_metadata_log(ctx):
    config = 'server_name: a\njetstream { store_dir: "%s", %%s }\n' % folder(ctx)
    server = ctx.start(config % "max_mem: 1G, max_file: 1G")
    server.reload(config % "max_mem: 1G, max_file: 1G, meta_compact: 5")


@test(SHEET, 77, needs=("reload", "jetstream"))
def refused_jetstream_limits(ctx):
    base = 'server_name: a\njetstream { store_dir: "%s"%%s }\n' % folder(ctx)
    server = ctx.start(base % ", max_mem: 1G, max_file: 1G")
    for config, text in (
            (base % ", max_mem: 1M, max_file: 1G", "decreasing jetstream max memory and store"),
            (base % ", max_mem: 1G, max_file: 1M", "decreasing jetstream max memory and store"),
            (base % "", "jetstream max memory and max store"),
            ('server_name: a\njetstream { store_dir: "%s", max_mem: 1G, max_file: 1G }\n' % folder(ctx),
             "jetstream storage directory"),
            ("server_name: a\njetstream { max_mem: 1G, max_file: 1G }\n", "jetstream storage dir")):
        refuse(server, config, "config reload not supported for " + text)
    base = 'server_name: a\njetstream { store_dir: "%s"%%s }\n' % folder(ctx)
    server = ctx.start(base % "")
    refuse(server, base % ", max_mem: 1G, max_file: 1G",
           "config reload not supported for jetstream dynamic max memory and store")


@test(SHEET, 78, needs="reload")
def a_wrong_file_changes_nothing(ctx):
    server = ctx.start("max_payload: 1kb\n")
    name = re.escape(server.config_path)
    for config, text in (("max_payload: 2kb\nfoo: 1\n", '%s:4:1: unknown field "foo"' % name),
                         ("max_payload: x\n", r"%s:3:1: interface conversion: interface \{\} is string, not int64" % name),
                         ("max_payload: 2kb debug: true\n", "(%s:.*)?Parse error on line 3: '.*'" % name),
                         ("max_payload: 100mb\n",
                          r"max_payload \(104857600\) cannot be higher than max_pending \(67108864\)"),
                         ("max_payload: 2kb\nno_auth_user: a\n",
                          'no_auth_user: "a" present, but users/nkeys are not defined')):
        refuse(server, config, text)
        eq(server.varz()["max_payload"], 1024, "max_payload after %r" % config)
    os.unlink(server.config_path)
    mark = server.mark()
    server.signal(signal.SIGHUP)
    server.wait_log(FAILED + "open %s: no such file or directory$" % name, since=mark)


@test(SHEET, 78, needs="reload")
def warnings_do_not_refuse_a_reload(ctx):
    server = ctx.start()
    apply(server, "ping_interval: 5\n", "Reloaded: ping_interval = 5s")


@test(SHEET, 79, needs="reload")
def reload_without_a_file(ctx):
    server = ctx.start(None)
    server.signal(signal.SIGHUP)
    server.wait_log(FAILED + "can only reload config when a file is provided using -c or --config$")
    check(server.alive(), "process")


@test(SHEET, 80, needs="reload")
def flags_keep_their_priority(ctx):
    server = ctx.start(args=("-D", "--user", "a", "--pass", "b", "--client_advertise", "h:3", "-P", "flag.pid"))
    server.reload("debug: false\nauthorization { user: c, password: d }\nclient_advertise: \"x:4\"\npid_file: other\n")
    client = ctx.client(server, user="a", **{"pass": "b"})
    eq((client.info["host"], client.info["port"]), ("h", 3), "client_advertise")
    server.wait_log(r"\[DBG\] 127\.0\.0\.1:\d+ - cid:%d - " % client.cid)
    check(not os.path.exists(server.path("other")), "pid file of the file")


@test(SHEET, 80, needs="reload")
def a_port_flag_is_kept(ctx):
    path = folder(ctx, {"x.conf": 'host: "127.0.0.1"\nport: 1\n'})
    server = spawn(ctx, "-c", "x.conf", "-p", "-1", "-m", "-1", cwd=path)
    port = server.port()
    server.signal(signal.SIGHUP)
    server.wait_err(r"Reloaded server configuration \(")
    client = Client("127.0.0.1", port)
    eq(client.info["port"], port)
    client.close()


@test(SHEET, 80, needs="reload")
def flags_that_are_not_kept(ctx):
    for args, text, repeat in ((("-n", "foo"), unsupported("ServerName", "foo", ""), "server_name: foo\n"),
                               (("--log_size_limit", "100000"), unsupported("LogSizeLimit", "100000", "0"),
                                "log_size_limit: 100000\n")):
        server = ctx.start(args=args)
        line = server.reload(check=False)
        # Keeping all flags is documented as better (configuration.md 11).
        if ctx.is_peer or re.search(FAILED, line):
            matches(line, FAILED + text + "$", repr(args))
        server.reload(repeat)


@test(SHEET, 80, needs="reload")
def traced_length_flag_and_reload(ctx):
    server = ctx.start(args=("--max_traced_msg_len", "5"))
    mark = server.mark()
    server.reload()
    # The peer loses the flag; keeping it is documented as better.
    check("Reloaded: max_traced_msg_len = 0" in server.log(mark) or not ctx.is_peer, server.log(mark))


@test(SHEET, 82, needs="reload")
def a_fixed_file_is_applied(ctx):
    server = ctx.start("max_payload: 1kb\n")
    for bad in ("max_payload: 2kb\nfoo: 1\n", "max_payload: 2kb\nserver_name: x\n", "max_payload: \n2kb"):
        check(re.search(FAILED, server.reload(bad, check=False)), "reload of %r" % bad)
        server.reload("max_payload: 3kb\n")
        eq(server.varz()["max_payload"], 3072)
        server.reload("max_payload: 1kb\n")
