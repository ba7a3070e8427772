"""How a file is written: what ends a field and a row, and what NULL looks like."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """The rules that turn bytes into fields.

    A field is NULL if it stands without quotes and is one of `null_values`; text between quotes is never NULL,
    so `""` is the empty text where an unquoted empty field is NULL (with the default `null_values`).
    With `trailing_delimiter` an empty field too many at the end of a row is none.
    `quote` and `escape` are None where the files have none. Rows end at LF, CR LF or CR.
    """

    delimiter: str = "|"
    quote: str | None = '"'
    escape: str | None = None
    double_quote: bool = True
    comment: str | None = None
    skip_lines: int = 0
    skip_footer_lines: int = 0
    encoding: str = "utf-8"
    null_values: tuple[str, ...] = ("",)
    trailing_delimiter: bool = False
    # A row larger than this is not a row but a quote that is never closed.
    max_row_bytes: int = 32 << 20

    @property
    def simple(self) -> bool:
        """Whether the fast engine can read this dialect: one ASCII character per mark."""
        marks = self.delimiter + (self.quote or "") + (self.escape or "")
        return len(self.delimiter) == 1 and marks.isascii() and "\0" not in marks
