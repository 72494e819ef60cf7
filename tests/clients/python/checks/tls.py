"""TLS as the server asks for it: after INFO, before INFO, with a client certificate."""

import asyncio
import os
import ssl

from harness import Collector, check, equal


def trusting(name="CLIENT_TEST_CA", certificate=False):
    context = ssl.create_default_context(cafile=os.environ[name])
    if certificate:
        context.load_cert_chain(os.environ["CLIENT_TEST_CERT"], os.environ["CLIENT_TEST_KEY"])
    return context


async def works(connection):
    collector = await Collector.on(connection, "secret")
    await connection.publish("secret", b"x" * 100_000)
    await collector.take(1)
    equal(len(collector.messages[0].data), 100_000, "length")


@check
async def tls_required(t):
    await works(await t.connect("tls", tls=trusting()))


@check
async def tls_untrusted_refused(t):
    try:
        await t.connect("tls", tls=trusting("CLIENT_TEST_OTHER_CA"))
    except ssl.SSLCertVerificationError:
        return
    raise AssertionError("the certificate was accepted")


@check
async def tls_handshake_first(t):
    await works(await t.connect("tls_first", tls=trusting(), tls_handshake_first=True))


@check
async def tls_mutual(t):
    await works(await t.connect("tls_mutual", tls=trusting(certificate=True)))


@check
async def tls_mutual_refused(t):
    try:
        connection = await t.connect("tls_mutual", tls=trusting())
    except (OSError, asyncio.TimeoutError) as error:
        assert not isinstance(error, (TimeoutError, asyncio.TimeoutError)), "no refusal, but silence"
        return
    raise AssertionError("was let in: connected %s" % connection.is_connected)
