"""Request and reply: one answer, none."""

import asyncio
import time

from harness import Skip, check, equal, settle
from nats.errors import NoRespondersError


@check
async def request_reply(t):
    service, requester = await t.connect(), await t.connect()

    async def upper(message):
        await service.publish(message.reply, message.data.upper(), headers=message.headers)

    await service.subscribe("upper", cb=upper)
    await settle(service)
    answer = await requester.request("upper", b"hello", timeout=2, headers={"Trace": "1"})
    equal((answer.data, answer.headers), (b"HELLO", {"Trace": "1"}), "answer")
    own = await requester.request("upper", b"inbox", timeout=2, old_style=True)
    equal(own.data, b"INBOX", "answer to an own inbox")
    requests = [requester.request("upper", b"a%d" % i, timeout=2) for i in range(100)]
    answers = [message.data for message in await asyncio.gather(*requests)]
    equal(answers, [b"A%d" % i for i in range(100)], "answers")


@check
async def no_responders(t):
    requester = await t.connect()
    for old_style in (False, True):
        start = time.monotonic()
        try:
            await requester.request("nobody", b"?", timeout=4, old_style=old_style)
        except NoRespondersError:
            assert time.monotonic() - start < 1, "the error came late"
        else:
            raise AssertionError("nobody answered")


@check
async def request_many(t):
    raise Skip("the client has no such call")
