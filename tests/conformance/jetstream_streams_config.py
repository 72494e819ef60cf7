"""Stream configuration: jetstream-streams.md 1 and 2.1, items 1 to 22."""

from lib import *
from lib.jetstream import *

SHEET = "jetstream_streams"


@test(SHEET, 1, needs="jetstream")
def defaults(ctx):
    js = jetstream(ctx)
    reply = js.create("A")
    eq(list(reply), ["type", "config", "created", "state", "ts", "did_create"], "members of the reply")
