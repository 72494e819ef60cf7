"""JSON outputs follow the published schemas. Every run of the tool is checked (tool/documents.py); here is the proof that
the check sees mistakes, and that it has had something to look at."""

import json

from tool import *
from tool import documents, record

API = "io.nats.jetstream.api.v1."
# Schemas that outputs of a whole run are checked against.
KINDS = {
    API + "account_info_response", API + "consumer_create_response", API + "consumer_info_response",
    API + "stream_create_response", API + "stream_info_response", API + "stream_msg_get_response",
    "io.nats.jetstream.advisory.v1.stream_action", "io.nats.jetstream.advisory.v1.api_audit",
    "io.nats.micro.v1.info_response", "io.nats.micro.v1.stats_response",
    "io.nats.server.advisory.v1.client_connect", "io.nats.server.advisory.v1.client_disconnect",
    "io.nats.server.monitor.v1.varz",
}


def problems_of(document, args=("x",)):
    """What the check says about a document that is printed."""
    try:
        documents.check_output(list(args), json.dumps(document, indent=2) + "\n")
    except Failure as failure:
        return str(failure)
    return ""


@case(71)
def documents_that_do_not_fit_are_noticed(ctx):
    tool = nats(ctx)
    tool.run("stream", "add", "S", "--subjects", "s", "--defaults")
    tool.run("consumer", "add", "S", "C", "--pull", "--defaults")
    tool.run("publish", "s", "x", "-J", "-q")
    info = tool.run("stream", "info", "S", "--json").json
    consumer = tool.run("consumer", "info", "S", "C", "--json").json
    message = tool.run("stream", "get", "S", "1", "--json").json
    for document, change, problem in (
            (info, lambda d: d["state"].pop("messages"), r"stream_info_response: \$\.state: messages is missing"),
            (info, lambda d: d["config"].update(retention="bogus"), r"\$\.config\.retention: 'bogus' is none of"),
            (info, lambda d: d.update(created="today"), r"\$\.created: 'today' is no time"),
            (consumer, lambda d: d.update(num_pending="1"), r"consumer_info_response: \$\.num_pending: str is not integer"),
            (message, lambda d: d.update(seq="1"), r"stream_msg_get_response: \$: error is missing"),
            ({"type": API + "account_info_response", "memory": "x"}, lambda d: None, "account_info_response: .*memory")):
        if "type" not in document:
            eq(problems_of(document), "")
        copy = json.loads(json.dumps(document))
        change(copy)
        matches(problems_of(copy), problem)
        # Wherever it is.
        matches(problems_of({"deep": [copy]}), problem)
    # One after the other, and with an end that is still missing.
    text = json.dumps(info) + "\n" + json.dumps(consumer)
    eq(documents.wrong(text + "\n{")[0], [API + "stream_info_response", API + "consumer_info_response"])
    eq(documents.wrong("{{Count}} is no document")[0], [])


@case(71, exclusive=True)
def outputs_of_the_other_tests_were_checked(ctx):
    record.need_whole_run(ctx)
    seen = {kind for entry in record.entries(ctx.run) for kind in entry.get("kinds", ())}
    eq(sorted(KINDS - seen), [], "schemas that no output was checked against")
