"""Routing, bodies, paging and API levels: jetstream-api.md 1 to 4, items 1 to 25."""

from lib import *
from lib.jetstream import *

case = cases("jetstream_api")

ACCOUNTS = STORE + '''accounts {
    SYS { users: [ {user: sys, password: p} ] }
    A { jetstream: enabled, users: [ {user: a, password: p} ] }
    N { users: [ {user: n, password: p} ] } }
system_account: SYS
no_auth_user: a
'''

NOT_ENABLED = (10039, 503, "JetStream not enabled for account")

# Endpoints of a single server and the types of their replies; bodies that get past the checks of bodies.
ENDPOINTS = [
    ("STREAM.NAMES", "stream_names_response", b""), ("STREAM.LIST", "stream_list_response", b""),
    ("STREAM.CREATE.S", "stream_create_response", {"name": "S"}), ("STREAM.UPDATE.S", "stream_update_response", {"name": "S"}),
    ("STREAM.INFO.S", "stream_info_response", b""), ("STREAM.DELETE.S", "stream_delete_response", b""),
    ("STREAM.PURGE.S", "stream_purge_response", b""), ("STREAM.MSG.GET.S", "stream_msg_get_response", {"seq": 1}),
    ("STREAM.MSG.DELETE.S", "stream_msg_delete_response", {"seq": 1}),
    ("CONSUMER.NAMES.S", "consumer_names_response", b""), ("CONSUMER.LIST.S", "consumer_list_response", b""),
    ("CONSUMER.CREATE.S", "consumer_create_response", {"stream_name": "S", "config": {"ack_policy": "explicit"}}),
    ("CONSUMER.CREATE.S.c", "consumer_create_response", {"stream_name": "S", "config": {"ack_policy": "explicit", "name": "c"}}),
    ("CONSUMER.CREATE.S.c.x", "consumer_create_response", {"stream_name": "S", "config": {"ack_policy": "explicit", "name": "c", "filter_subject": "x"}}),
    ("CONSUMER.DURABLE.CREATE.S.c", "consumer_create_response", {"stream_name": "S", "config": {"ack_policy": "explicit", "durable_name": "c"}}),
    ("CONSUMER.INFO.S.c", "consumer_info_response", b""), ("CONSUMER.DELETE.S.c", "consumer_delete_response", b""),
    ("CONSUMER.PAUSE.S.c", "consumer_pause_response", b""), ("CONSUMER.UNPIN.S.c", "consumer_unpin_response", {"group": "g"})]
SNAPSHOTS = [
    ("STREAM.SNAPSHOT.S", "stream_snapshot_response", {"deliver_subject": "x"}),
    ("STREAM.RESTORE.S", "stream_restore_response", {"config": {"name": "S"}, "state": {}})]


def member(ctx, user, first=None):
    """JetStream as a user of the accounts of ACCOUNTS, on the server of `first`."""
    return jetstream(ctx, ACCOUNTS, server=first and first.server, guard=False, user=user, **{"pass": "p"})


@case(1)
def info_with_any_body(ctx):
    js = jetstream(ctx)
    for body in (b"", "x", "{}", '{"nope":1}', "[", b"\xff\x00"):
        reply = js.ok("INFO", body, kind="account_info_response")
    eq(list(reply), ["type", "memory", "storage", "reserved_memory", "reserved_storage", "streams", "consumers", "limits", "api"], "members")
    eq(reply["limits"], {"max_memory": -1, "max_storage": -1, "max_streams": -1, "max_consumers": -1, "max_ack_pending": -1,
                         "memory_max_stream_bytes": -1, "storage_max_stream_bytes": -1, "max_bytes_required": False}, "limits")
    eq(reply["api"]["level"], js.client.info["api_lvl"], "level")


@case(1)
def usage_in_info(ctx):
    js = jetstream(ctx, guard=False)
    js.create("F", max_bytes=5000)
    js.create("M", storage="memory", max_bytes=7000)
    js.create("U")
    js.pub("F", b"x" * 100)
    js.pub("U", b"x" * 50)
    js.pub("M", b"x" * 10)
    js.consumer("F", "c")
    js.consumer("M", "c")
    info = js.ok("INFO")
    eq([info[name] for name in ("memory", "storage", "reserved_memory", "reserved_storage", "streams", "consumers")],
       [record_size("memory", "M", b"x" * 10), record_size("file", "F", b"x" * 100) + record_size("file", "U", b"x" * 50), 7000, 5000, 3, 2], "usage")
    js.purge("F")
    js.delete("M")
    info = js.ok("INFO")
    eq([info[name] for name in ("memory", "storage", "reserved_memory", "streams", "consumers")],
       [0, record_size("file", "U", b"x" * 50), 0, 2, 1], "usage")


@case(1)
def counts_of_requests(ctx):
    js = jetstream(ctx, guard=False)
    first = js.ok("INFO")["api"]
    js.create("S")
    js.pub("S")
    js.err("STREAM.INFO.T", b"", 10059)
    js.get("S", seq=1)
    js.no_message("S", seq=9)
    last = js.ok("INFO")["api"]
    eq((last["total"] - first["total"], last["errors"] - first["errors"], "inflight" in last), (4, 2, False), "requests and errors")


@case(1)
def limits_in_info(ctx):
    js = jetstream(ctx, STORE + '''accounts { A { users: [ {user: a, password: p} ], jetstream { max_mem: 1M, max_store: 2M, max_streams: 3, max_consumers: 4,
        max_ack_pending: 5, mem_max_stream_bytes: 6, disk_max_stream_bytes: 7, max_bytes_required: true } } }\n''', guard=False, user="a", **{"pass": "p"})
    eq(js.ok("INFO")["limits"], {"max_memory": 1000000, "max_storage": 2000000, "max_streams": 3, "max_consumers": 4, "max_ack_pending": 5,
                                 "memory_max_stream_bytes": 6, "storage_max_stream_bytes": 7, "max_bytes_required": True}, "limits")


@case(2)
def unknown_subjects(ctx):
    js = jetstream(ctx)
    js.create("S")
    for name in ("NOPE", "STREAM", "STREAM.NOPE.S", "STREAM.INFO", "STREAM.INFO.S.x", "STREAM.NAMES.x", "CONSUMER.INFO.S", "CONSUMER.DURABLE.CREATE.S.c.f",
                 "INFO.x", "ACCOUNT.INFO", "stream.names"):
        js.silent("%s.%s" % (API, name))


@case(2)
def requests_without_reply_are_executed(ctx):
    js = jetstream(ctx)
    js.send(API + ".STREAM.CREATE.S", {"name": "S"})
    wait_until(lambda: js.ok("STREAM.NAMES")["streams"] == [GUARD, "S"], "the stream is there")


@case(3)
def no_responders(ctx):
    js = jetstream(ctx)
    js.create("S")
    for name in ("DIRECT.GET.T", "DIRECT.GET.S", "CONSUMER.MSG.NEXT.S.c", "CONSUMER.MSG.NEXT.T.c"):
        frame = js.ask("%s.%s" % (API, name))
        eq((frame.headers, frame.payload), (b"NATS/1.0 503\r\nNats-Subject: %s.%s\r\n\r\n" % (API.encode(), name.encode()), b""), "answer of " + name)
    for subject in ("$JS.XXX.API.INFO", "$JS.ACK.S.c.1.1.1.1.1", "$JS.FC.S.c.x", "$JS.SNAPSHOT.ACK.S.x.1.1"):
        eq(status(js.ask(subject)), "503", "answer of " + subject)


@case(4)
def reset_of_a_missing_consumer(ctx):
    js = jetstream(ctx)
    js.create("S")
    for stream, code in (("S", 10014), ("T", 10059)):
        name = "CONSUMER.RESET.%s.c" % stream
        if ctx.is_peer:
            js.silent("%s.%s" % (API, name))
        else:
            # Documented as better: jetstream-consumers.md, item 103.
            eq(js.request(name)["error"]["err_code"], code, "err_code of " + name)


@case(5)
def account_without_jetstream(ctx):
    js = member(ctx, "n")
    reply = js.err("INFO", b"", *NOT_ENABLED, kind="account_info_response")
    eq(reply["type"], TYPE + "account_info_response", "type")
    for name, kind, body in ENDPOINTS:
        js.err(name, body, *NOT_ENABLED, kind=kind)


@case(5, "snapshots")
def snapshots_without_jetstream(ctx):
    js = member(ctx, "n")
    for name, kind, body in SNAPSHOTS:
        js.err(name, body, *NOT_ENABLED, kind=kind)


@case(6)
def system_account(ctx):
    js = member(ctx, "sys")
    js.err("INFO", b"", *NOT_ENABLED, kind="account_info_response")
    for name in ("STREAM.NAMES", "STREAM.CREATE.S", "NOPE", "CONSUMER.INFO.S.c"):
        reply = decode(js.ask("%s.%s" % (API, name)).payload)
        eq(reply, {"type": TYPE + "system_response", "error": {"code": 503, "err_code": 10039, "description": "JetStream not enabled for account"}}, "reply")


@case(7)
def server_without_jetstream(ctx):
    server = ctx.start()
    js = JetStream(ctx.client(server, headers=True, no_responders=True), server)
    eq((js.client.info["api_lvl"], "jetstream" in js.client.info), (5, False), "INFO")
    for name in ("INFO", "STREAM.NAMES", "STREAM.CREATE.S"):
        eq(js.ask("%s.%s" % (API, name)).headers, b"NATS/1.0 503\r\nNats-Subject: %s.%s\r\n\r\n" % (API.encode(), name.encode()), "answer")
    eq(jetstream(ctx).client.info["jetstream"], True, "jetstream in INFO")


DOMAIN = STORE.replace("}", ", domain: DOM }")


@case(8)
def domain(ctx):
    js = jetstream(ctx, DOMAIN)
    eq(js.client.info["domain"], "DOM", "domain in INFO")
    own = jetstream(ctx, server=js.server, api="$JS.DOM.API")
    eq(own.ok("INFO", kind="account_info_response")["domain"], "DOM", "domain")
    eq(js.ok("INFO")["domain"], "DOM", "domain")
    eq(status(js.ask("$JS.XXX.API.INFO")), "503", "another domain")
    check("domain" not in own.create("S1", allow_direct=True), "domain in a create reply")
    eq(js.publish("S1").payload, b'{"stream":"S1","domain":"DOM","seq":1}', "answer")
    eq(js.publish("S1", b"", {"Nats-Msg-Id": "x"}).payload, b'{"stream":"S1","domain":"DOM","seq":2}', "answer")
    check("domain" not in js.pub_err("S1", b"", {"Nats-Expected-Stream": "x"}, 10060), "domain in an error")
    eq((own.info("S1")["domain"], own.update("S1")["domain"]), ("DOM", "DOM"), "domain in info and update replies")
    eq([entry["domain"] for entry in own.ok("STREAM.LIST")["streams"]], ["DOM", "DOM"], "domain in lists")
    own.consumer("S1", "c")
    frame, = own.fetch("S1", "c")
    js.ack_sync(frame)
    eq(status(own.direct("S1", {"seq": 1})[0]), "503", "direct get is off")
    eq(header(own.direct("S1", {"seq": 1})[0], "Nats-Subject"), "$JS.API.DIRECT.GET.S1", "subject of the answer")
    own.update("S1", allow_direct=True)
    eq(header(own.direct("S1", {"seq": 1})[0], "Nats-Sequence"), "1", "direct get")


@case(8)
def domain_in_events(ctx):
    js = jetstream(ctx, DOMAIN)
    events = js.subscribe(ADVISORY + ".>")
    js.create("S1")
    seen = [events.next_json() for _ in range(2)]
    eq([event["domain"] for event in seen], ["DOM", "DOM"], "domains of %r" % seen)


@case(8)
def invalid_domains(ctx):
    for name, text in (("a.b", "invalid domain name: may not contain ., * or >"), ('"a*"', "invalid domain name: may not contain ., * or >"),
                       ('">"', 'invalid domain name: derived "$JS.>.API.>" is not a valid subject')):
        code, output = ctx.check_config(STORE.replace("}", ", domain: %s }" % name))
        if code == 0:
            try:
                ctx.start(STORE.replace("}", ", domain: %s }" % name))
                fail("the server starts with the domain %s" % name)
            except StartFailed as failure:
                output = failure.log
        check(text in output, "text of %s: %r" % (name, output[-500:]))


@case(9)
def domain_of_the_system_account(ctx):
    js = jetstream(ctx, ACCOUNTS.replace("}", ", domain: DOM }", 1), guard=False, user="sys", **{"pass": "p"})
    own = jetstream(ctx, server=js.server, api="$JS.DOM.API", user="sys", **{"pass": "p"})
    own.err("INFO", b"", *NOT_ENABLED, kind="account_info_response")
    eq(own.ok("ACCOUNT.PURGE.nobody", kind="account_purge_response")["initiated"], True, "initiated")
    eq(decode(own.ask("$JS.DOM.API.STREAM.NAMES").payload)["type"], TYPE + "system_response", "type")


@case(10)
def system_endpoints_of_a_normal_account(ctx):
    js = jetstream(ctx)
    for name, body in (("META.LEADER.STEPDOWN", b""), ("SERVER.REMOVE", {"peer": "x"}), ("SERVER.EVACUATE", {"peer": "x"}), ("META.RESCUE", {"quorum_needed": 1}),
                       ("ACCOUNT.PURGE.$G", b""), ("ACCOUNT.STREAM.MOVE.$G.S", b""), ("ACCOUNT.STREAM.CANCEL_MOVE.$G.S", b"")):
        js.silent("%s.%s" % (API, name), body)
    eq(js.ok("STREAM.NAMES")["streams"], [GUARD], "streams")


# -- bodies ---------------------------------------------------------------------------------------------


def with_unknown(body):
    return dict(body, foo=1) if isinstance(body, dict) else {"foo": 1}


@case(11)
def unknown_fields(ctx):
    js = jetstream(ctx)
    js.create("S")
    empty = ("STREAM.DELETE.S", "CONSUMER.INFO.S.c", "CONSUMER.DELETE.S.c")
    for name, kind, body in ENDPOINTS:
        if name in empty:
            js.err(name, with_unknown(body), 10038, 400, "expected an empty request payload", kind=kind)
        elif not name.startswith("CONSUMER.UNPIN"):
            js.err(name, with_unknown(body), 10025, 400, 'invalid JSON: json: unknown field "foo"', kind=kind)
    js.err("CONSUMER.CREATE.S", {"stream_name": "S", "config": {"ack_policy": "none", "foo": 1}}, 10025, 400, 'invalid JSON: json: unknown field "foo"')
    js.server.wait_log(r"\[WRN\] Invalid JetStream request '\$G > \$JS\.API\.[A-Z.]+\w*': json: unknown field")


@case(11)
def unknown_fields_when_not_strict(ctx):
    js = jetstream(ctx, STORE.replace("}", ", strict: false }"))
    js.ok("STREAM.CREATE.S", {"name": "S", "template_owner": "", "foo": {"bar": 1}, "consumer_limits": {"foo": 1}})
    js.ok("STREAM.INFO.S", {"foo": 1})
    js.ok("STREAM.UPDATE.S", {"name": "S", "foo": 1})
    js.ok("CONSUMER.CREATE.S.c", {"stream_name": "S", "config": {"name": "c", "ack_policy": "explicit", "foo": 1}, "foo": 2})
    js.ok("STREAM.NAMES", {"foo": 1})


@case(12)
def errors_when_not_strict(ctx):
    js = jetstream(ctx, STORE.replace("}", ", strict: false }"))
    js.create("S")
    for name, body in (("STREAM.CREATE.T", '{"name":5}'), ("STREAM.CREATE.T", "{x"), ("STREAM.INFO.S", '{"offset":"a"}'), ("STREAM.INFO.S", "{"),
                       ("STREAM.NAMES", "[]"), ("STREAM.CREATE.T", '{"name":"T","retention":"foo"}'), ("STREAM.PURGE.S", '{"seq":-1}')):
        reply = js.request(name, body)
        eq((reply["error"]["err_code"], reply["error"]["code"], reply["error"]["description"][:14]), (10025, 400, "invalid JSON: "), "error of %r" % body)


@case(12)
def texts_of_the_decoder(ctx):
    js = jetstream(ctx)
    for name, body, text in (
            ("STREAM.CREATE.T", "{b", "invalid character 'b' looking for beginning of object key string at offset 2"),
            ("STREAM.CREATE.T", '{"name":"T"', "unexpected EOF"),
            ("STREAM.CREATE.T", '{"name":5}', "json: cannot unmarshal number into Go struct field StreamConfigRequest.name of type string"),
            ("STREAM.NAMES", "[]", "json: cannot unmarshal array into Go value of type server.JSApiStreamNamesRequest"),
            ("STREAM.CREATE.T", '{"name":"T","retention":"foo"}', 'can not unmarshal "\\"foo\\""')):
        reply = js.request(name, body)
        eq(reply["error"]["err_code"], 10025, "error of %r" % body)
        check(reply["error"]["description"].startswith("invalid JSON: "), "text of %r" % body)
        if ctx.is_peer:
            eq(reply["error"]["description"], "invalid JSON: " + text, "text of %r" % body)
    eq(js.ok("STREAM.CREATE.C", '{"NAME":"C","Subjects":["c"]}')["config"]["subjects"], ["c"], "names in another case")
    eq(js.ok("STREAM.CREATE.D", '{"name":"D","subjects":["d"]}{"subjects":["e"]}')["config"]["subjects"], ["e"], "two values")


@case(13)
def bodies_that_must_be_empty(ctx):
    js = jetstream(ctx)
    js.create("S")
    js.consumer("S", "c")
    for name in ("CONSUMER.INFO.S.c", "CONSUMER.DELETE.S.c", "STREAM.DELETE.S"):
        for body in ("null", '{"x":1}', "[]", "text", "0", '""', "{}x", "{"):
            js.err(name, body, 10038, 400, "expected an empty request payload")
    for body in (b"", "{}", "{ }", " {\n} "):
        js.ok("CONSUMER.INFO.S.c", body)
    js.ok("CONSUMER.DELETE.S.c", "{ }")
    js.ok("STREAM.DELETE.S", " {} ")


@case(14)
def bodies_that_are_ignored(ctx):
    js = jetstream(ctx)
    js.create("S")
    js.pub("S")
    for name in ("STREAM.INFO.S", "STREAM.NAMES", "STREAM.LIST", "CONSUMER.NAMES.S", "CONSUMER.LIST.S", "STREAM.PURGE.S"):
        for body in ("hello", "12", "null", '"x"', " "):
            js.ok(name, body)


@case(15)
def bodies_that_are_required(ctx):
    js = jetstream(ctx)
    js.create("S")
    for name in ("STREAM.MSG.GET.S", "STREAM.MSG.DELETE.S"):
        for body in (b"", "{}", " { } "):
            js.err(name, body, 10003, 400, "bad request")
        for body in ("x", "[]", "5"):
            eq(js.request(name, body)["error"]["err_code"], 10025, "error of %r" % body)


@case(15, "snapshots")
def bodies_that_are_required_by_snapshots(ctx):
    js = jetstream(ctx)
    js.create("S")
    for name in ("STREAM.SNAPSHOT.S", "STREAM.RESTORE.R"):
        for body in (b"", "{}"):
            js.err(name, body, 10003, 400, "bad request")


@case(16)
def empty_bodies_of_create_and_update(ctx):
    js = jetstream(ctx)
    js.create("S")
    for body in (b"", "{}"):
        js.err("STREAM.CREATE.T", body, 10056, 400, "stream name in subject does not match request")
        js.err("STREAM.UPDATE.S", body, 10052, 500, "stream name is required and can not contain '.', '*', '>', '\\', '/'")


@case(17)
def fields_of_errors(ctx):
    js = member(ctx, "n")
    eq(list(js.err("STREAM.NAMES", b"", 10039)), ["type", "error", "total", "offset", "limit", "streams"], "members of STREAM.NAMES")
    for name, field in (("STREAM.NAMES", "streams"), ("STREAM.LIST", "streams"), ("CONSUMER.NAMES.S", "consumers"), ("CONSUMER.LIST.S", "consumers")):
        reply = js.err(name, b"", 10039)
        want = None if name == "STREAM.NAMES" else []
        eq((reply["total"], reply["offset"], reply["limit"], reply[field]), (0, 0, 0, want), "fields of " + name)
    reply = js.err("STREAM.INFO.S", b"", 10039)
    eq((reply["total"], reply["offset"], reply["limit"]), (0, 0, 0), "paging")
    check("success" not in js.err("STREAM.DELETE.S", b"", 10039), "success in an error")


@case(18)
def empty_lists(ctx):
    js = jetstream(ctx, guard=False)
    for name, want in (("STREAM.NAMES", b'{"type":"io.nats.jetstream.api.v1.stream_names_response","total":0,"offset":0,"limit":1024,"streams":null}'),
                       ("STREAM.LIST", b'{"type":"io.nats.jetstream.api.v1.stream_list_response","total":0,"offset":0,"limit":256,"streams":[]}')):
        eq(js.ask("%s.%s" % (API, name)).payload, want, "reply of " + name)
    js.create("S")
    for name in ("CONSUMER.NAMES.S", "CONSUMER.LIST.S"):
        eq(js.ok(name)["consumers"], [], "consumers")
    for name in ("CONSUMER.NAMES.T", "CONSUMER.LIST.T"):
        js.err(name, b"", 10059, 404, "stream not found")


@case(18)
def filter_of_lists(ctx):
    js = jetstream(ctx, guard=False)
    for name, subjects in (("B", ["b.>"]), ("A", ["a.*", "x"]), ("C", ["c"]), ("b", ["bb"])):
        js.create(name, subjects)
    eq(js.ok("STREAM.NAMES")["streams"], ["A", "B", "C", "b"], "order")
    eq([entry["config"]["name"] for entry in js.ok("STREAM.LIST")["streams"]], ["A", "B", "C", "b"], "order")
    for subject, want in (("a.b", ["A"]), ("*.b", ["A", "B"]), (">", ["A", "B", "C", "b"]), ("x", ["A"]), ("nope", None), ("b.*.c", ["B"])):
        reply = js.ok("STREAM.NAMES", {"subject": subject})
        eq((reply["streams"], reply["total"]), (want, len(want or ())), "streams of %r" % subject)
        eq([entry["config"]["name"] for entry in js.ok("STREAM.LIST", {"subject": subject})["streams"]], want or [], "list of %r" % subject)


@case(19)
def offsets(ctx):
    js = jetstream(ctx, guard=False)
    for name in "ABC":
        js.create(name)
    for offset, at, names in ((0, 0, ["A", "B", "C"]), (1, 1, ["B", "C"]), (-5, 0, ["A", "B", "C"]), (3, 3, None), (99, 3, None)):
        reply = js.ok("STREAM.NAMES", {"offset": offset})
        eq((reply["total"], reply["offset"], reply["streams"] or None), (3, at, names), "names from %d" % offset)
        reply = js.ok("STREAM.LIST", {"offset": offset})
        eq((reply["total"], reply["offset"], [entry["config"]["name"] for entry in reply["streams"]]), (3, at, names or []), "list from %d" % offset)
    for name in ("c", "a", "b"):
        js.consumer("A", name)
    for offset, at, names in ((0, 0, ["a", "b", "c"]), (2, 2, ["c"]), (-1, 0, ["a", "b", "c"]), (7, 3, [])):
        reply = js.ok("CONSUMER.NAMES.A", {"offset": offset})
        eq((reply["total"], reply["offset"], reply["limit"], reply["consumers"]), (3, at, 1024, names), "names from %d" % offset)
        reply = js.ok("CONSUMER.LIST.A", {"offset": offset})
        eq((reply["total"], reply["offset"], reply["limit"], [entry["name"] for entry in reply["consumers"]]), (3, at, 256, names), "list from %d" % offset)


@case(20, slow=True)
def page_sizes(ctx):
    js = jetstream(ctx, guard=False)
    names = ["S%03d" % number for number in range(301)]
    for name in names:
        js.send(API + ".STREAM.CREATE." + name, {"name": name, "storage": "memory"})
    wait_until(lambda: js.ok("STREAM.NAMES")["total"] == 301, "all streams")
    reply = js.ok("STREAM.NAMES")
    eq((reply["total"], reply["limit"], reply["streams"]), (301, 1024, names), "names")
    reply = js.ok("STREAM.LIST")
    eq((reply["total"], reply["limit"], [entry["config"]["name"] for entry in reply["streams"]]), (301, 256, names[:256]), "first page")
    reply = js.ok("STREAM.LIST", {"offset": 256})
    eq((reply["total"], reply["offset"], [entry["config"]["name"] for entry in reply["streams"]]), (301, 256, names[256:]), "second page")


@case(20, slow=True)
def page_sizes_of_consumers(ctx):
    js = jetstream(ctx)
    js.create("S", storage="memory", max_consumers=2000)
    names = ["c%04d" % number for number in range(1030)]
    for name in names:
        js.send("%s.CONSUMER.CREATE.S.%s" % (API, name), {"stream_name": "S", "config": {"name": name, "ack_policy": "none", "mem_storage": True, "inactive_threshold": 3600 * SECOND}})
    wait_until(lambda: js.ok("CONSUMER.NAMES.S")["total"] == 1030, "all consumers")
    reply = js.ok("CONSUMER.NAMES.S")
    eq((reply["total"], reply["limit"], reply["consumers"]), (1030, 1024, names[:1024]), "names")
    reply = js.ok("CONSUMER.NAMES.S", {"offset": 1024})
    eq((reply["total"], reply["consumers"]), (1030, names[1024:]), "second page of names")
    reply = js.ok("CONSUMER.LIST.S", {"offset": 1000})
    eq((reply["total"], reply["limit"], [entry["name"] for entry in reply["consumers"]]), (1030, 256, names[1000:]), "last page")


# -- API level ------------------------------------------------------------------------------------------


@case(21)
def required_level(ctx):
    js = jetstream(ctx)
    js.create("S")
    js.consumer("S", "c")
    refused = (10185, 412, "JetStream minimum api level required")
    for name, kind, body in ENDPOINTS:
        for value in ("6", "x"):
            reply = js.err(name, body, *refused, headers={"Nats-Required-Api-Level": value}, kind=kind)
            check("success" not in reply, "success")
    js.err("INFO", b"", *refused, headers={"Nats-Required-Api-Level": "6"})
    for value in ("5", "-1", "0", ""):
        js.ok("STREAM.INFO.S", b"", {"Nats-Required-Api-Level": value})
    eq((js.state("S")["messages"], js.consumer_info("S", "c")["name"]), (0, "c"), "nothing was done")


@case(22)
def required_level_of_direct_get_and_pull(ctx):
    js = jetstream(ctx)
    js.create("S", allow_direct=True)
    js.consumer("S", "c")
    js.pub("S")
    for value in ("6", "x"):
        level = {"Nats-Required-Api-Level": value}
        eq(js.direct("S", {"seq": 1}, headers=level)[0].headers, b"NATS/1.0 412 Required Api Level\r\n\r\n", "direct get")
        eq(js.pull("S", "c", b"", level).next().headers, b"NATS/1.0 412 Required Api Level\r\n\r\n", "pull")
    eq(header(js.direct("S", {"seq": 1}, headers={"Nats-Required-Api-Level": "5"})[0], "Nats-Sequence"), "1", "direct get")
    eq(js.pull("S", "c", b"", {"Nats-Required-Api-Level": "-1"}).next().subject, b"S", "pull")


@case(23)
def level_of_a_publish(ctx):
    js = jetstream(ctx)
    js.create("S")
    raw = block([("a", "b"), ("Nats-Required-Api-Level", "99"), ("c", "d")])
    js.pub("S", b"x", raw)
    eq(js.get("S", seq=1)["hdrs"], raw, "headers")


@case(23, "atomic_batch")
def level_of_a_batch(ctx):
    js = jetstream(ctx)
    js.create("S", allow_atomic=True)
    headers = {"Nats-Batch-Id": "b", "Nats-Batch-Sequence": "1", "Nats-Batch-Commit": "1"}
    js.pub_err("S", b"", dict(headers, **{"Nats-Required-Api-Level": "99"}), 10185, 412, "JetStream minimum api level required")
    js.pub("S", b"", dict(headers, **{"Nats-Required-Api-Level": "5"}))
    eq(js.get("S", seq=1)["hdrs"], block(headers), "headers")


@case(24)
def keys_of_the_server(ctx):
    js = jetstream(ctx, guard=False)
    stored, all_keys = {"_nats.req.level"}, {"_nats.req.level", "_nats.level", "_nats.ver"}
    forged = {key: "9" for key in all_keys}
    eq(js.create("S", metadata=forged)["config"]["metadata"], {"_nats.req.level": "0", "_nats.level": str(js.client.info["api_lvl"]),
                                                              "_nats.ver": js.client.info["version"]}, "create")
    eq((set(js.info("S")["config"]["metadata"]), set(js.update("S", metadata=forged)["config"]["metadata"])), (all_keys, all_keys), "info and update")
    eq(js.ok("STREAM.LIST")["streams"][0]["config"]["metadata"], {"_nats.req.level": "0"}, "list")
    eq(set(js.consumer("S", "c", metadata=dict(forged, own="x"))["config"]["metadata"]), all_keys | {"own"}, "consumer create")
    eq(js.consumer_info("S", "c")["config"]["metadata"]["_nats.req.level"], "0", "consumer info")
    eq(set(js.ok("CONSUMER.LIST.S")["consumers"][0]["config"]["metadata"]), stored | {"own"}, "consumer list")


@case(25)
def level_of_a_pause(ctx):
    js = jetstream(ctx)
    js.create("S")
    js.consumer("S", "c")
    level = lambda: js.consumer_info("S", "c")["config"]["metadata"]["_nats.req.level"]
    eq(level(), "0", "level")
    js.ok("CONSUMER.PAUSE.S.c", {"pause_until": "2099-01-01T00:00:00Z"})
    eq(level(), "1", "level while paused")
    js.ok("CONSUMER.PAUSE.S.c", {"pause_until": "2020-01-01T00:00:00Z"})
    eq(level(), "1", "level with a past pause")
    js.ok("CONSUMER.PAUSE.S.c")
    eq(level(), "0", "level without a pause")
    eq(js.consumer("S", "p", priority_policy="overflow", priority_groups=["g"])["config"]["metadata"]["_nats.req.level"], "1", "level of priority groups")


@case(25, "atomic_batch")
def level_of_atomic(ctx):
    js = jetstream(ctx)
    eq(js.create("S", allow_atomic=True)["config"]["metadata"]["_nats.req.level"], "2", "level")
