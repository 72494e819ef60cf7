"""account report, account tls: item 114."""

import http.server
import os
import re
import subprocess
import threading

from tool import *


@case(114, "services")
def connections_of_the_own_account(ctx):
    tool = nats(ctx)
    for name, subject in (("first", "a.>"), ("second", "b")):
        watching = tool.start("sub", subject, "--connection-name", name)
        watching.wait_err("Subscribing")
    own = tool.start("sub", "c", "--connection-name", "other account", *SYSTEM)
    own.wait_err("Subscribing")
    report = ("account", "report", "connections", "--connection-name", "asking")
    out = tool.out(*report, "--sort", "cid")
    matches(out, r"^\n.*Top 3 Connections out of 3 by cid.*│ CID +│ Name +│ Server +│ Cluster +│ IP +│ Account │ Uptime +│ In Msgs │ Out Msgs "
                 r"│ In Bytes │ Out Bytes │ Subs │\n.* first .* second .* asking .*Totals for 3 connections")
    matches(out, r"Connections per server")
    check("other account" not in out, out)
    matches(tool.out(*report, "--sort", "cid", "--reverse", "--top", "2"), r"Top 2 Connections out of 3 by cid.* asking .* second ")
    out = tool.out(*report, "--subject", "b")
    check(" second " in out and " first " not in out, out)
    none = "did not get results from any servers"
    eq(tool.error(*report, "--username", "nobody"), none)
    matches(tool.out("account", "report", "conns", "--state", "closed", "--closed-reason", "^client"),
            r"│ Reason +│\n.* asking .*│ Client Closed +│")
    eq(tool.error("account", "report", "conns", "--state", "closed", "--closed-reason", "^nothing"), none)
    matches(tool.error(*report, "--closed-reason", "("), "^Invalid expression: ")
    eq(tool.usage_error("account", "report", "connections", "x"), "unexpected argument x")


@case(114, "services")
def statistics_of_the_own_account(ctx):
    tool = nats(ctx)
    watching = tool.start("sub", "a.>")
    watching.wait_err("Subscribing")
    tool.run("pub", "a.b", "12345", "-q")
    watching.wait_out("12345")
    out = tool.out("account", "report", "statistics")
    matches(out, r"Server Statistics.*│ Server +│ Cluster │ Version │ Tags │ Connections │ Subscriptions │ Leafnodes │ Sent Bytes +│ Sent Messages "
                 r"│ Received Bytes │ Received Messages │ Slow Consumers │\n.*\n"
                 r"│ 127\.0\.0\.1 │ +│ 2.15.1 +│ +│ 2 +│ \d+ +│ 0 +│")


@case(114, "services", "deviation")
def sums_of_statistics_stand_below_their_columns(ctx):
    """The original leaves the subscriptions out of its footer, so that all other sums stand one column to the left."""
    tool = nats(ctx)
    lines = [line.split(",") for line in tool.out("account", "report", "statistics", env={"NATS_TABLE_FORMAT": "csv"}).splitlines()]
    row, footer = [line for line in lines if len(line) == 12][1:]
    eq((footer[0], footer[4:]), ("1", row[4:]))


def tls_server(ctx, extra="", certs=None):
    certs = certs or ctx.certs
    tool = nats(ctx, config=certs.block() + extra)
    tool.env["NATS_CA"] = certs.ca
    return tool


@case(114)
def certificates_are_shown(ctx):
    tool = tls_server(ctx)
    out = tool.out("account", "tls")
    matches(out, r'^# TLS Verified Chains count: 1\n\n# chain: 1\n# chain=1 cert=1 isCA=false Subject="CN=server,O=Conformance"\n'
                 r"#   Expiration: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC\n#   SAN: DNS Names: \[localhost\]\n"
                 r"#   SAN: IP Addresses: \[127\.0\.0\.1 ::1\]\n#   Serial: \d+\n#   Signed-with: ECDSA-SHA256\n-----BEGIN CERTIFICATE-----\n")
    matches(out, r'# chain=1 cert=2 isCA=true Subject="CN=ca,O=Conformance"\n#   Expiration: ')
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----\n.*?-----END CERTIFICATE-----\n", out, re.S)
    for path, block in zip((ctx.certs.server_cert, ctx.certs.ca), blocks):
        with open(path, encoding="ascii") as file:
            eq(file.read(), block)
    serial = subprocess.run(["openssl", "x509", "-noout", "-serial", "-in", ctx.certs.server_cert], stdout=subprocess.PIPE, check=True)
    check("#   Serial: %d\n" % int(serial.stdout.decode().strip().split("=")[1], 16) in out, out)
    out = tool.out("account", "tls", "--no-pem", "--ocsp")
    check("BEGIN" not in out and out.startswith("# No OCSP Response found in TLS connection\n\n# TLS Verified"), out)
    outcome = tool.run("account", "tls", "--expire-warn", "1y", "--no-pem", code=1)
    matches(outcome.out, r"# EXPIRING SOON: within 8760h0m0s of \d{4}-")
    matches(outcome.err, r'^nats: error: cert expiring soon chain=1 cert=1 expiration="\d{4}-.* UTC" subject="CN=server,O=Conformance"\n$')
    tool.run("account", "tls", "--expire-warn", "0")
    matches(tool.out("account", "info"), r"\n +TLS Version: 1\.3 using TLS_(AES_128_GCM|AES_256_GCM|CHACHA20_POLY1305)_SHA(256|384)\n"
                                         r" +TLS Server Name: ?\n +TLS Verified: issuer CN=ca,O=Conformance\n")
    matches(tool.out("account", "info", "--server", tool.server.address.replace("127.0.0.1", "localhost")),
            r"\n +Connected URL: tls://localhost:\d+\n.*\n +TLS Server Name: localhost\n")
    eq(nats(ctx).error("account", "tls"), "nats: connection is not tls")


@case(114)
def chains_lead_over_what_the_server_sends(ctx):
    certs = ctx.certs
    with open(certs.server_cert, encoding="ascii") as own, open(certs.ca, encoding="ascii") as authority:
        both = own.read() + authority.read()
    tool = nats(ctx, server=False)
    chain = tool.write("chain.pem", both)
    server = ctx.start('tls { cert_file: "%s", key_file: "%s" }' % (chain, certs.server_key))
    tool.env.update(NATS_URL=server.address, NATS_CA=certs.ca)
    out = tool.out("account", "tls", "--no-pem")
    matches(out, r"^# TLS Verified Chains count: 1\n")
    eq(re.findall(r"chain=(\d) cert=(\d)", out), [("1", "1"), ("1", "2")])


class Responder(http.server.BaseHTTPRequestHandler):
    """Answers OCSP requests as the authority of `certs`, from an index of `openssl ca`."""

    def answer(self, request):
        base = self.server.base
        with open(base + ".req", "wb") as out:
            out.write(request)
        certs = self.server.certs
        subprocess.run(["openssl", "ocsp", "-index", base, "-CA", certs.ca, "-rsigner", certs.ca, "-rkey",
                        os.path.join(certs.dir, "ca-key.pem"), "-reqin", base + ".req", "-respout", base + ".resp", "-nmin", "60"],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        with open(base + ".resp", "rb") as answer:
            body = answer.read()
        self.send_response(200)
        self.send_header("Content-Type", "application/ocsp-response")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_):
        pass


@case(114, "ocsp")
def a_stapled_answer_is_checked(ctx):
    certs = ctx.certs
    done = subprocess.run(["openssl", "x509", "-noout", "-serial", "-in", certs.server_cert], stdout=subprocess.PIPE, check=True)
    serial = done.stdout.decode().strip().split("=")[1]
    tool = nats(ctx, server=False)
    responder = http.server.HTTPServer(("127.0.0.1", 0), Responder)
    responder.certs = certs
    responder.base = tool.write("index", "V\t491231235959Z\t\t%s\tunknown\t/O=Conformance/CN=server\n" % serial)
    threading.Thread(target=responder.serve_forever, daemon=True).start()
    try:
        server = ctx.start(certs.block() + 'ocsp { mode: always, url: "http://127.0.0.1:%d" }' % responder.server_port)
        tool.env.update(NATS_URL=server.address, NATS_CA=certs.ca)
        matches(tool.out("account", "tls", "--ocsp", "--no-pem"),
                r"# OCSP: GOOD status=0 sn=\d+ producedAt=\(\d{4}-.*\) thisUpdate=\(\d{4}-.*\) nextUpdate=\(\d{4}-")
    finally:
        responder.shutdown()
        responder.server_close()
