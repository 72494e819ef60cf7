"""Where tests register themselves."""

import sys

TESTS = []


class Test:
    """One test function and what the runner must know about it."""

    def __init__(self, function, sheet, item, needs, better, timeout, exclusive, slow):
        self.function = function
        self.sheet = sheet
        self.item = item
        self.needs = needs
        self.better = better
        self.timeout = timeout
        self.exclusive = exclusive
        self.slow = slow
        self.name = "%s_%03d_%s" % (sheet, item, function.__name__)


def test(sheet, item, needs=(), better=False, timeout=90.0, exclusive=False, slow=False):
    """Registers a test of item `item` of `sheet`; the test's name is `<sheet>_<item>_<function name>`.

    `needs`: names of features ("cluster", "jetstream", ...) that `--without` may switch off.
    `better`: documented as better than the peer; a failure against the peer does not count.
    `timeout`: seconds until the runner kills the test's servers and reports a failure.
    `exclusive`: run alone, after the parallel tests (measurements).
    `slow`: started first (tests that mostly wait).
    Several tests may share an item.
    """
    wanted = (needs,) if isinstance(needs, str) else tuple(needs)

    def register(function):
        entry = Test(function, sheet, item, wanted, better, timeout, exclusive, slow)
        if any(other.name == entry.name for other in TESTS):
            sys.exit("two tests are named " + entry.name)
        TESTS.append(entry)
        return function

    return register
