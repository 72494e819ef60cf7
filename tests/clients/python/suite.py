"""The suite for nats-py."""

import asyncio

from checks import authentication, connection, limits, messaging, requests, resilience, tls  # noqa: F401
from harness import run

asyncio.run(run())
