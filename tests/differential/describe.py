"""Differences in words."""

import json
import re


def without_numbers(text):
    """A text in which numbers do not matter."""
    return re.sub(r"\d+", "#", text)


def json_paths(peer, mine, at=""):
    """Where two values of JSON differ, one line each."""
    if isinstance(peer, dict) and isinstance(mine, dict):
        out = []
        for key in list(peer) + [key for key in mine if key not in peer]:
            if key not in peer or key not in mine:
                out.append("%s.%s only %s" % (at, key, "peer" if key in peer else "mine"))
            else:
                out += json_paths(peer[key], mine[key], "%s.%s" % (at, key))
        if not out and list(peer) != list(mine):
            out.append(at + " order of members")
        return out
    if isinstance(peer, list) and isinstance(mine, list) and len(peer) == len(mine):
        return [line for i, pair in enumerate(zip(peer, mine)) for line in json_paths(*pair, "%s[%d]" % (at, i))]
    return [] if peer == mine else ["%s: %s | %s" % (at, json.dumps(peer)[:150], json.dumps(mine)[:150])]


def describe(peer, mine):
    """(signature, lines) of messages that have no counterpart."""
    lines = ["   peer %s" % (message,) for message in peer] + ["   mine %s" % (message,) for message in mine]
    if len(peer) == 1 and len(mine) == 1:
        if peer[0][4][:1] == mine[0][4][:1] == "{":
            found = json_differences(json.loads(peer[0][4]), json.loads(mine[0][4]))
            return "; ".join(sorted({signature for signature, _ in found})) or "text", ["   " + line for _, line in found] + lines
        if peer[0][3] != mine[0][3]:
            return "headers %s | %s" % (peer[0][3][:60], mine[0][3][:60]), lines
        return "message", lines
    return "only peer %s, only mine %s" % (kinds(peer), kinds(mine)), lines


def json_differences(peer, mine):
    """(signature, line) of each difference."""
    errors = peer.get("error"), mine.get("error")
    if errors[0] != errors[1]:
        line = "error: %s | %s" % tuple(json.dumps(error) for error in errors)
        return [(without_numbers(line), line)]
    return [(without_numbers(line.split(":")[0]), line) for line in json_paths(peer, mine)]


def kinds(messages):
    """Subjects and beginnings."""
    def one(message):
        subject = message[1] if message[0].startswith("$JS") else message[0].split(".")[0]
        return without_numbers("%s:%s" % (subject, message[3][:40] or message[4][:30]))
    return ",".join(sorted({one(message) for message in messages})) or "nothing"
