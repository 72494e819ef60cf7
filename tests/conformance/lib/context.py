"""What a test gets as its argument: servers, clients, certificates, and their clean-up."""

import itertools
import os
import threading
import time

from .check import Skip, poll
from .client import Client
from .server import Server, run_binary
from .tls import Certs

# Idle shared servers kept for later tests; the longest idle one is stopped beyond this.
IDLE_SERVERS = 10
# Seconds the connections of a finished test may take to go away before its shared server is given up.
IDLE_PATIENCE = 3.0


class Pool:
    """Servers that tests with the same configuration use one after the other (never at the same time)."""

    def __init__(self, base_dir):
        self.base_dir = base_dir
        self._lock = threading.Lock()
        self._idle = []

    def take(self, key, make):
        """An idle server of this key, or a new one."""
        with self._lock:
            for index, (other, server) in enumerate(self._idle):
                if other == key:
                    del self._idle[index]
                    if server.alive():
                        return server
                    server.discard()
                    break
        return make()

    def give(self, key, server):
        """Returns a server that a test no longer uses."""
        if not server.alive() or not self._calm(server):
            server.discard()
            return
        surplus = None
        with self._lock:
            self._idle.append((key, server))
            if len(self._idle) > IDLE_SERVERS:
                surplus = self._idle.pop(0)[1]
        if surplus:
            surplus.discard()

    @staticmethod
    def _calm(server):
        """True once no client of the last test is connected any more."""
        try:
            return poll(lambda: server.varz()["connections"] == 0, IDLE_PATIENCE)
        except Exception:
            return False

    def close(self):
        """Stops all idle servers."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, server in idle:
            server.discard()


class Context:
    """Given to each test function.

    `binary`: the server under test. `peer`: the reference binary, or None. `is_peer`: the server under test
    is the reference itself. `certs`: certificates of this run. `dir`: a directory of this run for files.
    """

    _numbers = itertools.count(1)

    def __init__(self, run, name=""):
        self.run = run
        self.name = name
        self.binary = run.binary
        self.peer = run.peer
        self.is_peer = run.is_peer
        self.certs = run.certs
        self.dir = run.dir
        self._servers = []
        self._borrowed = []
        self._clients = []
        self._callbacks = []

    # -- servers ----------------------------------------------------------------------------------------

    def start(self, config="", binary=None, **options):
        """A server of this test alone (see Server for the options); killed when the test ends."""
        server = Server(binary or self.binary, config, base_dir=self.dir, start=False, **_without(options, "ready"))
        self._servers.append(server)
        server.start(ready=options.get("ready", True))
        return server

    def shared(self, config="", **options):
        """A server with this configuration that earlier tests may have used and later ones may use.

        The test must leave it as it was: connections are closed and counters go on; do not reload,
        signal or stop it. Monitoring is always on."""
        key = (config, repr(sorted(options.items())))
        server = self.run.pool.take(key, lambda: Server(self.binary, config, base_dir=self.dir, **options))
        self._borrowed.append((key, server))
        return server

    def check_config(self, config, *args, files=None, binary=None):
        """`-t` on a configuration text: (exit code, output)."""
        folder = os.path.join(self.dir, "check-%d" % next(self._numbers))
        os.makedirs(folder)
        for name, content in (files or {}).items():
            with open(os.path.join(folder, name), "wb") as out:
                out.write(content.encode() if isinstance(content, str) else content)
        path = os.path.join(folder, "server.conf")
        with open(path, "w", encoding="utf-8", newline="", errors="surrogateescape") as out:
            out.write(config)
        return run_binary(binary or self.binary, "-c", path, "-t", *args, cwd=folder)

    # -- clients ----------------------------------------------------------------------------------------

    def raw(self, server, **options):
        """A connection whose INFO has been read and which has sent nothing. `port=` for other ports."""
        options = dict(options)
        client = Client(options.pop("host", server.host), options.pop("port", server.port), **options)
        self._clients.append(client)
        return client

    def client(self, server, raw=None, **options):
        """A connection that has done CONNECT (verbose and pedantic off) + PING/PONG. `options` are CONNECT
        options; `raw` is a dict of options for the connection itself (see Client)."""
        return self.raw(server, **(raw or {})).connect(**options)

    # -- the rest ---------------------------------------------------------------------------------------

    def skip(self, reason):
        """Ends the test as skipped."""
        raise Skip(reason)

    def later(self, callback):
        """Calls `callback` when the test ends, whatever its outcome."""
        self._callbacks.append(callback)

    def kill_servers(self):
        """Ends everything a hanging test waits for."""
        for server in self._servers + [server for _, server in self._borrowed]:
            server.kill()

    def finish(self, failed):
        """Cleans up; returns the ends of the servers' logs when the test failed."""
        for callback in reversed(self._callbacks):
            try:
                callback()
            except Exception:
                pass
        for client in self._clients:
            client.close()
        logs = []
        if failed:
            for server in self._servers + [server for _, server in self._borrowed]:
                logs.append("log of %s:\n%s" % (server.dir, server.log()[-4000:]))
        for server in self._servers:
            server.discard()
        for key, server in self._borrowed:
            if failed:
                server.discard()
            else:
                self.run.pool.give(key, server)
        return logs


def _without(options, key):
    return {name: value for name, value in options.items() if name != key}


class Run:
    """State of one run of the suite."""

    def __init__(self, binary, peer, directory):
        self.binary = binary
        self.peer = peer
        self.dir = directory
        self.is_peer = is_go_binary(binary)
        self.pool = Pool(directory)
        self.certs = Certs(os.path.join(directory, "certs"))
        self.started = time.monotonic()


def is_go_binary(path):
    """True for a binary built by the Go tool chain, that is: the reference server."""
    marker = b"\xff Go buildinf:"
    try:
        with open(path, "rb") as source:
            tail = b""
            while True:
                block = source.read(1 << 20)
                if not block:
                    return False
                if marker in tail + block:
                    return True
                tail = block[-len(marker):]
    except OSError:
        return False
