"""Every process of a run, so that none outlives it."""

import os
import signal
import subprocess

_STARTED = []


def start(command, **options):
    """As subprocess.Popen."""
    process = subprocess.Popen(command, **options)
    _STARTED.append(process)
    return process


def _end(number, _frame):
    for process in _STARTED:
        if process.poll() is None:
            process.kill()
    # Threads wait for suites; there is nothing left to wait for.
    os._exit(128 + number)


def end_with_signals():
    """SIGINT and SIGTERM end the run at once, with all it has started. Its directory stays."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
