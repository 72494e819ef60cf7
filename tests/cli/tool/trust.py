"""An operator that the tool makes, and servers that trust it."""

import base64
import json

from lib.check import matches

# Flags of an account with JetStream, which has to have a quota.
JETSTREAM = ("--jetstream", "--js-disk", "1GB", "--js-memory", "1GB")


def read(tool, *names):
    """A text file below the home."""
    with open(tool.path(*names), encoding="utf-8") as file:
        return file.read()


def claims_of(tool, *command):
    """What the token that a command shows as JSON says."""
    body = tool.run("auth", *command, "--json").json["token"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def key_of(tool, *command):
    """The public key of what a command shows as JSON."""
    return claims_of(tool, *command)["sub"]


def make_operator(tool):
    """An operator OP with accounts A and B, their users a and b, and sys of the system account, in files *.creds."""
    tool.run("auth", "operator", "add", "OP")
    for account in ("A", "B"):
        tool.run("auth", "account", "add", account, "--defaults", *JETSTREAM)
    for user, account in (("a", "A"), ("b", "B"), ("sys", "SYSTEM")):
        tool.run("auth", "user", "add", user, account, "--defaults", "--credential", user + ".creds")


def as_user(name):
    return ("--creds", name + ".creds")


def serve(ctx, tool, resolver="full", **options):
    """A server that trusts the operator OP; with a memory resolver it has all accounts, else the system account alone."""
    accounts = tool.out("auth", "account", "ls", "--names").split()
    preload = accounts if resolver == "memory" else ["SYSTEM"]
    entries = ["%s: %s" % (key_of(tool, "account", "info", name),
                           read(tool, "data", "nats", "nsc", "stores", "OP", "accounts", name, name + ".jwt")) for name in preload]
    server = ctx.start("""
        operator: %s
        resolver: %s
        resolver_preload { %s }
        jetstream { store_dir: "js" }
    """ % (read(tool, "data", "nats", "nsc", "stores", "OP", "OP.jwt"),
           "MEMORY" if resolver == "memory" else '{ type: full, dir: "jwt" }', "\n".join(entries)), **options)
    tool.env["NATS_URL"] = server.address
    return server


def push(tool, *accounts):
    for account in accounts:
        matches(tool.out("auth", "account", "push", account, *as_user("sys")), r"Success 1 Failed 0 Expected 1\n$")
