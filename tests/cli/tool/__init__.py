"""Driving the `nats` tool: `from tool import *` in a test module."""

from lib import *  # noqa: F401,F403
from lib import __all__ as _suite
from lib.registry import test

from .clusters import cluster
from .nats import SYSTEM, Nats, nats, plain
from .terminal import Terminal
from .trust import JETSTREAM, as_user, claims_of, key_of, make_operator, push, read, serve


def case(item, *needs, **options):
    """Registers a test of an item of cli.md's conformance list."""
    return test("cli", item, needs=needs, **options)


__all__ = list(_suite) + ["JETSTREAM", "Nats", "SYSTEM", "Terminal", "as_user", "case", "claims_of", "cluster", "key_of", "make_operator", "nats", "plain",
                           "push", "read", "serve"]
