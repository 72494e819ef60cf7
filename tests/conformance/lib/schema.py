"""Validation of JSON documents against the schemas in data/schemas (the subset of JSON Schema they use)."""

import functools
import json
import os
import re

from .check import Failure

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data", "schemas")

# Annotations, and words that say nothing about a document.
IGNORED = {"$schema", "$id", "$comment", "title", "description", "default", "deprecationMessage", "format", "examples",
           # Members that lie in the wrong place in some schemas.
           "missing", "offline"}

DATE_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$")

# Where the reference server itself does not follow a schema: {type: {problem}}, problems as `problems` words them,
# with array indexes written `[]` and keys of maps `{}`. Nothing else is tolerated.
DEVIATIONS = {
    # The reason is newer than the schema.
    "io.nats.jetstream.advisory.v1.stream_batch_abandoned": {"$.reason: 'unsupported' is none of the allowed values"},
    # Since snapshots have no blocks any more.
    "io.nats.jetstream.advisory.v1.snapshot_create": {"$: blocks is missing", "$: block_size is missing", "$: unknown member state"},
    "io.nats.jetstream.advisory.v1.snapshot_complete": {"$: unknown member error"},
    # Errors carry the other members with zero values, and so fit the form of a success as well.
    "io.nats.jetstream.api.v1.stream_names_response": {"$: fits 2 alternatives"},
    "io.nats.jetstream.api.v1.stream_list_response": {"$: fits 2 alternatives"},
    "io.nats.jetstream.api.v1.consumer_names_response": {"$: fits 2 alternatives"},
    "io.nats.jetstream.api.v1.consumer_list_response": {"$: fits 2 alternatives"},
    "io.nats.jetstream.api.v1.consumer_pause_response": {"$: fits 2 alternatives"},
    # The schema asks a success for nothing.
    "io.nats.jetstream.api.v1.account_purge_response": {"$: fits 2 alternatives"},
    # The schema has the error one level too deep.
    "io.nats.jetstream.api.v1.consumer_unpin_response": {"$.error: error is missing"},
    # With a domain.
    "io.nats.jetstream.advisory.v1.api_audit": {"$: unknown member domain"},
    "io.nats.jetstream.advisory.v1.stream_action": {"$: unknown member domain"},
    "io.nats.jetstream.advisory.v1.consumer_action": {"$: unknown member domain"},
    "io.nats.jetstream.advisory.v1.max_deliver": {"$: unknown member domain"},
    "io.nats.jetstream.metric.v1.consumer_ack": {"$: unknown member domain"},
    "io.nats.jetstream.advisory.v1.consumer_group_pinned": {"$: server is missing"},
    "io.nats.jetstream.advisory.v1.consumer_group_unpinned": {"$: server is missing"},
    # A number, as in the other advisories.
    "io.nats.jetstream.advisory.v1.nak": {"$.consumer_seq: int is not string"},
    "io.nats.jetstream.advisory.v1.terminated": {"$.consumer_seq: int is not string"},
}


@functools.lru_cache(maxsize=None)
def load(kind):
    """The schema of a `type` such as `io.nats.jetstream.api.v1.stream_info_response`; None without one."""
    path = os.path.join(FOLDER, kind + ".json")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as source:
        return json.load(source)


def _is(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}[name])


def problems(value, schema, where="$"):
    """What is wrong with `value`: a list of texts `<path>: <problem>`."""
    if schema is True:
        return []
    found = []

    def bad(text):
        found.append("%s: %s" % (where, text))

    for word, rule in schema.items():
        if word == "type":
            names = [rule] if isinstance(rule, str) else rule
            if not any(_is(value, name) for name in names):
                bad("%s is not %s" % (type(value).__name__, " or ".join(names)))
                return found
        elif word == "enum":
            if value not in rule:
                bad("%r is none of the allowed values" % (value,))
        elif word == "const":
            if value != rule:
                bad("%r is not %r" % (value, rule))
        elif word == "minimum":
            if _is(value, "number") and value < rule:
                bad("%r is below %r" % (value, rule))
        elif word == "maximum":
            if _is(value, "number") and value > rule:
                bad("%r is above %r" % (value, rule))
        elif word == "minLength":
            if isinstance(value, str) and len(value) < rule:
                bad("%r is shorter than %d" % (value, rule))
        elif word == "maxLength":
            if isinstance(value, str) and len(value) > rule:
                bad("longer than %d" % rule)
        elif word == "pattern":
            if isinstance(value, str) and not re.search(rule, value):
                bad("%r does not match %r" % (value, rule))
        elif word == "required":
            if isinstance(value, dict):
                found += ["%s: %s is missing" % (where, name) for name in rule if name not in value]
        elif word == "items":
            if isinstance(value, list):
                for entry in value:
                    found += problems(entry, rule, where + "[]")
        elif word == "allOf":
            for part in rule:
                found += problems(value, part, where)
        elif word == "oneOf":
            outcomes = [problems(value, part, where) for part in rule]
            fitting = sum(not outcome for outcome in outcomes)
            if fitting == 0:
                found += min(outcomes, key=len)
            elif fitting > 1:
                bad("fits %d alternatives" % fitting)
        elif word in ("properties", "patternProperties", "additionalProperties"):
            pass
        elif word not in IGNORED:
            raise ValueError("schema word %r is not supported" % word)
    if schema.get("format") == "date-time" and isinstance(value, str) and not DATE_TIME.match(value):
        bad("%r is no time" % value)
    if isinstance(value, dict):
        found += _members(value, schema, where)
    return found


def _members(value, schema, where):
    found = []
    known = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    others = schema.get("additionalProperties", True)
    for name, member in value.items():
        rules = [known[name]] if name in known else []
        inside = "%s.%s" % (where, name)
        for pattern, rule in patterns.items():
            if re.search(pattern, name):
                rules.append(rule)
                inside = where + ".{}"
        if not rules:
            if others is False:
                found.append("%s: unknown member %s" % (where, name))
            elif isinstance(others, dict):
                found += problems(member, others, where + ".{}")
        for rule in rules:
            found += problems(member, rule, inside)
    return found


def validate(value, kind=None):
    """Fails unless `value` (whose `type` member names the schema, or `kind`) follows its schema."""
    kind = kind or value.get("type")
    schema = load(kind) if isinstance(kind, str) else None
    if schema is None:
        raise Failure("no schema for type %r: %r" % (kind, value))
    allowed = DEVIATIONS.get(kind, ())
    wrong = [problem for problem in problems(value, schema) if problem not in allowed]
    if wrong:
        raise Failure("%s does not follow its schema: %s: %s" % (kind, "; ".join(wrong[:10]), json.dumps(value)[:2000]))
    return value
