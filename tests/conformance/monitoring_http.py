"""The monitoring port as an HTTP server: monitoring-events.md 2, items 1 to 15."""

import gzip
import json
import re
import socket

from lib import *
from lib.process import http, start_fatal

SHEET = "monitoring"
LISTEN = 'listen: "127.0.0.1:-1"\n'
ENDPOINTS = ("/varz", "/connz", "/routez", "/gatewayz", "/leafz", "/subsz", "/subscriptionsz", "/accountz", "/accstatz",
             "/jsz", "/healthz")
LINKS = ("varz", "jsz", "connz", "accountz", "accstatz", "subsz", "routez", "leafz", "gatewayz", "raftz", "healthz",
         "debug/vars")


@test(SHEET, 1)
def success_headers(ctx):
    server = ctx.shared()
    for path in ENDPOINTS:
        status, headers, body = http(server, path)
        eq(status, 200, path)
        eq(headers["Content-Type"], "application/json", path)
        eq(headers["Access-Control-Allow-Origin"], "*", path)
        check(headers["Date"], "Date of " + path)
        json.loads(body)


@test(SHEET, 1)
def layout_of_the_json(ctx):
    server = ctx.shared()
    for path in ENDPOINTS:
        _, _, body = http(server, path)
        text = body.decode()
        if path == "/healthz":
            eq(text, '{"status":"ok"}', path)
            continue
        check(text.startswith("{\n  \""), "%s: %r" % (path, text[:60]))
        check(text.endswith("\n}"), "%s: %r" % (path, text[-30:]))
        for line in text.split("\n")[1:]:
            matches(line, r'^( {2})*("[^"]*": |[\[\]{}"0-9tfn-])', path)


@test(SHEET, 2)
def methods(ctx):
    server = ctx.shared()
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "FOO"):
        status, headers, body = http(server, "/healthz", method)
        # 405 for all but GET, HEAD and OPTIONS is documented as better (monitoring-events.md 12).
        if not ctx.is_peer and status == 405 and method not in ("GET", "HEAD", "OPTIONS"):
            continue
        eq(status, 200, method)
        if method == "HEAD":
            eq((headers["Content-Length"], body), ("15", b""), method)
        elif method != "OPTIONS" or ctx.is_peer:
            eq(body, b'{"status":"ok"}', method)


@test(SHEET, 3)
def no_jsonp(ctx):
    server = ctx.shared()
    for path in ("/varz?callback=cb", "/connz?callback=cb", "/healthz?callback=cb"):
        status, headers, body = http(server, path)
        eq((status, headers["Content-Type"]), (200, "application/json"), path)
        json.loads(body)


@test(SHEET, 4)
def unknown_paths(ctx):
    server = ctx.shared()
    for path in ("/nope", "/varz/", "/VARZ", "/Varz", "/metrics", "/debug/pprof", "/debug/pprof/", "/debug", "/varz/x",
                 "/healthz/"):
        status, headers, body = http(server, path)
        # Metrics under /metrics are documented as better (monitoring-events.md 12).
        if path == "/metrics" and not ctx.is_peer and status == 200:
            continue
        eq((status, body), (404, b"404 page not found\n"), path)
        eq(headers["Content-Type"], "text/plain; charset=utf-8", path)
        eq(headers["X-Content-Type-Options"], "nosniff", path)
        eq(headers["Access-Control-Allow-Origin"], None, path)


@test(SHEET, 5)
def unclean_paths(ctx):
    server = ctx.shared()
    for path in ("//varz", "/a/../varz", "/./varz", "/varz/../varz"):
        status, headers, _ = http(server, path)
        eq((status, headers["Location"]), (307, "/varz"), path)
    status, headers, _ = http(server, "//connz?limit=3")
    eq((status, headers["Location"]), (307, "/connz?limit=3"), "with a query")


@test(SHEET, 6)
def index_page(ctx):
    server = ctx.shared()
    status, headers, body = http(server, "/")
    eq((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
    page = body.decode()
    links = re.findall(r"""href=["']?\.?/?([^"'> ]+)""", page)
    for link in LINKS:
        check(any(found == link or found.endswith("/" + link) for found in links), "no link to %s in %r" % (link, links))
    if ctx.is_peer:
        check(ctx.raw(server).info["version"] in page, "the version is not shown")


@test(SHEET, 7)
def base_path(ctx):
    for value in ("/nats/mon/", "nats/mon", "/nats//mon"):
        server = ctx.start('http_base_path: "%s"\n' % value)
        for path in ("/nats/mon", "/nats/mon/varz", "/nats/mon/healthz"):
            eq(http(server, path)[0], 200, path)
        for path in ("/", "/nats", "/nats/mon/", "/varz", "/nats/varz", "/healthz"):
            status = http(server, path)[0]
            # The index page under `<base>/` too is documented as better.
            if path == "/nats/mon/" and not ctx.is_peer and status == 200:
                continue
            eq(status, 404, path)
        eq(http(server, "/nats/mon")[1]["Content-Type"], "text/html; charset=utf-8")
        eq(json.loads(http(server, "/nats/mon/varz")[2])["http_base_path"], value, "varz")


@test(SHEET, 7)
def no_base_path(ctx):
    eq(ctx.shared().varz()["http_base_path"], "", "default")
    server = ctx.start('http_base_path: "/"\n')
    eq(http(server, "/")[0], 200)
    eq(server.varz()["http_base_path"], "/")


@test(SHEET, 8, needs="tls")
def https_asks_for_no_certificate(ctx):
    server = ctx.start('https: "127.0.0.1:-1"\n' + ctx.certs.block("verify: true"), http=False)
    matches(server.log(), r"\[INF\] Starting https monitor on 127\.0\.0\.1:%d\n" % server.http_port)
    status, headers, body = http(server, "/varz", context=ctx.certs.context())
    eq((status, headers["Content-Type"]), (200, "application/json"))
    varz = json.loads(body)
    eq(varz["http_port"], 0, "http_port")
    check(varz["https_port"] in (-1, server.http_port), "https_port %d" % varz["https_port"])


@test(SHEET, 8, needs="tls")
def plain_http_on_the_https_port(ctx):
    server = ctx.start('https: "127.0.0.1:-1"\n' + ctx.certs.block(), http=False)
    with socket.create_connection((server.host, server.http_port), 10) as connection:
        connection.sendall(b"GET /varz HTTP/1.1\r\nHost: a\r\n\r\n")
        text = b""
        while True:
            data = connection.recv(65536)
            if not data:
                break
            text += data
    check(text.startswith(b"HTTP/1.0 400 Bad Request\r\n"), repr(text))
    check(text.endswith(b"\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"), repr(text))


@test(SHEET, 8, needs=("tls", "reload"))
def https_after_a_reload(ctx):
    config = 'https: "127.0.0.1:-1"\ntls { cert_file: "%s", key_file: "%s" }\n'
    server = ctx.start(config % ctx.certs.issue("first"), http=False)
    for name in ("first", "second"):
        server.reload(config % ctx.certs.issue(name))
        context = ctx.certs.context()
        with socket.create_connection((server.host, server.http_port), 10) as connection:
            with context.wrap_socket(connection, server_hostname="localhost") as secure:
                subject = dict(part[0] for part in secure.getpeercert()["subject"])
        eq(subject["commonName"], name)


@test(SHEET, 9)
def http_and_https(ctx):
    start_fatal(ctx, LISTEN + 'http: "127.0.0.1:-1"\nhttps: "127.0.0.1:-1"\n' + ctx.certs.block(),
                r"Can't start monitoring: can't specify both HTTP \(-1\) and HTTPs \(-1\) ports")


@test(SHEET, 10)
def compression(ctx):
    server = ctx.shared()
    _, headers, body = http(server, "/varz", headers={"Accept-Encoding": "gzip"})
    # Compressing for those who accept it is documented as better (monitoring-events.md 12).
    if not ctx.is_peer and headers["Content-Encoding"] == "gzip":
        body = gzip.decompress(body)
    else:
        eq(headers["Content-Encoding"], None)
    json.loads(body)


def bad(server, path, text):
    """The request is refused with this text."""
    status, headers, body = http(server, path)
    eq((status, body.decode()), (400, text), path)
    eq(headers["Content-Type"], "text/plain; charset=utf-8", path)
    eq(headers["Access-Control-Allow-Origin"], None, path)


@test(SHEET, 11)
def bad_parameters(ctx):
    server = ctx.shared()
    boolean = "Error decoding boolean for '%s': strconv.ParseBool: parsing \"%s\": invalid syntax"
    for path, names in (("/connz", ("auth", "subs")), ("/routez", ("subs",)), ("/gatewayz", ("subs", "accs")),
                        ("/leafz", ("subs",)), ("/subsz", ("subs",)), ("/subscriptionsz", ("subs",)),
                        ("/accstatz", ("unused",)),
                        ("/jsz", ("accounts", "streams", "consumers", "config", "leader-only", "raft",
                                  "stream-leader-only")),
                        ("/healthz", ("js-enabled-only", "js-enabled", "js-server-only", "details"))):
        for name in names:
            for value in ("maybe", "2", "yes", "tRUE", "-1"):
                bad(server, "%s?%s=%s" % (path, name, value), boolean % (name, value))
    for path in ("/leafz", "/subsz"):
        bad(server, path + "?subs=detail", boolean % ("subs", "detail"))
    for path in ("/connz", "/subsz", "/jsz"):
        for name in ("offset", "limit"):
            for value in ("x", "1.5", "0x10"):
                bad(server, "%s?%s=%s" % (path, name, value),
                    "Error decoding int for '%s': strconv.Atoi: parsing \"%s\": invalid syntax" % (name, value))
            bad(server, "%s?%s=99999999999999999999" % (path, name),
                "Error decoding int for '%s': strconv.Atoi: parsing \"99999999999999999999\": value out of range" % name)
    for value in ("x", "-1", "1.5"):
        bad(server, "/connz?cid=" + value,
            "Error decoding uint64 for 'cid': strconv.ParseUint: parsing \"%s\": invalid syntax" % value)
    bad(server, "/connz?state=foo", "Error decoding state for foo")
    bad(server, "/connz?sort=foo", "invalid sorting option: foo")
    bad(server, "/subsz?subs=1&test=foo.*", "invalid test subject, must be valid publish subject: foo.*")
    bad(server, "/accountz?acc=NOPE", "Account NOPE does not exist")


@test(SHEET, 11)
def the_first_bad_parameter_is_reported(ctx):
    server = ctx.shared()
    bad(server, "/connz?limit=x&auth=maybe",
        "Error decoding boolean for 'auth': strconv.ParseBool: parsing \"maybe\": invalid syntax")
    bad(server, "/connz?state=foo&limit=x",
        "Error decoding int for 'limit': strconv.Atoi: parsing \"x\": invalid syntax")


@test(SHEET, 11)
def harmless_parameters(ctx):
    server = ctx.shared()
    eq(http(server, "/varz?foo=bar&auth=maybe")[0], 200, "unknown parameters")
    eq(http(server, "/connz?auth=&limit=&subs=&state=&cid=")[0], 200, "empty values")
    eq(json.loads(http(server, "/connz?limit=3&limit=x")[2])["limit"], 3, "the first value wins")


@test(SHEET, 12)
def booleans(ctx):
    server = ctx.start('accounts { A { users [ {user: a, password: b} ] } }\n')
    ctx.client(server, user="a", **{"pass": "b"})
    for value, want in [(text, True) for text in ("1", "t", "T", "TRUE", "true", "True")] + \
                       [(text, False) for text in ("0", "f", "F", "FALSE", "false", "False")]:
        entry = server.get("/connz?auth=" + value)["connections"][0]
        eq("account" in entry, want, "auth=" + value)


@test(SHEET, 13)
def counting(ctx):
    server = ctx.start()
    eq(server.varz()["http_req_stats"], {"/varz": 1}, "the first request")
    for path in ("/", "/connz", "/connz?subs=1", "/routez", "/gatewayz", "/leafz", "/subsz", "/subscriptionsz",
                 "/accountz", "/accstatz", "/jsz", "/healthz", "/raftz", "/stacksz", "/ipqueuesz", "/debug/vars", "/nope"):
        http(server, path)
    eq(server.varz()["http_req_stats"], {"/": 1, "/varz": 2, "/connz": 2, "/routez": 1, "/gatewayz": 1, "/leafz": 1,
                                         "/subsz": 2, "/accountz": 1, "/accstatz": 1, "/jsz": 1, "/healthz": 1})


@test(SHEET, 13)
def counting_of_refused_requests(ctx):
    server = ctx.start()
    for path in ("/connz?auth=maybe", "/routez?subs=maybe", "/subsz?subs=maybe", "/gatewayz?subs=maybe",
                 "/leafz?subs=maybe", "/accstatz?unused=maybe", "/accountz?acc=NOPE", "/jsz?raft=maybe",
                 "/healthz?details=maybe"):
        eq(http(server, path)[0], 400, path)
    eq(server.varz()["http_req_stats"], {"/varz": 1, "/subsz": 1, "/gatewayz": 1, "/leafz": 1, "/accstatz": 1,
                                         "/accountz": 1, "/jsz": 1, "/healthz": 1})


@test(SHEET, 14)
def debug_vars(ctx):
    server = ctx.shared()
    status, headers, body = http(server, "/debug/vars")
    eq((status, headers["Content-Type"]), (200, "application/json; charset=utf-8"))
    eq(headers["Access-Control-Allow-Origin"], None, "CORS")
    data = json.loads(body)
    check("-c" in data["cmdline"] and server.config_path in data["cmdline"], repr(data["cmdline"]))
    for key in ("Alloc", "TotalAlloc", "Sys", "Mallocs", "Frees", "HeapAlloc", "HeapSys", "HeapIdle", "HeapInuse",
                "HeapReleased", "HeapObjects", "StackInuse", "NumGC", "PauseTotalNs"):
        check(isinstance(data["memstats"].get(key), int), "memstats." + key)


@test(SHEET, 14)
def secrets_of_the_command_line(ctx):
    for args, secrets in ((("--user", "joe", "--pass", "s3cr3t"), ("joe", "s3cr3t")),
                          (("--user=joe", "--pass=s3cr3t"), ("joe", "s3cr3t")), (("--auth", "t0ken"), ("t0ken",))):
        server = ctx.start(None, args=args)
        line = json.loads(http(server, "/debug/vars")[2])["cmdline"]
        for secret in secrets:
            check(secret not in " ".join(line), repr(line))
        check("[REDACTED]" in " ".join(line), repr(line))


@test(SHEET, 15)
def stacks(ctx):
    server = ctx.shared()
    status, headers, body = http(server, "/stacksz")
    eq(status, 200)
    # The peer calls the text JSON; text/plain is documented as better.
    check(headers["Content-Type"].split(";")[0] in ("application/json",) + (() if ctx.is_peer else ("text/plain",)),
          headers["Content-Type"])
    check(len(body) > 20, "text of stacks")
