#!/usr/bin/env python3
"""Adds to commands.json what the original tool says of itself: the order of flags, their defaults, and the names of
values.

nats --fisk-introspect > model.json; python3 introspected.py commands.json model.json > new.json
"""

import json
import sys


def complete(entry, theirs):
    if theirs.get("place_holder"):
        entry["value_name"] = theirs["place_holder"]
    if theirs.get("default") is not None:
        entry["default"] = theirs["default"][0]


def command_at(model, path):
    for word in path:
        model = next((below for below in model.get("commands", []) if below["name"] == word), None)
        if model is None:
            return None
    return model


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        tree = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        model = json.load(file)
    for entry in tree["commands"]:
        theirs = command_at(model, entry["path"])
        # It does not speak of its help.
        if theirs is None:
            continue
        order = [flag["name"] for flag in theirs.get("flags") or []]
        entry.get("flags", []).sort(key=lambda flag: order.index(flag["name"]))
        for ours, key in (entry.get("flags", []), "flags"), (entry.get("args", []), "args"):
            named = {other["name"]: other for other in theirs.get(key) or []}
            for one in ours:
                complete(one, named[one["name"]])
    for flag in tree["global"]:
        other = next(other for other in model["flags"] if other["name"] == flag["name"])
        if other.get("place_holder"):
            flag["value_name"] = other["place_holder"]
    print('{"global": [')
    print(",\n".join(json.dumps(flag, ensure_ascii=False) for flag in tree["global"]))
    print('], "commands": [')
    print(",\n".join(json.dumps(entry, ensure_ascii=False) for entry in tree["commands"]))
    print("]}")


if __name__ == "__main__":
    main()
