"""Where each suite's client library comes from: built once under the cache, outside the clone."""

import fcntl
import glob
import hashlib
import os
import platform
import shutil
import subprocess
import sys

CLIENTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COMPLETE = ".complete"
# Background work on a machine that others use too.
NICE = ["nice", "-n", "5"]


class Unavailable(Exception):
    """An environment cannot be made here; the text says what to install."""


def cache_root():
    chosen = os.environ.get("MIDGE_TEST_CACHE") or os.path.join(os.path.expanduser("~"), ".cache", "midge-tests")
    return os.path.abspath(chosen)


def run(command, directory=None, environment=None):
    """Runs a command to its end; Unavailable with the end of its output when it fails."""
    try:
        done = subprocess.run(command, cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except FileNotFoundError:
        raise Unavailable("there is no command '%s'" % command[0]) from None
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        raise Unavailable("'%s' failed: %s" % (" ".join(command), " | ".join(text.strip().splitlines()[-5:])))
    return text


def apt_install(*packages):
    """Installs Debian packages when this is root on Debian; else Unavailable."""
    wish = "apt-get install -y %s" % " ".join(packages)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Unavailable("please run as root: %s" % wish)
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    try:
        run(command, environment=environment)
    except Unavailable:
        run(["apt-get", "update", "-q"], environment=environment)
        run(command, environment=environment)


def need_command(name, package):
    if not shutil.which(name):
        apt_install(package)


def fingerprint(*parts):
    """A short hash over texts and the contents of files (absolute paths)."""
    digest = hashlib.sha256()
    for part in parts:
        if os.path.isabs(part):
            with open(part, "rb") as source:
                digest.update(source.read())
        else:
            digest.update(part.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def cached(name, key, build):
    """The directory <cache>/<name>-<key>, filled by `build(directory)` the first time. Safe for runs in parallel."""
    root = cache_root()
    os.makedirs(root, exist_ok=True)
    directory = os.path.join(root, "%s-%s" % (name, key))
    with open(directory + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(directory, COMPLETE)):
            shutil.rmtree(directory, ignore_errors=True)
            os.makedirs(directory)
            print("preparing %s in %s" % (name, directory), flush=True)
            build(directory)
            open(os.path.join(directory, COMPLETE), "w").close()
    return directory


def sources(folder, *patterns):
    found = [path for pattern in patterns for path in glob.glob(os.path.join(CLIENTS, folder, pattern))]
    return sorted(found)


def node_modules(folder):
    """The path of node_modules as package-lock.json of the folder says."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise Unavailable("node and npm are needed (Node 20 or newer)")
    lock = [os.path.join(CLIENTS, folder, name) for name in ("package.json", "package-lock.json")]

    def build(directory):
        for path in lock:
            shutil.copy(path, directory)
        run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], directory)

    key = fingerprint(*lock, run(["node", "--version"]).strip(), platform.machine())
    return os.path.join(cached(folder, key, build), "node_modules")


def lay_out_node(folders, work):
    """Copies the folders to `work` with their node_modules beside them, where Node looks for packages."""
    for folder in folders:
        target = os.path.join(work, folder)
        shutil.copytree(os.path.join(CLIENTS, folder), target, ignore=shutil.ignore_patterns("node_modules"))
        os.symlink(node_modules(folder), os.path.join(target, "node_modules"))


def node(work):
    lay_out_node(["node"], work)
    return ["node", os.path.join(work, "node", "suite.mjs")]


def node_legacy(work):
    # The checks are those of the folder node, with another client underneath.
    lay_out_node(["node", "node-legacy"], work)
    return ["node", os.path.join(work, "node-legacy", "suite.mjs")]


def introduction(work):
    lay_out_node(["introduction"], work)
    return [sys.executable, "-u", os.path.join(work, "introduction", "suite.py")]


def python(_work):
    requirements = os.path.join(CLIENTS, "python", "requirements.txt")

    def build(directory):
        try:
            run([sys.executable, "-m", "venv", directory])
        except Unavailable:
            # Debian ships venv without ensurepip in a package of its own.
            apt_install("python3-venv")
            run([sys.executable, "-m", "venv", "--clear", directory])
        run([os.path.join(directory, "bin", "python"), "-m", "pip", "install", "--quiet",
             "--disable-pip-version-check", "-r", requirements])

    directory = cached("python", fingerprint(requirements, sys.version, platform.machine()), build)
    return [os.path.join(directory, "bin", "python"), "-u", os.path.join(CLIENTS, "python", "suite.py")]


def rust(_work):
    """Cargo decides what is stale; the lock file's hash only separates target directories."""
    folder = os.path.join(CLIENTS, "rust")
    need_command("cc", "gcc")
    target = os.environ.get("CARGO_TARGET_DIR")
    if target:
        target = os.path.abspath(target)
    else:
        lock = os.path.join(folder, "Cargo.lock")
        key = fingerprint(lock, run(["rustc", "--version"], folder), platform.machine())
        target = cached("rust", key, lambda directory: None)
    run([*NICE, "cargo", "build", "--locked", "--quiet", "--manifest-path", os.path.join(folder, "Cargo.toml")],
        folder, dict(os.environ, CARGO_TARGET_DIR=target))
    return [os.path.join(target, "debug", "client-suite")]


def c(_work):
    for command, package in (("cc", "gcc"), ("make", "make")):
        need_command(command, package)
    if not os.path.exists("/usr/include/nats/nats.h"):
        apt_install("libc6-dev", "libnats-dev")
    folder = os.path.join(CLIENTS, "c")
    files = sources("c", "Makefile", "*.c", "*.h")

    def build(directory):
        run(["make", "--quiet", "-C", folder, "OUT=%s" % directory])

    key = fingerprint(*files, "/usr/include/nats/version.h", platform.machine())
    return [os.path.join(cached("c", key, build), "client-suite")]


# Suite name to the function that makes its environment and says how to start it.
SUITES = {"node": node, "node-legacy": node_legacy, "python": python, "rust": rust, "c": c,
          "introduction": introduction}
