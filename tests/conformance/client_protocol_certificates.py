"""Client certificates: users by certificate (`verify_and_map`, security.md 4), authorities of the system."""

import json
import os
import ssl

from lib import *
from lib.check import Failure
from lib.tls import client_context

SHEET = "client_protocol"
MAP = "verify_and_map: true, timeout: 5"


def secured(ctx, server, pair):
    """A client with this certificate, before its CONNECT."""
    client = ctx.raw(server)
    client.start_tls(client_context(ctx.certs.ca, pair))
    return client


def user_of(ctx, server, pair, **connect):
    """The user that a client with this certificate is, None if it is refused."""
    client = secured(ctx, server, pair)
    client.connect(ping=False, **connect)
    client.send("PING\r\n")
    frame = client.frame()
    if frame.kind != "PONG":
        eq(frame.raw, b"-ERR 'Authorization Violation'\r\n", "answer")
        eq(server.close_reason(client.cid), "Authentication Failure", "reason")
        return None
    found = server.connection(client.cid, auth=1).get("authorized_user")
    client.close()
    return found


def config(ctx, *users, extra="", block=MAP):
    """Users with these names; `name:password` has a password."""
    entries = []
    for user in users:
        name, _, password = user.partition("|")
        entries.append("{ user: %s%s }" % (json.dumps(name), ", password: %s" % json.dumps(password) if password else ""))
    return ctx.certs.block(block) + "authorization { users: [ %s ] }\n" % ", ".join(entries) + extra


# Names of the certificate: subject, alternative names.
FULL = ("/O=N/CN=all", "email:one@h.test,email:two@h.test,DNS:one.test,DNS:two.test,URI:spiffe://h.test/one")


@test(SHEET, 97, needs="tls")
def alternative_names_come_in_order(ctx):
    pair = ctx.certs.issue("map-all", FULL[0], san=FULL[1])
    users = ["CN=all,O=N", "spiffe://h.test/one", "two.test", "one.test", "two@h.test", "one@h.test"]
    for known in range(1, len(users) + 1):
        server = ctx.shared(config(ctx, *users[:known]))
        eq(user_of(ctx, server, pair), users[known - 1], "user of %r" % users[:known])


# Subject of the certificate, users that are not meant, the user that is.
SUBJECTS = (
    ("/O=N/OU=x/CN=a", ["CN=a", "CN=A,OU=x,O=N", "CN=a,OU=x,O=N,C=US", "CN=a,O=N"], "CN=a,OU=x,O=N"),
    ("/O=N/OU=x/CN=a", [], "cn=a, ou=x, o=N"),
    ("/O=N/OU=x/CN=a", [], "O=N,OU=x,CN=a"),
    ("/O=N/OU=x/CN=a", [], "OU=x,CN=a,O=N"),
    ("/O=N/OU=one/OU=two/CN=a", [], "CN=a,OU=two,OU=one,O=N"),
    ("/O=N/OU=one/OU=two/CN=a", ["CN=a,OU=one,O=N"], "CN=a,OU=one+OU=two,O=N"),
    ("/DC=test/DC=h/O=N/CN=a", ["CN=a,O=N,DC=h"], "CN=a,O=N,DC=h,DC=test"),
    ("/DC=test/DC=h/O=N/CN=a", [], "DC=test,DC=h,O=N,CN=a"),
    ("/O=N/CN=a+OU=x", ["CN=a,OU=x,O=N,C=US"], "OU=x+CN=a,O=N"),
    ("/O=A, B/CN=a", [], "CN=a,O=A\\, B"),
    ("/O=N/CN=a/emailAddress=a@h", ["O=N,CN=a"], "CN=a,O=N"),
    ("/O=N/DC=test/DC=h/CN=a/emailAddress=a@h", ["CN=a,O=N,DC=h,DC=test"], "CN=a,O=N,DC=test,DC=h"),
    ("/CN=a/OU=x/O=N/L=l/ST=s/C=US/serialNumber=7/emailAddress=a@h", [], "SERIALNUMBER=7,CN=a,OU=x,O=N,L=l,ST=s,C=US"),
)


@test(SHEET, 97, needs="tls")
def subjects_are_compared_as_names_and_as_text(ctx):
    for number, (subject, others, user) in enumerate(SUBJECTS):
        pair = ctx.certs.issue("map-subject-%d" % number, subject, san="")
        server = ctx.shared(config(ctx, *others, user))
        eq(user_of(ctx, server, pair), user, "user of %s" % subject)
        if others:
            server = ctx.shared(config(ctx, *others))
            eq(user_of(ctx, server, pair), None, "user of %s among %r" % (subject, others))


@test(SHEET, 97, needs="tls")
def what_a_client_says_of_itself_does_not_count(ctx):
    named = ctx.certs.issue("map-named", "/O=N/CN=named", san="DNS:named.test")
    unnamed = ctx.certs.issue("map-unnamed", "/O=N/CN=unnamed", san="DNS:unnamed.test")
    server = ctx.start(config(ctx, "named.test", "pw|secret"), debug=True)
    eq(user_of(ctx, server, named), "named.test", "a certificate alone")
    mark = server.mark()
    eq(user_of(ctx, server, named, user="pw"), "named.test", "another user")
    server.wait_log(r'\[WRN\] User "pw" found in connect proto, but user required from cert$', since=mark)
    server.wait_log(r'Using SAN found in cert for auth \["named.test"\]', since=mark)
    eq(user_of(ctx, server, named, user="pw", **{"pass": "secret"}), None, "another user with its password")
    eq(user_of(ctx, server, unnamed, user="pw", **{"pass": "secret"}), None, "no user by certificate")
    server.wait_log(r'User in cert \["CN=unnamed,O=N"\], not found', since=mark)


@test(SHEET, 97, needs="tls")
def a_mapped_user_may_have_a_password(ctx):
    pair = ctx.certs.issue("map-named", "/O=N/CN=named", san="DNS:named.test")
    server = ctx.shared(config(ctx, "named.test|secret"))
    eq(user_of(ctx, server, pair), None, "no password")
    eq(user_of(ctx, server, pair, **{"pass": "wrong"}), None, "a wrong password")
    eq(user_of(ctx, server, pair, **{"pass": "secret"}), "named.test", "the password")


@test(SHEET, 97, needs="tls")
def the_implicit_user_is_none_for_certificates(ctx):
    pair = ctx.certs.issue("map-unnamed", "/O=N/CN=unnamed", san="DNS:unnamed.test")
    server = ctx.shared(config(ctx, "guest", extra="no_auth_user: guest\n"))
    eq(user_of(ctx, server, pair), None, "no user by certificate")


@test(SHEET, 97, needs="tls")
def mapping_needs_users(ctx):
    """A single user, a token or nothing at all: certificates are verified, users are as without them."""
    pair = ctx.certs.issue("map-unnamed", "/O=N/CN=unnamed", san="DNS:unnamed.test")
    server = ctx.shared(ctx.certs.block(MAP))
    secured(ctx, server, pair).connect()
    server = ctx.shared(ctx.certs.block(MAP) + "authorization { user: u, password: p }\n")
    eq(user_of(ctx, server, pair), None, "a single user, nothing said")
    eq(user_of(ctx, server, pair, user="u", **{"pass": "p"}), "u", "a single user")


@test(SHEET, 97, needs="tls")
def connection_types_of_mapped_users_count(ctx):
    pair = ctx.certs.issue("map-all", FULL[0], san=FULL[1])
    users = '{ user: "one@h.test", allowed_connection_types: [ MQTT ] }, { user: "one.test" }'
    server = ctx.shared(ctx.certs.block(MAP) + "authorization { users: [ %s ] }\n" % users)
    eq(user_of(ctx, server, pair), "one.test", "the first that may come so")


@test(SHEET, 97, needs="tls")
def permissions_and_account_are_those_of_the_mapped_user(ctx):
    pair = ctx.certs.issue("map-named", "/O=N/CN=named", san="DNS:named.test")
    server = ctx.shared(ctx.certs.block(MAP) + 'accounts { A { users: [ '
                        '{ user: "named.test", permissions { publish: "a.>" } } ] } }\n')
    client = secured(ctx, server, pair)
    client.connect()
    client.pub("b")
    client.expect_err('Permissions Violation for Publish to "b"')
    eq(server.connection(client.cid, auth=1)["account"], "A", "account")


@test(SHEET, 97, needs=("tls", "reload"))
def a_reload_keeps_mapped_clients_and_closes_those_of_removed_users(ctx):
    first = ctx.certs.issue("map-named", "/O=N/CN=named", san="DNS:named.test")
    second = ctx.certs.issue("map-unnamed", "/O=N/CN=unnamed", san="DNS:unnamed.test")
    server = ctx.start(config(ctx, "named.test", "unnamed.test"))
    clients = []
    for pair in (first, second):
        client = secured(ctx, server, pair)
        client.connect()
        clients.append(client)
    server.reload(config(ctx, "named.test"))
    clients[1].expect_closed()
    clients[0].expect_quiet()
    eq(user_of(ctx, server, second), None, "the removed user")


@test(SHEET, 97, needs="tls")
def clear_text_has_no_certificate(ctx):
    server = ctx.start(config(ctx, "named.test", extra="allow_non_tls: true\n"), debug=True)
    client = ctx.raw(server)
    mark = server.mark()
    client.connect(ping=False, user="named.test")
    client.expect_err("Authorization Violation")
    server.wait_log("User required in cert, no TLS connection state", since=mark)


@test(SHEET, 97, needs="tls")
def without_ca_file_the_authorities_of_the_system_count(ctx):
    """Which are those of SSL_CERT_FILE."""
    certs = ctx.certs
    other = certs.issue("map-foreign", "/O=N/CN=foreign", authority="foreign-ca")
    block = 'tls { cert_file: "%s", key_file: "%s", verify: true, timeout: 5 }\n' % (certs.server_cert, certs.server_key)
    env = dict(os.environ, SSL_CERT_FILE=certs.ca, SSL_CERT_DIR="/nonexistent")
    server = ctx.start(block, env=env)
    eq(ctx.raw(server).info.get("tls_verify"), True, "tls_verify")
    secured(ctx, server, certs.issue("client")).connect()
    client = ctx.raw(server)
    try:
        client.start_tls(client_context(certs.ca, other))
        client.send('CONNECT {"verbose":false}\r\nPING\r\n')
        check(not client.drain(5), "a client of another authority was served")
    except (ssl.SSLError, OSError):
        pass
    eq(server.close_reason(client.cid), "TLS Handshake Failure", "reason")


@test(SHEET, 97, needs="tls", better=True)
def a_system_without_authorities_is_an_error(ctx):
    """The reference starts and refuses everybody."""
    certs = ctx.certs
    block = 'tls { cert_file: "%s", key_file: "%s", verify: true }\n' % (certs.server_cert, certs.server_key)
    env = dict(os.environ, SSL_CERT_FILE="/nonexistent", SSL_CERT_DIR="/nonexistent")
    server = ctx.start(block, env=env, ready=False)
    eq(server.wait_exit(), 1, "exit code")
    matches(server.log().rstrip("\n").split("\n")[-1],
            r"\[FTL\] \S+\.conf:\d+:\d+: TLS: 'verify' without a 'ca_file' needs authorities that the system trusts, and there are none$")


@test(SHEET, 97, needs="tls")
def users_without_password_are_no_cause_for_a_warning(ctx):
    """Only where certificates tell who they are."""
    warning = "Plaintext passwords detected, use nkeys or bcrypt"
    users = "authorization { users: [ %s ] }\n"
    for block, user, warns in ((ctx.certs.block(MAP), "{ user: a }", False),
                               (ctx.certs.block(MAP), "{ user: a, password: b }", True),
                               (ctx.certs.block("verify: true"), "{ user: a }", True), ("", "{ user: a }", True)):
        server = ctx.start(block + users % user)
        eq(bool(server.log_lines(warning)), warns, "warning with %r %r" % (block, user))


# Certificates that are not as the books say: tests/data/make.sh there makes them.
ODD = os.path.join(os.path.dirname(__file__), "..", "..", "crates", "certificates", "tests", "data")


def odd(name):
    path = os.path.abspath(os.path.join(ODD, name))
    return path + ".pem", path + ".key"


def served(ctx, server, pair, version):
    """Whether a client with this certificate is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(*pair)
    client = ctx.raw(server)
    try:
        client.start_tls(context)
        client.send('CONNECT {"verbose":false}\r\nPING\r\n')
        answered = client.frame(5).kind == "PONG"
    except (ssl.SSLError, OSError, Failure):
        answered = False
    client.close()
    if not answered:
        eq(server.close_reason(client.cid), "TLS Handshake Failure", "reason")
    return answered


@test(SHEET, 97, needs="tls")
def certificates_as_people_make_them(ctx):
    """Authorities at the end of a chain, certificates that are trusted themselves, clients' of version 1."""
    bundle = os.path.join(ctx.dir, "bundle.pem")
    with open(bundle, "w", encoding="utf-8") as out:
        for name in "root", "selfmade":
            with open(odd(name)[0], encoding="utf-8") as file:
                out.write(file.read())
    for own in "selfmade", "version1":
        server = ctx.start('tls { cert_file: "%s", key_file: "%s", ca_file: "%s", verify: true, timeout: 5 }\n' % (*odd(own), bundle))
        for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
            for name in "usual", "selfmade", "authority", "version1":
                check(served(ctx, server, odd(name), version), "%s over %s was refused" % (name, version))
            for name in "stranger", "forged", "forged1", "below", "for-mail":
                check(not served(ctx, server, odd(name), version), "%s over %s was served" % (name, version))


@test(SHEET, 97, needs="tls")
def the_log_says_what_is_wrong_with_a_client(ctx):
    """In words that people search for."""
    failed = "tls: failed to verify certificate: x509: certificate "
    server = ctx.start('tls { cert_file: "%s", key_file: "%s", ca_file: "%s", verify: true, timeout: 5 }\n' % (*odd("usual"), odd("root")[0]))
    for name, text in ("stranger", failed + "signed by unknown authority"), (None, "tls: client didn't provide a certificate"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if name:
            context.load_cert_chain(*odd(name))
        client = ctx.raw(server)
        try:
            client.start_tls(context)
            client.drain(5)
        except (ssl.SSLError, OSError):
            pass
        server.wait_log(r"\[ERR\].* cid:%d - TLS handshake error: %s" % (client.cid, text))
    # And what a client does not like about the server.
    context = ssl.create_default_context(cafile=odd("stranger")[0])
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    client = ctx.raw(server)
    try:
        client.start_tls(context)
    except (ssl.SSLError, OSError):
        pass
    server.wait_log(r"\[ERR\].* cid:%d - TLS handshake error: remote error: tls: unknown certificate authority" % client.cid)
