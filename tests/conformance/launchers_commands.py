"""The command lines and generated files of test suites: client-conventions.md 14.1 and 14.5, item 67."""

import json
import os
import signal

from lib import *
from lib.process import folder, free_ports, http, read, run, spawn, valid

SHEET = "client_conventions"


def works(server, path=None, **options):
    """The server takes a client with these CONNECT options."""
    client = Client("127.0.0.1", server.port(path))
    client.connect(**options)
    client.close()


class Monitored:
    """Just enough of a server for `http`."""

    def __init__(self, port):
        self.host = "127.0.0.1"
        self.http_port = port


@test(SHEET, 67)
def nst_of_nats_js(ctx):
    path = folder(ctx)
    os.makedirs(os.path.join(path, "ports"))
    config = ("host 127.0.0.1\nport -1\nhttp \"127.0.0.1:-1\"\nports_file_dir \"%s\"\ndebug true\n"
              "authorization {\n  users [\n    {\n      user me\n      password s3cret\n      permissions {\n"
              "        publish {\n          allow [\n            foo.>\n            _INBOX.>\n          ]\n        }\n"
              "        subscribe \">\"\n      }\n    }\n  ]\n}\n" % os.path.join(path, "ports"))
    with open(os.path.join(path, "nats-server_abc.conf"), "w", encoding="utf-8") as out:
        out.write(config)
    server = spawn(ctx, "-c", os.path.join(path, "nats-server_abc.conf"), cwd=path)
    name = os.path.join(path, "ports", "%s_%d.ports" % (os.path.basename(ctx.binary), server.pid))
    ports = json.loads(wait_until(lambda: read(name) if read(name).endswith("}") else None, "ports file", timeout=5))
    host, port = ports["nats"][0][len("nats://"):].rsplit(":", 1)
    client = Client(host, int(port))
    client.connect(user="me", **{"pass": "s3cret"})
    client.pub("bar", "x")
    client.expect_err('Permissions Violation for Publish to "bar"')
    client.close()
    monitor = Monitored(int(ports["monitoring"][0].rsplit(":", 1)[1]))
    for page in ("/varz", "/connz?subs=true&cid=%d" % client.cid, "/connz?subs=detail", "/leafz"):
        eq(http(monitor, page)[0], 200, page)


@test(SHEET, 67)
def python_server_runner(ctx):
    for args in (("--addr", "127.0.0.1", "--port", "-1"), ("--addr", "127.0.0.1", "--port", "-1", "--debug"),
                 ("--addr", "127.0.0.1", "--port", "-1", "--server_name", "joe")):
        server = spawn(ctx, *args)
        works(server)
        for pattern in (r"Listening for client connections on (.+):(\d+)", r"\[INF\]\s+(.*)", r"Server is ready"):
            server.wait_err(pattern)
        server.signal(signal.SIGTERM)
        eq(server.wait(5), 0)
    path = folder(ctx, {"c.conf": 'listen: "127.0.0.1:-1"\n'})
    works(spawn(ctx, "--config", "c.conf", cwd=path))
    path = folder(ctx, {"c.conf": "port: [\n"})
    outcome = run(ctx.binary, "--config", "c.conf", cwd=path)
    check(outcome.code == 1 and "Parse error" in outcome.err, repr(outcome))


@test(SHEET, 67, needs="jetstream")
def python_server_runner_with_jetstream(ctx):
    server = spawn(ctx, "--addr", "127.0.0.1", "--port", "-1", "--jetstream", "--store_dir", "js")
    works(server)
    check(os.path.isdir(server.path("js/jetstream")), "store directory")


@test(SHEET, 67, needs="cluster")
def python_server_runner_with_a_cluster(ctx):
    ports = free_ports(2)
    urls = ["nats://127.0.0.1:%d" % port for port in ports]
    servers = [spawn(ctx, "--addr", "127.0.0.1", "--port", "-1", "--cluster", url, "--cluster_name", "c", "--routes",
                     ",".join(urls), "--server_name", "n%d" % number) for number, url in enumerate(urls)]
    for server in servers:
        server.wait_err("Route connection created")


@test(SHEET, 67)
def nats_py_unit_tests(ctx):
    for args, options in (((), {}), (("--user", "foo", "--pass", "bar"), {"user": "foo", "pass": "bar"}),
                          (("--auth", "s3cr3t"), {"auth_token": "s3cr3t"}), (("-DV",), {})):
        port, monitor = free_ports(2)
        server = spawn(ctx, "-p", port, "-m", monitor, "-a", "127.0.0.1", *args)

        def ready():
            try:
                return http(Monitored(monitor), "/varz")[0] == 200
            except OSError:
                server.process.poll()
                check(server.process.returncode is None, server.err())
                return False

        wait_until(ready, "/varz", timeout=10, every=0.1)
        server.wait_err("Server is ready")
        client = Client("127.0.0.1", port)
        client.connect(**options)
        entry = json.loads(http(Monitored(monitor), "/connz")[2])["connections"][0]
        for key in ("subscriptions", "in_msgs", "out_msgs", "in_bytes", "out_bytes"):
            check(key in entry, key)
        client.close()


@test(SHEET, 67, needs="tls")
def nats_py_unit_tests_with_tls(ctx):
    certs = ctx.certs
    server = spawn(ctx, "-p", "-1", "-a", "127.0.0.1", "--tls", "--tlscert", certs.server_cert, "--tlskey", certs.server_key,
                   "--tlsverify", "--tlscacert", certs.ca)
    client = Client("127.0.0.1", server.port(), tls=certs.context(client=True))
    check(client.info["tls_required"] and client.info["tls_verify"], "INFO")
    client.connect()
    client.close()


@test(SHEET, 67, needs="jetstream")
def nats_py_unit_tests_with_jetstream(ctx):
    server = spawn(ctx, "-p", "-1", "-a", "127.0.0.1", "-js", "-sd=js")
    works(server)
    check(os.path.isdir(server.path("js/jetstream")), "store directory")


@test(SHEET, 67, needs="cluster")
def nats_py_unit_tests_with_a_cluster(ctx):
    ports = free_ports(2)
    urls = ["nats://127.0.0.1:%d" % port for port in ports]
    servers = [spawn(ctx, "-p", "-1", "-a", "127.0.0.1", "--cluster_listen", url, "--routes", ",".join(urls),
                     "--cluster_name", "CLUSTER") for url in urls]
    for server in servers:
        server.wait_err("Route connection created")


@test(SHEET, 67)
def rust_server_crate(ctx):
    path = folder(ctx, {"c.conf": "host: 127.0.0.1\n"})
    server = spawn(ctx, "--store_dir", "js", "-p", "-1", "-l", "nats.log", "-P", "nats.pid", "-c", "c.conf", cwd=path)
    log = server.path("nats.log")
    found = server.wait_err(r".+\sclient connections on\s+(\S+)", path=log)
    server.wait_err("Server is ready", path=log)
    eq(int(read(server.path("nats.pid"))), server.pid, "pid file")
    host, port = found.group(1).replace("0.0.0.0", "localhost").rsplit(":", 1)
    client = Client(host, int(port))
    check("port" in client.info, "INFO")
    client.close()


@test(SHEET, 67)
def nats_c_test_suite(ctx):
    port, = free_ports(1)
    for args, options in (((), {}), (("-user", "u", "-pass", "p"), {"user": "u", "pass": "p"}),
                          (("-auth", "t"), {"auth_token": "t"}), (("--user", "u", "--pass", "p"), {"user": "u", "pass": "p"}),
                          (("-DV",), {}), (("-server_name", "joe"), {})):
        server = spawn(ctx, "-p", port, *args, "-a", "127.0.0.1", "-l", "server.log")
        works(server, server.path("server.log"), **options)
        server.signal(signal.SIGINT)
        eq(server.wait(), 0)
        check(read(server.path("server.log")).endswith("Server Exiting..\n"), "the log is complete")
    path = folder(ctx, {"c.conf": "authorization { user: u, password: p }\n"})
    for flag in ("-config", "-c"):
        server = spawn(ctx, flag, "c.conf", "-p", port, "-a", "127.0.0.1", "-l", "server.log", cwd=path)
        works(server, server.path("server.log"), user="u", **{"pass": "p"})
        server.kill()
        os.unlink(server.path("server.log"))


@test(SHEET, 67, needs="tls")
def nats_c_test_suite_with_tls(ctx):
    certs = ctx.certs
    server = spawn(ctx, "-p", "-1", "-a", "127.0.0.1", "-tls", "-tlscert", certs.server_cert, "-tlskey", certs.server_key,
                   "-tlscacert", certs.ca)
    client = Client("127.0.0.1", server.port(), tls=certs.context())
    client.connect()
    client.close()


@test(SHEET, 67, needs="cluster")
def nats_c_test_suite_with_a_cluster(ctx):
    ports = free_ports(2)
    servers = [spawn(ctx, "-p", "-1", "-a", "127.0.0.1", "-cluster", "nats-route://127.0.0.1:%d" % own, "-cluster_name", "abc",
                     "-routes", "nats-route://127.0.0.1:%d" % other) for own, other in (ports, ports[::-1])]
    for server in servers:
        server.wait_err("Route connection created")


@test(SHEET, 67, needs=("jetstream", "cluster"))
def java_runner(ctx):
    ports = free_ports(4)
    store = folder(ctx)
    path = folder(ctx, {"c.conf": "port: %d\nnet: 127.0.0.1\njetstream {\n  store_dir=%s\n}\nserver_name=srv0\ncluster {\n"
                                  "  name: clstr\n  listen: 127.0.0.1:%d\n  routes: [\n    nats-route://127.0.0.1:%d\n  ]\n}\n"
                                  % (ports[0], store, ports[1], ports[2])})
    server = spawn(ctx, "--config", "c.conf", "-js", "-DV", cwd=path)
    works(server)


@test(SHEET, 67)
def java_runner_plain(ctx):
    port, = free_ports(1)
    path = folder(ctx, {"c.conf": "port: %d\nnet=127.0.0.1\nserver_name=srv0\nmax_payload: 1MB\n"
                                  "authorization {\n  user: u\n  password=p\n}\n" % port})
    for flag in ("-DV", "-D", "-V", "-VV", "-DVV"):
        server = spawn(ctx, "--config", "c.conf", flag, cwd=path)
        works(server, user="u", **{"pass": "p"})
        server.signal(signal.SIGTERM)
        eq(server.wait(), 0, flag)
    matches(run(ctx.binary, "--version", cwd=path).out.split("\n")[0], r"^nats-server: v\d+\.\d+\.\d+$")
    server = spawn(ctx, "--port", port, "-a", "127.0.0.1")
    works(server)


@test(SHEET, 67)
def dotnet_process_manager(ctx):
    path = folder(ctx, {"c.conf": '{ "max_payload": 4567, "authorization": { "token": "t" } }\n'})
    for args, options in (((), {}), (("-c", "c.conf"), {"auth_token": "t"})):
        server = spawn(ctx, *args, "-a", "127.0.0.1", "-p", "-1", "-m", "-1", "--ports_file_dir", path, cwd=path)
        name = os.path.join(path, "%s_%d.ports" % (os.path.basename(ctx.binary), server.pid))
        ports = json.loads(wait_until(lambda: read(name) if read(name).endswith("}") else None, "ports file"))
        eq(http(Monitored(int(ports["monitoring"][0].rsplit(":", 1)[1])), "/healthz")[0], 200)
        client = Client("127.0.0.1", int(ports["nats"][0].rsplit(":", 1)[1]))
        client.connect(**options)
        eq(client.info["max_payload"], 4567 if args else 1048576)
        client.close()
        server.kill()


@test(SHEET, 67, needs="jetstream")
def dotnet_process_manager_with_jetstream(ctx):
    server = spawn(ctx, "-a", "127.0.0.1", "-p", "-1", "-m", "-1", "-js", "-sd", "js", "--ports_file_dir", ".")
    works(server)


@test(SHEET, 67)
def flags_around_the_configuration(ctx):
    path = folder(ctx, {"c.conf": "host: 127.0.0.1\nport: 1\nmax_payload: 5000\n"})
    for args in (("-p", "-1", "-c", "c.conf"), ("-c", "c.conf", "-p", "-1"), ("-c=c.conf", "-p=-1"),
                 ("--config=c.conf", "--port=-1"), ("-config", "c.conf", "-port", "-1")):
        server = spawn(ctx, *args, cwd=path)
        client = Client("127.0.0.1", server.port())
        eq(client.info["max_payload"], 5000, repr(args))
        client.close()
        server.kill()


@test(SHEET, 67)
def configuration_keys_of_the_suites(ctx):
    """Section 14.5: keys that generated files use are known."""
    valid(ctx, """
host: 127.0.0.1
net: "127.0.0.1"
port: -1
http: "127.0.0.1:-1"
server_name: a
server_tags: [a, b]
ports_file_dir: /tmp
debug: false
trace: false
max_payload: 1048576
max_subscriptions: 10
lame_duck_duration: "30s"
lame_duck_grace_period: "1s"
ping_interval: "10s"
ping_max: 2
write_deadline: "2s"
no_auth_user: a
system_account: SYS
allow_non_tls: false
authorization {
  timeout: 2
}
accounts {
  SYS {}
  A {
    jetstream { max_mem: 1, max_file: 1, max_streams: 1, max_consumers: 1, max_ack_pending: 1, memory_max_stream_bytes: 1
      store_max_stream_bytes: 1, max_stream_bytes: true }
    users: [ { user: a, password: "1234" } ]
    exports: [ { service: q } ]
  }
  B {
    users [
      {
        user b
        password b
      }
    ]
    imports: [ { service: { account: A, subject: q } } ]
  }
}
cluster { name: c, listen: "127.0.0.1:-1", routes: [ nats-route://127.0.0.1:1 ] }
leafnodes { listen: "127.0.0.1:-1", remotes: [ { url: "nats://127.0.0.1:1", account: A } ] }
websocket { port: -1, no_tls: true }
jetstream { store_dir: "/tmp/x", max_file_store: 1G, max_mem_store: 1G, domain: d, max_buffered_msgs: 1
  max_buffered_size: 1, strict: true }
tls { cert_file: "%s", key_file: "%s", ca_file: "%s", verify: true, verify_and_map: true, timeout: 3,
  handshake_first: true }
""" % (ctx.certs.server_cert, ctx.certs.server_key, ctx.certs.ca))
