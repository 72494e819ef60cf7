"""Message schedules: jetstream-streams.md 12.5 to 12.7, items 103 to 111."""

import time

from lib import *
from lib.jetstream import *

case = cases("jetstream_streams")

NEED = "schedules"
FAR = "@at 2099-01-01T00:00:00Z"


def schedule(pattern=FAR, target="s.target", **others):
    headers = {"Nats-Schedule": pattern, "Nats-Schedule-Target": target}
    headers.update({name.replace("_", "-"): value for name, value in others.items()})
    return headers


def stream(js, **config):
    js.create("S", ["s.>"], allow_msg_schedules=True, allow_msg_ttl=True, **config)


def soon(seconds=1):
    """A time that many seconds ahead, as text."""
    return rfc3339(int(time.time() + seconds) * SECOND)


@case(103, NEED)
def patterns(ctx):
    js = jetstream(ctx)
    stream(js)
    for pattern in ("@at 2099-01-01T00:00:00Z", "@at 2099-01-01T00:00:00.5+02:00", "@every 1s", "@every 1h30m", "@yearly", "@annually", "@monthly",
                    "@weekly", "@daily", "@midnight", "@hourly", "0 0 0 1 1 *", "0 30 4 1,15 * *", "*/5 * * * * *", "0 0 0 * jan-DEC mon-FRI",
                    "0 0 0 ? * 0-6", "5/10 0-30/2 * * * sun", "0 0 0 29 2 *"):
        js.pub("s.x", b"", schedule(pattern))
    for pattern in ("", "@at", "@at tomorrow", "@at  2099-01-01T00:00:00Z", "@every", "@every 500ms", "@every -1s", "@every x", "@reboot", "@Daily", "* * * * *",
                    "* * * * * * *", "60 * * * * *", "* 60 * * * *", "* * 24 * * *", "* * * 0 * *", "* * * 32 * *", "* * * * 13 *", "* * * * 0 *",
                    "* * * * * 7", "x * * * * *", "5-1 * * * * *", "*/0 * * * * *", "0 0 0 30 2 *"):
        headers = schedule(pattern)
        if pattern:
            js.pub_err("s.x", b"", headers, 10189, 400, "message schedules pattern is invalid")


@case(103, NEED)
def time_zones(ctx):
    js = jetstream(ctx)
    stream(js)
    text = "message schedules time zone is invalid"
    for zone in ("Europe/Berlin", "UTC", "America/New_York", "Local"):
        js.pub("s.x", b"", schedule("0 0 0 * * *", Nats_Schedule_Time_Zone=zone))
    for zone in ("", "Nowhere/At_All"):
        js.pub_err("s.x", b"", schedule("0 0 0 * * *", Nats_Schedule_Time_Zone=zone), 10223, 400, text)
    for pattern in (FAR, "@every 10s"):
        js.pub_err("s.x", b"", schedule(pattern, Nats_Schedule_Time_Zone="UTC"), 10189, 400, "message schedules pattern is invalid")


@case(104, NEED)
def errors(ctx):
    js = jetstream(ctx)
    stream(js)
    target, source = "message schedules target is invalid", "message schedules source is invalid"
    for subject in ("", "s.x", "s.*", "other", "s..x", "s.>"):
        js.pub_err("s.x", b"", schedule(target=subject), 10190, 400, target)
    js.pub_err("s.x", b"", {"Nats-Schedule": FAR}, 10190, 400, target)
    for subject in ("s.x", "s.target", "s.*", "other"):
        js.pub_err("s.x", b"", schedule(Nats_Schedule_Source=subject), 10203, 400, source)
    js.pub("s.x", b"", schedule(Nats_Schedule_Source="s.source"))
    for value in ("0", "x", "500ms"):
        js.pub_err("s.x", b"", schedule(Nats_Schedule_TTL=value), 10191, 400, "message schedules invalid per-message TTL")
    js.pub("s.x", b"", schedule(Nats_Schedule_TTL="5s"))
    for value in ("all", "x"):
        js.pub_err("s.x", b"", schedule(Nats_Schedule_Rollup=value), 10192, 400, "message schedules invalid rollup")
    js.pub("s.x", b"", schedule(Nats_Schedule_Rollup="sub"))
    js.pub_err("s.x", b"", schedule(Nats_Rollup="all"), 10192, 400, "message schedules invalid rollup")
    js.create("T", ["t.>"], allow_msg_schedules=True)
    js.pub_err("t.x", b"", schedule(target="t.y", Nats_Schedule_TTL="5s"), 10166, 400, "per-message TTL is disabled")


@case(104, NEED)
def disabled(ctx):
    js = jetstream(ctx)
    js.create("S", ["s.>"])
    text = "message schedules is disabled"
    for headers in (schedule(), schedule("nonsense"), schedule("0 0 0 * * *", Nats_Schedule_Time_Zone="x"), schedule(target="*")):
        js.pub_err("s.x", b"", headers, 10188, 400, text)
    js.pub_err("s.x", b"", {"Nats-Schedule-Next": "purge", "Nats-Scheduler": "s.y"}, 10188, 400, text)


@case(105, NEED)
def one_schedule_a_subject(ctx):
    js = jetstream(ctx)
    stream(js)
    js.pub("s.x", b"1", schedule())
    eq(js.get("S", seq=1)["hdrs"], block(dict(schedule(), **{"Nats-Rollup": "sub"})), "headers")
    raw = block(dict({"Nats-Rollup": "sub"}, **schedule()))
    js.pub("s.x", b"2", raw)
    js.pub("s.y", b"3", schedule())
    eq((js.seqs("S"), js.get("S", seq=2)["hdrs"]), ([2, 3], raw), "sequences and headers")


@case(106, NEED, slow=True)
def at(ctx):
    js = jetstream(ctx)
    stream(js)
    watch = js.subscribe("s.target")
    when = soon(1)
    js.pub("s.x", b"payload", [("a", "1"), ("Nats-Schedule", "@at " + when), ("Nats-Schedule-Target", "s.target"), ("Nats-Msg-Id", "id"),
                               ("Nats-Schedule-TTL", "5m"), ("Nats-Schedule-Rollup", "sub"), ("b", "2")])
    eq(js.state("S")["messages"], 1, "messages")
    js.wait_state("S", last_seq=2, messages=1)
    message = js.get("S", seq=2)
    eq((message["subject"], message["data"]), ("s.target", b"payload"), "message")
    eq(message["hdrs"], block([("a", "1"), ("b", "2"), ("Nats-Scheduler", "s.x"), ("Nats-Schedule-Next", "purge"), ("Nats-TTL", "5m"), ("Nats-Rollup", "sub")]),
       "headers")
    check(nanos(message["time"]) >= nanos(when), "too early")
    watch.expect_none()


@case(106, NEED)
def at_in_the_past(ctx):
    js = jetstream(ctx)
    stream(js)
    js.pub("s.x", b"p", schedule("@at 2020-01-01T00:00:00Z"))
    js.wait_state("S", timeout=3.0, last_seq=2, messages=1)
    eq(js.get("S", seq=2)["subject"], "s.target", "subject")


@case(107, NEED, slow=True)
def every(ctx):
    js = jetstream(ctx)
    stream(js)
    js.pub("s.source", b"sample 1", {"of": "source"})
    js.pub("s.x", b"own", schedule("@every 1s", Nats_Schedule_Source="s.source", Nats_Schedule_Rollup="sub"))
    js.pub("s.y", b"own", schedule("@every 1s", target="s.other", Nats_Schedule_Source="s.empty"))
    wait_until(lambda: js.state("S", subjects_filter="s.other").get("subjects", {}).get("s.other", 0) >= 2, "two messages")
    message = js.get("S", last_by_subj="s.other")
    eq(message["data"], b"own", "own content")
    scheduled = dict(line.split(": ", 1) for line in message["hdrs"].decode().split("\r\n")[1:-2])
    eq((list(scheduled), scheduled["Nats-Scheduler"]), (["Nats-Scheduler", "Nats-Schedule-Next"], "s.y"), "headers")
    upcoming = nanos(scheduled["Nats-Schedule-Next"])
    eq(upcoming % SECOND, 0, "fraction of the next time")
    near((upcoming - nanos(message["time"])) / SECOND, 0.0, 1.6, "seconds until the next time")
    js.pub("s.source", b"sample 2")
    wait_until(lambda: js.get("S", last_by_subj="s.target")["data"] == b"sample 2", "the new sample")
    eq(js.state("S", subjects_filter="s.*")["subjects"]["s.target"], 1, "messages on the target with rollup")
    eq(js.get("S", last_by_subj="s.x")["data"], b"own", "the schedule stays")


@case(108, NEED)
def cancel(ctx):
    js = jetstream(ctx)
    stream(js)
    js.pub("s.x", b"", schedule())
    js.pub("s.plain", b"")
    text = (10212, 400, "message schedules invalid scheduler")
    for headers in ({"Nats-Schedule-Next": "later", "Nats-Scheduler": "s.x"}, {"Nats-Schedule-Next": "purge"}, {"Nats-Scheduler": "s.x"},
                    {"Nats-Schedule-Next": "purge", "Nats-Scheduler": "s.*"}, {"Nats-Schedule-Next": "purge", "Nats-Scheduler": "s.plain"},
                    {"Nats-Schedule-Next": "purge", "Nats-Scheduler": "s.done"}):
        js.pub_err("s.done", b"", headers, *text)
    eq(js.seqs("S"), [1, 2], "sequences")
    js.pub("s.done", b"", {"Nats-Schedule-Next": "purge", "Nats-Scheduler": "s.x"})
    eq(js.seqs("S"), [2, 3], "sequences")
    js.pub("s.done", b"", {"Nats-Schedule-Next": "purge", "Nats-Scheduler": "s.nothing"})


@case(109, NEED, slow=True)
def ordinary_message_cancels(ctx):
    js = jetstream(ctx)
    stream(js)
    js.pub("s.a", b"", schedule("@at " + soon(2), target="s.ta"))
    js.pub("s.a", b"ordinary")
    js.pub("s.b", b"", schedule("@at " + soon(2), target="s.tb"))
    js.delete_msg("S", 3)
    js.pub("s.c", b"", schedule("@at " + soon(2), target="s.tc"))
    js.purge("S", filter="s.c")
    js.pub("s.d", b"", schedule("@at " + soon(2), target="s.td"))
    wait_until(lambda: "s.td" in js.state("S", subjects_filter="s.*").get("subjects", {}), "the schedule that stays")
    js.pub("s.e", b"", schedule("@at " + soon(1), target="s.te"))
    wait_until(lambda: "s.te" in js.state("S", subjects_filter="s.*").get("subjects", {}), "a later schedule")
    subjects = js.state("S", subjects_filter=">")["subjects"]
    eq(sorted(subject for subject in subjects if subject.startswith("s.t")), ["s.td", "s.te"], "fired")


@case(110, NEED, slow=True)
def schedules_after_a_kill(ctx):
    js = jetstream(ctx)
    stream(js)
    when = soon(1)
    js.pub("s.past", b"", schedule("@at " + when, target="s.t1"))
    js.pub("s.every", b"", schedule("@every 1s", target="s.t2"))
    js.server.kill()
    wait_until(lambda: time.time() * SECOND > nanos(when), "the time passes")
    js.server.start()
    js.reconnect()
    wait_until(lambda: {"s.t1", "s.t2"} <= set(js.state("S", subjects_filter=">")["subjects"]), "both fire")
    check("s.past" not in js.state("S", subjects_filter=">")["subjects"], "the schedule is still there")


@case(111, NEED)
def stays_on(ctx):
    js = jetstream(ctx)
    stream(js)
    js.update_err("S", 10052, 500, "message schedules can not be disabled", subjects=["s.>"], allow_msg_ttl=True, allow_rollup_hdrs=True)
    js.update_err("S", 10052, 500, "message TTL status can not be disabled", subjects=["s.>"], allow_msg_schedules=True)
