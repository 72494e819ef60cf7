"""server generate: configurations that servers take."""

import os
import subprocess

from tool import *

DOWN = "\x1b[B"

BUNDLE = """
description: Mine
post_scaffold: "Start {{ ._target }}/{{ .name }}"
"""
FORM = """
description: |
  A small form
properties:
  - name: name
    description: How it is called
    required: true
  - name: port
    description: Its port
    type: integer
    default: 4222
    validation: value > 1000
  - name: kind
    description: What it is
    enum: [ small, large ]
    default: large
  - name: more
    description: Ask for more
    type: bool
  - name: extra
    description: The rest
    conditional: input.more
    properties:
      - name: secret
        description: A secret
        type: password
"""


def read(tool, *names):
    with open(tool.path(*names), encoding="utf-8") as source:
        return source.read()


def chosen(tool, number, target="out"):
    """The tool at the first question after a bundle was chosen."""
    terminal = tool.terminal("server", "generate", target, rows=50)
    terminal.wait("Select what to generate.*Clusters for development.*A leaf node.*A server managed.*on Kubernetes")
    terminal.type(DOWN * number + "\r")
    return terminal


def with_defaults(terminal, *answers):
    """Answers the questions that are named; the others get their defaults."""
    for question, text in answers:
        terminal.answer(question, text)


@case(105, "cluster", "gateway", "deviation")
def clusters_for_docker_are_generated(ctx):
    """The original has bundles of its own, with other names and questions."""
    tool = nats(ctx, server=False)
    terminal = chosen(tool, 0)
    terminal.answer("How many clusters", "0")
    terminal.wait("0 does not fit: value >= 1")
    # The question comes again.
    terminal.type("2\r")
    with_defaults(terminal, ("How many servers in each cluster", ""), ("Client port of the first server", "5000"),
                  ("Image of the server", ""), ("Password of the users", ""), ("Enable JetStream", ""))
    end = terminal.finish()
    matches(end, r"Wrote out/cluster.conf\nWrote out/docker-compose.yaml\n\n2 clusters of 3 servers.*nats://localhost:5000 and the 5 ports")
    matches(read(tool, "out", "docker-compose.yaml"), r'n3\.c2:\n    image: "nats:latest"\n.*"5005:4222"')
    env = dict(tool.env, SERVER_NAME="n1-c1", CLUSTER_NAME="c1", ROUTES="nats://n1.c1:6222, nats://n2.c1:6222")
    done = subprocess.run([ctx.binary, "-t", "-c", tool.path("out", "cluster.conf")], env=env, capture_output=True, text=True)
    eq(done.returncode, 0, done.stderr)
    eq(tool.error("server", "generate", "out"), "target directory out already exist")


@case(105, "leafnodes", "deviation")
def a_leaf_node_is_generated(ctx):
    """The original has bundles of its own, with other names and questions."""
    tool = nats(ctx, server=False)
    terminal = chosen(tool, 1)
    creds = tool.path("ngs.creds")
    with_defaults(terminal, ("Port for clients", "4333"), ("Port for monitoring", "x"))
    terminal.wait('"x" is no whole number')
    terminal.type("\r")
    with_defaults(terminal, ("Enable JetStream on this machine", "n"), ("Credentials file", creds))
    matches(terminal.finish(), r"Wrote out/leafnode.conf\n\nPut the credentials")
    text = read(tool, "out", "leafnode.conf")
    check("jetstream" not in text and "http_port" not in text, text)
    # The file of credentials has to be there.
    tool.run("auth", "operator", "add", "OP")
    tool.run("auth", "account", "add", "APP", "--defaults")
    tool.run("auth", "user", "add", "u", "APP", "--defaults", "--credential", creds)
    eq(ctx.check_config(text)[0], 0, text)


@case(134, "operator", "deviation", slow=True)
def a_server_of_an_operator_is_generated(ctx):
    """The original has bundles of its own, with other names and questions."""
    tool = nats(ctx, server=False)
    matches(chosen(tool, 2).finish(code=1), "no operators found")
    tool.run("auth", "operator", "add", "OP")
    tool.run("auth", "account", "add", "APP", "--jetstream", "--defaults")
    tool.run("auth", "user", "add", "u", "APP", "--defaults", "--credential", "u.creds")
    tool.run("auth", "user", "add", "s", "SYSTEM", "--defaults", "--credential", "s.creds")
    terminal = chosen(tool, 2)
    with_defaults(terminal, ("Name of the server", "one two"))
    terminal.wait("does not fit")
    terminal.type("one\r")
    with_defaults(terminal, ("Address to listen on", "127.0.0.1"), ("Port for clients", "-1"), ("Port for monitoring", "0"),
                  ("Enable JetStream", ""), ("Directory for streams", "js"), ("Most space on disk", "1G"),
                  ("Most memory", ""), ("Directory for accounts", "jwt"), ("Allow accounts to be deleted", "n"),
                  ("Most accounts", "10"))
    matches(terminal.finish(), r"Wrote out/server.conf\n\nStart the server by:")
    text = read(tool, "out", "server.conf")
    matches(text, r'allow_delete: false\n.*limit: 10\n')
    # A server starts with it, and takes the operator's accounts and users.
    server = ctx.start("\n".join(line for line in text.splitlines() if not line.startswith("listen:")))
    tool.env["NATS_URL"] = server.address
    tool.run("auth", "account", "push", "APP", "--creds", "s.creds")
    tool.run("kv", "add", "B", "--creds", "u.creds")
    eq(server.varz()["server_name"], "one")


@case(134, "deviation")
def values_for_kubernetes_are_generated(ctx):
    """The original has bundles of its own, with other names and questions."""
    tool = nats(ctx, server=False)
    tool.run("auth", "operator", "add", "OP")
    terminal = chosen(tool, 3)
    with_defaults(terminal, ("How many servers", ""), ("Enable JetStream", "n"), ("Allow accounts to be deleted", ""),
                  ("Most accounts", ""))
    matches(terminal.finish(), r"Wrote out/values.yaml\n\nInstall the servers by:")
    text = read(tool, "out", "values.yaml")
    matches(text, r"^# Values of .*\nconfig:\n  cluster:\n    enabled: true\n    replicas: 3\n  resolver:\n.*\n"
                  r"    operator: e\w+\.\w+\.[\w-]+\n    system_account: A\w{55}\n    resolver_preload:\n      A\w{55}: e\w+\.\w+\.[\w-]+\n$")


@case(105, "deviation")
def bundles_of_ones_own(ctx):
    """The original knows other functions and asks in other words."""
    tool = nats(ctx, server=False)
    tool.write("mine/bundle.yaml", BUNDLE)
    tool.write("mine/form.yaml", FORM)
    tool.write("mine/scaffold/a.conf", "{{ .name | quote }} {{ add .port 1 }} {{ .kind }}{{ if .extra }} {{ .extra.secret }}{{ end }}\n")
    tool.write("mine/scaffold/sub/b.conf", "{{ if eq .kind \"small\" }}small{{ end }}")
    for source in ("mine", "."):
        terminal = tool.terminal("server", "generate", "out", "--source", source)
        terminal.wait("A small form")
        terminal.answer("How it is called")
        terminal.wait("an answer is required")
        terminal.type("x\r")
        terminal.answer("Its port", "80")
        terminal.wait("80 does not fit: value > 1000")
        terminal.type("\r")
        terminal.answer("What it is")
        terminal.answer("Ask for more", "y")
        terminal.answer("A secret", "hush")
        end = terminal.finish()
        matches(end, r"Wrote out/a.conf\n\nStart out/x$")
        check("hush" not in end, end)
        eq(read(tool, "out", "a.conf"), '"x" 4223 large hush\n')
        # What is blank is not written.
        eq(os.listdir(tool.path("out")), ["a.conf"])
        tool.run("server", "generate", "out", code=1)
        os.remove(tool.path("out", "a.conf"))
        os.rmdir(tool.path("out"))
    eq(tool.error("server", "generate", "out", "--source", "mine"), "cannot prompt for user input without a terminal")
    matches(tool.error("server", "generate", "out", "--source", "https://example.net/bundle.zip"), "^bundles are not fetched from ")
    matches(tool.error("server", "generate", "out", "--source", "mine/scaffold"), "has no bundle.yaml")
    tool.write("mine/form.yaml", "properties: [{ name: a, type: array }]\n")
    eq(tool.error("server", "generate", "out", "--source", "mine"),
       'mine: form.yaml: property a: this tool knows no type "array"')
    tool.write("mine/form.yaml", "properties: []\n")
    tool.write("mine/scaffold/a.conf", "\n{{ unknownFunction }}\n")
    matches(tool.terminal("server", "generate", "out", "--source", "mine").finish(code=1),
            r'template: a\.conf:2: function "unknownFunction" not defined')
    check(not os.path.exists(tool.path("out")), "something was written")
