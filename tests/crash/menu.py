"""The streams of a directory: kinds of settings, drawn from a seed."""

from model import Stream

SECOND = 1_000_000_000
# Short, so that what was delivered before a crash comes again soon.
ACK_WAIT = SECOND // 2


def consumer(ack_policy="explicit", **config):
    return dict({"ack_policy": ack_policy, "ack_wait": ACK_WAIT, "max_ack_pending": 100_000}, **config)


def streams(random, go):
    """The streams of one directory. `go`: the server is the Go server, which does not do all of this."""
    some = random.randint
    kinds = {
        "PLAIN": dict(),
        "ALL": dict(),
        "SUBJECTS": dict(max_msgs_per_subject=some(1, 5), allow_rollup_hdrs=True),
        "COUNT": dict(max_msgs=some(20, 400)),
        "REFUSE": dict(max_msgs=some(100, 400), discard="new"),
        "ROLL": dict(max_bytes=some(40_000, 200_000), compression=random.choice(["none", "s2"])),
        "BIG": dict(max_bytes=some(2, 12) << 20),
        "WORK": dict(retention="workqueue"),
        "PARTS": dict(retention="workqueue", compression="s2"),
        "INTEREST": dict(retention="interest"),
        "IDS": dict(duplicate_window=120 * SECOND),
        "PRESSED": dict(compression="s2", max_msgs_per_subject=some(20, 100)),
        "TTL": dict(allow_msg_ttl=True),
        "MEMORY": dict(storage="memory", max_msgs=500),
        "MEMWORK": dict(storage="memory", retention="workqueue"),
        "COME1": dict(), "COME2": dict(max_bytes=300_000), "COME3": dict(max_msgs_per_subject=2, compression="s2"),
    }
    if not go:
        kinds["ASYNC"] = dict(persist_mode="async")
    readers = {
        "PLAIN": [("c1", consumer()), ("few", consumer(max_ack_pending=40))],
        "ALL": [("c1", consumer("all"))],
        "SUBJECTS": [("c1", consumer())],
        "ROLL": [("c1", consumer())],
        "WORK": [("c1", consumer())],
        "PARTS": [("a", consumer(filter_subject="PARTS.a.>")), ("b", consumer(filter_subject="PARTS.b.>"))],
        "INTEREST": [("c1", consumer()), ("a", consumer(filter_subject="INTEREST.a.>"))],
        "IDS": [("c1", consumer(filter_subject="IDS.b.>"))],
        "ASYNC": [("c1", consumer())],
        "MEMWORK": [("c1", consumer())],
    }
    found = []
    for name, config in kinds.items():
        config = dict({"name": name, "subjects": [name + ".>"], "storage": "file", "allow_direct": True,
                       "description": "0"}, **config)
        profile = {
            "subjects": ["%s.%s.%d" % (name, part, number) for part in "ab" for number in range(some(1, 12))],
            "payload": (16_000, 60_000) if name == "BIG" else (0, 3000) if name in ("ROLL", "PRESSED") else (0, 300),
            "ids": name == "IDS" or random.random() < 0.3,
            "comes": name.startswith("COME"),
        }
        found.append(Stream(config, readers.get(name, ()), profile))
    return found


def server_config(random, go):
    """The server's configuration: (a word for it, text)."""
    extras = [("default", ""), ("default", ""), ("interval", "sync_interval: 10s"), ("always", "sync_interval: always"),
              ("encrypted", 'key: "a key of the tests", cipher: %s' % random.choice(["chachapoly", "aes"]))]
    word, extra = random.choice(extras[:3] if go else extras)
    return word, 'jetstream { store_dir: "js", max_mem: 256MB, max_file: 4GB %s }\n' % (", " + extra if extra else "")
