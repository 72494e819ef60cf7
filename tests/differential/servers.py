"""The reference and the server under test, side by side."""

import os
import shutil
import sys
import tempfile
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
from lib.server import Server  # noqa: E402

# Seconds for an answer of the monitoring port: a server may be stopped for a while.
PATIENCE = 900
# Kinds of accounts, and how many of each a pair of servers has.
KINDS = {
    "plain": ("jetstream: enabled", 40),
    "small": ("jetstream { max_mem: 1500, max_file: 2500, max_streams: 2, max_consumers: 3, max_ack_pending: 5 }", 16),
    "strict": ("jetstream { max_mem: 3000, max_file: 3000, max_bytes_required: true, mem_max_stream_bytes: 1000, disk_max_stream_bytes: 1500 }", 8),
}
# More of the `jetstream` block.
EXTRA = {
    "": "",
    "limits": 'limits { max_ack_pending: 8, max_request_batch: 4, duplicate_window: "30s" }',
    "lax": "strict: false",
    "domain": "domain: dom",
}


def config(extra):
    """The configuration of both servers."""
    accounts = []
    for kind, (text, count) in KINDS.items():
        for i in range(count):
            accounts.append("%s%d { %s, users: [{user: %s%d, password: p}] }" % (kind, i, text, kind, i))
    return ('server_name: diff\njetstream { store_dir: "js", max_mem: 256MB, max_file: 1GB\n%s }\naccounts {\n%s\n}\n'
            % (EXTRA[extra], "\n".join(accounts)))


class Pair:
    """The peer (index 0) and the server under test (index 1), started alike. Accounts are used once."""

    def __init__(self, peer, mine, extra=""):
        self.binaries = (peer, mine)
        self.extra = extra
        self.dir = None
        self.anew()

    def anew(self):
        """Starts both again, with nothing stored."""
        self.stop()
        self.dir = tempfile.mkdtemp(prefix="differential-")
        self.servers = [Server(binary, config(self.extra), base_dir=self.dir) for binary in self.binaries]
        self.free = {kind: list(range(count)) for kind, (_, count) in KINDS.items()}

    def account(self, kind):
        """The name of an account that was not used before, which is that of its user, too."""
        if not self.free[kind]:
            self.anew()
        return "%s%d" % (kind, self.free[kind].pop(0))

    def restart(self):
        """Stops both, and starts them again."""
        for server in self.servers:
            server.stop()
            server.start()

    def http(self, path):
        """What the monitoring ports answer: status and body in one text."""
        out = []
        for server in self.servers:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            try:
                with opener.open("http://127.0.0.1:%d%s" % (server.http_port, path), timeout=PATIENCE) as answer:
                    out.append("%d %s" % (answer.status, answer.read().decode()))
            except urllib.error.HTTPError as error:
                out.append("%d %s" % (error.code, error.read().decode()))
        return out

    def logs(self):
        """The last lines of both logs."""
        out = []
        for server in self.servers:
            with open(server.log_path, errors="replace") as log:
                out.append("   log of %s:\n%s" % (server.binary, log.read()[-1500:]))
        return out

    def stop(self):
        """Kills both; their directories go."""
        if self.dir:
            for server in self.servers:
                server.kill()
            shutil.rmtree(self.dir, ignore_errors=True)
            self.dir = None
