"""Assertions and waiting. Every wait has a deadline; nothing sleeps for a fixed time to "let things settle"."""

import re
import time

# Seconds a condition may take on a busy machine before a test gives up.
PATIENCE = 15.0


class Failure(AssertionError):
    """The server under test did something else than the sheet says."""


class Skip(Exception):
    """The test cannot run here; the reason is reported."""


def fail(message):
    """Fails the test."""
    raise Failure(message)


def check(condition, message="condition does not hold"):
    """Fails with `message` unless `condition` is true."""
    if not condition:
        raise Failure(message)


def eq(got, want, what="value"):
    """Fails unless `got == want`."""
    if got != want:
        raise Failure("%s: expected %r, got %r" % (what, want, got))


def matches(text, pattern, what="text"):
    """Fails unless the regular expression is found in `text`; returns the match."""
    found = re.search(pattern, text, re.S)
    if not found:
        raise Failure("%s: nothing matches %r in %r" % (what, pattern, text[-2000:]))
    return found


def near(got, low, high, what="value"):
    """Fails unless `low <= got <= high`."""
    if not low <= got <= high:
        raise Failure("%s: expected %r..%r, got %r" % (what, low, high, got))


def poll(condition, timeout=PATIENCE, every=0.02):
    """Calls `condition` until it returns something true; returns that, or the last value at the deadline."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value or time.monotonic() >= deadline:
            return value
        time.sleep(every)


def wait_until(condition, what="condition", timeout=PATIENCE, every=0.02):
    """Like `poll`, but fails when the deadline passes. `what` may be a function that describes the state."""
    value = poll(condition, timeout, every)
    if not value:
        text = what() if callable(what) else what
        raise Failure("not within %.1f s: %s" % (timeout, text))
    return value


def lasts(measure, low, high, what, attempts=4):
    """Fails unless something takes as long as it should. `measure()` does it and returns the seconds. A busy machine makes
    it longer and never shorter: too short is wrong at once, too long is measured again."""
    for attempt in range(attempts):
        seconds = measure()
        if seconds <= high or seconds < low or attempt + 1 == attempts:
            near(seconds, low, high, what)
            return
