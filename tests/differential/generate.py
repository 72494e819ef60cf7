"""Scenarios from a seed: streams, consumers, messages, reads, acknowledgements."""

import random

MS, S, HOUR = 10**6, 10**9, 3600 * 10**9
STREAMS = ["A", "B"]
CONSUMERS = ["c", "d", "e"]
SUBJECTS = ["a.1", "a.2", "a.3", "a.1.x", "a.2.x", "b", "b.1", "b.2", "a.1.y"]
DELIVER = ["dl.1", "dl.2"]
GROUPS = ["g", "h"]
FILTERS = ["a.1", "a.*", "a.>", "a.*.x", "b", "b.>", "a.2", ">", "nosuch.x", "t.*", "t.1"]
BAD_FILTERS = ["a..1", "", "a b", ".", "a.>.b", ">x"]


class Generator:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.wild = self.r.choice([0.0, 0.02, 0.05, 0.15])
        self.slow = False

    def chance(self, p):
        return self.r.random() < p

    def pick(self, *of):
        return self.r.choice(of)

    def fields(self, table, density):
        """Some of the members of a table {name: (good values, bad values)}."""
        out = {}
        for name, (good, bad) in table.items():
            if not self.chance(density):
                continue
            out[name] = self.r.choice(bad) if bad and self.chance(self.wild) or not good else self.r.choice(good)
        return out

    # ------------------------------------------------------------------ streams

    def subjects(self, name):
        if name == "A":
            return self.r.choice([["a.>"], ["a.>"], ["a.*", "a.*.x"], ["a.1", "a.2", "a.1.x"], ["a.>", "b"]])
        return self.r.choice([["b", "b.>"], ["b.*"], ["b.>"], ["b"], ["b.1", "b.2", "t.*"]])

    def stream(self, name):
        r = self.r
        table = {
            "description": (["d", "<&>é", ""], ["x" * 4097, 5]),
            "retention": (["limits", "interest", "workqueue", "interest", "workqueue"], ["bogus", "Limits", None, 3]),
            "max_consumers": ([0, 1, 2, -1, 5], [-5, "x"]),
            "max_msgs": ([1, 3, 5, 0, -1, 10], [-7, 1.5]),
            "max_bytes": ([60, 100, 300, 1000, -1], [1, -9]),
            "max_age": ([0, HOUR, 60 * S], [1, -1, 50 * MS]),
            "max_msgs_per_subject": ([1, 2, 3, -1, 0], [-3]),
            "max_msg_size": ([10, 40, 100, -1, 0], [-2, 2**31]),
            "discard": (["old", "new", "new", "NEW"], ["bogus", ""]),
            "storage": (["file", "memory"], ["disk", "FILE", ""]),
            "num_replicas": ([0, 1], [2, 3, 6, -1]),
            "no_ack": ([True, False], ["x"]),
            "duplicate_window": ([0, 100 * MS, 10 * S, HOUR], [1, -1, 2 * HOUR]),
            "placement": ([{}, {"cluster": "c"}, {"tags": ["x", "y"]}], [{"preferred": "x"}, {"foo": 1}]),
            "compression": (["none", "s2"], ["", "x"]),
            "first_seq": ([0, 1, 10, 1000], [-1]),
            "subject_transform": ([{"src": "a.*", "dest": "t.$1"}, {"src": "a.*", "dest": "t.{{wildcard(1)}}"}, {"src": "", "dest": "t.>"},
                                   {"src": "a.1", "dest": "a.2"}, {"src": "a.>", "dest": "t.1.>"}, {"src": "a.*", "dest": "t.{{partition(3,1)}}"}, {"src": "a.*.*", "dest": "t.{{wildcard(2)}}.{{wildcard(1)}}"},
                                   {"src": ">", "dest": ">"}, {"src": "b.*", "dest": "b.{{left(1,1)}}"}],
                                  [{"src": "a..x", "dest": "t"}, {"src": "a.*", "dest": "t.$2"}, {"src": "a.*", "dest": "t.*"}, {"src": "a.*", "dest": "t.{{foo(1)}}"},
                                   {"src": "a.*", "dest": ""}, {"src": "a.>", "dest": "t"}, {"src": "a.*", "dest": "t..x"}, {}, {"src": "a"}]),
            "republish": ([{"src": "a.>", "dest": "rp.>"}, {"src": "a.*", "dest": "rp.$1", "headers_only": True}, {"dest": "rp.>"}, {"src": "", "dest": "rp.>"},
                           {"src": "a.*", "dest": "rp.{{wildcard(1)}}"}, {"src": ">", "dest": "rp.>"}, {"src": "b.>", "dest": "rp.>", "headers_only": True}],
                          [{"src": "a.>", "dest": "a.x.>"}, {"src": "a.>", "dest": "a.>"}, {"src": "a.*", "dest": "rp"}, {"src": "a..", "dest": "rp"},
                           {"src": "a.*", "dest": "rp.*"}, {"src": "a.>", "dest": "rp.$1"}, {"src": "a.1", "dest": "b"}]),
            "allow_direct": ([True, True, False], [1]),
            "mirror_direct": ([False], [True]),
            "discard_new_per_subject": ([True, False], []),
            "sealed": ([False], [True]),
            "deny_delete": ([True, False], []),
            "deny_purge": ([True, False], []),
            "allow_rollup_hdrs": ([True, True, False], []),
            "allow_msg_ttl": ([True, True, False], []),
            "subject_delete_marker_ttl": ([0, 5 * S, HOUR], [-1, 5 * MS]),
            "consumer_limits": ([{}, {"inactive_threshold": HOUR}, {"max_ack_pending": 3}, {"max_ack_pending": 2, "inactive_threshold": 60 * S}], [{"x": 1}]),
            "persist_mode": (["default", "async", ""], ["x", None]),
            "metadata": ([{"k": "v"}, {"_nats.ver": "x", "k": "w"}, {}], [{"k": 1}, {"k": "x" * 131072}]),
            "pedantic": ([True, False], []),
            "name": ([name], ["C", "", "a.b", "x y"]),
        }
        config = {"name": name, "subjects": self.subjects(name)}
        config.update(self.fields(table, r.choice([0.03, 0.08, 0.15, 0.3])))
        if self.chance(self.wild):
            config["subjects"] = r.choice([[">"], ["a..b"], ["a.>", "a.1"], ["$JS.API.>"], [], None, ["$SYS.x"], ["a", "a"], [""], ["a."], "a", ["a.>", "b.>"], ["a\tb"]])
        if self.chance(self.wild):
            config.update(r.choice([{"template_owner": ""}, {"NAME": name}, {"foo": 1}, {"max_msgs": "5"}, {"subjects": "a"}]))
        if config.get("allow_msg_ttl") is None and self.chance(0.1):
            config["allow_msg_ttl"] = True
        return config

    def stream_request(self, verb, name, previous=None):
        config = self.stream(name)
        if previous and self.chance(0.8):
            keep = dict(previous)
            changed = self.r.sample(sorted(config), min(len(config), self.r.randint(1, 3)))
            keep.update({k: config[k] for k in changed})
            for k in list(keep):
                if k not in ("name", "subjects") and self.chance(0.1):
                    del keep[k]
            config = keep
            if self.chance(0.04):
                config["sealed"] = True
        self.known[name] = config
        return {"op": "api", "subject": "STREAM.%s.%s" % (verb, name), "body": config}

    # ------------------------------------------------------------------ consumers

    def consumer(self, push=None):
        r = self.r
        push = self.chance(0.35) if push is None else push
        table = {
            "description": (["d", ""], ["x" * 4097]),
            "deliver_policy": (["all", "last", "new", "by_start_sequence", "by_start_time", "last_per_subject", "undefined"], ["x", 1]),
            "opt_start_seq": ([0, 1, 2, 5, 20], [-1]),
            "opt_start_time": (["2000-01-01T00:00:00Z", "{time:A:2}", "2099-01-01T00:00:00Z"], ["x", "2000-01-01T00:00:00+02:00"]),
            "ack_wait": ([30 * S, HOUR, 0], [-1, 1]),
            "max_deliver": ([0, 1, 2, 5, -1], [-5]),
            "backoff": ([[HOUR], [60 * S, HOUR], []], [[-1], [60 * S] * 6]),
            "filter_subject": (FILTERS, BAD_FILTERS),
            "filter_subjects": ([["a.1"], ["a.1", "a.2"], ["a.*.x", "a.1.*"], ["a.>", "b.>"], []], [["a.>", "a.1"], [""], ["a..x", "a.1"], ["a.1", "a.1"]]),
            "replay_policy": (["instant", "original"], ["x"]),
            "rate_limit_bps": ([0] + [8 * 10**9] * push, [10**9] ),
            "sample_freq": (["100", "100%", "0", ""], ["abc", "-1", "50%%", "%", " 5"]),
            "max_waiting": ([1, 2, 512, 0] if not push else [0], [-1, 5]),
            "max_ack_pending": ([1, 2, 5, -1, 0, 1000], [-5]),
            "flow_control": ([push, False], [True]),
            "headers_only": ([True, False], []),
            "max_batch": ([1, 2, 3, 0], [-1]),
            "max_expires": ([0, S, HOUR], [-1, 5]),
            "max_bytes": ([0, 50, 500], [-1]),
            "deliver_group": ([r.choice(GROUPS)], ["x y"]),
            "idle_heartbeat": ([HOUR if push else 0], [5, -1, HOUR]),
            "inactive_threshold": ([0, HOUR, 60 * S], [-1]),
            "num_replicas": ([0, 1], [2, -1]),
            "mem_storage": ([True, False], []),
            "direct": ([False], [True]),
            "metadata": ([{"k": "v"}, {"_nats.level": "9"}, {}], [{"k": "x" * 131073}]),
            "pause_until": (["{now+3600}", "2000-01-01T00:00:00Z"], ["x"]),
            "priority_groups": ([["g"], ["g", "h"]], [[""], ["a b"], [], ["x" * 17]]),
            "priority_policy": (["none", "overflow", "pinned_client", "prioritized"], ["x", ""]),
            "priority_timeout": ([0, HOUR], [-1]),
        }
        config = {}
        if self.chance(0.8):
            config["ack_policy"] = r.choice(["explicit", "explicit", "explicit", "all", "none"])
        if self.chance(self.wild):
            config["ack_policy"] = r.choice(["flow_control", "x"])
        if push:
            config["deliver_subject"] = r.choice(DELIVER) if not self.chance(self.wild) else r.choice(["dl.*", "dl..x", "a.5", "", "dl 1"])
        config.update(self.fields(table, r.choice([0.02, 0.06, 0.12, 0.25])))
        if any("max_msg_size" in c for c in self.known.values()):
            # What is larger than the burst never comes there.
            config.pop("rate_limit_bps", None)
        if not self.chance(0.1):          # mostly sound combinations
            if config.get("deliver_policy") == "by_start_sequence":
                config.setdefault("opt_start_seq", r.choice([1, 2, 3, 10]))
                config.pop("opt_start_time", None)
            elif config.get("deliver_policy") == "by_start_time":
                config.setdefault("opt_start_time", "{time:A:%d}" % r.randint(1, 4))
                config.pop("opt_start_seq", None)
            else:
                config.pop("opt_start_seq", None), config.pop("opt_start_time", None)
            if config.get("deliver_policy") == "last_per_subject" and "filter_subjects" not in config:
                config.setdefault("filter_subject", ">")
            if "filter_subjects" in config and "filter_subject" in config:
                del config[r.choice(["filter_subject", "filter_subjects"])]
            if config.get("priority_policy", "none") not in ("none", "") and not push:
                config.setdefault("priority_groups", ["g"])
            else:
                for k in ("priority_policy", "priority_groups", "priority_timeout"):
                    config.pop(k, None)
            if push and config.get("flow_control"):
                config.setdefault("idle_heartbeat", HOUR)
            if push and config.get("ack_policy", "none") == "none":
                config.pop("max_ack_pending", None)
        return config

    def consumer_request(self, stream, name=None):
        name = name or self.r.choice(CONSUMERS)
        config = self.consumer()
        before = self.consumers.get((stream, name))
        if before is not None and self.chance(0.6):
            changed = self.r.sample(sorted(config), min(len(config), self.r.randint(0, 2)))
            config = dict(before, **{k: config[k] for k in changed})
            for k in list(config):
                if self.chance(0.06):
                    del config[k]
        body = {"stream_name": stream, "config": config}
        form = self.r.choice(["named", "named", "durable", "durable", "filter", "legacy", "anonymous"])
        config.pop("durable_name", None), config.pop("name", None)
        self.consumers[stream, name] = dict(config)
        config = body["config"] = dict(config)
        if form in ("named", "filter") and self.chance(0.6) or form in ("durable", "legacy"):
            config["durable_name"] = name
        elif form == "anonymous" and self.chance(0.6):
            config["name"] = name
        if self.chance(self.wild):
            config[self.r.choice(["durable_name", "name"])] = self.r.choice(["zz", "", "x/y", "a.b", "x y"])
        if self.chance(self.wild):
            body["stream_name"] = self.r.choice(["zz", "", "B"])
        subject = {"named": "CONSUMER.CREATE.%s.%s" % (stream, name), "durable": "CONSUMER.CREATE.%s.%s" % (stream, name),
                   "legacy": "CONSUMER.DURABLE.CREATE.%s.%s" % (stream, name), "anonymous": "CONSUMER.CREATE." + stream,
                   "filter": "CONSUMER.CREATE.%s.%s" % (stream, name)}[form]
        if form == "anonymous" and "name" not in config:
            if self.anonymous:
                config["name"] = name
            self.anonymous = True
        if form == "filter":
            subject += "." + (config.get("filter_subject") or "a.>")
            if self.chance(0.9) and "filter_subjects" not in config:
                config["filter_subject"] = subject.split(".", 4)[4] if subject.count(".") >= 4 else config.get("filter_subject", "")
        if self.chance(0.15):
            body["action"] = self.r.choice(["create", "update", ""]) if not self.chance(self.wild) else "bogus"
        if self.chance(0.08):
            body["pedantic"] = True
        if self.chance(self.wild / 2):
            body = self.r.choice(["", "{}", "x", {"stream_name": stream}, {"stream_name": stream, "config": None}, {"stream_name": stream, "config": {}, "x": 1}])
        return {"op": "api", "subject": subject, "body": body}

    # ------------------------------------------------------------------ messages

    def publish(self):
        r = self.r
        if self.chance(0.25):
            return {"op": "pub", "subject": [r.choice(SUBJECTS) for _ in range(r.randint(2, 8))], "data": "x" * r.choice([0, 1, 10, 30])}
        op = {"op": "pub", "subject": r.choice(SUBJECTS), "data": r.choice(["", "x", "hello", "y" * 30, "z" * 120, "{}"])}
        hdr = []
        bad = self.chance(self.wild * 2)
        number = lambda: r.choice([str(r.randint(0, 8)), "0", "{last}"]) if not bad else r.choice(["abc", "-1", "", "1.5", " 2", "99999999999999999999", "+1"])
        if self.chance(0.2):
            hdr.append(["Nats-Msg-Id", r.choice(["1", "2", "3", "x y", ""])])
        if self.chance(0.06):
            hdr.append(["Nats-Expected-Stream", r.choice(["A", "B", "", "zz"])])
        if self.chance(0.06):
            hdr.append(["Nats-Expected-Last-Sequence", number()])
        if self.chance(0.07):
            hdr.append(["Nats-Expected-Last-Subject-Sequence", number()])
            if self.chance(0.4):
                hdr.append(["Nats-Expected-Last-Subject-Sequence-Subject", r.choice(SUBJECTS + ["a.>", "a.*", ">", "b.>", "a..", "", "zz"])])
        elif self.chance(0.01):
            hdr.append(["Nats-Expected-Last-Subject-Sequence-Subject", "a.1"])
        if self.chance(0.04):
            hdr.append(["Nats-Expected-Last-Msg-Id", r.choice(["1", "2", "", "zz"])])
        if self.chance(0.07):
            hdr.append(["Nats-Rollup", r.choice(["sub", "all", "SUB", "All"]) if not bad else r.choice(["x", "", " sub"])])
        if self.chance(0.07):
            hdr.append(["Nats-TTL", r.choice(["60", "1h", "never", "Never", "1m30s", "100000"]) if not bad else r.choice(["0", "0s", "-1", "500ms", "x", "1.5h", "", "9999999999999", "1d", " 5"])])
        if self.chance(0.03):
            hdr.append(r.choice([["Nats-Marker-Reason", "MaxAge"], ["KV-Operation", "DEL"], ["KV-Operation", "PURGE"], ["Nats-Required-Api-Level", "99"], ["nats-msg-id", "1"],
                                 ["Nats-Stream-Source", "x"], ["Nats-Incr", "1"], ["Nats-Incr", "x"], ["Nats-Trace-Dest2", "x"], ["Foo", "bar"], ["Foo", ""], ["Nats-Request-Info", "x"], ["Nats-Batch-Commit", "1"]]))
        if self.chance(0.05):
            hdr.append(["X-Foo", "bar"])
        if hdr:
            if self.chance(0.1):
                hdr.append(r.choice(hdr))
            r.shuffle(hdr)
            op["hdr"] = hdr
        elif self.chance(0.02):
            op["hdr"] = r.choice(["NATS/1.0\r\n\r\n", "NATS/1.0 503 foo\r\n\r\n", "NATS/1.0 100 x\r\nFoo: b\r\n\r\n", "NATS/1.0\r\nFoo:b\r\n\r\n", "NATS/1.0\r\nFoo:   b  \r\n\r\n", "NATS/1.0\r\nNats-Msg-Id:1\r\nNats-Msg-Id:2\r\n\r\n"])
        if self.chance(0.05):
            op["reply"] = False
        return op

    def get(self, stream):
        r = self.r
        body = {}
        kind = r.choice(["seq", "seq", "last", "next", "time", "mix"])
        if kind in ("seq", "mix"):
            body["seq"] = r.randint(0, 12)
        if kind == "last" or kind == "mix" and self.chance(0.3):
            body["last_by_subj"] = r.choice(SUBJECTS + FILTERS + BAD_FILTERS[:3])
        if kind == "next" or kind == "mix" and self.chance(0.5):
            body["next_by_subj"] = r.choice(SUBJECTS + FILTERS)
        if kind == "time" or kind == "mix" and self.chance(0.2):
            body["start_time"] = r.choice(["{time:%s:%d}" % (stream, r.randint(1, 8)), "2000-01-01T00:00:00Z", "{now}", "2099-01-01T00:00:00Z"])
        if self.chance(0.1):
            body["no_hdr"] = True
        return body

    def direct(self, stream):
        r = self.r
        kind = r.choice(["get", "batch", "batch", "multi", "multi", "subject", "mix"])
        if kind == "subject":
            op = {"op": "api", "subject": "DIRECT.GET.%s.%s" % (stream, r.choice(SUBJECTS + ["t.1", "a.>", "a.*", "zz"]))}
            if self.chance(0.3):
                op["body"] = r.choice([{"no_hdr": True}, {"seq": 1}, {}, "x", {"last_by_subj": "a.1"}, {"no_hdr": False}])
            return op
        body = self.get(stream) if kind in ("get", "batch", "mix") else {}
        if kind in ("batch", "mix"):
            body["batch"] = r.choice([1, 2, 3, 10, 0])
        if kind in ("multi", "mix") and (kind == "multi" or self.chance(0.3)):
            body["multi_last"] = r.choice([["a.*"], [">"], ["a.1", "a.2"], ["a.>", "a.1"], ["b.>", "a.1"], ["nosuch"], [], ["a.*.x", "t.*"], [""]])
            if self.chance(0.3):
                body["seq"] = r.randint(0, 10)
            if self.chance(0.25):
                body["up_to_seq"] = r.randint(0, 12)
            elif self.chance(0.25):
                body["up_to_time"] = r.choice(["{time:%s:%d}" % (stream, r.randint(1, 8)), "2000-01-01T00:00:00Z", "{now}", "2099-01-01T00:00:00Z"])
            if self.chance(0.3):
                body["batch"] = r.choice([1, 2, 3, 10])
        if self.chance(0.25):
            body["max_bytes"] = r.choice([1, 50, 200, 1000, 0, -1])
        if self.chance(0.1):
            body["no_hdr"] = True
        if self.chance(self.wild):
            body = r.choice(["", "x", "{", "[]", {"foo": 1}, {"seq": "x"}, {"seq": -1}, "null", {}])
        return {"op": "api", "subject": "DIRECT.GET." + stream, "body": body}

    def purge(self, stream):
        r = self.r
        body = {}
        if self.chance(0.5):
            body["filter"] = r.choice(FILTERS + ["a..1", "", "a b"])
        if self.chance(0.4):
            body["seq"] = r.randint(0, 14)
        if self.chance(0.3):
            body["keep"] = r.randint(0, 4)
        if self.chance(self.wild):
            body = r.choice(["", "x", {"foo": 1}, {"seq": -1}, "[]", "null", "[1]", "{"])
        return {"op": "api", "subject": "STREAM.PURGE." + stream, "body": body}

    # ------------------------------------------------------------------ consumers at work

    def pull(self, stream):
        r = self.r
        body = {"batch": r.choice([1, 1, 2, 3, 5, 10])}
        if self.chance(0.5):
            body["no_wait"] = True
        if self.chance(0.3):
            body["expires"] = HOUR
        if self.chance(0.15):
            body["max_bytes"] = r.choice([1, 60, 100, 200, 500, 10000])
        if self.chance(0.08):
            body["idle_heartbeat"] = r.choice([HOUR // 2, HOUR // 4, HOUR])
            if self.chance(0.8):
                body["expires"] = HOUR
        if self.chance(0.3):
            body["group"] = r.choice(["g", "g", "g", "h", "zz", ""])
        if self.chance(0.06):
            body["priority"] = r.choice([0, 1, 5, 9, 10, -1])
        if self.chance(0.06):
            body["min_pending"] = r.choice([0, 1, 3, 10])
        if self.chance(0.05):
            body["min_ack_pending"] = r.choice([0, 1, 3])
        if self.chance(0.06):
            body["id"] = r.choice(["{pin}", "zz"])
        if self.chance(self.wild):
            body = r.choice(["", "5", "abc", "{", "[1]", "-3", " 2 ", {"batch": 0}, {"batch": -1}, {"batch": "x"}, {"foo": 1, "batch": 1}, {"expires": -1}, {"expires": -1, "no_wait": True}, "null", "0", "99999999999999999999"])
        op = {"op": "pull", "stream": stream, "consumer": r.choice(CONSUMERS), "body": body}
        if self.chance(0.01):
            op["hdr"] = [["Nats-Required-Api-Level", r.choice(["9", "x", "1"])]]
        return op

    def ack(self):
        r = self.r
        op = {"op": "ack", "index": r.choice([-1, -1, -1, -2, -3, r.randint(0, 30)]),
              "payload": r.choice(["", "+ACK", "+ACK", "+OK", "-NAK", "-NAK", "+WPI", "+TERM", "+TERM reason", "+NXT", "+NXT 2", "-NAK {\"delay\":3600000000000}", "-NAK 1h"])}
        if self.chance(self.wild * 2):
            op["payload"] = r.choice(["foo", "+ACKx", "-NAK xyz", "-NAK {", "+TERMx", "+NXT {\"batch\":1,\"no_wait\":true}", "+NXT {", "-NAK{\"delay\":3600000000000}", "+nak", " +ACK", "-NAK {\"delay\":-5}", "-NAK -5s", "+NXT x", "+NXT0", "+WPI x", "-NAK {\"delay\":\"1h\"}"])
        if self.chance(0.6):
            op["reply"] = True
        if self.chance(self.wild):
            op["tokens"] = {str(r.choice([4, 5, 6, 7, 8])): r.choice(["1", "7", "500"])}
        if self.chance(self.wild / 3):
            op.update(r.choice([{"cut": 8}, {"more": ["x"]}, {"v2": True}, {"v2": True, "more": ["x"]}]))
        if self.chance(0.02):
            op["hdr"] = [["Foo", "bar"]]
        return op

    # ------------------------------------------------------------------ a scenario

    def step(self):
        r = self.r
        stream = r.choice(["A", "A", "A", "B"])
        consumer = "%s.%s" % (stream, r.choice(CONSUMERS))
        api = lambda subject, body="": {"op": "api", "subject": subject, "body": body}
        level = lambda op: dict(op, hdr=[["Nats-Required-Api-Level", r.choice(["1", "5", "6", "x", "-1"])]]) if self.chance(0.01) else op
        choices = [
            (22, self.publish),
            (12, lambda: self.pull(stream)),
            (14, self.ack),
            (6, lambda: level(self.consumer_request(stream))),
            (3, lambda: level(self.stream_request("UPDATE", stream, self.known.get(stream)))),
            (1, lambda: level(self.stream_request("CREATE", stream, self.known.get(stream)))),
            (3, lambda: level(self.purge(stream))),
            (4, lambda: level(api("STREAM.MSG.DELETE." + stream, r.choice([{"seq": r.randint(0, 12)}, {"seq": r.randint(1, 8), "no_erase": True}, {"seq": r.randint(1, 8)}])))),
            (3, lambda: api("STREAM.MSG.GET." + stream, self.get(stream))),
            (5, lambda: self.direct(stream)),
            (3, lambda: api("STREAM.INFO." + stream, r.choice(["", {"subjects_filter": ">"}, {"deleted_details": True}, {"subjects_filter": r.choice(FILTERS), "offset": r.randint(0, 3)}, {"foo": 1}, "x"]))),
            (4, lambda: api("CONSUMER.INFO." + consumer)),
            (1, lambda: api("CONSUMER.LIST." + stream, r.choice(["", {"offset": 1}, {"offset": -1}, {"offset": 9}])) if not self.anonymous else api("INFO")),
            (1, lambda: api("CONSUMER.NAMES." + stream, r.choice(["", {"offset": 1}, {"subject": "x"}])) if not self.anonymous else api("INFO")),
            (1, lambda: api("STREAM.NAMES", r.choice(["", {"subject": r.choice(FILTERS)}, {"offset": 1}]))),
            (1, lambda: api("STREAM.LIST", r.choice(["", {"subject": r.choice(FILTERS)}, {"offset": 1}]))),
            (1, lambda: level(api("INFO"))),
            (1, lambda: api("CONSUMER.DELETE." + consumer, r.choice(["", "", "{}", "x"]))),
            (2, lambda: level(api("CONSUMER.PAUSE." + consumer, r.choice([{"pause_until": "{now+3600}"}, {"pause_until": "{now+3600}"}, "", {}, {"pause_until": "2000-01-01T00:00:00Z"}, {"pause_until": "x"}, {"foo": 1}])))),
            (2, lambda: api("CONSUMER.RESET." + consumer, r.choice(["", {"seq": r.randint(0, 12)}, {"seq": r.randint(1, 4)}, {}, "x", {"seq": "x"}]))),
            (1, lambda: api("CONSUMER.UNPIN." + consumer, r.choice([{"group": "g"}, {"group": "g"}, {"group": "h"}, {"group": ""}, "", {"group": "a b"}, {"x": 1}]))),
            (3, lambda: {"op": "sub", "subject": r.choice(DELIVER), **({"queue": r.choice(GROUPS)} if self.chance(0.3) else {})}),
            (1, lambda: {"op": "unsub", "subject": r.choice(DELIVER)}),
            (1, lambda: {"op": "fc"}),
        ]
        if self.chance(self.wild / 4):
            return api(r.choice(["STREAM.INFO.zz", "STREAM.DELETE.zz", "STREAM.PURGE.zz", "CONSUMER.INFO.zz.c", "CONSUMER.INFO.A.zz", "CONSUMER.DELETE.A.zz", "STREAM.MSG.GET.zz",
                                 "STREAM.MSG.DELETE.zz", "CONSUMER.PAUSE.zz.c", "STREAM.LEADER.STEPDOWN.A", "CONSUMER.LEADER.STEPDOWN.A.c", "STREAM.PEER.REMOVE.A", "META.LEADER.STEPDOWN", "FOO", "STREAM.FOO.A", "STREAM.INFO", "STREAM.INFO.A.b", "CONSUMER.INFO.A",
                                 "SERVER.REMOVE", "ACCOUNT.PURGE.X", "STREAM.TEMPLATE.NAMES", "CONSUMER.LIST.zz", "CONSUMER.NAMES.zz", "STREAM.CANCEL_MOVE.A", "CONSUMER.PEER.REMOVE.A.c", "STREAM.PEER.EVACUATE.A", "CONSUMER.DURABLE.CREATE.A", "CONSUMER.UNPIN.zz.c", "STREAM.UPDATE.A", "STREAM.CREATE.A", "STREAM.NAMES", "CONSUMER.PAUSE.A.zz"]),
                       r.choice(["", "{}", {"seq": 1}, "x", {"peer": "x"}, "null", "[]", "[1]", {"group": "g"}, "{} {}", "{\"offset\":1}{\"offset\":0}"]))
        total = sum(w for w, _ in choices)
        at = r.random() * total
        for weight, make in choices:
            at -= weight
            if at < 0:
                return make()
        return make()

    def scenario(self):
        r = self.r
        self.known, self.consumers, self.anonymous = {}, {}, False
        ops = [self.stream_request("CREATE", "A")]
        if self.chance(0.4):
            ops.append(self.stream_request("CREATE", "B"))
        if self.chance(0.5):
            ops.append({"op": "sub", "subject": "dl.1"})
        ops += [self.consumer_request("A") for _ in range(r.randint(0, 2))]
        ops += [self.publish() for _ in range(r.randint(0, 4))]
        ops += [self.consumer_request("A") for _ in range(r.randint(0, 2))]
        ops += [self.step() for _ in range(r.choice([10, 20, 40]))]
        ops += self.ending()
        return {"account": r.choice(["plain"] * 5 + ["small", "strict"]), "ops": ops}

    def ending(self):
        api = lambda subject, body="": {"op": "api", "subject": subject, "body": body}
        ops = [api("STREAM.LIST")]
        for stream in STREAMS:
            ops += [api("STREAM.INFO." + stream, {"deleted_details": True, "subjects_filter": ">"})]
            if not self.anonymous:
                ops += [api("CONSUMER.LIST." + stream)]
            ops += [api("STREAM.MSG.GET." + stream, {"seq": 1, "next_by_subj": ">"}), api("DIRECT.GET." + stream, {"seq": 1, "batch": 100})]
            ops += [api("CONSUMER.INFO.%s.%s" % (stream, c)) for c in CONSUMERS]
        ops += [api("INFO")]
        return ops + [api("STREAM.DELETE." + s) for s in STREAMS]

