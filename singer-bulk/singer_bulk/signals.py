"""How does a signal end a run: the first one where that is safe, the second one at once."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from types import FrameType


class Signals:
    """The first signal asks the run to stop where that is safe, a second ends the process at once."""

    number: int | None = None

    def watch(self) -> None:
        """Take signals from now on."""
        for name in ("SIGTERM", "SIGINT", "SIGBREAK", "SIGHUP"):  # the third is of Windows, which has not the last
            number = getattr(signal, name, None)
            if number is not None and (name != "SIGHUP" or signal.getsignal(number) is not signal.SIG_IGN):
                signal.signal(number, self.take)  # `nohup` has SIGHUP ignored
        # While a driver waits in C for the warehouse, `take` is not called: that waits for the driver. Each signal is
        # also a byte in this pipe, whoever waits, and the thread that reads it ends the process at the second one.
        reader, writer = os.pipe()
        with suppress(AttributeError, OSError):  # Windows, which does not ask for it, has it from Python 3.12 on
            os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer)
        threading.Thread(target=self._end_at_the_second, args=(reader,), name="signals", daemon=True).start()

    @staticmethod
    def _end_at_the_second(reader: int) -> None:
        numbers = os.read(reader, 1) + os.read(reader, 1)
        os._exit(128 + numbers[-1])

    def take(self, number: int, frame: FrameType | None) -> None:
        if self.number is not None:
            # The connection dies with the process, and the warehouse rolls back what is open.
            os._exit(128 + number)
        self.number = number


signals = Signals()
