"""Scenarios in which more happens: time passes, servers stop, somebody looks at the monitoring port."""

from generate import HOUR, Generator, S

# Messages are too old after a second, and the reference sees that up to 250 ms later: nobody is to wait for just that time.
ACK_WAIT = S * 13 // 10


class Slow(Generator):
    """Time passes: expiry, redelivery, ends of pauses and requests. Everything takes a second or two."""

    def stream(self, name):
        config = super().stream(name)
        if self.chance(0.3):
            config["max_age"] = S
            config["duplicate_window"] = S
        if self.chance(0.4):
            config["allow_msg_ttl"] = True
            if self.chance(0.5):
                config["subject_delete_marker_ttl"] = self.pick(60 * S, HOUR)
                config["deny_purge"] = False
        if self.chance(0.1):
            config["duplicate_window"] = S
        return config

    def publish(self):
        op = super().publish()
        if self.chance(0.3) and isinstance(op.get("hdr", []), list):
            op["hdr"] = [h for h in op.get("hdr", []) if h[0] != "Nats-TTL"] + [["Nats-TTL", self.pick("1", "1s", "2", "never", "1h")]]
        return op

    def consumer(self, push=None):
        config = super().consumer(push)
        if config.get("ack_policy") in ("explicit", "all"):
            if self.chance(0.5):
                config.pop("backoff", None)
                config["ack_wait"] = ACK_WAIT
                config["max_deliver"] = self.pick(1, 2, 3)
            elif self.chance(0.4):
                config.pop("ack_wait", None)
                config["backoff"] = [ACK_WAIT, 2 * ACK_WAIT]
                config["max_deliver"] = self.pick(2, 3)
        if self.chance(0.1):
            config["pause_until"] = "{now+1}"
        if config.get("priority_policy") == "pinned_client":
            config["priority_timeout"] = 2 * S
        return config

    def pull(self, stream):
        op = super().pull(stream)
        if isinstance(op["body"], dict) and self.chance(0.5):
            op["body"]["expires"] = S
            op["body"].pop("idle_heartbeat", None)
        return op

    def ack(self):
        op = super().ack()
        if self.chance(0.2):
            op["payload"] = self.pick('-NAK {"delay":1000000000}', "-NAK 1s", "+WPI")
        return op

    def step(self):
        if self.waits and self.chance(0.15):
            self.waits -= 1
            return {"op": "wait", "seconds": 1.6}
        return super().step()

    def scenario(self):
        self.waits = 3
        return super().scenario()


class Restarts(Generator):
    """Both servers stop and start again."""

    def stream(self, name):
        config = super().stream(name)
        if self.chance(0.8):
            config.pop("storage", None)
        return config

    def step(self):
        if self.restarts and self.chance(0.1):
            self.restarts -= 1
            self.after = 3
            return {"op": "restart"}
        return super().step()

    def scenario(self):
        self.restarts = 1
        found = super().scenario()
        if all(op["op"] != "restart" for op in found["ops"]):
            at = max(1, len(found["ops"]) // 2)
            found["ops"].insert(at, {"op": "restart"})
        return found


class Monitored(Generator):
    """What the monitoring port says at the end."""

    def stream(self, name):
        config = super().stream(name)
        # The reference does not find an account without files.
        config.pop("storage", None)
        return config

    def ending(self):
        ops = super().ending()
        at = next(i for i, op in enumerate(ops) if op.get("subject", "").startswith("STREAM.DELETE"))
        r = self.r
        paths = ["/jsz?acc=ACCOUNT&streams=true&consumers=true&config=true", "/jsz?acc=ACCOUNT", "/jsz?acc=ACCOUNT&streams=1", "/jsz?acc=ACCOUNT&consumers=1",
                 "/jsz?acc=ACCOUNT&consumers=true&config=true", "/jsz?acc=ACCOUNT&direct-consumers=true", "/jsz?acc=ACCOUNT&streams=true&config=true&raft=true",
                 "/jsz?acc=ACCOUNT&streams=true&stream-leader-only=true", "/jsz?acc=nosuch", "/jsz?acc=ACCOUNT&limit=0&offset=1", "/jsz?acc=ACCOUNT&streams=x", "/jsz?leader-only=true&acc=ACCOUNT",
                 "/healthz", "/healthz?js-enabled-only=true", "/healthz?js-server-only=true", "/healthz?account=ACCOUNT", "/healthz?account=ACCOUNT&stream=A", "/healthz?account=ACCOUNT&stream=nosuch",
                 "/healthz?account=ACCOUNT&stream=A&consumer=c", "/healthz?account=ACCOUNT&stream=A&consumer=nosuch", "/healthz?account=nosuch", "/healthz?stream=A", "/healthz?account=ACCOUNT&consumer=c",
                 "/healthz?account=ACCOUNT&stream=A&consumer=c&details=true", "/healthz?account=ACCOUNT&stream=nosuch&details=true", "/healthz?details=1", "/healthz?js-meta-only=true", "/healthz?js-enabled=true"]
        ops[at:at] = [{"op": "http", "path": p} for p in r.sample(paths, 6)]
        return ops


KINDS = {"plain": Generator, "slow": Slow, "restarts": Restarts, "monitored": Monitored}
