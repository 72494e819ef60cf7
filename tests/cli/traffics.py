"""traffic: item 143."""

from tool import *

GENERAL = r"General Traffic.*│ Requests │ JS API │ JS ACK │ System │ Rest +│ Total Bytes │ Total Messages │\n"


@case(143)
def traffic_of_an_account(ctx):
    tool = nats(ctx)
    running = tool.start("traffic", "t.>")
    running.wait_out(GENERAL + r"[^\n]*\n│ 0 +│ 0 +│ 0 +│ 0 +│ 0 +│ 0 B +│ 0 +│\n")
    tool.run("pub", "t.a", "x" * 100, "--count", "15", "-q")
    tool.run("pub", "t.a", "x", "--reply", "r", "-q")
    tool.run("pub", "other", "x", "-q")

    def counted():
        # The last whole table has all seconds so far.
        tables = [table for table in running.out.split("General Traffic") if "╰" in table]
        rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in tables[-1].splitlines()]
        rows = [[int(cell) for at, cell in enumerate(row) if at != 5] for row in rows if len(row) == 7 and row[0].isdigit()]
        check(all(sum(row[:5]) == row[5] for row in rows), rows)
        return [sum(column) for column in zip(*rows)] == [1, 0, 0, 0, 15, 16]
    wait_until(counted, "all messages", timeout=20.0)
    # Each second begins on an empty screen, and each table ends with an empty line.
    matches(running.out, "^\x1b\\[2J\x1b\\[H")
    matches(running.out, "╯\n\n\x1b\\[2J")
    check("Raft" not in running.out, running.out)
    running.interrupt()
    running.wait(code=-2)


@case(143)
def traffic_at_a_terminal(ctx):
    tool = nats(ctx)
    terminal = tool.terminal("traffic", columns=120)
    terminal.wait("General Traffic")
    # The next drawing replaces it.
    terminal.wait(r"General Traffic.*\n│ 0 .*\n│ 0 ")
    eq(terminal.screen.text().count("General Traffic"), 1)
    terminal.interrupt()
    terminal.finish(code=None)


@case(143, "cluster", slow=True)
def traffic_inside_of_a_cluster(ctx):
    tool = nats(ctx, server=cluster(ctx)[0])
    running = tool.start("traffic", *SYSTEM)
    running.wait_out("General Traffic")
    tool.run("stream", "add", "S", "--subjects", "s.>", "--replicas", "3", "--defaults")
    for _ in range(5):
        tool.run("pub", "s.a", "x", "-J", "-q")
    running.wait_out(r"Raft Traffic.*│ Vote +│ Append +│ Reply +│ Remove Peer │ Proposal │ Total Messages │")
    running.wait_out(r"│ System │.*│ \d+ +│ \d+ +│ \d+ +│ [1-9]\d* ")
