"""Deliberate differences, each with its reason: where the reference has a fault, or Midge is kinder.

A rule looks at what only one of the servers has said. Some differences leave both in the same state; after the others a
scenario can not go on.
"""

import json
import re

RULES = []


class Finding:
    """What one server has said and the other has not, as tuples (subscription, subject, reply, headers, payload)."""

    def __init__(self, op, peer, mine, session):
        self.op, self.peer, self.mine, self.session = op, peer, mine, session
        self.both = peer + mine
        self.request = op.get("subject", "") if op["op"] == "api" else ""
        self.documents = [parsed(side[0][4]) if len(side) == 1 else None for side in (peer, mine)]

    def have_documents(self):
        """Each has sent one document."""
        return all(isinstance(document, dict) for document in self.documents)

    def deliveries(self):
        """Messages of consumers."""
        return [m for m in self.both if m[2].startswith("$JS.ACK.")]


def rule(reason, same_state):
    """Registers a function that recognises a deliberate difference."""
    def register(recognises):
        RULES.append((reason, same_state, recognises))
        return recognises
    return register


def explain(op, peer, mine, session):
    """(reason, whether the states are still the same) of a difference that is known, or None."""
    finding = Finding(op, peer, mine, session)
    return next(((reason, same) for reason, same, recognises in RULES if recognises(finding)), None)


def parsed(text):
    """A document, or None."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def error_of(messages):
    """The number of the error in an answer."""
    for message in messages:
        value = parsed(message[4])
        if message[0] == "_I.*" and isinstance(value, dict) and isinstance(value.get("error"), dict):
            return value["error"].get("err_code")
    return None


class Memory:
    """What was asked for in a scenario, as far as rules need it."""

    def __init__(self):
        # Unanswered resets are counted otherwise.
        self.errors_counted = True
        # The reference only guesses how much is pending, or does not see messages any more.
        self.inexact = self.deaf = False
        self.filters, self.groups = {}, {}
        self.group_changed = self.filtered_purge = self.deleted = False
        # Something was deleted before this request.
        self.had_deleted = False
        self.ack_all = set()
        self.restarted = False
        self.overlapping = self.first_seq_came_late = False

    def note(self, op):
        """Sees a request before it is sent."""
        words = op["subject"].split(".")
        body = op.get("body")
        self.had_deleted = self.deleted
        if words[:3] == ["STREAM", "MSG", "DELETE"]:
            self.deleted = True
        if words[:2] == ["STREAM", "PURGE"] and isinstance(body, dict) and (body.get("filter") or body.get("keep")):
            # One message goes as if it were deleted.
            self.deleted = True
            self.filtered_purge |= bool(body.get("filter"))
        if words[:2] == ["STREAM", "UPDATE"] and isinstance(body, dict) and body.get("first_seq"):
            self.first_seq_came_late = True
        if words[:2] in (["CONSUMER", "CREATE"], ["CONSUMER", "DURABLE"]) and isinstance(body, dict):
            self.note_consumer(words[3:] if words[1] == "DURABLE" else words[2:], body.get("config") or {})

    def note_headers(self, headers):
        """Sees the headers of a message before it is published."""
        if "Nats-Rollup" in str(headers):
            # A purge, too.
            self.filtered_purge = self.deleted = True

    def note_consumer(self, words, config):
        """Sees the configuration of a consumer; `words` are stream and name."""
        key = (words[0], words[1] if len(words) > 1 else config.get("name", ""))
        none = (None, None)
        filters = (config.get("filter_subject"), str(config.get("filter_subjects") or None))
        filters = none if filters == (None, "None") else filters
        before = self.filters.setdefault(key, filters)
        if before != filters:
            self.inexact = True
            self.deaf |= none in (before, filters)
        if config.get("filter_subjects") == ["a.*.x", "a.1.*"]:
            self.inexact = self.overlapping = True
        group = [config.get("deliver_group")]
        self.group_changed |= self.groups.setdefault(key, group) != group
        if config.get("ack_policy") == "all":
            self.ack_all.add(key[1])


@rule("a reset of a missing consumer is answered", True)
def _(found):
    if found.request.startswith("CONSUMER.RESET.") and not found.peer and error_of(found.mine) in (10014, 10059):
        found.session.memory.errors_counted = False
        return True
    return False


@rule("the reference loses what it has to say of a deletion, as it is deleting", True)
def _(found):
    told = ("ADVISORY.STREAM.DELETED", "ADVISORY.CONSUMER.DELETED")
    return not found.peer and all(any(t in m[1] for t in told) or "409 Consumer Deleted" in m[3] for m in found.mine)


@rule("max_ack_pending of a stream does not keep out consumers without acknowledgements", False)
def _(found):
    return error_of(found.peer) == 10082


@rule("the reference is deaf when a consumer's filter is taken away, or miscounts when it changes", False)
def _(found):
    memory = found.session.memory
    return memory.deaf or memory.inexact and bool(found.deliveries())


@rule("the reference keeps the first group of a push consumer", False)
def _(found):
    return found.session.memory.group_changed and bool(found.deliveries() or any("push_bound" in m[4] for m in found.both))


@rule("deleting a message settles no other one of a consumer that acknowledges all", False)
def _(found):
    memory = found.session.memory
    return memory.deleted and bool(memory.ack_all) and (
        any(m[2].split(".")[3] in memory.ack_all for m in found.deliveries())
        or any('"ack_policy":"all"' in m[4] for m in found.both))


@rule("what is deleted later was not settled by a deletion before, and its end is told", False)
def _(found):
    def is_told(message):
        return "Unacknowledged message was deleted" in message[4] and parsed(message[4])["consumer"] in found.session.memory.ack_all
    return (found.session.memory.had_deleted and found.request.startswith("STREAM.MSG.DELETE.") and not found.peer
            and bool(found.mine) and all(is_told(message) for message in found.mine))


@rule("the reference's floor of acknowledgements includes a message that waits for one, after a purge up to it", False)
def _(found):
    if not found.request.startswith("CONSUMER.INFO.") or not found.have_documents():
        return False
    peer, mine = found.documents
    if "error" in peer or "error" in mine:
        return False
    floor, ours = peer["ack_floor"]["stream_seq"], mine["ack_floor"]["stream_seq"]
    includes = peer["num_ack_pending"] > 0 and floor == peer["delivered"]["stream_seq"]

    def rest(info):
        return {key: value for key, value in info.items() if key != "ack_floor"}
    return includes and ours < floor and rest(peer) == rest(mine)


@rule("what is left is counted down without headers, too", True)
def _(found):
    return (found.request.startswith("DIRECT.GET.") and "no_hdr" in str(found.op.get("body"))
            and len(found.peer) == len(found.mine) == 1 and "204 EOB" in found.peer[0][3])


@rule("up_to_seq may lie beyond the end", True)
def _(found):
    return (found.request.startswith("DIRECT.GET.") and "up_to_seq" in str(found.op.get("body")) and len(found.peer) == 1
            and found.peer[0][3].startswith("NATS/1.0 404 No Results"))


@rule("the first create request after a restart is answered with what is, not with what was at the start", True)
def _(found):
    return (found.session.memory.restarted and found.request.startswith(("CONSUMER.CREATE.", "CONSUMER.DURABLE."))
            and found.have_documents() and not any("error" in document for document in found.documents)
            and found.documents[0].get("name") == found.documents[1].get("name"))


@rule("a durable that was none before keeps its threshold over a restart", True)
def _(found):
    def without_threshold(messages):
        return [re.sub(r'"inactive_threshold":\d+,', "", message[4]) for message in messages]
    return (found.session.memory.restarted and found.have_documents() and "durable_name" in found.mine[0][4]
            and without_threshold(found.peer) == without_threshold(found.mine))


@rule("create of an ephemeral consumer that is there already succeeds without its default threshold, too", True)
def _(found):
    body = found.op.get("body")
    return (error_of(found.peer) == 10148 and error_of(found.mine) is None and isinstance(body, dict)
            and body.get("action") == "create" and not body["config"].get("inactive_threshold"))


@rule("of several problems another one is named, or consumers are named in another order", True)
def _(found):
    return error_of(found.peer) == error_of(found.mine) and error_of(found.peer) in (10157, 10069)


@rule("an acknowledgement of what was not delivered is no activity", True)
def _(found):
    def without_activity(message):
        return re.sub(r'("ack_floor":\{[^}]*),"last_active":"[^"]*"', r"\1", message[4])
    return found.have_documents() and without_activity(found.peer[0]) == without_activity(found.mine[0])


@rule("what is pending of the last messages of subjects is counted exactly after a restart, too", True)
def _(found):
    def without_pending(message):
        return re.sub(r'"num_pending":\d+', "", message[4])
    return (found.session.memory.restarted and found.have_documents() and "last_per_subject" in found.peer[0][4]
            and without_pending(found.peer[0]) == without_pending(found.mine[0]))


@rule("sampling ends when it is taken out of the configuration", True)
def _(found):
    return not found.mine and all("METRIC.CONSUMER.ACK" in m[1] for m in found.peer)


@rule("who does not wait is answered at max_ack_pending", False)
def _(found):
    return (found.op["op"] == "pull" and not found.peer and len(found.mine) == 1
            and found.mine[0][3].startswith("NATS/1.0 404"))


@rule("what a purge makes room for under max_ack_pending is delivered at once", False)
def _(found):
    return (found.request.startswith("STREAM.PURGE.") and not found.peer
            and len(found.deliveries()) == len(found.mine))


@rule("deliveries of a message that was deleted are all counted", True)
def _(found):
    def without_count(messages):
        return sorted(re.sub(r'"deliveries":\d+', "", m[4]) for m in messages)
    return (all("Unacknowledged message was deleted" in m[4] for m in found.both)
            and without_count(found.peer) == without_count(found.mine))


@rule("a consumer whose filters overlap is told once of a deletion", True)
def _(found):
    return (found.session.memory.overlapping and not found.mine
            and all("Unacknowledged message was deleted" in m[4] for m in found.peer))


@rule("a first sequence that comes by an update takes no messages away at the next start", False)
def _(found):
    return found.session.memory.restarted and found.session.memory.first_seq_came_late


@rule("the reply to a new deliver subject says whether somebody listens there", True)
def _(found):
    if not found.request.startswith(("CONSUMER.CREATE.", "CONSUMER.DURABLE.")) or not found.have_documents():
        return False
    peer, mine = found.documents
    return "push_bound" not in peer and mine == dict(peer, push_bound=True)


@rule("deliveries go on when a request ends a pause, not with the next message", False)
def _(found):
    return found.request.startswith("CONSUMER.PAUSE.") and not found.peer and len(found.deliveries()) == len(found.mine)


def unmoved(value):
    """Without the places of consumers that have delivered nothing."""
    if isinstance(value, dict):
        value = {key: unmoved(member) for key, member in value.items()}
        for place in ("delivered", "ack_floor"):
            if isinstance(value.get(place), dict) and value[place].get("consumer_seq") == 0:
                value[place]["stream_seq"] = 0
    return [unmoved(member) for member in value] if isinstance(value, list) else value


@rule("messages that are passed by move a consumer that has delivered nothing", True)
def _(found):
    return found.have_documents() and unmoved(found.documents[0]) == unmoved(found.documents[1])


@rule("a purge of some subjects leaves the floor below what waits for acknowledgements", False)
def _(found):
    def without_floor(message):
        return re.sub(r'"ack_floor":\{"consumer_seq":\d+', "", message[4])
    return (found.session.memory.filtered_purge and found.have_documents()
            and without_floor(found.peer[0]) == without_floor(found.mine[0]))


def without_state(document):
    """A stream without its numbers."""
    return {key: value for key, value in document.items() if key != "state"}


@rule("what nobody needs goes at once when a stream begins to count interest", False)
def _(found):
    body = found.op.get("body")
    return (found.request.startswith("STREAM.UPDATE") and isinstance(body, dict) and body.get("retention") == "interest"
            and found.have_documents() and without_state(found.documents[0]) == without_state(found.documents[1]))


@rule("an update to max_age removes what is too old soon, not before its answer", False)
def _(found):
    body = found.op.get("body")
    return (found.request.startswith("STREAM.UPDATE") and isinstance(body, dict) and bool(body.get("max_age"))
            and found.have_documents() and without_state(found.documents[0]) == without_state(found.documents[1]))


@rule("nothing is deleted in a stream that was never used", True)
def _(found):
    if not found.request.startswith("STREAM.INFO") or not found.have_documents():
        return False
    peer, mine = found.documents
    state = peer.get("state")
    if not isinstance(state, dict) or state.get("deleted") != [0]:
        return False
    state = {key: value for key, value in state.items() if key not in ("deleted", "num_deleted")}
    return dict(peer, state=state) == mine


@rule("resets of missing consumers are counted", True)
def _(found):
    if found.request != "INFO" or found.session.memory.errors_counted or not found.have_documents():
        return False
    peer, mine = ({key: value for key, value in document.items() if key != "api"} for document in found.documents)
    return peer == mine


# Members of monitoring answers that can not be equal, or have another rule above.
UNEQUAL = ("now", "id", "server_id", "uptime", "start", "mem", "cpu", "api", "total", "errors")
# Sums of a server are those of earlier scenarios, too.
SUMS = ("memory", "storage", "reserved_memory", "reserved_storage", "accounts", "ha_assets", "streams", "consumers", "messages", "bytes", "streams_leader", "consumers_leader")


def monitored(value):
    """An answer of the monitoring port as it is compared: streams and consumers have no order there."""
    if isinstance(value, dict):
        return unmoved({key: monitored(member) for key, member in value.items() if key not in UNEQUAL})
    if isinstance(value, list):
        return sorted((monitored(member) for member in value),
                      key=lambda member: str(member.get("name") if isinstance(member, dict) else member))
    return value
