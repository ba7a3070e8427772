"""What every file is to those who read it, wherever its bytes are."""

from __future__ import annotations

from typing import BinaryIO, Protocol


class SourceFile(Protocol):
    """One file that can be opened, more than once if it is not standard input."""

    @property
    def name(self) -> str:
        """What STATE, errors and `_sdc_source_file` call it."""

    @property
    def path(self) -> str:
        """Where its bytes are: an archive, if it is a member of one."""

    @property
    def tracked(self) -> bool:
        """Whether STATE can say how far it was read."""

    def stamp(self) -> dict[str, int | str]:
        """Size and times, or what else tells cheaply that the file is the one it was."""

    def open(self) -> BinaryIO:
        """Open the raw bytes; seekable unless it is standard input."""
