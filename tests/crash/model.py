"""What a stream must hold: the operations on it in their order, applied one by one.

Each stream has one client that changes it, so its history is a list. After a crash the list is known up to the last
answered operation; of those behind it the server may have done a prefix.
"""

import collections

# Bytes of a record beside subject, headers and payload (jetstream-streams.md 4.3).
RECORD, RECORD_WITH_HEADERS, RECORD_IN_MEMORY = 30, 34, 16

Message = collections.namedtuple("Message", "subject payload headers size")
Message.__doc__ = """One stored message. `headers`: the block as bytes, or None. `size`: what it counts in `bytes`."""


class Op:
    """One operation. `kind`: publish, delete, purge, update, create, remove, consumer_create, consumer_delete.
    `answer`: the reply's JSON once it has come."""

    __slots__ = ("kind", "args", "answer")

    def __init__(self, kind, **args):
        self.kind = kind
        self.args = args
        self.answer = None

    def __repr__(self):
        shown = {key: value for key, value in self.args.items() if key != "message"}
        message = self.args.get("message")
        if message:
            shown["subject"], shown["size"] = message.subject, message.size
        return "%s %r" % (self.kind, shown)


class Consumer:
    """A durable with explicit acknowledgements. `confirmed`: sequences whose acknowledgement was confirmed;
    `tried`: those where it was sent; `seen`: those that were delivered."""

    def __init__(self, name, config):
        self.name = name
        self.config = config
        self.filter = config.get("filter_subject")
        self.ack_all = config["ack_policy"] == "all"
        self.confirmed, self.tried, self.seen = set(), set(), set()

    def wants(self, subject):
        """Whether it gets messages of this subject (filters here are `prefix.>` only)."""
        return self.filter is None or subject.startswith(self.filter[:-1])

    def covered(self, seq):
        """The sequences that an acknowledgement of `seq` acknowledges."""
        return {other for other in self.seen if other <= seq} if self.ack_all else {seq}


class Stream:
    """The model of one stream. `consumers`: those that the load reads from, {name: Consumer}. `extra`: names of
    consumers that come and go. `pending`: operations that were sent and are not applied."""

    # A crash while a stream or consumer was made may make its name unusable.
    leftovers_forgiven = False
    # Confirmed acknowledgements may be forgotten by a stream that does not wait for the disk.
    acks_forgiven = False
    # Consumers may count messages as pending that they do not deliver.
    ghosts_forgiven = False

    def __init__(self, config, consumers=(), profile=None):
        self.name = config["name"]
        self.config = config
        self.profile = profile or {}
        self.pending = collections.deque()
        self.next_number = 0
        self.exists = True
        self.consumers = {}
        self.setup = list(consumers)
        self.clear()

    def clear(self):
        """As new: no messages, no sequences."""
        self.msgs = {}
        self.by_subject = {}
        self.first, self.last, self.bytes = 1, 0, 0
        self.extra = set()
        self.consumers = {name: Consumer(name, config) for name, config in self.setup}

    @property
    def in_memory(self):
        return self.config["storage"] == "memory"

    @property
    def consumed(self):
        """Whether acknowledgements remove messages; `msgs` then has those that are acknowledged as well."""
        return self.config.get("retention", "limits") != "limits"

    def size(self, subject, payload, headers):
        rest = len(subject) + len(payload) + len(headers or b"")
        return rest + (RECORD_IN_MEMORY if self.in_memory else RECORD_WITH_HEADERS if headers else RECORD)

    # -- operations -------------------------------------------------------------------------------------

    def apply(self, op):
        """Does an operation; what its answer must be: {"seq"}, {"duplicate", "seq"}, {"err_code"}, {"purged"}, {}."""
        return getattr(self, "_" + op.kind)(**op.args)

    def _publish(self, message, duplicate_of=None, rollup=None):
        if duplicate_of is not None:
            return {"duplicate": True, "seq": duplicate_of}
        most = self.config.get("max_msgs", -1)
        if self.config.get("discard") == "new" and 0 < most <= len(self.msgs):
            return {"err_code": 10077}
        self.last += 1
        self.add(self.last, message)
        if rollup:
            for seq in list(self.by_subject[message.subject] if rollup == "sub" else self.msgs):
                if seq != self.last:
                    self.drop(seq)
        self.enforce(message.subject)
        return {"seq": self.last}

    def _delete(self, seq, no_erase):
        if seq not in self.msgs:
            return {"err_code": 10043}
        self.drop(seq)
        return {}

    def _purge(self, subject=None, keep=None, seq=None):
        wanted = [number for number, message in self.msgs.items() if subject is None or message.subject == subject]
        if seq is not None:
            wanted = [number for number in wanted if number < seq]
        if keep is not None:
            wanted = wanted[:max(0, len(wanted) - keep)]
        for number in wanted:
            self.drop(number)
        return {} if self.consumed else {"purged": len(wanted)}

    def _update(self, **changes):
        self.config = dict(self.config, **changes)
        for subject in list(self.by_subject):
            self.enforce(subject)
        return {}

    def _create(self):
        self.exists = True
        self.clear()
        return {}

    def _remove(self):
        self.exists = False
        self.clear()
        return {}

    def _consumer_create(self, name):
        self.extra.add(name)
        return {}

    def _consumer_delete(self, name):
        self.extra.discard(name)
        return {}

    # -- messages ---------------------------------------------------------------------------------------

    def add(self, seq, message):
        self.msgs[seq] = message
        self.by_subject.setdefault(message.subject, {})[seq] = None
        self.bytes += message.size

    def drop(self, seq):
        message = self.msgs.pop(seq)
        self.bytes -= message.size
        of_subject = self.by_subject[message.subject]
        del of_subject[seq]
        if not of_subject:
            del self.by_subject[message.subject]

    def enforce(self, subject):
        """The limits, of which that for each subject comes first."""
        per_subject = self.config.get("max_msgs_per_subject", -1)
        while 0 < per_subject < len(self.by_subject.get(subject, ())):
            self.drop(next(iter(self.by_subject[subject])))
        if self.config.get("discard") == "new":
            return
        most, most_bytes = self.config.get("max_msgs", -1), self.config.get("max_bytes", -1)
        while 0 < most < len(self.msgs) or 0 < most_bytes < self.bytes:
            while self.first not in self.msgs:
                self.first += 1
            self.drop(self.first)

    def adopt(self, msgs):
        """Takes what the server has as the truth, once it was found right."""
        self.msgs, self.by_subject, self.bytes, self.first = {}, {}, 0, 1
        for seq, message in msgs.items():
            self.add(seq, message)

    # -- comparison -------------------------------------------------------------------------------------

    def settled(self, seq, message):
        """Of a stream whose messages go with their acknowledgement: (is it surely gone, may it be gone)."""
        wanting = [consumer for consumer in self.consumers.values() if consumer.wants(message.subject)]
        return (all(seq in consumer.confirmed for consumer in wanting),
                all(seq in consumer.confirmed or seq in consumer.tried for consumer in wanting))

    def differences(self, actual):
        """What is wrong with a state as read (`Actual`, None: there is no such stream), as texts; those that tell
        that another number of operations was done come alone."""
        if (actual is not None) != self.exists:
            return ["the stream is there, it was deleted" if actual else "the stream is not there"]
        if actual is None:
            return []
        found = []
        if actual.last != self.last:
            return ["last_seq is %d, must be %d" % (actual.last, self.last)]
        for key, value in self.config.items():
            if actual.config.get(key) != value:
                found.append("config %s is %r, must be %r" % (key, actual.config.get(key), value))
        names = set(self.consumers) | self.extra
        if actual.consumers != names:
            found.append("consumers are %r, must be %r" % (sorted(actual.consumers), sorted(names)))
        for seq, message in self.msgs.items():
            got = actual.msgs.get(seq)
            gone, may_be_gone = self.settled(seq, message) if self.consumed else (False, False)
            if got is None and not may_be_gone:
                found.append("message %d (%s) is missing" % (seq, message.subject))
            elif got is not None and gone:
                found.append("message %d is there, its acknowledgement was confirmed" % seq)
            elif got is not None and got != message:
                found.append("message %d is %r, must be %r" % (seq, _short(got), _short(message)))
        for seq in actual.msgs:
            if seq not in self.msgs:
                found.append("message %d (%s) is there, it was removed" % (seq, actual.msgs[seq].subject))
        return found

    def __repr__(self):
        return "%s: last_seq %d, %d messages, config %r" % (self.name, self.last, len(self.msgs), self.config)


def _short(message):
    return message._replace(payload=message.payload[:60] + (b"..." if len(message.payload) > 60 else b""))


class Actual:
    """A stream as the server shows it."""

    def __init__(self, info):
        self.config = info["config"]
        self.state = info["state"]
        self.last = self.state["last_seq"]
        self.consumers = set()
        self.msgs = {}

    def inconsistencies(self):
        """Where the state does not fit the messages that were read."""
        first = min(self.msgs) if self.msgs else self.last + 1
        if self.last == 0:
            first = self.state["first_seq"]
        want = {"messages": len(self.msgs), "bytes": sum(message.size for message in self.msgs.values()),
                "first_seq": first, "lost": None, "num_deleted": (self.last - first + 1 - len(self.msgs)) or None}
        if self.last == 0 or self.msgs and max(self.msgs) != self.last:
            want.pop("num_deleted")
        return ["state.%s is %r, by the messages it is %r" % (key, self.state.get(key), value)
                for key, value in want.items() if self.state.get(key) != value]
