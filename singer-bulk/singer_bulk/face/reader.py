"""The Singer SDK's reader, which hands the whole input to a run, and its names for errors of ours.

Errors that the SDK has a name for leave the face under both names: who runs a target by the SDK's interface, as its own
test suite does, catches the SDK's exceptions; everything below the face does without the SDK.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from singer_sdk.exceptions import MissingKeyPropertiesError, RecordsWithoutSchemaException
from singer_sdk.singerlib.encoding.base import GenericSingerReader

from singer_bulk.errors import BulkError, KeyPropertyMissing, RecordBeforeSchema


class SdkRecordBeforeSchema(RecordBeforeSchema, RecordsWithoutSchemaException):
    """A RECORD of a stream that has no SCHEMA yet."""

    def __init__(self, error: RecordBeforeSchema) -> None:
        BulkError.__init__(self, error.text, code=error.code)
        self.line_number, self.in_the_warehouse = error.line_number, error.in_the_warehouse


class SdkKeyPropertyMissing(KeyPropertyMissing, MissingKeyPropertiesError):
    """A record without one of its stream's key properties."""

    def __init__(self, error: KeyPropertyMissing) -> None:
        BulkError.__init__(self, error.text, code=error.code)
        self.line_number, self.in_the_warehouse = error.line_number, error.in_the_warehouse


@contextmanager
def sdk_names() -> Iterator[None]:
    """Raise the errors that the SDK has a name for as its exceptions, which are ours as well."""
    try:
        yield
    except RecordBeforeSchema as error:
        raise SdkRecordBeforeSchema(error) from error
    except KeyPropertyMissing as error:
        raise SdkKeyPropertyMissing(error) from error


class LoadReader(GenericSingerReader[str]):
    """The reader that owns the loop: whole input in, loads out. `load` returns the number of messages by type."""

    load: Callable[[IO[Any]], Counter[str]]

    @property
    def default_input(self) -> IO[str]:
        """Standard input."""
        return sys.stdin

    def process_lines(self, file_input: IO[str] | None, callbacks: Any) -> Counter[str]:
        """Load the whole input; the SDK's callbacks are not called."""
        with sdk_names():
            return self.load(file_input or self.default_input)

    def deserialize_json(self, line: str) -> dict[str, Any]:
        """Part of the SDK's interface, not of the record path."""
        decoded: dict[str, Any] = json.loads(line)
        return decoded
