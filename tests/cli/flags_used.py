"""Every flag of every command is used by some test, or stands below with the reason why not."""


from tool import *
from tool import record
from tool.flags import Model

# Flags that no test uses: {(command, flag): why}.
UNUSED = {}


@case(19)
def flags_of_command_lines_are_recognised(ctx):
    tool = nats(ctx, server=False)
    model = Model(tool.run("--fisk-introspect").json)
    for words, wanted in (
            ("-s x stream ls -n", {("", "server"), ("stream ls", "names")}),
            ("str -a l --subject names", {("stream", "all"), ("stream ls", "subject")}),
            ("kv edit B --no-no-mirror --history=3", {("kv edit", "no-mirror"), ("kv edit", "history")}),
            ("pub a -- --count", set()),
            ("pub a b -Hx:y -qJ", {("publish", "header"), ("publish", "quiet"), ("publish", "jetstream")}),
            ("rtt --timeout --json", {("", "timeout")})):
        eq(model.used(words.split()), wanted, words)


@case(19, exclusive=True)
def every_flag_is_used_by_some_test(ctx):
    record.need_whole_run(ctx)
    model = Model(nats(ctx, server=False).run("--fisk-introspect").json)
    used = set()
    for entry in record.entries(ctx.run):
        used |= model.used(entry.get("args", ()))
    missing, needless = [], []
    for path, names in model.defined().items():
        for name in names:
            if (path, name) not in used and (path, name) not in UNUSED:
                missing.append(("%s --%s" % (path, name)).strip())
            if (path, name) in used and (path, name) in UNUSED:
                needless.append("%s --%s" % (path, name))
    eq(sorted(missing), [], "flags that no test uses")
    eq(sorted(needless), [], "flags that are used, but listed as unused")
