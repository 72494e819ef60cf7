"""JSON that the tool prints, checked against the published schemas without being asked to."""

import functools
import json
import os
import re

from lib.check import Failure
from lib.schema import DEVIATIONS, problems

# A schema on each line; the tool has them built in.
SCHEMAS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "crates", "cli", "src", "schemas",
                       "schemas.jsonl")
API = "io.nats.jetstream.api.v1."
VARZ = "io.nats.server.monitor.v1.varz"

# Where the reference server's answers differ from schemas that only this suite looks at, as in `lib.schema`.
OTHER_DEVIATIONS = {
    # Newer than the schemas.
    "io.nats.server.advisory.v1.client_connect": {"$.server: unknown member feature_flags"},
    "io.nats.server.advisory.v1.client_disconnect": {"$.server: unknown member feature_flags"},
}


@functools.lru_cache(maxsize=None)
def schemas():
    """{name: schema}"""
    with open(SCHEMAS, encoding="utf-8") as source:
        return {schema["title"]: schema for schema in map(json.loads, source)}


def parsed(text):
    """The JSON documents that an output begins with, or that stand in it below a sentence, one after the other; none if it is text
    for people."""
    decoder = json.JSONDecoder()
    found = []
    begin = re.search(r"^\s*[\[{]|^[\[{]$", text, re.M)
    at = begin.start() if begin else 0
    while True:
        while text[at:at + 1] in ("\0", " ", "\n"):
            at += 1
        if text[at:at + 1] not in ("{", "["):
            return found
        try:
            document, at = decoder.raw_decode(text, at)
        except ValueError:
            # Text with braces, or one that is still being written.
            return found
        found.append(document)


def named(document):
    """(name of a schema, document as that schema describes it) of one object, as far as there is one."""
    kind = document.get("type")
    if "specversion" in document:
        # A CloudEvent; the document is in it.
        return
    if isinstance(kind, str) and kind in schemas():
        yield kind, document
        return
    keys = set(document)
    # What the tool prints of an answer lacks the envelope.
    if {"config", "created", "state"} <= keys:
        yield API + "stream_info_response", dict(document, type=API + "stream_info_response")
    elif {"stream_name", "name", "config", "delivered"} <= keys:
        yield API + "consumer_info_response", dict(document, type=API + "consumer_info_response")
    elif {"subject", "seq", "time"} <= keys <= {"subject", "seq", "time", "data", "hdrs"}:
        yield API + "stream_msg_get_response", {"type": API + "stream_msg_get_response", "message": document}
    elif {"server_id", "server_name", "max_payload", "mem", "slow_consumers"} <= keys:
        yield VARZ, document


def known(document):
    """The same for an object or list and everything in it."""
    if isinstance(document, dict):
        yield from named(document)
        for value in document.values():
            yield from known(value)
    elif isinstance(document, list):
        for value in document:
            yield from known(value)


def wrong(text):
    """(names of the schemas that fit what is printed, {problem})"""
    names, found = [], set()
    for document in parsed(text):
        for kind, value in known(document):
            names.append(kind)
            allowed = set(DEVIATIONS.get(kind, ())) | set(OTHER_DEVIATIONS.get(kind, ()))
            found |= {"%s: %s" % (kind, problem) for problem in problems(value, schemas()[kind]) if problem not in allowed}
    return names, found


def check_output(args, text):
    """Fails if something that is printed does not follow its schema; the names of the schemas."""
    names, found = wrong(text)
    if found:
        raise Failure("nats %s: %s: %s" % (" ".join(args), "; ".join(sorted(found)[:10]), text[:2000]))
    return names
