"""The smallest scenario that still shows a difference."""

import copy


def shrink(scenario, test, budget=220):
    """`test(scenario)` is the signature of what it shows, or None."""
    want = test(scenario)
    if want is None:
        return scenario, None
    left = [budget]

    def holds(candidate):
        left[0] -= 1
        return left[0] >= 0 and test(candidate) == want

    ops = scenario["ops"]
    size = max(1, len(ops) // 2)
    while size >= 1 and left[0] > 0:
        at = 0
        while at < len(ops):
            fewer = ops[:at] + ops[at + size:]
            if holds(dict(scenario, ops=fewer)):
                ops = fewer
            else:
                at += size
        size //= 2
    changed = True
    while changed and left[0] > 0:
        changed = False
        for at in range(len(ops)):
            for path in members(ops[at]):
                candidate = copy.deepcopy(ops)
                if remove(candidate[at], path) and holds(dict(scenario, ops=candidate)):
                    ops, changed = candidate, True
    return dict(scenario, ops=ops), want


def members(value, at=()):
    if isinstance(value, dict):
        for key in list(value):
            if at or key in ("body", "hdr", "reply", "tokens", "data"):
                if at:
                    yield at + (key,)
                yield from members(value[key], at + (key,))
    elif isinstance(value, list):
        for i in range(len(value)):
            yield at + (i,)
            yield from members(value[i], at + (i,))


def remove(value, path):
    try:
        for key in path[:-1]:
            value = value[key]
        del value[path[-1]]
        return True
    except (KeyError, IndexError, TypeError):
        return False
