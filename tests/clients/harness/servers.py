"""Servers of one suite: started on first use from a template in configs/, stopped at the end."""

import os
import re
import signal
import subprocess
import time

from . import processes

CONFIGS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "configs")
# Servers that a user starts by arguments alone; all others have a template.
ARGUMENTS = {"introduction_js": ["-js"]}
LISTENING = re.compile(r"Listening for client connections on .*:(\d+)")
READY = "Server is ready"
PORT_IN_USE = "address already in use"
RELOADED = "Reloaded server configuration"

# Seconds.
START_LIMIT = 10
STOP_LIMIT = 10
RELOAD_LIMIT = 10
# How long to wait for a port that somebody else has: a restarted server's, or 4222.
PORT_LIMIT = 20
POLL = 0.01


class ServerFailed(Exception):
    """The server did not do what it was asked; the text has the end of its log."""


class Server:
    """One nats-server process and the files it lives from."""

    def __init__(self, binary, template, directory, values):
        self._binary = binary
        self._dir = directory
        self._values = dict(values, HOME=directory)
        # Nothing of a server leaves its directory, wherever it keeps its store by default.
        self._environment = dict(os.environ, HOME=directory, TMPDIR=directory)
        self._config = os.path.join(directory, "server.conf")
        self._log = os.path.join(directory, "server.log")
        self._process = None
        self._log_start = 0
        self._port = "-1"
        self._template = template
        os.makedirs(directory, exist_ok=True)
        self.start()

    @property
    def address(self):
        return "127.0.0.1:%s" % self._port

    def _arguments(self):
        """What the binary is started with."""
        if self._template in ARGUMENTS:
            return ARGUMENTS[self._template]
        self._render(self._template)
        return ["-c", self._config]

    def _render(self, template):
        try:
            with open(os.path.join(CONFIGS, template + ".conf"), encoding="utf-8") as source:
                text = source.read()
        except FileNotFoundError:
            raise ServerFailed("no template configs/%s.conf" % template) from None
        values = dict(self._values, PORT=self._port)
        text = re.sub(r"@([A-Z_]+)@", lambda name: values[name.group(1)], text)
        with open(self._config, "w", encoding="utf-8") as out:
            out.write(text)

    def _log_text(self):
        with open(self._log, encoding="utf-8", errors="replace") as log:
            log.seek(self._log_start)
            return log.read()

    def _failed(self, what):
        lines = self._log_text().strip().splitlines()
        return ServerFailed("%s: %s" % (what, " | ".join(lines[-3:]) or "nothing in the log"))

    def _launch(self):
        """Starts the process and waits for the port it has. False: the port is taken."""
        arguments = self._arguments()
        self._log_start = os.path.getsize(self._log) if os.path.exists(self._log) else 0
        with open(self._log, "ab") as log:
            self._process = processes.start([self._binary, *arguments], cwd=self._dir, env=self._environment,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            ended = self._process.poll() is not None
            text = self._log_text()
            if ended:
                if PORT_IN_USE in text:
                    return False
                raise self._failed("the server ended with code %s at its start" % self._process.returncode)
            listening = LISTENING.search(text)
            if listening and READY in text:
                self._port = listening.group(1)
                return True
            time.sleep(POLL)
        self.kill()
        raise self._failed("the server was not ready within %d s" % START_LIMIT)

    def start(self):
        """Starts on a port of the system's choice, later on the same one again."""
        deadline = time.monotonic() + PORT_LIMIT
        while not self._launch():
            if time.monotonic() > deadline:
                raise ServerFailed("the port of %s stayed taken for %d s" % (self._config, PORT_LIMIT))
            time.sleep(0.2)

    def stop(self):
        """SIGTERM, and waits for the end."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.kill()
            raise self._failed("the server did not end within %d s of SIGTERM" % STOP_LIMIT) from None

    def kill(self):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def reload(self, template):
        """Puts another template in place of the present one and sends SIGHUP."""
        self._render(template)
        seen = self._log_text().count(RELOADED)
        self._process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + RELOAD_LIMIT
        while self._log_text().count(RELOADED) == seen:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise self._failed("no reload within %d s of SIGHUP" % RELOAD_LIMIT)
            time.sleep(POLL)

    def lame_duck(self):
        self._process.send_signal(signal.SIGUSR2)


class Servers:
    """The servers of a suite by name: `<template>` or `<template>:<anything>` for one of its own."""

    def __init__(self, binary, directory, values):
        self._binary = binary
        self._dir = directory
        self._values = values
        self._running = {}

    def _get(self, name):
        if name not in self._running:
            directory = os.path.join(self._dir, name.replace(":", "-"))
            self._running[name] = Server(self._binary, name.split(":")[0], directory, self._values)
        return self._running[name]

    def obey(self, verb, name, *arguments):
        """Does what a suite asked for; the answer's text. ServerFailed when it cannot be done."""
        if verb == "server":
            return self._get(name).address
        server = self._get(name)
        if verb == "restart":
            server.stop()
            server.start()
        elif verb == "kill":
            server.kill()
            server.start()
        elif verb == "reload":
            server.reload(*arguments)
        elif verb == "lame_duck":
            server.lame_duck()
        elif verb == "stop":
            server.stop()
            del self._running[name]
        else:
            raise ServerFailed("unknown request %s" % verb)
        return server.address

    def close(self):
        for server in self._running.values():
            server.kill()
        self._running = {}
