"""A terminal that keeps what stands on its screen: as much of ECMA-48 as the live view and the log use.

`python -m tests.terminal WIDTH HEIGHT DIRECTORY SECONDS.. -- COMMAND` runs a command on one, and writes what its screen
shows after so many seconds, and at the end, into files of the directory. Its input is ours.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_CONTROL = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|([\r\n\x07\x08])")


class Screen:
    """Lines of a terminal, the last `height` of which can be seen."""

    def __init__(self, width: int = 80, height: int = 24) -> None:
        self.width, self.height = width, height
        self.lines: list[list[str]] = [[]]
        self._row = self._column = 0
        self._rest = ""

    @property
    def text(self) -> str:
        """What can be seen."""
        shown = ["".join(line).rstrip() for line in self.lines[-self.height :]]
        return "\n".join(shown).rstrip("\n") + "\n"

    def write(self, text: str) -> None:
        """Take what a program has written."""
        text, self._rest = self._rest + text, ""
        place = 0
        for found in _CONTROL.finditer(text):
            self._put(text[place : found.start()])
            self._do(found[2] or found[3], found[1] or "")
            place = found.end()
        rest = text[place:]
        if "\x1b" in rest and len(rest) - rest.index("\x1b") < 16:  # a sequence that has not come to its end
            cut = rest.index("\x1b")
            rest, self._rest = rest[:cut], rest[cut:]
        self._put(rest)

    def _put(self, text: str) -> None:
        for character in text:
            if self._column >= self.width:
                self._down()
                self._column = 0
            line = self.lines[self._row]
            line.extend(" " * (self._column + 1 - len(line)))
            line[self._column] = character
            self._column += 1

    def _down(self) -> None:
        self._row += 1
        if self._row == len(self.lines):
            self.lines.append([])

    def _do(self, what: str, argument: str) -> None:
        count = int(argument) if argument.isdigit() else 1
        if what == "\n":
            self._down()
        elif what == "\r":
            self._column = 0
        elif what == "A":
            self._row = max(self._row - count, max(len(self.lines) - self.height, 0))
        elif what == "B":
            for _ in range(count):
                self._down()
        elif what == "G":
            self._column = count - 1
        elif what == "K":
            whole = argument == "2"
            self.lines[self._row] = [] if whole else self.lines[self._row][: self._column]


def run(
    command: Sequence[str],
    screen: Screen,
    variables: Mapping[str, str] | None = None,
    stdin: int | None = None,
    stdout: int | None = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command whose standard error is the terminal; yield its process whenever it has written, or a while."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", screen.height, screen.width, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", **(variables or {})}
    process = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=its, env=environment)
    os.close(its)
    try:
        while True:
            ready, _, _ = select.select([ours], [], [], 0.2)
            if ready:
                try:
                    written = os.read(ours, 1 << 16)
                except OSError:
                    written = b""
                if not written:
                    break
                screen.write(written.decode("utf-8", "replace"))
            yield process
    finally:
        process.wait()
        os.close(ours)


def main() -> None:
    """Run the command line."""
    split = sys.argv.index("--")
    width, height, folder, *moments = sys.argv[1:split]
    screen, began, left = Screen(int(width), int(height)), time.monotonic(), [float(moment) for moment in moments]
    for _ in run(sys.argv[split + 1 :], screen, stdin=sys.stdin.fileno()):
        if left and time.monotonic() - began >= left[0]:
            Path(folder, f"at-{left.pop(0):g}.txt").write_text(screen.text)
    Path(folder, "end.txt").write_text(screen.text)


if __name__ == "__main__":
    main()
