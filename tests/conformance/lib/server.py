"""Starting, observing and stopping a server under test."""

import atexit
import glob
import json
import os
import re
import shutil
import signal as signals
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from .check import PATIENCE, Failure, wait_until

# Seconds a server may take from exec to ready.
START_PATIENCE = 20.0
# Seconds between SIGTERM/SIGINT and SIGKILL when a test ends.
STOP_PATIENCE = 10.0

RELOADED = "Reloaded server configuration"
RELOAD_FAILED = "Failed to reload server configuration"

# Log lines that name a listener's address.
LISTENERS = (("nats", r"Listening for client connections on (\S+)"),
             ("monitoring", r"Starting http monitor on (\S+)"),
             ("cluster", r"Listening for route connections on (\S+)"),
             ("leafnodes", r"Listening for leafnode connections on (\S+)"),
             ("gateway", r"Listening for gateways connections on (\S+)"),
             ("websocket", r"Listening for websocket clients on (\S+)"),
             ("mqtt", r"Listening for MQTT clients on (\S+)"))

# An opener that ignores proxy settings of the environment.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


# Servers whose process may run; killed when the suite ends, however it ends.
LIVE = set()


def kill_all():
    """Kills every server that was started."""
    for server in list(LIVE):
        server.kill()


atexit.register(kill_all)


class StartFailed(Failure):
    """The process ended, or did not become ready in time. `log` is its output, `code` its exit code or None."""

    def __init__(self, message, log, code):
        super().__init__("%s; output:\n%s" % (message, log[-3000:]))
        self.log = log
        self.code = code


class ReloadFailed(Failure):
    """The server refused a reload. `line` is the log line."""

    def __init__(self, line):
        super().__init__(line)
        self.line = line


def run_binary(binary, *args, timeout=20.0, stdin=None, env=None, cwd=None):
    """Runs the binary to its end (`-t`, `--version`, ...): (exit code, stdout + stderr as text)."""
    done = subprocess.run([binary, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          input=stdin, timeout=timeout, env=env, cwd=cwd)
    return done.returncode, done.stdout.decode("utf-8", "replace")


class Server:
    """One server process with a directory of its own.

    `config`: text of the configuration file. Unless `listen`/`http` is False, lines that let the system
    choose a client port and a monitoring port on 127.0.0.1 are put in front.
    `args`: more command line arguments. `files`: {name: text or bytes} written next to the configuration
    (the process runs in that directory, so `include "name"` works). `debug`/`trace`: `-D`, `-V`.
    `config=None` starts without a configuration file.

    Attributes: `port`, `host`, `http_port` (None without monitoring), `ports` (the ports file as a dict:
    lists of URLs under "nats", "monitoring", "cluster", "websocket", "profile"; see `port_of`), `dir`, `config_path`, `process`, `pid`.
    """

    def __init__(self, binary, config="", args=(), listen=True, http=True, files=None, debug=False,
                 trace=False, env=None, ready=True, base_dir=None, start=True):
        self.binary = binary
        self.dir = tempfile.mkdtemp(prefix="server-", dir=base_dir)
        self.listen = listen
        self.with_http = http
        self.args = [str(arg) for arg in args]
        if debug:
            self.args.append("-D")
        if trace:
            self.args.append("-V")
        self.env = env
        self.config_path = None
        self.host = "127.0.0.1"
        self.port = None
        self.http_port = None
        self.ports = {}
        self.process = None
        self.log_path = os.path.join(self.dir, "server.log")
        for name, content in (files or {}).items():
            self.write_file(name, content)
        if config is not None:
            self.config_path = os.path.join(self.dir, "server.conf")
            self.write_config(config)
        else:
            if listen:
                self.args += ["-a", "127.0.0.1", "-p", "-1"]
            if http:
                self.args += ["-m", "-1"]
        if start:
            self.start(ready=ready)

    # -- files ------------------------------------------------------------------------------------------

    def path(self, name):
        """Absolute path of a file in the server's directory."""
        return os.path.join(self.dir, name)

    def write_file(self, name, content):
        """Writes a file into the server's directory; returns its path."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(content.encode() if isinstance(content, str) else content)
        return path

    def write_config(self, config):
        """Replaces the configuration file (with the same port lines in front as at the start)."""
        head = ""
        if self.listen:
            head += 'listen: "127.0.0.1:-1"\n'
        if self.with_http:
            head += 'http: "127.0.0.1:-1"\n'
        with open(self.config_path, "w", encoding="utf-8", newline="", errors="surrogateescape") as out:
            out.write(head + config)

    # -- life -------------------------------------------------------------------------------------------

    def start(self, ready=True):
        """Starts the process (again) and waits until it is ready."""
        ports_dir = os.path.join(self.dir, "ports")
        shutil.rmtree(ports_dir, ignore_errors=True)
        os.makedirs(ports_dir)
        self.ports = {}
        command = [self.binary]
        if self.config_path:
            command += ["-c", self.config_path]
        command += ["--ports_file_dir", ports_dir] + self.args
        with open(self.log_path, "ab") as log:
            self.start_mark = log.tell()
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            cwd=self.dir, env=self.env, start_new_session=True)
        LIVE.add(self)
        self.pid = self.process.pid
        self.started = time.monotonic()
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self, timeout=START_PATIENCE):
        """Waits for the ports file (or, without one, the `Server is ready` line) and learns the ports."""
        deadline = time.monotonic() + timeout
        ready_since = None
        while True:
            if self._read_ports_file():
                return
            if self.process.poll() is not None:
                raise StartFailed("the server ended with code %s" % self.process.returncode,
                                  self.log(self.start_mark), self.process.returncode)
            now = time.monotonic()
            if ready_since is None and "Server is ready" in self.log(self.start_mark):
                ready_since = now
            if ready_since is not None and now - ready_since > 1.0 and self._read_ports_from_log():
                return
            if now > deadline:
                raise StartFailed("the server is not ready", self.log(self.start_mark), None)
            time.sleep(0.01)

    def _read_ports_file(self):
        for path in glob.glob(os.path.join(self.dir, "ports", "*.ports")):
            try:
                with open(path, encoding="utf-8") as source:
                    ports = json.load(source)
            except (OSError, ValueError):
                return False
            self.ports = ports
            self._take_ports()
            return True
        return False

    def _read_ports_from_log(self):
        log = self.log(self.start_mark)
        for kind, pattern in LISTENERS:
            found = re.findall(pattern, log)
            if found and kind not in self.ports:
                self.ports[kind] = [found[-1] if "://" in found[-1] else "nats://" + found[-1]]
        self._take_ports()
        return self.port is not None

    def _take_ports(self):
        self.port = self._known_port("nats")
        self.http_port = self._known_port("monitoring")

    def _known_port(self, kind):
        urls = self.ports.get(kind)
        return int(urls[0].rsplit(":", 1)[1]) if urls else None

    def port_of(self, kind):
        """Port of a listener: "nats", "monitoring", "cluster", "gateway", "leafnodes", "websocket", "mqtt"; None
        when there is none. Taken from the ports file, and for what it lacks from the log."""
        if kind not in self.ports:
            self._read_ports_from_log()
        return self._known_port(kind)

    @property
    def address(self):
        """`host:port` of the client port."""
        return "%s:%d" % (self.host, self.port)

    def alive(self):
        """True while the process runs."""
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        """Sends a signal to the process."""
        self.process.send_signal(number)

    def wait_exit(self, timeout=PATIENCE):
        """Waits for the process to end; returns its exit code."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure("the server did not end within %.1f s" % timeout) from None

    def stop(self, number=signals.SIGTERM, timeout=STOP_PATIENCE):
        """Signals the process and waits; kills it when it takes too long. Returns the exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode

    def kill(self):
        """SIGKILL, without grace."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        LIVE.discard(self)

    def discard(self):
        """Kills the process and removes its directory."""
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def reload(self, config=None, check=True, timeout=PATIENCE):
        """Replaces the configuration (if given), sends SIGHUP and waits for the outcome in the log.

        Returns the log line; raises ReloadFailed when the server refused and `check` is true.
        """
        if config is not None:
            self.write_config(config)
        mark = self.mark()
        self.signal(signals.SIGHUP)
        line = self.wait_log("%s|%s" % (RELOADED, RELOAD_FAILED), since=mark, timeout=timeout)
        if check and RELOAD_FAILED in line:
            raise ReloadFailed(line)
        return line

    # -- log --------------------------------------------------------------------------------------------

    def mark(self):
        """A position in the log, for `since=`."""
        try:
            return os.path.getsize(self.log_path)
        except OSError:
            return 0

    def log(self, since=0):
        """The log's text from a mark on."""
        try:
            with open(self.log_path, "rb") as source:
                source.seek(since)
                return source.read().decode("utf-8", "replace")
        except OSError:
            return ""

    def log_lines(self, pattern="", since=0):
        """Complete log lines that contain the regular expression."""
        lines = self.log(since).split("\n")[:-1]
        return [line for line in lines if re.search(pattern, line)]

    def wait_log(self, pattern, timeout=PATIENCE, since=0, count=1):
        """Waits until `count` complete log lines contain the regular expression; returns the last of them."""
        return wait_until(lambda: self.log_lines(pattern, since)[count - 1:], timeout=timeout,
                          what=lambda: "log line %r; log:\n%s" % (pattern, self.log(since)[-3000:]))[0]

    # -- monitoring -------------------------------------------------------------------------------------

    def http(self, path, timeout=PATIENCE, headers=None, method=None, context=None):
        """HTTP request to the monitoring port: (status, headers, body bytes)."""
        scheme = "https" if self.ports["monitoring"][0].startswith("https:") else "http"
        url = "%s://%s:%d%s" % (scheme, self.host, self.http_port, path)
        request = urllib.request.Request(url, headers=headers or {}, method=method)
        opener = OPENER
        if context is not None:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                                 urllib.request.HTTPSHandler(context=context))
        try:
            with opener.open(request, timeout=timeout) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def get(self, path, **params):
        """JSON of a monitoring page; `params` become the query (True -> "1")."""
        if params:
            query = {key: "1" if value is True else value for key, value in params.items()}
            path += "?" + urllib.parse.urlencode(query)
        status, _, body = self.http(path)
        if status != 200:
            raise Failure("%s: status %d: %r" % (path, status, body[:300]))
        return json.loads(body)

    def varz(self):
        """`/varz` as a dict."""
        return self.get("/varz")

    def connz(self, **params):
        """`/connz` as a dict."""
        return self.get("/connz", **params)

    def connection(self, cid, **params):
        """The `/connz` entry of an open connection, or None."""
        for entry in self.connz(cid=cid, **params)["connections"]:
            if entry["cid"] == cid:
                return entry
        return None

    def closed(self, cid, timeout=PATIENCE):
        """Waits for the connection to appear among the closed ones; returns its `/connz` entry."""
        def find():
            for entry in self.connz(state="closed", limit=10000)["connections"]:
                if entry["cid"] == cid:
                    return entry
            return None
        return wait_until(find, "connection %d among the closed ones" % cid, timeout)

    def close_reason(self, cid, timeout=PATIENCE):
        """The `reason` of a closed connection (waits for it)."""
        return self.closed(cid, timeout)["reason"]

    # -- process ----------------------------------------------------------------------------------------

    def rss(self):
        """Resident memory in bytes."""
        with open("/proc/%d/status" % self.pid, encoding="ascii") as source:
            for line in source:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        raise Failure("no VmRSS")

    def descriptors(self):
        """Number of open file descriptors."""
        return len(os.listdir("/proc/%d/fd" % self.pid))
