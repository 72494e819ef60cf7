"""A terminal for programs that need one: what they draw, as text."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from lib.check import PATIENCE, Failure

SEQUENCE = re.compile(r"\x1b(?:\[([0-9;?]*)([@A-Za-z])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|[78=>M])")


class Screen:
    """As much of a terminal as the tool uses: text, cursor movements, erasing."""

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.cells = [[" "] * columns for _ in range(rows)]
        self.row = self.column = 0
        self.rest = ""

    def feed(self, text):
        """Draws what the program wrote."""
        text = self.rest + text
        self.rest = ""
        at = 0
        while at < len(text):
            char = text[at]
            if char == "\x1b":
                found = SEQUENCE.match(text, at)
                if not found:
                    if len(text) - at < 32:
                        self.rest = text[at:]
                        return
                    at += 1
                    continue
                if found.group(2):
                    self._control(found.group(1), found.group(2))
                at = found.end()
                continue
            at += 1
            if char == "\n":
                self._line_feed()
            elif char == "\r":
                self.column = 0
            elif char == "\b":
                self.column = max(0, self.column - 1)
            elif char == "\t":
                self.column = min(self.columns - 1, self.column // 8 * 8 + 8)
            elif char >= " ":
                if self.column >= self.columns:
                    self.column = 0
                    self._line_feed()
                self.cells[self.row][self.column] = char
                self.column += 1

    def _line_feed(self):
        if self.row + 1 < self.rows:
            self.row += 1
        else:
            self.cells.pop(0)
            self.cells.append([" "] * self.columns)

    def _control(self, digits, name):
        numbers = [int(number) if number.isdigit() else 0 for number in digits.strip("?").split(";")]
        first = numbers[0] or 1
        if name == "A":
            self.row = max(0, self.row - first)
        elif name == "B":
            self.row = min(self.rows - 1, self.row + first)
        elif name == "C":
            self.column = min(self.columns - 1, self.column + first)
        elif name == "D":
            self.column = max(0, self.column - first)
        elif name == "E":
            self.row, self.column = min(self.rows - 1, self.row + first), 0
        elif name == "F":
            self.row, self.column = max(0, self.row - first), 0
        elif name == "G":
            self.column = min(self.columns, first) - 1
        elif name in "Hf":
            second = numbers[1] if len(numbers) > 1 and numbers[1] else 1
            self.row, self.column = min(self.rows, first) - 1, min(self.columns, second) - 1
        elif name == "J":
            if numbers[0] in (2, 3):
                self.cells = [[" "] * self.columns for _ in range(self.rows)]
            elif numbers[0] == 0:
                self.cells[self.row][self.column:] = [" "] * (self.columns - self.column)
                for row in range(self.row + 1, self.rows):
                    self.cells[row] = [" "] * self.columns
        elif name == "K":
            line = self.cells[self.row]
            if numbers[0] == 0:
                line[self.column:] = [" "] * (self.columns - self.column)
            elif numbers[0] == 1:
                line[:self.column + 1] = [" "] * min(self.columns, self.column + 1)
            else:
                self.cells[self.row] = [" "] * self.columns

    def text(self):
        """The lines, without blanks at their ends."""
        return "\n".join("".join(line).rstrip() for line in self.cells).rstrip("\n")


# Seconds without output after which a program has asked what it wanted to know of the terminal.
SILENCE = 0.15


class Terminal:
    """A program at a terminal."""

    def __init__(self, command, directory, env, rows, columns):
        self.command = command
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

        def own_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, cwd=directory, env=env,
                                        preexec_fn=own_terminal)
        os.close(slave)
        self.screen = Screen(rows, columns)
        self.raw = ""
        self.ended = False

    def _read(self, patience):
        # A run has more open files than `select` can name.
        ready = select.poll()
        ready.register(self.master, select.POLLIN | select.POLLHUP)
        if not ready.poll(patience * 1000):
            return
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b""
        if not data:
            self.ended = True
            return
        text = data.decode("utf-8", "replace")
        if "\x1b[6n" in text:
            # Where is the cursor?
            os.write(self.master, b"\x1b[%d;%dR" % (self.screen.row + 1, self.screen.column + 1))
        self.raw += text
        self.screen.feed(text)

    def wait(self, pattern, timeout=PATIENCE):
        """Waits until the screen shows the regular expression; its match."""
        deadline = time.monotonic() + timeout
        while True:
            found = re.search(pattern, self.screen.text(), re.S)
            if found:
                return found
            if self.ended or time.monotonic() > deadline:
                raise Failure("%s: the screen does not show %r:\n%s" % (
                    " ".join(self.command[1:]), pattern, self.screen.text()))
            self._read(0.05)

    def type(self, text):
        """Presses keys."""
        os.write(self.master, text.encode())

    def answer(self, question, text="", key="\r"):
        """Waits for a question and answers it."""
        self.wait(re.escape(question))
        self._wait_for_keys()
        self.type(text + key)

    def _wait_for_keys(self, timeout=PATIENCE):
        """Waits until the program reads single keys. What comes before is lost: some programs first ask where the cursor is,
        twice, and take everything until the answer for a part of it."""
        deadline = time.monotonic() + timeout
        while not self.ended and termios.tcgetattr(self.master)[3] & termios.ICANON:
            if time.monotonic() > deadline:
                raise Failure("%s does not read keys:\n%s" % (" ".join(self.command[1:]), self.screen.text()))
            self._read(0.01)
        before = None
        while not self.ended and len(self.raw) != before and time.monotonic() < deadline:
            before = len(self.raw)
            self._read(SILENCE)

    def interrupt(self):
        """Ctrl-C."""
        self.type("\x03")

    def finish(self, code=0, timeout=PATIENCE):
        """Waits for the end; the last screen."""
        deadline = time.monotonic() + timeout
        while not self.ended and time.monotonic() < deadline:
            self._read(0.05)
        try:
            ended = self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise Failure("%s does not end:\n%s" % (" ".join(self.command[1:]), self.screen.text())) from None
        if code is not None and ended != code:
            raise Failure("exit code %s, expected %s:\n%s" % (ended, code, self.screen.text()))
        return self.screen.text()

    def close(self):
        """Ends the program."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        if self.master is not None:
            os.close(self.master)
            self.master = None
