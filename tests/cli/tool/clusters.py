"""Three servers that are one JetStream cluster."""

from lib.check import wait_until
from lib.process import free_ports

CONFIG = """
server_name: n%(number)d
%(tags)s
jetstream { store_dir: "js", max_mem: 64MB, max_file: 1GB }
cluster { name: c, listen: "127.0.0.1:%(port)d", routes: [ %(routes)s ] }
accounts {
    SYS { users: [ { user: sys, password: sys } ] }
    APP { jetstream: enabled, users: [ { user: app, password: app } ] }
}
system_account: SYS
no_auth_user: app
"""


def cluster(ctx, size=3, tags=False):
    """Servers n1, n2, ... that have elected their meta leader; with `tags` they are tagged n:1, n:2, ..."""
    ports = free_ports(size)
    routes = ", ".join('"nats://127.0.0.1:%d"' % port for port in ports)
    servers = [ctx.start(CONFIG % {"number": number, "port": port, "routes": routes,
                                    "tags": 'server_tags: ["n:%d"]' % number if tags else ""})
               for number, port in enumerate(ports, 1)]

    def ready():
        for server in servers:
            meta = server.get("/jsz").get("meta_cluster") or {}
            if not meta.get("leader") or meta.get("cluster_size") != size:
                return False
            if server.http("/healthz")[0] != 200:
                return False
        return True
    wait_until(ready, "a meta leader", timeout=30.0, every=0.1)
    return servers
