"""Lines of JSON objects -> RECORD lines: the text of each object stays as it is."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from singer_bulk.errors import MessageError
from singer_bulk.messages import Show, read_blocks
from singer_bulk.model.messages import Records, mended

_text_of = msgspec.json.Decoder(msgspec.Raw).decode
_BLANKS = b" \t\r"


class _Parts:
    """Parts of bytes as a file object that gives one at each read."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts

    def read(self, _: int) -> bytes:
        return next((part for part in self._parts if part), b"")


def records_of_lines(
    stream: str, around: tuple[bytes, bytes], parts: Iterator[bytes], first: int, show: Show
) -> Iterator[Records]:
    """Yield the records; `around`: what a RECORD has around its object; `first`: the number before line 1.

    Raises MessageError for a line that is no JSON object; blank lines are passed over.
    """
    head, tail = around
    for block in read_blocks(_Parts(parts), show=show, first_line=first + 1):  # type: ignore[arg-type]
        assert block is not None
        lines, numbers = list[bytes](), list[int]()
        for number, line in zip(block.line_numbers, block.text.split(b"\n"), strict=False):
            text = line.strip(_BLANKS)
            if text:
                _demand_object(text, number, show)
                lines.append(head + text + tail)
                numbers.append(number)
        if lines:
            whole = numbers[-1] - numbers[0] + 1 == len(numbers)
            yield Records.of_lines(stream, lines, range(numbers[0], numbers[-1] + 1) if whole else numbers)


def _demand_object(text: bytes, number: int, show: Show) -> None:
    """Raise MessageError unless the text is one JSON object: put between head and tail, another could look like one."""
    problem = "begins with no brace"
    if text.startswith(b"{"):
        try:
            _text_of(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            try:
                _text_of(mended(text))  # halves of surrogates and NaN, which the decoder of records judges
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                problem = str(error)
            else:
                return
        else:
            return
    remedy = "each line must be one JSON object; is the file cut off?"
    raise MessageError(number, f"broken JSON ({problem}): {show(text)}", remedy, code="IN-JSON")
