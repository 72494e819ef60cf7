"""The suite for nats-py."""

import asyncio

from checks import (authentication, connection, jetstream_consumers, jetstream_streams, kv, limits,  # noqa: F401
                    messaging, object, requests, resilience, tls)
from harness import run

asyncio.run(run())
